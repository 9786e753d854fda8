/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PACK_H
#define FILCH_PACK_H
/*
 * What filch_filter() and filch_partition() do with items that have been asked about.  Like
 * they, it uses the public headers alone, but for call_whole() of call.h.
 */
#include <filch/pick.h>

#include "atomic.h"

/* ---- pack.c -------------------------------------------------------------------------- */

/* Items on their way. */
struct pack {
	const char *items;
	char *out;  /* to which the picked ones go; may be items */
	char *rest; /* scratch memory to which the others go, or NULL: they are dropped */
	size_t bytes;
};

/*
 * Items begin .. end - 1, packed where they stood: the picked ones are out[begin ...], the others
 * rest[begin ...].
 */
struct packed {
	size_t begin, end;
	size_t kept; /* how many were picked */
	size_t to;   /* where those belong */
};

/*
 * Packs the picked ones of items first .. first + n - 1 to out, the others to rest unless that is
 * NULL; both have room for all, and out may be where the items are or below.  Returns how many
 * were picked.
 */
size_t filch__pack_block(const struct pack *p, size_t first, size_t n, char *out, char *rest,
                         const bool *marks);

/*
 * All items are in these runs, which are in order: brings together in out what was picked, and
 * behind it the rest, if there is one.  Returns how many were picked.
 */
size_t filch__pack_close(const struct pack *p, filch_pool *pool, struct packed *runs, size_t count,
                         unsigned max_workers);

/* ---- pick.c -------------------------------------------------------------------------- */

/* What is asked for at once; so many items are a call that needs no memory. */
enum { PICK_ITEMS = 1024 };

struct hand;

/* A call: which items, and who is asked. */
struct pick {
	struct pack p;
	filch_mark_fn *mark;
	void *ctx;
	struct hand *hands; /* one for each worker's id */
	size_t width;
	atomic_bool missed;   /* there was no memory to note some range */
	atomic_size_t failed; /* the lowest item that those who failed did not come to; SIZE_MAX */
};

/*
 * Packs what was picked to out, and the others behind it if there is scratch memory for n in rest.
 * After an error out holds anything, or with rest what it held, in another order.
 */
int filch__pick(struct pick *p, filch_pool *pool, size_t n, size_t *kept,
                const struct filch_options *options);

/* Fills in *o from the options of a program built against whatever version of the header. */
int filch__pick_options(struct filch_options *o, const struct filch_options *options);

/* Whether there can be such an array. */
bool filch__pick_fits(const void *items, size_t bytes, size_t n);

#endif
