/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decision of the fair-share scheduler: which party may use a processor, for
 * how long, and who has to make place. Arithmetic and heaps only: no task, no
 * lock, no clock; the time is handed in. Compiles in user space, where it is
 * tested and where scripts/lab simulates with it.
 *
 * A *pool* shares its processors among *parties* (containers, and the host). A
 * thread of a party runs, or waits, or is of no interest. The caller (the
 * mechanism) tells what happens and asks what to do:
 *
 *   fsched_wake()     a thread wants to run
 *   fsched_enter()    a thread runs, and nobody was asked
 *   fsched_pick()     a processor is free: whose thread gets it
 *   fsched_charge()   a party has used a processor
 *   fsched_check()    may a thread that runs go on
 *   fsched_stop()     a thread that ran sleeps, or waits again
 *   fsched_leave()    a thread that waited wants no longer
 *   fsched_preempts() a thread has woken: must one that runs make place
 *   fsched_open()     time has passed: parties at their cap may come back
 *
 * Every call costs O(log parties). The caller serialises calls for a pool.
 *
 * Virtual time: a party that runs for d ns gets d * 1000 / weight older; the
 * youngest that waits is next. The time of a queue is the age at which somebody was last let
 * in (start-time fair queueing). Ages wrap; only differences are looked at.
 */
#ifndef BC_FAIRSCHED_FSCHED_H
#define BC_FAIRSCHED_FSCHED_H

#include <linux/types.h>

#define FSCHED_WEIGHT_MIN	8
#define FSCHED_WEIGHT_MAX	500000
#define FSCHED_WEIGHT_ONE	1000	/* a party of this weight gets 1 ns older in 1 ns */
#define FSCHED_RATE_ONE		10000	/* cap of one processor: 1 is 0.01 % */
#define FSCHED_RATE_MAX		(FSCHED_RATE_ONE * 8192)
#define FSCHED_QUEUES		4	/* classes of the strict policy */
#define FSCHED_NEVER		((u64)-1)

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
 * @class: for policies that have classes, 0 is served first
 * @place: the heap that @node is in
 * @queue: index of its queue; changes only when it is in no heap
 * @active: counted in the weight of its queue
 * @cap: its hard limit
 * @running: threads that have a processor
 * @waiting: threads that could use one
 * @age: its virtual time
 * @used: ns
 * @node: link in a heap
 *
 * Zeroed, then fsched_party_init(). Members belong to the decision; callers read.
 */
struct fsched_party {
	u32			weight;
	u32			inverse;
	u32			cpus;
	u8			class;
	u8			place;
	u8			queue;
	bool			active;
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
 * struct fsched_policy - what a policy decides
 * @name: how it is chosen
 * @queue: the queue of a party, 0 to FSCHED_QUEUES - 1; lower ones are served
 *	first and take processors away from higher ones at once
 * @cost: how much older a party gets by running @ns; the youngest is next
 * @lead: how much older than the next one of its queue a party may be and still
 *	keep its processor; in units of age, not negative
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

extern const struct fsched_policy fsched_fair;
extern const struct fsched_policy fsched_lottery;
extern const struct fsched_policy fsched_strict;

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
 * enum fsched_verdict - may a thread that runs go on
 * @FSCHED_RUN: yes
 * @FSCHED_CAP: no: its party has used up its cap
 * @FSCHED_CPUS: no: its party uses more processors than it may
 * @FSCHED_SHARE: no: another party is due; it must get this very processor
 * @FSCHED_TURN: no: another thread of the same party is due, as above
 */
enum fsched_verdict {
	FSCHED_RUN,
	FSCHED_CAP,
	FSCHED_CPUS,
	FSCHED_SHARE,
	FSCHED_TURN,
};

/* ---- heap.c ---- */

/**
 * fsched_before() - is one key, age or time before another
 * @a: one
 * @b: the other
 */
static inline bool fsched_before(s64 a, s64 b)
{
	return (s64)((u64)a - (u64)b) < 0;
}

void fsched_heap_add(struct fsched_heap *heap, struct fsched_node *node, s64 key);
void fsched_heap_del(struct fsched_heap *heap, struct fsched_node *node);
void fsched_heap_move(struct fsched_heap *heap, struct fsched_node *node, s64 key);
struct fsched_node *fsched_heap_first(const struct fsched_heap *heap);

/* ---- cap.c ---- */

void fsched_cap_set(struct fsched_cap *cap, u32 rate, u64 now);
void fsched_cap_refill(struct fsched_cap *cap, u64 now);
void fsched_cap_use(struct fsched_cap *cap, u64 now, u64 ns);
u64 fsched_cap_opens(const struct fsched_cap *cap);
u64 fsched_cap_lasts(const struct fsched_cap *cap, u32 running);

/* ---- pool.c ---- */

void fsched_pool_init(struct fsched_pool *pool, const struct fsched_policy *policy, u32 cpus,
		      struct fsched_node **slots, u32 room);
void fsched_set_policy(struct fsched_pool *pool, const struct fsched_policy *policy,
		       struct fsched_party **parties, u32 count, u64 now);
void fsched_party_init(struct fsched_pool *pool, struct fsched_party *party);
void fsched_set_weight(struct fsched_pool *pool, struct fsched_party *party, u32 weight);
void fsched_set_cap(struct fsched_pool *pool, struct fsched_party *party, u32 rate, u64 now);
void fsched_set_cpus(struct fsched_pool *pool, struct fsched_party *party, u32 cpus, u64 now);
void fsched_wake(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_leave(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_enter(struct fsched_pool *pool, struct fsched_party *party, u64 now);
bool fsched_alone(const struct fsched_pool *pool, const struct fsched_party *party);
struct fsched_party *fsched_pick(struct fsched_pool *pool, u64 now);
void fsched_stop(struct fsched_pool *pool, struct fsched_party *party, bool waits, u64 now);
void fsched_charge(struct fsched_pool *pool, struct fsched_party *party, u64 ns, u64 now);
enum fsched_verdict fsched_check(struct fsched_pool *pool, struct fsched_party *party, u64 ran_ns,
				 u64 now);
u64 fsched_slice(const struct fsched_pool *pool, const struct fsched_party *party);
bool fsched_preempts(const struct fsched_pool *pool, const struct fsched_party *woken,
		     const struct fsched_party *running);
u64 fsched_open(struct fsched_pool *pool, u64 now);
u64 fsched_fair_lead(const struct fsched_pool *pool, const struct fsched_queue *queue, u32 ns);

#endif
