/* SPDX-License-Identifier: MIT */
/* What a program that is run may call. */
#include "sim.h"

void filch_sim_fail_(const char *file, int line, const char *what)
{
	filch__sim_fail("%s:%d: not so: %s", file, line, what);
}

unsigned filch_sim_thread(void (*run)(void *), void *arg)
{
	unsigned i;

	SIM_ENTER();
	filch__sim_point();
	i = filch__sim_start(run, arg);
	if (i)
		filch__sim->thread[i].ours = true;
	return i;
}

void filch_sim_join(unsigned thread)
{
	SIM_ENTER();
	if (thread)
		filch__sim_await(thread, __builtin_return_address(0));
}

void filch_sim_yield(void)
{
	SIM_ENTER();
	filch__sim_point();
}

unsigned filch_sim_choose(unsigned n)
{
	return filch__sim_choose(SIM_USER, n);
}

unsigned filch_sim_blocks(void)
{
	return filch__heap_left(filch__sim->heap);
}
