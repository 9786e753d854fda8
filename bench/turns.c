/* SPDX-License-Identifier: MIT */
/* Starting and stopping the programs of the contenders, see turns.h. */
#define _GNU_SOURCE
#include "turns.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* The program of the family, in the directory of ours. */
static bool find_program(char *path, size_t bytes, const char *family)
{
	char self[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length <= 0)
		return false;
	self[length] = '\0';
	char *slash = strrchr(self, '/');

	slash[1] = '\0';
	const int put = snprintf(path, bytes, "%sfilch-bench-%s", self, family);

	return put > 0 && (size_t)put < bytes && access(path, X_OK) == 0;
}

/* In the child: becomes the program. */
static void become(const char *path, int in, int out, unsigned workers)
{
	char width[16];

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a stopped program would not notice our end */
#endif
	snprintf(width, sizeof width, "%u", workers);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execl(path, path, width, (char *)NULL);
	_exit(127);
}

static bool write_all(int fd, const void *from, size_t bytes)
{
	return write(fd, from, bytes) == (ssize_t)bytes; /* less than PIPE_BUF: all or nothing */
}

/* A program that says nothing for so long hangs. */
enum { PATIENCE_MS = 120000 };

static bool read_all(int fd, void *to, size_t bytes)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	for (size_t done = 0; done < bytes;) {
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			return false;
		const ssize_t got = read(fd, (char *)to + done, bytes - done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static bool start(struct host *host, const char *path, unsigned workers)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return false;
	fflush(NULL);
	host->pid = fork();
	if (host->pid == 0)
		become(path, to[0], from[1], workers);
	close(to[0]);
	close(from[1]);
	host->to = to[1];
	host->from = from[0];
	return host->pid > 0;
}

/* All or nothing; the host is stopped before and after. */
static bool exchange(struct host *host, const struct wire_request *q, void *answer, size_t bytes,
                     void *more, size_t more_bytes)
{
	if (host->pid <= 0)
		return false;
	kill(host->pid, SIGCONT);
	const bool ok = write_all(host->to, q, sizeof *q) && read_all(host->from, answer, bytes) &&
	                read_all(host->from, more, more_bytes);

	kill(host->pid, SIGSTOP);
	return ok;
}

bool turns_start(struct host *host, const char *family, unsigned workers)
{
	const struct wire_request q = {.ask = WIRE_HELLO};
	char path[PATH_MAX];

	memset(host, 0, sizeof *host);
	host->family = family;
	host->workers = workers;
	signal(SIGPIPE, SIG_IGN);
	if (!find_program(path, sizeof path, family) || !start(host, path, workers))
		return false;
	if (exchange(host, &q, &host->hello, sizeof host->hello, NULL, 0))
		return true;
	turns_end(host);
	return false;
}

bool turns_is_own(const struct entrant *e)
{
	return strcmp(e->host->family, "filch") == 0 || strcmp(e->host->family, "filch-forks") == 0;
}

bool turns_is_filch(const struct entrant *e)
{
	return turns_is_own(e) && e->index != WIRE_CONTROL;
}

bool turns_is_peer(const struct entrant *e)
{
	return strncmp(e->host->family, "filch", 5) != 0;
}

void turns_ask(struct host *host, const struct wire_request *q, struct bench_pair *out)
{
	turns_ask_series(host, q, out, NULL);
}

void turns_ask_series(struct host *host, const struct wire_request *q, struct bench_pair *out,
                      struct bench_sample *samples)
{
	if (exchange(host, q, out, sizeof *out, samples, samples ? q->times * sizeof *samples : 0))
		return;
	if (host->pid > 0) {
		fprintf(stderr, "\nfilch-bench-%s is lost\n", host->family);
		turns_end(host);
	}
	memset(out, 0, sizeof *out);
	if (samples)
		memset(samples, 0, q->times * sizeof *samples);
	out->wrong = 1;
}

pid_t turns_burner_start(void)
{
	fflush(NULL);
	const pid_t burner = fork();

	if (burner == 0) {
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		for (volatile unsigned k = 0;; k++)
			;
	}
	if (burner > 0)
		kill(burner, SIGSTOP);
	return burner > 0 ? burner : 0;
}

void turns_burner_run(pid_t burner, bool run)
{
	if (burner > 0)
		kill(burner, run ? SIGCONT : SIGSTOP);
}

void turns_burner_end(pid_t burner)
{
	if (burner <= 0)
		return;
	kill(burner, SIGKILL);
	waitpid(burner, NULL, 0);
}

void turns_end(struct host *host)
{
	if (host->pid <= 0)
		return;
	close(host->to);
	close(host->from);
	kill(host->pid, SIGKILL); /* it owns nothing that outlives it, and may hang */
	waitpid(host->pid, NULL, 0);
	host->pid = 0;
}
