/* erf: below 1 an odd polynomial, above it 1 - e^-q(x), where q = -log erfc is so smooth that a short polynomial
   serves; both minimax, the second weighted with erfc, since errors of q count by so much. */

/* erf x, at most 2 ulp off. */
NNC_INLINE float nnc_erf_f32(float x) {
    float z = x * x;
    float p = 7.92036153e-5f;
    p = p * z - 8.0307608e-4f;
    p = p * z + 5.19073382e-3f;
    p = p * z - 2.6855126e-2f;
    p = p * z + 1.12836182e-1f;
    p = p * z - 3.76126289e-1f;
    p = p * z + 1.28379166e-1f;
    float a = fabsf(x);
    float t = (a > 3.95f ? 3.95f : a) - 2.0f;
    float q = -1.91815809e-4f;
    q = q * t + 6.93283684e-4f;
    q = q * t - 3.56314867e-3f;
    q = q * t + 1.64823271e-2f;
    q = q * t + 9.23755407e-1f;
    q = q * t + 4.41816044f;
    q = q * t + 5.36494112f;
    return a < 1.0f ? x + x * p : copysignf(1.0f - nnc_exp_moderate_f32(-q), x);
}

/* erf x, at most 2 ulp off. */
NNC_INLINE double nnc_erf_f64(double x) {
    double z = x * x;
    double p = -7.9248409099939844e-10;
    p = p * z + 1.3787005564148783e-8;
    p = p * z - 1.6223228541680352e-7;
    p = p * z + 1.6449212421953068e-6;
    p = p * z - 1.4924865989770638e-5;
    p = p * z + 1.2055300469434944e-4;
    p = p * z - 8.548326107652225e-4;
    p = p * z + 5.2239776083247303e-3;
    p = p * z - 2.6866170643128046e-2;
    p = p * z + 1.128379167094221e-1;
    p = p * z - 3.761263890318341e-1;
    p = p * z + 1.2837916709551256e-1;
    double a = fabs(x);
    double t = (a > 5.95 ? 5.95 : a) - 2.0;
    double q = -1.7535930229471629e-11;
    q = q * t + 8.4715028691347841e-11;
    q = q * t + 1.524501079066267e-10;
    q = q * t - 2.6224523851222527e-9;
    q = q * t + 1.4233859072825916e-8;
    q = q * t - 5.7666500332975437e-8;
    q = q * t + 1.7287513947333548e-7;
    q = q * t - 2.0379889611190304e-7;
    q = q * t - 1.9520017836301869e-6;
    q = q * t + 2.070653922670359e-5;
    q = q * t - 1.3530938265338133e-4;
    q = q * t + 7.3239935256727757e-4;
    q = q * t - 3.5707563433328708e-3;
    q = q * t + 1.6465118140545545e-2;
    q = q * t + 9.2375084182401068e-1;
    q = q * t + 4.418160805994332;
    q = q * t + 5.3649412646166326;
    return a < 1.0 ? x + x * p : copysign(1.0 - nnc_exp_moderate_f64(-q), x);
}
