/* SPDX-License-Identifier: MIT */
/*
 * Sorting unsigned keys by their bits; included once for each width, after sort_order.h and with
 * the same words defined.  First by the highest bits that differ, then each bucket alike, until
 * few are left, which are sorted by insertion.  What bits differ is looked at for each bucket: so
 * keys that lie close together cost no empty rounds, and every round makes at least two
 * buckets.
 */

static inline void NAME(insert)(const KEY *x, size_t n, KEY *out)
{
	for (size_t i = 0; i < n; i++) {
		KEY key = x[i];
		size_t j = i;

		for (; j > 0 && out[j - 1] > key; j--)
			out[j] = out[j - 1];
		out[j] = key;
	}
}

/* How many low bits are not the same in all. */
static inline unsigned NAME(bits)(const KEY *x, size_t n)
{
	KEY differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= x[i] ^ x[0];
	return differ ? 64 - (unsigned)__builtin_clzll(differ) : 0;
}

/*
 * Sorts n keys at x, fewer than FILCH_SORT_MANY, with room for as many at y; they end at y if to_y.
 * Each bit is looked at in one round only, so RADIX_PLACES are enough for all rounds.
 */
static void NAME(buckets)(KEY *x, KEY *y, size_t n, bool to_y, uint16_t *at)
{
	unsigned bits, now, shift;
	size_t begin = 0;

	if (n <= RADIX_FEW) {
		NAME(insert)(x, n, to_y ? y : x);
		return;
	}
	bits = NAME(bits)(x, n);
	if (!bits) {
		if (to_y)
			memcpy(y, x, n * sizeof *x);
		return;
	}
	now = radix_now(n, n * sizeof *x, bits);
	shift = bits - now;
	memset(at, 0, sizeof *at << now);
	for (size_t i = 0; i < n; i++)
		at[radix_digit(x[i] >> shift, now)]++;
	for (size_t k = 0, sum = 0; k < 1u << now; k++) {
		size_t count = at[k];

		at[k] = (uint16_t)sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		y[at[radix_digit(x[i] >> shift, now)]++] = x[i];
	for (size_t k = 0; k < 1u << now; begin = at[k++])
		if (at[k] > begin)
			NAME(buckets)(y + begin, x + begin, at[k] - begin, !to_y, at + (1u << now));
}

static void NAME(near)(KEY *x, KEY *y, size_t n, bool to_y)
{
	uint16_t at[RADIX_PLACES];

	NAME(buckets)(x, y, n, to_y, at);
}

/* ---- many, in parts ---------------------------------------------------------------------- */

struct NAME(many) {
	KEY *x, *y;
	size_t n;
	bool to_y;
	unsigned shift, now;
	size_t blocks;
	size_t *at; /* of each block, for each digit */
};

static void NAME(block)(const struct NAME(many) * m, size_t block, bool scatter)
{
	size_t begin = part_begin(m->n, block, m->blocks);
	size_t end = part_begin(m->n, block + 1, m->blocks);
	size_t *at = m->at + (block << m->now);

	if (scatter)
		for (size_t i = begin; i < end; i++)
			m->y[at[radix_digit(m->x[i] >> m->shift, m->now)]++] = m->x[i];
	else
		for (size_t i = begin; i < end; i++)
			at[radix_digit(m->x[i] >> m->shift, m->now)]++;
}

static int NAME(count)(void *ctx, size_t block, filch_worker *w)
{
	(void)w;
	NAME(block)(ctx, block, false);
	return 0;
}

static int NAME(scatter)(void *ctx, size_t block, filch_worker *w)
{
	(void)w;
	NAME(block)(ctx, block, true);
	return 0;
}

static void NAME(sort)(KEY *x, KEY *y, size_t n, bool to_y, filch_worker *w);

/* After the last block was scattered its places are where the buckets end. */
static int NAME(bucket)(void *ctx, size_t k, filch_worker *w)
{
	const struct NAME(many) *m = ctx;
	const size_t *ends = m->at + ((m->blocks - 1) << m->now);
	size_t begin = k ? ends[k - 1] : 0;

	if (ends[k] > begin)
		NAME(sort)(m->y + begin, m->x + begin, ends[k] - begin, !m->to_y, w);
	return 0;
}

static void NAME(many_buckets)(struct NAME(many) * m, filch_worker *w)
{
	filch__in_parts(w, m->blocks, NAME(count), m);
	filch__places(m->at, m->blocks, (size_t)1 << m->now);
	filch__in_parts(w, m->blocks, NAME(scatter), m);
	filch__in_parts(w, (size_t)1 << m->now, NAME(bucket), m);
}

static void NAME(sort)(KEY *x, KEY *y, size_t n, bool to_y, filch_worker *w)
{
	size_t alone[1 << RADIX_BITS] = {0};
	struct NAME(many) m = {x, y, n, to_y, 0, RADIX_BITS, 1, alone};
	unsigned bits;

	if (n < FILCH_SORT_MANY && !filch_stopping(w)) {
		NAME(near)(x, y, n, to_y);
		return;
	}
	bits = filch_stopping(w) ? 0 : NAME(bits)(x, n);
	if (!bits) {
		if (to_y)
			memcpy(y, x, n * sizeof *x);
		return;
	}
	m.now = bits < RADIX_BITS ? bits : RADIX_BITS;
	m.shift = bits - m.now;
	m.at = calloc((size_t)RADIX_BLOCKS << m.now, sizeof *m.at);
	if (m.at)
		m.blocks = RADIX_BLOCKS;
	else
		m.at = alone;
	NAME(many_buckets)(&m, w);
	if (m.at != alone)
		free(m.at);
}

/* ---- without memory ------------------------------------------------------------------------- */

struct NAME(few) {
	KEY *x;
	size_t n;
};

/* Exchange by the highest bit that differs, then both halves. */
static int NAME(exchange)(void *arg, filch_worker *w)
{
	struct NAME(few) *f = arg, low, high;
	size_t begin = 0, end = f->n;
	unsigned bits;

	if (f->n <= RADIX_FEW || !(bits = NAME(bits)(f->x, f->n))) {
		NAME(insert)(f->x, f->n, f->x);
		return 0;
	}
	while (begin < end) {
		KEY key = f->x[begin];

		if (key >> (bits - 1) & 1) {
			f->x[begin] = f->x[--end];
			f->x[end] = key;
		} else {
			begin++;
		}
	}
	low = (struct NAME(few)){f->x, begin};
	high = (struct NAME(few)){f->x + begin, f->n - begin};
	return filch_join2(w, NAME(exchange), &low, NAME(exchange), &high);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void NAME(encode)(KEY *x, size_t n, enum number how)
{
	if (how == FLOATING)
		for (size_t i = 0; i < n; i++)
			x[i] = NAME(key)(x[i], FLOATING);
	else if (how == SIGNED)
		for (size_t i = 0; i < n; i++)
			x[i] = NAME(key)(x[i], SIGNED);
}

static void NAME(decode)(KEY *x, size_t n, enum number how)
{
	if (how == FLOATING)
		for (size_t i = 0; i < n; i++)
			x[i] = NAME(number)(x[i], FLOATING);
	else
		NAME(encode)(x, n, how);
}

struct NAME(numbers) {
	KEY *x;
	size_t n;
	enum number how;
};

static int NAME(encode_part)(void *ctx, size_t block, filch_worker *w)
{
	const struct NAME(numbers) *c = ctx;
	size_t begin = part_begin(c->n, block, RADIX_BLOCKS);

	(void)w;
	NAME(encode)(c->x + begin, part_begin(c->n, block + 1, RADIX_BLOCKS) - begin, c->how);
	return 0;
}

static int NAME(decode_part)(void *ctx, size_t block, filch_worker *w)
{
	const struct NAME(numbers) *c = ctx;
	size_t begin = part_begin(c->n, block, RADIX_BLOCKS);

	(void)w;
	NAME(decode)(c->x + begin, part_begin(c->n, block + 1, RADIX_BLOCKS) - begin, c->how);
	return 0;
}

static void NAME(all)(const struct typed *t, filch_worker *w)
{
	struct NAME(numbers) c = {t->base, t->n, t->how};

	if (NAME(sort_ordered)(t, w))
		return;
	filch__in_parts(w, RADIX_BLOCKS, NAME(encode_part), &c);
	if (t->scratch)
		NAME(sort)(c.x, t->scratch, c.n, false, w);
	else
		NAME(exchange)(&(struct NAME(few)){c.x, c.n}, w);
	filch__in_parts(w, RADIX_BLOCKS, NAME(decode_part), &c);
}

/* So few that nobody else is asked. */
static void NAME(here)(KEY *x, size_t n, enum number how)
{
	KEY y[RADIX_HERE];

	if (NAME(in_order)(x, n, false, how))
		return;
	NAME(encode)(x, n, how);
	NAME(near)(x, y, n, false);
	NAME(decode)(x, n, how);
}
