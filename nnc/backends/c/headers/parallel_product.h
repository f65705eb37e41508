/* What nnc_product computes, to the same bits; its blocks are divided among threads where it is worth waking them. */
static void nnc_parallel_product_f32(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const float *a,
                                     int64_t a_row, int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
                                     float *c, int64_t c_row, bool add) {
    enum { HEIGHT = 64 * NNC_TILE_ROWS, WIDTH = NNC_TILE_BYTES / sizeof(float), DEPTH = 256, WORTH_THREADS = 1 << 20 };
#ifdef __AVX2__
    const bool has_threads = false;
#else
    const bool has_threads = run->sgemm != NULL; /* the BLAS has its own */
#endif
    if (has_threads || rows < NNC_TILE_ROWS || rows * inner * columns < WORTH_THREADS) {
        nnc_product_f32(run, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
    const int64_t group = columns >= 8 * WIDTH ? 4 * WIDTH : WIDTH, groups = (columns + group - 1) / group;
    const int64_t blocks = (rows + HEIGHT - 1) / HEIGHT * groups;
#pragma omp parallel for
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t i = block / groups * HEIGHT, first = block % groups * group;
        const int64_t height = rows - i < HEIGHT ? rows - i : HEIGHT;
        const int64_t last = columns - first < group ? columns : first + group;
        for (int64_t k = 0; k < inner; k += DEPTH) {
            const int64_t depth = inner - k < DEPTH ? inner - k : DEPTH;
            for (int64_t j = first; j < last; j += WIDTH) {
                nnc_product_block_f32(height, depth, last - j < WIDTH ? last - j : WIDTH,
                                      a + i * a_row + k * a_column, a_row, a_column, b + k * b_row + j * b_column,
                                      b_row, b_column, c + i * c_row + j, c_row, add || k > 0);
            }
        }
    }
}

/* What nnc_product computes, to the same bits; its blocks are divided among threads where it is worth waking them. */
static void nnc_parallel_product_f64(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const double *a,
                                     int64_t a_row, int64_t a_column, const double *b, int64_t b_row, int64_t b_column,
                                     double *c, int64_t c_row, bool add) {
    enum { HEIGHT = 64 * NNC_TILE_ROWS, WIDTH = NNC_TILE_BYTES / sizeof(double), DEPTH = 256, WORTH_THREADS = 1 << 20 };
#ifdef __AVX2__
    const bool has_threads = false;
#else
    const bool has_threads = run->dgemm != NULL; /* the BLAS has its own */
#endif
    if (has_threads || rows < NNC_TILE_ROWS || rows * inner * columns < WORTH_THREADS) {
        nnc_product_f64(run, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
    const int64_t group = columns >= 8 * WIDTH ? 4 * WIDTH : WIDTH, groups = (columns + group - 1) / group;
    const int64_t blocks = (rows + HEIGHT - 1) / HEIGHT * groups;
#pragma omp parallel for
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t i = block / groups * HEIGHT, first = block % groups * group;
        const int64_t height = rows - i < HEIGHT ? rows - i : HEIGHT;
        const int64_t last = columns - first < group ? columns : first + group;
        for (int64_t k = 0; k < inner; k += DEPTH) {
            const int64_t depth = inner - k < DEPTH ? inner - k : DEPTH;
            for (int64_t j = first; j < last; j += WIDTH) {
                nnc_product_block_f64(height, depth, last - j < WIDTH ? last - j : WIDTH,
                                      a + i * a_row + k * a_column, a_row, a_column, b + k * b_row + j * b_column,
                                      b_row, b_column, c + i * c_row + j, c_row, add || k > 0);
            }
        }
    }
}
