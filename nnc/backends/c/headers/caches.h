/* Bytes of the largest cache: those of the processor where the compiler is told, else those of many. */
#ifndef NNC_LAST_CACHE
#define NNC_LAST_CACHE (32 * 1024 * 1024)
#endif
