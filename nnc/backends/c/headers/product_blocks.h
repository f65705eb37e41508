/* Strips of B side by side, each as wide as a tile, which compilers see, one behind the other. */
NNC_INLINE void nnc_pack_whole_strips_f32(const int strips, int64_t depth, const float *restrict b, int64_t b_row,
                                          float *restrict packed) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    for (int64_t k = 0; k < depth; k++) {
        for (int s = 0; s < strips; s++) {
#pragma omp simd
            for (int j = 0; j < WIDTH; j++) {
                packed[(s * depth + k) * WIDTH + j] = b[k * b_row + s * WIDTH + j];
            }
        }
    }
}

/* A strip of B with columns that lie next to each other in memory, as far as four rows of four columns at a time can
   change places in registers: how many rows that are. */
static NNC_HOT int64_t nnc_pack_turned_f32(int64_t depth, const float *restrict b, int64_t b_column,
                                           float *restrict strip) {
    int64_t k = 0;
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
    typedef float four __attribute__((vector_size(4 * sizeof(float)), aligned(sizeof(float)), may_alias));
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 4 };
    for (; k + AT_ONCE <= depth; k += AT_ONCE) {
        for (int j = 0; j < WIDTH; j += AT_ONCE) {
            const float *const x = b + k + j * b_column;
            float *const y = strip + k * WIDTH + j;
            const four first = *(const four *)x, second = *(const four *)(x + b_column);
            const four third = *(const four *)(x + 2 * b_column), fourth = *(const four *)(x + 3 * b_column);
            const four low = __builtin_shufflevector(first, third, 0, 4, 1, 5);
            const four high = __builtin_shufflevector(first, third, 2, 6, 3, 7);
            const four other_low = __builtin_shufflevector(second, fourth, 0, 4, 1, 5);
            const four other_high = __builtin_shufflevector(second, fourth, 2, 6, 3, 7);
            *(four *)y = __builtin_shufflevector(low, other_low, 0, 4, 1, 5);
            *(four *)(y + WIDTH) = __builtin_shufflevector(low, other_low, 2, 6, 3, 7);
            *(four *)(y + 2 * WIDTH) = __builtin_shufflevector(high, other_high, 0, 4, 1, 5);
            *(four *)(y + 3 * WIDTH) = __builtin_shufflevector(high, other_high, 2, 6, 3, 7);
        }
    }
#else
    (void)depth, (void)b, (void)b_column, (void)strip;
#endif
    return k;
}

/* A strip of B, its rows one behind the other; zeros where it is narrower. */
static NNC_AROUND void nnc_pack_f32(int64_t depth, int64_t width, const float *restrict b, int64_t b_row,
                                    int64_t b_column, int64_t columns, float *restrict strip) {
    enum { AT_ONCE = 64 }; /* rows, whose lines stay in the first cache while one column after the other is written */
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    if (b_column == 1 && width == WIDTH) {
        nnc_pack_whole_strips_f32(1, depth, b, b_row, strip);
        return;
    }
    if (b_column == 1) {
        for (int64_t k = 0; k < depth; k++) {
#pragma omp simd
            for (int64_t j = 0; j < width; j++) {
                strip[k * columns + j] = b[k * b_row + j];
            }
            for (int64_t j = width; j < columns; j++) {
                strip[k * columns + j] = 0;
            }
        }
        return;
    }
    int64_t first = b_row == 1 && width == WIDTH ? nnc_pack_turned_f32(depth, b, b_column, strip) : 0;
    for (; first < depth; first += AT_ONCE) {
        const int64_t last = depth - first < AT_ONCE ? depth : first + AT_ONCE;
        for (int64_t j = 0; j < columns; j++) {
            for (int64_t k = first; k < last; k++) {
                strip[k * columns + j] = j < width ? b[k * b_row + j * b_column] : 0;
            }
        }
    }
}

/* Some rows of A whose elements lie next to each other for each term, as tiles read them: one tile behind the other, each
   term by term. The last tile is a whole one too, of which the first rows are in the one before it. As A lies, each term
   is in a line of its own for every strip of B, and where these are far apart they displace each other from the cache. */
static NNC_HOT void nnc_pack_rows_f32(int64_t rows, int64_t depth, const float *restrict a, int64_t a_column,
                                      float *restrict tiles) {
    enum { ROWS = NNC_TILE_ROWS, AT_ONCE = 8 * ROWS }; /* whose lines are read once */
    const int64_t whole = rows / ROWS * ROWS;
    for (int64_t first = 0; first < whole; first += AT_ONCE) {
        const int64_t end = whole - first < AT_ONCE ? whole : first + AT_ONCE;
        for (int64_t k = 0; k < depth; k++) {
            for (int64_t i = first; i < end; i += ROWS) {
#pragma omp simd
                for (int row = 0; row < ROWS; row++) {
                    tiles[i * depth + k * ROWS + row] = a[k * a_column + i + row];
                }
            }
        }
    }
    for (int64_t k = 0; k < depth && whole < rows; k++) {
#pragma omp simd
        for (int row = 0; row < ROWS; row++) {
            tiles[whole * depth + k * ROWS + row] = a[k * a_column + rows - ROWS + row];
        }
    }
}

/* Terms of the sums that are computed before the next ones, in as few parts as there is room for, of `most` terms at
   most and all of a size, an even one, as turns of tiles have two terms: each part reads and writes C once more. No sum
   depends on anything else. */
static int64_t nnc_terms_at_once_f32(int64_t inner, int64_t most) {
    const int64_t parts = (inner + most - 1) / most, each = parts == 0 ? 1 : (inner + parts - 1) / parts;
    return parts < 2 ? each : each + each % 2;
}

/* The same where the first cache has room for a strip of B with so many rows. */
static int64_t nnc_depth_f32(int64_t inner) {
    return nnc_terms_at_once_f32(inner, NNC_TILE_DEPTH);
}

/* Rows of A that stay in a core's cache, so many terms of them, while one strip of B after the other meets them. */
static int64_t nnc_height_f32(int64_t inner) {
    enum { ROWS = NNC_TILE_ROWS, MOST = 64 * ROWS, LEAST = 8 * ROWS, ROOM = 512 * 1024 / sizeof(float) };
    const int64_t fitting = ROOM / nnc_depth_f32(inner) / ROWS * ROWS;
    return fitting > MOST ? MOST : fitting < LEAST ? LEAST : fitting;
}

/* Rows of C with `bias` added to each, and kept between `low` and `high`; NaN stays what it is. */
static NNC_HOT void nnc_add_bias_f32(int64_t rows, int64_t columns, float *restrict c, int64_t c_row,
                                     const float *restrict bias, float low, float high) {
    for (int64_t i = 0; i < rows; i++) {
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) {
            const float y = c[i * c_row + j] + bias[j], bounded = y < low ? low : y;
            c[i * c_row + j] = bounded > high ? high : bounded;
        }
    }
}

/* What is wanted of a tile that reaches out of C, or is added to it. */
static NNC_HOT void nnc_take_corner_f32(int64_t rows, int64_t columns, const float *restrict corner, float *restrict c,
                                        int64_t c_row, bool add) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    for (int64_t i = 0; i < rows; i++) {
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) {
            c[i * c_row + j] = (add ? c[i * c_row + j] : 0) + corner[i * COLUMNS + j];
        }
    }
}

/* Columns of the tiles that so many columns of C are computed in. */
static int64_t nnc_tile_columns_f32(int64_t width) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float), NARROW = COLUMNS / 4 * 3, HALF = COLUMNS / 2 };
    const bool has_narrow = NNC_TILE_BYTES > 64;
    return width <= HALF ? HALF : has_narrow && width <= NARROW ? NARROW : COLUMNS;
}

/* How many of the tiles of so many rows have one row less, so that none has rows that are not wanted; 0 where that cannot
   be. */
static int64_t nnc_short_tiles_f32(int64_t rows) {
    enum { ROWS = NNC_TILE_ROWS };
    const int64_t tiles = (rows + ROWS - 1) / ROWS, missing = tiles * ROWS - rows;
    return missing <= tiles ? missing : 0;
}

/* Some columns of C, tile by tile, from a strip of B: depth rows that lie so far apart, as wide as the tile for so many
   columns. A may lie in tiles, as `nnc_pack_rows_f32` makes them. Meanwhile as many elements from `ahead` on as are
   wanted, which are needed next, are on their way into the cache: so many with each term, until that is done. */
static NNC_AROUND void nnc_strip_product_f32(int64_t rows, int64_t depth, int64_t width, const float *a, int64_t a_row,
                                             int64_t a_column, bool in_tiles, const float *strip, int64_t strip_row,
                                             float *c, int64_t c_row, bool add, const float *bias, float low,
                                             float high, const float *ahead, int64_t wanted, int64_t with_each) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    float last[NNC_TILE_DEPTH * ROWS], corner[COLUMNS * ROWS];
    const int64_t columns = nnc_tile_columns_f32(width), tiles = (rows + ROWS - 1) / ROWS;
    const int64_t whole = tiles - (columns == COLUMNS && !in_tiles ? nnc_short_tiles_f32(rows) : 0);
    int64_t i = 0;
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t fetched = tile * depth * with_each, ahead_step = fetched < wanted ? with_each : 0;
        const float *left = a + i * a_row, *const next = ahead + (fetched < wanted ? fetched : 0);
        const int64_t height = tile < whole ? ROWS : ROWS - 1, count = rows - i < height ? rows - i : height;
        const bool is_whole = count == height && width == columns, adds = is_whole && add;
        float *const target = is_whole ? c + i * c_row : corner;
        const float *const biased = is_whole ? bias : NULL;
        int64_t left_row = a_row, left_column = a_column, skipped = 0;
        if (count < height && rows < ROWS) {
            for (int64_t k = 0; k < depth; k++) {
                for (int64_t row = 0; row < ROWS; row++) {
                    last[k * ROWS + row] = row < count ? left[row * a_row + k * a_column] : 0;
                }
            }
            left = last, left_row = 1, left_column = ROWS;
        } else if (count < height) { /* the last tile is one of whole rows, of which the first are known already */
            skipped = height - count;
            left -= skipped * a_row;
        }
        if (in_tiles) {
            left = a + tile * depth * ROWS, left_row = 1, left_column = ROWS;
        }
        const int64_t step = is_whole ? c_row : COLUMNS;
        if (columns < COLUMNS / 4 * 3) {
            nnc_half_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, adds, biased, low,
                              high, next, ahead_step);
        } else if (columns < COLUMNS) {
            nnc_narrow_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, adds, biased, low,
                                high, next, ahead_step);
        } else if (tile < whole) {
            nnc_whole_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, adds, biased, low,
                               high, next, ahead_step);
        } else {
            nnc_short_tile_f32(depth, left, left_row, left_column, strip, strip_row, target, step, adds, biased, low,
                               high, next, ahead_step);
        }
        if (!is_whole) {
            nnc_take_corner_f32(count, width, corner + skipped * COLUMNS, c + i * c_row, c_row, add);
        }
        if (bias != NULL && biased == NULL) {
            nnc_add_bias_f32(count, width, c + i * c_row, c_row, bias, low, high);
        }
        i += count;
    }
}

/* B in strips, one behind the other, each as wide as a tile; zeros behind the last column. */
NNC_COMMON NNC_AROUND void nnc_pack_strips_f32(int64_t inner, int64_t columns, const float *b, int64_t b_row,
                                               int64_t b_column, float *strips) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    for (int64_t j = 0; j < columns; j += WIDTH) {
        nnc_pack_f32(inner, columns - j < WIDTH ? columns - j : WIDTH, b + j * b_column, b_row, b_column, WIDTH,
                     strips + j * inner);
    }
}

/* C = A B for B in strips, as `nnc_pack_strips_f32` makes them. Unless `bias` is NULL, it is added to each row, and results
   are kept between `low` and `high`. */
NNC_COMMON NNC_AROUND void nnc_packed_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a,
                                                  int64_t a_row, int64_t a_column, const float *strips, float *c,
                                                  int64_t c_row, const float *bias, float low, float high) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float) };
    const int64_t most = nnc_depth_f32(inner);
    for (int64_t k = 0; k < inner; k += most) {
        const int64_t depth = inner - k < most ? inner - k : most;
        const bool is_biased = bias != NULL && k + depth == inner;
        for (int64_t j = 0; j < columns; j += WIDTH) {
            const float *const strip = strips + j * inner + k * WIDTH;
            const float *const next = j + WIDTH < columns ? strip + inner * WIDTH : strips + (k + depth) * WIDTH;
            nnc_strip_product_f32(rows, depth, columns - j < WIDTH ? columns - j : WIDTH, a + k * a_column, a_row,
                                  a_column, false, strip, WIDTH, c + j, c_row, k > 0, is_biased ? bias + j : NULL, low,
                                  high, next, depth * WIDTH, LINE);
        }
    }
}

/* Some terms of the sums in some rows of C, strip by strip. Strips are packed if enough rows use them, unless their rows
   lie one behind the other anyway: as many at once as two lines of a cache hold, which processors fetch together.
   Meanwhile the `next` terms of B are fetched, if any follow. */
static NNC_AROUND void nnc_product_panel_f32(int64_t rows, int64_t depth, int64_t columns, const float *a,
                                             int64_t a_row, int64_t a_column, bool in_tiles, const float *b,
                                             int64_t b_row, int64_t b_column, float *c, int64_t c_row, bool add,
                                             int64_t next) {
    enum { ROWS = NNC_TILE_ROWS, WIDTH = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 128 / NNC_TILE_BYTES };
    enum { LINE = 64 / sizeof(float) };
    float space[AT_ONCE * NNC_TILE_DEPTH * WIDTH + LINE];
    float *const packed = space + (LINE - ((uintptr_t)space / sizeof(float)) % LINE) % LINE;
    const int64_t strips = (columns + WIDTH - 1) / WIDTH, terms = (rows + ROWS - 1) / ROWS * depth;
    const bool fetches = b_column == 1 && b_row <= 4 * columns && next > 0;
    const int64_t ahead_step = fetches ? next * b_row / (strips * terms) : 0;
    const float *const ahead = b + (fetches ? depth * b_row : 0);
    int64_t packed_strips = 0;
    for (int64_t s = 0; s < strips; s++) {
        const int64_t j = s * WIDTH, width = columns - j < WIDTH ? columns - j : WIDTH;
        const int64_t tile_columns = nnc_tile_columns_f32(width);
        const float *strip = b + j * b_column;
        int64_t strip_row = b_row;
        if (b_column != 1 || width != tile_columns || (rows > 2 * ROWS && b_row != tile_columns)) {
            float *const own = packed + s % AT_ONCE * depth * WIDTH;
            if (s % AT_ONCE == 0 && b_column == 1 && columns - j >= AT_ONCE * WIDTH) {
                nnc_pack_whole_strips_f32(AT_ONCE, depth, strip, b_row, own);
                packed_strips = s + AT_ONCE;
            } else if (s >= packed_strips) {
                nnc_pack_f32(depth, width, strip, b_row, b_column, tile_columns, own);
            }
            strip = own;
            strip_row = tile_columns;
        }
        nnc_strip_product_f32(rows, depth, width, a, a_row, a_column, in_tiles, strip, strip_row, c + j, c_row, add,
                              NULL, 0, 0, ahead + s * terms * ahead_step, terms * ahead_step, ahead_step);
    }
}

/* The product, some rows after the other. Each sum is computed in one order, whoever computes it. */
static NNC_AROUND void nnc_plain_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a,
                                             int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
                                             int64_t b_column, float *c, int64_t c_row, bool add) {
    const int64_t height = nnc_height_f32(inner), most = nnc_depth_f32(inner);
    for (int64_t i = 0; i < rows; i += height) {
        const int64_t count = rows - i < height ? rows - i : height;
        for (int64_t k = 0; k < inner; k += most) {
            const int64_t depth = inner - k < most ? inner - k : most, rest = inner - k - depth;
            nnc_product_panel_f32(count, depth, columns, a + i * a_row + k * a_column, a_row, a_column, false,
                                  b + k * b_row, b_row, b_column, c + i * c_row, c_row, add || k > 0,
                                  rest < most ? rest : most);
        }
    }
}

/* The same for A whose elements lie next to each other for each term, as in the gradients of weights: so many rows and
   terms at once that they stay in a core's cache, as tiles where that is worth it: for many columns, or where lines lie so
   far apart that they displace each other. */
static NNC_AROUND void nnc_turned_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a,
                                              int64_t a_column, const float *b, int64_t b_row, int64_t b_column,
                                              float *c, int64_t c_row, bool add) {
    enum { ROWS = NNC_TILE_ROWS, HEIGHT = 1056 / sizeof(float) / ROWS * ROWS, LINE = 64 / sizeof(float) };
    enum { DEPTH = NNC_TILE_DEPTH < 256 ? NNC_TILE_DEPTH : 256 };
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float), MANY = 128, FAR = 2048 / sizeof(float) };
    float space[HEIGHT * DEPTH + LINE];
    float *const packed = space + (LINE - ((uintptr_t)space / sizeof(float)) % LINE) % LINE;
    const int64_t most = nnc_terms_at_once_f32(inner, DEPTH);
    for (int64_t i = 0; i < rows; i += HEIGHT) {
        const int64_t count = rows - i < HEIGHT ? rows - i : HEIGHT;
        const bool in_tiles = count >= ROWS && columns > (a_column < FAR ? MANY : WIDTH);
        for (int64_t k = 0; k < inner; k += most) {
            const int64_t depth = inner - k < most ? inner - k : most, rest = inner - k - depth;
            const float *const left = a + i + k * a_column;
            if (in_tiles) {
                nnc_pack_rows_f32(count, depth, left, a_column, packed);
            }
            nnc_product_panel_f32(count, depth, columns, in_tiles ? packed : left, 1, a_column, in_tiles, b + k * b_row,
                                  b_row, b_column, c + i * c_row, c_row, add || k > 0, rest < most ? rest : most);
        }
    }
}

NNC_COMMON NNC_AROUND void nnc_blocked_product_f32(int64_t rows, int64_t inner, int64_t columns, const float *a,
                                                   int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
                                                   int64_t b_column, float *c, int64_t c_row, bool add) {
    if (a_row == 1 && a_column != 1) {
        nnc_turned_product_f32(rows, inner, columns, a, a_column, b, b_row, b_column, c, c_row, add);
    } else {
        nnc_plain_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    }
}
