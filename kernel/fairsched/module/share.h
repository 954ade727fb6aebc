/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The share of a container: who gets a processor next, by weight, where more than one
 * container wants it; and on how many processors at a time.
 */
#ifndef BC_FAIRSCHED_SHARE_H
#define BC_FAIRSCHED_SHARE_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "../fsched.h"
#include "held.h"

struct fsched_account;

/*
 * Of the pool, of who waits, and of what is known about seats. Raw, interrupts off.
 * Tasks are woken under it, so it is never taken with a runqueue's lock held.
 */
extern raw_spinlock_t fsched_lock;
extern struct fsched_pool fsched_pool;

/**
 * struct fsched_share - what a container is to the pool
 * @party: its part of the decision
 * @node: link among all that a policy decides about
 * @seen: by processor, what of the time used there is charged to @party; of that
 *	processor, interrupts off
 * @counted: it has a number of processors: asks also for one that is free
 * @dead: takes no part any more
 * @held: who waits for a turn
 *
 * Guarded by the lock of the pool but for @seen and @counted.
 */
struct fsched_share {
	struct fsched_party	party;
	struct list_head	node;
	u64 __percpu		*seen;
	bool			counted;
	bool			dead;
	struct fsched_held	held;
};

/**
 * struct fsched_seat - a processor, as the pool sees it
 * @tag: of the container that may use it now; 0: it is free
 * @owner: the task of it that had the processor last, or while somebody waits, was let in;
 *	only compared, never looked into
 * @start: what the kernel had charged to the container here when it got the seat
 * @ticking: @tick is set
 * @off: the processor goes, or is not there
 * @look: who has the seat must come by: others may be due
 * @missed: ticks in a row at which somebody else than @owner ran
 * @guests: marks of tasks that had their slice here beside @owner while somebody waited
 * @tick: looks whether the container may go on; on its processor
 * @work: looks for somebody who waits
 * @call: ... from another processor
 * @called: @call is the business of whoever made this 1, until it has begun
 * @account: of @tag, as the pool knows it; guarded by its lock
 *
 * Written by its processor only, with interrupts off, but for @call and @called.
 */
struct fsched_seat {
	u32			tag;
	bool			ticking;
	bool			off;
	bool			look;
	u8			missed;
	struct task_struct	*owner;
	u64			start;
	u64			guests;
	struct hrtimer		tick;
	struct irq_work		work;
	call_single_data_t	call;
	atomic_t		called;
	struct fsched_account	*account;
};

/**
 * struct fsched_share_use - what a reader sees of a share
 * @weight: its weight
 * @cpus: processors at a time; 0: all
 * @class: its class under policies that have classes
 * @held: tasks that wait for their turn
 */
struct fsched_share_use {
	u32			weight;
	u32			cpus;
	u32			class;
	struct fsched_held_use	held;
};

void fsched_share_set(struct fsched_share *share, u32 weight, u32 cpus, u8 class);
void fsched_share_end(struct fsched_account *account);
bool fsched_share_wants(u32 tag);
bool fsched_share_pass(struct fsched_account *account);
void fsched_share_switch(struct fsched_seat *seat, struct fsched_account *account, u32 from,
			 struct task_struct *prev, struct task_struct *next, bool runnable);

int fsched_shares_init(void);
void fsched_shares_exit(void);
int fsched_shares_start(void);
void fsched_shares_stop(void);
bool fsched_shares_contended(void);

/* ---- policy.c ---- */

int fsched_share_init(struct fsched_share *share);
void fsched_share_free(struct fsched_share *share);
void fsched_share_read(struct fsched_share *share, struct fsched_share_use *use);

#endif
