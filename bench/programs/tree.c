/* SPDX-License-Identifier: MIT */
/* The sum over a complete binary tree, which is read from memory. */
#include "calls.h"
#include "programs.h"

#include <stdlib.h>

static struct node *root;
static int root_levels;

const struct node *tree_root(void)
{
	return root;
}

static struct node *build(struct node **next, int levels, long *value)
{
	struct node *n = (*next)++;

	n->left = levels > 1 ? build(next, levels - 1, value) : NULL;
	n->value = (*value)++ & 1023;
	n->right = levels > 1 ? build(next, levels - 1, value) : NULL;
	return n;
}

static int tree_prepare(int levels)
{
	struct node *next;
	long value = 0;

	if (root_levels == levels)
		return 0;
	free(root);
	root_levels = 0;
	root = next = calloc((size_t)1 << levels, sizeof *root);
	if (!root)
		return -1;
	build(&next, levels, &value);
	root_levels = levels;
	return 0;
}

NOINLINE static long tree_serial(const struct node *n)
{
	long a, b;

	if (!n)
		return 0;
	a = tree_serial(n->left);
	CALL_ENDS();
	b = tree_serial(n->right);
	CALL_ENDS();
	return n->value + a + b;
}

FILCH_TASK1(long, tree, const struct node *, n)
{
	FILCH_RECORD(tree) right;
	long a, b;

	if (!n)
		return 0;
	FILCH_FORK(right, tree, n->right);
	a = FILCH_CALL(tree, n->left);
	b = FILCH_JOIN(right, tree);
	return n->value + a + b;
}

static long tree_loose(const struct node *n)
{
	return n ? n->value + tree_loose(n->left) + tree_loose(n->right) : 0;
}

struct tree_call {
	const struct node *n;
	long result;
};

static int tree_plain_task(void *arg, filch_worker *w);

static inline long tree_plain(filch_worker *w, const struct node *n)
{
	struct tree_call call;
	filch_task right;
	long a;

	if (!n)
		return 0;
	call.n = n->right;
	filch_fork(w, &right, tree_plain_task, &call);
	a = tree_plain(w, n->left);
	CALL_ENDS();
	filch_join_as(w, &right, tree_plain_task, &call);
	return n->value + a + call.result;
}

static int tree_plain_task(void *arg, filch_worker *w)
{
	struct tree_call *call = arg;

	call->result = tree_plain(w, call->n);
	return 0;
}

static double tree_serial_run(int levels)
{
	(void)levels;
	return (double)tree_serial(root);
}

static double tree_loose_run(int levels)
{
	(void)levels;
	return (double)tree_loose(root);
}

static double tree_typed_run(filch_worker *w, int levels)
{
	(void)levels;
	return (double)FILCH_ENTER(w, tree, root);
}

static double tree_plain_run(filch_worker *w, int levels)
{
	(void)levels;
	return (double)tree_plain(w, root);
}

const struct program program_tree = {
	.name = "tree",
	.size = 24,
	.small = 12,
	.result = 8581544961,
	.small_result = 2094081,
	.one = 0.95,
	.two = 0.52,
	.prepare = tree_prepare,
	.serial = tree_serial_run,
	.loose = tree_loose_run,
	.typed = tree_typed_run,
	.plain = tree_plain_run,
};
