/* The order of elements by size. */

/* A number without sign that is larger for larger x, the same for 0 and -0, and the largest for NaN. */
NNC_INLINE uint64_t nnc_key_f32(float x) {
    const uint32_t bits = nnc_bits_f32(x == 0.0f ? 0.0f : x);
    return x != x ? UINT64_MAX : bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* As nnc_key_f32. */
NNC_INLINE uint64_t nnc_key_f64(double x) {
    const uint64_t bits = nnc_bits_f64(x == 0.0 ? 0.0 : x);
    return x != x ? UINT64_MAX : bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

/* The indices of keys in ascending order, equal ones as they come: runs of 16 sorted by insertion, then runs merged in
   pairs, from one array to the other and back. */
static void nnc_order_u64(const uint64_t *keys, int64_t *order, int64_t *spare, int64_t count) {
    int64_t *from = order, *to = spare;
    for (int64_t i = 0; i < count; i++) {
        int64_t place = i;
        while (place % 16 && keys[order[place - 1]] > keys[i]) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = i;
    }
    for (int64_t width = 16; width < count; width *= 2) {
        for (int64_t start = 0; start < count; start += 2 * width) {
            const int64_t middle = count - start < width ? count : start + width;
            const int64_t end = count - middle < width ? count : middle + width;
            int64_t left = start, right = middle;
            for (int64_t place = start; place < end; place++) {
                const bool is_left = left < middle && (right == end || keys[from[left]] <= keys[from[right]]);
                to[place] = is_left ? from[left++] : from[right++];
            }
        }
        int64_t *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != order) {
        memcpy(order, from, (size_t)count * sizeof *order);
    }
}
