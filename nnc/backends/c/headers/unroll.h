/* Above a loop with a number of turns known when compiled: each turn is written out, so that what its counter selects
   may stay in a register. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* where nothing is left of a loop to write out */
#define NNC_UNROLL _Pragma("unroll")
#elif defined(__GNUC__) && __GNUC__ >= 8
#define NNC_UNROLL _Pragma("GCC unroll 32")
#else
#define NNC_UNROLL
#endif
