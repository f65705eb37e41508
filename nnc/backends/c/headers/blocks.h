/* Rows and columns of the blocks that a product is computed in, one block if it must be alone, or by one thread or several.
   Threads share rows where each gets several tiles of them, and more if B fits no cache: all of them read all of B, but a
   thread has most of its rows of A from itself, while it would have only its share of the columns of A. Otherwise they
   share columns, and each reads and packs its part of B alone; but not where there are so few strips of these that threads
   would have nothing to do for more than a fifth of the time. Of a turned A each packs all that it reads, too, so that
   they share what C has more of. Few rows are computed as B lies there, of which each thread gets so many columns that
   it does not read ahead what another one is to read. No sum depends on it. */
static NNC_AROUND void nnc_blocks_f32(int64_t rows, int64_t inner, int64_t columns, bool turned, bool alone,
                                      int64_t threads, int64_t *height, int64_t *width) {
    enum { ROWS = NNC_TILE_ROWS, MOST = 32 * ROWS, WIDTH = NNC_TILE_BYTES / sizeof(float), FITS = 512 * 1024 };
    enum { ROWS_ALONE = ROWS / 2, READ_ALONE = 512 / sizeof(float) };
    const int64_t cached = nnc_height_f32(inner), tall = cached < MOST ? cached : MOST;
    const int64_t least = (inner * columns * (int64_t)sizeof(float) <= FITS ? 4 : 8) * ROWS * threads;
    const int64_t strips = (columns + WIDTH - 1) / WIDTH, each = (strips + threads - 1) / threads, share = each * WIDTH;
    const bool waits = each * threads * 4 > strips * 5, is_wide = turned && columns > rows && !waits;
    const bool shares_rows = !is_wide && (rows > least || (waits && rows <= tall && rows >= ROWS * threads));
    const int64_t turns = (rows + tall * threads - 1) / (tall * threads), blocks = turns * threads;
    const int64_t part = shares_rows ? (rows + blocks * ROWS - 1) / (blocks * ROWS) * ROWS : rows;
    *height = alone || is_wide ? rows : part < tall ? part : tall;
    const int64_t narrow = rows < ROWS_ALONE ? READ_ALONE : 1;
    *width = alone || shares_rows ? columns : share < narrow ? narrow : share;
    if (*height < 1) {
        *height = 1;
    }
    if (*width < 1) {
        *width = 1;
    }
}

/* A block of a product that has so many rows in all: to the bits that the whole would have. */
NNC_COMMON NNC_AROUND void nnc_built_in_part_f32(int64_t whole, int64_t rows, int64_t inner, int64_t columns,
                                                 const float *a, int64_t a_row, int64_t a_column, const float *b,
                                                 int64_t b_row, int64_t b_column, float *c, int64_t c_row, bool add) {
    enum { ROWS_ALONE = NNC_TILE_ROWS / 2 };
    if (whole < ROWS_ALONE || inner == 0) {
        nnc_built_in_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    } else {
        nnc_blocked_product_f32(rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    }
}

/* The same where a BLAS may compute it, which then has the whole. */
static NNC_AROUND void nnc_product_part_f32(const nnc_run *run, int64_t whole, int64_t rows, int64_t inner,
                                            int64_t columns, const float *a, int64_t a_row, int64_t a_column,
                                            const float *b, int64_t b_row, int64_t b_column, float *c, int64_t c_row,
                                            bool add) {
    if (nnc_calls_blas_f32(run)) {
        nnc_product_f32(run, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    } else {
        nnc_built_in_part_f32(whole, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    }
}

/* The same for B that also lies there in strips, from its column with b on, and with a bias: see
   `nnc_packed_product_f32`. */
static NNC_AROUND void nnc_prepacked_part_f32(const nnc_run *run, int64_t whole, int64_t rows, int64_t inner,
                                              int64_t columns, const float *a, int64_t a_row, int64_t a_column,
                                              const float *b, int64_t b_row, int64_t b_column, float *c, int64_t c_row,
                                              const float *strips, const float *bias, float low, float high) {
    enum { ROWS_ALONE = NNC_TILE_ROWS / 2, CACHED = NNC_LAST_CACHE / 2 / sizeof(float) };
    if (whole < ROWS_ALONE && run->prepacked != NULL && inner * b_row <= CACHED && !nnc_calls_blas_f32(run)) {
        for (int64_t i = 0; i < rows; i++) {
            nnc_strips_row_f32(inner, columns, a + i * a_row, a_column, strips, c + i * c_row, bias, low, high);
        }
        return;
    }
    if (whole < ROWS_ALONE || nnc_calls_blas_f32(run)) {
        nnc_product_part_f32(run, whole, rows, inner, columns, a, a_row, a_column, b, b_row, b_column, c, c_row, false);
        if (bias != NULL) {
            nnc_add_bias_f32(rows, columns, c, c_row, bias, low, high);
        }
        return;
    }
    const int64_t height = nnc_height_f32(inner);
    for (int64_t i = 0; i < rows; i += height) {
        nnc_packed_product_f32(rows - i < height ? rows - i : height, inner, columns, a + i * a_row, a_row, a_column,
                               strips, c + i * c_row, c_row, bias, low, high);
    }
}
