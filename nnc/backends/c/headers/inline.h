/* What loops call for each of their elements: compilers tire of a long function and would leave calls in it, and a loop with
   a call is not vectorised. */
#if defined(__GNUC__)
#define NNC_INLINE static inline __attribute__((always_inline))
#else
#define NNC_INLINE static inline
#endif
