// SPDX-License-Identifier: GPL-2.0
/*
 * pace: no more than one unit in so many milliseconds.
 *
 * Barrier and limit hold as ever; below them a container may grow only so fast. A
 * fork bomb under pace is slow before it is refused:
 *
 *   # modprobe policy-pace interval_ms=50
 *   # vzctl set 101 --policy numproc:pace
 *
 * The row remembers when the last grant is paid for. A charge before that is
 * refused; one after it moves the time on by the price of what it takes.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include <beanpod/policy.h>

static unsigned int interval_ms = 100;
module_param(interval_ms, uint, 0644);
MODULE_PARM_DESC(interval_ms, "time that one unit costs (default 100); 0: none");

struct pace_row {
	atomic64_t due; /* CLOCK_BOOTTIME in ns */
};

/* An hour at most, so that nothing overflows. */
static s64 pace_price(unsigned long amount)
{
	u64 ms = (u64)min(amount, 3600000UL) * READ_ONCE(interval_ms);

	return min_t(u64, ms, 3600000) * NSEC_PER_MSEC;
}

static unsigned long pace_bound(const struct bc_question *q)
{
	unsigned long bound = bc_classic_bound(q->severity, q->barrier, q->limit);
	struct pace_row *row = q->state;
	s64 price = pace_price(q->amount);
	s64 now = ktime_get_boottime_ns();
	s64 due = atomic64_read(&row->due);

	/* What does not fit costs nothing. */
	if (!price || q->amount > bound || q->held > bound - q->amount)
		return bound;
	do {
		if (due > now)
			return 0;
	} while (!atomic64_try_cmpxchg(&row->due, &due, now + price));
	return bound;
}

static const struct bc_policy_ops pace = {
	.name = "pace",
	.owner = THIS_MODULE,
	.every = true,
	.state_size = sizeof(struct pace_row),
	.bound = pace_bound,
};

static int __init pace_init(void)
{
	return bc_policy_register(&pace);
}

/* Rows that use it are classic again, and nobody asks it any more, when this returns. */
static void __exit pace_exit(void)
{
	bc_policy_unregister(&pace);
}

module_init(pace_init);
module_exit(pace_exit);

BC_POLICY_MODULE();
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Beancounter policy: a pace");
