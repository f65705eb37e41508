/* Sums of a depthwise convolution in registers, of so many places side by side and so many channels each: `seen[i] + at`
   is what the first place sees of line i of the window, `taps[i] + tap` the weights for it. */
NNC_INLINE void nnc_depthwise_sums_f32(const int places, const int width, int64_t lines, const float *const *seen,
                                       const float *const *taps, int64_t at, int64_t tap, int64_t size, int64_t ahead,
                                       int64_t tap_step, int64_t place_step, float *restrict y, int64_t y_step) {
    enum { PLACES = NNC_REGISTER_BYTES == 64 ? 8 : 4, WIDTH = 256 / sizeof(float) };
    float total[PLACES][WIDTH];
    for (int i = 0; i < places; i++) {
#pragma omp simd
        for (int j = 0; j < width; j++) {
            total[i][j] = 0;
        }
    }
    int64_t line = 0;
    do { /* as in nnc_tile_f32 */
        const float *x = seen[line] + at, *weights = taps[line] + tap;
        int64_t k = 0;
        do {
            for (int i = 0; i < places; i++) {
#pragma omp simd
                for (int j = 0; j < width; j++) {
                    total[i][j] += x[i * place_step + j] * weights[j];
                }
            }
            x += ahead;
            weights += tap_step;
        } while (++k < size);
    } while (++line < lines);
    for (int i = 0; i < places; i++) {
#pragma omp simd
        for (int j = 0; j < width; j++) {
            y[i * y_step + j] = 0.0f + total[i][j]; /* as in nnc_window_tile_f32 */
        }
    }
}

/* All channels of one place; the last ones may be computed twice. */
static NNC_HOT void nnc_depthwise_place_f32(int64_t channels, int64_t lines, const float *const *seen,
                                            const float *const *taps, int64_t at, int64_t tap, int64_t size,
                                            int64_t ahead, int64_t tap_step, float *restrict y) {
    enum { WIDE = 256 / sizeof(float), NARROW = 64 / sizeof(float), LEAST = 16 / sizeof(float) };
    int64_t first = 0;
    for (; first + WIDE <= channels; first += WIDE) {
        nnc_depthwise_sums_f32(1, WIDE, lines, seen, taps, at + first, tap + first, size, ahead, tap_step, 0,
                               y + first, 0);
    }
    for (; first < channels && channels >= NARROW; first += NARROW) {
        const int64_t left = first + NARROW > channels ? channels - NARROW : first;
        nnc_depthwise_sums_f32(1, NARROW, lines, seen, taps, at + left, tap + left, size, ahead, tap_step, 0,
                               y + left, 0);
    }
    for (; first + LEAST <= channels; first += LEAST) {
        nnc_depthwise_sums_f32(1, LEAST, lines, seen, taps, at + first, tap + first, size, ahead, tap_step, 0,
                               y + first, 0);
    }
    for (; first < channels; first++) {
        nnc_depthwise_sums_f32(1, 1, lines, seen, taps, at + first, tap + first, size, ahead, tap_step, 0, y + first, 0);
    }
}

/* Places of a row of a depthwise convolution, from `start` to `stop`. Of the window there are the lines inside the
   input: `seen[i]` is the row of the input that line i sees, of so many elements, and `taps[i] + tap` its first weights,
   of `size`. Element k of a line at place p meets element p * stride + k * dilation - before of the row. */
static NNC_HOT void nnc_depthwise_row_f32(int64_t start, int64_t stop, int64_t length, int64_t size, int64_t stride,
                                          int64_t dilation, int64_t before, int64_t channels, int64_t lines,
                                          const float *const *seen, const float *const *taps, int64_t tap,
                                          int64_t tap_step, float *restrict y, int64_t y_step) {
    enum { PLACES = NNC_REGISTER_BYTES == 64 ? 8 : 4, WIDTH = 64 / sizeof(float) };
    const int64_t spread = (size - 1) * dilation, room = length - spread + before, ahead = dilation * channels;
    int64_t low = before > 0 ? (before + stride - 1) / stride : 0, high = room > 0 ? (room - 1) / stride + 1 : 0;
    low = low < start ? start : low;
    high = high > stop ? stop : high;
    if (lines == 0 || size <= 0 || lines * size == 1 || channels < WIDTH || high - low < PLACES) {
        low = high = stop;
    }
    for (int64_t left = 0; left < channels && low < high; left += WIDTH) {
        const int64_t first = left + WIDTH > channels ? channels - WIDTH : left;
        for (int64_t place = low; place < high; place += PLACES) {
            const int64_t here = place + PLACES > high ? high - PLACES : place;
            nnc_depthwise_sums_f32(PLACES, WIDTH, lines, seen, taps, (here * stride - before) * channels + first,
                                   tap + first, size, ahead, tap_step, stride * channels, y + here * y_step + first,
                                   y_step);
        }
    }
    for (int64_t place = start; place < stop; place++) {
        if (place == low) {
            place = high;
            if (place == stop) {
                break;
            }
        }
        const int64_t at = place * stride - before, left = length - at;
        const int64_t from = at < 0 ? (dilation - 1 - at) / dilation : 0;
        const int64_t end = left <= 0 ? 0 : (left - 1) / dilation + 1, to = end < size ? end : size;
        if (lines == 0 || from >= to) {
            memset(y + place * y_step, 0, (size_t)channels * sizeof(float));
        } else {
            nnc_depthwise_place_f32(channels, lines, seen, taps, (at + from * dilation) * channels,
                                    tap + from * tap_step, to - from, ahead, tap_step, y + place * y_step);
        }
    }
}

/* Have what lies at so many places fetched into the cache, to be read or written. */
NNC_INLINE void nnc_depthwise_fetch_f32(const int count, const bool written, const float *x, int64_t step) {
#ifdef __GNUC__
    NNC_UNROLL
    for (int i = 0; i < count; i++) {
        if (written) {
            __builtin_prefetch(x + i * step, 1, 3);
        } else {
            __builtin_prefetch(x + i * step, 0, 3);
        }
    }
#else
    (void)count, (void)written, (void)x, (void)step;
#endif
}

/* The sums of a place in a register of so many, written to `y`: with `bias` added, unless that is NULL, and kept between
   `low` and `high`. */
NNC_INLINE void nnc_depthwise_write_f32(const int width, const float *total, float *restrict y,
                                        const float *restrict bias, float low, float high) {
    float sums[NNC_REGISTER_BYTES / sizeof(float)];
    memcpy(sums, total, (size_t)width * sizeof(float)); /* which leaves them in the register */
    if (bias != NULL) {
#pragma omp simd
        for (int j = 0; j < width; j++) {
            const float sum = sums[j] + bias[j], bounded = sum < low ? low : sum;
            y[j] = bounded > high ? high : bounded;
        }
    } else {
        memcpy(y, sums, (size_t)width * sizeof(float));
    }
}

/* Sums of a depthwise convolution for all channels of places side by side, where size and stride of the window are known
   when compiled: the weights of a line stay in registers, and each element of the input is read once for all places that
   see it. The first place's window begins at element `at` of the rows, each of so many elements; unless the tile is
   `whole`, it sees those elements only that lie at least `from` and less than `to` behind that one, and ends after
   `count` places. What the next row sees is fetched meanwhile, for its result of `row` places. */
NNC_INLINE void nnc_depthwise_tile_f32(const int places, const int size, const int stride, const bool whole,
                                       int64_t length, int64_t channels, int64_t lines, const float *const *seen,
                                       const float *const *taps, int64_t tap, int64_t tap_step, int64_t at,
                                       int64_t from, int64_t to, int64_t count, int64_t row, float *restrict y,
                                       int64_t y_step, const float *bias, float low, float high) {
#ifdef __GNUC__
    typedef float lanes __attribute__((vector_size(NNC_REGISTER_BYTES), aligned(sizeof(float)), may_alias));
#else
    typedef float lanes;
#endif
    enum { WIDTH = sizeof(lanes) / sizeof(float), MOST = 7, LINE = 64 / sizeof(float) };
    for (int64_t next = 0; next < channels; next += WIDTH) {
        const int64_t first = next + WIDTH > channels ? channels - WIDTH : next;
        lanes total[MOST], weight[MOST];
        NNC_UNROLL
        for (int i = 0; i < places; i++) {
            total[i] = (lanes){0};
        }
        int64_t line = 0;
        do { /* as in nnc_tile_f32 */
            const float *const x = seen[line] + first, *const weights = taps[line] + tap + first;
            NNC_UNROLL
            for (int k = 0; k < size; k++) {
                weight[k] = *(const lanes *)(weights + k * tap_step);
                NNC_IN_REGISTER(weight[k]);
            }
            NNC_UNROLL
            for (int element = 0; element < (places - 1) * stride + size; element++) {
                if (whole || (element >= from && element < to)) {
                    lanes here = *(const lanes *)(x + (at + element) * channels);
                    if (size > stride + element % stride) { /* several places see it */
                        NNC_IN_REGISTER(here);
                    }
                    NNC_UNROLL
                    for (int k = size - 1; k >= 0; k--) {
                        const int place = (element - k) / stride;
                        if (element >= k && (element - k) % stride == 0 && place < places) {
                            total[place] += here * weight[k];
                        }
                    }
                }
            }
        } while (++line < lines);
        if (next % LINE == 0) {
            const float *const last = seen[lines - 1] + at * channels + first;
            for (int i = 1; i <= stride; i++) {
                nnc_depthwise_fetch_f32(places * stride, false, last + i * length * channels, channels);
            }
            nnc_depthwise_fetch_f32(places, true, y + row * y_step + first, y_step);
        }
        NNC_UNROLL
        for (int i = 0; i < places; i++) {
            if (whole || i < count) {
                nnc_depthwise_write_f32(WIDTH, (const float *)&total[i], y + i * y_step + first,
                                        bias == NULL ? NULL : bias + first, low, high);
            }
        }
    }
}

/* What nnc_depthwise_tiles_f32 computes for fewer channels than a register holds: they are spread out first. */
NNC_INLINE void nnc_depthwise_narrow_f32(const int size, const int stride, int64_t start, int64_t stop, int64_t length,
                                         int64_t before, int64_t channels, int64_t lines, const float *const *seen,
                                         const float *const *taps, int64_t tap, int64_t tap_step, float *restrict y,
                                         int64_t y_step) {
    enum { PLACES = 7, WIDTH = NNC_REGISTER_BYTES / sizeof(float), MOST = 7 };
    const int64_t reach = (PLACES - 1) * stride + size;
    float wide[MOST][MOST][WIDTH], near[MOST][3 * PLACES][WIDTH], out[PLACES][WIDTH];
    const float *rows[MOST], *weights[MOST];
    memset(wide, 0, sizeof(wide));
    memset(near, 0, sizeof(near));
    for (int64_t line = 0; line < lines; line++) {
        rows[line] = near[line][0];
        weights[line] = wide[line][0];
        for (int k = 0; k < size; k++) {
            memcpy(wide[line][k], taps[line] + tap + k * tap_step, (size_t)channels * sizeof(float));
        }
    }
    for (int64_t place = start; place < stop; place += PLACES) {
        const int64_t at = place * stride - before, left = length - at;
        const int64_t from = at < 0 ? -at : 0, to = left < reach ? left : reach;
        const int64_t count = stop - place < PLACES ? stop - place : PLACES;
        for (int64_t line = 0; line < lines; line++) {
            for (int64_t element = from; element < to; element++) {
                const int64_t here = (at + element) * channels;
                if (length * channels - here >= WIDTH) { /* of a size that is known, with some that no lane needs */
                    memcpy(near[line][element], seen[line] + here, sizeof(near[0][0]));
                } else {
                    memcpy(near[line][element], seen[line] + here, (size_t)channels * sizeof(float));
                }
            }
        }
        nnc_depthwise_tile_f32(PLACES, size, stride, false, 0, WIDTH, lines, rows, weights, 0, WIDTH, 0, from, to, count,
                               0, out[0], WIDTH, NULL, 0, 0);
        for (int64_t i = 0; i < count; i++) {
            for (int64_t j = 0; j < channels; j++) {
                y[(place + i) * y_step + j] = out[i][j];
            }
        }
    }
}

/* What nnc_depthwise_row_f32 computes, in tiles; seven places divide the widths of most networks for images. Unless `bias`
   is NULL, it is added to each place, and results are kept between `low` and `high`. */
NNC_INLINE void nnc_depthwise_tiles_f32(const int size, const int stride, int64_t start, int64_t stop, int64_t length,
                                        int64_t before, int64_t channels, int64_t lines, const float *const *seen,
                                        const float *const *taps, int64_t tap, int64_t tap_step, float *restrict y,
                                        int64_t y_step, const float *bias, float low, float high) {
    enum { PLACES = 7, MOST = 7, WIDTH = NNC_REGISTER_BYTES / sizeof(float) };
    const int64_t reach = (PLACES - 1) * stride + size;
    const bool is_scaling = lines * size == 1 && y_step == channels; /* nothing is shared, and all lies side by side */
    NNC_IN_REGISTER(low); /* with bounds that it knows GCC compares three times instead of taking minimum and maximum */
    NNC_IN_REGISTER(high);
    if (lines == 0 || is_scaling || channels < WIDTH) {
        if (lines == 0 || is_scaling || lines > MOST) {
            nnc_depthwise_row_f32(start, stop, length, size, stride, 1, before, channels, lines, seen, taps, tap,
                                  tap_step, y, y_step);
        } else {
            nnc_depthwise_narrow_f32(size, stride, start, stop, length, before, channels, lines, seen, taps, tap,
                                     tap_step, y, y_step);
        }
        if (bias != NULL) {
            nnc_add_bias_f32(stop - start, channels, y + start * y_step, y_step, bias, low, high);
        }
        return;
    }
    for (int64_t place = start; place < stop; place += PLACES) {
        const int64_t at = place * stride - before, left = length - at;
        const int64_t from = at < 0 ? -at : 0, to = left < reach ? left : reach;
        const int64_t count = stop - place < PLACES ? stop - place : PLACES;
        float *const target = y + place * y_step;
        if (from == 0 && to == reach && count == PLACES) {
            nnc_depthwise_tile_f32(PLACES, size, stride, true, length, channels, lines, seen, taps, tap, tap_step, at, 0,
                                   reach, PLACES, stop - start, target, y_step, bias, low, high);
        } else {
            nnc_depthwise_tile_f32(PLACES, size, stride, false, length, channels, lines, seen, taps, tap, tap_step, at,
                                   from, to, count, stop - start, target, y_step, bias, low, high);
        }
    }
}

static NNC_HOT void nnc_depthwise_row_1_1_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(1, 1, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_2_1_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(2, 1, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_3_1_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(3, 1, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_3_2_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(3, 2, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_5_1_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(5, 1, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_5_2_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(5, 2, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_7_1_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(7, 1, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

static NNC_HOT void nnc_depthwise_row_7_2_f32(int64_t start, int64_t stop, int64_t length, int64_t before,
                                              int64_t channels, int64_t lines, const float *const *seen,
                                              const float *const *taps, int64_t tap, int64_t tap_step,
                                              float *restrict y, int64_t y_step, const float *bias, float low,
                                              float high) {
    nnc_depthwise_tiles_f32(7, 2, start, stop, length, before, channels, lines, seen, taps, tap, tap_step, y, y_step,
                            bias, low, high);
}

/* The gradients of a line's weights for channels from `start` to `stop`: products of what some places of a row see with
   these places' cotangents `y` are added to `gradients[i]`, after each tile, so that long sums stay as exact as those of
   parts. All else is as in nnc_depthwise_tile_f32. */
NNC_INLINE void nnc_depthwise_products_f32(const int places, const int size, const int stride, const bool whole,
                                           int64_t start, int64_t stop, int64_t length, int64_t channels,
                                           int64_t lines, const float *const *seen, float *const *gradients, int64_t at,
                                           int64_t from, int64_t to, int64_t count, int64_t row, const float *y) {
#ifdef __GNUC__
    typedef float lanes __attribute__((vector_size(NNC_REGISTER_BYTES), aligned(sizeof(float)), may_alias));
#else
    typedef float lanes;
#endif
    enum { WIDTH = sizeof(lanes) / sizeof(float), MOST = 7, LINE = 64 / sizeof(float) };
    for (int64_t next = start; next < stop; next += WIDTH) {
        const int64_t first = next + WIDTH > channels ? channels - WIDTH : next;
        lanes total[MOST], cotangent[MOST];
        for (int64_t line = 0; line < lines; line++) {
            const float *const x = seen[line] + first;
            float *const gradient = gradients[line] + first;
            NNC_UNROLL
            for (int k = 0; k < size; k++) {
                total[k] = (lanes){0};
            }
            NNC_UNROLL
            for (int i = 0; i < places; i++) {
                cotangent[i] = *(const lanes *)(y + (whole || i < count ? i : 0) * channels + first);
                NNC_IN_REGISTER(cotangent[i]);
            }
            NNC_UNROLL
            for (int element = 0; element < (places - 1) * stride + size; element++) {
                if (whole || (element >= from && element < to)) {
                    lanes here = *(const lanes *)(x + (at + element) * channels);
                    if (size > stride + element % stride) { /* several places see it */
                        NNC_IN_REGISTER(here);
                    }
                    NNC_UNROLL
                    for (int k = size - 1; k >= 0; k--) {
                        const int place = (element - k) / stride;
                        if (element >= k && (element - k) % stride == 0 && place < places && (whole || place < count)) {
                            total[k] += here * cotangent[place];
                        }
                    }
                }
            }
            NNC_UNROLL
            for (int k = 0; k < size; k++) {
                if (next == first) {
                    *(lanes *)(gradient + k * channels) += total[k];
                } else { /* the others have been added before */
                    float sums[WIDTH];
                    memcpy(sums, &total[k], sizeof(sums));
                    for (int64_t j = next - first; j < WIDTH; j++) {
                        gradient[k * channels + j] += sums[j];
                    }
                }
            }
        }
        if (lines > 0 && next % LINE == 0) {
            const float *const last = seen[lines - 1] + at * channels + first;
            for (int i = 1; i <= stride; i++) {
                nnc_depthwise_fetch_f32(places * stride, false, last + i * length * channels, channels);
            }
            nnc_depthwise_fetch_f32(places, false, y + row * channels + first, channels);
        }
    }
}

/* The products of all places of a row, in tiles. */
NNC_INLINE void nnc_depthwise_product_tiles_f32(const int size, const int stride, int64_t start, int64_t stop,
                                                int64_t places, int64_t length, int64_t before, int64_t channels,
                                                int64_t lines, const float *const *seen, float *const *gradients,
                                                const float *y) {
    enum { PLACES = 7 };
    const int64_t reach = (PLACES - 1) * stride + size;
    for (int64_t place = 0; place < places; place += PLACES) {
        const int64_t at = place * stride - before, left = length - at;
        const int64_t from = at < 0 ? -at : 0, to = left < reach ? left : reach;
        const int64_t count = places - place < PLACES ? places - place : PLACES;
        const float *const here = y + place * channels;
        if (from == 0 && to == reach && count == PLACES) {
            nnc_depthwise_products_f32(PLACES, size, stride, true, start, stop, length, channels, lines, seen,
                                       gradients, at, 0, reach, PLACES, places, here);
        } else {
            nnc_depthwise_products_f32(PLACES, size, stride, false, start, stop, length, channels, lines, seen,
                                       gradients, at, from, to, count, places, here);
        }
    }
}

static NNC_HOT void nnc_depthwise_products_3_1_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(3, 1, start, stop, places, length, before, channels, lines, seen, gradients, y);
}

static NNC_HOT void nnc_depthwise_products_3_2_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(3, 2, start, stop, places, length, before, channels, lines, seen, gradients, y);
}

static NNC_HOT void nnc_depthwise_products_5_1_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(5, 1, start, stop, places, length, before, channels, lines, seen, gradients, y);
}

static NNC_HOT void nnc_depthwise_products_5_2_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(5, 2, start, stop, places, length, before, channels, lines, seen, gradients, y);
}

static NNC_HOT void nnc_depthwise_products_7_1_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(7, 1, start, stop, places, length, before, channels, lines, seen, gradients, y);
}

static NNC_HOT void nnc_depthwise_products_7_2_f32(int64_t start, int64_t stop, int64_t places, int64_t length,
                                                   int64_t before, int64_t channels, int64_t lines,
                                                   const float *const *seen, float *const *gradients, const float *y) {
    nnc_depthwise_product_tiles_f32(7, 2, start, stop, places, length, before, channels, lines, seen, gradients, y);
}
