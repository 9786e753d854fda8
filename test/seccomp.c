/* SPDX-License-Identifier: MIT */
/*
 * seccomp FILE: pools, loops, sleeping and waking, forks, sorts and the table at exit, each in a process
 * that may make no other system calls than those of the table in FILE, which is SECURITY.md; and
 * with some of them refused.  The last line is the sum of it.
 */
#define _GNU_SOURCE
#include <filch_algo.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

enum { MOST = 64, ITEMS = 20000 };

#define CALL(name)                                                                                 \
	{                                                                                          \
#name, SYS_##name                                                                  \
	}
static const struct call {
	const char *name;
	long number;
} calls[] = {CALL(brk),
             CALL(clock_gettime),
             CALL(clone),
             CALL(clone3),
             CALL(close),
             CALL(exit),
             CALL(exit_group),
             CALL(fstat),
             CALL(futex),
             CALL(getcpu),
             CALL(getpid),
             CALL(getrandom),
             CALL(ioctl),
             CALL(gettid),
             CALL(madvise),
             CALL(membarrier),
             CALL(mmap),
             CALL(mprotect),
             CALL(mremap),
             CALL(munmap),
             CALL(newfstatat),
             CALL(openat),
             CALL(prctl),
             CALL(prlimit64),
             CALL(read),
             CALL(rseq),
             CALL(rt_sigaction),
             CALL(rt_sigpending),
             CALL(rt_sigprocmask),
             CALL(rt_sigtimedwait),
             CALL(sched_getaffinity),
             CALL(sched_setaffinity),
             CALL(sched_yield),
             CALL(set_robust_list),
             CALL(write)};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* ---- what may be called ---------------------------------------------------------------------------- */

static struct call allowed[MOST];
static unsigned count;

static void fail(const char *what, const char *which)
{
	printf("seccomp: %s: %s\n0 passed, 1 failed\n", what, which);
	exit(1);
}

static void allow(const char *name)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0 && count < MOST) {
			allowed[count++] = calls[i];
			return;
		}
	fail("this is no call that the test knows", name);
}

/* The rows "| `name`, `name` | what for |". */
static void read_table(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];

	if (!f)
		fail("cannot be read", path);
	while (fgets(line, sizeof line, f)) {
		char *end = line[0] == '|' ? strchr(line + 1, '|') : NULL;

		if (!end)
			continue;
		*end = '\0';
		for (char *name = strchr(line, '`'); name; name = strchr(end + 1, '`')) {
			end = strchr(name + 1, '`');
			if (!end)
				fail("a name has no end", name);
			*end = '\0';
			allow(name + 1);
		}
	}
	fclose(f);
	if (!count)
		fail("has no table of calls", path);
}

/* ---- in a process that may call no other ----------------------------------------------------------- */

static int say_to;

/* Says which; only what may be called on a signal. */
static void on_other(int signal, siginfo_t *info, void *context)
{
	char text[] = "seccomp: not in the table: system call    \n";
	unsigned n = (unsigned)info->si_syscall;

	(void)signal, (void)context;
	for (size_t i = sizeof text - 3; n; n /= 10)
		text[i--] = (char)('0' + n % 10);
	if (write(say_to, text, sizeof text - 1) < 0)
		_exit(4);
	_exit(3);
}

/* Any of these, and it is not for reading alone. */
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

/* All but `without`, which is refused: with EPERM if `gently`, else like what is not in the table. */
static void lock_up(const char *without, bool gently)
{
	struct sock_filter filter[MOST * 2 + 12];
	struct sock_fprog program = {.filter = filter};
	struct sigaction trap = {.sa_sigaction = on_other, .sa_flags = SA_SIGINFO};
	unsigned n = 0;

	sigaction(SIGSYS, &trap, NULL);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                           offsetof(struct seccomp_data, arch));
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                           offsetof(struct seccomp_data, nr));
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                           offsetof(struct seccomp_data, args[2]));
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, WRITES, 0, 1);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                           offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < count; i++) {
		const bool out = without && strcmp(allowed[i].name, without) == 0;
		const unsigned action = !out     ? SECCOMP_RET_ALLOW
		                        : gently ? SECCOMP_RET_ERRNO | EPERM
		                                 : SECCOMP_RET_TRAP;

		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		                                           (unsigned)allowed[i].number, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
}

/* ---- what is done there ----------------------------------------------------------------------------- */

static void expect(bool so)
{
	if (!so)
		_exit(1);
}

static int count_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	unsigned char *times = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		times[i]++;
	return 0;
}

static void loop(filch_pool *pool)
{
	static unsigned char times[ITEMS];

	memset(times, 0, sizeof times);
	expect(filch_for(pool, ITEMS, count_items, times, FILCH(.chunk = 100)) == 0);
	for (size_t i = 0; i < ITEMS; i++)
		expect(times[i] == 1);
}

static void nap(void)
{
	/* Not a system call that the library makes. */
	const clock_t begin = clock();

	while (clock() - begin < CLOCKS_PER_SEC / 50)
		;
}

static int leaf(void *arg, filch_worker *w)
{
	(void)w;
	nap();
	(*(unsigned *)arg)++;
	return 0;
}

/* Long enough for those who look to expose them. */
static int leaves(void *arg, filch_worker *w)
{
	unsigned *times = arg;
	filch_task task[8];

	for (int i = 0; i < 8; i++)
		filch_fork(w, &task[i], leaf, &times[i]);
	for (int i = 8; i-- > 0;)
		filch_join(w, &task[i]);
	return 0;
}

static int by_value(const void *a, const void *b, void *ctx)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	(void)ctx;
	return x < y ? -1 : x > y;
}

static void sorts(filch_pool *pool)
{
	static unsigned x[10 * ITEMS];

	for (size_t i = 0; i < 10 * ITEMS; i++)
		x[i] = (unsigned)(i * 2654435761u);
	expect(filch_sort(pool, x, 10 * ITEMS, sizeof *x, by_value, NULL, NULL) == 0);
	for (size_t i = 1; i < 10 * ITEMS; i++)
		expect(x[i - 1] <= x[i]);
}

static void own_pool(void)
{
	unsigned times[8] = {0};
	filch_pool *pool;

	expect(filch_pool_create(&pool, FILCH_POOL(.workers = 4, .name = "locked")) == 0);
	loop(pool);
	nap(); /* they sleep */
	loop(pool);
	expect(filch_run(pool, leaves, times, NULL) == 0);
	for (int i = 0; i < 8; i++)
		expect(times[i] == 1);
	sorts(pool);
	expect(filch_pool_destroy(pool) == 0);
}

static void default_pool(void)
{
	loop(NULL);
	sorts(NULL);
	filch_explain(stderr);
}

/* What a library could do that has a file for its traces. */
static void writes_a_file(void)
{
	expect(open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
}

/* ---- how it ends ----------------------------------------------------------------------------------- */

static unsigned passed, failed;

/* The status of a process that does it, locked up. */
static int status_of(void (*what)(void), const char *without, bool gently)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		say_to = dup(STDOUT_FILENO);
		if (!freopen("/dev/null", "w", stderr))
			_exit(5);
		lock_up(without, gently);
		what();
		exit(0); /* with what is done at exit */
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void expect_status(const char *name, int wanted, void (*what)(void), const char *without,
                          bool gently)
{
	const int status = status_of(what, without, gently);

	if (status == wanted)
		passed++;
	else
		failed++;
	printf("%-44s %s%s %s\n", name, without ? gently ? "refused: " : "without: " : "",
	       without ? without : "", status == wanted ? "as it should" : "NOT SO");
	if (status != wanted)
		printf("  status %d, not %d\n", status, wanted);
}

int main(int argc, char **argv)
{
	static const char *const gently[] = {"membarrier", "sched_setaffinity", "sched_getaffinity",
	                                     "openat"};

	if (argc != 2)
		fail("wants", "the file with the table");
	read_table(argv[1]);
	setenv("FILCH_STATS", "1", 1);
	expect_status("a pool of one's own", 0, own_pool, NULL, false);
	expect_status("the default pool", 0, default_pool, NULL, false);
	for (size_t i = 0; i < sizeof gently / sizeof gently[0]; i++)
		expect_status("a pool of one's own", 0, own_pool, gently[i], true);
	/* These would be noticed. */
	expect_status("a file that is written", 3, writes_a_file, NULL, false);
	expect_status("a pool of one's own", 3, own_pool, "futex", false);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
