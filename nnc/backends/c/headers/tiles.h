/* The sums of a tile at their beginning: zeros, and their places in C on the way into the cache. */
NNC_INLINE void nnc_begin_tile_f32(const int rows, const int columns, float (*total)[NNC_TILE_BYTES / sizeof(float)],
                                   const float *c, int64_t c_row) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float) };
    for (int i = 0; i < rows; i++) {
#ifdef __GNUC__
        for (int j = 0; j < columns; j += LINE) {
            __builtin_prefetch(c + i * c_row + j, 1, 3);
        }
#else
        (void)columns, (void)c, (void)c_row;
#endif
#pragma omp simd
        for (int j = 0; j < COLUMNS; j++) { /* all, or GCC warns */
            total[i][j] = 0;
        }
    }
}

/* Sums that lie in registers, written to C or added to it, and with a bias if that is asked for. */
NNC_INLINE void nnc_write_sums_f32(const int rows, const int columns, const bool add, const bool is_biased,
                                   float (*total)[NNC_TILE_BYTES / sizeof(float)], float *restrict c, int64_t c_row,
                                   const float *restrict bias, float low, float high) {
    for (int i = 0; i < rows; i++) {
#pragma omp simd
        for (int j = 0; j < columns; j++) {
            /* a sum to begin with, as GCC makes a copy a memcpy, for which the sums leave registers */
            const float sum = (add ? c[i * c_row + j] : 0.0f) + total[i][j];
            const float y = is_biased ? sum + bias[j] : sum, bounded = is_biased && y < low ? low : y;
            c[i * c_row + j] = is_biased && bounded > high ? high : bounded;
        }
    }
}

/* The same, whatever is asked for; with `bias`, unless that is NULL, added to each row, and kept between `low` and
   `high`. */
NNC_INLINE void nnc_write_tile_f32(const int rows, const int columns, float (*total)[NNC_TILE_BYTES / sizeof(float)],
                                   float *restrict c, int64_t c_row, bool add, const float *restrict bias, float low,
                                   float high) {
    if (bias == NULL && add) {
        nnc_write_sums_f32(rows, columns, true, false, total, c, c_row, NULL, low, high);
    } else if (bias == NULL) {
        nnc_write_sums_f32(rows, columns, false, false, total, c, c_row, NULL, low, high);
    } else if (add) {
        nnc_write_sums_f32(rows, columns, true, true, total, c, c_row, bias, low, high);
    } else {
        nnc_write_sums_f32(rows, columns, false, true, total, c, c_row, bias, low, high);
    }
}

/* One tile of C, with all its sums in vector registers: the size of a tile is a constant for that reason, and a sum has at
   least one term, since after a loop that may be left out the sums would lie in memory. For an even number of terms,
   and a strip of B as wide as the tile. Counting takes time from the units that multiply: so a turn has two terms, and
   three rows of A share a pointer, as far as an address reaches. */
NNC_INLINE void nnc_tile_f32(const int rows, int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                             const float *restrict b, float *restrict c, int64_t c_row, bool add, const float *bias,
                             float low, float high) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 2, SHARING = 3 };
    enum { PARTS = (ROWS + SHARING - 1) / SHARING };
    float total[ROWS][COLUMNS];
    const float *part[PARTS], *const end = b + inner * COLUMNS;
    NNC_UNROLL
    for (int i = 0; i < PARTS; i++) {
        part[i] = a + (i * SHARING < rows ? i * SHARING * a_row : 0);
        NNC_BY_ITSELF(part[i]);
    }
    nnc_begin_tile_f32(rows, COLUMNS, total, c, c_row);
    do {
        NNC_UNROLL
        for (int term = 0; term < AT_ONCE; term++) {
            NNC_UNROLL
            for (int i = 0; i < rows; i++) {
                const float x = part[i / SHARING][i % SHARING * a_row];
#pragma omp simd
                for (int j = 0; j < COLUMNS; j++) {
                    total[i][j] += x * b[term * COLUMNS + j];
                }
            }
            NNC_UNROLL
            for (int i = 0; i < PARTS; i++) {
                part[i] += a_column;
                NNC_BY_ITSELF(part[i]);
            }
        }
        b += AT_ONCE * COLUMNS;
    } while (b != end);
    nnc_write_tile_f32(rows, COLUMNS, total, c, c_row, add, bias, low, high);
}

/* The same for any number of terms, one by one. Elements from `ahead` on are fetched into the cache, `ahead_step` of
   them with each term; if that is asked for, rows of B into the first cache too, some terms before they are read. */
NNC_INLINE void nnc_fetching_tile_f32(const int rows, const int columns, const bool fetches_b, int64_t inner,
                                      const float *restrict a, int64_t a_row, int64_t a_column,
                                      const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                      bool add, const float *bias, float low, float high, const float *ahead,
                                      int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float), TERMS = 12 };
    float total[ROWS][COLUMNS];
    nnc_begin_tile_f32(rows, columns, total, c, c_row);
    int64_t k = 0;
    do {
#ifdef __GNUC__
        __builtin_prefetch(ahead + k * ahead_step, 0, 2);
        for (int j = 0; fetches_b && j < columns; j += LINE) {
            __builtin_prefetch(b + (k + TERMS) * b_row + j, 0, 3);
        }
#else
        (void)ahead, (void)ahead_step;
#endif
        for (int i = 0; i < rows; i++) {
            const float x = a[i * a_row + k * a_column];
#pragma omp simd
            for (int j = 0; j < columns; j++) {
                total[i][j] += x * b[k * b_row + j];
            }
        }
    } while (++k < inner);
    nnc_write_tile_f32(rows, columns, total, c, c_row, add, bias, low, high);
}

/* A tile of so many rows, whichever way it is computed. */
NNC_INLINE void nnc_full_tile_f32(const int rows, int64_t inner, const float *restrict a, int64_t a_row,
                                  int64_t a_column, const float *restrict b, int64_t b_row, float *restrict c,
                                  int64_t c_row, bool add, const float *bias, float low, float high, const float *ahead,
                                  int64_t ahead_step) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    if (ahead_step > 0 || inner % 2 > 0 || b_row != COLUMNS) {
        nnc_fetching_tile_f32(rows, COLUMNS, true, inner, a, a_row, a_column, b, b_row, c, c_row, add, bias, low, high,
                              ahead, ahead_step);
    } else {
        nnc_tile_f32(rows, inner, a, a_row, a_column, b, c, c_row, add, bias, low, high);
    }
}

/* A tile of the size at which a processor computes most. */
static NNC_HOT void nnc_whole_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                       const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                       bool add, const float *bias, float low, float high, const float *ahead,
                                       int64_t ahead_step) {
    nnc_full_tile_f32(NNC_TILE_ROWS, inner, a, a_row, a_column, b, b_row, c, c_row, add, bias, low, high, ahead, ahead_step);
}

/* A row less, so that tiles of both heights have as many rows as there are: 49 are seven of seven. */
static NNC_HOT void nnc_short_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                       const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                       bool add, const float *bias, float low, float high, const float *ahead,
                                       int64_t ahead_step) {
    nnc_full_tile_f32(NNC_TILE_ROWS - 1, inner, a, a_row, a_column, b, b_row, c, c_row, add, bias, low, high, ahead,
                      ahead_step);
}

/* Three quarters of the columns, which pay where half a register is computed in half the time. */
static NNC_HOT void nnc_narrow_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                        const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                        bool add, const float *bias, float low, float high, const float *ahead,
                                        int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    nnc_fetching_tile_f32(ROWS, COLUMNS / 4 * 3, false, inner, a, a_row, a_column, b, b_row, c, c_row, add, bias, low,
                          high, ahead, ahead_step);
}

/* Half of the columns. */
static NNC_HOT void nnc_half_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                      const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                      bool add, const float *bias, float low, float high, const float *ahead,
                                      int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    nnc_fetching_tile_f32(ROWS, COLUMNS / 2, false, inner, a, a_row, a_column, b, b_row, c, c_row, add, bias, low, high,
                          ahead, ahead_step);
}
