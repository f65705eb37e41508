/* What takes most of the time wherever it is used: optimised in full, also in units that are too long for it. */
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
#define NNC_HOT __attribute__((optimize("O3")))
#else
#define NNC_HOT
#endif
/* What stands around that, and takes little time itself: at the highest level GCC writes it out several times, and takes
   longer for it than for all the rest. */
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
#define NNC_AROUND __attribute__((optimize("O2")))
#else
#define NNC_AROUND
#endif
