/* A part of a function that runs several times, in other places each time: it stays one function. Where a unit is
   translated in parts, others of these call it. */
#if defined(__GNUC__) && defined(NNC_PART)
#define NNC_APART __attribute__((noinline, visibility("hidden")))
#elif defined(__GNUC__)
#define NNC_APART static __attribute__((noinline))
#elif defined(NNC_PART)
#define NNC_APART
#else
#define NNC_APART static
#endif
