/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H
/*
 * What the driver and the programs of the contenders say to each other, through pipes:
 * the driver writes a request to standard input, the program answers on standard output.
 * Both ends are built together, so a struct is its own format.
 */
#include "bench.h"
#include "shapes.h"

enum wire_ask {
	WIRE_HELLO,
	WIRE_ROUND,
	WIRE_COUNT,
	WIRE_SINGLE,
	WIRE_PERIODIC,
	WIRE_IDLE,
	WIRE_SERIES,
	WIRE_WAKE,
	WIRE_CALLERS
};

/* Which contender of the family; the control is the serial loop, called like a contender. */
enum { WIRE_CONTROL = -1 };

enum { WIRE_CONTENDERS_MAX = 8, WIRE_NAME = 32, WIRE_TEXT = 96 };

struct wire_request {
	enum wire_ask ask;
	int contender;
	enum body_id body;
	enum bench_mode mode;
	bool serial_first;
	bool at_once;            /* see struct bench_loop */
	bool with_open;          /* time the opening of the library, too, if it was not yet */
	bool second;             /* for WIRE_CALLERS */
	unsigned times;          /* for WIRE_PERIODIC, WIRE_SERIES, WIRE_WAKE */
	unsigned calls;          /* for WIRE_SERIES */
	unsigned callers, width; /* for WIRE_CALLERS */
	uint64_t n;
	uint64_t ns;            /* pause, period or idle time */
	uint64_t sleep_ns;      /* of an item of BODY_SLEEP */
	uint64_t chunk;         /* see struct items */
	enum shape shape;       /* of the items of BODY_WEIGHTED */
	struct nest nest;       /* of BODY_NESTED */
	unsigned program;       /* an enum fork_program, for forks/host.c alone */
	uint32_t steps[BODIES]; /* the same chains for all */
};

/*
 * The answer to anything but a hello is a struct bench_pair, and for WIRE_SERIES and WIRE_WAKE as
 * many samples as were asked for.
 */
struct wire_hello {
	unsigned count;
	bool nests;
	bool has_second[WIRE_CONTENDERS_MAX];
	bool enters[WIRE_CONTENDERS_MAX];
	bool sums[WIRE_CONTENDERS_MAX];
	double library_bytes; /* its shared libraries in memory, those of libc left out */
	char version[WIRE_TEXT];
	char compiler[WIRE_TEXT];
	char name[WIRE_CONTENDERS_MAX][WIRE_NAME];
};

#endif
