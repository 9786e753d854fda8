/* SPDX-License-Identifier: MIT */
/* See print.h. */
#include "print.h"

#include <string.h>

/* The amount in the first unit that keeps it below 1000, with three figures. */
static void format_unit(char *text, size_t bytes, double amount, const char *const unit[], size_t n)
{
	size_t i = 0;

	for (; i + 1 < n && amount >= 999.5; i++)
		amount /= 1000;

	const int decimals = i == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;

	snprintf(text, bytes, "%.*f %s", decimals, amount, unit[i]);
}

void format_time(char *text, size_t bytes, uint64_t ns)
{
	static const char *const unit[] = {"ns", "us", "ms", "s"};

	format_unit(text, bytes, (double)ns, unit, sizeof unit / sizeof *unit);
}

void format_bytes(char *text, size_t bytes, uint64_t amount)
{
	static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB"};

	format_unit(text, bytes, (double)amount, unit, sizeof unit / sizeof *unit);
}

void print_bar(double share)
{
	const int width = 16;
	const int length = (int)(share * width + 0.5);

	for (int i = 0; i < (length < 1 ? 1 : length) && i < width; i++)
		putchar('#');
	putchar('\n');
}

void print_wrapped(const char *lead, const char *words)
{
	const size_t indent = strlen(lead);
	size_t column = indent;

	fputs(lead, stdout);
	for (size_t length; *words; words += length + strspn(words + length, " ")) {
		length = strcspn(words, " ");
		if (column > indent && column + 1 + length > COLUMNS) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		column += (size_t)printf("%s%.*s", column > indent ? " " : "", (int)length, words);
	}
	putchar('\n');
}

void print_name(const char *name)
{
	for (; *name; name++)
		putchar((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}
