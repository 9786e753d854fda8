/* SPDX-License-Identifier: MIT */
/* The programs that the bench times, small: each spelling gives what the serial one gives. */
#include "../bench/programs/programs.h"
#include "support.h"

#include <criterion/criterion.h>

TestSuite(programs, .timeout = 300);

struct job {
	const struct program *p;
	double (*run)(filch_worker *w, int size);
	double result;
};

static int run_job(void *arg, filch_worker *w)
{
	struct job *job = arg;

	job->result = job->run(w, job->p->small);
	return 0;
}

static void expect_same(filch_pool *pool, const struct program *p,
                        double (*run)(filch_worker *w, int size), double expected)
{
	struct job job = {p, run, PROGRAM_WRONG};
	double result;

	program_reset(p);
	cr_expect_eq(filch_run(pool, run_job, &job, NULL), 0);
	result = program_outcome(p, job.result);
	cr_expect(result == expected, "%s: %g, not %g", p->name, result, expected);
}

static double serial_result(const struct program *p)
{
	double result;

	program_reset(p);
	result = program_outcome(p, p->serial(p->small));
	cr_expect(result != PROGRAM_WRONG, "%s", p->name);
	cr_expect(p->small_result == 0 || result == p->small_result, "%s", p->name);
	return result;
}

static void expect_serial_results(unsigned width, size_t rounds)
{
	filch_pool *pool = pool_of(width);

	for (unsigned i = 0; i < programs_count; i++) {
		const struct program *p = programs[i];
		double expected;

		cr_assert(!p->prepare || p->prepare(p->small) == 0);
		expected = serial_result(p);
		for (size_t round = 0; round < rounds; round++) {
			if (p->typed)
				expect_same(pool, p, p->typed, expected);
			if (p->plain)
				expect_same(pool, p, p->plain, expected);
		}
	}
	pool_close(pool);
}

Test(programs, give_the_serial_results_at_every_width)
{
	for (unsigned width = 1; width <= 8; width++)
		expect_serial_results(width, scaled(20, 2));
}

Test(programs, give_the_serial_results_on_sixty_four_workers)
{
	expect_serial_results(64, scaled(20, 2));
}
