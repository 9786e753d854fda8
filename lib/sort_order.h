/* SPDX-License-Identifier: MIT */
/*
 * Numbers as keys, and the order that is already among them; included once for each width, with
 * KEY (the unsigned type), INT and REAL (the other numbers of that width), NANS (how many NaNs have
 * a sign: they would come first, and all others are moved down by as much, so that they come
 * last) and NAME(x) defined.
 */

static const KEY NAME(sign) = (KEY)1 << (8 * sizeof(KEY) - 1);

/* Numbers as keys that compare like them, and back. */
static inline __attribute__((always_inline)) KEY NAME(key)(KEY x, enum number how)
{
	const KEY sign = NAME(sign);

	if (how == FLOATING)
		return (KEY)((x ^ (sign | (0 - (x >> (8 * sizeof x - 1))))) - NANS);
	return how == SIGNED ? x ^ sign : x;
}

static inline __attribute__((always_inline)) KEY NAME(number)(KEY x, enum number how)
{
	const KEY sign = NAME(sign);

	if (how == FLOATING) {
		x += NANS;
		return x ^ (sign | ((x >> (8 * sizeof x - 1)) - 1));
	}
	return how == SIGNED ? x ^ sign : x;
}

static inline __attribute__((always_inline)) bool NAME(above)(KEY a, KEY b, enum number how)
{
	return how == SIGNED ? (INT)a > (INT)b : NAME(key)(a, how) > NAME(key)(b, how);
}

/* Of 64 bits one at a time is faster than several, of 32 it is not. */
static inline __attribute__((always_inline)) bool NAME(steady)(const KEY *low, const KEY *high,
                                                               size_t n, enum number how)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		wrong |= NAME(above)(low[i], high[i], how);
		if (sizeof(KEY) == 8 && wrong)
			return false;
	}
	return !wrong;
}

typedef REAL NAME(reals) __attribute__((vector_size(16)));
typedef INT NAME(signs) __attribute__((vector_size(16)));

/* A few at once, as the processor compares them; but zeros by their signs, and NaNs are wrong. */
static inline __attribute__((always_inline)) void NAME(look_at)(const KEY *low, const KEY *high,
                                                                NAME(signs) * wrong)
{
	NAME(reals) a, b;

	memcpy(&a, low, sizeof a);
	memcpy(&b, high, sizeof b);
	*wrong |= ~(NAME(signs))(a <= b) | ((NAME(signs))b & ~(NAME(signs))a & (INT)NAME(sign));
}

/* Those that were not looked at are few. */
static inline size_t NAME(steady_reals)(const KEY *low, const KEY *high, size_t n, bool *wrong)
{
	const size_t step = sizeof(NAME(reals)) / sizeof(KEY);
	NAME(signs) any = {0};
	size_t i = 0;

	for (; i + 4 * step <= n; i += 4 * step) {
		NAME(look_at)(low + i, high + i, &any);
		NAME(look_at)(low + i + step, high + i + step, &any);
		NAME(look_at)(low + i + 2 * step, high + i + 2 * step, &any);
		NAME(look_at)(low + i + 3 * step, high + i + 3 * step, &any);
	}
	for (size_t k = 0; k < step; k++)
		*wrong |= any[k] != 0;
	return i;
}

/* Whether no two neighbours of n numbers stand in the wrong order. */
static bool NAME(in_order)(const KEY *x, size_t n, bool falls, enum number how)
{
	const KEY *low = x + falls, *high = x + !falls;
	bool wrong = false;
	size_t i;

	if (how == SIGNED)
		return NAME(steady)(low, high, n - 1, SIGNED);
	if (how == PLAIN)
		return NAME(steady)(low, high, n - 1, PLAIN);
	i = NAME(steady_reals)(low, high, n - 1, &wrong);
	return !wrong && NAME(steady)(low + i, high + i, n - 1 - i, FLOATING);
}

struct NAME(order) {
	const KEY *x;
	size_t n;
	enum number how;
	_Atomic unsigned rises, falls, mixed; /* stretches that are so; a few more if mixed */
};

/* Stretches share an element, so that nothing is between them. */
static int NAME(look)(void *ctx, size_t block, filch_worker *w)
{
	struct NAME(order) *o = ctx;
	size_t i = part_begin(o->n, block, RADIX_BLOCKS);
	size_t end = part_begin(o->n, block + 1, RADIX_BLOCKS);
	unsigned seen[2] = {0};

	(void)w;
	/* relaxed: a hint; the join orders what is read at the end. */
	for (i -= i > 0; i + 1 < end && load_relaxed(&o->mixed) <= RADIX_TURNS;
	     i += RADIX_LOOK - 1) {
		const KEY *x = o->x + i;
		size_t n = end - i < RADIX_LOOK ? end - i : RADIX_LOOK;
		bool falls = NAME(above)(x[0], x[n - 1], o->how);

		if (!NAME(in_order)(x, n, falls, o->how))
			fetch_add_relaxed(&o->mixed, 1);
		else if (x[0] != x[n - 1])
			seen[falls]++;
	}
	fetch_add_relaxed(&o->rises, seen[0]);
	fetch_add_relaxed(&o->falls, seen[1]);
	return 0;
}

static int NAME(compare)(const void *a, const void *b, void *ctx)
{
	const enum number *how = ctx;
	KEY x = *(const KEY *)a, y = *(const KEY *)b;

	return NAME(above)(x, y, *how) - NAME(above)(y, x, *how);
}

/* If there is much order it is made use of; then they are sorted. */
static bool NAME(sort_ordered)(const struct typed *t, filch_worker *w)
{
	struct NAME(order) look = {t->base, t->n, t->how, 0, 0, 0};
	enum number how = t->how;
	struct order o = {NAME(compare), &how, sizeof(KEY)};

	filch__in_parts(w, RADIX_BLOCKS, NAME(look), &look);
	if (!load_relaxed(&look.mixed) && !load_relaxed(&look.falls))
		return true;
	if (!load_relaxed(&look.mixed) && !load_relaxed(&look.rises))
		filch__reverse_parts(t->base, t->n, sizeof(KEY), w);
	else if (load_relaxed(&look.mixed) <= RADIX_TURNS && t->n >= FILCH_SORT_MANY && t->scratch)
		filch__sort_all(&o, t->base, t->scratch, t->n, w);
	else
		return false;
	return true;
}
