/* Random numbers as nnc/ops/random.py draws them: a hash of the key, the stream and the element's number. */

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
NNC_INLINE uint32_t nnc_stream_word_u32(uint64_t state) {
    uint64_t word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9u;
    word = (word ^ word >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(word ^ word >> 31);
}

/* The two-round hash 'lowbias32' (C. Wellons, hash-prospector). */
NNC_INLINE uint32_t nnc_mix_u32(uint32_t word) {
    word = (word ^ word >> 16) * 0x7FEB352Du;
    word = (word ^ word >> 15) * 0x846CA68Bu;
    return word ^ word >> 16;
}

/* 24 bits of the element of this number; the two words come from key and stream. */
NNC_INLINE int32_t nnc_random_bits_i32(uint32_t number, uint32_t first, uint32_t second) {
    return (int32_t)(nnc_mix_u32(nnc_mix_u32(number * 0x9E3779B9u + first) ^ second) >> 8);
}
