/* SPDX-License-Identifier: MIT */
/*
 * What changed since an earlier run, see against.h.  Compared is time / serial, since both
 * were measured in the same rounds: a machine that is slower today is slower in both.
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

/* The two lists: ratios of ratios, and differences of times in addition. */
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

static bool is_short(const json_t *record)
{
	return json_object_get(record, "extra_ns") &&
	       band_of(record, "serial_ns").median < RATIO_FROM_NS;
}

static bool overlap(struct band a, struct band b)
{
	return a.low <= b.high && b.low <= a.high;
}

static struct change change_of(const char *key, const json_t *then, const json_t *now, bool brief)
{
	const char *name = brief ? "extra_ns" : "ratio";
	const struct band a = band_of(then, name), b = band_of(now, name);
	struct change c = {.key = key, .outside = !overlap(a, b)};

	c.once = number_of(then, "rounds") < 2 || number_of(now, "rounds") < 2;
	if (brief)
		c.band = (struct band){b.low - a.high, b.median - a.median, b.high - a.low};
	else
		c.band = (struct band){b.low / a.high, b.median / a.median, b.high / a.low};
	return c;
}

static bool is_comparable(const json_t *record, bool brief)
{
	return brief ? json_object_get(record, "extra_ns") != NULL
	             : band_of(record, "ratio").low > 0;
}

static int worst_first(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return (x->band.median < y->band.median) - (x->band.median > y->band.median);
}

/* Those of all records that both runs have and that are of this kind, worst first. */
static bool collect(struct changes *changes, json_t *then, json_t *now, bool brief)
{
	const char *key;
	json_t *record;

	*changes = (struct changes){0, calloc(json_object_size(now) + 1, sizeof(struct change))};
	if (!changes->item)
		return false;
	json_object_foreach(now, key, record)
	{
		const json_t *old = json_object_get(then, key);

		/* What was long then and is short now, or the other way, is judged as it is now. */
		if (old && is_short(record) == brief && is_comparable(record, brief) &&
		    is_comparable(old, brief))
			changes->item[changes->count++] = change_of(key, old, record, brief);
	}
	qsort(changes->item, changes->count, sizeof(struct change), worst_first);
	return true;
}

static void print_change(const struct change *c, bool brief)
{
	printf(brief ? "%s  %+9.1f ns  (%+.1f .. %+.1f)%s\n" : "%s  %9.3f  (%.3f .. %.3f)%s\n",
	       c->key, c->band.median, c->band.low, c->band.high,
	       c->once      ? "  one round only"
	       : c->outside ? "  !"
	                    : "");
}

static size_t print_changes(const struct changes *changes, bool brief)
{
	size_t outside = 0;

	for (size_t k = 0; k < changes->count; k++) {
		print_change(&changes->item[k], brief);
		outside += changes->item[k].outside && !changes->item[k].once;
	}
	return outside;
}

static bool print_kind(const struct against *earlier, json_t *now, bool brief)
{
	struct changes changes;

	if (!collect(&changes, earlier->records, now, brief))
		return false;
	printf("\nagainst %s, %s, worst first\n(the band is from the quartiles of both runs; '!': "
	       "it does not contain 'no change'):\n",
	       earlier->path,
	       brief ? "below 1 us: time in addition now minus then" : "time / serial now by then");
	const size_t outside = print_changes(&changes, brief);

	printf("%zu compared, %zu outside their noise\n", changes.count, outside);
	free(changes.item);
	return true;
}

bool against_print(struct against *earlier, FILE *records)
{
	bool printed;
	json_t *now;

	rewind(records);
	now = read_records(records, "the records of this run");
	if (!now)
		return false;
	printed = print_kind(earlier, now, false) && print_kind(earlier, now, true);
	json_decref(now);
	return printed;
}
