/* One tile of C, with all its sums in vector registers: the size of a tile is a constant for that reason, and a sum has at
   least one term, since after a loop that may be left out the sums would lie in memory. Elements from `ahead` on are
   fetched into the cache, `ahead_step` of them with each term of the sums. */
static NNC_HOT void nnc_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                 const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row, bool add,
                                 const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float) };
    float total[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++) {
#ifdef __GNUC__
        for (int j = 0; j < COLUMNS; j += LINE) {
            __builtin_prefetch(c + i * c_row + j, 1, 3); /* there when the sums are */
        }
#endif
#pragma omp simd
        for (int j = 0; j < COLUMNS; j++) {
            total[i][j] = 0;
        }
    }
    int64_t k = 0;
    do {
#ifdef __GNUC__
        __builtin_prefetch(ahead + k * ahead_step, 0, 2);
#else
        (void)ahead, (void)ahead_step;
#endif
        for (int i = 0; i < ROWS; i++) {
            const float x = a[i * a_row + k * a_column];
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                total[i][j] += x * b[k * b_row + j];
            }
        }
    } while (++k < inner);
    if (add) {
        for (int i = 0; i < ROWS; i++) {
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                c[i * c_row + j] += total[i][j];
            }
        }
    } else {
        for (int i = 0; i < ROWS; i++) {
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                c[i * c_row + j] = 0.0f + total[i][j]; /* GCC makes a copy a memcpy, for which the sums leave registers */
            }
        }
    }
}

/* A tile of half the columns, for the edge of C. */
static NNC_HOT void nnc_half_tile_f32(int64_t inner, const float *restrict a, int64_t a_row, int64_t a_column,
                                      const float *restrict b, int64_t b_row, float *restrict c, int64_t c_row,
                                      bool add) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float) / 2 };
    float total[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++) {
#pragma omp simd
        for (int j = 0; j < COLUMNS; j++) {
            total[i][j] = 0;
        }
    }
    int64_t k = 0;
    do {
        for (int i = 0; i < ROWS; i++) {
            const float x = a[i * a_row + k * a_column];
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                total[i][j] += x * b[k * b_row + j];
            }
        }
    } while (++k < inner);
    if (add) {
        for (int i = 0; i < ROWS; i++) {
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                c[i * c_row + j] += total[i][j];
            }
        }
    } else {
        for (int i = 0; i < ROWS; i++) {
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                c[i * c_row + j] = 0.0f + total[i][j]; /* GCC makes a copy a memcpy, for which the sums leave registers */
            }
        }
    }
}

/* A strip of B, its rows one behind the other; zeros where it is narrower. */
static NNC_HOT void nnc_pack_f32(int64_t depth, int64_t width, const float *restrict b, int64_t b_row,
                                 int64_t b_column, int64_t columns, float *restrict strip) {
    if (b_column == 1 && width == columns) {
        for (int64_t k = 0; k < depth; k++) {
#pragma omp simd
            for (int64_t j = 0; j < columns; j++) {
                strip[k * columns + j] = b[k * b_row + j];
            }
        }
        return;
    }
    for (int64_t j = 0; j < columns; j++) {
        for (int64_t k = 0; k < depth; k++) {
            strip[k * columns + j] = j < width ? b[k * b_row + j * b_column] : 0;
        }
    }
}

/* Terms of the sums that are computed before the next ones, in as few parts as a strip of B has room for, all of a size:
   each part reads and writes C once more. No sum depends on anything else. */
static int64_t nnc_depth_f32(int64_t inner) {
    enum { DEPTH = 800 };
    const int64_t parts = (inner + DEPTH - 1) / DEPTH;
    return parts == 0 ? 1 : (inner + parts - 1) / parts;
}

/* Rows of A that stay in a core's cache, so many terms of them, while one strip of B after the other meets them. */
static int64_t nnc_height_f32(int64_t inner) {
    enum { ROWS = NNC_TILE_ROWS, MOST = 64 * ROWS, LEAST = 8 * ROWS, ROOM = 512 * 1024 / sizeof(float) };
    const int64_t fitting = ROOM / nnc_depth_f32(inner) / ROWS * ROWS;
    return fitting > MOST ? MOST : fitting < LEAST ? LEAST : fitting;
}

/* Some columns of C, tile by tile, from a strip of B: depth rows that lie so far apart, as wide as a tile, or as half of
   one where no more columns are wanted. Meanwhile elements from `ahead` on, which are needed next, are on their way into
   the cache. */
static void nnc_strip_product_f32(int64_t rows, int64_t depth, int64_t width, const float *a, int64_t a_row,
                                  int64_t a_column, const float *strip, int64_t strip_row, float *c, int64_t c_row,
                                  bool add, const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), DEPTH = 800 };
    float last[DEPTH * ROWS], corner[COLUMNS * ROWS];
    const bool is_half = width <= COLUMNS / 2, is_exact = width == (is_half ? COLUMNS / 2 : COLUMNS);
    for (int64_t i = 0; i < rows; i += ROWS) {
        const float *left = a + i * a_row, *const next = ahead + i / ROWS * depth * ahead_step;
        const int64_t count = rows - i < ROWS ? rows - i : ROWS;
        const bool is_whole = count == ROWS && is_exact;
        float *const target = is_whole ? c + i * c_row : corner;
        int64_t left_row = a_row, left_column = a_column, skipped = 0;
        if (rows < ROWS) {
            for (int64_t k = 0; k < depth; k++) {
                for (int64_t row = 0; row < ROWS; row++) {
                    last[k * ROWS + row] = row < count ? left[row * a_row + k * a_column] : 0;
                }
            }
            left = last, left_row = 1, left_column = ROWS;
        } else if (count < ROWS) { /* the last tile is one of whole rows, of which the first are known already */
            skipped = ROWS - count;
            left -= skipped * a_row;
        }
        const int64_t step = is_whole ? c_row : COLUMNS;
        if (!is_half) {
            nnc_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, add && is_whole, next,
                         ahead_step);
        } else {
            nnc_half_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, add && is_whole);
        }
        for (int64_t row = 0; row < count && !is_whole; row++) {
            float *const found = corner + (skipped + row) * COLUMNS, *const kept = c + (i + row) * c_row;
            for (int64_t j = 0; j < width; j++) {
                kept[j] = (add ? kept[j] : 0) + found[j];
            }
        }
    }
}

/* A part of C that a core computes at once. A strip of B is packed if enough rows use it; A is read as it lies. */
static void nnc_product_block_f32(int64_t rows, int64_t depth, int64_t width, const float *a, int64_t a_row,
                                  int64_t a_column, const float *b, int64_t b_row, int64_t b_column, float *c,
                                  int64_t c_row, bool add, const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), DEPTH = 800, LINE = 64 / sizeof(float) };
    float space[DEPTH * COLUMNS + LINE];
    float *const strip = space + (LINE - ((uintptr_t)space / sizeof(float)) % LINE) % LINE;
    if (b_column != 1 || (width != COLUMNS && width != COLUMNS / 2) || rows > 2 * ROWS) {
        nnc_pack_f32(depth, width, b, b_row, b_column, COLUMNS, strip);
        b = strip;
        b_row = COLUMNS;
    }
    nnc_strip_product_f32(rows, depth, width, a, a_row, a_column, b, b_row, c, c_row, add, ahead, ahead_step);
}

/* B in strips, one behind the other, each as wide as a tile; zeros behind the last column. */
static void nnc_pack_strips_f32(int64_t inner, int64_t columns, const float *b, int64_t b_row, int64_t b_column,
                                float *strips) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    for (int64_t j = 0; j < columns; j += WIDTH) {
        nnc_pack_f32(inner, columns - j < WIDTH ? columns - j : WIDTH, b + j * b_column, b_row, b_column, WIDTH,
                     strips + j * inner);
    }
}

/* C = A B for B in strips, as `nnc_pack_strips_f32` makes them. */
static void nnc_packed_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a, int64_t a_row,
                                   int64_t a_column, const float *strips, float *c, int64_t c_row) {
    enum { ROWS = NNC_TILE_ROWS, WIDTH = NNC_TILE_BYTES / sizeof(float), DEPTH = 800 };
    const int64_t tiles = (rows + ROWS - 1) / ROWS, ahead_step = tiles < WIDTH ? WIDTH / tiles : 1;
    const int64_t most = nnc_depth_f32(inner);
    for (int64_t k = 0; k < inner; k += most) {
        const int64_t depth = inner - k < most ? inner - k : most;
        for (int64_t j = 0; j < columns; j += WIDTH) {
            const float *const strip = strips + j * inner + k * WIDTH;
            const float *const next = j + WIDTH < columns ? strip + inner * WIDTH : strips + (k + depth) * WIDTH;
            nnc_strip_product_f32(rows, depth, columns - j < WIDTH ? columns - j : WIDTH, a + k * a_column, a_row,
                                  a_column, strip, WIDTH, c + j, c_row, k > 0, next, ahead_step);
        }
    }
}

/* Some rows of C, block by block. Each sum is computed in one order, whoever computes it. */
static void nnc_product_panel_f32(int64_t rows, int64_t inner, int64_t columns, const float *a, int64_t a_row,
                                  int64_t a_column, const float *b, int64_t b_row, int64_t b_column, float *c,
                                  int64_t c_row, bool add) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), DEPTH = 800 };
    const int64_t strips = (columns + WIDTH - 1) / WIDTH;
    if (strips == 0) {
        return;
    }
    const bool fetches = b_column == 1 && b_row <= 4 * columns;
    const int64_t most = nnc_depth_f32(inner);
    for (int64_t k = 0; k < inner; k += most) {
        const int64_t depth = inner - k < most ? inner - k : most;
        const int64_t rest = inner - k - depth, next = !fetches ? 0 : rest < most ? rest : most;
        const int64_t tiles = strips * ((rows + NNC_TILE_ROWS - 1) / NNC_TILE_ROWS);
        const int64_t ahead_step = next * b_row / (tiles * depth), share = tiles / strips * depth * ahead_step;
        for (int64_t strip = 0; strip < strips; strip++) {
            const int64_t j = strip * WIDTH;
            nnc_product_block_f32(rows, depth, columns - j < WIDTH ? columns - j : WIDTH, a + k * a_column, a_row,
                                  a_column, b + k * b_row + j * b_column, b_row, b_column, c + j, c_row, add || k > 0,
                                  b + (k + (next > 0 ? depth : 0)) * b_row + strip * share, ahead_step);
        }
    }
}

/* The product, some rows after the other. */
static void nnc_blocked_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a, int64_t a_row,
                                    int64_t a_column, const float *b, int64_t b_row, int64_t b_column, float *c,
                                    int64_t c_row, bool add) {
    const int64_t height = nnc_height_f32(inner);
    for (int64_t i = 0; i < rows; i += height) {
        nnc_product_panel_f32(rows - i < height ? rows - i : height, inner, columns, a + i * a_row, a_row, a_column, b,
                              b_row, b_column, c + i * c_row, c_row, add);
    }
}
