/* A bound of what a function is given, by which a processor takes one minimum or maximum. A constant compilers would carry
   through all that depends on the bounded number, to compare and choose at the end; this they take for a variable. The
   bound stands first in comparisons: so NaN stays NaN. */
#if defined(__GNUC__)
#define NNC_BOUND static __attribute__((used))
#else
#define NNC_BOUND static
#endif
