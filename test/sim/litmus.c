/* SPDX-License-Identifier: MIT */
/*
 * The memory model itself: small programs whose possible results are known.  All orders are
 * tried, with all that loads may see: just the results that C11 allows must come out, but for
 * those that need a load to see a store that comes later, which no compiler or machine that we
 * know gives without one of the two (docs/sim.md).
 *
 * Threads are separated by |, operations by spaces.  x=1 stores; a:x loads into result a; a:x!2
 * exchanges; x+1 adds; fence.  Behind a dot the order: r release, a acquire, b both, s seq_cst;
 * relaxed without.  What stands behind || comes after all threads have ended.  The results are all values of
 * a, b, c, d in order of name.
 */
#include "scenario.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct litmus {
	const char *name, *program, *results;
};

static const struct litmus tests[] = {
	{"SB", "x=1 a:y | y=1 b:x", "00 01 10 11"},
	{"SB+rel+acq", "x=1.r a:y.a | y=1.r b:x.a", "00 01 10 11"},
	{"SB+sc", "x=1.s a:y.s | y=1.s b:x.s", "01 10 11"},
	{"SB+sc, one load not", "x=1.s a:y | y=1.s b:x.s", "00 01 10 11"},
	{"SB+sc, one store not", "x=1 a:y.s | y=1.s b:x.s", "00 01 10 11"},
	{"SB+fences", "x=1 fence.s a:y | y=1 fence.s b:x", "01 10 11"},
	{"SB+one fence", "x=1 fence.s a:y | y=1 b:x", "00 01 10 11"},
	{"SB+weaker fences", "x=1 fence.b a:y | y=1 fence.b b:x", "00 01 10 11"},
	{"SB+fence and sc", "x=1 fence.s a:y.s | y=1.s b:x.s", "01 10 11"},
	{"MP", "x=1 y=1 | a:y b:x", "00 01 10 11"},
	{"MP+rel", "x=1 y=1.r | a:y b:x", "00 01 10 11"},
	{"MP+acq", "x=1 y=1 | a:y.a b:x", "00 01 10 11"},
	{"MP+rel+acq", "x=1 y=1.r | a:y.a b:x", "00 01 11"},
	{"MP+sc", "x=1.s y=1.s | a:y.s b:x.s", "00 01 11"},
	{"MP+fences", "x=1 fence.r y=1 | a:y fence.a b:x", "00 01 11"},
	{"MP+fence+acq", "x=1 fence.r y=1 | a:y.a b:x", "00 01 11"},
	{"MP+rel+fence", "x=1 y=1.r | a:y fence.a b:x", "00 01 11"},
	{"MP+wrong fences", "x=1 fence.a y=1 | a:y fence.r b:x", "00 01 10 11"},
	{"MP+addition in between", "x=1 y=1.r | y+1 | a:y.a b:x", "00 01 10 11 21"},
	{"MP+store in between", "x=1 y=1.r | y=2 | a:y.a b:x", "00 01 11 20 21"},
	{"MP+second store", "x=1 y=1.r y=2 | a:y.a b:x", "00 01 11 20 21"},
	{"LB", "a:x y=1 | b:y x=1", "00 01 10"}, /* C11: 11, too */
	{"LB+rel+acq", "a:x.a y=1.r | b:y.a x=1.r", "00 01 10"},
	{"CoRR", "x=1 | a:x b:x", "00 01 11"},
	{"CoRR+two", "x=1 x=2 | a:x b:x", "00 01 02 11 12 22"},
	{"CoWR", "x=1 a:x | x=2", "1 2"},
	{"CoRW", "a:x x=1 | x=2", "0 2"},
	{"WRC", "x=1 | a:x y=1 | b:y c:x", "000 001 010 011 100 101 110 111"},
	{"WRC+rel+acq", "x=1 | a:x y=1.r | b:y.a c:x", "000 001 010 011 100 101 111"},
	{"ISA2", "x=1 y=1.r | a:y.a z=1.r | b:z.a c:x", "000 001 010 011 100 101 111"},
	{"IRIW+acq", "x=1.r | y=1.r | a:x.a b:y.a | c:y.a d:x.a",
         "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111"},
	{"IRIW+sc", "x=1.s | y=1.s | a:x.s b:y.s | c:y.s d:x.s",
         "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111"},
	{"R+sc", "x=1.s y=1.s | y=2.s a:x.s b:y", "01 02 11 12"},
	{"S+rel+acq", "x=2 y=1.r | a:y.a x=1 b:x", "01 02 11"},
	{"2+2W", "x=1 y=2 | y=1 x=2 || a:x b:y", "11 12 21 22"},
	{"2+2W+rel", "x=1.r y=2.r | y=1.r x=2.r || a:x b:y", "11 12 21 22"},
	{"2+2W+sc", "x=1.s y=2.s | y=1.s x=2.s || a:x b:y", "12 21 22"},
	{"2+2W+fences", "x=1 fence.s y=2 | y=1 fence.s x=2 || a:x b:y", "12 21 22"},
	{"2+2W+one fence", "x=1 fence.s y=2 | y=1 x=2 || a:x b:y", "11 12 21 22"},
	{"2+2W+weaker fences", "x=1 fence.b y=2 | y=1 fence.b x=2 || a:x b:y", "11 12 21 22"},
	{"2+2W+RMW", "x=1 y!2 | y=1 x!2 || a:x b:y", "11 12 21 22"},
	{"2+2W+RMW+fences", "x=1 fence.s y!2 | y=1 fence.s x!2 || a:x b:y", "12 21 22"},
	{"R+RMW", "x=1 y+1.s | y=2.s a:x.s || b:y", "02 03 12 13"},
	{"R+RMW, one store not sc", "x=1.s y!1.s | y=2 a:x.s || b:y", "01 02 11 12"},
	{"S", "x=2 y=1 | a:y x=1 || b:x", "01 02 11 12"},
	{"S+rel+acq, at the end", "x=2 y=1.r | a:y.a x=1 || b:x", "01 02 11"},
	{"S+sc", "x=2.s y=1.s | a:y.s x=1.s || b:x", "01 02 11"},
	{"R", "x=1 y=1 | y=2 a:x || b:y", "01 02 11 12"},
	{"R+fences", "x=1 fence.s y=1 | y=2 fence.s a:x || b:y", "01 11 12"},
	{"R+one fence", "x=1 fence.s y=1 | y=2 a:x || b:y", "01 02 11 12"},
	{"CoWW", "x=1 x=2 || a:x", "2"},
	{"CoWW+two", "x=1 | x=2 || a:x", "1 2"},
	{"CoRW, at the end", "a:x x=1 | x=2 || b:x", "01 02 21"},
	{"CoWR, at the end", "x=1 a:x | x=2 || b:x", "11 12 22"},
	{"CoRR+two, at the end", "x=1 | x=2 | a:x b:x || c:x",
         "001 002 011 012 021 022 111 112 122 211 221 222"},
	{"one order for all", "x=1 a:x | x=2 b:x || c:x", "111 121 122 222"},
	{"store and RMW", "a:x+1 | x=2 || b:x", "02 23"},
	{"store and RMW, seen", "a:x+1 | x=2 b:x || c:x", "022 223 233"},
	{"MP by the order of stores", "x=1 y=1.r | y=2.r x=2 | a:y.a b:x",
         "00 01 02 11 12 20 21 22"},
	{"RMW", "x+1 a:x | x+1 b:x", "12 21 22"},
	{"RMW sees the newest", "a:x+1 | b:x+1", "01 10"},
	{"exchange hands over", "x=1 a:y!1.r | b:y!2.a c:x", "011 200 201"},
	{"exchange, twice", "a:x!1.s b:y.s | c:y!1.s d:x.s", "0001 0100 0101"},
};

/* ---- what a program is made of ----------------------------------------------------------- */

enum { THREADS = 4, OPERATIONS = 4, RESULTS = 4, VALUES = 256 };

struct operation {
	char kind; /* = : ! + f */
	char variable, result;
	uint32_t value;
	int order;
};

struct program {
	struct operation operation[THREADS][OPERATIONS];
	unsigned operations[THREADS], threads, results;
	bool ends; /* the last of the threads is what comes after the others */
};

static struct program program;
static uint32_t variable[3];
static unsigned result[RESULTS];

static int order_of(const char **text)
{
	int order;

	if (**text != '.')
		return __ATOMIC_RELAXED;
	order = (*text)[1] == 'r'   ? __ATOMIC_RELEASE
	        : (*text)[1] == 'a' ? __ATOMIC_ACQUIRE
	        : (*text)[1] == 'b' ? __ATOMIC_ACQ_REL
	                            : __ATOMIC_SEQ_CST;
	*text += 2;
	return order;
}

static struct operation operation_of(const char **text)
{
	struct operation o = {.kind = ':'};
	const char *t = *text;

	if (*t == 'f') {
		o.kind = 'f';
		t += strlen("fence");
	} else {
		if (t[1] == ':') {
			o.result = t[0];
			t += 2;
		}
		o.variable = *t++;
		if (*t == '=' || *t == '!' || *t == '+') {
			o.kind = *t++;
			o.value = (uint32_t)(*t++ - '0');
		}
	}
	o.order = order_of(&t);
	*text = t;
	return o;
}

static void parse(struct program *p, const char *text)
{
	memset(p, 0, sizeof *p);
	p->threads = 1;
	while (*text) {
		struct operation o;

		if (text[0] == '|' && text[1] == '|') {
			p->ends = true;
			text++;
		}
		if (*text == ' ' || *text == '|') {
			p->threads += *text++ == '|';
			continue;
		}
		o = operation_of(&text);
		if (o.result && (unsigned)(o.result - 'a') >= p->results)
			p->results = (unsigned)(o.result - 'a') + 1;
		p->operation[p->threads - 1][p->operations[p->threads - 1]++] = o;
	}
}

/* ---- running it ------------------------------------------------------------------------------ */

/* The compiler must know the order. */
#define BY_ORDER(OPERATION)                                                                        \
	switch (order) {                                                                           \
	case __ATOMIC_RELAXED:                                                                     \
		return OPERATION(__ATOMIC_RELAXED);                                                \
	case __ATOMIC_ACQUIRE:                                                                     \
		return OPERATION(__ATOMIC_ACQUIRE);                                                \
	case __ATOMIC_RELEASE:                                                                     \
		return OPERATION(__ATOMIC_RELEASE);                                                \
	case __ATOMIC_ACQ_REL:                                                                     \
		return OPERATION(__ATOMIC_ACQ_REL);                                                \
	default:                                                                                   \
		return OPERATION(__ATOMIC_SEQ_CST);                                                \
	}

static uint32_t load(const uint32_t *p, int order)
{
	if (order == __ATOMIC_RELAXED)
		return __atomic_load_n(p, __ATOMIC_RELAXED);
	return order == __ATOMIC_ACQUIRE ? __atomic_load_n(p, __ATOMIC_ACQUIRE)
	                                 : __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static uint32_t store(uint32_t *p, uint32_t value, int order)
{
	if (order == __ATOMIC_RELAXED)
		__atomic_store_n(p, value, __ATOMIC_RELAXED);
	else if (order == __ATOMIC_RELEASE)
		__atomic_store_n(p, value, __ATOMIC_RELEASE);
	else
		__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
	return 0;
}

static uint32_t exchange(uint32_t *p, uint32_t value, int order)
{
#define EXCHANGE(O) __atomic_exchange_n(p, value, O)
	BY_ORDER(EXCHANGE)
}

static uint32_t add(uint32_t *p, uint32_t value, int order)
{
#define ADD(O) __atomic_fetch_add(p, value, O)
	BY_ORDER(ADD)
}

static uint32_t fence(int order)
{
#define FENCE(O) (__atomic_thread_fence(O), 0u)
	BY_ORDER(FENCE)
}

static uint32_t run_operation(const struct operation *o)
{
	uint32_t *p = o->kind == 'f' ? NULL : &variable[o->variable - 'x'];

	switch (o->kind) {
	case ':':
		return load(p, o->order);
	case '=':
		return store(p, o->value, o->order);
	case '!':
		return exchange(p, o->value, o->order);
	case '+':
		return add(p, o->value, o->order);
	default:
		return fence(o->order);
	}
}

static void run_thread(void *arg)
{
	const uintptr_t t = (uintptr_t)arg;

	for (unsigned i = 0; i < program.operations[t]; i++) {
		const struct operation *o = &program.operation[t][i];
		const uint32_t value = run_operation(o);

		if (o->result)
			result[o->result - 'a'] = value;
	}
}

static void run(void *seen)
{
	const unsigned threads = program.threads - program.ends;
	unsigned thread[THREADS], value = 0;

	for (uintptr_t t = 0; t < threads; t++)
		thread[t] = filch_sim_thread(run_thread, (void *)t);
	for (unsigned t = 0; t < threads; t++)
		filch_sim_join(thread[t]);
	if (program.ends)
		run_thread((void *)(uintptr_t)threads);
	for (unsigned i = 0; i < program.results; i++)
		value = 4 * value + result[i];
	((unsigned char *)seen)[value] = 1;
}

/* ---- results ------------------------------------------------------------------------------------- */

static void expected_of(const char *text, unsigned char *expected)
{
	unsigned value = 0;

	for (; *text; text++) {
		if (*text != ' ')
			value = 4 * value + (unsigned)(*text - '0');
		if (*text == ' ' || !text[1]) {
			expected[value] = 1;
			value = 0;
		}
	}
}

static bool is_as_expected(const struct litmus *t, const unsigned char *seen)
{
	unsigned char expected[VALUES] = {0};
	bool fine = true;

	expected_of(t->results, expected);
	for (unsigned v = 0; v < VALUES; v++) {
		if (seen[v] == expected[v])
			continue;
		fine = false;
		printf("litmus %s: ", t->name);
		for (unsigned i = program.results; i-- > 0;)
			putchar('0' + (int)(v >> 2 * i & 3));
		puts(seen[v] ? " came out" : " did not come out");
	}
	return fine;
}

static bool run_test(const struct litmus *t)
{
	/* Not one of the variables that each run begins anew with. */
	unsigned char *seen = calloc(VALUES, 1);
	struct filch_sim_result r;
	bool fine;

	if (!seen)
		return false;
	parse(&program, t->program);
	fine = !filch_sim(run, seen,
	                  FILCH_SIM(.order = FILCH_SIM_ALL, .depth = 3, .no_races = true,
	                            .name = t->name),
	                  &r) &&
	       r.complete && is_as_expected(t, seen);
	free(seen);
	return fine;
}

unsigned litmus_run(unsigned *count)
{
	unsigned wrong = 0;

	*count = sizeof tests / sizeof tests[0];
	for (unsigned i = 0; i < *count; i++)
		wrong += !run_test(&tests[i]);
	return wrong;
}
