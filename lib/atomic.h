/* SPDX-License-Identifier: MIT */
#ifndef FILCH_ATOMIC_H
#define FILCH_ATOMIC_H
/*
 * Atomics with the order in the name, so that every call site says what it means
 * and nothing is sequentially consistent by accident.  This is the only file that
 * may use <stdatomic.h>'s functions: the one place where a checker or a test
 * scheduler can take hold of them.
 *
 * There are no fences.  A fence cannot be seen by ThreadSanitizer, clang compiles
 * it to something eight times dearer than a sequentially consistent store, and
 * every protocol of ours can be written with ordered accesses instead.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Where what is only ever counted up begins: it may wrap around, which after 0 nobody lives to see.  In
 * a build for tests (-Daged=true) it does after a step.
 */
#ifdef FILCH_AGED
#define COUNTS_FROM UINT64_MAX
#else
#define COUNTS_FROM ((uint64_t)0)
#endif

/* What two threads write to stands this far apart: two lines, since they are fetched in pairs. */
#define CACHE_LINE 128

/* The line of p will be written soon: ask for it while something else is being waited for. */
#if defined(__x86_64__)
#define prefetch_relaxed(p) __asm__ volatile("prefetchw %0" : : "m"(*(const char *)(p)))
#elif defined(__GNUC__)
#define prefetch_relaxed(p) __builtin_prefetch((const void *)(p), 1)
#else
#define prefetch_relaxed(p) ((void)(p))
#endif

#define load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define load_seq_cst(p) atomic_load_explicit((p), memory_order_seq_cst)

#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define store_seq_cst(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)

#define exchange_acquire(p, v) atomic_exchange_explicit((p), (v), memory_order_acquire)
#define exchange_release(p, v) atomic_exchange_explicit((p), (v), memory_order_release)
#define exchange_seq_cst(p, v) atomic_exchange_explicit((p), (v), memory_order_seq_cst)

#define fetch_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define fetch_add_release(p, v) atomic_fetch_add_explicit((p), (v), memory_order_release)
#define fetch_add_acq_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define fetch_add_seq_cst(p, v) atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define fetch_sub_seq_cst(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)
#define fetch_or_relaxed(p, v) atomic_fetch_or_explicit((p), (v), memory_order_relaxed)
#define fetch_or_seq_cst(p, v) atomic_fetch_or_explicit((p), (v), memory_order_seq_cst)
#define fetch_and_acquire(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acquire)

/* If *p is *expected, makes it v and returns true; else sets *expected to what *p is. */
#define cas_relaxed(p, expected, v)                                                                \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_relaxed,        \
	                                        memory_order_relaxed)
#define cas_acquire(p, expected, v)                                                                \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acquire,        \
	                                        memory_order_relaxed)
#define cas_acq_rel(p, expected, v)                                                                \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel,        \
	                                        memory_order_acquire)
#define cas_seq_cst(p, expected, v)                                                                \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst,        \
	                                        memory_order_relaxed)

#endif
