/* SPDX-License-Identifier: MIT */
/*
 * Finds the quotas in three steps: /proc/self/cgroup says which cgroup we are in,
 * /proc/self/mountinfo says where cgroups can be seen, and there we walk from the top of
 * the mount down to our own cgroup, since each of them on the way limits us.
 *
 * A mount need not begin at the root of all cgroups: a container's mostly begins at the
 * container's own.  So a cgroup's folder is the mount point and what is left of the
 * cgroup's path behind the root of the mount; both are told relative to our cgroup
 * namespace, and begin with "/.." if they lie outside of it.
 */
#define _POSIX_C_SOURCE 200809L /* strtok_r() */
#include "cpus.h"

#include "platform.h"

#include <stdio.h>
#include <string.h>

enum {
	MAX_WORKERS = 1024,
	PATH_BYTES = 4096, /* no system call takes a longer one */
	MAX_DIGITS = 15,   /* of microseconds; the kernel's own limits are far below */
	SHOWN_BYTES = 190, /* of a folder's name, so that all of the sentence fits the source */
};

/* What we know while we look; out->quota and out->source are the tightest so far. */
struct search {
	struct filch__cpus *out;
	bool v1;                /* the cpu controller is in a hierarchy of version 1 */
	bool found;             /* a mount shows our cgroup */
	size_t base, length;    /* of path: of the root alone, of all */
	size_t column;          /* bytes of the line so far */
	char path[PATH_BYTES];  /* the folder that we look at */
	char group[PATH_BYTES]; /* our cgroup, "" = not known */
	char line[PATH_BYTES];  /* of /proc/self/cgroup or mountinfo */
};

/* Does a word end here? */
static bool ends(char c, char separator)
{
	return c == '\0' || c == separator;
}

/* False, and nothing happens, if there is no room for it. */
static bool path_append(struct search *s, const char *text, size_t length)
{
	if (length >= sizeof(s->path) - s->length)
		return false;
	memcpy(s->path + s->length, text, length);
	s->length += length;
	s->path[s->length] = '\0';
	return true;
}

/* Opens the file of this name in the folder; below 0 if there is none. */
static int open_file(struct search *s, const char *name)
{
	const size_t folder = s->length;
	const bool fits = path_append(s, name, strlen(name));

	s->length = folder;
	return fits ? filch__file_open(s->path) : -1;
}

/* A line that is too long counts as an empty one: half of it could mislead. */
static void end_line(struct search *s, void (*use)(struct search *))
{
	s->line[s->column < sizeof(s->line) ? s->column : 0] = '\0';
	s->column = 0;
	use(s);
}

static void each_line(struct search *s, const char *name, void (*use)(struct search *))
{
	const int file = open_file(s, name);
	char bytes[512];
	size_t n;

	if (file < 0)
		return;
	while ((n = filch__file_read(file, bytes, sizeof(bytes))) > 0) {
		for (size_t i = 0; i < n; i++) {
			if (bytes[i] == '\n')
				end_line(s, use);
			else if (s->column++ < sizeof(s->line))
				s->line[s->column - 1] = bytes[i];
		}
	}
	end_line(s, use);
	filch__file_close(file);
}

/* ---- the quota of one cgroup -------------------------------------------------------- */

/* A number above 0, after one blank at most; moves on behind it.  "max" and "-1" are none. */
static bool parse_number(const char **at, uint64_t *number)
{
	const char *text = *at + (**at == ' ');
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > MAX_DIGITS || !ends(text[digits], ' '))
		return false;
	*at = text + digits;
	for (*number = 0; text < *at; text++)
		*number = *number * 10 + (uint64_t)(*text - '0');
	return *number > 0;
}

/* The first so many numbers of a file in the folder, which is short and comes in one piece. */
static bool read_numbers(struct search *s, const char *name, uint64_t *numbers, int count)
{
	const int file = open_file(s, name);
	char text[64];
	const char *at = text;

	if (file < 0)
		return false;
	text[filch__file_read(file, text, sizeof(text) - 1)] = '\0';
	filch__file_close(file);
	text[strcspn(text, "\n")] = '\0';
	while (count > 0 && parse_number(&at, numbers++))
		count--;
	return count == 0;
}

/* Of a long path the source shows the end, which tells cgroups apart. */
static void note_quota(struct search *s, double quota, const char *file)
{
	const uint64_t hundredths = (uint64_t)(quota * 100); /* down: 1.999 CPUs are not 2.00 */
	const size_t length = s->length - s->base;
	const size_t shown = length < SHOWN_BYTES ? length : SHOWN_BYTES;

	s->out->quota = quota;
	snprintf(s->out->source, sizeof(s->out->source), "cgroup quota %llu.%02u CPUs (%s%.*s%s)",
	         (unsigned long long)(hundredths / 100), (unsigned)(hundredths % 100),
	         shown < length ? "..." : "", (int)shown, s->path + s->length - shown, file);
}

/* Of the cgroup whose folder it is. */
static void read_quota(struct search *s)
{
	const char *file = s->v1 ? "/cpu.cfs_quota_us" : "/cpu.max";
	uint64_t us[2]; /* so much CPU time in so much real time */
	double quota;

	if (!read_numbers(s, file, us, s->v1 ? 1 : 2) ||
	    (s->v1 && !read_numbers(s, "/cpu.cfs_period_us", &us[1], 1)))
		return;
	quota = (double)us[0] / (double)us[1];
	if (s->out->quota == 0 || quota < s->out->quota)
		note_quota(s, quota, file);
}

/* From the folder `top` down along `below`; if that is too long, as far as it can be named. */
static void walk(struct search *s, const char *top, const char *below)
{
	size_t length;

	s->length = s->base;
	if (!path_append(s, top, strlen(top)))
		return;
	do {
		read_quota(s);
		below += strspn(below, "/");
		length = strcspn(below, "/");
		below += length;
	} while (length > 0 && path_append(s, "/", 1) && path_append(s, below - length, length));
}

/* ---- which cgroup we are in, and where it can be seen ------------------------------- */

/* Is "cpu" in the list, which commas part? */
static bool has_cpu(const char *list)
{
	while (*list && !(strncmp(list, "cpu", 3) == 0 && ends(list[3], ','))) {
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return *list;
}

/* "ID:CONTROLLERS:PATH", or "0::PATH" for version 2.  With both, the cpu controller decides. */
static void read_group(struct search *s)
{
	char *controllers = strchr(s->line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	bool v1;

	if (!path || path[1] != '/')
		return;
	*path++ = '\0';
	v1 = has_cpu(controllers + 1);
	if (s->v1 || (!v1 && strcmp(s->line, "0:") != 0))
		return;
	s->v1 = v1;
	memcpy(s->group, path, strlen(path) + 1); /* fits: the line has a group's size */
}

/* In place: \040 is a blank.  So the kernel writes blanks, newlines and backslashes. */
static char *unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++, to++) {
		*to = *from;
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 3;
		}
	}
	*to = '\0';
	return text;
}

/* What is left of our cgroup behind the root of a mount; NULL if it is not under that root. */
static const char *below_root(const struct search *s, const char *root)
{
	const size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	const char *below = s->group + length;

	if (strncmp(s->group, root, length) != 0 || !ends(*below, '/'))
		return NULL;
	return strncmp(below, "/..", 3) == 0 && ends(below[3], '/') ? NULL : below;
}

/*
 * "ID PARENT DEVICE ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS".  As long as no mount shows
 * our cgroup, the tops of the mounts count: most likely they are around us, and a pool that is
 * too small does less harm than one that is throttled.
 */
static void look_at_mount(struct search *s)
{
	char *at = strstr(s->line, s->v1 ? " - cgroup " : " - cgroup2 ");
	char *field[5];
	const char *below;

	if (!s->group[0] || !at || (s->v1 && !has_cpu(strrchr(at, ' ') + 1)))
		return;
	for (int i = 0; i < 5; i++)
		field[i] = strtok_r(i == 0 ? s->line : NULL, " ", &at);
	if (!field[4] || field[4][0] != '/')
		return;
	below = below_root(s, unescape(field[3]));
	if (below && !s->found)
		s->out->quota = 0;
	s->found |= below != NULL;
	if (below || !s->found)
		walk(s, unescape(field[4]), below ? below : "");
}

void filch__cpus_read(const char *root, unsigned affinity, struct filch__cpus *out)
{
	struct search s = {.out = out};
	double cpus = affinity;

	*out = (struct filch__cpus){.affinity = affinity};
	if (path_append(&s, root, strlen(root))) {
		s.base = s.length;
		each_line(&s, "/proc/self/cgroup", read_group);
		each_line(&s, "/proc/self/mountinfo", look_at_mount);
	}
	if (out->quota > 0 && (affinity == 0 || out->quota < cpus))
		cpus = out->quota;
	else if (affinity == 0)
		strcpy(out->source, "unknown: no affinity mask, no cgroup quota");
	else
		snprintf(out->source, sizeof(out->source), "affinity mask: %u CPU%s", affinity,
		         affinity == 1 ? "" : "s");
	out->count = cpus < 1 ? 1 : cpus < MAX_WORKERS ? (unsigned)cpus : MAX_WORKERS;
}

bool filch__cpus_parse_workers(const char *text, unsigned *out)
{
	const char *at = text;
	uint64_t workers;

	if (!text || *text < '1' || !parse_number(&at, &workers) || *at || workers > MAX_WORKERS)
		return false;
	*out = (unsigned)workers;
	return true;
}
