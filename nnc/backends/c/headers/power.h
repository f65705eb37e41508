/* Powers, with the special cases of IEEE 754 (and of NumPy): x^0 = 1^y = 1 for all x and y, NaN included. */

/* log x for a float x >= 0 in double; relative error below 2^-35, as much as nnc_power_f32 needs. */
NNC_INLINE double nnc_power_log_f64(double x) {
    double f = nnc_log_fraction_f64(x);
    double p = 0.05510455112676239;
    p = p * f - 0.09980133099255036;
    p = p * f + 0.09994362288376202;
    p = p * f - 0.09900974130137653;
    p = p * f + 0.11009512950962551;
    p = p * f - 0.12499777880464419;
    p = p * f + 0.14290687823803488;
    p = p * f - 0.16666832874547963;
    p = p * f + 0.19999893360645837;
    p = p * f - 0.24999996389367768;
    p = p * f + 0.3333333409090911;
    p = p * f - 0.5000000001458531;
    double y = nnc_log_exponent_f64(x) * 0.69314718055994531 + (f + p * (f * f));
    y = x < (double)INFINITY ? y : x;
    return x == 0.0 ? -(double)INFINITY : y;
}

/* e^x, relative error below 2^-38; beyond |x| = 200 as there, which no float can hold. */
NNC_INLINE double nnc_power_exp_f64(double x) {
    double a = x > 200.0 ? 200.0 : x;
    a = a < -200.0 ? -200.0 : a;
    double shifted = nnc_stored_f64(a * 1.4426950408889634 + 6755399441055744.0);
    double r = a - (shifted - 6755399441055744.0) * 0.69314718055994531;
    double q = 2.4887627032614698e-05;
    q = q * r + 0.00019909282451875256;
    q = q * r + 0.0013888796394083323;
    q = q * r + 0.008333281211611613;
    q = q * r + 0.0416666670543279;
    q = q * r + 0.1666666678683364;
    q = q * r + 0.4999999999951959;
    double scale = nnc_from_bits_f64((nnc_bits_f64(shifted) - 0x4338000000000000u + 1023u) << 52);
    return scale * (1.0 + (r + q * (r * r)));
}

/* x^y, at most 1 ulp off: e^(y log |x|) in double, and the sign of x where y is odd. */
NNC_INLINE float nnc_power_f32(float x, float y) {
    double exponent = (double)y;
    float size = (float)nnc_power_exp_f64(exponent * nnc_power_log_f64(fabs((double)x)));
    double whole = floor(exponent);
    double half = 0.5 * exponent;
    float sign = whole == exponent && floor(half) != half ? copysignf(1.0f, x) : 1.0f;
    float z = copysignf(size, sign);
    z = x < 0.0f && x > -INFINITY && whole != exponent ? NAN : z;
    z = x == -1.0f && fabsf(y) == INFINITY ? 1.0f : z;
    return x == 1.0f || y == 0.0f ? 1.0f : z;
}

/* x^y: libm's, since y log |x| would need more than a double holds. */
NNC_INLINE double nnc_power_f64(double x, double y) {
    return pow(x, y);
}
