/* What nnc_product computes, to the same bits; its blocks are divided among threads where it is worth waking them. */
static void nnc_parallel_product_f32(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const float *a,
                                     int64_t a_row, int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
                                     float *c, int64_t c_row, bool add) {
    enum { HEIGHT = 64 * NNC_TILE_ROWS, WIDTH = NNC_TILE_BYTES / sizeof(float), WORTH_THREADS = 1 << 23 };
#ifdef __AVX2__
    const bool has_threads = false;
#else
    const bool has_threads = run->gemm_f32 != NULL; /* the BLAS has its own */
#endif
    if (has_threads || rows < NNC_TILE_ROWS || rows * inner * columns < WORTH_THREADS) {
        nnc_product_f32(run, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
#ifdef _OPENMP
    const int64_t threads = omp_get_max_threads();
#else
    const int64_t threads = 1;
#endif
    const int64_t strips = (columns + WIDTH - 1) / WIDTH, share = (strips + threads - 1) / threads * WIDTH;
    const int64_t groups = (columns + share - 1) / share, blocks = (rows + HEIGHT - 1) / HEIGHT * groups;
#pragma omp parallel for
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t i = block / groups * HEIGHT, first = block % groups * share;
        const int64_t height = rows - i < HEIGHT ? rows - i : HEIGHT;
        const int64_t last = columns - first < share ? columns : first + share;
        nnc_product_panel_f32(height, inner, last - first, a + i * a_row, a_row, a_column, b + first * b_column, b_row,
                              b_column, c + i * c_row + first, c_row, add);
    }
}
