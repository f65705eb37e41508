/* The order that NumPy's Generator.shuffle brings rows into, drawn from the same numbers. */

/* The high word of a product of two words. */
NNC_INLINE uint64_t nnc_high_product_u64(uint64_t x, uint64_t y) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)x * y >> 64);
#else
    uint64_t low = (x & 0xFFFFFFFFu) * (y & 0xFFFFFFFFu), first = (x >> 32) * (y & 0xFFFFFFFFu) + (low >> 32);
    uint64_t second = (x & 0xFFFFFFFFu) * (y >> 32) + (first & 0xFFFFFFFFu);
    return (x >> 32) * (y >> 32) + (first >> 32) + (second >> 32);
#endif
}

/* One step of a shuffle: the number that is last of those left, i, changes places with the one drawn, unless that is
   too large. Then it changes places with itself: a branch on what is drawn would be foreseen by nothing. */
NNC_INLINE uint64_t nnc_exchange_i64(int64_t *numbers, uint64_t i, uint64_t drawn) {
    const uint64_t fits = drawn <= i, j = fits ? drawn : i;
    const int64_t number = numbers[i];
    numbers[i] = numbers[j];
    numbers[j] = number;
    return i - fits;
}

/* Fisher and Yates's shuffle, with draws of as many bits as the number of those left has, from halves of the words of
   PCG64 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
   Generation", 2014): a linear congruential generator modulo 2^128, whose output is the exclusive or of both words,
   rotated. The low half comes first. A generator is the high and the low word of its state and of its increment, whether
   the high half of the last output is left, and that half. */
static void nnc_shuffle_i64(int64_t *numbers, int64_t count, uint64_t *generator) {
    const uint64_t add_high = generator[2], add_low = generator[3];
    uint64_t high = generator[0], low = generator[1], half = generator[5], i = (uint64_t)count - 1, mask = 1;
    if (count < 2) {
        return;
    }
    while (mask < i) {
        mask = 2 * mask + 1;
    }
    if (generator[4]) {
        i = nnc_exchange_i64(numbers, i, half & mask);
        if (i <= mask >> 1) {
            mask >>= 1;
        }
    }
    generator[4] = 0;
    while (i > 0) {
        const uint64_t product = low * 4865540595714422341u;
        high = high * 4865540595714422341u + low * 2549297995355413924u + add_high +
               nnc_high_product_u64(low, 4865540595714422341u);
        low = product + add_low;
        high += low < product;
        const uint64_t mixed = high ^ low, turn = high >> 58, word = mixed >> turn | mixed << (-turn & 63);
        half = word >> 32;
        i = nnc_exchange_i64(numbers, i, word & 0xFFFFFFFFu & mask);
        if (i <= mask >> 1) {
            mask >>= 1;
        }
        if (i == 0) {
            generator[4] = 1;
            break;
        }
        i = nnc_exchange_i64(numbers, i, half & mask);
        if (i <= mask >> 1) {
            mask >>= 1;
        }
    }
    generator[0] = high;
    generator[1] = low;
    generator[5] = half;
}
