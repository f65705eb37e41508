/* A tile of the result of a convolution, all its sums in vector registers: x[places[i] + elements[k]] is element k of
   the window at place i, wherever it lies. Elements from `ahead` on are fetched into the cache, `ahead_step` of them with
   each term of the sums. */
static NNC_HOT void nnc_window_tile_f32(int64_t depth, const int64_t *restrict elements, const float *restrict x,
                                        const int64_t *restrict places, const float *restrict b, float *restrict c,
                                        int64_t c_row, bool add, const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float) };
    float total[ROWS][COLUMNS];
    int64_t left[ROWS];
    for (int i = 0; i < ROWS; i++) {
        left[i] = places[i];
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
    do { /* as in nnc_tile_f32 */
#ifdef __GNUC__
        __builtin_prefetch(ahead + k * ahead_step, 0, 2);
#else
        (void)ahead, (void)ahead_step;
#endif
        const float *const seen = x + elements[k];
        for (int i = 0; i < ROWS; i++) {
            const float value = seen[left[i]];
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                total[i][j] += value * b[k * COLUMNS + j];
            }
        }
    } while (++k < depth);
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

/* A tile of half the columns, where there are no more filters; b has rows as long as those of a whole one. */
static NNC_HOT void nnc_half_window_tile_f32(int64_t depth, const int64_t *restrict elements, const float *restrict x,
                                             const int64_t *restrict places, const float *restrict b, float *restrict c,
                                             int64_t c_row, bool add) {
    enum { ROWS = NNC_TILE_ROWS, B_ROW = NNC_TILE_BYTES / sizeof(float), COLUMNS = B_ROW / 2 };
    float total[ROWS][COLUMNS];
    int64_t left[ROWS];
    for (int i = 0; i < ROWS; i++) {
        left[i] = places[i];
#pragma omp simd
        for (int j = 0; j < COLUMNS; j++) {
            total[i][j] = 0;
        }
    }
    int64_t k = 0;
    do {
        const float *const seen = x + elements[k];
        for (int i = 0; i < ROWS; i++) {
            const float value = seen[left[i]];
#pragma omp simd
            for (int j = 0; j < COLUMNS; j++) {
                total[i][j] += value * b[k * B_ROW + j];
            }
        }
    } while (++k < depth);
    for (int i = 0; i < ROWS; i++) {
#pragma omp simd
        for (int j = 0; j < COLUMNS; j++) {
            c[i * c_row + j] = (add ? c[i * c_row + j] : 0.0f) + total[i][j];
        }
    }
}

/* A block of the result of a convolution, for so many places and filters; elements of the input are read where they
   lie. A window is several runs of elements that lie side by side, each so many elements from the first one of all.
   `strips` is what `nnc_pack_strips_f32` makes of b, or NULL. */
static void nnc_window_block_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs, int64_t filters,
                                 const float *x, const int64_t *places, const float *b, int64_t b_row,
                                 const float *strips, float *c, int64_t c_row) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), DEPTH = 800, LINE = 64 / sizeof(float) };
    float space[(DEPTH + ROWS) * COLUMNS + LINE];
    float *const own = space + (LINE - ((uintptr_t)space / sizeof(float)) % LINE) % LINE;
    float *const corner = own + DEPTH * COLUMNS;
    const int64_t inner = run * counted, tiles = (count + ROWS - 1) / ROWS;
    const int64_t wide = (filters + COLUMNS - 1) / COLUMNS;
    int64_t elements[DEPTH], number = 0, at = 0;
    const int64_t most = nnc_depth_f32(inner);
    for (int64_t first = 0; first < inner; first += most) {
        const int64_t depth = inner - first < most ? inner - first : most;
        for (int64_t k = 0; k < depth; k++) {
            elements[k] = runs[number] + at;
            if (++at == run) {
                at = 0;
                number++;
            }
        }
        const int64_t rest = inner - first - depth, next = rest < most ? rest : most;
        const int64_t ahead_step = next * filters / (tiles * wide * depth);
        const float *ahead = b + (first + (next > 0 ? depth : 0)) * b_row;
        for (int64_t j = 0; j < filters; j += COLUMNS) {
            const int64_t width = filters - j < COLUMNS ? filters - j : COLUMNS;
            const float *const strip = strips == NULL ? own : strips + j * inner + first * COLUMNS;
            if (strips == NULL) {
                nnc_pack_f32(depth, width, b + first * b_row + j, b_row, 1, COLUMNS, own);
            }
            const bool is_half = width <= COLUMNS / 2, is_exact = width == (is_half ? COLUMNS / 2 : COLUMNS);
            for (int64_t i = 0; i < count; i += ROWS, ahead += depth * ahead_step) {
                const int64_t there = count - i < ROWS ? count - i : ROWS;
                const bool is_whole = there == ROWS && is_exact, adds = is_whole && first > 0;
                float *const target = is_whole ? c + i * c_row + j : corner;
                const int64_t step = is_whole ? c_row : COLUMNS, *seen = places + i;
                int64_t near[ROWS];
                if (there < ROWS) {
                    for (int64_t row = 0; row < ROWS; row++) {
                        near[row] = places[i + (row < there ? row : there - 1)];
                    }
                    seen = near;
                }
                if (is_half) {
                    nnc_half_window_tile_f32(depth, elements, x, seen, strip, target, step, adds);
                } else {
                    nnc_window_tile_f32(depth, elements, x, seen, strip, target, step, adds, ahead, ahead_step);
                }
                for (int64_t row = 0; row < there && !is_whole; row++) {
                    float *const kept = c + (i + row) * c_row + j;
                    for (int64_t column = 0; column < width; column++) {
                        kept[column] = (first > 0 ? kept[column] : 0) + corner[row * COLUMNS + column];
                    }
                }
            }
        }
    }
}

/* One of several pieces of a row of `width` bytes: there are `length` of x behind `before` zeros, and zeros behind them. */
static void nnc_padded_piece(char *row, const char *x, int64_t before, int64_t length, int64_t width, int64_t piece,
                             int64_t pieces) {
    const int64_t first = width * piece / pieces, last = width * (piece + 1) / pieces, end = before + length;
    const int64_t from = before < first ? first : before < last ? before : last;
    const int64_t to = end < from ? from : end < last ? end : last;
    memset(row + first, 0, (size_t)(from - first));
    if (from < to) {
        memcpy(row + from, x + (from - before), (size_t)(to - from));
    }
    memset(row + to, 0, (size_t)(last - to));
}
