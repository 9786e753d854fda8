/* SPDX-License-Identifier: MIT */
/*
 * What SECURITY.md says of programs that run with another's rights, and of what is printed.  System
 * calls are seccomp.c's, streams that nobody reads exit.c's and progress.c's.
 */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(security, .timeout = 120);

enum { N = 1000 };

/* ---- another's rights ---------------------------------------------------------------------- */

enum { OWNER = 65533, USER = 65534 }; /* nobody in particular, neither of them */
enum { FINE = 0, ORDINARY = 40, NOT_MADE, NO_USER };

/* Whether the system says that it runs with another's rights is its status. */
CHILD(says_what_it_was_told)
{
	filch_explain(stdout);
	fflush(stdout);
	/* Not by exit(), where a sanitizer would look for leaks, which it cannot in such a process. */
	_exit(getauxval(AT_SECURE) ? FINE : ORDINARY);
}

/* This program once more, owned by OWNER, with that mode; false if there can be none. */
static bool copy_self(const char *path, mode_t mode)
{
	const int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	bool good = from >= 0 && to >= 0;
	char bytes[4096];

	for (ssize_t got; good && (got = read(from, bytes, sizeof bytes)) != 0;)
		good = got > 0 && write(to, bytes, (size_t)got) == got;
	good = good && fchown(to, OWNER, OWNER) == 0 && fchmod(to, mode) == 0;
	close(from);
	close(to);
	return good;
}

/* As USER, whom none of the rights of root are left. */
static int exec_as_user(void *path)
{
	char *const argv[] = {path, NULL};
	char *const env[] = {(char *)(uintptr_t) "FILCH_TEST_CHILD=says_what_it_was_told",
	                     (char *)(uintptr_t) "FILCH_WORKERS=7",
	                     (char *)(uintptr_t) "FILCH_STATS=1", NULL};

	if (setgroups(0, NULL) || setgid(USER) || setuid(USER))
		return NO_USER;
	execve(path, argv, env);
	return NO_USER;
}

struct told {
	int status;
	char text[4096];
};

/* What the program says if its file has that mode. */
static struct told told_with_mode(mode_t mode)
{
	char folder[] = "/tmp/filch-XXXXXX", path[64];
	struct told told = {.status = NOT_MADE};
	const int out = dup(STDOUT_FILENO);
	FILE *text = tmpfile();

	cr_assert(text && out >= 0 && mkdtemp(folder) && chmod(folder, 0755) == 0);
	snprintf(path, sizeof path, "%s/program", folder);
	if (copy_self(path, mode)) {
		dup2(fileno(text), STDOUT_FILENO);
		told.status = in_fork(exec_as_user, path);
		dup2(out, STDOUT_FILENO);
	}
	unlink(path);
	rmdir(folder);
	rewind(text);
	told.text[fread(told.text, 1, sizeof told.text - 1, text)] = '\0';
	fclose(text);
	close(out);
	return told;
}

static void expect_ignored(mode_t mode)
{
	const struct told told = told_with_mode(mode);

	if (told.status == ORDINARY)
		cr_skip_test("no program gets another's rights in /tmp");
	cr_assert_eq(told.status, FINE, "mode %o: ended with %d", mode, told.status);
	cr_expect(strstr(told.text, "$FILCH_WORKERS    not set"), "mode %o: %s", mode, told.text);
	cr_expect(strstr(told.text, "$FILCH_STATS      off"), "mode %o: %s", mode, told.text);
}

Test(security, a_program_with_anothers_rights_ignores_its_environment)
{
	struct told told;

	if (geteuid() != 0)
		cr_skip_test("only root can make a program that runs with another's rights");
	told = told_with_mode(0755);
	if (told.status == NOT_MADE || told.status == NO_USER)
		cr_skip_test("there are no other users here");
	cr_assert_eq(told.status, ORDINARY, "ended with %d", told.status);
	cr_assert(strstr(told.text, "$FILCH_WORKERS    7"), "%s", told.text);
	cr_assert(strstr(told.text, "$FILCH_STATS      1:"), "%s", told.text);
	expect_ignored(04755);
	expect_ignored(02755);
	expect_ignored(06755);
}

/* ---- addresses --------------------------------------------------------------------------------- */

static int spoil(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)end;
	return begin <= *(size_t *)ctx ? filch_fail(w, begin, 7) : 0;
}

static int do_nothing(void *arg, filch_worker *w)
{
	(void)arg, (void)w;
	return 0;
}

static void say_verdict(const struct filch_report *r)
{
	printf("%s\n", r->verdict);
}

static void say_verdicts(filch_pool *pool)
{
	struct filch_report r;
	filch_cancel cancel = {0};
	size_t first = 0;
	struct tally t;

	tally_init(&t, N);
	filch_for(pool, N, tally_body, &t, NULL);
	say_verdict((filch_for(pool, N, tally_body, &t, FILCH(.report = &r)), &r));
	say_verdict((filch_for(pool, 1, tally_body, &t, FILCH(.report = &r)), &r));
	say_verdict((filch_for(pool, N, tally_body, &t,
	                       FILCH(.label = "labelled", .chunk = 1, .report = &r)),
	             &r));
	say_verdict((filch_for(pool, N, spoil, &first, FILCH(.report = &r)), &r));
	say_verdict((filch_run(pool, do_nothing, &t, FILCH(.report = &r)), &r));
	filch_cancel_now(&cancel);
	say_verdict(
		(filch_for(pool, N, tally_body, &t, FILCH(.cancel = &cancel, .report = &r)), &r));
	tally_finish(&t);
}

/* Where things stand, on a line of its own; then all that is printed. */
CHILD(prints_all_that_there_is)
{
	filch_pool *pool = pool_of(0); /* as wide as the other one */

	printf("%p %p\n", (void *)pool, (void *)(uintptr_t)say_verdicts);
	say_verdicts(NULL);
	say_verdicts(pool);
	for (int code = -20; code < 3; code++)
		printf("%s\n", filch_strerror(code));
	filch_explain(stdout);
	pool_close(pool);
	return 0;
}

/* No count and no time here has eight digits, and no address less. */
static void expect_no_address(const char *text)
{
	while (*text) {
		const size_t length = strspn(text, "0123456789abcdefABCDEF");

		cr_expect(length < 8 || strcspn(text, "0123456789") >= length, "%.*s", (int)length,
		          text);
		cr_expect(strncmp(text, "0x", 2) != 0 || !isxdigit((unsigned char)text[2]), "%.20s",
		          text);
		text += length ? length : 1;
	}
}

/* How long the time, or what has been won of it, is that stands here; 0: it is none. */
static size_t length_of_time(const char *text)
{
	static const char *const units[] = {" ns", " us", " ms", " s", "x"};
	char *end;

	strtod(text, &end);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		const size_t length = strlen(units[i]);

		if (strncmp(end, units[i], length) == 0 && !isalnum((unsigned char)end[length]))
			return (size_t)(end - text) + length;
	}
	return 0;
}

/* In place: times are all the same, and however wide. */
static void forget_times(char *text)
{
	char *to = text;

	while (*text) {
		const bool number = isdigit((unsigned char)*text);
		const size_t length = number ? length_of_time(text) : strspn(text, " ");

		*to++ = length && number ? 'T' : *text;
		text += length ? length : 1;
	}
	*to = '\0';
}

static void print_all(struct outcome *o, const char *workers)
{
	const char *const env[] = {"FILCH_STATS=1", workers, NULL};

	run_child(o, "prints_all_that_there_is", env);
	cr_assert_eq(o->status, 0);
	cr_assert(strchr(o->out, '\n') && strstr(o->err, "labelled"));
	expect_no_address(strchr(o->out, '\n'));
	expect_no_address(o->err);
}

Test(security, no_text_shows_an_address)
{
	struct outcome o;

	for (size_t i = 0; i < scaled(10, 2); i++)
		print_all(&o, i % 2 ? "FILCH_WORKERS=4" : "FILCH_WORKERS=1");
}

/* With one worker nothing else is by chance. */
Test(security, texts_are_the_same_wherever_things_stand_in_memory)
{
	static struct outcome one, other;
	char *rest[2];

	print_all(&one, "FILCH_WORKERS=1");
	print_all(&other, "FILCH_WORKERS=1");
	rest[0] = strchr(one.out, '\n');
	rest[1] = strchr(other.out, '\n');
	if (rest[0] - one.out == rest[1] - other.out &&
	    memcmp(one.out, other.out, (size_t)(rest[0] - one.out)) == 0)
		cr_skip_test("here they stand in the same place each time");
	forget_times(rest[0]);
	forget_times(rest[1]);
	forget_times(one.err);
	forget_times(other.err);
	cr_expect_str_eq(rest[0], rest[1]);
	cr_expect_str_eq(one.err, other.err);
}
