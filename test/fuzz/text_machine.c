/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc and of cgroups (lib/cpus.c), in memory: open(), read() and close() are ours for names
 * below ROOT, and give the bytes in pieces, with signals in between.
 */
#define _GNU_SOURCE
#include "cpus.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define ROOT "/no/such/machine"

enum { FILES = 6, DESCRIPTOR = 100000 };

/* What stands in the files; their names end in these. */
static const char *const names[FILES] = {"/self/cgroup", "/self/mountinfo",   "/a/cpu.max",
                                         "/cpu.max",     "/cpu.cfs_quota_us", "/cpu.cfs_period_us"};

static struct machine {
	struct bytes file[FILES];
	struct bytes rest[FILES]; /* of those that are open */
	bool open[FILES];
	size_t most;         /* that one read() gives */
	unsigned interrupts; /* one in so many fails, 0 = none */
	unsigned reads;
} m;

int __real_open(const char *name, int flags, mode_t mode);
ssize_t __real_read(int fd, void *bytes, size_t size);
int __real_close(int fd);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open64(const char *name, int flags, ...); /* what open() is in most builds */
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __wrap_close(int fd);

static bool ends_in(const char *name, const char *end)
{
	const size_t length = strlen(name), tail = strlen(end);

	return length >= tail && strcmp(name + length - tail, end) == 0;
}

static int open_in_memory(const char *name, int flags)
{
	expect(flags == (O_RDONLY | O_CLOEXEC));
	for (int i = 0; i < FILES; i++)
		if (ends_in(name, names[i])) {
			expect(!m.open[i]);
			m.rest[i] = m.file[i];
			m.open[i] = true;
			return DESCRIPTOR + i;
		}
	errno = ENOENT;
	return -1;
}

static int open_any(const char *name, int flags, va_list rest)
{
	if (strncmp(name, ROOT, strlen(ROOT)) == 0)
		return open_in_memory(name, flags);
	return __real_open(name, flags, flags & O_CREAT ? (mode_t)va_arg(rest, unsigned) : 0);
}

#define OPEN(NAME)                                                                                 \
	int NAME(const char *name, int flags, ...)                                                 \
	{                                                                                          \
		va_list rest;                                                                      \
		int fd;                                                                            \
                                                                                                   \
		va_start(rest, flags);                                                             \
		fd = open_any(name, flags, rest);                                                  \
		va_end(rest);                                                                      \
		return fd;                                                                         \
	}

OPEN(__wrap_open)
OPEN(__wrap_open64)

/* What is left of an open file. */
static struct bytes *open_file(int fd)
{
	expect(fd < DESCRIPTOR + FILES && m.open[fd - DESCRIPTOR]);
	return &m.rest[fd - DESCRIPTOR];
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
	struct bytes *rest;

	if (fd < DESCRIPTOR)
		return __real_read(fd, bytes, size);
	rest = open_file(fd);
	if (m.interrupts && ++m.reads % m.interrupts == 0) {
		errno = EINTR;
		return -1;
	}
	size = size < m.most ? size : m.most;
	size = size < rest->left ? size : rest->left;
	next_bytes(rest, bytes, size);
	return (ssize_t)size;
}

int __wrap_close(int fd)
{
	if (fd < DESCRIPTOR)
		return __real_close(fd);
	open_file(fd);
	m.open[fd - DESCRIPTOR] = false;
	return 0;
}

/* What is so whatever the files say (cpus.h). */
static struct filch__cpus read_machine(unsigned affinity)
{
	struct filch__cpus cpus;

	memset(&cpus, 0xff, sizeof cpus);
	filch__cpus_read(ROOT, affinity, &cpus);
	for (int i = 0; i < FILES; i++)
		expect(!m.open[i]);
	expect(cpus.affinity == affinity);
	expect(cpus.count >= 1 && cpus.count <= 1024);
	expect(!affinity || cpus.count <= affinity);
	expect(cpus.quota >= 0 && cpus.quota < 1e15);
	expect(cpus.quota > 0 || cpus.count == (affinity ? affinity < 1024 ? affinity : 1024 : 1));
	expect(cpus.source[0] && memchr(cpus.source, '\0', sizeof cpus.source));
	return cpus;
}

/*
 * Up to a byte that no text has, or the end.  Another such byte says how often the sixteen bytes before
 * it come again: a few bytes are a name longer than any may be.
 */
static struct bytes next_file(struct bytes *b, uint8_t *file, size_t room)
{
	enum { END = 0xff, AGAIN = 0xfe, PERIOD = 16 };
	size_t size = 0;

	while (b->left) {
		const uint8_t byte = next_byte(b);
		size_t more = byte == AGAIN && size >= PERIOD ? next_byte(b) * (size_t)PERIOD : 1;

		if (byte == END)
			break;
		for (; more && size < room; more--, size++)
			file[size] = byte == AGAIN && size >= PERIOD ? file[size - PERIOD] : byte;
	}
	return (struct bytes){file, size};
}

/* As the bytes have it; the same again in other pieces; and with more CPUs no fewer. */
void fuzz_machine(struct bytes *b)
{
	const unsigned affinity = next_byte(b) * 7u;
	const uint8_t pieces = next_byte(b);
	static uint8_t text[FILES][10000];
	struct filch__cpus once, again;

	memset(&m, 0, sizeof m);
	for (int i = 0; i < FILES; i++)
		m.file[i] = next_file(b, text[i], sizeof text[i]);
	m.most = SIZE_MAX;
	once = read_machine(affinity);
	m.most = 64 + pieces % 64; /* those with numbers come in one piece */
	m.interrupts = 2 + pieces / 64;
	again = read_machine(affinity);
	expect(once.count == again.count && once.quota == again.quota &&
	       strcmp(once.source, again.source) == 0);
	again = read_machine(affinity + 1);
	expect(again.quota == once.quota && (!affinity || again.count >= once.count));
}

/* ---- what a quota means ----------------------------------------------------------------------- */

/* 1 to 15 digits that are not all 0, and then a blank or the end; 0 if that is not what stands there. */
static uint64_t number_at(const char **text)
{
	uint64_t n = 0;
	int digits = 0;

	while (**text >= '0' && **text <= '9' && digits <= 15) {
		n = n * 10 + (uint64_t)(*(*text)++ - '0');
		digits++;
	}
	return digits > 15 || (**text && **text != ' ') ? 0 : n;
}

/* The CPUs of a line "QUOTA PERIOD", 0 if there is no such line; one blank before each number. */
static double quota_of(const char *line)
{
	uint64_t quota, period;

	line += *line == ' ';
	quota = number_at(&line);
	if (!quota || *line++ != ' ')
		return 0;
	period = number_at(&line);
	return period ? (double)quota / (double)period : 0;
}

static struct bytes file_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* Where all else is plain, the first line of cpu.max, as the kernel's manual has it. */
void fuzz_quota(struct bytes *b)
{
	const unsigned affinity = next_byte(b);
	char line[64] = "";
	struct filch__cpus cpus;
	double wanted, count = affinity;

	memset(&m, 0, sizeof m);
	m.most = SIZE_MAX;
	m.file[0] = file_of("0::/\n");
	m.file[1] = file_of("31 23 0:27 / /c rw - cgroup2 cgroup2 rw\n");
	m.file[3] = *b;
	memcpy(line, b->at, b->left < sizeof line ? b->left : sizeof line - 1);
	line[strcspn(line, "\n")] = '\0';
	wanted = quota_of(line);
	cpus = read_machine(affinity);
	expect(cpus.quota == wanted);
	if (wanted > 0 && (!affinity || wanted < count))
		count = wanted;
	expect(cpus.count == (count < 1 ? 1 : count > 1024 ? 1024 : (unsigned)count));
	expect((wanted > 0 && (!affinity || wanted < affinity)) ==
	       (strncmp(cpus.source, "cgroup quota ", 13) == 0));
}
