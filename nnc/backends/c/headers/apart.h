/* A part of a function that runs several times, in other places each time: it stays one function. */
#if defined(__GNUC__)
#define NNC_APART static __attribute__((noinline))
#else
#define NNC_APART static
#endif
