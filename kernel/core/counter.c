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
 * bc_classic_bound() - the bound that barrier and limit set
 * @severity: of the charge
 * @barrier: of the row
 * @limit: of the row
 *
 * The classic rule is spelled here and nowhere else.
 *
 * Context: any.
 * Return: the bound, at most LONG_MAX.
 */
unsigned long bc_classic_bound(enum bc_severity severity, unsigned long barrier,
			       unsigned long limit)
{
	if (severity == BC_FORCE)
		return LONG_MAX;
	if (severity == BC_SOFT)
		return limit;
	return barrier < limit ? barrier : limit;
}

/* With a bound of 0 every charge of something takes the way past the bound. */
static void bc_counter_set_bounds(struct bc_counter *c)
{
	int severity;

	for (severity = BC_HARD; severity < BC_SEVERITIES; severity++) {
		unsigned long bound = bc_classic_bound(severity, c->barrier, c->limit);

		if (c->ask && severity != BC_FORCE)
			bound = 0;
		WRITE_ONCE(c->bound[severity], bound);
	}
}

/**
 * bc_counter_init() - an unlimited row with nothing held
 * @c: the row
 */
void bc_counter_init(struct bc_counter *c)
{
	c->barrier = LONG_MAX;
	c->limit = LONG_MAX;
	c->ask = false;
	bc_counter_set_bounds(c);
	atomic_long_set(&c->held, 0);
	atomic_long_set(&c->maxheld, 0);
	atomic_long_set(&c->failcnt, 0);
}

/**
 * bc_counter_set() - change barrier and limit
 * @c: the row
 * @barrier: 0 to LONG_MAX
 * @limit: 0 to LONG_MAX
 *
 * A charge that runs meanwhile may see the old bound; the next one does not.
 */
void bc_counter_set(struct bc_counter *c, unsigned long barrier, unsigned long limit)
{
	WRITE_ONCE(c->barrier, barrier);
	WRITE_ONCE(c->limit, limit);
	bc_counter_set_bounds(c);
}

/**
 * bc_counter_ask_always() - grant nothing, or what the classic rule grants
 * @c: the row
 * @ask: nothing: bc_counter_try_charge() fails for all but BC_FORCE, and who
 *	charges decides with bc_counter_charge_below()
 */
void bc_counter_ask_always(struct bc_counter *c, bool ask)
{
	c->ask = ask;
	bc_counter_set_bounds(c);
}

/**
 * bc_counter_charge_below() - take @n units if no more than @bound are held then
 * @c: the row
 * @n: units, 0 to LONG_MAX
 * @bound: at most LONG_MAX
 * @held: out, what is held afterwards, or was held when it was refused
 *
 * Does not touch maxheld and failcnt: the caller decides whether a refusal is
 * final and whether @held is exact enough to be a maximum.
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_counter_charge_below(struct bc_counter *c, unsigned long n, unsigned long bound,
			     unsigned long *held)
{
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

/**
 * bc_counter_try_charge() - take @n units if the row's own bound allows
 * @c: the row
 * @n: units, 0 to LONG_MAX
 * @severity: which bound applies
 * @held: out, as in bc_counter_charge_below()
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_counter_try_charge(struct bc_counter *c, unsigned long n, enum bc_severity severity,
			   unsigned long *held)
{
	return bc_counter_charge_below(c, n, READ_ONCE(c->bound[severity]), held);
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
