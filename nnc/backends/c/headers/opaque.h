/* What a compiler takes for a variable, so that it knows nothing of its value. */
#if defined(__GNUC__)
#define NNC_OPAQUE static __attribute__((used))
#else
#define NNC_OPAQUE static
#endif
