/* SPDX-License-Identifier: MIT */
/* Options as bytes: any size, any number in any field; just as much memory as they say they have. */
#define _GNU_SOURCE
#include "loop.h"
#include "pool.h"
#include "text.h"

#include <string.h>

/* A struct of which only the first `size` bytes are there, if it is not larger than it can be. */
static void *exact(const void *whole, size_t size, size_t most)
{
	const size_t bytes = size < sizeof size ? sizeof size : size > most ? most : size;
	void *p = malloc(bytes);

	expect(p != NULL);
	return memcpy(p, whole, bytes);
}

/* ---- of a call ------------------------------------------------------------------------------------ */

/* The header's rules, of what a program of this version would see. */
static bool makes_sense(const struct filch_options *o, size_t n)
{
	const bool bounds = o->min_chunk || o->max_chunk;

	if (bounds && (o->chunk || (o->max_chunk && o->max_chunk < o->min_chunk)))
		return false;
	if (o->pause_ns && ((o->chunk && o->chunk != 1) || (o->min_chunk && o->min_chunk != 1)))
		return false;
	if (!(o->cost_ns >= 0) || !(o->cost_ns < 1e18))
		return false;
	return !o->status || n <= SIZE_MAX / sizeof(int);
}

static bool is_version(const struct filch_options *o)
{
	return o->struct_size >= offsetof(struct filch_options, label) &&
	       o->struct_size <= sizeof *o && o->report_size <= sizeof(struct filch_report);
}

void fuzz_call_options(struct bytes *b)
{
	const uint8_t how = next_byte(b);
	const size_t n = how & 2 ? SIZE_MAX - how : how;
	struct filch_options o, seen, out, *user;
	int code;

	next_bytes(b, &o, sizeof o);
	if (how & 1) {
		o.struct_size = offsetof(struct filch_options, label) + how;
		o.report_size = how;
	}
	user = exact(&o, o.struct_size, sizeof o);
	code = filch__options_read(&out, user, n);
	memset(&seen, 0, sizeof seen);
	if (is_version(&o))
		memcpy(&seen, user, o.struct_size);
	free(user);
	expect(code == (is_version(&o) && makes_sense(&seen, n) ? FILCH_OK : FILCH_EINVAL));
	expect(code || (out.chunk == seen.chunk && out.cancel == seen.cancel &&
	                out.timeout_ns == seen.timeout_ns && out.report == seen.report));
}

/* ---- of a pool, and its name ---------------------------------------------------------------------- */

static int ran(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	*(size_t *)ctx += end - begin;
	return 0;
}

static void use(filch_pool *pool, unsigned workers)
{
	size_t items = 0;

	expect(filch_pool_width(pool) >= 1 && filch_pool_width(pool) <= FILCH_MAX_WORKERS);
	expect(!workers || filch_pool_width(pool) == workers);
	expect(strnlen(pool->name, sizeof pool->name) < sizeof pool->name);
	expect(filch_for(pool, 10, ran, &items, FILCH(.max_workers = 1)) == 0 && items == 10);
	expect(filch_pool_destroy(pool) == 0);
}

void fuzz_pool_options(struct bytes *b)
{
	const uint8_t how = next_byte(b);
	const uint8_t wide = next_byte(b);
	struct filch_pool_options o = {.struct_size = sizeof o}, *user;
	filch_pool *pool = (filch_pool *)(void *)&o;
	char *name;
	int code;

	o.workers = how & 1 ? wide * 5u : (unsigned)wide << 24;
	if (how & 2)
		o.struct_size = (how & 4 ? SIZE_MAX : sizeof o) - wide;
	next_bytes(b, &o.stack_bytes, sizeof o.stack_bytes);
	next_bytes(b, &o.spin_ns, sizeof o.spin_ns);
	name = rest_as_string(b);
	o.name = how & 8 ? name : NULL;
	/* Half a field is whatever it is: only whole ones here. */
	o.struct_size &= ~(size_t)7;
	user = exact(&o, o.struct_size, sizeof o);
	code = filch_pool_create(&pool, user);
	free(user);
	if (o.struct_size < sizeof o.struct_size || o.struct_size > sizeof o ||
	    (o.struct_size > offsetof(struct filch_pool_options, workers) &&
	     o.workers > FILCH_MAX_WORKERS))
		expect(code == FILCH_EINVAL);
	else
		expect(code == FILCH_OK);
	expect(!pool == !!code);
	if (pool)
		use(pool,
		    o.struct_size > offsetof(struct filch_pool_options, workers) ? o.workers : 0);
	free(name);
}
