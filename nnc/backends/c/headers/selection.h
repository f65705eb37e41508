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

/* The same number, of which compilers know nothing: -0 is added to it. */
NNC_INLINE float nnc_opaque_f32(float x) {
    NNC_OPAQUE float nothing = -0.0f;
    return x + nothing;
}

/* x, or the bound where x is less; NaN stays NaN. A bound that compilers know they carry through all that depends on the
   result, to compare and choose at the end; of one that they do not know they take the maximum. */
NNC_INLINE float nnc_at_least_f32(float x, float bound) {
    const float low = nnc_opaque_f32(bound);
    return low > x ? low : x;
}

/* x, or the bound where x is more; as nnc_at_least_f32. */
NNC_INLINE float nnc_at_most_f32(float x, float bound) {
    const float high = nnc_opaque_f32(bound);
    return high < x ? high : x;
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
