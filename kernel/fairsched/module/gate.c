// SPDX-License-Identifier: GPL-2.0
/*
 * Hard limits: a container that has used up its processor time waits.
 *
 * Where: a task is held on its way back to user mode, where the kernel itself makes tasks
 * wait that have dirtied or allocated too much (blkcg_maybe_throttle_current()). It has
 * left the kernel by then but for one return: it holds no lock of it, works that were
 * queued for it are done, and a signal has been dealt with. It waits interruptibly: whatever
 * wants a task of it - a signal, SIGKILL, job control, a freezer, a tracer - wakes it, is dealt
 * with as always, and then it is held again if that is still due. Nothing of ours is left with a
 * task that is not held: TIF_NOTIFY_RESUME, which brings it here, is the kernel's.
 *
 * When: the bucket (cap.c) is looked at by a timer of the container, while it runs, at the
 * time when it can be empty at the earliest, and when it is closed, at the time when it
 * opens. A look adds up what the processors have used where the container has run since the last
 * one. A context switch writes a bit at most. Time is charged by the clock as long as the
 * kernel has not charged it itself, at most a tick more than is right, once.
 *
 * Order against context switches: a switch writes what its processor runs, then reads whether the
 * processor is noted in @ran, then whether the gate is closed; a look clears the note, then
 * reads what runs; closing writes @closed, then reads the notes and what runs. Full barriers
 * between, so one of the two sees the other.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "../../compat/bc_hrtimer.h"
#include "../../hook/hook.h"
#include "account.h"

#define FSCHED_TICK_NS	4000000ULL	/* look at a container that runs so often at least */
#define FSCHED_GRAIN_NS	200000ULL	/* ... and not more often */
#define FSCHED_RELEASE	8U		/* tasks that one look lets go; each of them lets go one more */

/* Tasks in the wrapper below; a task may come in on one processor and leave on another. */
static DEFINE_PER_CPU(long, fsched_holding);

/* One that waits goes on. It cannot be gone: it takes the lock before it leaves. */
static bool fsched_release_one(struct fsched_gate *gate)
{
	struct fsched_waiter *waiter =
		list_first_entry_or_null(&gate->held.line, struct fsched_waiter, node);

	lockdep_assert_held(&gate->lock);
	if (!waiter)
		return false;
	list_del_init(&waiter->node);
	wake_up_process(waiter->task);
	return true;
}

static bool fsched_release(struct fsched_gate *gate)
{
	unsigned int i;

	for (i = 0; i < FSCHED_RELEASE; i++)
		if (!fsched_release_one(gate))
			return false;
	return true;
}

/* Everybody, a few at a time: there may be thousands. */
static void fsched_release_all(struct fsched_gate *gate)
{
	bool more;

	do {
		raw_spin_lock_irq(&gate->lock);
		more = !gate->closed && fsched_release(gate);
		raw_spin_unlock_irq(&gate->lock);
		cond_resched();
	} while (more);
}

static void fsched_shut(struct fsched_gate *gate, struct fsched_account *account)
{
	unsigned int i;

	gate->closings++;
	WRITE_ONCE(gate->closed, true);
	smp_mb(); /* pairs with fsched_gate_switch() */
	for_each_cpu(i, gate->ran)
		fsched_account_notify(gate->tag, i);
}

/* Charge what was used since the last look. Returns on how many processors it runs. */
static unsigned int fsched_look(struct fsched_gate *gate, u64 now)
{
	struct fsched_account *account = container_of(gate, struct fsched_account, gate);
	unsigned int i, running = 0;
	u64 spent = 0, used;
	s64 tokens;
	bool runs;

	lockdep_assert_held(&gate->lock);
	for_each_cpu(i, gate->ran) {
		u64 *seen = per_cpu_ptr(gate->seen, i);

		cpumask_clear_cpu(i, gate->ran);
		smp_mb__after_atomic(); /* pairs with fsched_gate_switch() */
		runs = fsched_account_estimate(gate->tag, account, i, now, &used);
		if (used > *seen) {
			spent += used - *seen;
			*seen = used;
		}
		if (runs) {
			cpumask_set_cpu(i, gate->ran);
			running++;
		}
	}
	fsched_cap_refill(&gate->cap, now);
	tokens = gate->cap.tokens;
	fsched_cap_use(&gate->cap, now, spent);
	gate->forgiven += spent - (tokens - gate->cap.tokens);
	if (gate->cap.closed && !gate->closed)
		fsched_shut(gate, account);
	else if (!gate->cap.closed && gate->closed)
		WRITE_ONCE(gate->closed, false);
	if (!gate->closed)
		fsched_release(gate);
	return running;
}

/* Look again when something can have changed; not at all if nothing can. */
static void fsched_set_timer(struct fsched_gate *gate, u64 now, unsigned int running)
{
	u64 at;

	lockdep_assert_held(&gate->lock);
	if (!gate->cap.rate)
		goto off;
	if (gate->closed) {
		at = max(fsched_cap_opens(&gate->cap), now + FSCHED_GRAIN_NS);
	} else {
		if (cpumask_empty(gate->ran) && !gate->held.now) {
			atomic_set(&gate->armed, 0);
			smp_mb__after_atomic(); /* pairs with fsched_gate_switch() */
			if (cpumask_empty(gate->ran) || atomic_cmpxchg(&gate->armed, 0, 1))
				return;
		}
		/* those that are let go will run, too */
		running = min(running + gate->held.now, num_online_cpus());
		at = now + clamp(fsched_cap_lasts(&gate->cap, running ?: 1), FSCHED_GRAIN_NS,
				 FSCHED_TICK_NS);
	}
	hrtimer_start(&gate->timer, ns_to_ktime(at), HRTIMER_MODE_ABS_PINNED_HARD);
	return;
off:
	atomic_set(&gate->armed, 0);
}

static enum hrtimer_restart fsched_on_timer(struct hrtimer *timer)
{
	struct fsched_gate *gate = container_of(timer, struct fsched_gate, timer);
	u64 now = ktime_get_mono_fast_ns();
	unsigned int running = 0;

	raw_spin_lock(&gate->lock);
	if (gate->cap.rate)
		running = fsched_look(gate, now);
	fsched_set_timer(gate, now, running);
	raw_spin_unlock(&gate->lock);
	return HRTIMER_NORESTART;
}

/**
 * fsched_gate_switch() - a task of a container with a limit gets this processor
 * @gate: of the container
 * @next: the task
 *
 * Context: runqueue lock held, interrupts off; what runs here is written already.
 */
void fsched_gate_switch(struct fsched_gate *gate, struct task_struct *next)
{
	unsigned int cpu = smp_processor_id();

	smp_mb(); /* pairs with fsched_look() */
	if (!cpumask_test_cpu(cpu, gate->ran)) {
		cpumask_set_cpu(cpu, gate->ran);
		smp_mb__after_atomic(); /* pairs with fsched_shut() and fsched_set_timer() */
	}
	if (!atomic_read(&gate->armed) && !atomic_cmpxchg(&gate->armed, 0, 1))
		hrtimer_start(&gate->timer, ns_to_ktime(FSCHED_GRAIN_NS),
			      HRTIMER_MODE_REL_PINNED_HARD);
	/* it comes by before user mode; no other processor need be told */
	if (READ_ONCE(gate->closed))
		set_tsk_thread_flag(next, TIF_NOTIFY_RESUME);
}

/**
 * fsched_gate_set() - another limit, live
 * @gate: the gate
 * @tag: of the container
 * @rate: 1/100 % of a processor; 0: none
 *
 * Begins without credit and without debt. Whoever is held goes on.
 *
 * Context: process; one at a time.
 */
void fsched_gate_set(struct fsched_gate *gate, u32 tag, u32 rate)
{
	struct fsched_account *account = container_of(gate, struct fsched_account, gate);
	unsigned int i;
	u64 now;

	raw_spin_lock_irq(&gate->lock);
	gate->tag = tag;
	/* from here on switches note where it runs */
	WRITE_ONCE(gate->limited, rate != 0);
	smp_mb(); /* pairs with fsched_gate_switch() */
	now = ktime_get_mono_fast_ns();
	for_each_possible_cpu(i)
		if (fsched_account_estimate(tag, account, i, now, per_cpu_ptr(gate->seen, i)))
			cpumask_set_cpu(i, gate->ran);
	fsched_cap_set(&gate->cap, rate, now);
	WRITE_ONCE(gate->closed, false);
	if (rate) {
		atomic_set(&gate->armed, 1);
		fsched_set_timer(gate, now, 1);
	}
	raw_spin_unlock_irq(&gate->lock);
	fsched_release_all(gate);
}

/**
 * fsched_gate_end() - let everybody go, and hold nobody any more
 * @gate: the gate
 *
 * Context: process.
 */
void fsched_gate_end(struct fsched_gate *gate)
{
	raw_spin_lock_irq(&gate->lock);
	gate->cap.rate = 0;
	WRITE_ONCE(gate->limited, false);
	WRITE_ONCE(gate->closed, false);
	raw_spin_unlock_irq(&gate->lock);
	fsched_release_all(gate);
}

/**
 * fsched_gate_stop() - the timer is off for good
 * @gate: after fsched_gate_end(), and a grace period later
 *
 * Context: process.
 */
void fsched_gate_stop(struct fsched_gate *gate)
{
	hrtimer_cancel(&gate->timer);
}

/**
 * fsched_gate_read() - how it stands
 * @gate: the gate
 * @use: out
 *
 * Context: any that may turn off interrupts.
 */
void fsched_gate_read(struct fsched_gate *gate, struct fsched_gate_use *use)
{
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&gate->lock, flags);
	now = ktime_get_mono_fast_ns();
	if (gate->cap.rate)
		fsched_look(gate, now);
	*use = (struct fsched_gate_use){
		.limit = gate->cap.rate,
		.held = fsched_held_read(&gate->held, now),
		.closings = gate->closings,
		.owed = gate->cap.tokens < 0 ? -gate->cap.tokens : 0,
		.forgiven = gate->forgiven,
	};
	raw_spin_unlock_irqrestore(&gate->lock, flags);
}

/* ---- who is held ---- */

/* Sleep until the gate opens or somebody wants the task; in the lock, and out of it. */
static void fsched_wait(struct fsched_gate *gate, struct fsched_waiter *waiter)
{
	/* who was let go and came too late is the next */
	bool first = false;

	while (gate->closed) {
		if (list_empty(&waiter->node)) {
			if (first)
				list_add(&waiter->node, &gate->held.line);
			else
				list_add_tail(&waiter->node, &gate->held.line);
		}
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		raw_spin_unlock_irq(&gate->lock);
		schedule();
		raw_spin_lock_irq(&gate->lock);
		first = true;
	}
	__set_current_state(TASK_RUNNING);
	list_del_init(&waiter->node);
}

/* Returns whether it has to come by again. */
static bool fsched_hold(struct fsched_gate *gate)
{
	struct fsched_waiter waiter = FSCHED_WAITER(waiter);
	bool again;

	raw_spin_lock_irq(&gate->lock);
	if (gate->closed) {
		fsched_held_begin(&gate->held, &waiter);
		fsched_wait(gate, &waiter);
		fsched_held_end(&gate->held, &waiter);
	}
	again = gate->closed;
	if (!again)
		fsched_release_one(gate);
	raw_spin_unlock_irq(&gate->lock);
	return again;
}

BC_DECLARE_ORIGINAL(void, blkcg_maybe_throttle_current, void);

static void notrace fsched_wrap_resume(void)
{
	struct fsched_account *account;

	this_cpu_inc(fsched_holding);
	account = fsched_account_get(current);
	if (account) {
		/* it was woken for a signal: that comes first, then it is held again */
		if (fsched_hold(&account->gate) || fsched_share_pass(account))
			set_thread_flag(TIF_NOTIFY_RESUME);
		fsched_account_put(account);
	}
	bc_orig_blkcg_maybe_throttle_current();
	this_cpu_dec(fsched_holding);
}

/* Threads that the kernel runs on behalf of a program do not return to user mode. */
#ifdef PF_USER_WORKER
#define FSCHED_NEVER_HELD (PF_KTHREAD | PF_EXITING | PF_IO_WORKER | PF_USER_WORKER)
#else
#define FSCHED_NEVER_HELD (PF_KTHREAD | PF_EXITING | PF_IO_WORKER)
#endif

BC_CALLBACK(fsched_on_resume)
{
	if (unlikely(fsched_account_held(current)) && !(current->flags & FSCHED_NEVER_HELD))
		BC_REDIRECT(fsched_wrap_resume);
}

static struct bc_hook fsched_hook = {
	.symbols = { "blkcg_maybe_throttle_current" },
	.callback = fsched_on_resume,
	.original = &bc_addr_blkcg_maybe_throttle_current,
	.required = true,
	.missing = "limits of processor time are not enforced",
};

/**
 * fsched_gates_attach() - tasks come by from now on
 *
 * Does nothing if they do already.
 *
 * Context: process; one at a time.
 * Return: 0 or -EOPNOTSUPP.
 */
int fsched_gates_attach(void)
{
	u64 lost = 0;

	if (fsched_hook.attached)
		return 0;
	return bc_hooks_attach(&fsched_hook, 1, &lost) ? -EOPNOTSUPP : 0;
}

/**
 * fsched_gates_detach() - mirror; nobody runs text of the module because of it any more
 *
 * All accounts are given up: who is here is on the way out.
 *
 * Context: process.
 */
void fsched_gates_detach(void)
{
	if (!fsched_hook.attached)
		return;
	bc_hooks_detach(&fsched_hook, 1);
	bc_hooks_drain(&fsched_holding);
}

/**
 * fsched_gate_init() - no limit
 * @gate: zeroed
 * Return: 0 or -ENOMEM.
 */
int fsched_gate_init(struct fsched_gate *gate)
{
	if (!zalloc_cpumask_var(&gate->ran, GFP_KERNEL))
		return -ENOMEM;
	gate->seen = alloc_percpu(u64);
	if (!gate->seen) {
		free_cpumask_var(gate->ran);
		return -ENOMEM;
	}
	raw_spin_lock_init(&gate->lock);
	INIT_LIST_HEAD(&gate->held.line);
	hrtimer_setup(&gate->timer, fsched_on_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	return 0;
}

/**
 * fsched_gate_free() - mirror of fsched_gate_init()
 * @gate: nobody is held, the timer is off
 */
void fsched_gate_free(struct fsched_gate *gate)
{
	free_percpu(gate->seen);
	free_cpumask_var(gate->ran);
}
