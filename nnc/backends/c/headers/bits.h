/* Numbers as bits and back: what the elementary functions take apart and put together. */

NNC_INLINE uint32_t nnc_bits_f32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

NNC_INLINE uint64_t nnc_bits_f64(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

NNC_INLINE float nnc_from_bits_f32(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

NNC_INLINE double nnc_from_bits_f64(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x rounded to its type, as C has every assignment do. Compilers for x87, which computes with more digits, leave that out
   unless they are asked to keep to the standard, and Clang even then. */
NNC_INLINE float nnc_stored_f32(float x) {
#if FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16 /* which is about types of half the length */
    return x;
#else
    volatile float stored = x;
    return stored;
#endif
}

/* y * 2^n for n in [-252, 254], two's complement; in two steps, so that results below the normal range are rounded
   once and results above it become infinite. */
NNC_INLINE float nnc_scale_f32(float y, uint32_t n) {
    uint32_t biased = n + 254u;
    uint32_t half = biased >> 1;
    return y * nnc_from_bits_f32(half << 23) * nnc_from_bits_f32((biased - half) << 23);
}

/* y * 2^n for n in [-2044, 2046]; as nnc_scale_f32. */
NNC_INLINE double nnc_scale_f64(double y, uint64_t n) {
    uint64_t biased = n + 2046u;
    uint64_t half = biased >> 1;
    return y * nnc_from_bits_f64(half << 52) * nnc_from_bits_f64((biased - half) << 52);
}
