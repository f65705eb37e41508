/* A function that knows nothing of the unit it stands in: where units are translated in parts, these are a part of their
   own, which is the same in many units and is translated for the first of them. Not for functions that compilers fit to
   the numbers of their callers, such as those of convolutions. */
#if defined(__GNUC__) && defined(NNC_PART)
#define NNC_COMMON __attribute__((visibility("hidden")))
#elif defined(NNC_PART)
#define NNC_COMMON
#else
#define NNC_COMMON static
#endif
