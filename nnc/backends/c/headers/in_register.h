/* Bytes of a vector register. GCC would read what several products share once for each of them, though loads are what a
   processor has least of: what is to stay in a register is said to be changed there. */
#if defined(__AVX512F__)
#define NNC_REGISTER_BYTES 64
#elif defined(__AVX__)
#define NNC_REGISTER_BYTES 32
#else
#define NNC_REGISTER_BYTES 16
#endif
#if defined(__GNUC__) && defined(__AVX512F__)
#define NNC_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#elif defined(__GNUC__) && defined(__SSE2__)
#define NNC_IN_REGISTER(vector) __asm__("" : "+x"(vector))
#else
#define NNC_IN_REGISTER(vector) (void)(vector)
#endif
/* GCC would put pointers beside each other into vectors, and take them out one by one in the loop that reads there. */
#ifdef __GNUC__
#define NNC_BY_ITSELF(pointer) __asm__("" : "+r"(pointer))
#else
#define NNC_BY_ITSELF(pointer) (void)(pointer)
#endif
