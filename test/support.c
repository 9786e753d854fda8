/* SPDX-License-Identifier: MIT */
/*
 * See support.h.  The functions of libc that are defined again at the end stand before
 * libc's own for the whole program: they count, fail if told to, and pass on.
 */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { A_MINUTE = 60 }; /* longer than anything takes that does not hang */

/* What must hold for a helper to help; they run in children and on threads, too. */
static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "test support: %s\n", what);
	abort();
}

/* ---- how much ---------------------------------------------------------------- */

size_t scaled(size_t n, size_t least)
{
	const char *text = getenv("FILCH_TEST_SCALE");
	double scale = text ? strtod(text, NULL) : 1;
	size_t much = (size_t)((double)n * scale);

	return much > least ? much : least;
}

uint64_t test_seed(void)
{
	const char *text = getenv("FILCH_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : now_ns() ^ (uint64_t)getpid() << 40;

	fprintf(stderr, "FILCH_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* splitmix64 */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

size_t random_below(uint64_t *state, size_t limit)
{
	return (size_t)(random_next(state) % limit);
}

/* ---- pools and counts ------------------------------------------------------------ */

const unsigned widths[6] = {1, 2, 3, 4, 8, 64};
const unsigned all_widths[9] = {1, 2, 3, 4, 5, 6, 7, 8, 64};

filch_pool *pool_of(unsigned workers)
{
	filch_pool *pool;

	require(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0, "no pool");
	return pool;
}

void pool_close(filch_pool *pool)
{
	require(filch_pool_destroy(pool) == 0, "the pool does not end");
}

void tally_init(struct tally *t, size_t n)
{
	t->n = n;
	t->times = calloc(n ? n : 1, sizeof *t->times);
	require(t->times, "no memory");
}

void tally_finish(struct tally *t)
{
	free(t->times);
}

void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++)
		atomic_store_explicit(&t->times[i], 0, memory_order_relaxed);
}

void tally_range(struct tally *t, size_t begin, size_t end)
{
	if (begin >= end || end > t->n) {
		fprintf(stderr, "range %zu .. %zu of %zu\n", begin, end, t->n);
		abort();
	}
	for (size_t i = begin; i < end; i++)
		atomic_fetch_add_explicit(&t->times[i], 1, memory_order_relaxed);
}

size_t tally_first_not(const struct tally *t, size_t begin, size_t end, unsigned times)
{
	while (begin < end && atomic_load_explicit(&t->times[begin], memory_order_relaxed) == times)
		begin++;
	return begin;
}

int tally_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	tally_range(ctx, begin, end);
	return 0;
}

void tally_expect_once(const struct tally *t)
{
	size_t i = tally_first_not(t, 0, t->n, 1);

	cr_expect_eq(i, t->n, "item %zu of %zu ran %d times", i, t->n,
	             i < t->n ? (int)atomic_load(&t->times[i]) : 0);
}

/* ---- time, and threads that meet --------------------------------------------------- */

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec left = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

bool wait_for(const atomic_uint *count, unsigned at_least)
{
	for (uint64_t end = now_ns() + A_MINUTE * 1000000000ull; atomic_load(count) < at_least;) {
		if (now_ns() > end)
			return false;
		sleep_ns(50000);
	}
	return true;
}

void meet_hastily(atomic_uint *arrived, unsigned all)
{
	atomic_fetch_add(arrived, 1);
	for (unsigned i = 1; atomic_load(arrived) < all; i++)
		if (i % 1000 == 0)
			sched_yield();
}

void meet_nearly(atomic_uint *arrived, unsigned all, uint64_t *seed)
{
	meet_hastily(arrived, all);
	for (volatile size_t i = random_below(seed, 30); i > 0; i--)
		;
}

bool meet(atomic_uint *count, unsigned all)
{
	sleep_ns(1000000);
	atomic_fetch_add(count, 1);
	return wait_for(count, all);
}

bool wait_for_stop(const filch_worker *w)
{
	for (uint64_t end = now_ns() + A_MINUTE * 1000000000ull; !filch_stopping(w);) {
		if (now_ns() > end)
			return false;
		sleep_ns(50000);
	}
	return true;
}

void on_threads(unsigned n, void *(*f)(void *), void *arg)
{
	pthread_t *ids = calloc(n, sizeof *ids);

	require(ids, "no memory");
	for (unsigned i = 0; i < n; i++)
		require(pthread_create(&ids[i], NULL, f, arg) == 0, "no thread");
	for (unsigned i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
	free(ids);
}

/* The file /proc/self/task/<id>/<name> as text; empty if the thread is gone. */
static void task_file(pid_t id, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)id, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, text, room - 1);
		close(fd);
	}
	text[got > 0 ? got : 0] = '\0';
}

unsigned threads_named(const char *prefix, pid_t *ids, unsigned max)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned count = 0;
	char name[32];

	require(tasks, "no /proc");
	for (struct dirent *e; (e = readdir(tasks));) {
		pid_t id = (pid_t)strtol(e->d_name, NULL, 10);

		if (id <= 0)
			continue;
		task_file(id, "comm", name, sizeof name);
		if (!name[0] || strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		if (count < max)
			ids[count] = id;
		count++;
	}
	closedir(tasks);
	return count;
}

uint64_t thread_status(pid_t id, const char *key)
{
	char text[8192];
	char *line;

	task_file(id, "status", text, sizeof text);
	line = strstr(text, key);
	return line ? strtoull(line + strlen(key) + 1, NULL, 10) : 0;
}

unsigned threads_count(void)
{
	return threads_named("", NULL, 0);
}

/* ---- other processes ----------------------------------------------------------------- */

static struct child *children;

void child_register(struct child *c)
{
	c->next = children;
	children = c;
}

static int child_main(const char *name)
{
	for (struct child *c = children; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c->run();
	fprintf(stderr, "there is no child '%s'\n", name);
	return 99;
}

int main(int argc, char **argv)
{
	const char *name = getenv("FILCH_TEST_CHILD");
	struct criterion_test_set *tests;
	int failed = 0;

	if (name)
		return child_main(name);
	tests = criterion_initialize();
	if (criterion_handle_args(argc, argv, true))
		failed = !criterion_run_all_tests(tests);
	criterion_finalize(tests);
	return failed;
}

int fork_result(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 999;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#if defined(COVERED) /* what ran in a child is to be counted, too */
void __gcov_dump(void);
#define BEFORE_EXIT() __gcov_dump()
#else
#define BEFORE_EXIT() ((void)0)
#endif

int in_fork(int (*f)(void *arg), void *arg)
{
	pid_t child = fork();

	if (child == 0) {
		int code;

		alarm(A_MINUTE);
		code = f(arg);
		BEFORE_EXIT();
		_exit(code);
	}
	return child < 0 ? 998 : fork_result(child);
}

/* Criterion's own test processes find their map in the environment: a child must not. */
static bool is_inherited(const char *entry)
{
	return strncmp(entry, "BXFI_", 5) != 0 &&
	       (strncmp(entry, "FILCH_", 6) != 0 || strncmp(entry, "FILCH_TEST_SCALE", 16) == 0);
}

static void make_environment(char **made, size_t room, char *self, const char *const *env)
{
	size_t n = 0;

	made[n++] = self;
	for (; env && *env; env++)
		made[n++] = (char *)(uintptr_t)*env;
	for (char **e = environ; *e && n + 1 < room; e++)
		if (is_inherited(*e))
			made[n++] = *e;
	made[n] = NULL;
}

static pid_t start_child(const char *name, const char *const *env, int out, int err)
{
	char self[128], path[4096];
	char *environment[512];
	char *argv[] = {path, NULL};
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	pid_t child;

	require(length > 0, "no /proc");
	path[length] = '\0';
	snprintf(self, sizeof self, "FILCH_TEST_CHILD=%s", name);
	make_environment(environment, COUNT_OF(environment), self, env);
	child = fork();
	if (child == 0) {
		alarm(A_MINUTE);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		execve(path, argv, environment);
		_exit(97);
	}
	require(child > 0, "no child");
	return child;
}

static void read_back(FILE *f, char *text, size_t room)
{
	rewind(f);
	text[fread(text, 1, room - 1, f)] = '\0';
	fclose(f);
}

void run_child(struct outcome *o, const char *name, const char *const *env)
{
	FILE *out = tmpfile(), *err = tmpfile();

	require(out && err, "no temporary file");
	o->status = fork_result(start_child(name, env, fileno(out), fileno(err)));
	read_back(out, o->out, sizeof o->out);
	read_back(err, o->err, sizeof o->err);
}

/* All that comes from the terminal until the last one closes it (which reads as an error). */
static void read_terminal(int terminal, char *text, size_t room)
{
	char more[512];
	size_t length = 0;

	for (ssize_t got; (got = read(terminal, more, sizeof more)) > 0;)
		for (ssize_t i = 0; i < got && length + 1 < room; i++)
			text[length++] = more[i];
	text[length] = '\0';
}

void run_child_on_terminal(struct outcome *o, const char *name, const char *const *env)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *out = tmpfile();
	pid_t child;
	int line;

	line = terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0
	               ? open(ptsname(terminal), O_RDWR | O_NOCTTY)
	               : -1;
	if (line < 0)
		cr_skip_test("this machine has no pseudo terminals to give");
	require(out != NULL, "no file");
	child = start_child(name, env, fileno(out), line);
	close(line);
	read_terminal(terminal, o->err, sizeof o->err);
	o->status = fork_result(child);
	close(terminal);
	read_back(out, o->out, sizeof o->out);
}
