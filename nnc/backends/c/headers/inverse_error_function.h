/* The inverse of erf: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied
   Statistics 37 (1988), a quotient of polynomials for each of three stretches. */

/* For |x| <= 0.85, r = 0.180625 - (x / 2)^2: what x / 2 is multiplied with. */
NNC_INLINE double nnc_erfinv_centre_f64(double r) {
    double p = 2509.0809287301227;
    p = p * r + 33430.57558358813;
    p = p * r + 67265.7709270087;
    p = p * r + 45921.95393154987;
    p = p * r + 13731.69376550946;
    p = p * r + 1971.5909503065513;
    p = p * r + 133.14166789178438;
    p = p * r + 3.3871328727963665;
    double q = 5226.495278852854;
    q = q * r + 28729.085735721943;
    q = q * r + 39307.89580009271;
    q = q * r + 21213.794301586597;
    q = q * r + 5394.196021424751;
    q = q * r + 687.1870074920579;
    q = q * r + 42.31333070160091;
    q = q * r + 1.0;
    return p / q;
}

/* Above that, of r = sqrt(-log((1 - |x|) / 2)) - 1.6. */
NNC_INLINE double nnc_erfinv_side_f64(double r) {
    double p = 0.0007745450142783414;
    p = p * r + 0.022723844989269184;
    p = p * r + 0.2417807251774506;
    p = p * r + 1.2704582524523684;
    p = p * r + 3.6478483247632045;
    p = p * r + 5.769497221460691;
    p = p * r + 4.630337846156546;
    p = p * r + 1.4234371107496835;
    double q = 1.0507500716444169e-09;
    q = q * r + 0.0005475938084995345;
    q = q * r + 0.015198666563616457;
    q = q * r + 0.14810397642748008;
    q = q * r + 0.6897673349851;
    q = q * r + 1.6763848301838038;
    q = q * r + 2.053191626637759;
    q = q * r + 1.0;
    return p / q;
}

/* Where the root is above 5, of r less than it by 5. */
NNC_INLINE double nnc_erfinv_end_f64(double r) {
    double p = 2.0103343992922881e-07;
    p = p * r + 2.7115555687434876e-05;
    p = p * r + 0.0012426609473880784;
    p = p * r + 0.026532189526576124;
    p = p * r + 0.29656057182850487;
    p = p * r + 1.7848265399172913;
    p = p * r + 5.463784911164114;
    p = p * r + 6.657904643501103;
    double q = 2.0442631033899397e-15;
    q = q * r + 1.421511758316446e-07;
    q = q * r + 1.8463183175100548e-05;
    q = q * r + 0.0007868691311456133;
    q = q * r + 0.014875361290850615;
    q = q * r + 0.1369298809227358;
    q = q * r + 0.599832206555888;
    q = q * r + 1.0;
    return p / q;
}

/* The number whose erf is x; infinite for -1 and 1, NaN beyond. */
NNC_INLINE double nnc_erfinv_f64(double x) {
    double h = 0.5 * x;
    double centre = h * nnc_erfinv_centre_f64(0.180625 - h * h);
    double a = fabs(x);
    double root = sqrt(-nnc_log_f64(0.5 * (1.0 - a)));
    double side = root > 5.0 ? nnc_erfinv_end_f64(root - 5.0) : nnc_erfinv_side_f64(root - 1.6);
    side = a == 1.0 ? (double)INFINITY : side;
    return (a > 0.85 ? copysign(side, x) : centre) * 0.70710678118654752;
}

/* The number whose erf is x, by doubles. */
NNC_INLINE float nnc_erfinv_f32(float x) {
    return (float)nnc_erfinv_f64((double)x);
}
