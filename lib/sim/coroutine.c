/* SPDX-License-Identifier: MIT */
/* Changing stacks.  A few instructions where we know them; ucontext elsewhere. */
#include "sim.h"

#if defined(__x86_64__)

/* What a function must leave as it was goes to the stack, and the stack pointer to *from. */
__asm__(".text\n"
        ".globl filch__sim_switch\n"
        ".hidden filch__sim_switch\n"
        ".type filch__sim_switch, @function\n"
        "filch__sim_switch:\n"
        "	pushq %rbp\n"
        "	pushq %rbx\n"
        "	pushq %r12\n"
        "	pushq %r13\n"
        "	pushq %r14\n"
        "	pushq %r15\n"
        "	movq %rsp, (%rdi)\n"
        "	movq %rsi, %rsp\n"
        "	popq %r15\n"
        "	popq %r14\n"
        "	popq %r13\n"
        "	popq %r12\n"
        "	popq %rbx\n"
        "	popq %rbp\n"
        "	ret\n"
        ".size filch__sim_switch, . - filch__sim_switch\n");

void *filch__sim_stack(char *stack, size_t bytes, void (*run)(void))
{
	uintptr_t *sp = (uintptr_t *)(void *)(stack + bytes);

	*--sp = 0; /* where run() would return to; it is aligned as after a call */
	*--sp = (uintptr_t)run;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	return sp;
}

#else
#include <stdlib.h>
#include <ucontext.h>

/* The "stack pointer" is its context, which stands at the end of what is in use of the stack. */
struct saved {
	ucontext_t context;
};

void filch__sim_switch(void **from, void *to)
{
	struct saved here;

	*from = &here;
	swapcontext(&here.context, &((struct saved *)to)->context);
}

void *filch__sim_stack(char *stack, size_t bytes, void (*run)(void))
{
	struct saved *s = (void *)(stack + bytes - (sizeof *s + 63) / 64 * 64);

	getcontext(&s->context);
	s->context.uc_stack.ss_sp = stack;
	s->context.uc_stack.ss_size = (size_t)((char *)s - stack);
	s->context.uc_link = NULL;
	makecontext(&s->context, run, 0);
	return s;
}
#endif
