/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SIM_INSIDE_H
#define FILCH_SIM_INSIDE_H
/*
 * The simulator's rooms (docs/sim.md).  Its threads are coroutines on one thread of the
 * system.  The compiler tells it of every access to memory, plain or atomic, through the
 * functions that -fsanitize=thread has it call (access.c); platform.h's duties are in
 * platform.c.  Each of these is a point where another thread may go on (schedule.c), and an
 * atomic load may see a store that is not the newest, where C11 lets it (memory.c).
 *
 * All state is in one struct, mapped once: before each run all global variables of the
 * process get the values back that they had before the first.
 */
#include <filch/sim.h>

#include <setjmp.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIM_THREADS = 8,
	SIM_STACK = 128 * 1024,
	SIM_TLS = 512,
	SIM_ARENA = 16 << 20,
	SIM_GRAIN = 16,      /* a block of it is so many times this */
	SIM_TRAIL = 1 << 24, /* room that is touched only as far as it is needed */
	SIM_MESSAGE = 2048,  /* eight threads wait, each for something */
	SIM_NAME = 48,
	SIM_POOLS = 16
};

/* What each thread has done that is known: of thread i the first at[i] steps. */
struct clock {
	uint32_t at[SIM_THREADS];
};

static inline void clock_join(struct clock *c, const struct clock *with)
{
	for (int i = 0; i < SIM_THREADS; i++)
		c->at[i] = c->at[i] > with->at[i] ? c->at[i] : with->at[i];
}

/* Gone: with a fork, in its child. */
enum sim_state { SIM_NONE, SIM_READY, SIM_WAITS, SIM_JOINS, SIM_DONE, SIM_GONE };

struct sim_thread {
	enum sim_state state;
	void *sp; /* while it does not run */
	/* Below is nothing of the program's on its stack; what it called us with begins there. */
	const char *floor;
	char *stack;
	void (*run)(void *);
	void *arg;
	/* What it knows, what it will when it makes an acquire fence, did before a release fence. */
	struct clock clock, acquired, released;
	uint32_t fence;   /* seq_cst stores before its last seq_cst fence */
	const void *word; /* that it waits for */
	uint64_t deadline;
	const void *caller; /* who has it wait */
	unsigned joins;
	bool ours; /* the program's own: is joined at the end */
	char name[SIM_NAME];
	int64_t priority;
	char tls[SIM_TLS];
};

/* Why a choice is made: which thread goes on, what a load sees, how late it is, what fails. */
enum sim_choice { SIM_THREAD, SIM_VALUE, SIM_TIME, SIM_FAULT, SIM_USER };

struct sim {
	const struct filch_sim_options *options;
	bool running;
	struct sim_thread thread[SIM_THREADS];
	unsigned threads; /* thread[0 .. threads - 1] were made */
	unsigned current;
	unsigned first; /* the one whose end is the program's */
	bool forked;    /* this is the child of a fork */
	void *main_sp;
	sigjmp_buf crash;
	uint64_t now; /* ns */
	uint64_t steps, switches, stale;
	bool failed;
	char message[SIM_MESSAGE];
	char *tls_here; /* where the variables of each thread are while it runs */
	size_t tls_bytes;
	char tls[SIM_TLS]; /* as a thread begins with them */
	const void
		*who[2]; /* the place in the program that runs now; and of a race the other one */
	char *stacks;    /* one behind the other */
	struct memory *memory;
	struct heap *heap;
	struct schedule *schedule;
	/* Rooms to look at (rooms.c). */
	const struct filch_pool *pool[SIM_POOLS];
	unsigned pools;
	bool changed; /* an atomic variable, since they were looked at */
};

extern struct sim *filch__sim;

/* ---- sim.c: a run ------------------------------------------------------------------------- */

/* Ends the run. */
_Noreturn void filch__sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline bool sim_running(void)
{
	return filch__sim && filch__sim->running;
}
static inline struct sim_thread *sim_self(void)
{
	return &filch__sim->thread[filch__sim->current];
}
/* In what the program calls, before another thread may go on. */
#define SIM_ENTER() (sim_self()->floor = __builtin_frame_address(0))
uint64_t filch__sim_random(void);
/* What addr2line is asked for about a return address. */
uintptr_t filch__sim_place(const void *who);
/* The run is over, as it should be. */
_Noreturn void filch__sim_leave(void);
/* Prints a step, if that is wanted. */
void filch__sim_trace(const char *what, const volatile void *p, uint64_t value, int order);
/* A thread, or 0 if there are too many; and waiting for its end. */
unsigned filch__sim_start(void (*run)(void *), void *arg);
void filch__sim_await(unsigned thread, const void *caller);

/* ---- coroutine.c -------------------------------------------------------------------------------- */

/* Leaves the stack pointer at *from and goes on with the one at to. */
void filch__sim_switch(void **from, void *to);

/* A stack pointer at which run() begins, which never returns. */
void *filch__sim_stack(char *stack, size_t bytes, void (*run)(void));

/* ---- schedule.c ------------------------------------------------------------------------------- */

struct schedule *filch__schedule_new(void);
/* Before the first run of a session, of which each takes so many steps, about; 0: that is not known. */
void filch__schedule_reset(struct schedule *s, uint64_t usual);
/* Before a run: by the options, or, `again`, by the trail of the last one. */
void filch__schedule_begin(struct schedule *s, uint64_t seed, bool again);
/* After it: false if FILCH_SIM_ALL has been through all. */
bool filch__schedule_next(struct schedule *s);
/* A number below n; 0 is what happens if nothing special does. */
unsigned filch__sim_choose(enum sim_choice why, unsigned n);
/* Another thread may go on. */
void filch__sim_point(void);
/* Another thread is to go on, if there is one, since this one only waits. */
void filch__sim_pause(void);
/* This one cannot go on: its state says why.  Returns when it can. */
void filch__sim_block(void);
void filch__sim_wake(const void *word);
/* One more thing that happened: two runs that did the same have the same sum of it. */
void filch__schedule_note(uint64_t what);
/* trail.c: how many of its choices are not the ordinary ones. */
size_t filch__schedule_special(const struct schedule *s);
/* The trail as text, as snprintf() does it; and back. */
size_t filch__schedule_print(const struct schedule *s, char *text, size_t bytes);
bool filch__schedule_parse(struct schedule *s, const char *text);
/* Tries to make the trail that failed shorter: `fails` runs it. */
void filch__schedule_shrink(struct schedule *s, bool (*fails)(void *), void *arg);

/* ---- process.c ---------------------------------------------------------------------------------- */

bool filch__sim_on_fork(void (*child)(void));
/* The run of a fork's child is over: tells its parent, and ends. */
void filch__sim_end_child(void);

/* ---- heap.c ------------------------------------------------------------------------------------- */

struct heap *filch__heap_new(void);
void filch__heap_begin(struct heap *h);
/* Blocks that were not given back. */
unsigned filch__heap_left(const struct heap *h);
void *filch__sim_malloc(size_t align, size_t bytes);
void filch__sim_free(void *memory);
bool filch__sim_owns(const void *memory);
size_t filch__sim_size(const void *memory);
/* The run fails if there is nothing any more. */
void filch__sim_check_lives(const volatile void *memory);
/* Whether it is not a block that was freed. */
bool filch__sim_lives(const void *memory);

/* ---- rooms.c, words.c ---------------------------------------------------------------------------- */

/* Memory was had for what may be a pool, and was given back. */
void filch__rooms_opened(const void *memory, size_t bytes);
void filch__rooms_closed(const void *memory);
/* The run fails if one of the library's rooms is not as it should be between two steps; `quiet`: when
 * everybody waits. */
void filch__rooms_check(bool quiet);
/* A line for each thread that waits. */
void filch__sim_who_waits(char *text, size_t bytes);

/* ---- memory.c ----------------------------------------------------------------------------------- */

struct memory *filch__memory_new(void);
void filch__memory_begin(struct memory *m);
/* races.c: an access that is not atomic. */
void filch__sim_plain(const volatile void *memory, size_t bytes, bool writes);
/* Memory is given back: as if all of it that was used were written. */
void filch__sim_ends(const void *memory, size_t bytes);

/* Atomic ones, by the numbers that the compiler has for the orders. */
uint64_t filch__sim_load(const volatile void *p, unsigned bytes, int order);
void filch__sim_store(volatile void *p, unsigned bytes, uint64_t value, int order);
/* Of the value before it in the order of stores `change` makes another, or returns false: then it was only a
 * load. */
typedef bool sim_change(uint64_t *value, uint64_t with, uint64_t expected);
uint64_t filch__sim_rmw(volatile void *p, unsigned bytes, sim_change *change, uint64_t with,
                        uint64_t expected, int order, int failure, bool *changed);
void filch__sim_fence(int order);
/* Which thread but one has made the newest store to an atomic variable; -1 if that is not known. */
int filch__sim_changed_by(const void *memory, unsigned but);
/* The rest of a membarrier(): all threads make a fence, at some time before it returns. */
void filch__sim_barrier(void);
/* What one thread has done is known to the other. */
void filch__sim_hand_over(struct sim_thread *from, struct sim_thread *to);

#endif
