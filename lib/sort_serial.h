/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SORT_SERIAL_H
#define FILCH_SORT_SERIAL_H
/*
 * The parts of filch_sort() and filch_merge() that know neither pool nor worker.
 *
 * No comparison is believed: what is read and written, and how often, follows from the counts
 * alone, so that one which contradicts itself can spoil the order and nothing else.
 */
#include <filch/sort.h>

/* How to compare, and how much to move. */
struct order {
	filch_compare *compare;
	void *ctx;
	size_t size;
};

/* Whether a belongs after b. */
static inline size_t above(const struct order *o, const char *a, const char *b)
{
	return o->compare(a, b, o->ctx) > 0;
}

/* Functions whose names end in _of are compiled once for each usual size. */
#define OF_SIZE static inline __attribute__((always_inline))

/* call(size) with a size that the compiler knows, for all usual ones. */
#define BY_SIZE(size, call)                                                                        \
	do {                                                                                       \
		switch (size) {                                                                    \
		case 4:                                                                            \
			call(4);                                                                   \
			break;                                                                     \
		case 8:                                                                            \
			call(8);                                                                   \
			break;                                                                     \
		case 16:                                                                           \
			call(16);                                                                  \
			break;                                                                     \
		case 32:                                                                           \
			call(32);                                                                  \
			break;                                                                     \
		default:                                                                           \
			call(size);                                                                \
		}                                                                                  \
	} while (0)

/* The most that filch__sort_small() is given at once: with its scratch it stays in a cache near
 * by. */
enum { FILCH_SORT_SMALL = 1024 };

/* How many of the first k elements of the merged l and r come from l. */
size_t filch__merge_path(const struct order *o, const char *l, size_t nl, const char *r, size_t nr,
                         size_t k);

/* Stable; out is neither l nor r. */
void filch__merge_serial(const struct order *o, const char *l, size_t nl, const char *r, size_t nr,
                         char *out);

/* Sorts n elements at a, with room for n more at s; the result is at s if to_s, else at a. */
void filch__sort_small(const struct order *o, char *a, char *s, size_t n, bool to_s);

/* How many of the n elements at a stand in order: 0 > (1, 2, ...) is one that falls, strictly. */
size_t filch__run_length(const struct order *o, const char *a, size_t n, bool *falls);

/* Exchanges n bytes with n others. */
void filch__swap(char *a, char *b, size_t n);

/* The last first. */
void filch__reverse(char *a, size_t n, size_t size);

/* Sorts in place by insertion: for few. */
void filch__sort_few(const struct order *o, char *a, size_t n);

#endif
