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

#include <beanpod/fairsched.h>

#define FSCHED_RATE_ONE		10000	/* cap of one processor: 1 is 0.01 % */
#define FSCHED_RATE_MAX		(FSCHED_RATE_ONE * 8192)
#define FSCHED_NEVER		((u64)-1)

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

/* ---- policy.c ---- */

extern const struct fsched_policy fsched_fair;
extern const struct fsched_policy fsched_lottery;
extern const struct fsched_policy fsched_strict;

/* ---- heap.c ---- */

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
void fsched_set_policy(struct fsched_pool *pool, const struct fsched_policy *policy);
void fsched_adopt(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_party_init(struct fsched_pool *pool, struct fsched_party *party);
void fsched_set_weight(struct fsched_pool *pool, struct fsched_party *party, u32 weight);
void fsched_set_class(struct fsched_pool *pool, struct fsched_party *party, u8 class, u64 now);
void fsched_set_cap(struct fsched_pool *pool, struct fsched_party *party, u32 rate, u64 now);
void fsched_set_cpus(struct fsched_pool *pool, struct fsched_party *party, u32 cpus, u64 now);
void fsched_wake(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_leave(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_enter(struct fsched_pool *pool, struct fsched_party *party, u64 now);
bool fsched_alone(const struct fsched_pool *pool, const struct fsched_party *party);
struct fsched_party *fsched_pick(struct fsched_pool *pool, u64 now);
void fsched_bar(struct fsched_pool *pool, struct fsched_party *party, u64 now);
void fsched_unbar(struct fsched_pool *pool, struct fsched_party *party,
		  const struct fsched_party *taker);
void fsched_stop(struct fsched_pool *pool, struct fsched_party *party, bool waits, u64 now);
void fsched_charge(struct fsched_pool *pool, struct fsched_party *party, u64 ns, u64 now);
enum fsched_verdict fsched_check(struct fsched_pool *pool, struct fsched_party *party, u64 ran_ns,
				 u64 now);
u64 fsched_slice(const struct fsched_pool *pool, const struct fsched_party *party);
bool fsched_preempts(const struct fsched_pool *pool, const struct fsched_party *woken,
		     const struct fsched_party *running);
u64 fsched_open(struct fsched_pool *pool, u64 now);

#endif
