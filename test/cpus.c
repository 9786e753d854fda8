/* SPDX-License-Identifier: MIT */
/*
 * How many CPUs a process may use, on machines that are folders with the files that a kernel
 * would show.  The table of them is cpus_machines.h; here is how they are written and read,
 * and what cannot be said in a table.
 */
#define _XOPEN_SOURCE 700
#include "cpus.h"
#include "support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- the system, watched -------------------------------------------------------- */

static char root[64];      /* the machine's folder, "/" at its end */
static unsigned opened;    /* files of the machine */
static bool left_for_exec; /* one of them without O_CLOEXEC */
/* Of this thread alone: Criterion has one of its own, which reads, too. */
static _Thread_local int interrupts;      /* so many calls of read() fail with EINTR from now on */
static _Thread_local size_t read_at_most; /* bytes that one read() gives, 0 = all it likes */

int open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list rest;

	va_start(rest, flags);
	if (flags & O_CREAT)
		mode = (mode_t)va_arg(rest, unsigned);
	va_end(rest);
	if (root[0] && strncmp(name, root, strlen(root)) == 0) {
		opened++;
		left_for_exec |= !(flags & O_CLOEXEC);
	}
	return openat(AT_FDCWD, name, flags, mode);
}

ssize_t read(int fd, void *bytes, size_t size)
{
	struct iovec all = {bytes, read_at_most && read_at_most < size ? read_at_most : size};

	if (interrupts > 0) {
		interrupts--;
		errno = EINTR;
		return -1;
	}
	return readv(fd, &all, 1);
}

/* ---- machines ------------------------------------------------------------------- */

static void begin(void)
{
	snprintf(root, sizeof(root), "%s/filch-cpus-XXXXXX", P_tmpdir);
	cr_assert(mkdtemp(root));
	strcat(root, "/"); /* a mount point that is not a full path would be found here */
}

static int remove_one(const char *name, const struct stat *status, int kind, struct FTW *where)
{
	(void)status, (void)kind, (void)where;
	return remove(name);
}

static void end(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes it in the machine's folder, and makes the folders on the way if need be. */
static void write_bytes(const char *name, const char *bytes, size_t size)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	remove(path); /* some file systems wait for the disk when a file is written over */
	f = fopen(path, "w");
	for (char *at = strchr(path + strlen(root), '/'); !f && at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	f = f ? f : fopen(path, "w");
	cr_assert(f, "cannot write %s", path);
	fwrite(bytes, 1, size, f);
	cr_assert_eq(fclose(f), 0);
}

/* A machine is a list of names, each with what is in the file behind it. */
static void write_files(const char *const *files, size_t n)
{
	for (size_t i = 0; i < n; i += 2)
		write_bytes(files[i], files[i + 1], strlen(files[i + 1]));
}

static bool is_of_the_machine(const char *link)
{
	char path[4096];
	const ssize_t length = readlink(link, path, sizeof path);

	return length > 0 && (size_t)length > strlen(root) && memcmp(path, root, strlen(root)) == 0;
}

static bool is_one_open(void)
{
	DIR *files = opendir("/proc/self/fd");
	bool found = false;

	cr_assert(files);
	for (struct dirent *e; !found && (e = readdir(files));) {
		char link[512];

		snprintf(link, sizeof link, "/proc/self/fd/%s", e->d_name);
		found = is_of_the_machine(link);
	}
	closedir(files);
	return found;
}

/* What is always so, whatever the files say. */
static void read_machine(unsigned affinity, struct filch__cpus *cpus)
{
	memset(cpus, 0xff, sizeof(*cpus));
	filch__cpus_read(root, affinity, cpus);
	cr_assert_not(is_one_open(), "a file stayed open");
	cr_assert(opened > 0 && !left_for_exec);
	cr_assert_eq(cpus->affinity, affinity);
	cr_assert(cpus->count >= 1 && cpus->count <= 1024, "count %u", cpus->count);
	cr_assert(affinity == 0 || cpus->count <= affinity, "count %u", cpus->count);
	cr_assert(cpus->quota >= 0 && isfinite(cpus->quota), "quota %g", cpus->quota);
	cr_assert(cpus->source[0] && memchr(cpus->source, '\0', sizeof(cpus->source)));
}

/* file: whose quota decided; NULL = the mask did. */
static void expect(unsigned affinity, unsigned count, double quota, const char *file)
{
	struct filch__cpus cpus;
	char source[256];

	read_machine(affinity, &cpus);
	if (file)
		snprintf(source, sizeof(source), "cgroup quota %.2f CPUs (%s)", quota, file);
	else
		snprintf(source, sizeof(source), "affinity mask: %u CPUs", affinity);
	cr_expect_eq(cpus.count, count, "count %u, not %u", cpus.count, count);
	cr_expect_float_eq(cpus.quota, quota, 1e-9, "quota %g, not %g", cpus.quota, quota);
	cr_expect_str_eq(cpus.source, source, "source \"%s\", not \"%s\"", cpus.source, source);
}

TestSuite(cpus, .init = begin, .fini = end, .timeout = 120);

/* In this mask and with these files the count, the quota and the file that decided are so. */
#define MACHINE(sentence, affinity, count, quota, decides, ...)                                    \
	Test(cpus, sentence)                                                                       \
	{                                                                                          \
		const char *const files[] = {__VA_ARGS__};                                         \
                                                                                                   \
		write_files(files, COUNT_OF(files));                                               \
		expect(affinity, count, quota, decides);                                           \
	}

#include "cpus_machines.h"

static void expect_source(unsigned affinity, const char *source)
{
	struct filch__cpus cpus;

	read_machine(affinity, &cpus);
	cr_expect_str_eq(cpus.source, source);
}

Test(cpus, the_source_is_a_sentence)
{
	const char *const files[] = {V2("/a"), MAX("/a", "150000 100000\n")};

	expect_source(1, "affinity mask: 1 CPU");
	expect_source(2, "affinity mask: 2 CPUs");
	expect_source(0, "unknown: no affinity mask, no cgroup quota");
	write_files(files, COUNT_OF(files));
	expect_source(2, "cgroup quota 1.50 CPUs (/sys/fs/cgroup/a/cpu.max)");
	write_bytes("sys/fs/cgroup/a/cpu.max", "199999 100000", 13); /* not shown as 2.00 */
	expect_source(2, "cgroup quota 1.99 CPUs (/sys/fs/cgroup/a/cpu.max)");
}

Test(cpus, nonsense_in_cpu_max_is_no_quota)
{
	char nonsense[] =
		"\n| |max|max max|0 100000|-1 100000|100000 0|100000 -1|100000|100000 |+1 1|"
		"0x1 0x1|1e0 1|1.0 1.0|1,0 1|1 1x|1x 1|one one|99999999999999999999 1|"
		"1 99999999999999999999|\n1 1|\t1 1|1\t1|1  1|1;1|\xff\xfe 1|1 max|"
		"                                                            1 1";
	const char *const machine[] = {V2("/")};

	write_files(machine, COUNT_OF(machine));
	for (char *text = strtok(nonsense, "|"); text; text = strtok(NULL, "|")) {
		write_bytes("sys/fs/cgroup/cpu.max", text, strlen(text));
		expect(8, 8, 0, NULL);
	}
}

/* ---- what is too long ----------------------------------------------------------- */

/* Writes before, then `middle` again and again, then after. */
static void write_long(const char *name, const char *before, const char *middle, size_t size,
                       const char *after)
{
	char *text = calloc(1, strlen(before) + size + strlen(middle) + strlen(after) + 1);
	char *at = text + sprintf(text, "%s", before);

	for (const char *stop = at + size; at < stop;)
		at += sprintf(at, "%s", middle);
	at += sprintf(at, "%s", after);
	write_bytes(name, text, (size_t)(at - text));
	free(text);
}

Test(cpus, a_line_that_is_too_long_is_passed_over_whole)
{
	const char *const files[] = {MAX("/b", ONE), MAX("/a", TWO), MAX("", FOUR)};

	write_files(files, COUNT_OF(files));
	write_long("proc/self/cgroup", "4:cpu:/", "b", 99999, "\n0::/a\n");
	write_long("proc/self/mountinfo", V2_MOUNT("/") "1 2 3 / /", "x", 99999, " 0::/b");
	expect(8, 2, 2, V2_FILE("/a"));
	write_long("proc/self/mountinfo", "1 2 3 / / rw ", "x", 99999,
	           " - cgroup2\n" V2_MOUNT("/"));
	expect(8, 2, 2, V2_FILE("/a"));
	write_long("proc/self/mountinfo", "1 2 3 / / rw ", "x", 99999, "");
	expect(8, 8, 0, NULL);
}

Test(cpus, a_cgroup_too_deep_to_name_still_has_its_ancestors)
{
	const char *const files[] = {MOUNTS(V2_MOUNT("/")), MAX("/a/a/a", TWO), MAX("/a", FOUR)};

	write_files(files, COUNT_OF(files));
	write_long("proc/self/cgroup", "0::", "/a", 4080, "\n");
	expect(8, 2, 2, V2_FILE("/a/a/a"));
}

Test(cpus, a_mount_point_too_long_to_name_is_passed_over)
{
	const char *const files[] = {V2("/"), MAX("", TWO)};

	write_files(files, COUNT_OF(files));
	write_long("proc/self/mountinfo", "1 2 3 / ", "/a", 4074, " - cgroup2 \n");
	expect(8, 8, 0, NULL);
}

#define SIX_GROUPS "/abcdefghi/abcdefghi/abcdefghi/abcdefghi/abcdefghi/abcdefghi"
#define LONG_GROUP SIX_GROUPS SIX_GROUPS SIX_GROUPS SIX_GROUPS

Test(cpus, of_a_long_name_the_source_shows_the_end)
{
	const char *const files[] = {MOUNTS(V2_MOUNT("/")), MAX(LONG_GROUP, ONE)};
	struct filch__cpus cpus;

	write_files(files, COUNT_OF(files));
	write_long("proc/self/cgroup", "0::", "/abcdefghi", 240, "\n");
	read_machine(8, &cpus);
	cr_expect_eq(cpus.count, 1);
	cr_expect(strstr(cpus.source, "quota 1.00 CPUs (..."), "%s", cpus.source);
	cr_expect(strstr(cpus.source, "/abcdefghi/abcdefghi/cpu.max)"), "%s", cpus.source);
}

/* The same folder under ever longer names, until the kernel takes them no more. */
Test(cpus, a_root_too_long_to_name_has_no_files)
{
	const char *const files[] = {V2("/"), MAX("", ONE)};
	const size_t longest_file = strlen(V2_FILE(""));
	char long_root[5000];
	size_t length;

	write_files(files, COUNT_OF(files));
	strcpy(long_root, root);
	while ((length = strlen(long_root)) < 4200) {
		struct filch__cpus cpus;

		filch__cpus_read(long_root, 3, &cpus);
		cr_assert_eq(cpus.count, length + longest_file < 4096 ? 1 : 3, "%zu", length);
		strcat(long_root, length % 2 ? "/." : "/");
	}
}

/* ---- how files are read --------------------------------------------------------- */

static const char *const small_machine[] = {GROUP("3:cpuset:/b\n0::/a/b\n"),
                                            MOUNTS("1 2 3 / /proc rw - proc p rw\n" V2_MOUNT("/a")),
                                            MAX("", FOUR), MAX("/b", "250000 100000\n")};

Test(cpus, reads_that_signals_interrupt_go_on)
{
	write_files(small_machine, COUNT_OF(small_machine));
	for (int i = 1; i < 10; i++) {
		interrupts = i;
		expect(8, 2, 2.5, V2_FILE("/b"));
		cr_assert_eq(interrupts, 0);
	}
}

Test(cpus, lists_may_come_in_any_pieces)
{
	write_files(small_machine, COUNT_OF(small_machine));
	for (read_at_most = 14; read_at_most < 100; read_at_most++)
		expect(8, 2, 2.5, V2_FILE("/b"));
}

Test(cpus, this_machine_has_an_answer)
{
	struct filch__cpus cpus;

	filch__cpus_read("", 2, &cpus);
	cr_expect_eq(cpus.count, cpus.quota > 0 && cpus.quota < 2 ? 1 : 2);
}

/* ---- files that are not what they should be ------------------------------------- */

static const char *const whole_machine[] = {
	GROUP("9:name=systemd:/\n4:cpu,cpuacct:/a/b\n0::/a/b\n"),
	MOUNTS(V2_MOUNT("/a") V1_MOUNT("/") V1_MOUNT("/..")),
	MAX("", "150000 100000\n"),
	MAX("/b", "max 100000\n"),
	QUOTA("/a", "150000\n"),
	PERIOD("/a", "100000\n"),
	QUOTA("/a/b", "-1\n"),
	PERIOD("/a/b", "100000\n")};

/* Bytes of any kind, or mostly such as these files are made of. */
static void write_noise(const char *name, uint64_t *seed)
{
	static const char likely[] = "0123456789-+ \n\n::,,//..\\cpumax";
	const bool any = random_below(seed, 3) == 0;
	const size_t size = random_below(seed, random_below(seed, 8) == 0 ? 20000 : 200);
	char *bytes = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = any ? (char)random_below(seed, 256)
		               : likely[random_below(seed, sizeof(likely) - 1)];
	write_bytes(name, bytes, size);
	free(bytes);
}

/* The file as it is, or noise, or with up to three wrong bytes and perhaps cut off. */
static void write_any(const char *const *file, bool noise, uint64_t *seed)
{
	char bytes[512];
	size_t size = strlen(file[1]);

	if (noise && random_below(seed, 2) == 0) {
		write_noise(file[0], seed);
		return;
	}
	memcpy(bytes, file[1], size);
	for (size_t i = noise ? 0 : random_below(seed, 4); i > 0; i--)
		bytes[random_below(seed, size)] = (char)random_below(seed, 256);
	if (!noise && random_below(seed, 4) == 0)
		size = random_below(seed, size);
	write_bytes(file[0], bytes, size);
}

Test(cpus, whatever_the_files_say_there_is_a_count)
{
	uint64_t seed = test_seed();
	unsigned by_mask = 0, by_quota = 0;

	/* One in seventeen says a quota. */
	for (size_t i = 1000; i > 0; i--) {
		const bool noise = random_below(&seed, 2) == 0;
		struct filch__cpus cpus;

		for (size_t f = 0; f < COUNT_OF(whole_machine); f += 2)
			write_any(&whole_machine[f], noise, &seed);
		read_machine((unsigned)random_below(&seed, 9), &cpus);
		by_mask += cpus.source[0] == 'a';
		by_quota += cpus.source[0] == 'c';
	}
	cr_expect(by_mask > 0 && by_quota > 0, "%u by mask, %u by quota", by_mask, by_quota);
}

/* ---- $FILCH_WORKERS ------------------------------------------------------------- */

Test(cpus, every_width_can_be_said)
{
	for (unsigned n = 1; n <= 1024; n++) {
		unsigned workers = 0;
		char text[16];

		snprintf(text, sizeof(text), "%u", n);
		cr_assert(filch__cpus_parse_workers(text, &workers));
		cr_assert_eq(workers, n);
	}
}

Test(cpus, a_width_with_anything_around_it_is_none)
{
	char wrong[] =
		" | 4|4 |4\n|\t4|+4|-4|-|0x4|0|00|04|1025|4096|4a|a4|4.0|4,|4 4|1e2|max|four|"
		"99999999999999999999|18446744073709551617|4294967297|\xef\xbc\x94|"
		"99999999999999999999999999999999999999999999";
	unsigned workers = 77;

	cr_expect_not(filch__cpus_parse_workers(NULL, &workers));
	cr_expect_not(filch__cpus_parse_workers("", &workers));
	for (char *text = strtok(wrong, "|"); text; text = strtok(NULL, "|"))
		cr_expect_not(filch__cpus_parse_workers(text, &workers), "\"%s\"", text);
	cr_expect_eq(workers, 77);
}
