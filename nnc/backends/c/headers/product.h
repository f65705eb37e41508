/* Small or oddly strided products: a row of the result at a time. */
static void nnc_small_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a, int64_t a_row,
                                  int64_t a_column, const float *b, int64_t b_row, int64_t b_column, float *c,
                                  int64_t c_row, bool add) {
    for (int64_t i = 0; i < rows; i++) {
        float *const row = c + i * c_row;
        if (b_column == 1) {
            for (int64_t start = 0; start < columns; start += 64) {
                const int64_t width = columns - start < 64 ? columns - start : 64;
                float total[64] = {0};
                for (int64_t k = 0; k < inner; k++) {
                    const float x = a[i * a_row + k * a_column];
                    const float *const y = b + k * b_row + start;
#pragma omp simd
                    for (int64_t j = 0; j < width; j++) {
                        total[j] += x * y[j];
                    }
                }
                for (int64_t j = 0; j < width; j++) {
                    row[start + j] = add ? row[start + j] + total[j] : total[j];
                }
            }
        } else {
            for (int64_t j = 0; j < columns; j++) {
                float total = 0;
#pragma omp simd reduction(+:total)
                for (int64_t k = 0; k < inner; k++) {
                    total += a[i * a_row + k * a_column] * b[k * b_row + j * b_column];
                }
                row[j] = add ? row[j] + total : total;
            }
        }
    }
}

/* C = A B, or C += A B, for any strides of A and B; C has rows next to each other in memory.
   BLAS where the run brings one. */
static void nnc_product_f32(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const float *a,
                            int64_t a_row, int64_t a_column, const float *b, int64_t b_row, int64_t b_column, float *c,
                            int64_t c_row, bool add) {
    const bool a_plain = a_column == 1 && a_row >= inner, a_turned = a_row == 1 && a_column >= rows;
    const bool b_plain = b_column == 1 && b_row >= columns, b_turned = b_row == 1 && b_column >= inner;
    if (run->sgemm == NULL || rows * inner * columns < 4096 || !(a_plain || a_turned) || !(b_plain || b_turned)) {
        nnc_small_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
    const int turn_a = a_plain ? 111 : 112, turn_b = b_plain ? 111 : 112;
    const int64_t a_step = a_plain ? a_row : a_column, b_step = b_plain ? b_row : b_column;
    if (run->is_wide) {
        typedef void gemm(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *, int64_t,
                          float, float *, int64_t);
        gemm *const multiply = (gemm *)run->sgemm;
        multiply(101, turn_a, turn_b, rows, columns, inner, 1, a, a_step, b, b_step, add, c, c_row);
    } else {
        typedef void gemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
        gemm *const multiply = (gemm *)run->sgemm;
        multiply(101, turn_a, turn_b, (int)rows, (int)columns, (int)inner, 1, a, (int)a_step, b, (int)b_step, add, c,
                 (int)c_row);
    }
}

/* Small or oddly strided products: a row of the result at a time. */
static void nnc_small_product_f64(int64_t rows, int64_t inner, int64_t columns, const double *a, int64_t a_row,
                                  int64_t a_column, const double *b, int64_t b_row, int64_t b_column, double *c,
                                  int64_t c_row, bool add) {
    for (int64_t i = 0; i < rows; i++) {
        double *const row = c + i * c_row;
        if (b_column == 1) {
            for (int64_t start = 0; start < columns; start += 32) {
                const int64_t width = columns - start < 32 ? columns - start : 32;
                double total[32] = {0};
                for (int64_t k = 0; k < inner; k++) {
                    const double x = a[i * a_row + k * a_column];
                    const double *const y = b + k * b_row + start;
#pragma omp simd
                    for (int64_t j = 0; j < width; j++) {
                        total[j] += x * y[j];
                    }
                }
                for (int64_t j = 0; j < width; j++) {
                    row[start + j] = add ? row[start + j] + total[j] : total[j];
                }
            }
        } else {
            for (int64_t j = 0; j < columns; j++) {
                double total = 0;
#pragma omp simd reduction(+:total)
                for (int64_t k = 0; k < inner; k++) {
                    total += a[i * a_row + k * a_column] * b[k * b_row + j * b_column];
                }
                row[j] = add ? row[j] + total : total;
            }
        }
    }
}

/* C = A B, or C += A B, for any strides of A and B; C has rows next to each other in memory.
   BLAS where the run brings one. */
static void nnc_product_f64(const nnc_run *run, int64_t rows, int64_t inner, int64_t columns, const double *a,
                            int64_t a_row, int64_t a_column, const double *b, int64_t b_row, int64_t b_column, double *c,
                            int64_t c_row, bool add) {
    const bool a_plain = a_column == 1 && a_row >= inner, a_turned = a_row == 1 && a_column >= rows;
    const bool b_plain = b_column == 1 && b_row >= columns, b_turned = b_row == 1 && b_column >= inner;
    if (run->dgemm == NULL || rows * inner * columns < 4096 || !(a_plain || a_turned) || !(b_plain || b_turned)) {
        nnc_small_product_f64(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
        return;
    }
    const int turn_a = a_plain ? 111 : 112, turn_b = b_plain ? 111 : 112;
    const int64_t a_step = a_plain ? a_row : a_column, b_step = b_plain ? b_row : b_column;
    if (run->is_wide) {
        typedef void gemm(int, int, int, int64_t, int64_t, int64_t, double, const double *, int64_t, const double *, int64_t,
                          double, double *, int64_t);
        gemm *const multiply = (gemm *)run->dgemm;
        multiply(101, turn_a, turn_b, rows, columns, inner, 1, a, a_step, b, b_step, add, c, c_row);
    } else {
        typedef void gemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
        gemm *const multiply = (gemm *)run->dgemm;
        multiply(101, turn_a, turn_b, (int)rows, (int)columns, (int)inner, 1, a, (int)a_step, b, (int)b_step, add, c,
                 (int)c_row);
    }
}
