/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's atomic_long_t for user space: as strongly ordered as it is there. */
#ifndef UNIT_LINUX_ATOMIC_H
#define UNIT_LINUX_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	long counter;
} atomic_long_t;

/*
 * What another CPU does at the worst moment: after a value was read or added
 * and before anything is done with it. Set by tests of one thread, runs once.
 */
extern void (*unit_other_cpu)(void);

static inline void unit_interrupt(void)
{
	void (*f)(void) = unit_other_cpu;

	if (__builtin_expect(f != NULL, 0)) {
		unit_other_cpu = NULL;
		f();
	}
}

static inline long atomic_long_read(const atomic_long_t *v)
{
	long i = __atomic_load_n(&v->counter, __ATOMIC_RELAXED);

	unit_interrupt();
	return i;
}

static inline void atomic_long_set(atomic_long_t *v, long i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}

static inline void atomic_long_inc(atomic_long_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);
}

static inline long atomic_long_add_return(long i, atomic_long_t *v)
{
	i = __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
	unit_interrupt();
	return i;
}

static inline long atomic_long_sub_return(long i, atomic_long_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline bool atomic_long_try_cmpxchg(atomic_long_t *v, long *old, long new)
{
	return __atomic_compare_exchange_n(&v->counter, old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

#endif
