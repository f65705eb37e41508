/* What is chosen by comparisons: NaN in, NaN out, as in NumPy. */

/* The larger; NaN if either is. */
NNC_INLINE float nnc_maximum_f32(float x, float y) {
    float larger = x > y ? x : y;
    return x != x ? x : larger;
}

/* The smaller; NaN if either is. */
NNC_INLINE float nnc_minimum_f32(float x, float y) {
    float smaller = x < y ? x : y;
    return x != x ? x : smaller;
}

/* -1, 0 or 1; NaN for NaN, 0 for -0. */
NNC_INLINE float nnc_sign_f32(float x) {
    float y = x > 0.0f ? 1.0f : 0.0f;
    y = x < 0.0f ? -1.0f : y;
    return x != x ? x : y;
}

/* -1, 0 or 1; NaN for NaN, 0 for -0. */
NNC_INLINE double nnc_sign_f64(double x) {
    double y = x > 0.0 ? 1.0 : 0.0;
    y = x < 0.0 ? -1.0 : y;
    return x != x ? x : y;
}

/* The number from low to high that is nearest to x; the lowest for NaN. */
NNC_INLINE float nnc_within_f32(float x, float low, float high) {
    float y = x > low ? x : low;
    return y < high ? y : high;
}
