/* The quotient rounded down; y is positive. */
NNC_INLINE int64_t nnc_floor_divide_i64(int64_t x, int64_t y) {
    return x >= 0 ? x / y : -((y - 1 - x) / y);
}

/* The quotient rounded down; 0 for a divisor of 0. The lowest number wraps around where its opposite is no number. */
NNC_INLINE int64_t nnc_quotient_i64(int64_t x, int64_t y) {
    if (y == 0) return 0;
    if (y == -1) return (int64_t)(0u - (uint64_t)x);
    int64_t quotient = x / y;
    return quotient - ((x % y != 0) & ((x < 0) != (y < 0)));
}

NNC_INLINE uint64_t nnc_quotient_u64(uint64_t x, uint64_t y) {
    return y == 0u ? 0u : x / y;
}

/* What is left of x when the quotient is rounded down, with y's sign; 0 for a divisor of 0. */
NNC_INLINE int64_t nnc_remainder_i64(int64_t x, int64_t y) {
    if ((y == 0) | (y == -1)) return 0;
    int64_t rest = x % y;
    return (rest != 0) & ((rest < 0) != (y < 0)) ? rest + y : rest;
}

NNC_INLINE uint64_t nnc_remainder_u64(uint64_t x, uint64_t y) {
    return y == 0u ? 0u : x % y;
}

/* What is left of x when the quotient is rounded down, with y's sign; NaN for a divisor of 0. fmod is exact. */
NNC_INLINE float nnc_remainder_f32(float x, float y) {
    float rest = fmodf(x, y);
    if (rest == 0.0f) return copysignf(0.0f, y);
    return (rest < 0.0f) != (y < 0.0f) ? rest + y : rest;
}

NNC_INLINE double nnc_remainder_f64(double x, double y) {
    double rest = fmod(x, y);
    if (rest == 0.0) return copysign(0.0, y);
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}

/* The greatest common divisor, after Euclid. */
NNC_INLINE uint64_t nnc_gcd_u64(uint64_t x, uint64_t y) {
    while (y != 0u) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

NNC_INLINE int64_t nnc_gcd_i64(int64_t x, int64_t y) {
    uint64_t first = x < 0 ? 0u - (uint64_t)x : (uint64_t)x;
    uint64_t second = y < 0 ? 0u - (uint64_t)y : (uint64_t)y;
    return (int64_t)nnc_gcd_u64(first, second);
}

/* x's bits moved up by y; 0 where y is negative or not below the number of bits. */
NNC_INLINE int64_t nnc_left_shift_i64(int64_t x, int64_t y, int32_t bits) {
    return (y >= 0) & (y < bits) ? (int64_t)((uint64_t)x << y) : 0;
}

NNC_INLINE uint64_t nnc_left_shift_u64(uint64_t x, uint64_t y, int32_t bits) {
    return y < (uint64_t)bits ? x << y : 0u;
}

/* x's bits moved down by y, the sign filling up; only the sign is left where y is as for nnc_left_shift_i64. Negative x
   are shifted as -1 - x, since C leaves open what becomes of the sign. */
NNC_INLINE int64_t nnc_right_shift_i64(int64_t x, int64_t y, int32_t bits) {
    int64_t by = (y >= 0) & (y < bits) ? y : bits - 1;
    return x >= 0 ? x >> by : -1 - ((-1 - x) >> by);
}

NNC_INLINE uint64_t nnc_right_shift_u64(uint64_t x, uint64_t y, int32_t bits) {
    return y < (uint64_t)bits ? x >> y : 0u;
}
