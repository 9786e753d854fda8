/* SPDX-License-Identifier: MIT */
/*
 * The programs of test/sim/any.c, of calls of every kind in each other, as bytes have it:
 *
 *     0, 1   the seed of the order in which the threads go on
 *     2      what it is that the seed decides: the kind of order, whether memory and threads are refused,
 *            membarrier(), weak memory
 *     3 ...  what the program asks for, a byte each time
 */
#include "../sim/any.h"
#include "target.h"

#include <string.h>

static struct filch_sim_options options_of(const uint8_t head[3])
{
	const uint8_t how = head[2];

	return (struct filch_sim_options){
		.struct_size = sizeof(struct filch_sim_options),
		.name = "calls",
		.runs = 1,
		.seed = 1u + head[0] + 256u * head[1],
		.order = how & 1 ? FILCH_SIM_RANDOM : FILCH_SIM_PCT,
		.depth = 2 + (how >> 1 & 3),
		.faults = how & 8,
		.no_barrier = how & 16,
		.strong = how & 32,
		.steps = 2000000, /* two hundred bytes ask for more than the usual 100,000 */
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t head[3] = {0};
	struct filch_sim_options o;

	memcpy(head, size ? data : head, size < sizeof head ? size : sizeof head);
	o = options_of(head);
	o.input = size > sizeof head ? data + sizeof head : head;
	o.input_bytes = size > sizeof head ? size - sizeof head : 0;
	if (filch_sim(any_calls_come_to_what_they_should, NULL, &o, NULL))
		abort();
	return 0;
}
