/* SPDX-License-Identifier: GPL-2.0 */
/* Exact processor time of containers, from context switches. Decides nothing. */
#ifndef BC_FAIRSCHED_ACCOUNT_H
#define BC_FAIRSCHED_ACCOUNT_H

#include "../../core/bc.h"
#include "gate.h"
#include "share.h"

/**
 * struct fsched_use - what a container has used of a processor, in ns
 * @used: time it ran
 * @user: ticks of the kernel's in user mode, not niced; with @nice and @system
 *	they say in which proportion @used splits up
 * @nice: ... in user mode, niced
 * @system: ... in the kernel
 * @waited: time its tasks waited for it
 * @longest: the longest such wait
 * @switches: how often one of its tasks got it
 * @preempted: how often one was taken off that would have gone on
 *
 * A cache line, written by its processor only, with interrupts off.
 */
struct fsched_use {
	u64	used;
	u64	user;
	u64	nice;
	u64	system;
	u64	waited;
	u64	longest;
	u64	switches;
	u64	preempted;
};

/**
 * struct fsched_cpu - what a processor does
 * @tag: of the container whose task it runs; 0: none
 * @seat: who may use it
 * @seq: for readers on other processors, of all the members but @seat and of the container's
 *	struct fsched_use of this processor
 * @task: that task
 * @start: what the kernel had charged to it when it got the processor
 * @since: when that was; 0 if nobody needs to know
 *
 * Written by its processor only, with interrupts off.
 */
struct fsched_cpu {
	u32			tag;
	struct fsched_seat	seat;
	seqcount_t		seq;
	struct task_struct	*task;
	u64			since;
	struct fsched_use	start;
};

DECLARE_PER_CPU_ALIGNED(struct fsched_cpu, fsched_cpus);

/**
 * struct fsched_account - processor time of a container
 * @tag: of the container; constant from its first task on
 * @use: by processor
 * @ref: whoever finds it by the container, and each task that is held
 * @gate: where its tasks are held
 * @share: its part among the others
 * @end: ends the first of these references after a grace period
 */
struct fsched_account {
	u32				tag;
	struct fsched_use __percpu	*use;
	refcount_t			ref;
	struct fsched_gate		gate;
	struct fsched_share		share;
	struct rcu_work			end;
};

int fsched_account_init(void);
void fsched_account_exit(void);
struct fsched_account *fsched_account_alloc(void);
void fsched_account_free(struct fsched_account *account);
void fsched_account_start(void);
void fsched_account_read_cpu(u32 tag, const struct fsched_account *account, unsigned int cpu,
			     struct fsched_use *use);
void fsched_account_read(u32 tag, const struct fsched_account *account, struct fsched_use *use);

/* For the gate and the share. */
bool fsched_account_held(struct task_struct *task);
struct fsched_account *fsched_account_of(u32 tag);
struct fsched_account *fsched_account_get(struct task_struct *task);
void fsched_account_put(struct fsched_account *account);
bool fsched_account_estimate(u32 tag, const struct fsched_account *account, unsigned int cpu,
			     u64 now, u64 *used);
void fsched_account_notify(u32 tag, unsigned int cpu);

#endif
