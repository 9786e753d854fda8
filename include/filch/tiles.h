/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TILES_H
#define FILCH_TILES_H
/*
 * Loops over two and three dimensions, in tiles that fit a cache.
 *
 *     static int transpose(void *ctx, const struct filch_tile *t, filch_worker *w)
 *     {
 *             struct matrices *m = ctx;
 *             (void)w;
 *             for (size_t i = t->begin[0]; i < t->end[0]; i++)
 *                     for (size_t k = t->begin[1]; k < t->end[1]; k++)
 *                             m->out[k * m->rows + i] = m->in[i * m->columns + k];
 *             return 0;
 *     }
 *
 *     filch_for2(NULL, rows, columns, NULL, transpose, &m, NULL);
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows begin[0] .. end[0] - 1, and of each the columns begin[1] .. end[1] - 1; never empty. */
struct filch_tile {
	size_t begin[2], end[2];
};

/* The same with planes first, then rows, then columns. */
struct filch_box {
	size_t begin[3], end[3];
};

/* Runs all cells of a tile, or of a part of one.  0 = go on; anything else stops the loop. */
typedef int filch_body2(void *ctx, const struct filch_tile *tile, filch_worker *w);
typedef int filch_body3(void *ctx, const struct filch_box *box, filch_worker *w);

/*
 * The parallel version of
 *
 *     for (size_t i = 0; i < rows; i += tile[0])
 *             for (size_t k = 0; k < columns; k += tile[1]) {
 *                     struct filch_tile t = the cells from (i, k) on, tile[0] by tile[1] of them
 *                                           or what is left of them at an edge;
 *                     int code = body(ctx, &t, w);
 *                     if (code)
 *                             return code;
 *             }
 *     return 0;
 *
 * tile is two numbers, rows and columns; 0 or NULL leaves them to filch, which takes as many as
 * fill a cache (8,192 cells at most, 64 columns of them).  That depends on rows and columns alone.
 * A tile that you give is run as a whole; one of filch's may be cut, where there are few, into
 * parts that are neighbours in row-major order.
 *
 * Such tiles are for bodies that come by the same memory again, in a row above or a column beside.
 * A body that goes through each row once is faster in whole rows: {1, columns}, or filch_for().
 *
 * Errors: the cells have an order, tile after tile in row-major order and in each tile row by row.
 * If body keeps to it and returns the code of the first cell that fails, that of the first
 * in this order is returned, at every width and on every run; all cells before it have run, and
 * no tile behind it starts any more.  Who needs the order of the serial loop over rows gives
 * tiles of one row, {1, columns}.
 * Also those of filch_for(), and FILCH_EINVAL if body is NULL or if there are more cells than a
 * size_t can count.
 *
 * Options are those of filch_for(), for a loop over tiles: chunk, min_chunk and max_chunk count
 * tiles or their parts, as does the report.  status and first_error are for tiles that you gave,
 * both numbers, in row-major order; FILCH_EINVAL otherwise.  filch_fail() means nothing here.
 *
 * One call of body for each tile or part, of which there are some hundred if there are fewer than 64
 * tiles; three divisions for each of them are all that is done besides.  No memory but the stack.
 */
FILCH_API int filch_for2(filch_pool *pool, size_t rows, size_t columns, const size_t *tile,
                         filch_body2 *body, void *ctx, const struct filch_options *options);

/*
 * The same in three dimensions: planes, rows, columns; tile is three numbers, or NULL.  A tile of
 * filch's has 64 columns at most, and 16 rows in a plane.
 */
FILCH_API int filch_for3(filch_pool *pool, size_t planes, size_t rows, size_t columns,
                         const size_t *tile, filch_body3 *body, void *ctx,
                         const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
