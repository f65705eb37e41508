/* Elements from the start of one of several matrices to the next, which are read or written side by side: two lines of a
   cache lie between them, or matrices of whole pages would meet in the few places that it has for each part of a page. */
static int64_t nnc_apart(int64_t elements) {
    return elements + 32;
}

/* The kernel of a convolution, G g Gᵀ, as 16 matrices (planes · channels, filters) in strips as `nnc_packed_product_f32`
   takes them, where windows are so many planes of 3×3 deep: S. Winograd's minimal filtering F(2×2, 3×3) as A. Lavin and
   S. Gray have it, "Fast algorithms for convolutional neural networks", 2015. */
static void nnc_winograd_kernel_f32(int64_t planes, int64_t channels, int64_t filters, const float *restrict kernel,
                                    float *restrict matrices) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    const int64_t taps = channels * filters, terms = planes * channels;
    const int64_t step = nnc_apart(terms * ((filters + WIDTH - 1) / WIDTH * WIDTH));
    for (int64_t left = 0; left < filters; left += WIDTH) {
        const int64_t width = filters - left < WIDTH ? filters - left : WIDTH;
        for (int64_t term = 0; term < terms; term++) {
            const float *const seen = kernel + (term / channels * 8 * channels + term) * filters + left;
            float *const out = matrices + left * terms + term * WIDTH;
            for (int64_t k = 0; k < 16 && width < WIDTH; k++) {
                memset(out + k * step + width, 0, (size_t)(WIDTH - width) * sizeof(float));
            }
#pragma omp simd
            for (int64_t i = 0; i < width; i++) {
                float rows[4][3];
                for (int j = 0; j < 3; j++) {
                    const float first = seen[j * taps + i], second = seen[(3 + j) * taps + i];
                    const float third = seen[(6 + j) * taps + i], ends = first + third;
                    rows[0][j] = first;
                    rows[1][j] = 0.5f * (ends + second);
                    rows[2][j] = 0.5f * (ends - second);
                    rows[3][j] = third;
                }
                for (int k = 0; k < 4; k++) {
                    const float ends = rows[k][0] + rows[k][2];
                    out[(4 * k) * step + i] = rows[k][0];
                    out[(4 * k + 1) * step + i] = 0.5f * (ends + rows[k][1]);
                    out[(4 * k + 2) * step + i] = 0.5f * (ends - rows[k][1]);
                    out[(4 * k + 3) * step + i] = rows[k][2];
                }
            }
        }
    }
}

/* A tile of 4×4 elements of the input, Bᵀ d B, an element for each of the 16 products; `step` lies between them. */
NNC_COMMON NNC_HOT void nnc_winograd_input_f32(int64_t channels, const float *const *restrict tile, float *restrict out,
                                               int64_t step) {
#pragma omp simd
    for (int64_t c = 0; c < channels; c++) {
        float rows[4][4];
        for (int j = 0; j < 4; j++) {
            const float first = tile[j][c], second = tile[4 + j][c], third = tile[8 + j][c], fourth = tile[12 + j][c];
            rows[0][j] = first - third;
            rows[1][j] = second + third;
            rows[2][j] = third - second;
            rows[3][j] = second - fourth;
        }
        for (int i = 0; i < 4; i++) {
            out[(4 * i) * step + c] = rows[i][0] - rows[i][2];
            out[(4 * i + 1) * step + c] = rows[i][1] + rows[i][2];
            out[(4 * i + 2) * step + c] = rows[i][2] - rows[i][1];
            out[(4 * i + 3) * step + c] = rows[i][1] - rows[i][3];
        }
    }
}

/* The 2×2 places of a tile, Aᵀ m A, from the 16 products; whether all are finite. */
NNC_COMMON NNC_HOT bool nnc_winograd_output_f32(int64_t filters, const float *restrict products, int64_t step,
                                                float *const *restrict places) {
    float *const first = places[0], *const second = places[1], *const third = places[2], *const fourth = places[3];
    float nothing = 0;
#pragma omp simd reduction(+:nothing)
    for (int64_t f = 0; f < filters; f++) {
        float rows[2][4];
        for (int j = 0; j < 4; j++) {
            const float middle = products[(4 + j) * step + f], other = products[(8 + j) * step + f];
            rows[0][j] = products[j * step + f] + middle + other;
            rows[1][j] = middle - other - products[(12 + j) * step + f];
        }
        const float a = rows[0][0] + rows[0][1] + rows[0][2], b = rows[0][1] - rows[0][2] - rows[0][3];
        const float c = rows[1][0] + rows[1][1] + rows[1][2], d = rows[1][1] - rows[1][2] - rows[1][3];
        nothing += (a - a) + (b - b) + (c - c) + (d - d);
        first[f] = a, second[f] = b, third[f] = c, fourth[f] = d;
    }
    return nothing == 0;
}

/* What a tile adds to the same places as the convolution is defined: what is not finite reaches only those that see it. */
static void nnc_winograd_defined_f32(int64_t channels, int64_t filters, const float *const *tile, const float *kernel,
                                     float *const *places) {
    for (int place = 0; place < 4; place++) {
        float *const out = places[place];
        for (int k = 0; k < 9; k++) {
            const float *const seen = tile[(place / 2 + k / 3) * 4 + place % 2 + k % 3];
            for (int64_t c = 0; c < channels; c++) {
#pragma omp simd
                for (int64_t f = 0; f < filters; f++) {
                    out[f] += seen[c] * kernel[(k * channels + c) * filters + f];
                }
            }
        }
    }
}

/* The 16 elements of the input that a tile sees, each with its channels; `zeros` stand for those outside. */
static void nnc_winograd_tile_f32(int64_t image, int64_t top, int64_t left, int64_t high, int64_t wide,
                                  int64_t channels, const float *x, const float *zeros, const float **tile) {
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            const bool inside = top + i >= 0 && top + i < high && left + j >= 0 && left + j < wide;
            tile[4 * i + j] = inside ? x + ((image * high + top + i) * wide + left + j) * channels : zeros;
        }
    }
}

/* The tile of a plane of the window at an output's row of tiles, counted through all planes of all images. */
static void nnc_winograd_plane_f32(int64_t plane, int64_t row, int64_t left, int64_t down, int64_t deep, int64_t out_deep,
                                   int64_t front, int64_t high, int64_t wide, int64_t channels, int64_t above,
                                   int64_t before, const float *x, const float *zeros, const float **tile) {
    const int64_t image = row / down / out_deep, seen = row / down % out_deep + plane - front;
    nnc_winograd_tile_f32(image * deep + seen, row % down * 2 - above, left * 2 - before,
                          seen >= 0 && seen < deep ? high : 0, wide, channels, x, zeros, tile);
}

/* Some rows of tiles, counted through all planes of all images, `down` of them in each and `across` tiles in a row. `room`
   holds the products and what they are made of, and a row of channels and one of filters for what lies outside. */
static void nnc_winograd_rows_f32(int64_t start, int64_t stop, int64_t down, int64_t across, int64_t planes, int64_t deep,
                                  int64_t high, int64_t wide, int64_t channels, int64_t out_deep, int64_t out_high,
                                  int64_t out_wide, int64_t filters, int64_t front, int64_t above, int64_t before,
                                  const float *x, const float *kernel, const float *matrices, float *room, float *y) {
    enum { WIDTH = NNC_TILE_BYTES / sizeof(float) };
    const int64_t tiles = (stop - start) * across, terms = planes * channels;
    const int64_t seen = nnc_apart(tiles * terms), made = nnc_apart(tiles * filters);
    const int64_t step = nnc_apart(terms * ((filters + WIDTH - 1) / WIDTH * WIDTH));
    float *const inputs = room, *const products = inputs + 16 * seen;
    float *const zeros = products + 16 * made, *const dropped = zeros + channels;
    memset(zeros, 0, (size_t)channels * sizeof(float));
    for (int64_t number = 0; number < tiles; number++) {
        for (int64_t plane = 0; plane < planes; plane++) {
            const float *tile[16];
            nnc_winograd_plane_f32(plane, start + number / across, number % across, down, deep, out_deep, front, high,
                                   wide, channels, above, before, x, zeros, tile);
            nnc_winograd_input_f32(channels, tile, inputs + number * terms + plane * channels, seen);
        }
    }
    for (int64_t k = 0; k < 16; k++) {
        nnc_packed_product_f32(tiles, terms, filters, inputs + k * seen, terms, 1, matrices + k * step,
                               products + k * made, filters, NULL, 0, 0);
    }
    for (int64_t number = 0; number < tiles; number++) {
        const int64_t row = start + number / across, image = row / down;
        const int64_t top = row % down * 2, left = number % across * 2;
        float *places[4];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                const bool inside = top + i < out_high && left + j < out_wide;
                float *const place = y + ((image * out_high + top + i) * out_wide + left + j) * filters;
                places[2 * i + j] = inside ? place : dropped + (2 * i + j) * filters;
            }
        }
        if (!nnc_winograd_output_f32(filters, products + number * filters, made, places)) {
            for (int place = 0; place < 4; place++) {
                memset(places[place], 0, (size_t)filters * sizeof(float));
            }
            for (int64_t plane = 0; plane < planes; plane++) {
                const float *tile[16];
                nnc_winograd_plane_f32(plane, row, number % across, down, deep, out_deep, front, high, wide, channels,
                                       above, before, x, zeros, tile);
                nnc_winograd_defined_f32(channels, filters, tile, kernel + plane * 9 * channels * filters, places);
            }
        }
    }
}
