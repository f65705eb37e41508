/* log, log1p and logaddexp: x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), log x = e log 2 + log(1 + f).
   Muller, "Elementary Functions" (3rd ed.), chapter 11; log 2 in two parts as in exponential.h, the polynomials are
   minimax. Below the normal range x is first scaled up, so such x are as exact as others. */

/* e as a number, for x > 0 and normal; any number for other x. */
NNC_INLINE float nnc_log_exponent_f32(float x) {
    return (float)(int32_t)((nnc_bits_f32(x) + 0x004AFB0Du) >> 23) - 127.0f;
}

/* e as a number; the bits of 2^52 + e are put together, since AVX2 cannot convert 64-bit integers. */
NNC_INLINE double nnc_log_exponent_f64(double x) {
    uint64_t biased = (nnc_bits_f64(x) + 0x00095F619980C433u) >> 52;
    return nnc_from_bits_f64(biased | 0x4330000000000000u) - 4503599627371519.0;
}

/* f, for x > 0 and normal; any number for other x. */
NNC_INLINE float nnc_log_fraction_f32(float x) {
    return nnc_from_bits_f32(((nnc_bits_f32(x) + 0x004AFB0Du) & 0x007FFFFFu) + 0x3F3504F3u) - 1.0f;
}

/* f, for x > 0 and normal; any number for other x. */
NNC_INLINE double nnc_log_fraction_f64(double x) {
    uint64_t bits = (nnc_bits_f64(x) + 0x00095F619980C433u) & 0x000FFFFFFFFFFFFFu;
    return nnc_from_bits_f64(bits + 0x3FE6A09E667F3BCDu) - 1.0;
}

/* log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)]; error below 2^-27 |f|. */
NNC_INLINE float nnc_log_tail_f32(float f) {
    float p = -7.86393955e-2f;
    p = p * f + 1.28884718e-1f;
    p = p * f - 1.31303087e-1f;
    p = p * f + 1.41803831e-1f;
    p = p * f - 1.66243345e-1f;
    p = p * f + 2.00023144e-1f;
    p = p * f - 2.50008166e-1f;
    p = p * f + 3.33333164e-1f;
    float square = f * f;
    return p * (square * f) - 0.5f * square;
}

/* log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)], from the series of atanh(s), s = f / (2 + f); error below
   2^-59 |f|. */
NNC_INLINE double nnc_log_tail_f64(double f) {
    double s = f / (2.0 + f);
    double z = s * s;
    double p = 0.14798622207106674;
    p = p * z + 0.15313799439854514;
    p = p * z + 0.18183573476867995;
    p = p * z + 0.22222198410875915;
    p = p * z + 0.28571428743821808;
    p = p * z + 0.39999999999408986;
    p = p * z + 0.66666666666667351;
    double half = 0.5 * f * f;
    return s * (half + z * p) - half;
}

/* log x, at most 2 ulp off; log(+-0) = -inf, NaN for x < 0. */
NNC_INLINE float nnc_log_f32(float x) {
    float normal = x < 1.17549435e-38f ? x * 8388608.0f : x;
    float e = nnc_log_exponent_f32(normal);
    e = x < 1.17549435e-38f ? e - 23.0f : e;
    float f = nnc_log_fraction_f32(normal);
    float y = e * 6.93145752e-1f + (f + (nnc_log_tail_f32(f) + e * 1.42860682e-6f));
    y = x < INFINITY ? y : x;
    y = x == 0.0f ? -INFINITY : y;
    return x < 0.0f ? NAN : y;
}

/* log x, at most 2 ulp off; log(+-0) = -inf, NaN for x < 0. */
NNC_INLINE double nnc_log_f64(double x) {
    double normal = x < 2.2250738585072014e-308 ? x * 4503599627370496.0 : x;
    double e = nnc_log_exponent_f64(normal);
    e = x < 2.2250738585072014e-308 ? e - 52.0 : e;
    double f = nnc_log_fraction_f64(normal);
    double y = e * 6.9314718055920821e-1 + (f + (nnc_log_tail_f64(f) + e * 7.3710025651677989e-13));
    y = x < (double)INFINITY ? y : x;
    y = x == 0.0 ? -(double)INFINITY : y;
    return x < 0.0 ? (double)NAN : y;
}

/* log(1 + x), at most 2 ulp off: 1 + x is rounded to u, and what was lost comes back as (1 + x - u) / u; where u lies
   around 1, f is x itself. */
NNC_INLINE float nnc_log1p_f32(float x) {
    float u = nnc_stored_f32(1.0f + x);
    float lost = x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
    float e = nnc_log_exponent_f32(u);
    float f = e == 0.0f ? x : nnc_log_fraction_f32(u);
    float correction = e == 0.0f ? 0.0f : lost / u;
    float y = e * 6.93145752e-1f + (f + (nnc_log_tail_f32(f) + (e * 1.42860682e-6f + correction)));
    y = x < INFINITY ? y : x;
    y = x == -1.0f ? -INFINITY : y;
    y = fabsf(x) < 1e-8f ? x : y;
    return x < -1.0f ? NAN : y;
}

/* log(1 + x), at most 2 ulp off; as nnc_log1p_f32. */
NNC_INLINE double nnc_log1p_f64(double x) {
    double u = nnc_stored_f64(1.0 + x);
    double lost = x < 1.0 ? x - (u - 1.0) : 1.0 - (u - x);
    double e = nnc_log_exponent_f64(u);
    double f = e == 0.0 ? x : nnc_log_fraction_f64(u);
    double correction = e == 0.0 ? 0.0 : lost / u;
    double y = e * 6.9314718055920821e-1 + (f + (nnc_log_tail_f64(f) + (e * 7.3710025651677989e-13 + correction)));
    y = x < (double)INFINITY ? y : x;
    y = x == -1.0 ? -(double)INFINITY : y;
    y = fabs(x) < 1e-17 ? x : y;
    return x < -1.0 ? (double)NAN : y;
}

/* x - log(1 + x) for x in [0, 1]: q x^2 with a minimax polynomial q of x - 1/2 by Estrin's scheme, and no exponent to
   take off; 0 where nothing of it is left beside x: the square may lie below the normal range, where processors are slow. */
NNC_INLINE float nnc_log1p_defect_f32(float x) {
    float t = x - 0.5f, s = t * t, f = s * s;
    float low = (9.32318568e-2f - 5.10890596e-2f * t) * s + (3.78139555e-1f - 1.79224893e-1f * t);
    float high = (1.01777101e-2f - 6.93069631e-3f * t) * s + (2.89049987e-2f - 1.66569855e-2f * t);
    float q = (3.31846625e-3f * f + high) * f + low;
    float u = x < 1e-12f ? 0.0f : x;
    return q * u * u;
}

/* x - log(1 + x) for x in [0, 1], from the series of atanh(s), s = x / (2 + x); 0 as in the other. */
NNC_INLINE double nnc_log1p_defect_f64(double x) {
    double u = x < 1e-20 ? 0.0 : x;
    double s = u / (2.0 + u);
    double z = s * s;
    double p = 0.16459024946144951;
    p = p * z + 0.069994830607837879;
    p = p * z + 0.10971193215152114;
    p = p * z + 0.11716154003322478;
    p = p * z + 0.13336787168052358;
    p = p * z + 0.15384453027703077;
    p = p * z + 0.18181823161793872;
    p = p * z + 0.22222222126425273;
    p = p * z + 0.28571428572497298;
    p = p * z + 0.39999999999994063;
    p = p * z + 0.66666666666666674;
    double half = 0.5 * u * u;
    return half - s * (half + z * p);
}

/* log(e^x + e^y) of x, y and e = e^-|x - y|; what log(1 + e) lacks of e is taken off the larger first, so that little is
   rounded twice. */
NNC_INLINE float nnc_logaddexp_of_f32(float x, float y, float e) {
    float larger = x > y ? x : y;
    float sum = e + (larger - nnc_log1p_defect_f32(e));
    return x == y ? x + 6.93147181e-1f : sum;
}

/* As nnc_logaddexp_of_f32. */
NNC_INLINE double nnc_logaddexp_of_f64(double x, double y, double e) {
    double larger = x > y ? x : y;
    double sum = e + (larger - nnc_log1p_defect_f64(e));
    return x == y ? x + 6.9314718055994531e-1 : sum;
}

/* log(e^x + e^y), at most 2 ulp of max(|x|, |y|, 1/2, |result|) off: near 0 it is a difference, as NumPy's is. */
NNC_INLINE float nnc_logaddexp_f32(float x, float y) {
    return nnc_logaddexp_of_f32(x, y, nnc_exp_below_f32(-fabsf(x - y)));
}

/* log(e^x + e^y), at most 2 ulp of max(|x|, |y|, 1/2, |result|) off: near 0 it is a difference, as NumPy's is. */
NNC_INLINE double nnc_logaddexp_f64(double x, double y) {
    return nnc_logaddexp_of_f64(x, y, nnc_exp_below_f64(-fabs(x - y)));
}
