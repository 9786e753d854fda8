/* SPDX-License-Identifier: MIT */
/* oneTBB: a task_group in each call, as its documentation writes fib. */
#include "forks.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>

namespace
{

tbb::global_control *width;
tbb::task_arena *arena;

void open_arena(unsigned workers)
{
	/* Both live as long as the process. */
	width = new tbb::global_control(tbb::global_control::max_allowed_parallelism, workers);
	arena = new tbb::task_arena(static_cast<int>(workers));
}

long fib(int n)
{
	long a, b;

	if (n < 2)
		return n;
	tbb::task_group group;

	group.run([&b, n] { b = fib(n - 2); });
	a = fib(n - 1);
	group.wait();
	return a + b;
}

long tree(const node *n)
{
	long a, b;

	if (!n)
		return 0;
	tbb::task_group group;

	group.run([&b, n] { b = tree(n->right); });
	a = tree(n->left);
	group.wait();
	return n->value + a + b;
}

long queens(int n, unsigned columns, unsigned down, unsigned up)
{
	long next[QUEENS_MOST], count = 0;
	unsigned left = queens_free(n, columns, down, up);
	int k = 0;

	if (columns == (1u << n) - 1)
		return 1;
	tbb::task_group group;

	for (; left; left &= left - 1, k++) {
		const unsigned here = left & -left;
		long *place = &next[k];

		group.run([=] {
			*place = queens(n, columns | here, (down | here) << 1, (up | here) >> 1);
		});
	}
	group.wait();
	while (k--)
		count += next[k];
	return count;
}

double quad(double x1, double y1, double x2, double y2, double area)
{
	const halves h = halve(x1, y1, x2, y2);
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
	tbb::task_group group;

	group.run([&b, h, x2, y2] { b = quad(h.x, h.y, x2, y2, h.right); });
	a = quad(x1, y1, h.x, h.y, h.left);
	group.wait();
	return a + b;
}

double run_fib(int size)
{
	return arena->execute([=] { return static_cast<double>(fib(size)); });
}

double run_tree(int)
{
	return arena->execute([] { return static_cast<double>(tree(tree_root())); });
}

double run_queens(int size)
{
	return arena->execute([=] { return static_cast<double>(queens(size, 0, 0, 0)); });
}

double run_quad(int size)
{
	return arena->execute([=] { return quad(0, curve(0), size, curve(size), 0); });
}

void enter(fork_fn *f, void *arg)
{
	arena->execute([=] { f(arg); });
}

void pair(fork_fn *f, void *arg)
{
	tbb::task_group group;

	group.run([=] { f(arg); });
	f(arg);
	group.wait();
}

void row(unsigned count, fork_fn *f, void *arg)
{
	tbb::task_group group;

	for (unsigned i = 0; i < count; i++)
		group.run([=] { f(arg); });
	group.wait();
}

const struct forker forkers[] = {
	{"tbb:task_group", {run_fib, run_tree, run_queens, run_quad}, enter, pair, row},
};

} // namespace

extern "C" const struct forker_family forker_family = {"oneTBB " TBB_VERSION_STRING, open_arena, 1,
                                                       forkers};
