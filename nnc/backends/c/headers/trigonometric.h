/* sin and cos: x in quarter turns, n + t with |t| <= 1/2, then polynomials in r = t pi / 2.
   In float the reduction is exact for every x, in double it is so up to 10^6; beyond that libm's sin and cos serve,
   by a branch which keeps compilers from vectorising: where all |x| <= 10^6, nnc_sin_reduced_f64 is what to call. */

/* What a product with 2 / pi leaves when whole turns (multiples of 4 quarters) are taken away; exact. */
NNC_INLINE double nnc_turn_remainder_f64(double quarters) {
    return quarters - 4.0 * rint(0.25 * quarters);
}

/* sin(x + quadrant pi / 2), at most 2 ulp off for every x. 2 / pi in parts of 29 bits: each product with a float is
   exact, and so are its remainder and, until they cancel, the sums (after Payne & Hanek, 1983, with doubles as
   digits). */
NNC_INLINE float nnc_shifted_sin_f32(float x, uint32_t quadrant) {
    double wide = (double)x;
    double first = nnc_turn_remainder_f64(wide * 0x1.45f306dp-1);
    double second = nnc_turn_remainder_f64(wide * 0x1.9391054p-30);
    double third = nnc_turn_remainder_f64(wide * 0x1.4fe13abp-59);
    double fourth = nnc_turn_remainder_f64(wide * 0x1.d1f534dp-88);
    double fifth = nnc_turn_remainder_f64(wide * 0x1.b81b6c5p-117);
    double rest = wide * 0x1.5993c4p-148 + wide * 0x1.c820ff2p-175;
    double shifted = nnc_stored_f64((first + second + third + fourth + fifth) + 6755399441055744.0);
    double t = ((((first - (shifted - 6755399441055744.0)) + second) + third) + fourth) + fifth + rest;
    quadrant += (uint32_t)(nnc_bits_f64(shifted) & 3u);
    float r = (float)(t * 1.5707963267948966);
    float z = r * r;
    float s = -1.95185974e-4f;
    s = s * z + 8.33219104e-3f;
    s = s * z - 1.66666552e-1f;
    float c = 2.44306702e-5f;
    c = c * z - 1.38873013e-3f;
    c = c * z + 4.16666456e-2f;
    float y = (quadrant & 1u) != 0u ? (1.0f - 0.5f * z) + c * (z * z) : r + r * (z * s);
    return (quadrant & 2u) != 0u ? -y : y;
}

/* sin(x + quadrant pi / 2) for |x| <= 10^6, at most 2 ulp off; some number in [-1, 1] beyond. pi / 2 in four parts, the
   first three so short that n times each is exact; r is the sum of two doubles. */
NNC_INLINE double nnc_shifted_sin_f64(double x, uint64_t quadrant) {
    double a = fabs(x) > 1e6 ? 1e6 : x;
    double shifted = nnc_stored_f64(a * 0.63661977236758138 + 6755399441055744.0);
    double n = shifted - 6755399441055744.0;
    double first = a - n * 0x1.921fb544p+0;
    double product = n * 0x1.0b4611a6p-34;
    double second = first - product;
    double back = second - first;
    double lost = (first - (second - back)) - (product + back);
    double third = n * 0x1.3198a2ep-69 - (lost - n * 0x1.b839a252049c1p-104);
    double r = second - third;
    double low = (second - r) - third;
    quadrant += nnc_bits_f64(shifted) & 3u;
    double z = r * r;
    double s = 1.5896785091625913e-10;
    s = s * z - 2.5050758314483011e-8;
    s = s * z + 2.7557313696374434e-6;
    s = s * z - 1.9841269829833471e-4;
    s = s * z + 8.3333333333224704e-3;
    s = s * z - 1.6666666666666632e-1;
    double c = -1.1359864362803453e-11;
    c = c * z + 2.08757281019689e-9;
    c = c * z - 2.7557314393827152e-7;
    c = c * z + 2.4801587289652797e-5;
    c = c * z - 1.3888888888874457e-3;
    c = c * z + 4.1666666666666602e-2;
    double half = 0.5 * z;
    double rounded = 1.0 - half;
    double cosine = rounded + (((1.0 - rounded) - half) + (c * (z * z) - r * low));
    double y = (quadrant & 1u) != 0u ? cosine : r + (low + r * (z * s));
    return (quadrant & 2u) != 0u ? -y : y;
}

/* sin x, at most 2 ulp off for every x. */
NNC_INLINE float nnc_sin_f32(float x) {
    float y = nnc_shifted_sin_f32(x, 0u);
    return x == 0.0f ? x : y;
}

/* cos x, at most 2 ulp off for every x. */
NNC_INLINE float nnc_cos_f32(float x) {
    return nnc_shifted_sin_f32(x, 1u);
}

/* sin x for |x| <= 10^6, at most 2 ulp off. */
NNC_INLINE double nnc_sin_reduced_f64(double x) {
    double y = nnc_shifted_sin_f64(x, 0u);
    return fabs(x) < 1e-9 ? x : y;
}

/* cos x for |x| <= 10^6, at most 2 ulp off. */
NNC_INLINE double nnc_cos_reduced_f64(double x) {
    return nnc_shifted_sin_f64(x, 1u);
}

/* sin x, at most 2 ulp off up to 10^6, libm's beyond. */
NNC_INLINE double nnc_sin_f64(double x) {
    return fabs(x) <= 1e6 ? nnc_sin_reduced_f64(x) : sin(x);
}

/* cos x, at most 2 ulp off up to 10^6, libm's beyond. */
NNC_INLINE double nnc_cos_f64(double x) {
    return fabs(x) <= 1e6 ? nnc_cos_reduced_f64(x) : cos(x);
}
