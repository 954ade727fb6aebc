/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that are held on their way to user mode, and for how long they were. */
#ifndef BC_FAIRSCHED_HELD_H
#define BC_FAIRSCHED_HELD_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

/**
 * struct fsched_waiter - a task that is held; on its stack
 * @node: link in &fsched_held.line; empty: it has been let go
 * @task: who
 * @since: when it began
 */
struct fsched_waiter {
	struct list_head	node;
	struct task_struct	*task;
	u64			since;
};

#define FSCHED_WAITER(waiter)                                          \
	{                                                              \
		.node = LIST_HEAD_INIT((waiter).node), .task = current \
	}

/**
 * struct fsched_held - those that are held for the same reason
 * @line: struct fsched_waiter, the next in front
 * @now: how many are, those included that are woken and not gone yet
 * @since: sum over them: when it began
 * @ns: time for which others were
 * @longest: the longest without a break
 * @count: how often one was
 *
 * Guarded by the lock of whoever holds them.
 */
struct fsched_held {
	struct list_head	line;
	u32			now;
	u64			since;
	u64			ns;
	u64			longest;
	u64			count;
};

/**
 * struct fsched_held_use - what a reader sees of it
 * @ns: time for which tasks were held, added up
 * @now: tasks that are
 * @count: how often one was
 * @longest: the longest time without a break
 */
struct fsched_held_use {
	u64	ns;
	u64	now;
	u64	count;
	u64	longest;
};

static inline void fsched_held_begin(struct fsched_held *held, struct fsched_waiter *waiter)
{
	waiter->since = ktime_get_mono_fast_ns();
	held->since += waiter->since;
	held->now++;
	held->count++;
}

/* Returns what time it is. */
static inline u64 fsched_held_end(struct fsched_held *held, const struct fsched_waiter *waiter)
{
	u64 now = ktime_get_mono_fast_ns();

	held->since -= waiter->since;
	held->now--;
	held->ns += now - waiter->since;
	held->longest = max(held->longest, now - waiter->since);
	return now;
}

static inline struct fsched_held_use fsched_held_read(const struct fsched_held *held, u64 now)
{
	return (struct fsched_held_use){
		.ns = held->ns + held->now * now - held->since,
		.now = held->now,
		.count = held->count,
		.longest = held->longest,
	};
}

#endif
