/* SPDX-License-Identifier: MIT */
/*
 * What changed since an earlier run, see against.h.  Compared is time / serial where there is a serial
 * loop, since both were measured in the same rounds: a machine that is slower today is slower in both.
 */
#include "against.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define RATIO_FROM_NS 1000 /* shorter loops are compared by their time in addition */

struct band {
	double low, median, high;
};

struct change {
	const char *key; /* of the records of this run */
	struct band band;
	bool outside; /* the quartiles then and now do not overlap */
	bool once;    /* one of the two was measured in one round only: no band */
};

struct against {
	const char *path;
	json_t *records; /* key -> record */
};

/* What a record is compared by: a list for each. */
enum measure { RATIO, EXTRA, TIME, CPU, MEASURES };

static const struct {
	const char *field, *about;
	bool is_difference; /* of now and then; otherwise their ratio */
} measures[MEASURES] = {
	[RATIO] = {"ratio", "time / serial now by then", false},
	[EXTRA] = {"extra_ns", "below 1 us: time in addition now minus then", true},
	[TIME] = {"time_ns", "without a serial loop: time now by then", false},
	[CPU] = {"cpu_ns", "with nothing to do: CPU time now minus then", true},
};

/* One of these lists. */
struct changes {
	size_t count;
	struct change *item;
};

/* ---- records ------------------------------------------------------------------------ */

static const char *text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

static long long number_of(const json_t *record, const char *name)
{
	return (long long)json_number_value(json_object_get(record, name));
}

/* What makes two records the same measurement, in the words that are printed. */
static void key_of(const json_t *record, char *key, size_t bytes)
{
	snprintf(key, bytes, "%-18s %-9s %-16s %10lld x %-7s %lld workers",
	         text_of(record, "contender"), text_of(record, "question"), text_of(record, "mode"),
	         number_of(record, "n"), text_of(record, "body"), number_of(record, "workers"));
}

/* All records of a file by their keys, NULL if a line is none. */
static json_t *read_records(FILE *file, const char *path)
{
	json_t *records = json_object();
	json_t *record;
	json_error_t error;
	static char line[65536]; /* with all samples */
	char key[256];

	for (long number = 1; records && fgets(line, sizeof line, file); number++) {
		record = json_loads(line, 0, &error);
		if (!json_is_object(record)) {
			fprintf(stderr, "%s:%ld: not a record\n", path, number);
			json_decref(record);
			json_decref(records);
			return NULL;
		}
		key_of(record, key, sizeof key);
		if (json_object_set_new(records, key, record) != 0) {
			json_decref(records);
			return NULL;
		}
	}
	return records;
}

struct against *against_open(const char *path)
{
	struct against *earlier = malloc(sizeof *earlier);
	FILE *file = fopen(path, "r");

	if (!file)
		perror(path);
	if (file && earlier) {
		*earlier = (struct against){path, read_records(file, path)};
		if (earlier->records) {
			fclose(file);
			return earlier;
		}
	}
	if (file)
		fclose(file);
	free(earlier);
	return NULL;
}

void against_close(struct against *earlier)
{
	if (earlier)
		json_decref(earlier->records);
	free(earlier);
}

/* ---- changes ------------------------------------------------------------------------ */

static struct band band_of(const json_t *record, const char *name)
{
	const json_t *q = json_object_get(record, name);

	return (struct band){json_number_value(json_object_get(q, "q1")),
	                     json_number_value(json_object_get(q, "median")),
	                     json_number_value(json_object_get(q, "q3"))};
}

static bool has(const json_t *record, enum measure m)
{
	const json_t *value = json_object_get(record, measures[m].field);

	if (m == CPU) /* nothing was used where this is left out, too */
		return !has(record, RATIO) && !has(record, TIME);
	return value && (measures[m].is_difference || band_of(record, measures[m].field).low > 0);
}

/* What was long then and is short now, or the other way, is judged as it is now. */
static enum measure measure_of(const json_t *record)
{
	if (has(record, EXTRA) && band_of(record, "serial_ns").median < RATIO_FROM_NS)
		return EXTRA;
	return has(record, RATIO) ? RATIO : has(record, TIME) ? TIME : CPU;
}

static bool overlap(struct band a, struct band b)
{
	return a.low <= b.high && b.low <= a.high;
}

static struct change change_of(const char *key, const json_t *then, const json_t *now,
                               enum measure m)
{
	const struct band a = band_of(then, measures[m].field);
	const struct band b = band_of(now, measures[m].field);
	struct change c = {.key = key, .outside = !overlap(a, b)};

	c.once = number_of(then, "rounds") < 2 || number_of(now, "rounds") < 2;
	if (measures[m].is_difference)
		c.band = (struct band){b.low - a.high, b.median - a.median, b.high - a.low};
	else
		c.band = (struct band){b.low / a.high, b.median / a.median, b.high / a.low};
	return c;
}

static int worst_first(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return (x->band.median < y->band.median) - (x->band.median > y->band.median);
}

/* Those of all records that both runs have and that are compared by this, worst first. */
static bool collect(struct changes *changes, json_t *then, json_t *now, enum measure m)
{
	const char *key;
	json_t *record;

	*changes = (struct changes){0, calloc(json_object_size(now) + 1, sizeof(struct change))};
	if (!changes->item)
		return false;
	json_object_foreach(now, key, record)
	{
		const json_t *old = json_object_get(then, key);

		if (old && measure_of(record) == m && has(old, m))
			changes->item[changes->count++] = change_of(key, old, record, m);
	}
	qsort(changes->item, changes->count, sizeof(struct change), worst_first);
	return true;
}

static void print_change(const struct change *c, bool is_difference)
{
	printf(is_difference ? "%s  %+9.1f ns  (%+.1f .. %+.1f)%s\n"
	                     : "%s  %9.3f  (%.3f .. %.3f)%s\n",
	       c->key, c->band.median, c->band.low, c->band.high,
	       c->once      ? "  one round only"
	       : c->outside ? "  !"
	                    : "");
}

static size_t print_changes(const struct changes *changes, bool is_difference)
{
	size_t outside = 0;

	for (size_t k = 0; k < changes->count; k++) {
		print_change(&changes->item[k], is_difference);
		outside += changes->item[k].outside && !changes->item[k].once;
	}
	return outside;
}

static bool print_measure(const struct against *earlier, json_t *now, enum measure m)
{
	struct changes changes;

	if (!collect(&changes, earlier->records, now, m))
		return false;
	if (changes.count > 0) {
		printf("\nagainst %s, %s, worst first\n(the band is from the quartiles of both "
		       "runs; '!': it does not contain 'no change'):\n",
		       earlier->path, measures[m].about);
		const size_t outside = print_changes(&changes, measures[m].is_difference);

		printf("%zu compared, %zu outside their noise\n", changes.count, outside);
	}
	free(changes.item);
	return true;
}

/* Says so if one of the records that both have was measured elsewhere; how many they share. */
static size_t warn_of_machines(const struct against *earlier, json_t *now)
{
	const char *key, *warned = NULL;
	json_t *record;
	size_t shared = 0;

	json_object_foreach(now, key, record)
	{
		const json_t *old = json_object_get(earlier->records, key);

		shared += old != NULL;
		if (warned || !old ||
		    strcmp(text_of(old, "machine"), text_of(record, "machine")) == 0)
			continue;
		warned = key;
		printf("\nWARNING: %s is of another machine, or of another kernel, and no "
		       "difference below says\nanything about filch alone:\nthen %s\nnow  %s\n",
		       earlier->path, text_of(old, "machine"), text_of(record, "machine"));
	}
	return shared;
}

bool against_print(struct against *earlier, FILE *records)
{
	bool printed = true;
	json_t *now;

	rewind(records);
	now = read_records(records, "the records of this run");
	if (!now)
		return false;
	if (warn_of_machines(earlier, now) == 0)
		printf("\nagainst %s: no record of this run is in it\n", earlier->path);
	for (int m = 0; m < MEASURES && printed; m++)
		printed = print_measure(earlier, now, (enum measure)m);
	json_decref(now);
	return printed;
}
