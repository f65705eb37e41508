/* The quotient rounded down; y is positive. */
static inline int64_t nnc_floor_divide_i64(int64_t x, int64_t y) {
    return x >= 0 ? x / y : -((y - 1 - x) / y);
}
