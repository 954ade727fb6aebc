/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies of the fair-share scheduler: which container is next, and how far ahead one may be,
 * decided by a module of your own.
 *
 * A policy is chosen for the whole host, at any time (parameter policy of
 * fairsched.ko). Who waits, caps, numbers of processors and that no processor idles are
 * the scheduler's business and hold under each. It is arithmetic: compiles in user
 * space, too. Documentation/fairsched.rst is the guide, Documentation/examples/policy-robin
 * a module to start from.
 *
 * The terms: a pool shares its processors among parties (containers). The age of a party is
 * its virtual time: it grows as the party runs, and the youngest that waits is next. The
 * time of a queue is the age at which somebody was last let in. Ages wrap; only
 * differences are looked at (fsched_before()).
 */
#ifndef BEANPOD_FAIRSCHED_H
#define BEANPOD_FAIRSCHED_H

#include <linux/types.h>

#define FSCHED_WEIGHT_MIN	8
#define FSCHED_WEIGHT_MAX	500000
#define FSCHED_WEIGHT_ONE	1000	/* a party of this weight gets 1 ns older in 1 ns */
#define FSCHED_QUEUES		4	/* and as many classes of the strict policy */
#define FSCHED_COST_MAX		(1ULL << 46)	/* most that an answer of a policy counts */
#define FSCHED_LEAD_MAX		(1ULL << 44)
#define FSCHED_POLICY_NAME	16	/* of a policy, NUL included */

/**
 * struct fsched_node - a member of a heap
 * @key: order; wraps
 * @turn: order among equal keys: first come, first served
 * @at: its slot + 1, or 0 if it is in no heap
 */
struct fsched_node {
	s64	key;
	u64	turn;
	u32	at;
};

/**
 * struct fsched_heap - members by key, least first
 * @slot: the array, which the caller has made large enough
 * @count: members
 * @turn: counts insertions
 */
struct fsched_heap {
	struct fsched_node	**slot;
	u32			count;
	u64			turn;
};

/**
 * struct fsched_cap - a token bucket
 * @rate: 1/100 % of one processor; 0: no cap
 * @closed: empty, and not yet full enough to go on
 * @rest: what came in beside whole @tokens, in 1 / FSCHED_RATE_ONE of one
 * @tokens: ns of processor time that may be used now; below 0: overrun
 * @stamp: when @tokens was true
 */
struct fsched_cap {
	u32	rate;
	bool	closed;
	u32	rest;
	s64	tokens;
	u64	stamp;
};

/**
 * enum fsched_place - which heap a party is in
 * @FSCHED_OUT: none: nothing waits, or all that may run do
 * @FSCHED_READY: that of its queue, by age: it waits for a processor
 * @FSCHED_SHUT: that of closed caps, by the time it may come back
 */
enum fsched_place {
	FSCHED_OUT,
	FSCHED_READY,
	FSCHED_SHUT,
};

/**
 * struct fsched_party - one that shares the processors
 * @weight: its part; set with fsched_set_weight()
 * @inverse: what makes ns older by @weight
 * @cpus: processors it may use at a time; 0: all
 * @class: for policies that have classes, 0 is served first; set with fsched_set_class()
 * @place: the heap that @node is in
 * @queue: index of its queue; changes only when it is in no heap
 * @active: counted in the weight of its queue
 * @barred: passed over: see fsched_bar()
 * @cap: its hard limit
 * @running: threads that have a processor
 * @waiting: threads that could use one
 * @age: its virtual time
 * @used: ns
 * @node: link in a heap
 *
 * Zeroed but for @class, then fsched_party_init(). Members belong to the decision; others
 * read.
 */
struct fsched_party {
	u32			weight;
	u32			inverse;
	u32			cpus;
	u8			class;
	u8			place;
	u8			queue;
	bool			active;
	bool			barred;
	struct fsched_cap	cap;
	u32			running;
	u32			waiting;
	s64			age;
	u64			used;
	struct fsched_node	node;
};

/**
 * struct fsched_queue - parties that compete with each other by age
 * @ready: those that wait
 * @time: age of the last that was let in; never goes back
 * @weight: sum over active parties
 */
struct fsched_queue {
	struct fsched_heap	ready;
	s64			time;
	u64			weight;
};

struct fsched_pool;

/**
 * struct fsched_policy - what a policy decides; constant as long as it is registered
 * @name: how it is chosen: 1 to FSCHED_POLICY_NAME - 1 of a-z, 0-9, "-" and "_"
 * @queue: the queue of a party, 0 to FSCHED_QUEUES - 1, more counts as the last; lower
 *	ones are served first and take processors away from higher ones at once. Asked
 *	when a party joins, gets another class, or the policy comes.
 * @cost: how much older a party gets by running @ns; the youngest is next. More than
 *	FSCHED_COST_MAX counts as that.
 * @lead: how much older than the next one of its queue a party may be and still
 *	keep its processor; in units of age. More than FSCHED_LEAD_MAX counts as that.
 *
 * All three are called with the pool's lock held, maybe in an interrupt: no
 * sleeping, no allocation, no loop over parties. They must not change the party
 * or the pool, but for &fsched_pool.random. A party that must not wait for ever
 * needs a @cost that is finite and greater than 0 on average.
 */
struct fsched_policy {
	const char	*name;
	unsigned int	(*queue)(const struct fsched_party *party);
	u64		(*cost)(struct fsched_pool *pool, const struct fsched_party *party, u64 ns);
	u64		(*lead)(const struct fsched_pool *pool, const struct fsched_queue *queue);
};

/**
 * struct fsched_pool - processors, and who shares them
 * @policy: decides the order
 * @cpus: processors, at least 1
 * @tick_ns: how often a thread that runs is looked at, at least
 * @grain_ns: ... and not more often, but for a cap that runs out
 * @lag_ns: lead that costs a party its processor, as time at its fair rate
 * @slice_ns: after so long another thread of the same party has its turn
 * @credit_ns: most that a party keeps which could not use its weight
 * @random: state of the lottery, never 0
 * @shut: parties whose cap is closed, by the time they may come back
 * @queue: parties that wait, by class
 */
struct fsched_pool {
	const struct fsched_policy	*policy;
	u32				cpus;
	u32				tick_ns;
	u32				grain_ns;
	u32				lag_ns;
	u32				slice_ns;
	u32				credit_ns;
	u64				random;
	struct fsched_heap		shut;
	struct fsched_queue		queue[FSCHED_QUEUES];
};

/**
 * fsched_before() - is one key, age or time before another
 * @a: one
 * @b: the other
 */
static inline bool fsched_before(s64 a, s64 b)
{
	return (s64)((u64)a - (u64)b) < 0;
}

/* What policy fair answers: to start from, and deviate. */
u64 fsched_fair_cost(struct fsched_pool *pool, const struct fsched_party *party, u64 ns);
u64 fsched_fair_lead(const struct fsched_pool *pool, const struct fsched_queue *queue, u32 ns);

#ifdef __KERNEL__
#include <linux/module.h>

/* Once in a module that registers a policy: what it uses is exported to it. */
#define FSCHED_POLICY_MODULE() MODULE_INFO(import_ns, "BEANPOD")

int fsched_policy_register(const struct fsched_policy *policy);
void fsched_policy_unregister(const struct fsched_policy *policy);
#endif

#endif
