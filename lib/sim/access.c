/* SPDX-License-Identifier: MIT */
/*
 * The functions that code compiled with -fsanitize=thread calls, which are ThreadSanitizer's
 * elsewhere: each access to memory, and each atomic operation with its order.  Outside of a
 * run they do what they stand for, and no more.
 */
#include "sim.h"

#include <string.h>

/* What the compiler knows nothing of but that it is called. */
#define ENTRY __attribute__((visibility("default"), used)) extern

#define HERE() (SIM_ENTER(), filch__sim->who[0] = __builtin_return_address(0))

/* ---- plain ------------------------------------------------------------------------------- */

#define PLAIN(NAME, BYTES, WRITES)                                                                 \
	ENTRY void NAME(void *p);                                                                  \
	void NAME(void *p)                                                                         \
	{                                                                                          \
		if (sim_running()) {                                                               \
			HERE();                                                                    \
			filch__sim_plain(p, BYTES, WRITES);                                        \
		}                                                                                  \
	}

#define PLAIN_OF(BYTES)                                                                            \
	PLAIN(__tsan_read##BYTES, BYTES, false)                                                    \
	PLAIN(__tsan_write##BYTES, BYTES, true)                                                    \
	PLAIN(__tsan_unaligned_read##BYTES, BYTES, false)                                          \
	PLAIN(__tsan_unaligned_write##BYTES, BYTES, true)

PLAIN_OF(1)
PLAIN_OF(2)
PLAIN_OF(4)
PLAIN_OF(8)
PLAIN_OF(16)

#define RANGE(NAME, WRITES)                                                                        \
	ENTRY void NAME(void *p, unsigned long bytes);                                             \
	void NAME(void *p, unsigned long bytes)                                                    \
	{                                                                                          \
		if (sim_running()) {                                                               \
			HERE();                                                                    \
			filch__sim_plain(p, bytes, WRITES);                                        \
		}                                                                                  \
	}

RANGE(__tsan_read_range, false)
RANGE(__tsan_write_range, true)

#define NOTHING(NAME, ...)                                                                         \
	ENTRY void NAME(__VA_ARGS__);                                                              \
	void NAME(__VA_ARGS__)                                                                     \
	{                                                                                          \
	}

NOTHING(__tsan_init, void)
NOTHING(__tsan_func_exit, void)
NOTHING(__tsan_func_entry, __attribute__((unused)) void *p)
NOTHING(__tsan_vptr_read, __attribute__((unused)) void *p)
NOTHING(__tsan_vptr_update, __attribute__((unused)) void *p, __attribute__((unused)) void *value)
NOTHING(__tsan_atomic_signal_fence, __attribute__((unused)) int order)

/* clang's. */
ENTRY void *__tsan_memcpy(void *to, const void *from, unsigned long bytes);
void *__tsan_memcpy(void *to, const void *from, unsigned long bytes)
{
	__tsan_read_range((void *)(uintptr_t)from, bytes);
	__tsan_write_range(to, bytes);
	return memcpy(to, from, bytes);
}

ENTRY void *__tsan_memmove(void *to, const void *from, unsigned long bytes);
void *__tsan_memmove(void *to, const void *from, unsigned long bytes)
{
	__tsan_read_range((void *)(uintptr_t)from, bytes);
	__tsan_write_range(to, bytes);
	return memmove(to, from, bytes);
}

ENTRY void *__tsan_memset(void *to, int value, unsigned long bytes);
void *__tsan_memset(void *to, int value, unsigned long bytes)
{
	__tsan_write_range(to, bytes);
	return memset(to, value, bytes);
}

/* ---- atomic ------------------------------------------------------------------------------ */

/* gcc has hints for hardware in the higher bits; what is consumed is acquired. */
static int order_of(int order)
{
	order &= 7;
	return order == __ATOMIC_CONSUME ? __ATOMIC_ACQUIRE : order;
}

static bool change_exchange(uint64_t *value, uint64_t with, uint64_t expected)
{
	(void)expected;
	*value = with;
	return true;
}

static bool change_compare(uint64_t *value, uint64_t with, uint64_t expected)
{
	if (*value != expected)
		return false;
	*value = with;
	return true;
}

#define CHANGE(NAME, EXPRESSION)                                                                   \
	static bool change_##NAME(uint64_t *value, uint64_t with, uint64_t expected)               \
	{                                                                                          \
		const uint64_t v = *value;                                                         \
                                                                                                   \
		(void)expected;                                                                    \
		*value = (EXPRESSION);                                                             \
		return true;                                                                       \
	}

CHANGE(add, v + with)
CHANGE(sub, v - with)
CHANGE(and, v &with)
CHANGE(or, v | with)
CHANGE(xor, v ^ with)
CHANGE(nand, ~(v &with))

static uint64_t change_any(volatile void *p, unsigned bytes, sim_change *change, uint64_t with,
                           int order)
{
	bool changed;

	return filch__sim_rmw(p, bytes, change, with, 0, order_of(order), __ATOMIC_RELAXED,
	                      &changed);
}

#define FETCH(BITS, T, NAME, OUTSIDE)                                                              \
	ENTRY T __tsan_atomic##BITS##_##NAME(volatile T *p, T with, int order);                    \
	T __tsan_atomic##BITS##_##NAME(volatile T *p, T with, int order)                           \
	{                                                                                          \
		if (!sim_running())                                                                \
			return OUTSIDE(p, with, __ATOMIC_SEQ_CST);                                 \
		HERE();                                                                            \
		return (T)change_any(p, BITS / 8, change_##NAME, with, order);                     \
	}

/* By the names of ThreadSanitizer's functions, which end in fetch_add and so on. */
#define change_fetch_add change_add
#define change_fetch_sub change_sub
#define change_fetch_and change_and
#define change_fetch_or change_or
#define change_fetch_xor change_xor
#define change_fetch_nand change_nand

/* A weak one may fail for nothing. */
#define COMPARE(BITS, T, NAME, WEAK)                                                               \
	ENTRY int __tsan_atomic##BITS##_compare_exchange_##NAME(volatile T *p, T *expected,        \
	                                                        T with, int order, int failure);   \
	int __tsan_atomic##BITS##_compare_exchange_##NAME(volatile T *p, T *expected, T with,      \
	                                                  int order, int failure)                  \
	{                                                                                          \
		T was;                                                                             \
		bool changed;                                                                      \
                                                                                                   \
		if (!sim_running())                                                                \
			return __atomic_compare_exchange_n(p, expected, with, false,               \
			                                   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);    \
		HERE();                                                                            \
		if ((WEAK) && filch__sim_choose(SIM_FAULT, 2)) {                                   \
			*expected = (T)filch__sim_load(p, BITS / 8, order_of(failure));            \
			return 0;                                                                  \
		}                                                                                  \
		was = (T)filch__sim_rmw(p, BITS / 8, change_compare, with, *expected,              \
		                        order_of(order), order_of(failure), &changed);             \
		*expected = was;                                                                   \
		return changed;                                                                    \
	}

#define ATOMIC(BITS, T)                                                                            \
	ENTRY T __tsan_atomic##BITS##_load(const volatile T *p, int order);                        \
	T __tsan_atomic##BITS##_load(const volatile T *p, int order)                               \
	{                                                                                          \
		if (!sim_running())                                                                \
			return __atomic_load_n(p, __ATOMIC_SEQ_CST);                               \
		HERE();                                                                            \
		return (T)filch__sim_load(p, BITS / 8, order_of(order));                           \
	}                                                                                          \
	ENTRY void __tsan_atomic##BITS##_store(volatile T *p, T value, int order);                 \
	void __tsan_atomic##BITS##_store(volatile T *p, T value, int order)                        \
	{                                                                                          \
		if (!sim_running()) {                                                              \
			__atomic_store_n(p, value, __ATOMIC_SEQ_CST);                              \
			return;                                                                    \
		}                                                                                  \
		HERE();                                                                            \
		filch__sim_store(p, BITS / 8, value, order_of(order));                             \
	}                                                                                          \
	FETCH(BITS, T, exchange, __atomic_exchange_n)                                              \
	FETCH(BITS, T, fetch_add, __atomic_fetch_add)                                              \
	FETCH(BITS, T, fetch_sub, __atomic_fetch_sub)                                              \
	FETCH(BITS, T, fetch_and, __atomic_fetch_and)                                              \
	FETCH(BITS, T, fetch_or, __atomic_fetch_or)                                                \
	FETCH(BITS, T, fetch_xor, __atomic_fetch_xor)                                              \
	FETCH(BITS, T, fetch_nand, __atomic_fetch_nand)                                            \
	COMPARE(BITS, T, strong, false)                                                            \
	COMPARE(BITS, T, weak, true)                                                               \
	ENTRY T __tsan_atomic##BITS##_compare_exchange_val(volatile T *p, T expected, T with,      \
	                                                   int order, int failure);                \
	T __tsan_atomic##BITS##_compare_exchange_val(volatile T *p, T expected, T with, int order, \
	                                             int failure)                                  \
	{                                                                                          \
		__tsan_atomic##BITS##_compare_exchange_strong(p, &expected, with, order, failure); \
		return expected;                                                                   \
	}

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

ENTRY void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	if (!sim_running())
		return;
	HERE();
	filch__sim_fence(order_of(order));
}
