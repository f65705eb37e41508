/* Rows and bytes of a row of the part of a product that is computed in vector registers. */
#ifndef NNC_TILE_ROWS
#ifdef __AVX512F__
#define NNC_TILE_ROWS 8
#define NNC_TILE_BYTES 128
#else
#define NNC_TILE_ROWS 6
#define NNC_TILE_BYTES 64
#endif
#endif
/* Terms of the sums that it has at once: as many rows of the right matrix as a first cache holds, of 32 KB at least. */
#ifndef NNC_TILE_DEPTH
#define NNC_TILE_DEPTH (32 * 1024 / NNC_TILE_BYTES)
#endif
