/* SPDX-License-Identifier: MIT */
/* Tables for people and records for programs, see output.h. */
#define _POSIX_C_SOURCE 200809L
#include "output.h"

#include "commit.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static FILE *json;
static size_t expected, done;
static uint64_t began, spoke;

/* ---- the machine ------------------------------------------------------------ */

/* Its processor as the system names it. */
static void processor(char *name, size_t bytes)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(name, bytes, "unknown processor");
	while (f && fgets(line, sizeof line, f)) {
		const char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) == 0 && value) {
			line[strcspn(line, "\n\"\\")] = '\0';
			snprintf(name, bytes, "%s", value + 2);
			break;
		}
	}
	if (f)
		fclose(f);
}

static void machine(char *text, size_t bytes)
{
	char name[128];
	struct utsname system;

	processor(name, sizeof name);
	if (uname(&system) < 0)
		memset(&system, 0, sizeof system);
	snprintf(text, bytes, "%ld x %s, %.60s %.60s", sysconf(_SC_NPROCESSORS_ONLN), name,
	         system.sysname, system.release);
}

void output_head(void)
{
	char text[320];

	machine(text, sizeof text);
	printf("%s, commit %s\n", text, BENCH_COMMIT);
}

/* ---- records ------------------------------------------------------------------ */

bool output_open(const char *path, bool keep)
{
	if (path)
		json = fopen(path, "w+");
	else
		json = keep ? tmpfile() : NULL;
	return json || !(path || keep);
}

bool output_append(const char *path)
{
	json = fopen(path, "a");
	return json;
}

FILE *output_records(void)
{
	if (json)
		fflush(json);
	return json;
}

void output_close(void)
{
	if (json)
		fclose(json);
	json = NULL;
}

static void put_quartiles(const char *name, struct bench_quartiles q)
{
	fprintf(json, ",\"%s\":{\"q1\":%.6g,\"median\":%.6g,\"q3\":%.6g}", name, q.low, q.median,
	        q.high);
}

static void quartiles(const char *name, struct bench_quartiles q)
{
	if (q.low != 0 || q.median != 0 || q.high != 0)
		put_quartiles(name, q);
}

void output_record(const struct record *r)
{
	char text[320];
	const struct wire_hello *h = &r->entrant->host->hello;

	if (!json)
		return;
	fprintf(json, "{\"question\":\"%s\",\"mode\":\"%s\",\"contender\":\"%s\"", r->question,
	        r->mode, r->entrant->name);
	if (r->body)
		fprintf(json, ",\"body\":\"%s\",\"n\":%llu", r->body, (unsigned long long)r->n);
	fprintf(json, ",\"workers\":%u,\"rounds\":%zu", r->entrant->host->workers, r->rounds);
	quartiles("serial_ns", r->serial_ns);
	quartiles("time_ns", r->time_ns);
	quartiles("ratio", r->ratio);
	quartiles("extra_ns", r->extra_ns);
	quartiles("serial_cpu_ns", r->serial_cpu_ns);
	quartiles("cpu_ns", r->cpu_ns);
	for (size_t k = 0; k < ALSO_MAX && r->also[k].name; k++)
		put_quartiles(r->also[k].name, r->also[k].value);
	for (size_t k = 0; k < r->sample_count; k++)
		fprintf(json, "%s%.4g", k == 0 ? ",\"samples\":[" : ",", r->samples[k]);
	if (r->sample_count > 0)
		fputc(']', json);
	machine(text, sizeof text);
	fprintf(json, ",\"wrong\":%llu,\"machine\":\"%s\",\"compiler\":\"%s\"",
	        (unsigned long long)r->wrong, text, h->compiler);
	fprintf(json, ",\"version\":\"%s\",\"commit\":\"%s\"}\n",
	        h->version[0] ? h->version : h->compiler, BENCH_COMMIT);
	fflush(json); /* a run that is stopped keeps what it has */
}

/* ---- progress ------------------------------------------------------------------- */

void output_expect(size_t steps)
{
	if (done == expected) {
		done = expected = 0; /* the next part of the answer has its own line */
		began = bench_now();
	}
	expected += steps;
}

/* At most four times a second on a terminal, and every ten seconds into a file. */
void output_step(const char *what)
{
	const bool terminal = isatty(STDERR_FILENO);
	const uint64_t now = bench_now();
	const uint64_t gap = terminal ? 250000000u : 10000000000u;

	done++;
	if (now - spoke < gap)
		return;
	spoke = now;
	const double seconds = (double)(now - began) / 1e9;

	fprintf(stderr, "%s%3.0f %%  %.0f s, about %.0f s left: %-24s%s", terminal ? "\r" : "",
	        100.0 * (double)done / (double)expected, seconds,
	        seconds / (double)done * (double)(expected - done), what, terminal ? "" : "\n");
	fflush(stderr);
}

void output_quiet(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%78s\r", "");
}

void output_done(void)
{
	done = expected;
	output_quiet();
}

const char *output_time(char buffer[OUTPUT_TIME], double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	double value = ns;
	size_t unit = 0;

	while ((value >= 999.5 || value <= -999.5) && unit < 3) {
		value /= 1000;
		unit++;
	}
	const int digits = value < 9.95 && value > -9.95 && unit > 0 ? 1 : 0;

	snprintf(buffer, OUTPUT_TIME, "%.*f %s", digits, value, units[unit]);
	return buffer;
}
