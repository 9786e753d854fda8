/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_NOBODY_H
#define FILCH_TEST_NOBODY_H
/* Streams that nobody reads, in each of the ways in which there are; the includer has _GNU_SOURCE. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes until there is no room left; `end` does not block. */
static inline int filled(int end)
{
	static const char bytes[4096];

	while (end >= 0 && write(end, bytes, sizeof bytes) > 0)
		;
	return end;
}

static inline int open_pipe(bool stuck)
{
	int ends[2];

	if (pipe2(ends, O_NONBLOCK))
		return -1;
	if (stuck)
		return filled(ends[1]);
	close(ends[0]);
	return ends[1];
}

static inline int open_terminal(bool stuck)
{
	const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	int line = -1;

	if (terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0)
		line = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (stuck)
		return filled(line);
	close(terminal);
	return line;
}

/*
 * stderr of this process becomes what cannot be written to: it is "closed", a disk that is "full", a
 * "pipe" that nobody has open to read, or one that is "stuck" since nobody does; a terminal that is
 * "gone", or "stopped".  False if there is no such thing here.
 */
static inline bool nobody_reads(const char *how)
{
	int fd = -1;

	if (strcmp(how, "closed") == 0)
		return close(STDERR_FILENO) == 0;
	if (strcmp(how, "full") == 0)
		fd = open("/dev/full", O_WRONLY);
	else if (strcmp(how, "pipe") == 0 || strcmp(how, "stuck") == 0)
		fd = open_pipe(how[0] == 's');
	else if (strcmp(how, "gone") == 0 || strcmp(how, "stopped") == 0)
		fd = open_terminal(how[0] == 's');
	return fd >= 0 && dup2(fd, STDERR_FILENO) >= 0 && close(fd) == 0;
}

#endif
