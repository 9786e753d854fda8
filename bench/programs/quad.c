/* SPDX-License-Identifier: MIT */
/* Adaptive quadrature of x^3 + x by trapeziums, halved until that makes no difference. */
#include "calls.h"
#include "programs.h"

NOINLINE static double quad_serial(double x1, double y1, double x2, double y2, double area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
	a = quad_serial(x1, y1, h.x, h.y, h.left);
	CALL_ENDS();
	b = quad_serial(h.x, h.y, x2, y2, h.right);
	CALL_ENDS();
	return a + b;
}

FILCH_TASK5(double, quad, double, x1, double, y1, double, x2, double, y2, double, area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	FILCH_RECORD(quad) right;
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
	FILCH_FORK(right, quad, h.x, h.y, x2, y2, h.right);
	a = FILCH_CALL(quad, x1, y1, h.x, h.y, h.left);
	b = FILCH_JOIN(right, quad);
	return a + b;
}

/* As the compiler likes it. */
static double quad_loose(double x1, double y1, double x2, double y2, double area)
{
	const struct halves h = halve(x1, y1, x2, y2);

	return is_close(h, area) ? h.left + h.right
	                         : quad_loose(x1, y1, h.x, h.y, h.left) +
	                                   quad_loose(h.x, h.y, x2, y2, h.right);
}

struct quad_call {
	double x1, y1, x2, y2, area;
	double result;
};

static int quad_plain_task(void *arg, filch_worker *w);

/* Only what is forked goes through memory: to read two numbers at once that were written one by
 * one, as clang does, has to wait for both to arrive there. */
static inline double quad_plain(filch_worker *w, double x1, double y1, double x2, double y2,
                                double area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	struct quad_call call;
	filch_task right;
	double a;

	if (is_close(h, area))
		return h.left + h.right;
	call = (struct quad_call){h.x, h.y, x2, y2, h.right, 0};
	filch_fork(w, &right, quad_plain_task, &call);
	a = quad_plain(w, x1, y1, h.x, h.y, h.left);
	CALL_ENDS();
	filch_join_as(w, &right, quad_plain_task, &call);
	return a + call.result;
}

static int quad_plain_task(void *arg, filch_worker *w)
{
	struct quad_call *call = arg;

	call->result = quad_plain(w, call->x1, call->y1, call->x2, call->y2, call->area);
	return 0;
}

static double quad_serial_run(int to)
{
	return quad_serial(0, curve(0), to, curve(to), 0);
}

static double quad_loose_run(int to)
{
	return quad_loose(0, curve(0), to, curve(to), 0);
}

static double quad_typed_run(filch_worker *w, int to)
{
	return FILCH_ENTER(w, quad, 0, curve(0), to, curve(to), 0);
}

static double quad_plain_run(filch_worker *w, int to)
{
	return quad_plain(w, 0, curve(0), to, curve(to), 0);
}

const struct program program_quad = {
	.name = "quad",
	.size = 2000,
	.small = 20,
	.one = 0.70,
	.two = 0.34,
	.serial = quad_serial_run,
	.loose = quad_loose_run,
	.typed = quad_typed_run,
	.plain = quad_plain_run,
};
