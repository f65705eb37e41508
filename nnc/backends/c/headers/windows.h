/* A tile of the result of a convolution, all its sums in vector registers: x[places[i] + elements[k]] is element k of
   the window at place i, wherever it lies. The rest is as of `nnc_tile_f32`. */
NNC_INLINE void nnc_window_tile_f32(const int rows, int64_t depth, const int64_t *restrict elements,
                                    const float *restrict x, const int64_t *restrict places, const float *restrict b,
                                    float *restrict c, int64_t c_row, bool add, const float *bias, float low,
                                    float high) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), AT_ONCE = 2 };
    float total[ROWS][COLUMNS];
    const float *windows[ROWS], *const end = b + depth * COLUMNS;
    NNC_UNROLL
    for (int i = 0; i < rows; i++) {
        windows[i] = x + places[i];
        NNC_BY_ITSELF(windows[i]);
    }
    nnc_begin_tile_f32(rows, COLUMNS, total, c, c_row);
    do {
        NNC_UNROLL
        for (int term = 0; term < AT_ONCE; term++) {
            const int64_t element = elements[term];
            NNC_UNROLL
            for (int i = 0; i < rows; i++) {
                const float value = windows[i][element];
#pragma omp simd
                for (int j = 0; j < COLUMNS; j++) {
                    total[i][j] += value * b[term * COLUMNS + j];
                }
            }
        }
        elements += AT_ONCE;
        b += AT_ONCE * COLUMNS;
    } while (b != end);
    nnc_write_tile_f32(rows, COLUMNS, total, c, c_row, add, bias, low, high);
}

/* The same for any number of terms, as `nnc_fetching_tile_f32`. */
NNC_INLINE void nnc_fetching_window_tile_f32(const int rows, const int columns, const bool fetches_b, int64_t depth,
                                             const int64_t *restrict elements, const float *restrict x,
                                             const int64_t *restrict places, const float *restrict b, int64_t b_row,
                                             float *restrict c, int64_t c_row, bool add, const float *bias,
                                             float low, float high, const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), LINE = 64 / sizeof(float), TERMS = 12 };
    float total[ROWS][COLUMNS];
    const float *windows[ROWS];
    for (int i = 0; i < rows; i++) {
        windows[i] = x + places[i];
        NNC_BY_ITSELF(windows[i]);
    }
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
        const int64_t element = elements[k];
        for (int i = 0; i < rows; i++) {
            const float value = windows[i][element];
#pragma omp simd
            for (int j = 0; j < columns; j++) {
                total[i][j] += value * b[k * b_row + j];
            }
        }
    } while (++k < depth);
    nnc_write_tile_f32(rows, columns, total, c, c_row, add, bias, low, high);
}

/* A tile of so many places, whichever way it is computed. */
NNC_INLINE void nnc_full_window_tile_f32(const int rows, int64_t depth, const int64_t *restrict elements,
                                         const float *restrict x, const int64_t *restrict places,
                                         const float *restrict b, float *restrict c, int64_t c_row, bool add,
                                         const float *bias, float low, float high, const float *ahead,
                                         int64_t ahead_step) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    if (ahead_step > 0 || depth % 2 > 0) {
        nnc_fetching_window_tile_f32(rows, COLUMNS, true, depth, elements, x, places, b, COLUMNS, c, c_row, add, bias,
                                     low, high, ahead, ahead_step);
    } else {
        nnc_window_tile_f32(rows, depth, elements, x, places, b, c, c_row, add, bias, low, high);
    }
}

/* The same of a constant size, as `nnc_whole_tile_f32` has it. */
static NNC_HOT void nnc_whole_window_tile_f32(int64_t depth, const int64_t *restrict elements, const float *restrict x,
                                              const int64_t *restrict places, const float *restrict b,
                                              float *restrict c, int64_t c_row, bool add, const float *bias,
                                              float low, float high, const float *ahead, int64_t ahead_step) {
    nnc_full_window_tile_f32(NNC_TILE_ROWS, depth, elements, x, places, b, c, c_row, add, bias, low, high,
                             ahead, ahead_step);
}

/* As `nnc_short_tile_f32`. */
static NNC_HOT void nnc_short_window_tile_f32(int64_t depth, const int64_t *restrict elements, const float *restrict x,
                                              const int64_t *restrict places, const float *restrict b,
                                              float *restrict c, int64_t c_row, bool add, const float *bias,
                                              float low, float high, const float *ahead, int64_t ahead_step) {
    nnc_full_window_tile_f32(NNC_TILE_ROWS - 1, depth, elements, x, places, b, c, c_row, add, bias, low, high,
                             ahead, ahead_step);
}

/* As `nnc_half_tile_f32`; b has rows of any length. */
static NNC_HOT void nnc_half_window_tile_f32(int64_t depth, const int64_t *restrict elements, const float *restrict x,
                                             const int64_t *restrict places, const float *restrict b, int64_t b_row,
                                             float *restrict c, int64_t c_row, bool add, const float *bias,
                                             float low, float high, const float *ahead, int64_t ahead_step) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    nnc_fetching_window_tile_f32(ROWS, COLUMNS / 2, false, depth, elements, x, places, b, b_row, c, c_row, add, bias,
                                 low, high, ahead, ahead_step);
}

/* What the elements of some registers add up to, side by side: halves of all are added first, while these are registers. */
NNC_INLINE void nnc_add_up_f32(const int count, float (*total)[NNC_TILE_BYTES / 2 / sizeof(float)], float *sums) {
    enum { LANES = NNC_TILE_BYTES / 2 / sizeof(float), HALF = LANES / 2, QUARTER = LANES / 4, MOST = 12 };
    float halves[MOST][HALF], quarters[MOST][QUARTER];
    for (int i = 0; i < count; i++) {
#pragma omp simd
        for (int j = 0; j < HALF; j++) {
            halves[i][j] = total[i][j] + total[i][HALF + j];
        }
    }
    for (int i = 0; i < count; i++) {
#pragma omp simd
        for (int j = 0; j < QUARTER; j++) {
            quarters[i][j] = halves[i][j] + halves[i][QUARTER + j];
        }
    }
#pragma omp simd
    for (int i = 0; i < count; i++) {
        float sum = quarters[i][0];
        for (int j = 1; j < QUARTER; j++) {
            sum += quarters[i][j];
        }
        sums[i] = sum;
    }
}

/* A block of the result of a convolution, for so many places and filters; elements of the input are read where they
   lie. A window is several runs of elements that lie side by side, each so many elements from the first one of all.
   `strips` is what `nnc_pack_strips_f32` makes of b, or NULL. Unless `bias` is NULL, it is added to each place, and results
   are kept between `low` and `high`. */
static NNC_AROUND void nnc_window_block_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs,
                                            int64_t filters, const float *x, const int64_t *places, const float *b,
                                            int64_t b_row, const float *strips, float *c, int64_t c_row,
                                            const float *bias, float low, float high) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), DEPTH = NNC_TILE_DEPTH };
    enum { LINE = 64 / sizeof(float) };
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
        const int64_t with_each = strips != NULL ? LINE : next * filters / (tiles * wide * depth);
        const int64_t wanted = strips != NULL ? depth * COLUMNS : tiles * depth * with_each;
        const float *start = b + (first + (next > 0 ? depth : 0)) * b_row;
        for (int64_t j = 0; j < filters; j += COLUMNS) {
            const int64_t width = filters - j < COLUMNS ? filters - j : COLUMNS;
            const float *const strip = strips == NULL ? own : strips + j * inner + first * COLUMNS;
            if (strips == NULL) {
                nnc_pack_f32(depth, width, b + first * b_row + j, b_row, 1, COLUMNS, own);
            } else {
                start = j + COLUMNS < filters ? strip + inner * COLUMNS : strips + (first + depth) * COLUMNS;
            }
            const int64_t columns = width <= COLUMNS / 2 ? COLUMNS / 2 : COLUMNS;
            const int64_t whole = tiles - (columns == COLUMNS ? nnc_short_tiles_f32(count) : 0);
            const float *const shift = bias != NULL && first + depth == inner ? bias + j : NULL;
            int64_t i = 0, fetched = 0;
            for (int64_t tile = 0; tile < tiles; tile++, fetched += depth * with_each) {
                const int64_t ahead_step = fetched < wanted ? with_each : 0;
                const float *const ahead = start + (fetched < wanted ? fetched : 0);
                const int64_t height = tile < whole ? ROWS : ROWS - 1, there = count - i < height ? count - i : height;
                const bool is_whole = there == height && width == columns, adds = is_whole && first > 0;
                const float *const biased = is_whole ? shift : NULL;
                float *const target = is_whole ? c + i * c_row + j : corner;
                const int64_t step = is_whole ? c_row : COLUMNS, *seen = places + i;
                int64_t near[ROWS];
                if (there < height) {
                    for (int64_t row = 0; row < ROWS; row++) {
                        near[row] = places[i + (row < there ? row : there - 1)];
                    }
                    seen = near;
                }
                if (columns < COLUMNS) {
                    nnc_half_window_tile_f32(depth, elements, x, seen, strip, COLUMNS, target, step, adds, biased,
                                             low, high, ahead, ahead_step);
                } else if (tile < whole) {
                    nnc_whole_window_tile_f32(depth, elements, x, seen, strip, target, step, adds, biased, low, high,
                                              ahead, ahead_step);
                } else {
                    nnc_short_window_tile_f32(depth, elements, x, seen, strip, target, step, adds, biased, low, high,
                                              ahead, ahead_step);
                }
                if (!is_whole) {
                    nnc_take_corner_f32(there, width, corner, c + i * c_row + j, c_row, first > 0);
                }
                if (shift != NULL && biased == NULL) {
                    nnc_add_bias_f32(there, width, c + i * c_row + j, c_row, shift, low, high);
                }
                i += there;
            }
            start += strips == NULL ? wanted : 0;
        }
    }
}

/* The same for so few filters that most of a register would be left: each sum has a register, for elements that lie side
   by side, and these are added up in the end. Runs are whole registers long; of the weights, those of a filter lie side
   by side. */
NNC_INLINE void nnc_few_filters_f32(const int filters, int64_t count, int64_t run, int64_t counted,
                                    const int64_t *restrict runs, const float *restrict x,
                                    const int64_t *restrict places, const float *restrict weights, float *restrict c,
                                    const float *bias, float low, float high) {
    enum { LANES = NNC_TILE_BYTES / 2 / sizeof(float), MOST = 8, REGISTERS = 12 };
    const int rows = filters * MOST > REGISTERS ? REGISTERS / filters : MOST, sums = rows * filters;
    const int64_t inner = run * counted;
    float shift[REGISTERS];
    for (int i = 0; i < sums; i++) {
        shift[i] = bias == NULL ? 0 : bias[i % filters];
    }
    for (int64_t first = 0; first < count; first += rows) {
        float total[REGISTERS][LANES], found[REGISTERS];
        const float *windows[MOST];
        for (int i = 0; i < rows; i++) {
            windows[i] = x + places[first + i < count ? first + i : count - 1];
            NNC_BY_ITSELF(windows[i]);
            for (int f = 0; f < filters; f++) {
#pragma omp simd
                for (int j = 0; j < LANES; j++) {
                    total[i * filters + f][j] = 0;
                }
            }
        }
        const float *near = weights;
        int64_t number = 0;
        do { /* as in `nnc_tile_f32` */
            const int64_t end = runs[number] + run;
            int64_t k = runs[number];
            do {
                for (int i = 0; i < rows; i++) {
                    for (int f = 0; f < filters; f++) {
#pragma omp simd
                        for (int j = 0; j < LANES; j++) {
                            total[i * filters + f][j] += windows[i][k + j] * near[f * inner + j];
                        }
                    }
                }
                near += LANES;
                k += LANES;
            } while (k < end);
        } while (++number < counted);
        nnc_add_up_f32(sums, total, found);
        if (bias != NULL) {
#pragma omp simd
            for (int i = 0; i < sums; i++) {
                const float y = found[i] + shift[i], bounded = y < low ? low : y;
                found[i] = bounded > high ? high : bounded;
            }
        }
        const int64_t there = count - first < rows ? count - first : rows;
        memcpy(c + first * filters, found, (size_t)(there * filters) * sizeof(float));
    }
}

static NNC_HOT void nnc_one_filter_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs, const float *x,
                                       const int64_t *places, const float *weights, float *c, const float *bias,
                                       float low, float high) {
    nnc_few_filters_f32(1, count, run, counted, runs, x, places, weights, c, bias, low, high);
}

static NNC_HOT void nnc_two_filters_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs,
                                        const float *x, const int64_t *places, const float *weights, float *c,
                                        const float *bias, float low, float high) {
    nnc_few_filters_f32(2, count, run, counted, runs, x, places, weights, c, bias, low, high);
}

static NNC_HOT void nnc_three_filters_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs,
                                          const float *x, const int64_t *places, const float *weights, float *c,
                                          const float *bias, float low, float high) {
    nnc_few_filters_f32(3, count, run, counted, runs, x, places, weights, c, bias, low, high);
}

static NNC_HOT void nnc_four_filters_f32(int64_t count, int64_t run, int64_t counted, const int64_t *runs,
                                         const float *x, const int64_t *places, const float *weights, float *c,
                                         const float *bias, float low, float high) {
    nnc_few_filters_f32(4, count, run, counted, runs, x, places, weights, c, bias, low, high);
}

/* The rows from `above` on of strips of `inner` rows: an element of the window of a kernel, with filters as rows and
   channels as columns. */
static void nnc_pack_tap_f32(int64_t filters, int64_t channels, const float *tap, int64_t inner, int64_t above,
                             float *strips) {
    enum { COLUMNS = NNC_TILE_BYTES / sizeof(float) };
    for (int64_t j = 0; j < channels; j += COLUMNS) {
        nnc_pack_f32(filters, channels - j < COLUMNS ? channels - j : COLUMNS, tap + j * filters, 1, filters, COLUMNS,
                     strips + j * inner + above * COLUMNS);
    }
}

/* What some places add to some rows of the gradient of a kernel, from the row `first` on: tiles as of a convolution, of
   which elements of the window are the rows now and places the terms of sums. A window is several runs of elements that
   lie side by side, each so many elements from the first one of all; places are no more than 256. */
static NNC_AROUND void nnc_window_gradient_f32(int64_t depth, const int64_t *places, int64_t first, int64_t rows,
                                               int64_t run, const int64_t *runs, const float *x, int64_t filters,
                                               const float *y, int64_t y_row, float *kernel, int64_t kernel_row,
                                               bool add) {
    enum { ROWS = NNC_TILE_ROWS, COLUMNS = NNC_TILE_BYTES / sizeof(float), DEPTH = 256, LINE = 64 / sizeof(float) };
    float space[(DEPTH + ROWS) * COLUMNS + LINE];
    float *const own = space + (LINE - ((uintptr_t)space / sizeof(float)) % LINE) % LINE;
    float *const corner = own + DEPTH * COLUMNS;
    const int64_t tiles = (rows + ROWS - 1) / ROWS;
    for (int64_t j = 0; j < filters; j += COLUMNS) {
        const int64_t width = filters - j < COLUMNS ? filters - j : COLUMNS;
        const int64_t columns = width <= COLUMNS / 2 ? COLUMNS / 2 : COLUMNS;
        const bool is_strip = width == columns && y_row == columns;
        const float *const strip = is_strip ? y + j : own;
        if (!is_strip) {
            nnc_pack_f32(depth, width, y + j, y_row, 1, columns, own);
        }
        const int64_t whole = tiles - (columns == COLUMNS ? nnc_short_tiles_f32(rows) : 0);
        int64_t i = 0;
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t height = tile < whole ? ROWS : ROWS - 1, there = rows - i < height ? rows - i : height;
            const bool is_whole = there == height && width == columns, adds = is_whole && add;
            float *const out = kernel + i * kernel_row + j, *const target = is_whole ? out : corner;
            const int64_t step = is_whole ? kernel_row : COLUMNS;
            int64_t elements[ROWS], number = (first + i) / run, at = (first + i) % run;
            for (int64_t row = 0; row < ROWS; row++) {
                elements[row] = runs[number] + at;
                if (row + 1 < there && ++at == run) {
                    at = 0;
                    number++;
                }
            }
            if (columns < COLUMNS) {
                nnc_half_window_tile_f32(depth, places, x, elements, strip, columns, target, step, adds, NULL, 0, 0,
                                         strip, 0);
            } else if (tile < whole) {
                nnc_whole_window_tile_f32(depth, places, x, elements, strip, target, step, adds, NULL, 0, 0, strip, 0);
            } else {
                nnc_short_window_tile_f32(depth, places, x, elements, strip, target, step, adds, NULL, 0, 0, strip, 0);
            }
            if (!is_whole) {
                nnc_take_corner_f32(there, width, corner, out, kernel_row, add);
            }
            i += there;
        }
    }
}

/* The same for so few filters that most of a register would be left, as `nnc_few_filters_f32` has it; runs and `first` are
   whole registers long. */
NNC_INLINE void nnc_few_gradients_f32(const int filters, int64_t depth, const int64_t *restrict places, int64_t first,
                                      int64_t rows, int64_t run, const int64_t *restrict runs, const float *restrict x,
                                      const float *restrict y, float *restrict kernel, bool add) {
    enum { LANES = NNC_TILE_BYTES / 2 / sizeof(float), MOST = 8, FILTERS = 4, REGISTERS = 12 };
    const int wide = filters * MOST > REGISTERS ? REGISTERS / filters : MOST;
    for (int64_t i = 0; i < rows; i += wide * LANES) {
        float total[MOST][FILTERS][LANES];
        const float *elements[MOST];
        for (int v = 0; v < wide; v++) {
            const int64_t element = first + (i + v * LANES < rows ? i + v * LANES : i);
            elements[v] = x + runs[element / run] + element % run;
            NNC_BY_ITSELF(elements[v]);
            for (int f = 0; f < filters; f++) {
#pragma omp simd
                for (int j = 0; j < LANES; j++) {
                    total[v][f][j] = 0;
                }
            }
        }
        int64_t k = 0;
        do { /* as in nnc_tile_f32 */
            const int64_t place = places[k];
            for (int v = 0; v < wide; v++) {
                for (int f = 0; f < filters; f++) {
                    const float value = y[k * filters + f];
#pragma omp simd
                    for (int j = 0; j < LANES; j++) {
                        total[v][f][j] += elements[v][place + j] * value;
                    }
                }
            }
        } while (++k < depth);
        float found[FILTERS][MOST * LANES];
        for (int v = 0; v < wide; v++) {
            for (int f = 0; f < filters; f++) {
#pragma omp simd
                for (int j = 0; j < LANES; j++) {
                    found[f][v * LANES + j] = 0.0f + total[v][f][j]; /* as in nnc_write_tile_f32 */
                }
            }
        }
        const int64_t there = rows - i < wide * LANES ? rows - i : wide * LANES;
        for (int64_t j = 0; j < there; j++) {
            for (int f = 0; f < filters; f++) {
                float *const sum = kernel + (i + j) * filters + f;
                *sum = add ? *sum + found[f][j] : found[f][j];
            }
        }
    }
}

static NNC_HOT void nnc_one_filter_gradient_f32(int64_t depth, const int64_t *places, int64_t first, int64_t rows,
                                                int64_t run, const int64_t *runs, const float *x, const float *y,
                                                float *kernel, bool add) {
    nnc_few_gradients_f32(1, depth, places, first, rows, run, runs, x, y, kernel, add);
}

static NNC_HOT void nnc_two_filters_gradient_f32(int64_t depth, const int64_t *places, int64_t first, int64_t rows,
                                                 int64_t run, const int64_t *runs, const float *x, const float *y,
                                                 float *kernel, bool add) {
    nnc_few_gradients_f32(2, depth, places, first, rows, run, runs, x, y, kernel, add);
}

static NNC_HOT void nnc_three_filters_gradient_f32(int64_t depth, const int64_t *places, int64_t first, int64_t rows,
                                                   int64_t run, const int64_t *runs, const float *x, const float *y,
                                                   float *kernel, bool add) {
    nnc_few_gradients_f32(3, depth, places, first, rows, run, runs, x, y, kernel, add);
}

static NNC_HOT void nnc_four_filters_gradient_f32(int64_t depth, const int64_t *places, int64_t first, int64_t rows,
                                                  int64_t run, const int64_t *runs, const float *x, const float *y,
                                                  float *kernel, bool add) {
    nnc_few_gradients_f32(4, depth, places, first, rows, run, runs, x, y, kernel, add);
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
