/* A row of C for B with rows that lie next to each other in memory: four of them at a time from end to end, as memory is
   read fastest, while the sums stay in the first cache. */
static NNC_AROUND void nnc_row_product_f32(int64_t inner, int64_t columns, const float *restrict a, int64_t a_column,
                                        const float *restrict b, int64_t b_row, float *restrict c, bool add) {
    enum { MOST = 16384 / sizeof(float), AT_ONCE = 4 };
    const int64_t left = inner % AT_ONCE; /* a loop of its own, of which compilers see that it is short */
    for (int64_t start = 0; start < columns; start += MOST) {
        const int64_t width = columns - start < MOST ? columns - start : MOST;
        float *const sums = c + start;
        if (!add) {
            memset(sums, 0, (size_t)width * sizeof(float));
        }
        for (int64_t k = 0; k < inner - left; k += AT_ONCE) {
            const float *const row = b + k * b_row + start, *const x = a + k * a_column;
            const float first = x[0], second = x[a_column], third = x[2 * a_column], fourth = x[3 * a_column];
#pragma omp simd
            for (int64_t j = 0; j < width; j++) {
                sums[j] += ((first * row[j] + second * row[b_row + j]) + third * row[2 * b_row + j]) +
                           fourth * row[3 * b_row + j];
            }
        }
        for (int64_t k = inner - left; k < inner; k++) {
            const float x = a[k * a_column], *const row = b + k * b_row + start;
#pragma omp simd
            for (int64_t j = 0; j < width; j++) {
                sums[j] += x * row[j];
            }
        }
    }
}

/* Columns of a row of C for B in strips, as `nnc_pack_strips_f32` makes them: some strips side by side from end to end, with
   their sums in registers, in the order of `nnc_row_product_f32`. Only the last of them may have fewer columns. */
NNC_INLINE void nnc_adjacent_strips_f32(const int strips, int64_t inner, int64_t columns, const float *restrict a,
                                        int64_t a_column, const float *restrict first_strip, float *restrict c,
                                        const float *restrict bias, float low, float high) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 4, MOST = 2 };
    const int64_t left = inner % AT_ONCE;
    float total[MOST][WIDTH];
    for (int s = 0; s < strips; s++) {
#pragma omp simd
        for (int j = 0; j < WIDTH; j++) {
            total[s][j] = 0;
        }
    }
    for (int64_t k = 0; k < inner - left; k += AT_ONCE) {
        const float *const x = a + k * a_column;
        const float first = x[0], second = x[a_column], third = x[2 * a_column], fourth = x[3 * a_column];
        for (int s = 0; s < strips; s++) {
            const float *const row = first_strip + (s * inner + k) * WIDTH;
#pragma omp simd
            for (int j = 0; j < WIDTH; j++) {
                total[s][j] += ((first * row[j] + second * row[WIDTH + j]) + third * row[2 * WIDTH + j]) +
                               fourth * row[3 * WIDTH + j];
            }
        }
    }
    for (int64_t k = inner - left; k < inner; k++) {
        const float x = a[k * a_column];
        for (int s = 0; s < strips; s++) {
            const float *const row = first_strip + (s * inner + k) * WIDTH;
#pragma omp simd
            for (int j = 0; j < WIDTH; j++) {
                total[s][j] += x * row[j];
            }
        }
    }
    for (int s = 0; s < strips; s++) {
        const int64_t start = s * WIDTH, width = columns - start;
        if (width >= WIDTH) { /* whose end compilers see */
            nnc_write_tile_f32(1, WIDTH, &total[s], c + start, 0, false, bias == NULL ? NULL : bias + start, low, high);
        } else {
            for (int64_t j = 0; j < width; j++) {
                const float y = bias == NULL ? total[s][j] : total[s][j] + bias[start + j], bounded = y < low ? low : y;
                c[start + j] = bias == NULL ? y : bounded > high ? high : bounded;
            }
        }
    }
}

/* The whole row: two strips at a time, for which each number of A is fetched once. With `bias` added, unless that is NULL,
   and kept between `low` and `high`. */
NNC_COMMON NNC_HOT void nnc_strips_row_f32(int64_t inner, int64_t columns, const float *restrict a, int64_t a_column,
                                           const float *restrict strips, float *restrict c, const float *restrict bias,
                                           float low, float high) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 2 };
    int64_t j = 0;
    for (; j + (AT_ONCE - 1) * WIDTH < columns; j += AT_ONCE * WIDTH) {
        nnc_adjacent_strips_f32(AT_ONCE, inner, columns - j, a, a_column, strips + j * inner, c + j,
                                bias == NULL ? NULL : bias + j, low, high);
    }
    if (j < columns) {
        nnc_adjacent_strips_f32(1, inner, columns - j, a, a_column, strips + j * inner, c + j,
                                bias == NULL ? NULL : bias + j, low, high);
    }
}

/* What eight terms of a sum add to it: numbers times those of rows that lie so far apart. */
static NNC_HOT float nnc_eight_terms_f32(const float *x, const float *row, int64_t b_row) {
    return ((x[0] * row[0] + x[1] * row[b_row]) + (x[2] * row[2 * b_row] + x[3] * row[3 * b_row])) +
           ((x[4] * row[4 * b_row] + x[5] * row[5 * b_row]) + (x[6] * row[6 * b_row] + x[7] * row[7 * b_row]));
}

/* Some rows of C for a B that no cache holds: eight of its rows at a time, once for all rows of C. The next eight are
   fetched meanwhile, as processors foresee no more than the rest of a page. */
static NNC_HOT void nnc_streamed_rows_f32(int64_t rows, int64_t inner, int64_t columns, const float *restrict a,
                                          int64_t a_row, int64_t a_column, const float *restrict b, int64_t b_row,
                                          float *restrict c, int64_t c_row, bool add) {
    enum { MOST = 16384 / sizeof(float), LINE = 64 / sizeof(float), AT_ONCE = 8 };
    const int64_t left = inner % AT_ONCE;
    for (int64_t start = 0; start < columns; start += MOST) {
        const int64_t width = columns - start < MOST ? columns - start : MOST;
        for (int64_t i = 0; i < rows && !add; i++) {
            memset(c + i * c_row + start, 0, (size_t)width * sizeof(float));
        }
        for (int64_t k = 0; k < inner - left; k += AT_ONCE) {
            const float *const row = b + k * b_row + start;
            const float *const next = row + (k + 2 * AT_ONCE <= inner ? AT_ONCE * b_row : 0);
            for (int64_t i = 0; i < rows; i++) {
                float *const sums = c + i * c_row + start;
                float x[AT_ONCE];
                for (int term = 0; term < AT_ONCE; term++) {
                    x[term] = a[i * a_row + (k + term) * a_column];
                }
                int64_t line = 0;
                for (; i == 0 && line + LINE <= width; line += LINE) {
#ifdef __GNUC__
                    for (int term = 0; term < AT_ONCE; term++) {
                        __builtin_prefetch(next + term * b_row + line, 0, 2);
                    }
#else
                    (void)next;
#endif
#pragma omp simd
                    for (int64_t j = line; j < line + LINE; j++) {
                        sums[j] += nnc_eight_terms_f32(x, row + j, b_row);
                    }
                }
#pragma omp simd
                for (int64_t j = line; j < width; j++) {
                    sums[j] += nnc_eight_terms_f32(x, row + j, b_row);
                }
            }
        }
        for (int64_t k = inner - left; k < inner; k++) {
            for (int64_t i = 0; i < rows; i++) {
                const float x = a[i * a_row + k * a_column], *const row = b + k * b_row + start;
                float *const sums = c + i * c_row + start;
#pragma omp simd
                for (int64_t j = 0; j < width; j++) {
                    sums[j] += x * row[j];
                }
            }
        }
    }
}

/* A row of C for B with columns that lie next to each other in memory, or for any other B: a sum at a time. */
static NNC_HOT void nnc_dot_products_f32(int64_t inner, int64_t columns, const float *restrict a, int64_t a_column,
                                         const float *restrict b, int64_t b_row, int64_t b_column, float *restrict c,
                                         bool add) {
    for (int64_t j = 0; j < columns; j++) {
        const float *const column = b + j * b_column;
        float total = 0;
        if (a_column == 1 && b_row == 1) {
#pragma omp simd reduction(+:total)
            for (int64_t k = 0; k < inner; k++) {
                total += a[k] * column[k];
            }
        } else {
            for (int64_t k = 0; k < inner; k++) {
                total += a[k * a_column] * column[k * b_row];
            }
        }
        c[j] = add ? c[j] + total : total;
    }
}

/* C = A B, or C += A B, for any strides of A and B; C has rows next to each other in memory. The order of sums does not
   depend on the number of threads. */
NNC_COMMON NNC_AROUND void nnc_built_in_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a,
                                                    int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
                                                    int64_t b_column, float *c, int64_t c_row, bool add) {
    enum { ROWS_ALONE = NNC_TILE_ROWS / 2, CACHED = NNC_LAST_CACHE / 2 / sizeof(float) };
    if (rows < ROWS_ALONE && b_column == 1 && inner * b_row > CACHED) {
        nnc_streamed_rows_f32(rows, inner, columns, a, a_row, a_column, b, b_row, c, c_row, add);
        return;
    }
    if (rows < ROWS_ALONE) {
        for (int64_t i = 0; i < rows; i++) {
            if (b_column == 1) {
                nnc_row_product_f32(inner, columns, a + i * a_row, a_column, b, b_row, c + i * c_row, add);
            } else {
                nnc_dot_products_f32(inner, columns, a + i * a_row, a_column, b, b_row, b_column, c + i * c_row, add);
            }
        }
        return;
    }
    if (inner == 0 && !add) {
        for (int64_t i = 0; i < rows; i++) {
            memset(c + i * c_row, 0, (size_t)columns * sizeof(float));
        }
    }
    nnc_blocked_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
}

/* Whether a BLAS computes products that are worth the call. Where this is compiled for vectors of 32 bytes and more the
   built-in product reaches what a BLAS does. */
static bool nnc_calls_blas_f32(const nnc_run *run) {
#ifdef __AVX2__
    return run == NULL;
#else
    return run->gemm_f32 != NULL;
#endif
}

/* The same as the built-in product, or as near as a BLAS comes. */
static NNC_AROUND void nnc_product_f32(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const float *a,
                                       int64_t a_row, int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
                                       float *c, int64_t c_row, bool add) {
    enum { ROWS_ALONE = NNC_TILE_ROWS / 2, WORTH_CALL = 1 << 15 };
    const bool calls_blas = nnc_calls_blas_f32(run) && rows >= ROWS_ALONE && rows * inner * columns >= WORTH_CALL;
    const bool a_plain = a_column == 1 && a_row >= inner, a_turned = a_row == 1 && a_column >= rows;
    const bool b_plain = b_column == 1 && b_row >= columns, b_turned = b_row == 1 && b_column >= inner;
    if (!calls_blas || !(a_plain || a_turned) || !(b_plain || b_turned)) {
        nnc_built_in_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
    const int turn_a = a_plain ? 111 : 112, turn_b = b_plain ? 111 : 112;
    const int64_t a_step = a_plain ? a_row : a_column, b_step = b_plain ? b_row : b_column;
    if (run->is_wide) {
        typedef void gemm(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *,
                          int64_t, float, float *, int64_t);
        gemm *multiply;
        memcpy(&multiply, &run->gemm_f32, sizeof multiply);
        multiply(101, turn_a, turn_b, rows, columns, inner, 1, a, a_step, b, b_step, add, c, c_row);
    } else {
        typedef void gemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                          float *, int);
        gemm *multiply;
        memcpy(&multiply, &run->gemm_f32, sizeof multiply);
        multiply(101, turn_a, turn_b, (int)rows, (int)columns, (int)inner, 1, a, (int)a_step, b, (int)b_step, add, c,
                 (int)c_row);
    }
}
