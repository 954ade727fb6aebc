/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate of a container: its tasks are held there, on their way back to user mode,
 * while it has used up its limit.
 */
#ifndef BC_FAIRSCHED_GATE_H
#define BC_FAIRSCHED_GATE_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "../fsched.h"
#include "held.h"

/**
 * struct fsched_gate - what holds the tasks of a container
 * @tag: of the container; constant while @limited
 * @limited: there is a limit. Written under @lock.
 * @closed: it is used up: who comes by is held. Written under @lock.
 * @armed: @timer is set, or is the business of whoever made this 1
 * @lock: of what follows. Raw, interrupts off. Tasks are woken under it, so it is
 *	never taken with a runqueue's held.
 * @cap: the bucket
 * @ran: processors where it has run since the last look; bits are set by the
 *	processor itself, cleared under @lock
 * @seen: by processor, what of the time used there is charged to @cap
 * @timer: when to look next
 * @held: who waits, the longest waiting in front
 * @forgiven: ns used beyond the limit that will not be waited for
 * @closings: how often the limit was used up
 */
struct fsched_gate {
	u32			tag;
	bool			limited;
	bool			closed;
	atomic_t		armed;

	raw_spinlock_t		lock;
	struct fsched_cap	cap;
	cpumask_var_t		ran;
	u64 __percpu		*seen;
	struct hrtimer		timer;
	struct fsched_held	held;
	u64			forgiven;
	u64			closings;
};

/**
 * struct fsched_gate_use - what a reader sees of it
 * @limit: 1/100 % of a processor; 0: none
 * @held: tasks that are held
 * @closings: how often the limit was used up
 * @owed: ns used beyond the limit, which are waited for
 * @forgiven: ... which will not be
 */
struct fsched_gate_use {
	u64			limit;
	struct fsched_held_use	held;
	u64			closings;
	u64			owed;
	u64			forgiven;
};

int fsched_gate_init(struct fsched_gate *gate);
void fsched_gate_free(struct fsched_gate *gate);
void fsched_gate_set(struct fsched_gate *gate, u32 tag, u32 rate);
void fsched_gate_end(struct fsched_gate *gate);
void fsched_gate_stop(struct fsched_gate *gate);
void fsched_gate_read(struct fsched_gate *gate, struct fsched_gate_use *use);
void fsched_gate_switch(struct fsched_gate *gate, struct task_struct *next);

int fsched_gates_attach(void);
void fsched_gates_detach(void);

#endif
