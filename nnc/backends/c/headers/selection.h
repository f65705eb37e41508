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

/* The place of the first of the largest elements, or of the first NaN: elements are looked at one by one only where one of
   some is better than all before. */
static NNC_HOT int64_t nnc_largest_f32(int64_t length, const float *restrict x) {
    enum { AT_ONCE = 32 };
    float best = x[0];
    int64_t place = 0;
    for (int64_t first = 0; first < length && best == best; first += AT_ONCE) {
        const int64_t last = length - first < AT_ONCE ? length : first + AT_ONCE;
        int better = 0;
#pragma omp simd reduction(|:better)
        for (int64_t i = first; i < last; i++) {
            better |= !(x[i] <= best);
        }
        for (int64_t i = first; i < last && better; i++) {
            if (!(x[i] <= best)) {
                best = x[i];
                place = i;
                better = best == best;
            }
        }
    }
    return place;
}
