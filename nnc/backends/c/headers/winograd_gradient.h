/* The gradient of the 2×2 places of a tile, A m Aᵀ, an element for each of the 16 products; `step` lies between them. */
NNC_COMMON NNC_HOT void nnc_winograd_cotangent_f32(int64_t filters, const float *const *restrict places,
                                                   float *restrict out, int64_t step) {
#pragma omp simd
    for (int64_t f = 0; f < filters; f++) {
        float rows[4][2];
        for (int j = 0; j < 2; j++) {
            const float upper = places[j][f], lower = places[2 + j][f];
            rows[0][j] = upper;
            rows[1][j] = upper + lower;
            rows[2][j] = upper - lower;
            rows[3][j] = -lower;
        }
        for (int i = 0; i < 4; i++) {
            out[(4 * i) * step + f] = rows[i][0];
            out[(4 * i + 1) * step + f] = rows[i][0] + rows[i][1];
            out[(4 * i + 2) * step + f] = rows[i][0] - rows[i][1];
            out[(4 * i + 3) * step + f] = -rows[i][1];
        }
    }
}

/* The factors of the 16 products for some rows of tiles, counted through all images, `down` of them in each and `across`
   tiles in a row: what makes a convolution's input and the gradient of its result. So many elements lie between those of
   two products. */
static void nnc_winograd_factors_f32(int64_t start, int64_t stop, int64_t down, int64_t across, int64_t high, int64_t wide,
                                     int64_t channels, int64_t out_high, int64_t out_wide, int64_t filters, int64_t above,
                                     int64_t before, const float *x, const float *y, float *inputs, int64_t input_step,
                                     float *cotangents, int64_t cotangent_step) {
    enum { MOST = 4096 }; /* channels or filters that kernels of this way have */
    float zeros[MOST];
    memset(zeros, 0, (size_t)(channels < filters ? filters : channels) * sizeof(float));
    for (int64_t number = 0; number < (stop - start) * across; number++) {
        const int64_t row = start + number / across, image = row / down;
        const int64_t top = row % down * 2, left = number % across * 2;
        const float *tile[16], *places[4];
        nnc_winograd_tile_f32(image, top - above, left - before, high, wide, channels, x, zeros, tile);
        nnc_winograd_input_f32(channels, tile, inputs + number * channels, input_step);
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                const bool inside = top + i < out_high && left + j < out_wide;
                const float *const place = y + ((image * out_high + top + i) * out_wide + left + j) * filters;
                places[2 * i + j] = inside ? place : zeros;
            }
        }
        nnc_winograd_cotangent_f32(filters, places, cotangents + number * filters, cotangent_step);
    }
}

/* Elements from `start` to `stop` of each of the nine matrices of a kernel's gradient, Gᵀ m G, from those of the 16
   products, which so many others are added to; `taps` elements are in a matrix. Whether all are finite. */
NNC_COMMON NNC_HOT bool nnc_winograd_gradient_f32(int64_t start, int64_t stop, int64_t taps, int64_t step,
                                                  int64_t others, const float *restrict products,
                                                  float *restrict kernel) {
    float nothing = 0;
#pragma omp simd reduction(+:nothing)
    for (int64_t i = start; i < stop; i++) {
        float rows[3][4];
        for (int j = 0; j < 4; j++) {
            float sums[4];
            for (int k = 0; k < 4; k++) {
                sums[k] = products[(4 * k + j) * step + i];
                for (int64_t other = 1; other <= others; other++) {
                    sums[k] += products[(16 * other + 4 * k + j) * step + i];
                }
            }
            const float middle = 0.5f * (sums[1] + sums[2]);
            rows[0][j] = sums[0] + middle;
            rows[1][j] = 0.5f * (sums[1] - sums[2]);
            rows[2][j] = middle + sums[3];
        }
        for (int k = 0; k < 3; k++) {
            const float middle = 0.5f * (rows[k][1] + rows[k][2]);
            const float a = rows[k][0] + middle, b = 0.5f * (rows[k][1] - rows[k][2]), c = middle + rows[k][3];
            nothing += (a - a) + (b - b) + (c - c);
            kernel[(3 * k) * taps + i] = a;
            kernel[(3 * k + 1) * taps + i] = b;
            kernel[(3 * k + 2) * taps + i] = c;
        }
    }
    return nothing == 0;
}

/* The same gradient as it is defined: what is not finite reaches only the elements of the kernel that meet it. */
static void nnc_winograd_defined_gradient_f32(int64_t images, int64_t high, int64_t wide, int64_t channels,
                                              int64_t out_high, int64_t out_wide, int64_t filters, int64_t above,
                                              int64_t before, const float *x, const float *y, float *kernel) {
    memset(kernel, 0, (size_t)(9 * channels * filters) * sizeof(float));
    for (int64_t row = 0; row < images * out_high; row++) {
        for (int64_t tap = 0; tap < 9; tap++) {
            const int64_t seen = row % out_high + tap / 3 - above, shift = tap % 3 - before;
            const int64_t first = shift < 0 ? -shift : 0, last = wide - shift < out_wide ? wide - shift : out_wide;
            if (seen >= 0 && seen < high && first < last) {
                const float *const line = x + ((row / out_high * high + seen) * wide + first + shift) * channels;
                nnc_blocked_product_f32(channels, last - first, filters, line, 1, channels,
                                        y + (row * out_wide + first) * filters, filters, 1,
                                        kernel + tap * channels * filters, filters, true);
            }
        }
    }
}
