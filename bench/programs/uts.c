/* SPDX-License-Identifier: MIT */
/*
 * Unbalanced tree search (Olivier et al., LCPC 2006): counts a tree that is made as it is
 * searched; nobody knows beforehand where it is large.  A node is a SHA-1 hash, a child that of
 * its parent's hash and of its own number; the hash says how many children there are.
 * T1: 0 to 96 of them, geometrically distributed, in ten levels.  T3: 2000 at the root, below
 * that 8 with a probability just under an eighth, else none: deep and thin.
 * The serial program makes a child and searches it, one after the other; the forking one does so with
 * a fork per node.
 */
#include "programs.h"

#include <stdint.h>

enum { HASH_WORDS = 5, CHILDREN_MOST = 100 };

struct uts_node {
	uint32_t hash[HASH_WORDS];
	int depth;
};

struct uts_counts {
	int nodes, leaves, depth;
};

/* ---- SHA-1 of a message of one block ------------------------------------------------------- */

static inline uint32_t rotate(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

/* A step, in which f is what it does to b, c and d; and twenty of them, each with the names moved on,
 * so that nothing has to be moved from one to the other. */
#define SHA1_STEP(a, b, c, d, e, f, constant, word)                                                \
	e += rotate(a, 5) + f(b, c, d) + (constant) + (word);                                      \
	b = rotate(b, 30);
#define SHA1_STEPS(from, f, constant)                                                              \
	for (int i = (from); i < (from) + 20; i += 5) {                                            \
		SHA1_STEP(a, b, c, d, e, f, constant, w[i])                                        \
		SHA1_STEP(e, a, b, c, d, f, constant, w[i + 1])                                    \
		SHA1_STEP(d, e, a, b, c, f, constant, w[i + 2])                                    \
		SHA1_STEP(c, d, e, a, b, f, constant, w[i + 3])                                    \
		SHA1_STEP(b, c, d, e, a, f, constant, w[i + 4])                                    \
	}

static inline uint32_t sha1_choice(uint32_t b, uint32_t c, uint32_t d)
{
	return d ^ (b & (c ^ d));
}

static inline uint32_t sha1_parity(uint32_t b, uint32_t c, uint32_t d)
{
	return b ^ c ^ d;
}

static inline uint32_t sha1_majority(uint32_t b, uint32_t c, uint32_t d)
{
	return (b & c) | (d & (b | c));
}

/* The hash of the first `words` of w, of which there are at most 13. */
static inline void sha1(uint32_t hash[HASH_WORDS], uint32_t w[80], int words)
{
	static const uint32_t start[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
	                                 0xc3d2e1f0};
	uint32_t a = start[0], b = start[1], c = start[2], d = start[3], e = start[4];

	w[words] = 0x80000000;
	for (int i = words + 1; i < 15; i++)
		w[i] = 0;
	w[15] = 32 * (uint32_t)words;
	for (int i = 16; i < 80; i++) {
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		CALL_ENDS(); /* one by one: gcc would do two at once, and wait for both */
	}
	SHA1_STEPS(0, sha1_choice, 0x5a827999)
	SHA1_STEPS(20, sha1_parity, 0x6ed9eba1)
	SHA1_STEPS(40, sha1_majority, 0x8f1bbcdc)
	SHA1_STEPS(60, sha1_parity, 0xca62c1d6)
	hash[0] = start[0] + a;
	hash[1] = start[1] + b;
	hash[2] = start[2] + c;
	hash[3] = start[3] + d;
	hash[4] = start[4] + e;
}

/* ---- the trees -------------------------------------------------------------------------- */

/* What is known of a tree: of T1 for so many levels, of T3 for so many children of the root. */
struct uts_known {
	int size;
	struct uts_counts counts;
};

/* As published; the small ones counted by a program in another language. */
static const struct uts_known known[] = {
	{10, {4130071, 3305118, 10}},
	{5, {3987, 3232, 5}},
	{2000, {4112897, 3599034, 1572}},
	{40, {6521, 5710, 67}},
};

/* A hash this large or larger: that many children, or more. */
static double enough[CHILDREN_MOST + 1];
static int levels;   /* of T1, or 0 */
static int branches; /* of the root of T3 */
static struct uts_node origin;

/* The original takes the floor of log(1 - h / 2^31) / log(4 / 5). */
static void uts_thresholds(void)
{
	double fewer = 1;

	for (int k = 0; k <= CHILDREN_MOST; k++) {
		enough[k] = (1 - fewer) * 2147483648.0;
		fewer *= 0.8;
	}
}

static void uts_root(uint32_t seed)
{
	uint32_t w[80] = {0, 0, 0, 0, seed};

	sha1(origin.hash, w, HASH_WORDS);
	origin.depth = 0;
}

static int t1_prepare(int size)
{
	uts_thresholds();
	levels = size;
	uts_root(19);
	return 0;
}

static int t3_prepare(int size)
{
	levels = 0;
	branches = size;
	uts_root(42);
	return 0;
}

static inline int uts_children(const struct uts_node *n)
{
	const double random = n->hash[HASH_WORDS - 1] & 0x7fffffff;
	int k = 0;

	if (levels) {
		while (n->depth < levels && random >= enough[k + 1])
			k++;
		return k;
	}
	return n->depth == 0 ? branches : random < 0.124875 * 2147483648.0 ? 8 : 0;
}

/* Not inlined, so that what a hash is formed in is not on the stack of the recursion. */
NOINLINE static void uts_child(struct uts_node *child, const struct uts_node *parent, int number)
{
	uint32_t w[80];

	for (int i = 0; i < HASH_WORDS; i++)
		w[i] = parent->hash[i];
	w[HASH_WORDS] = (uint32_t)number;
	sha1(child->hash, w, HASH_WORDS + 1);
	child->depth = parent->depth + 1;
}

static inline struct uts_counts uts_sum(struct uts_counts a, struct uts_counts b)
{
	return (struct uts_counts){a.nodes + b.nodes, a.leaves + b.leaves,
	                           a.depth > b.depth ? a.depth : b.depth};
}

/* ---- the search ------------------------------------------------------------------------- */

NOINLINE static struct uts_counts uts_serial(const struct uts_node *n)
{
	const int children = uts_children(n);
	struct uts_counts sum = {1, children == 0, n->depth};
	struct uts_node child;

	for (int i = 0; i < children; i++) {
		uts_child(&child, n, i);
		sum = uts_sum(sum, uts_serial(&child));
		CALL_ENDS();
	}
	return sum;
}

/* Child i of n, all below it, and all children that follow: these are forked as one task, so that
 * one record is enough, and a node costs no more branches that cannot be predicted than it does in the
 * serial program. */
FILCH_TASK3(struct uts_counts, uts, const struct uts_node *, parent, int, i, int, n)
{
	FILCH_RECORD(uts) next;
	struct uts_node child;
	struct uts_counts sum;
	int children;

	uts_child(&child, parent, i);
	children = uts_children(&child);
	sum = (struct uts_counts){1, children == 0, child.depth};
	if (i + 1 == n)
		return children ? uts_sum(sum, FILCH_CALL(uts, &child, 0, children)) : sum;
	FILCH_FORK(next, uts, parent, i + 1, n);
	if (children)
		sum = uts_sum(sum, FILCH_CALL(uts, &child, 0, children));
	return uts_sum(sum, FILCH_JOIN(next, uts));
}

/* The number of nodes, if all the counts are what they should be. */
static double uts_checked(int size, struct uts_counts counts)
{
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].size == size && known[i].counts.nodes == counts.nodes &&
		    known[i].counts.leaves == counts.leaves &&
		    known[i].counts.depth == counts.depth)
			return counts.nodes;
	return PROGRAM_WRONG;
}

static double uts_serial_run(int size)
{
	return uts_checked(size, uts_serial(&origin));
}

static double uts_typed_run(filch_worker *w, int size)
{
	const struct uts_counts root = {1, 0, 0};

	return uts_checked(size,
	                   uts_sum(root, FILCH_ENTER(w, uts, &origin, 0, uts_children(&origin))));
}

const struct program program_uts_t1 = {
	.name = "uts-T1",
	.size = 10,
	.small = 5,
	.result = 4130071,
	.small_result = 3987,
	.one = 1.00,
	.two = 0.50,
	.prepare = t1_prepare,
	.serial = uts_serial_run,
	.typed = uts_typed_run,
};

const struct program program_uts_t3 = {
	.name = "uts-T3",
	.size = 2000,
	.small = 40,
	.result = 4112897,
	.small_result = 6521,
	.one = 1.00,
	.two = 0.50,
	.prepare = t3_prepare,
	.serial = uts_serial_run,
	.typed = uts_typed_run,
};
