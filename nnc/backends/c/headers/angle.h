/* The angle of a point: Moshier's rational approximation of arctan (Cephes, 1984) after the angle was brought below
   pi / 4 by exchanging height and breadth, and below 0.585 by turning it by pi / 4. */

/* arctan t for |t| <= 0.66. */
NNC_INLINE double nnc_arctan_tail_f64(double t) {
    double z = t * t;
    double p = -0.8750608600031904;
    p = p * z + -16.157537187333652;
    p = p * z + -75.00855792314705;
    p = p * z + -122.88666844901361;
    p = p * z + -64.85021904942025;
    double q = z + 24.858464901423062;
    q = q * z + 165.02700983169885;
    q = q * z + 432.88106049129027;
    q = q * z + 485.3903996359137;
    q = q * z + 194.5506571482614;
    return t + t * (z * (p / q));
}

/* The angle of the point with height y and breadth x, between -pi and pi. */
NNC_INLINE double nnc_arctan2_f64(double y, double x) {
    double a = fabs(x), b = fabs(y);
    double least = b < a ? b : a, most = b < a ? a : b;
    double t = least == most ? (most == 0.0 ? 0.0 : 1.0) : least / most;
    double turned = t > 0.66 ? (t - 1.0) / (t + 1.0) : t;
    double angle = nnc_arctan_tail_f64(turned);
    angle = t > 0.66 ? 0.78539816339744831 + (angle + 3.0616169978683830e-17) : angle;
    angle = b > a ? 1.5707963267948966 - (angle - 6.1232339957367660e-17) : angle;
    angle = copysign(1.0, x) < 0.0 ? 3.1415926535897931 - (angle - 1.2246467991473532e-16) : angle;
    return ((x != x) | (y != y)) ? x + y : copysign(angle, y);
}

/* The angle of the point with height y and breadth x, by doubles. */
NNC_INLINE float nnc_arctan2_f32(float y, float x) {
    return (float)nnc_arctan2_f64((double)y, (double)x);
}
