/* SPDX-License-Identifier: MIT */
/*
 * Question: what does fork and join cost beside the libraries that have it?  Programs that fork at
 * every call, on 1 and 2 workers, and one on 64, in proportion to the plain serial recursion; a
 * single fork and join of nothing while the other worker has just run, and after it had nothing to
 * do for 200 us and for 20 ms; sixteen leaves that sleep for 10 ms, forked in a row while eight
 * workers were asleep.
 * Expect filch near the serial program on one worker and near half of it on two, where those that
 * need memory for each task take ten times as long and more; some tens of nanoseconds for a
 * single one; and twenty milliseconds for the leaves.
 *
 * Each library has a program, forks/NAME, at each width.  How filch's own spellings depend on the
 * compiler, and what the compilers make of the serial programs, is ./dev bench forkjoin's.
 */
#include "forks/forks.h"
#include "sheet.h"

#include <string.h>

enum { WIDE = 64, LEAF_WORKERS = 8, LEAVES = 16, ROUNDS_MAX = 64, SAMPLES = 100 };

#define LEAF_NS 10000000u
#define LATE_NS 20000000u /* from such pauses on there are fewer samples, in more rounds */

#define PROGRAM(text, which, size)                                                                 \
	{                                                                                          \
		.name = text, .head = text,                                                        \
		.ask = {.ask = WIRE_ROUND, .program = which, .n = size},                           \
	}

static const struct kind programs[] = {
	PROGRAM("fib(32)", FORK_FIB, 32),
	PROGRAM("tree(22)", FORK_TREE, 22),
	PROGRAM("queens(12)", FORK_QUEENS, 12),
	PROGRAM("quad(1000)", FORK_QUAD, 1000),
};

static const struct kind wide_programs[] = {PROGRAM("fib(32)", FORK_FIB, 32)};

enum { ALL = sizeof programs / sizeof *programs };

/* Those who fork, at one width; started for a part of the question and ended after it. */
static struct team {
	struct host hosts[HOSTS_MAX];
	char families[HOSTS_MAX][WIRE_NAME];
	struct entrant entrants[ENTRANTS_MAX];
	size_t host_count, entrant_count;
} team;

static void add_host(const char *family, unsigned workers)
{
	struct host *host = &team.hosts[team.host_count];
	char *name = team.families[team.host_count];

	snprintf(name, WIRE_NAME, "%s-forks", family);
	if (!turns_start(host, name, workers))
		return; /* it has loops alone */
	team.host_count++;
	for (unsigned k = 0; k < host->hello.count && team.entrant_count < ENTRANTS_MAX; k++)
		team.entrants[team.entrant_count++] =
			(struct entrant){host, (int)k, host->hello.name[k]};
}

/* Of the families of which somebody is asked at all. */
static void team_start(const struct setting *s, unsigned workers)
{
	const struct host *last = NULL;

	team.host_count = team.entrant_count = 0;
	for (size_t e = 0; e < s->entrant_count; e++) {
		if (s->entrants[e].host != last)
			add_host(s->entrants[e].host->family, workers);
		last = s->entrants[e].host;
	}
}

static void team_end(void)
{
	for (size_t k = 0; k < team.host_count; k++)
		turns_end(&team.hosts[k]);
}

/* ---- programs ----------------------------------------------------------------------------- */

static void ask_programs(struct setting *s, unsigned workers, const struct kind *kinds,
                         size_t count)
{
	char title[96];
	struct sheet sheet;

	team_start(s, workers);
	snprintf(title, sizeof title,
	         "forks: programs that fork at every call, time / serial, %u worker%s", workers,
	         workers > 1 ? "s" : "");
	sheet = sheet_of(s, "forks", title, kinds, count);
	sheet.mode = "programs";
	sheet.entrants = team.entrants;
	sheet.entrant_count = team.entrant_count;
	/* Some of them take a hundred times as long. */
	memcpy(sheet.peer_rounds, (unsigned[LEVELS]){3, 7, 15}, sizeof sheet.peer_rounds);
	sheet_ask(s, &sheet);
	team_end();
}

/* ---- single ones ------------------------------------------------------------------------- */

struct latency {
	const char *name;
	struct wire_request ask;
	unsigned rounds[LEVELS];
};

static const struct latency latencies[] = {
	{"awake", {.ask = WIRE_SERIES, .times = SAMPLES}, {5, 9, 25}},
	{"after 200 us", {.ask = WIRE_SERIES, .ns = 200000, .times = SAMPLES}, {5, 9, 25}},
	{"after 20 ms", {.ask = WIRE_SERIES, .ns = LATE_NS, .times = 10}, {5, 9, 25}},
};

static const struct latency leaves = {
	"16 leaves of 10 ms",
	{.ask = WIRE_SINGLE, .n = LEAVES, .sleep_ns = LEAF_NS},
	{5, 9, 25},
};

/* The median of what one round came to. */
static double ask_once(struct setting *s, const struct entrant *e, const struct latency *l,
                       uint64_t *wrong)
{
	static struct bench_sample samples[SAMPLES];
	double ns[SAMPLES];
	struct wire_request q = l->ask;
	struct bench_pair p;

	q.contender = e->index;
	turns_ask_series(e->host, &q, &p, q.ask == WIRE_SERIES ? samples : NULL);
	s->wrong += p.wrong;
	*wrong += p.wrong;
	for (unsigned k = 0; k < q.times; k++)
		ns[k] = samples[k].time_ns;
	return q.ask == WIRE_SERIES ? bench_quartiles(ns, q.times).median : p.time_ns;
}

static void ask_latency(struct setting *s, const char *mode, const struct latency *l)
{
	static double ns[ENTRANTS_MAX][ROUNDS_MAX];
	const unsigned rounds = l->rounds[s->level];
	uint64_t wrong[ENTRANTS_MAX] = {0};
	char text[3][OUTPUT_TIME];

	output_expect(rounds * team.entrant_count);
	for (unsigned round = 0; round < rounds; round++)
		for (size_t e = 0; e < team.entrant_count; e++) {
			ns[e][round] = ask_once(s, &team.entrants[e], l, &wrong[e]);
			output_step("forks");
		}
	output_quiet();
	printf("\nforks: %s, %s\n", mode, l->name);
	for (size_t e = 0; e < team.entrant_count; e++) {
		struct record r = {.question = "forks",
		                   .mode = mode,
		                   .entrant = &team.entrants[e],
		                   .body = l->name,
		                   .n = l->ask.n,
		                   .rounds = rounds,
		                   .wrong = wrong[e]};

		r.time_ns = bench_quartiles(ns[e], rounds);
		output_record(&r);
		printf("%-22s %10s (%s to %s)\n", team.entrants[e].name,
		       output_time(text[0], r.time_ns.median), output_time(text[1], r.time_ns.low),
		       output_time(text[2], r.time_ns.high));
	}
}

void forks(struct setting *s)
{
	ask_programs(s, 1, programs, ALL);
	ask_programs(s, 2, programs, ALL);
	ask_programs(s, WIDE, wide_programs, 1);

	team_start(s, 2);
	for (size_t k = 0; k < sizeof latencies / sizeof *latencies; k++)
		ask_latency(s, "a fork and join of nothing", &latencies[k]);
	team_end();

	team_start(s, LEAF_WORKERS);
	ask_latency(s, "a row of sleeps", &leaves);
	team_end();
}
