/* tanh, the logistic function, which is tanh's shifted and scaled, sinh and its inverse. */

/* tanh x, at most 2 ulp off: u / (1 + u) with u = (e^(2|x|) - 1) / 2, reduced as in exponential.h by halves of log 2,
   with the exponent of 2^n in the low bits of the number that n is rounded by; r + r^2 q is nnc_exp_tail_f32's polynomial
   of 2r, halved. Where u is small, u - u (u / (1 + u)) hides the rounding of 1 + u. Where x is large, what comes of it is
   not looked at: to bound x would make compilers choose all that depends on it once more. */
NNC_INLINE float nnc_tanh_f32(float x) {
    float a = fabsf(x);
    float shifted = nnc_stored_f32(a * 2.88539008f + 12583039.0f);
    float n = shifted - 12583039.0f;
    float r = a - n * 3.46573591e-1f;
    float s = r * r;
    float low = 6.66661500e-1f * r + 1.0f, high = 1.33876845e-1f * r + 3.33332896e-1f;
    float q = (4.45359162e-2f * s + high) * s + low;
    uint32_t power = nnc_bits_f32(shifted) << 23;
    float scale = nnc_from_bits_f32(power);
    float u = scale * (q * s + r) + (0.5f * scale - 0.5f);
    float y = u / (1.0f + u);
    float z = a < 0.3f ? u - u * y : y;
    return copysignf(a > 10.0f ? 1.0f : z, x);
}

/* tanh x, at most 2 ulp off: an odd polynomial near 0, elsewhere 1 - 2 / (e^(2|x|) + 1), which loses nothing there. */
NNC_INLINE double nnc_tanh_f64(double x) {
    double z = x * x;
    double p = -1.946403050829771e-5;
    p = p * z + 8.3269892065164337e-5;
    p = p * z - 2.3335132910566909e-4;
    p = p * z + 5.8843351983852506e-4;
    p = p * z - 1.4555404127026066e-3;
    p = p * z + 3.5920916903447275e-3;
    p = p * z - 8.8632325717038773e-3;
    p = p * z + 2.1869488384294661e-2;
    p = p * z - 5.3968253963715525e-2;
    p = p * z + 1.3333333333326561e-1;
    p = p * z - 3.3333333333333298e-1;
    double a = fabs(x);
    double large = 1.0 - 2.0 / (nnc_exp_moderate_f64(a > 20.0 ? 40.0 : 2.0 * a) + 1.0);
    return copysign(a < 0.55 ? a + a * (z * p) : large, x);
}

/* 1 / (1 + e^-x) of x and e = e^-|x|; for x < 0 it is e - e^2 / (1 + e), since e / (1 + e) would take the rounding of
   1 + e in full; so it underflows gradually. e^2 stands nowhere by itself: it may lie below the normal range, where
   processors are slow. */
NNC_INLINE float nnc_sigmoid_of_f32(float x, float e) {
    float q = 1.0f / (1.0f + e);
    return x < 0.0f ? e - (e * q) * e : q;
}

/* 1 / (1 + e^-x), at most 2 ulp off. */
NNC_INLINE float nnc_sigmoid_f32(float x) {
    return nnc_sigmoid_of_f32(x, nnc_exp_below_f32(-fabsf(x)));
}

/* 1 / (1 + e^-x), at most 2 ulp off. */
NNC_INLINE double nnc_sigmoid_f64(double x) {
    return nnc_sigmoid_of_f64(x, nnc_exp_below_f64(-fabs(x)));
}

/* 0.5 tanh x + 0.5 = 1 / (1 + e^(-2x)), at most 1.2e-7 off and at most 1: what a gate of a recurrent layer is. e^(-2x) is
   2^n e^(2r), with a minimax polynomial in r for |r| <= log(2) / 4, error below 2^-23 of e^(2r), which is at most a fourth
   of that here. NaN stays NaN. */
NNC_INLINE float nnc_gate_f32(float x) {
    float a = nnc_at_least_f32(nnc_at_most_f32(x, 43.5f), -43.5f);
    float shifted = nnc_stored_f32(a * -2.88539008f + 12583039.0f);
    float n = shifted - 12583039.0f;
    float r = n * -3.46573591e-1f - a;
    float s = r * r;
    float low = 2.0f * r + 1.0f, middle = 1.33336926f * r + 1.99996924f, high = 2.65998960e-1f * r + 6.70244098e-1f;
    float power = (high * s + middle) * s + low;
    float scale = nnc_from_bits_f32(nnc_bits_f32(shifted) << 23);
    return 1.0f / (scale * power + 1.0f);
}

/* 0.5 tanh x + 0.5 = 1 / (1 + e^(-2x)), at most 2.3e-16 off and at most 1; as nnc_gate_f32. */
NNC_INLINE double nnc_gate_f64(double x) {
    double a = nnc_at_least_f64(nnc_at_most_f64(x, 350.0), -350.0);
    return 1.0 / (1.0 + nnc_exp_moderate_f64(-2.0 * a));
}

/* sinh x: a polynomial near 0, elsewhere half the difference of two exponentials; e^(x - 1) is taken times e where e^x
   would be infinite before its half is. */
NNC_INLINE double nnc_sinh_f64(double x) {
    double z = x * x;
    double p = 8.22063524662433e-18;
    p = p * z + 2.8114572543455206e-15;
    p = p * z + 7.647163731819816e-13;
    p = p * z + 1.6059043836821613e-10;
    p = p * z + 2.505210838544172e-08;
    p = p * z + 2.7557319223985893e-06;
    p = p * z + 0.0001984126984126984;
    p = p * z + 0.008333333333333333;
    p = p * z + 0.16666666666666666;
    double a = fabs(x);
    double e = nnc_exp_f64(a > 709.0 ? a - 1.0 : a);
    double half = 0.5 * e - 0.5 / e;
    double scaled = e * 1.3591409142295226;
    double near = x + x * (z * p);
    double far = copysign(a > 709.0 ? scaled : half, x);
    return a < 1.0 ? near : far;
}

/* sinh x, by doubles. */
NNC_INLINE float nnc_sinh_f32(float x) {
    return (float)nnc_sinh_f64((double)x);
}

/* The number whose sinh is x: log(1 + b) with b = |x| + x^2 / (1 + sqrt(1 + x^2)); where x^2 is far above 1, that is
   log(2 |x|). */
NNC_INLINE double nnc_arcsinh_f64(double x) {
    double a = fabs(x);
    double z = a * a;
    double b = a > 1e17 ? a : a + z / (1.0 + sqrt(1.0 + z));
    return copysign(nnc_log1p_f64(b) + (a > 1e17 ? 0.69314718055994531 : 0.0), x);
}

/* The number whose sinh is x, by doubles. */
NNC_INLINE float nnc_arcsinh_f32(float x) {
    return (float)nnc_arcsinh_f64((double)x);
}
