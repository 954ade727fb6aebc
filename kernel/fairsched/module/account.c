// SPDX-License-Identifier: GPL-2.0
/*
 * From context switches to processor time of containers: exact, for it adds up what
 * the scheduler itself has charged to each task while that was on a processor.
 *
 * The probe runs at every context switch of the host, so it is there only while a
 * container can have tasks. It takes no lock and writes only what is its own
 * processor's. A switch between two tasks of the host writes nothing.
 *
 * What a processor is doing now is in its struct fsched_cpu; a reader adds the time
 * that is not charged yet. The task it looks into for that is on a processor, and such
 * a task is freed after an RCU grace period at the earliest.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/cputime.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "account.h"

/* How often to look whether the probe is still needed. */
#define FSCHED_LOOK	(2 * HZ)

DEFINE_PER_CPU_ALIGNED(struct fsched_cpu, fsched_cpus);

static struct tracepoint *fsched_switch;

/* Where accounts end. */
static struct workqueue_struct *fsched_queue;

/* Guarded by bc_mutex while the extension is registered. */
static bool fsched_attached;
module_param_named(attached, fsched_attached, bool, 0444);
MODULE_PARM_DESC(attached, "context switches are looked at: a container can have tasks");

static void fsched_look_fn(struct work_struct *work);
static void fsched_account_end_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(fsched_look, fsched_look_fn);

/*
 * The tag of a task's container: of the pid namespace that it was born in, as
 * everywhere. The rest of a task that is reaped while it still exits has no pid any more;
 * its credentials are there until it is freed.
 */
static __always_inline u32 fsched_tag(struct task_struct *task)
{
	const struct pid *pid = READ_ONCE(task->thread_pid);

	if (likely(pid)) {
		if (likely(!pid->level))
			return 0;
		return pid->numbers[pid->level].ns->user_ns->flags >> BC_TAG_SHIFT;
	}
	return rcu_dereference_raw(task->real_cred)->user_ns->flags >> BC_TAG_SHIFT;
}

/**
 * fsched_account_of() - the account of a container
 * @tag: of the container
 *
 * Context: RCU read section, or interrupts off.
 * Return: NULL if there is none; otherwise valid until that ends.
 */
struct fsched_account *fsched_account_of(u32 tag)
{
	const struct bc_slot *slot = &bc_slots[tag & BC_MAX];

	if (READ_ONCE(slot->tag) != tag)
		return NULL;
	return rcu_dereference_raw(slot->bc->extension[BC_EXTENSION_FAIRSCHED]);
}

/* What the kernel has charged to a task; user time that is niced, too, is in @user. */
static void fsched_charged(const struct task_struct *task, struct fsched_use *use)
{
	use->used = READ_ONCE(task->se.sum_exec_runtime);
	use->user = READ_ONCE(task->utime);
	use->system = READ_ONCE(task->stime);
#ifdef CONFIG_SCHED_INFO
	use->waited = READ_ONCE(task->sched_info.run_delay);
#endif
}

/* What @task has used of this processor since @start. */
static void fsched_add(struct fsched_use *use, const struct fsched_use *start,
		       const struct task_struct *task)
{
	struct fsched_use now = {};
	u64 waited;

	fsched_charged(task, &now);
	use->used += now.used - start->used;
	if (task->static_prio > DEFAULT_PRIO)
		use->nice += now.user - start->user;
	else
		use->user += now.user - start->user;
	use->system += now.system - start->system;
	/* the kernel notes the wait when the task gets the processor, after our look at it */
	waited = now.waited - start->waited;
	use->waited += waited;
	if (waited > use->longest)
		use->longest = waited;
}

static void fsched_end(struct fsched_cpu *cpu, struct task_struct *prev, bool preempted)
{
	struct fsched_account *account = fsched_account_of(cpu->tag);
	struct fsched_use *use;

	if (!account || cpu->task != prev)
		return;
	use = this_cpu_ptr(account->use);
	fsched_add(use, &cpu->start, prev);
	use->switches++;
	use->preempted += preempted;
}

static noinline void fsched_change(struct fsched_cpu *cpu, u32 tag, struct task_struct *prev,
				   struct task_struct *next, bool preempted)
{
	struct fsched_account *account = tag ? fsched_account_of(tag) : NULL;
	bool limited = account && READ_ONCE(account->gate.limited);
	bool timed = limited || (account && fsched_shares_contended());
	u32 from = cpu->tag;

	raw_write_seqcount_begin(&cpu->seq);
	if (cpu->tag)
		fsched_end(cpu, prev, preempted);
	cpu->tag = tag;
	cpu->task = next;
	if (tag)
		fsched_charged(next, &cpu->start);
	cpu->since = timed ? ktime_get_mono_fast_ns() : 0;
	raw_write_seqcount_end(&cpu->seq);
	if (limited)
		fsched_gate_switch(&account->gate, next);
	fsched_share_switch(&cpu->seat, account, from, prev, next, preempted);
}

/* Runqueue lock held, interrupts off. */
static void fsched_on_switch(void *unused, bool preempt, struct task_struct *prev,
			     struct task_struct *next, unsigned int prev_state)
{
	struct fsched_cpu *cpu = this_cpu_ptr(&fsched_cpus);
	u32 tag = fsched_tag(next);

	if (likely(!(tag | cpu->tag | cpu->seat.tag)))
		return;
	fsched_change(cpu, tag, prev, next, preempt || prev_state == TASK_RUNNING);
}

/* What this processor does when the probe comes: the time until its first switch counts. */
static void fsched_begin(void *unused)
{
	struct fsched_cpu *cpu = this_cpu_ptr(&fsched_cpus);

	if (!cpu->task)
		fsched_change(cpu, fsched_tag(current), current, current, false);
}

static void fsched_reset(void)
{
	int i;

	for_each_possible_cpu(i) {
		struct fsched_cpu *cpu = per_cpu_ptr(&fsched_cpus, i);

		cpu->tag = 0;
		cpu->task = NULL;
	}
}

static void fsched_detach(void)
{
	if (!fsched_attached)
		return;
	tracepoint_probe_unregister(fsched_switch, fsched_on_switch, NULL);
	tracepoint_synchronize_unregister();
	fsched_attached = false;
}

static void fsched_look_fn(struct work_struct *work)
{
	if (!bc_unless_inhabited(fsched_detach))
		schedule_delayed_work(&fsched_look, FSCHED_LOOK);
}

/**
 * fsched_account_start() - a container can have tasks from now on
 *
 * Context: process, bc_mutex held.
 */
void fsched_account_start(void)
{
	int ret;

	if (fsched_attached)
		return;
	fsched_reset();
	ret = tracepoint_probe_register(fsched_switch, fsched_on_switch, NULL);
	if (ret) {
		pr_err_once("cannot look at context switches (%d): processor time is not counted\n",
			    ret);
		return;
	}
	fsched_attached = true;
	on_each_cpu(fsched_begin, NULL, 1);
	schedule_delayed_work(&fsched_look, FSCHED_LOOK);
}

/**
 * fsched_account_put() - give a reference back
 * @account: of fsched_account_get()
 */
void fsched_account_put(struct fsched_account *account)
{
	if (!refcount_dec_and_test(&account->ref))
		return;
	fsched_share_free(&account->share);
	fsched_gate_free(&account->gate);
	free_percpu(account->use);
	kfree(account);
}

/* Nobody can set the timer any more. */
static void fsched_account_end_fn(struct work_struct *work)
{
	struct fsched_account *account =
		container_of(to_rcu_work(work), struct fsched_account, end);

	fsched_gate_stop(&account->gate);
	fsched_account_put(account);
}

/**
 * fsched_account_held() - has a task's container used up its limit, or is it another's turn
 * @task: the caller
 *
 * Context: any; takes its own RCU section.
 */
bool fsched_account_held(struct task_struct *task)
{
	const struct fsched_account *account;
	u32 tag = fsched_tag(task);
	bool closed;

	if (likely(!tag))
		return false;
	rcu_read_lock();
	account = fsched_account_of(tag);
	closed = account && (READ_ONCE(account->gate.closed) || fsched_share_wants(tag));
	rcu_read_unlock();
	return closed;
}

/**
 * fsched_account_get() - the account of a task's container
 * @task: the caller
 *
 * Return: a reference for fsched_account_put(), or NULL.
 */
struct fsched_account *fsched_account_get(struct task_struct *task)
{
	struct fsched_account *account;
	u32 tag = fsched_tag(task);

	if (!tag)
		return NULL;
	rcu_read_lock();
	account = fsched_account_of(tag);
	if (account && !refcount_inc_not_zero(&account->ref))
		account = NULL;
	rcu_read_unlock();
	return account;
}

/**
 * fsched_account_alloc() - for a new container
 * Return: NULL if there is no memory.
 */
struct fsched_account *fsched_account_alloc(void)
{
	struct fsched_account *account = kzalloc(sizeof(*account), GFP_KERNEL);

	if (!account)
		return NULL;
	account->use = __alloc_percpu(sizeof(struct fsched_use), SMP_CACHE_BYTES);
	if (!account->use) {
		kfree(account);
		return NULL;
	}
	if (fsched_gate_init(&account->gate))
		goto out_use;
	if (fsched_share_init(&account->share))
		goto out_gate;
	refcount_set(&account->ref, 1);
	INIT_RCU_WORK(&account->end, fsched_account_end_fn);
	return account;
out_gate:
	fsched_gate_free(&account->gate);
out_use:
	free_percpu(account->use);
	kfree(account);
	return NULL;
}

/**
 * fsched_account_free() - let its tasks go at once, free it when nobody looks any more
 * @account: not found any more by look-ups that begin now
 *
 * Context: process.
 */
void fsched_account_free(struct fsched_account *account)
{
	fsched_gate_end(&account->gate);
	fsched_share_end(account);
	queue_rcu_work(fsched_queue, &account->end);
}

/**
 * fsched_account_read_cpu() - what a container has used of a processor until now
 * @tag: of the container
 * @account: of the container
 * @i: the processor
 * @use: out
 *
 * What runs now is behind by at most a tick. Never goes back.
 *
 * Context: RCU read section.
 */
void fsched_account_read_cpu(u32 tag, const struct fsched_account *account, unsigned int i,
			     struct fsched_use *use)
{
	const struct fsched_cpu *cpu = per_cpu_ptr(&fsched_cpus, i);
	unsigned int seq;

	do {
		seq = raw_read_seqcount_begin(&cpu->seq);
		*use = *per_cpu_ptr(account->use, i);
		if (READ_ONCE(cpu->tag) == tag) {
			const struct task_struct *task = READ_ONCE(cpu->task);
			struct fsched_use start = cpu->start;

			/* what is looked into must be what is on the processor */
			if (read_seqcount_retry(&cpu->seq, seq))
				continue;
			fsched_add(use, &start, task);
			use->switches++;
		}
	} while (read_seqcount_retry(&cpu->seq, seq));
}

/**
 * fsched_account_read() - what a container has used until now, of all processors
 * @tag: of the container
 * @account: of the container
 * @sum: out
 *
 * Context: RCU read section.
 */
void fsched_account_read(u32 tag, const struct fsched_account *account, struct fsched_use *sum)
{
	struct fsched_use use;
	int i;

	*sum = (struct fsched_use){};
	for_each_possible_cpu(i) {
		fsched_account_read_cpu(tag, account, i, &use);
		sum->used += use.used;
		sum->user += use.user;
		sum->nice += use.nice;
		sum->system += use.system;
		sum->waited += use.waited;
		sum->longest = max(sum->longest, use.longest);
		sum->switches += use.switches;
		sum->preempted += use.preempted;
	}
}

/**
 * fsched_account_estimate() - what a container has used of a processor, by the clock
 * @tag: of the container
 * @account: of the container
 * @i: the processor
 * @now: CLOCK_MONOTONIC
 * @used: out, ns: what the kernel has charged, and what it will have to charge for the task
 *	that runs: at most a tick of it
 *
 * Context: RCU read section, or interrupts off.
 * Return: true if a task of the container runs there.
 */
bool fsched_account_estimate(u32 tag, const struct fsched_account *account, unsigned int i, u64 now,
			     u64 *used)
{
	const struct fsched_cpu *cpu = per_cpu_ptr(&fsched_cpus, i);
	const struct task_struct *task;
	u64 exact, clock;
	unsigned int seq;
	bool runs;

	do {
		seq = raw_read_seqcount_begin(&cpu->seq);
		exact = per_cpu_ptr(account->use, i)->used;
		clock = exact;
		runs = READ_ONCE(cpu->tag) == tag;
		if (runs) {
			u64 start = cpu->start.used, since = cpu->since;

			task = READ_ONCE(cpu->task);
			/* what is looked into must be what is on the processor */
			if (read_seqcount_retry(&cpu->seq, seq))
				continue;
			if (since && now > since)
				clock += now - since;
			exact += READ_ONCE(task->se.sum_exec_runtime) - start;
		}
	} while (read_seqcount_retry(&cpu->seq, seq));
	*used = clamp(clock, exact, exact + TICK_NSEC);
	return runs;
}

/**
 * fsched_account_notify() - what runs of a container on a processor must come by
 * @tag: of the container
 * @i: the processor
 *
 * Context: RCU read section, or interrupts off.
 */
void fsched_account_notify(u32 tag, unsigned int i)
{
	const struct fsched_cpu *cpu = per_cpu_ptr(&fsched_cpus, i);
	struct task_struct *task;
	unsigned int seq;

	do {
		seq = raw_read_seqcount_begin(&cpu->seq);
		task = READ_ONCE(cpu->tag) == tag ? READ_ONCE(cpu->task) : NULL;
	} while (read_seqcount_retry(&cpu->seq, seq));
	/* if it has left the processor meanwhile, it comes by for nothing */
	if (task)
		set_notify_resume(task);
}

static void fsched_find(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_switch"))
		fsched_switch = tp;
}

/**
 * fsched_account_init() - get ready; nothing is attached yet
 * Return: 0, -EOPNOTSUPP or -ENOMEM.
 */
int fsched_account_init(void)
{
	int i;

	BUILD_BUG_ON(sizeof(struct fsched_use) > SMP_CACHE_BYTES);
	for_each_possible_cpu(i)
		seqcount_init(&per_cpu_ptr(&fsched_cpus, i)->seq);
	for_each_kernel_tracepoint(fsched_find, NULL);
	if (!fsched_switch) {
		pr_err("this kernel has no tracepoint sched_switch\n");
		return -EOPNOTSUPP;
	}
	fsched_queue = alloc_workqueue("fairsched", WQ_UNBOUND, 0);
	if (!fsched_queue)
		return -ENOMEM;
	if (fsched_shares_init()) {
		destroy_workqueue(fsched_queue);
		return -ENOMEM;
	}
	return 0;
}

/**
 * fsched_account_exit() - detach; nothing of ours runs any more, RCU callbacks included
 *
 * Containers may live. The extension is unregistered: none starts with us any more.
 */
void fsched_account_exit(void)
{
	cancel_delayed_work_sync(&fsched_look);
	fsched_detach();
	/* what ends accounts is queued by RCU */
	rcu_barrier();
	destroy_workqueue(fsched_queue);
	fsched_shares_exit();
}
