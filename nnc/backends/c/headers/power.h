/* Powers, with the special cases of IEEE 754 (and of NumPy): x^0 = 1^y = 1 for all x and y, NaN included. */

/* x^y, at most 1 ulp off: e^(y log |x|) in double, and the sign of x where y is odd. */
static inline float nnc_power_f32(float x, float y) {
    double exponent = (double)y;
    float size = (float)nnc_exp_f64(exponent * nnc_log_f64(fabs((double)x)));
    double whole = floor(exponent);
    double half = 0.5 * exponent;
    float sign = whole == exponent && floor(half) != half ? copysignf(1.0f, x) : 1.0f;
    float z = copysignf(size, sign);
    z = x < 0.0f && x > -INFINITY && whole != exponent ? NAN : z;
    z = x == -1.0f && fabsf(y) == INFINITY ? 1.0f : z;
    return x == 1.0f || y == 0.0f ? 1.0f : z;
}

/* x^y: libm's, since y log |x| would need more than a double holds. */
static inline double nnc_power_f64(double x, double y) {
    return pow(x, y);
}
