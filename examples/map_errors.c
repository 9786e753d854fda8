/* SPDX-License-Identifier: MIT */
/* An ordered map whose items may fail: stop at the first, keep going, or run out of time. */
#include <filch.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS = 6, NOT_A_NUMBER = 1, TOO_LARGE = 2 };

static const char *const word[WORDS] = {"12", "7", "seven", "40", "99999999999999999999", "1"};

static int parse(void *ctx, const void *in, void *out, filch_worker *w)
{
	const char *const *text = in;
	long *number = out;
	char *end;

	(void)ctx;
	(void)w;
	errno = 0;
	*number = strtol(*text, &end, 10);
	if (end == *text || *end)
		return NOT_A_NUMBER;
	return errno ? TOO_LARGE : 0;
}

/* As the serial loop: the lowest item that fails decides, at every width and on every run. */
static int stop_at_the_first(void)
{
	long number[WORDS];
	size_t first;
	const int code =
		filch_map(NULL, word, WORDS, number, parse, NULL, FILCH(.first_error = &first));

	if (code != NOT_A_NUMBER || first != 2)
		return 1;
	printf("\"%s\" is no number; before it came %ld and %ld\n", word[first], number[0],
	       number[1]);
	return number[0] != 12 || number[1] != 7;
}

/* All items run; status[i] says how item i went. */
static int keep_going(void)
{
	long number[WORDS];
	int status[WORDS];
	const int code = filch_map(NULL, word, WORDS, number, parse, NULL,
	                           FILCH(.keep_going = true, .status = status));
	long sum = 0;

	for (size_t i = 0; i < WORDS; i++) {
		if (status[i] == 0)
			sum += number[i];
		else
			printf("\"%s\": %s\n", word[i],
			       status[i] == TOO_LARGE ? "too large" : "no number");
	}
	printf("the others add up to %ld\n", sum);
	return code != NOT_A_NUMBER || status[4] != TOO_LARGE || sum != 60;
}

/* For ever, if it were not for the timeout: a long body looks from time to time. */
static int endless(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx;
	(void)in;
	(void)out;
	while (!filch_stopping(w))
		;
	return 0;
}

static int run_out_of_time(void)
{
	enum { ITEMS = 2 * FILCH_MAX_WORKERS };
	static char item[ITEMS];
	static int status[ITEMS];
	size_t skipped = 0;
	const int code = filch_map(NULL, item, ITEMS, item, endless, NULL,
	                           FILCH(.timeout_ns = 20000000, .status = status));

	for (size_t i = 0; i < ITEMS; i++)
		skipped += status[i] == FILCH_ESKIPPED;
	printf("after 20 ms: %s; %zu of %d items never started\n", filch_strerror(code), skipped,
	       ITEMS);
	return code != FILCH_ETIMEDOUT || skipped == 0;
}

int main(void)
{
	return stop_at_the_first() || keep_going() || run_out_of_time();
}
