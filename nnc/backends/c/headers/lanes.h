/* Part of a product in every lane of a line of the cache, of which a register has all, half or a quarter: at most 4 rows and
   3 columns, both of which are known when compiled. What it reads of B is copied, one column next to the other, where
   there is a place for that. */
NNC_INLINE void nnc_lane_tile_f32(const int rows, const int columns, int64_t inner, const float *a, int64_t a_row,
                                  int64_t a_column, const bool a_is_shared, const float *b, int64_t b_row,
                                  int64_t b_column, const bool b_is_shared, float *copy, float *c, int64_t c_row,
                                  int64_t c_column) {
    typedef float lanes __attribute__((vector_size(NNC_REGISTER_BYTES), aligned(sizeof(float)), may_alias));
    enum { PARTS = 64 / NNC_REGISTER_BYTES, WIDTH = NNC_REGISTER_BYTES / sizeof(float) };
    lanes total[PARTS][4][3];
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                total[part][i][j] = (lanes){0};
            }
        }
    }
    for (int64_t k = 0; k < inner; k++) {
        lanes shared[4];
        for (int i = 0; i < rows && a_is_shared; i++) {
            shared[i] = *(a + i * a_row + k * a_column) - (lanes){0};
            NNC_IN_REGISTER(shared[i]);
        }
        for (int part = 0; part < PARTS; part++) {
            lanes left[4];
            for (int i = 0; i < rows; i++) {
                if (a_is_shared) {
                    left[i] = shared[i];
                } else {
                    left[i] = *(const lanes *)(a + i * a_row + k * a_column + part * WIDTH);
                    NNC_IN_REGISTER(left[i]);
                }
            }
            for (int j = 0; j < columns; j++) {
                const float *const y = b + k * b_row + j * b_column;
                lanes right;
                if (b_is_shared) {
                    right = *y - (lanes){0};
                } else {
                    right = *(const lanes *)(y + part * WIDTH);
                }
                NNC_IN_REGISTER(right);
                if (copy != NULL) {
                    *(lanes *)(copy + (k * columns + j) * (WIDTH * PARTS) + part * WIDTH) = right;
                }
                for (int i = 0; i < rows; i++) {
                    total[part][i][j] += left[i] * right;
                }
            }
        }
    }
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                *(lanes *)(c + i * c_row + j * c_column + part * WIDTH) = total[part][i][j];
            }
        }
    }
}

/* Rows of a product in every lane of a register. */
NNC_INLINE void nnc_lane_rows_f32(const int rows, int64_t inner, int64_t columns, const float *a, int64_t a_row,
                                  int64_t a_column, const bool a_is_shared, const float *b, int64_t b_row,
                                  int64_t b_column, const bool b_is_shared, float *c, int64_t c_row,
                                  int64_t c_column) {
    int64_t j = 0;
    for (; j + 3 <= columns; j += 3) {
        nnc_lane_tile_f32(rows, 3, inner, a, a_row, a_column, a_is_shared, b + j * b_column, b_row, b_column,
                          b_is_shared, NULL, c + j * c_column, c_row, c_column);
    }
    if (j + 2 == columns) {
        nnc_lane_tile_f32(rows, 2, inner, a, a_row, a_column, a_is_shared, b + j * b_column, b_row, b_column,
                          b_is_shared, NULL, c + j * c_column, c_row, c_column);
    } else if (j < columns) {
        nnc_lane_tile_f32(rows, 1, inner, a, a_row, a_column, a_is_shared, b + j * b_column, b_row, b_column,
                          b_is_shared, NULL, c + j * c_column, c_row, c_column);
    }
}

/* Columns of a product in every lane of a register. The first rows copy what all read of B: lines that lie a power of two
   apart would drive each other out of the first cache. */
NNC_INLINE void nnc_lane_columns_f32(const int columns, int64_t rows, int64_t inner, const float *a, int64_t a_row,
                                     int64_t a_column, const bool a_is_shared, const float *b, int64_t b_row,
                                     int64_t b_column, const bool b_is_shared, float *c, int64_t c_row,
                                     int64_t c_column) {
    enum { ROWS = NNC_REGISTER_BYTES / 16, LINE = 64 / sizeof(float), LONGEST_COPY = 128 };
    float copy[LONGEST_COPY * 3 * LINE];
    int64_t i = 0;
    if (inner <= LONGEST_COPY && rows >= 4 * ROWS) {
        nnc_lane_tile_f32(ROWS, columns, inner, a, a_row, a_column, a_is_shared, b, b_row, b_column, b_is_shared, copy,
                          c, c_row, c_column);
        b = copy;
        b_row = columns * LINE;
        b_column = LINE;
        i = ROWS;
    }
    for (; i + ROWS <= rows; i += ROWS) {
        nnc_lane_tile_f32(ROWS, columns, inner, a + i * a_row, a_row, a_column, a_is_shared, b, b_row, b_column,
                          b_is_shared, NULL, c + i * c_row, c_row, c_column);
    }
    for (; i < rows; i++) {
        nnc_lane_tile_f32(1, columns, inner, a + i * a_row, a_row, a_column, a_is_shared, b, b_row, b_column,
                          b_is_shared, NULL, c + i * c_row, c_row, c_column);
    }
}

/* C = A B in each lane; elements of one lane lie next to those of the next, but for a matrix that all lanes share. */
static inline NNC_HOT void nnc_lane_product_f32(int64_t rows, int64_t inner, int64_t columns, int64_t lanes,
                                                const float *a, int64_t a_row, int64_t a_column,
                                                const bool a_is_shared, const float *b, int64_t b_row,
                                                int64_t b_column, const bool b_is_shared, float *c, int64_t c_row,
                                                int64_t c_column) {
    enum { WIDTH = 64 / sizeof(float), ROWS = NNC_REGISTER_BYTES / 16 };
    int64_t lane = 0;
    for (; lane + WIDTH <= lanes; lane += WIDTH) {
        const float *const x = a_is_shared ? a : a + lane, *const y = b_is_shared ? b : b + lane;
        int64_t i = 0;
        if (a_is_shared) { /* and small: it stays in the first cache, and some columns of B with it */
            int64_t j = 0;
            for (; j + 3 <= columns; j += 3) {
                nnc_lane_columns_f32(3, rows, inner, x, a_row, a_column, true, y + j * b_column, b_row, b_column,
                                     b_is_shared, c + lane + j * c_column, c_row, c_column);
            }
            for (; j < columns; j++) {
                nnc_lane_columns_f32(1, rows, inner, x, a_row, a_column, true, y + j * b_column, b_row, b_column,
                                     b_is_shared, c + lane + j * c_column, c_row, c_column);
            }
            continue;
        }
        for (; i + ROWS <= rows; i += ROWS) {
            nnc_lane_rows_f32(ROWS, inner, columns, x + i * a_row, a_row, a_column, a_is_shared, y, b_row, b_column,
                              b_is_shared, c + lane + i * c_row, c_row, c_column);
        }
        for (; i < rows; i++) {
            nnc_lane_rows_f32(1, inner, columns, x + i * a_row, a_row, a_column, a_is_shared, y, b_row, b_column,
                              b_is_shared, c + lane + i * c_row, c_row, c_column);
        }
    }
    for (; lane < lanes; lane++) {
        const float *const x = a_is_shared ? a : a + lane, *const y = b_is_shared ? b : b + lane;
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t j = 0; j < columns; j++) {
                float total = 0;
                for (int64_t k = 0; k < inner; k++) {
                    total += x[i * a_row + k * a_column] * y[k * b_row + j * b_column];
                }
                c[lane + i * c_row + j * c_column] = total;
            }
        }
    }
}
