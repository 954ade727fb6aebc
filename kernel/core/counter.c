// SPDX-License-Identifier: GPL-2.0
/*
 * Counter arithmetic. Charging compares and exchanges: held never passes the
 * bound, not even for a moment, so a racing charge that would fit is never
 * refused because of one that did not (adding first and taking back would do
 * that).
 */
#include "counter.h"
#include <linux/bug.h>

/**
 * bc_counter_init() - an unlimited row with nothing held
 * @c: the row
 */
void bc_counter_init(struct bc_counter *c)
{
	c->barrier = LONG_MAX;
	c->limit = LONG_MAX;
	atomic_long_set(&c->held, 0);
	atomic_long_set(&c->maxheld, 0);
	atomic_long_set(&c->failcnt, 0);
}

/**
 * bc_counter_set() - change the bounds
 * @c: the row
 * @barrier: 0 to LONG_MAX
 * @limit: 0 to LONG_MAX
 *
 * A charge that runs meanwhile may see one old and one new bound; the next one
 * sees both.
 */
void bc_counter_set(struct bc_counter *c, unsigned long barrier, unsigned long limit)
{
	WRITE_ONCE(c->barrier, barrier);
	WRITE_ONCE(c->limit, limit);
}

static unsigned long bc_counter_bound(const struct bc_counter *c, enum bc_severity severity)
{
	unsigned long limit = READ_ONCE(c->limit);
	unsigned long barrier;

	if (severity == BC_FORCE)
		return LONG_MAX;
	if (severity == BC_SOFT)
		return limit;
	barrier = READ_ONCE(c->barrier);
	return barrier < limit ? barrier : limit;
}

/**
 * bc_counter_try_charge() - take @n units if the bound allows
 * @c: the row
 * @n: units, 0 to LONG_MAX
 * @severity: which bound applies
 * @held: out, what is held afterwards, or was held when it was refused
 *
 * Does not touch maxheld and failcnt: the caller decides whether a refusal is
 * final and whether @held is exact enough to be a maximum.
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_counter_try_charge(struct bc_counter *c, unsigned long n, enum bc_severity severity,
			   unsigned long *held)
{
	unsigned long bound = bc_counter_bound(c, severity);
	long old = atomic_long_read(&c->held);

	do {
		if (unlikely(n > bound || (unsigned long)old > bound - n)) {
			*held = old;
			return false;
		}
	} while (!atomic_long_try_cmpxchg(&c->held, &old, old + (long)n));
	*held = old + n;
	return true;
}

/* More was given back than was taken: a bug of the caller. Warn once, stay at 0. */
static noinline unsigned long bc_counter_underflow(struct bc_counter *c, long held)
{
	WARN_ONCE(1, "beancounter: held went to %ld\n", held);
	held = atomic_long_read(&c->held);
	while (held < 0 && !atomic_long_try_cmpxchg(&c->held, &held, 0))
		;
	return 0;
}

/**
 * bc_counter_uncharge() - give @n units back
 * @c: the row
 * @n: units, at most what the caller has charged
 *
 * Context: any. Cannot fail.
 * Return: what is held afterwards.
 */
unsigned long bc_counter_uncharge(struct bc_counter *c, unsigned long n)
{
	long held = atomic_long_sub_return((long)n, &c->held);

	return unlikely(held < 0) ? bc_counter_underflow(c, held) : held;
}

/**
 * bc_counter_raise_max() - maxheld is at least @held
 * @c: the row
 * @held: a value that held has had
 */
void bc_counter_raise_max(struct bc_counter *c, unsigned long held)
{
	long max = atomic_long_read(&c->maxheld);

	while (unlikely((long)held > max) &&
	       !atomic_long_try_cmpxchg(&c->maxheld, &max, (long)held))
		;
}

/**
 * bc_counter_clear() - begin a new period: maxheld becomes held, failcnt 0
 * @c: the row
 *
 * A charge that runs meanwhile may still be missing in maxheld; its next one
 * is not.
 */
void bc_counter_clear(struct bc_counter *c)
{
	atomic_long_set(&c->maxheld, atomic_long_read(&c->held));
	atomic_long_set(&c->failcnt, 0);
}
