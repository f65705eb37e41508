/* 1 - erf: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969). */

/* e^-x^2 for 0 <= x <= 30: that of a number with few digits, whose square is exact, times that of the rest. */
NNC_INLINE double nnc_bell_f64(double x) {
    double near = floor(16.0 * x) * 0.0625;
    return nnc_exp_f64(-near * near) * nnc_exp_f64((near - x) * (near + x));
}

/* 1 - erf(x) for |x| <= 0.46875. */
NNC_INLINE double nnc_erfc_near_f64(double x) {
    double z = x * x;
    double p = 0.18577770618460315;
    p = p * z + 3.1611237438705655;
    p = p * z + 113.86415415105016;
    p = p * z + 377.485237685302;
    p = p * z + 3209.3775891384694;
    double q = z + 23.601290952344122;
    q = q * z + 244.02463793444417;
    q = q * z + 1282.6165260773723;
    q = q * z + 2844.236833439171;
    return 1.0 - x * (p / q);
}

/* (1 - erf(x)) e^x^2 for 0.46875 < x <= 4. */
NNC_INLINE double nnc_erfc_middle_f64(double x) {
    double p = 2.1531153547440383e-08;
    p = p * x + 0.5641884969886701;
    p = p * x + 8.883149794388377;
    p = p * x + 66.11919063714163;
    p = p * x + 298.6351381974001;
    p = p * x + 881.952221241769;
    p = p * x + 1712.0476126340707;
    p = p * x + 2051.0783778260716;
    p = p * x + 1230.3393547979972;
    double q = x + 15.744926110709835;
    q = q * x + 117.6939508913125;
    q = q * x + 537.1811018620099;
    q = q * x + 1621.3895745666903;
    q = q * x + 3290.7992357334597;
    q = q * x + 4362.619090143247;
    q = q * x + 3439.3676741437216;
    q = q * x + 1230.3393548037495;
    return p / q;
}

/* (1 - erf(x)) e^x^2 for x > 4. */
NNC_INLINE double nnc_erfc_far_f64(double x) {
    double z = 1.0 / (x * x);
    double p = 0.016315387137302097;
    p = p * z + 0.30532663496123236;
    p = p * z + 0.36034489994980445;
    p = p * z + 0.12578172611122926;
    p = p * z + 0.016083785148742275;
    p = p * z + 0.0006587491615298378;
    double q = z + 2.568520192289822;
    q = q * z + 1.8729528499234604;
    q = q * z + 0.5279051029514285;
    q = q * z + 0.06051834131244132;
    q = q * z + 0.0023352049762686918;
    return (0.56418958354775629 - z * (p / q)) / x;
}

/* 1 - erf(x), also where that is small. */
NNC_INLINE double nnc_erfc_f64(double x) {
    double a = fabs(x) > 30.0 ? 30.0 : fabs(x);
    double tail = (a > 4.0 ? nnc_erfc_far_f64(a) : nnc_erfc_middle_f64(a)) * nnc_bell_f64(a);
    tail = x < 0.0 ? 2.0 - tail : tail;
    return a > 0.46875 ? tail : nnc_erfc_near_f64(x);
}

/* 1 - erf(x), by doubles. */
NNC_INLINE float nnc_erfc_f32(float x) {
    return (float)nnc_erfc_f64((double)x);
}
