/* exp and expm1: x = n log 2 + r with |r| <= log(2) / 2, a minimax polynomial in r, then 2^n.
   Reduction after Cody & Waite, "Software Manual for the Elementary Functions" (1980), chapter 6: log 2 in two parts,
   the first so short that n times it is exact. n is rounded by adding 1.5 * 2^23 (2^52), whose low bits then hold n:
   no conversion of a float to an integer, which would be undefined for NaN. */

/* e^r - 1 - r for |r| <= 0.3475; error below 2^-26 |r|. By Estrin's scheme, whose terms do not wait for each other: what
   needs an exponential often needs a quotient behind it, and a processor sees but a few of such chains at once. */
NNC_INLINE float nnc_exp_tail_f32(float r) {
    float s = r * r;
    float low = 1.66665375e-1f * r + 0.5f, high = 8.36730283e-3f * r + 4.16666120e-2f;
    return ((1.39174738e-3f * s + high) * s + low) * s;
}

/* e^r - 1 - r for |r| <= 0.3475; error below 2^-60 |r|. */
NNC_INLINE double nnc_exp_tail_f64(double r) {
    double q = 2.0895291043273694e-9;
    q = q * r + 2.510909326430338e-8;
    q = q * r + 2.7557323646822749e-7;
    q = q * r + 2.7557244076670997e-6;
    q = q * r + 2.4801587285562502e-5;
    q = q * r + 1.9841269886320442e-4;
    q = q * r + 1.3888888888893601e-3;
    q = q * r + 8.3333333333214799e-3;
    q = q * r + 4.1666666666666664e-2;
    q = q * r + 1.6666666666666677e-1;
    q = q * r + 0.5;
    return q * (r * r);
}

/* e^x, at most 2 ulp off; underflows gradually. */
NNC_INLINE float nnc_exp_f32(float x) {
    float a = nnc_at_least_f32(nnc_at_most_f32(x, 89.0f), -105.0f);
    float shifted = nnc_stored_f32(a * 1.44269504f + 12582912.0f);
    float n = shifted - 12582912.0f;
    float first = a - n * 6.93145752e-1f;
    float rest = n * 1.42860682e-6f;
    float r = first - rest;
    float tail = nnc_exp_tail_f32(r) + ((first - r) - rest);
    return nnc_scale_f32(1.0f + (r + tail), nnc_bits_f32(shifted) - 0x4B400000u);
}

/* e^x, at most 2 ulp off; underflows gradually. */
NNC_INLINE double nnc_exp_f64(double x) {
    double a = nnc_at_least_f64(nnc_at_most_f64(x, 710.0), -746.0);
    double shifted = nnc_stored_f64(a * 1.4426950408889634 + 6755399441055744.0);
    double n = shifted - 6755399441055744.0;
    double first = a - n * 6.9314718055920821e-1;
    double rest = n * 7.3710025651677989e-13;
    double r = first - rest;
    double tail = nnc_exp_tail_f64(r) + ((first - r) - rest);
    return nnc_scale_f64(1.0 + (r + tail), nnc_bits_f64(shifted) - 0x4338000000000000u);
}

/* e^x for x <= 0, at most 2 ulp off; underflows gradually: 2^(n+64) is always in the normal range, and its exponent stands
   in the low bits of the number that n is rounded by. NaN stays NaN. */
NNC_INLINE float nnc_exp_below_f32(float x) {
    float a = nnc_at_least_f32(x, -105.0f);
    float shifted = nnc_stored_f32(a * 1.44269504f + 12583103.0f);
    float n = shifted - 12583103.0f;
    float r = (a - n * 6.93145752e-1f) - n * 1.42860682e-6f;
    float scale = nnc_from_bits_f32(nnc_bits_f32(shifted) << 23);
    return (1.0f + (r + nnc_exp_tail_f32(r))) * scale * 5.42101086e-20f;
}

/* e^x for x <= 0, at most 2 ulp off; as nnc_exp_below_f32. */
NNC_INLINE double nnc_exp_below_f64(double x) {
    double a = nnc_at_least_f64(x, -746.0);
    double shifted = nnc_stored_f64(a * 1.4426950408889634 + 6755399441056831.0);
    double n = shifted - 6755399441056831.0;
    double r = (a - n * 6.9314718055920821e-1) - n * 7.3710025651677989e-13;
    double scale = nnc_from_bits_f64(nnc_bits_f64(shifted) << 52);
    return (1.0 + (r + nnc_exp_tail_f64(r))) * scale * 5.4210108624275222e-20;
}

/* e^x for |x| <= 87, at most 2 ulp off: nnc_exp_f32 without what it does for larger x. */
NNC_INLINE float nnc_exp_moderate_f32(float x) {
    float shifted = nnc_stored_f32(x * 1.44269504f + 12582912.0f);
    float n = shifted - 12582912.0f;
    float r = (x - n * 6.93145752e-1f) - n * 1.42860682e-6f;
    float scale = nnc_from_bits_f32((nnc_bits_f32(shifted) - 0x4B400000u + 127u) << 23);
    return scale * (1.0f + (r + nnc_exp_tail_f32(r)));
}

/* e^x for |x| <= 708, at most 2 ulp off: nnc_exp_f64 without what it does for larger x. */
NNC_INLINE double nnc_exp_moderate_f64(double x) {
    double shifted = nnc_stored_f64(x * 1.4426950408889634 + 6755399441055744.0);
    double n = shifted - 6755399441055744.0;
    double r = (x - n * 6.9314718055920821e-1) - n * 7.3710025651677989e-13;
    double scale = nnc_from_bits_f64((nnc_bits_f64(shifted) - 0x4338000000000000u + 1023u) << 52);
    return scale * (1.0 + (r + nnc_exp_tail_f64(r)));
}

/* e^x - 1, at most 2 ulp off: (2^n - 1) + 2^n r summed with its rounding error (Fast2Sum, Muller et al., "Handbook of
   Floating-Point Arithmetic", 2nd ed., algorithm 4.3), all by 2^(n-1) so that n = 128 does not overflow early. */
NNC_INLINE float nnc_expm1_f32(float x) {
    float a = nnc_at_least_f32(nnc_at_most_f32(x, 89.0f), -25.0f);
    float shifted = nnc_stored_f32(a * 1.44269504f + 12582912.0f);
    float n = shifted - 12582912.0f;
    float first = a - n * 6.93145752e-1f;
    float rest = n * 1.42860682e-6f;
    float r = first - rest;
    float tail = nnc_exp_tail_f32(r) + ((first - r) - rest);
    float scale = nnc_from_bits_f32((nnc_bits_f32(shifted) - 0x4B400000u + 126u) << 23);
    float base = scale - 0.5f;
    float linear = scale * r;
    float sum = base + linear;
    float lost = linear - (sum - base);
    float y = 2.0f * (sum + (lost + scale * tail));
    return fabsf(x) < 1e-8f ? x : y;
}

/* e^x - 1, at most 2 ulp off; as nnc_expm1_f32. */
NNC_INLINE double nnc_expm1_f64(double x) {
    double a = nnc_at_least_f64(nnc_at_most_f64(x, 710.0), -50.0);
    double shifted = nnc_stored_f64(a * 1.4426950408889634 + 6755399441055744.0);
    double n = shifted - 6755399441055744.0;
    double first = a - n * 6.9314718055920821e-1;
    double rest = n * 7.3710025651677989e-13;
    double r = first - rest;
    double tail = nnc_exp_tail_f64(r) + ((first - r) - rest);
    double scale = nnc_from_bits_f64((nnc_bits_f64(shifted) - 0x4338000000000000u + 1022u) << 52);
    double base = scale - 0.5;
    double linear = scale * r;
    double sum = base + linear;
    double lost = linear - (sum - base);
    double y = 2.0 * (sum + (lost + scale * tail));
    return fabs(x) < 1e-17 ? x : y;
}
