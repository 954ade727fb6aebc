/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counter engine: five numbers and the arithmetic between them. It knows no
 * resource, no owner and no lock, and compiles in user space for its unit test.
 */
#ifndef BC_CORE_COUNTER_H
#define BC_CORE_COUNTER_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

#include <beanpod/severity.h>

/**
 * struct bc_counter - one row of a beancounter
 * @bound: what a charge of each severity is compared with; read-mostly
 * @barrier: bound of BC_HARD charges, 0 to LONG_MAX; read-mostly
 * @limit: bound of every charge but BC_FORCE, 0 to LONG_MAX; read-mostly
 * @ask: no charge is granted but by bc_counter_charge_below()
 * @held: what is charged now, 0 to LONG_MAX
 * @maxheld: highest @held since the period began
 * @failcnt: refused attempts since the period began, one for each attempt
 *
 * Bounds and counts lie on different cache lines: a charge writes one line.
 * All members are read without a lock, and counts are written without. Who
 * writes bounds keeps others from doing so.
 */
struct bc_counter {
	unsigned long bound[BC_SEVERITIES];
	unsigned long barrier;
	unsigned long limit;
	bool ask;
	atomic_long_t held ____cacheline_aligned_in_smp;
	atomic_long_t maxheld;
	atomic_long_t failcnt;
};

void bc_counter_init(struct bc_counter *c);
void bc_counter_set(struct bc_counter *c, unsigned long barrier, unsigned long limit);
void bc_counter_ask_always(struct bc_counter *c, bool ask);
bool bc_counter_try_charge(struct bc_counter *c, unsigned long n, enum bc_severity severity,
			   unsigned long *held);
bool bc_counter_charge_below(struct bc_counter *c, unsigned long n, unsigned long bound,
			     unsigned long *held);
unsigned long bc_counter_uncharge(struct bc_counter *c, unsigned long n);
void bc_counter_raise_max(struct bc_counter *c, unsigned long held);
void bc_counter_clear(struct bc_counter *c);

/**
 * bc_counter_refuse() - count one refused attempt
 * @c: the row
 */
static inline void bc_counter_refuse(struct bc_counter *c)
{
	atomic_long_inc(&c->failcnt);
}

#endif
