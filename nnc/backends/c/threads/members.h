/* Threads that share work which comes in so many parts: one for less than the least that is worth it, then two, and one
   more with each half of that. With an OpenMP library it is one or all: the library would end those that a smaller team
   leaves out, and start them again for the next one. */
#ifdef _OPENMP
static int nnc_members(int64_t parts, int64_t work, int64_t least) {
    const int64_t all = omp_get_max_threads();
    if (parts < 2 || work < least) {
        return 1;
    }
#ifdef NNC_OWN
    const int64_t wanted = work / (least / 2), fitting = wanted < parts ? wanted : parts;
    return (int)(fitting < all ? fitting : all);
#else
    return (int)all;
#endif
}

/* How many of these threads have something to do where the parts are fewer. */
static inline int nnc_busy(int64_t parts, int threads) {
#ifdef NNC_OWN
    return parts < threads ? (int)parts : threads;
#else
    return parts < 2 ? 1 : threads;
#endif
}
#else
#define nnc_members(parts, work, least) 1
#define nnc_busy(parts, threads) 1
#endif
