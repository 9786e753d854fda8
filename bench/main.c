/* SPDX-License-Identifier: MIT */
/*
 * The driver: starts the programs of the contenders, asks the questions, prints the
 * answers.  It measures nothing itself and sleeps while a contender does.
 */
#define _POSIX_C_SOURCE 200809L
#include "against.h"
#include "budget.h"
#include "question.h"
#include "quiet.h"

#include <stdlib.h>
#include <string.h>

struct question {
	const char *name, *about;
	void (*ask)(struct setting *s);
	unsigned share; /* of the time, where that is short; about the seconds of a round of all */
};

static const struct question questions[] = {
	{"idle", "what does a pool burn that has nothing to do, or little?", idle, 47},
	{"loops", "loops of all sizes: back to back, and after 5 ms", loops, 80},
	{"long", "the same after pauses of 50 ms", long_pauses, 80},
	{"doubling", "10,000 items of a nanosecond, which is too short for almost everybody",
         doubling, 5},
	{"sleepers", "ten items that wait, on eight workers", sleepers, 8},
	{"irregular", "what if the items differ?", irregular, 25},
	{"nested", "loops in loops", nested, 15},
	{"memory", "loops that wait for memory", memory, 10},
	{"reduce", "sums of doubles", reduce, 8},
	{"busy", "another process computes; more workers than CPUs", busy, 30},
	{"crowd", "several threads call at once", crowd, 50},
	{"wake", "from the call until somebody helps", wake, 45},
	{"chunks", "what does the size of a chunk do?", chunks, 60},
	{"forks", "fork and join, beside the same programs by others", forks, 60},
	{"startup", "the first call of a process; what a pool takes of memory", startup, 20},
};

enum { QUESTIONS = sizeof questions / sizeof *questions };

/* Names for several at once; the last is what is asked where nothing is said. */
static const struct set {
	const char *name, *about;
	const char *questions[QUESTIONS + 1];
} sets[] = {
	{"overhead",
         "is filch ever slower than the serial loop, and what does it gain?",
         {"loops", "doubling", "idle", "sleepers"}},
	{"grid", "all loops after all pauses, each beside the best peer there", {"loops", "long"}},
	{"main",
         "all that takes no more than five minutes together",
         {"loops", "doubling", "idle", "sleepers", "irregular", "nested", "memory", "reduce",
          "busy", "crowd", "wake"}},
};

enum { SETS = sizeof sets / sizeof *sets };

#define MAIN (&sets[SETS - 1])

/* What the main questions may take with --quick, all that comes before and after included. */
#define BRIEF_NS 280000000000u

struct arguments {
	bool asked[QUESTIONS];
	bool brief; /* the main ones, quickly: within BRIEF_NS, and one contender of each library */
	enum level level;
	unsigned workers;
	const char *json, *only, *against, *records;
};

static int usage(FILE *out)
{
	fprintf(out, "usage: filch-bench [question...] [--quick | --full] [--json FILE] "
	             "[--workers N] [--only PEER] [--against FILE]\n\nquestions:\n");
	for (int k = 0; k < QUESTIONS; k++)
		fprintf(out, "  %-12s%s\n", questions[k].name, questions[k].about);
	fprintf(out, "\nseveral at once (without a question: %s):\n", MAIN->name);
	for (int k = 0; k < SETS; k++) {
		fprintf(out, "  %-12s%s\n%-14s", sets[k].name, sets[k].about, "");
		for (const char *const *name = sets[k].questions; *name; name++)
			fprintf(out, "%s%s", *name, name[1] ? ", " : "\n");
	}
	fprintf(out,
	        "\n--quick      loops up to 20 ms, few rounds; without a question as many as "
	        "five minutes allow,\n"
	        "             of one contender of each library\n"
	        "--full       loops up to 1 s, many rounds, for the peers, too: an hour\n"
	        "--json FILE  one JSON record per result\n"
	        "--workers N  threads of every contender, the caller among them (2)\n"
	        "--only PEER  peers whose name contains this; \"\" or no such peer: filch alone\n"
	        "--against FILE  what changed since the run whose --json this is\n"
	        "--records FILE  with --against: ask nothing, and compare this run with that\n");
	return out == stdout ? 0 : 2;
}

static bool ask_for(struct arguments *a, const char *name)
{
	for (int k = 0; k < QUESTIONS; k++)
		if (strcmp(name, questions[k].name) == 0)
			return a->asked[k] = true;
	return false;
}

static void ask_for_set(struct arguments *a, const struct set *set)
{
	for (const char *const *name = set->questions; *name; name++)
		ask_for(a, *name);
}

static bool parse_question(struct arguments *a, const char *text)
{
	for (int k = 0; k < SETS; k++)
		if (strcmp(text, sets[k].name) == 0) {
			ask_for_set(a, &sets[k]);
			return true;
		}
	return ask_for(a, text);
}

static bool parse_workers(struct arguments *a, const char *text)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	a->workers = (unsigned)value;
	return *text && !*end && value >= 1 && value <= FILCH_MAX_WORKERS;
}

/* An option with a value; false if it is none or its value is missing or wrong. */
static bool parse_value(struct arguments *a, const char *option, const char *value)
{
	if (!value)
		return false;
	if (strcmp(option, "--json") == 0)
		a->json = value;
	else if (strcmp(option, "--only") == 0)
		a->only = value;
	else if (strcmp(option, "--against") == 0)
		a->against = value;
	else if (strcmp(option, "--records") == 0)
		a->records = value;
	else
		return strcmp(option, "--workers") == 0 && parse_workers(a, value);
	return true;
}

static bool parse(struct arguments *a, char **argv)
{
	bool any = false;

	for (; *argv; argv++) {
		if (strcmp(*argv, "--quick") == 0)
			a->level = QUICK;
		else if (strcmp(*argv, "--full") == 0)
			a->level = FULL;
		else if (strncmp(*argv, "--", 2) == 0) {
			if (!parse_value(a, argv[0], argv[1]))
				return false;
			argv++;
		} else if (!parse_question(a, *argv)) {
			return false;
		} else {
			any = true;
		}
	}
	a->brief = !any && a->level == QUICK;
	if (!any)
		ask_for_set(a, MAIN);
	return true;
}

/* ---- contenders -------------------------------------------------------------------- */

static void add_entrant(struct setting *s, struct host *host, int index, const char *name)
{
	if (s->entrant_count == ENTRANTS_MAX) {
		fprintf(stderr, "filch-bench: more contenders than ENTRANTS_MAX\n");
		exit(1);
	}
	s->entrants[s->entrant_count++] = (struct entrant){host, index, name};
}

static void add_family(struct setting *s, const char *name, const struct arguments *a)
{
	const bool own = strcmp(name, "filch") == 0;
	struct host *host = &s->hosts[s->host_count];
	const size_t before = s->entrant_count;

	if (s->host_count == HOSTS_MAX || !turns_start(host, name, s->workers)) {
		printf("%-18s is not there: it was not found when filch was configured\n", name);
		return;
	}
	s->host_count++;
	if (own)
		add_entrant(s, host, WIRE_CONTROL, "a mere call");
	for (unsigned k = 0; k < (a->brief ? 1 : host->hello.count); k++)
		if (own || !a->only || (*a->only && strstr(host->hello.name[k], a->only)))
			add_entrant(s, host, (int)k, host->hello.name[k]);
	if (s->entrant_count > before)
		printf("%-18s %s, compiled by %s\n", name,
		       host->hello.version[0] ? host->hello.version : "of the compiler",
		       host->hello.compiler);
}

/* ---- claims -------------------------------------------------------------------------- */

void question_claim(struct setting *s, const char *text, double value, double target,
                    const char *unit)
{
	if (s->claim_count == CLAIMS_MAX) {
		fprintf(stderr, "filch-bench: more claims than CLAIMS_MAX\n");
		exit(1);
	}
	struct claim *c = &s->claims[s->claim_count++];

	snprintf(c->text, sizeof c->text, "%s", text);
	c->value = value;
	c->target = target;
	c->unit = unit;
}

void question_count(struct setting *s, const struct entrant *e, const struct wire_request *request)
{
	struct wire_request q = *request;
	struct bench_pair p;

	q.ask = WIRE_COUNT;
	q.contender = e->index;
	memcpy(q.steps, s->steps, sizeof q.steps);
	turns_ask(e->host, &q, &p);
	s->wrong += p.wrong;
	s->counted++;
}

static void print_claims(const struct setting *s)
{
	printf("\n%-52s %10s %10s\n", "filch", "measured", "target");
	for (size_t k = 0; k < s->claim_count; k++) {
		const struct claim *c = &s->claims[k];

		printf("%-52s %10.4g %10.4g %-3s %s\n", c->text, c->value, c->target, c->unit,
		       c->value <= c->target ? "met" : "missed");
	}
	if (s->wrong > 0)
		printf("\nWRONG: %llu results or items\n", (unsigned long long)s->wrong);
	else
		printf("\nevery result that was looked at was right; each item ran exactly once in "
		       "%llu loops that were counted\n",
		       (unsigned long long)s->counted);
}

static void start_all(struct setting *s, const struct arguments *a)
{
	static const char *const families[] = {BENCH_FAMILIES};
	struct items items = {.sleep_ns = 0};

	output_head();
	bodies_calibrate(&items);
	memcpy(s->steps, items.steps, sizeof s->steps);
	for (size_t k = 0; k < sizeof families / sizeof *families; k++)
		add_family(s, families[k], a);
	printf("%u workers each; only one program runs at a time, the others are stopped\n",
	       s->workers);
}

/* What lies open while questions are asked: the earlier run, and this one's records. */
static bool open_files(const struct arguments *a, struct against **earlier)
{
	/* First, since it may be the file that this run's records replace. */
	*earlier = a->against ? against_open(a->against) : NULL;
	if (a->against && !*earlier)
		return false;
	if (output_open(a->json, *earlier))
		return true;
	perror(a->json ? a->json : "records");
	against_close(*earlier);
	return false;
}

static void ask(struct setting *s, const struct arguments *a)
{
	for (int k = 0; k < QUESTIONS; k++)
		if (a->asked[k]) {
			budget_next(questions[k].share);
			questions[k].ask(s);
		}
	print_claims(s);
}

static void limit(const struct arguments *a)
{
	unsigned shares = 0;

	for (int k = 0; k < QUESTIONS; k++)
		shares += a->asked[k] ? questions[k].share : 0;
	if (a->brief)
		budget_begin(BRIEF_NS, shares);
}

/* Two runs that are over, of whatever program; the exit code. */
static int compare_runs(const struct arguments *a)
{
	FILE *records = fopen(a->records, "r");
	struct against *earlier = records ? against_open(a->against) : NULL;
	const bool printed = earlier && against_print(earlier, records);

	if (!records)
		perror(a->records);
	else
		fclose(records);
	against_close(earlier);
	return printed ? 0 : 2;
}

int main(int argc, char **argv)
{
	static struct setting setting;
	struct quiet begin;
	struct against *earlier;
	struct arguments a = {.level = NORMAL, .workers = 2};

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0))
		return usage(stdout);
	if (!parse(&a, argv + 1))
		return usage(stderr);
	if (a.records)
		return a.against ? compare_runs(&a) : usage(stderr);
	setting.level = a.level;
	setting.workers = a.workers;
	if (!open_files(&a, &earlier))
		return 2;
	quiet_begin(&begin);
	limit(&a);
	start_all(&setting, &a);
	if (setting.entrant_count == 0)
		return 1;

	ask(&setting, &a);
	if (earlier && !against_print(earlier, output_records()))
		fprintf(stderr, "%s: could not be compared\n", a.against);
	against_close(earlier);
	output_close();
	for (size_t k = 0; k < setting.host_count; k++)
		turns_end(&setting.hosts[k]);
	quiet_print(&begin);
	return setting.wrong > 0;
}
