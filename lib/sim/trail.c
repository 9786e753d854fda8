/* SPDX-License-Identifier: MIT */
/* A trail as text, and a shorter one that fails, too. */
#include "schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t filch__schedule_special(const struct schedule *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->length; i++)
		count += s->trail[i].chosen != 0;
	return count;
}

/* What goes on at text + at, if there is room. */
static size_t print_choice(char *text, size_t bytes, size_t at, size_t ordinary, unsigned chosen)
{
	const bool room = at < bytes;
	const int n = snprintf(room ? text + at : NULL, room ? bytes - at : 0, "%s%zu:%u",
	                       at ? "," : "", ordinary, chosen);

	return at + (size_t)n;
}

/* The choices that are not ordinary, each as how many ordinary ones stand before it, and which. */
size_t filch__schedule_print(const struct schedule *s, char *text, size_t bytes)
{
	size_t at = 0, ordinary = 0;

	for (size_t i = 0; i < s->length; i++) {
		if (!s->trail[i].chosen) {
			ordinary++;
			continue;
		}
		at = print_choice(text, bytes, at, ordinary, s->trail[i].chosen);
		ordinary = 0;
	}
	return at ? at : print_choice(text, bytes, 0, 0, 0);
}

bool filch__schedule_parse(struct schedule *s, const char *text)
{
	s->length = 0;
	while (*text) {
		char *end;
		const unsigned long ordinary = strtoul(text, &end, 10);
		unsigned long chosen;

		if (end == text || *end != ':' || ordinary >= SIM_TRAIL - s->length - 1)
			return false;
		text = end + 1;
		chosen = strtoul(text, &end, 10);
		if (end == text || (*end && *end != ',') || chosen > 255)
			return false;
		memset(&s->trail[s->length], 0, ordinary * sizeof *s->trail);
		s->length += ordinary;
		s->trail[s->length++] = (struct choice){.chosen = (uint8_t)chosen};
		text = *end ? end + 1 : end;
	}
	return true;
}

static void keep(struct schedule *s)
{
	memcpy(s->best, s->trail, s->length * sizeof *s->trail);
	s->best_length = s->length;
}

static void take_best(struct schedule *s)
{
	memcpy(s->trail, s->best, s->best_length * sizeof *s->trail);
	s->length = s->best_length;
}

/* With the choices begin .. end - 1 made ordinary; keeps it if that still fails. */
static bool try_without(struct schedule *s, size_t begin, size_t end, bool (*fails)(void *),
                        void *arg)
{
	bool any = false;

	take_best(s);
	for (size_t i = begin; i < end && i < s->length; i++) {
		any = any || s->trail[i].chosen;
		s->trail[i].chosen = 0;
	}
	if (!any || !fails(arg))
		return false;
	keep(s);
	return true;
}

void filch__schedule_shrink(struct schedule *s, bool (*fails)(void *), void *arg)
{
	unsigned tries = 4000;

	keep(s);
	for (size_t size = s->best_length / 2; size && tries; size /= 2)
		for (size_t at = 0; at < s->best_length && tries; at += size, tries--)
			try_without(s, at, at + size, fails, arg);
	take_best(s);
	fails(arg); /* so that what is said is of this one */
}
