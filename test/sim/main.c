/* SPDX-License-Identifier: MIT */
/*
 * sim [SCENARIO...] [--runs N] [--seed N] [--order random|pct|all] [--depth N] [--replay TRAIL]
 * [--strong] [--trace] [--stop] [--part K/N] [--list]: the scenarios with these words in their names, or
 * all, and the tests of the simulator itself: litmus, engine; or each N-th of them from the K-th on.
 * The last line is the sum of it.  Where tests are to be short (FILCH_TEST_SCALE below 1) there are as
 * much fewer runs, but ten, and nothing is gone through in all orders: no small scenario, and no litmus
 * test that is not named.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scenarios *const rooms[] = {
	&deque_scenarios,   &published_scenarios, &idle_scenarios, &loop_scenarios,
	&nest_scenarios,    &steal_scenarios,     &life_scenarios, &fork_scenarios,
	&expose_scenarios,  &algo_scenarios,      &any_scenarios,  &input_scenarios,
	&planted_scenarios, &process_scenarios,
};

struct asked {
	struct filch_sim_options options;
	const char *name[64];
	unsigned names;
	unsigned part, parts;
	bool list, stop, brief;
};

struct sum {
	uint64_t runs, steps, switches, stale;
	unsigned passed, failed;
};

static bool is_asked(const struct asked *a, const char *name)
{
	for (unsigned i = 0; i < a->names; i++)
		if (strstr(name, a->name[i]))
			return true;
	return !a->names;
}

/* What the scenario wants, and what was asked for on top. */
static struct filch_sim_options options_for(const struct scenario *s, const struct asked *a)
{
	struct filch_sim_options o = s->options;

	o.struct_size = sizeof o;
	o.name = s->name;
	o.quiet = s->fails;
	/* What is to be found is looked for until it is. */
	if (a->options.runs && (!s->fails || a->options.runs > o.runs))
		o.runs = a->options.runs;
	o.seed = a->options.seed;
	o.order = a->options.order ? a->options.order : o.order;
	o.depth = a->options.depth ? a->options.depth : o.depth;
	o.replay = a->options.replay;
	o.trace = a->options.trace;
	o.strong = o.strong || a->options.strong;
	return o;
}

/* What is to be found is to be called what it is. */
static bool is_called_so(const struct scenario *s, const struct filch_sim_result *r)
{
	for (unsigned i = 0; i < sizeof s->says / sizeof s->says[0]; i++)
		if (s->says[i] && !strstr(r->message, s->says[i])) {
			printf("%s: \"%s\" is not in: %s\n", s->name, s->says[i], r->message);
			return false;
		}
	return true;
}

static void add(struct sum *sum, const struct scenario *s, const char *how, bool found,
                const struct filch_sim_result *r)
{
	const bool fine = found == s->fails && is_called_so(s, r);

	sum->runs += r->runs;
	sum->steps += r->steps;
	sum->switches += r->switches;
	sum->stale += r->stale;
	sum->passed += fine;
	sum->failed += !fine;
	printf("%-44s %9llu runs of %5llu steps%s%s\n", s->name, (unsigned long long)r->runs,
	       (unsigned long long)(r->runs ? r->steps / r->runs : 0), how,
	       !fine      ? s->fails ? "  FAILED: it was not found" : "  FAILED"
	       : s->fails ? ", found"
	                  : "");
	fflush(stdout);
}

static void run_scenario(struct sum *sum, const struct scenario *s, const struct asked *a)
{
	struct filch_sim_options o = options_for(s, a);
	struct filch_sim_result r;
	bool found = filch_sim(s->program, NULL, &o, &r) != 0;

	add(sum, s, "", found, &r);
	if (!s->whole || a->brief || a->options.order || a->options.replay || found)
		return;
	o.order = FILCH_SIM_ALL;
	o.runs = 0;
	found = filch_sim(s->program, NULL, &o, &r) != 0;
	add(sum, s, r.complete ? ", all orders" : "", found, &r);
}

static const char *value_of(int *argc, char ***argv)
{
	if (*argc < 2) {
		fprintf(stderr, "sim: %s wants a value\n", **argv);
		exit(2);
	}
	++*argv;
	--*argc;
	return **argv;
}

static enum filch_sim_order order_of(const char *name)
{
	return strcmp(name, "random") == 0 ? FILCH_SIM_RANDOM
	       : strcmp(name, "pct") == 0  ? FILCH_SIM_PCT
	       : strcmp(name, "all") == 0  ? FILCH_SIM_ALL
	                                   : FILCH_SIM_MIXED;
}

static void read_part(struct asked *a, const char *text)
{
	if (sscanf(text, "%u/%u", &a->part, &a->parts) != 2 || !a->part || a->part > a->parts) {
		fprintf(stderr, "sim: no part: %s\n", text);
		exit(2);
	}
}

static void read_arguments(struct asked *a, int argc, char **argv)
{
	for (; argc; argc--, argv++) {
		if (strcmp(*argv, "--runs") == 0)
			a->options.runs = strtoull(value_of(&argc, &argv), NULL, 10);
		else if (strcmp(*argv, "--seed") == 0)
			a->options.seed = strtoull(value_of(&argc, &argv), NULL, 10);
		else if (strcmp(*argv, "--depth") == 0)
			a->options.depth = (unsigned)strtoul(value_of(&argc, &argv), NULL, 10);
		else if (strcmp(*argv, "--order") == 0)
			a->options.order = order_of(value_of(&argc, &argv));
		else if (strcmp(*argv, "--replay") == 0)
			a->options.replay = value_of(&argc, &argv);
		else if (strcmp(*argv, "--trace") == 0)
			a->options.trace = true;
		else if (strcmp(*argv, "--strong") == 0)
			a->options.strong = true;
		else if (strcmp(*argv, "--stop") == 0)
			a->stop = true;
		else if (strcmp(*argv, "--part") == 0)
			read_part(a, value_of(&argc, &argv));
		else if (strcmp(*argv, "--list") == 0)
			a->list = true;
		else if (a->names < sizeof a->name / sizeof a->name[0])
			a->name[a->names++] = *argv;
	}
}

static void add_tests(struct sum *sum, const char *name, unsigned count, unsigned wrong)
{
	printf("%-44s %9u tests\n", name, count);
	sum->passed += count - wrong;
	sum->failed += wrong;
}

static void run_litmus(struct sum *sum)
{
	unsigned count;
	const unsigned wrong = litmus_run(&count);

	add_tests(sum, "litmus", count, wrong);
}

static void run_engine(struct sum *sum)
{
	unsigned count;
	const unsigned wrong = engine_run(rooms, sizeof rooms / sizeof rooms[0], &count);

	add_tests(sum, "engine", count, wrong);
}

int main(int argc, char **argv)
{
	const char *text = getenv("FILCH_TEST_SCALE");
	const double scale = text ? atof(text) : 1;
	struct asked a = {.part = 1, .parts = 1, .brief = scale < 1};
	struct sum sum = {0};
	unsigned asked = 0;

	read_arguments(&a, argc - 1, argv + 1);
	if (a.brief && a.options.runs > 10)
		a.options.runs = 10 + (uint64_t)((double)(a.options.runs - 10) * scale);
	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		for (size_t k = 0; k < rooms[i]->count; k++) {
			const struct scenario *s = &rooms[i]->scenario[k];

			if (!is_asked(&a, s->name) || asked++ % a.parts != a.part - 1)
				continue;
			if (a.list)
				puts(s->name);
			else
				run_scenario(&sum, s, &a);
			if (a.stop && sum.failed)
				return 1;
		}
	if (a.list)
		return 0;
	if (a.part == 1 && is_asked(&a, "litmus") && (!a.brief || a.names))
		run_litmus(&sum);
	if (a.part == a.parts && is_asked(&a, "engine"))
		run_engine(&sum);
	printf("%llu runs, %llu steps, %llu switches, %llu stale loads\n",
	       (unsigned long long)sum.runs, (unsigned long long)sum.steps,
	       (unsigned long long)sum.switches, (unsigned long long)sum.stale);
	printf("%u passed, %u failed\n", sum.passed, sum.failed);
	return sum.failed || !sum.passed; /* nobody asks for nothing */
}
