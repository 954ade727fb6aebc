// SPDX-License-Identifier: GPL-2.0
/*
 * Processors shared between containers by weight, and no more of them at a time than a
 * container may have. Who is next is decided in pool.c; here is what happens to tasks.
 *
 * A processor is a seat. A container has it while one of its tasks uses it, or could: as
 * long as no other container wants it, seats are taken and given up in context
 * switches, each processor for itself, and nobody is asked. A task of another
 * container that gets a processor whose seat is taken, or for which somebody waits, is asked
 * to come by on its way to user mode (gate.c), and there the pool decides who has the
 * seat from now on. Who has not waits there; in the kernel nobody is ever stopped. Between tasks
 * of the same container, the kernel's own scheduler decides.
 *
 * While somebody waits:
 *  - a seat is used by one task at a time, its owner. Another of the same container that
 *    the kernel lets run is its guest, and waits once it has had its slice: so whoever
 *    wants a processor waits for one, and not on the runqueue of another;
 *  - a tick looks whether the container that has the seat may keep it;
 *  - a processor whose seat gets free looks for somebody who waits;
 *  - who begins to wait calls a processor whose seat is free.
 * The last two are ordered by full barriers: a seat is free before it is looked who
 * waits, and one waits before it is looked which are free.
 *
 * The pool knows who has a seat only as of its last look at that processor. It need
 * not know more: a look at a processor is what a decision about it begins with.
 *
 * A seat whose task was moved to another processor stays taken until the processor
 * idles, or three ticks saw somebody else. That costs time, not order.
 */
#include <linux/cpuhotplug.h>
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../../compat/bc_hrtimer.h"
#include "account.h"

#define FSCHED_TICK_NS	4000000ULL	/* look at a seat so often at least */
#define FSCHED_MISSES	3U		/* ticks at which others ran: its task has gone */
#define FSCHED_SCAN	32U		/* tasks of a container that are asked for a processor */
#define FSCHED_PASS	4U		/* containers that have none for it */
#define FSCHED_RELEASE	8U		/* tasks that are let go at a time */
#define FSCHED_PATIENCE (HZ)		/* then one that waits looks itself for a free seat */

DEFINE_RAW_SPINLOCK(fsched_lock);
struct fsched_pool fsched_pool = { .policy = &fsched_fair };
static struct fsched_node **fsched_slots;
static u32 fsched_waiting;	/* tasks in lists; read without the lock */

/* Seats are looked at. Changes with fsched_lock held. */
static bool fsched_sharing;
static int fsched_state = -1;

static struct fsched_seat *fsched_this_seat(void)
{
	return &this_cpu_ptr(&fsched_cpus)->seat;
}

static struct fsched_seat *fsched_seat_of(unsigned int cpu)
{
	return &per_cpu_ptr(&fsched_cpus, cpu)->seat;
}

static struct fsched_account *fsched_account_of_party(struct fsched_party *party)
{
	return container_of(party, struct fsched_account, share.party);
}

static struct fsched_share *fsched_share_of(struct fsched_party *party)
{
	return &fsched_account_of_party(party)->share;
}

/* ---- seats; on their processor, interrupts off ---- */

static void fsched_seat_give(struct fsched_seat *seat, const struct fsched_account *account,
			     struct task_struct *task)
{
	WRITE_ONCE(seat->tag, account->tag);
	WRITE_ONCE(seat->owner, task);
	seat->missed = 0;
	seat->start = this_cpu_ptr(account->use)->used;
}

static void fsched_seat_free(struct fsched_seat *seat)
{
	WRITE_ONCE(seat->tag, 0);
	WRITE_ONCE(seat->owner, NULL);
}

/* Of a task in &fsched_seat.guests; some share one, and may wait without having had a slice. */
static u64 fsched_guest(const struct task_struct *task)
{
	return BIT_ULL(hash_ptr(task, 6));
}

/**
 * fsched_shares_contended() - does anybody wait
 *
 * Context: any.
 */
bool fsched_shares_contended(void)
{
	return READ_ONCE(fsched_waiting);
}

/**
 * fsched_share_switch() - a processor changes from a task to another
 * @seat: of this processor
 * @account: of @next; NULL: of no container
 * @from: tag of @prev's container
 * @prev: who had it
 * @next: who gets it
 * @runnable: @prev would have gone on
 *
 * Context: runqueue lock held, interrupts off; what runs here is written already.
 */
void fsched_share_switch(struct fsched_seat *seat, struct fsched_account *account, u32 from,
			 struct task_struct *prev, struct task_struct *next, bool runnable)
{
	bool contended;

	if (!READ_ONCE(fsched_sharing) || seat->off) {
		if (seat->tag)
			fsched_seat_free(seat);
		return;
	}
	contended = fsched_shares_contended();
	if (seat->owner == prev) {
		if (!runnable)
			fsched_seat_free(seat);
	} else if (contended && runnable && from && seat->tag == from) {
		WRITE_ONCE(seat->guests, seat->guests | fsched_guest(prev));
		set_tsk_thread_flag(prev, TIF_NOTIFY_RESUME);
	}
	if (account) {
		if (seat->tag == account->tag) {
			if (!contended)
				WRITE_ONCE(seat->owner, next);
		} else if (!seat->tag && !READ_ONCE(account->share.counted) && !contended)
			fsched_seat_give(seat, account, next);
		else /* it comes by before user mode; no other processor need be told */
			set_tsk_thread_flag(next, TIF_NOTIFY_RESUME);
		if (!seat->ticking) {
			seat->ticking = true;
			hrtimer_start(&seat->tick, ns_to_ktime(FSCHED_TICK_NS),
				      HRTIMER_MODE_REL_PINNED_HARD);
		}
	} else if (is_idle_task(next) && seat->tag) {
		fsched_seat_free(seat);
	}
	if (!seat->tag) {
		smp_mb(); /* pairs with fsched_seats_call() */
		if (fsched_shares_contended())
			irq_work_queue(&seat->work);
	}
}

/**
 * fsched_share_wants() - must a task come by
 * @tag: of its container
 *
 * Context: any. On another processor by the time it returns it is asked there.
 */
bool fsched_share_wants(u32 tag)
{
	const struct fsched_seat *seat = &raw_cpu_ptr(&fsched_cpus)->seat;

	return READ_ONCE(fsched_sharing) && (READ_ONCE(seat->tag) != tag || READ_ONCE(seat->look) ||
					     (READ_ONCE(seat->guests) & fsched_guest(current)));
}

/* ---- seats and the pool ---- */

/* What a container has used of this processor since the last time. */
static u64 fsched_seat_spent(struct fsched_account *account, u64 now)
{
	u64 *seen = this_cpu_ptr(account->share.seen);
	u64 used, spent;

	fsched_account_estimate(account->tag, account, smp_processor_id(), now, &used);
	if (used <= *seen)
		return 0;
	spent = used - *seen;
	*seen = used;
	return spent;
}

static void fsched_seat_charge(struct fsched_account *account, u64 now)
{
	u64 spent = fsched_seat_spent(account, now);

	if (spent)
		fsched_charge(&fsched_pool, &account->share.party, spent, now);
}

/* The account that has a seat does not have it any more; @waits: it would like to. */
static void fsched_seat_take(struct fsched_seat *seat, bool waits, u64 now)
{
	fsched_stop(&fsched_pool, &seat->account->share.party, waits, now);
	seat->account = NULL;
	fsched_seat_free(seat);
}

/* Tell the pool who has this seat now. */
static void fsched_seat_sync(struct fsched_seat *seat, u64 now)
{
	struct fsched_account *account = seat->tag ? fsched_account_of(seat->tag) : NULL;

	lockdep_assert_held(&fsched_lock);
	if (account && account->share.dead)
		account = NULL;
	if (seat->account && seat->account != account) {
		fsched_seat_charge(seat->account, now);
		fsched_stop(&fsched_pool, &seat->account->share.party, false, now);
		seat->account = NULL;
	}
	if (!account) {
		fsched_seat_free(seat);
	} else if (!seat->account) {
		fsched_seat_charge(account, now);
		fsched_enter(&fsched_pool, &account->share.party, now);
		seat->account = account;
	}
}

/* May the container that has the seat go on? */
static bool fsched_seat_stays(struct fsched_seat *seat, u64 now)
{
	struct fsched_account *account = seat->account;
	u64 ran;

	fsched_seat_charge(account, now);
	ran = *this_cpu_ptr(account->share.seen) - seat->start;
	return fsched_check(&fsched_pool, &account->share.party, ran, now) == FSCHED_RUN;
}

/* ---- who waits ---- */

static void fsched_line_up(struct fsched_share *share, struct fsched_waiter *waiter, bool first)
{
	if (first)
		list_add(&waiter->node, &share->held.line);
	else
		list_add_tail(&waiter->node, &share->held.line);
	WRITE_ONCE(fsched_waiting, fsched_waiting + 1);
}

static void fsched_line_leave(struct fsched_waiter *waiter)
{
	list_del_init(&waiter->node);
	WRITE_ONCE(fsched_waiting, fsched_waiting - 1);
}

/*
 * It goes on. It cannot be gone: it takes the lock before it leaves. It may be the
 * caller, or what the caller interrupts, on its way to sleep.
 */
static void fsched_let_go(struct fsched_waiter *waiter)
{
	wake_up_process(waiter->task);
}

/* As above, on this processor if the kernel likes that too. */
static void fsched_let_go_here(struct fsched_waiter *waiter)
{
	WRITE_ONCE(waiter->task->wake_cpu, smp_processor_id());
	wake_up_process(waiter->task);
}

static struct fsched_waiter *fsched_first_for(struct fsched_share *share, unsigned int cpu)
{
	struct fsched_waiter *waiter;
	unsigned int n = 0;

	list_for_each_entry(waiter, &share->held.line, node) {
		if (cpumask_test_cpu(cpu, waiter->task->cpus_ptr))
			return waiter;
		if (++n == FSCHED_SCAN)
			break;
	}
	return NULL;
}

/* The next has this seat, which is free. Returns whether there is one. */
static bool fsched_seat_fill(struct fsched_seat *seat, u64 now)
{
	struct fsched_party *party, *passed[FSCHED_PASS];
	struct fsched_waiter *waiter = NULL;
	unsigned int n = 0;

	lockdep_assert_held(&fsched_lock);
	while (n < FSCHED_PASS && (party = fsched_pick(&fsched_pool, now))) {
		waiter = fsched_first_for(fsched_share_of(party), smp_processor_id());
		if (waiter)
			break;
		fsched_bar(&fsched_pool, party, now);
		passed[n++] = party;
	}
	while (n)
		fsched_unbar(&fsched_pool, passed[--n], waiter ? party : NULL);
	if (!waiter)
		return false;
	fsched_line_leave(waiter);
	if (fsched_share_of(party)->dead) {
		fsched_stop(&fsched_pool, party, false, now);
		fsched_let_go(waiter);
		return true;
	}
	seat->account = fsched_account_of_party(party);
	fsched_seat_charge(seat->account, now);
	fsched_seat_give(seat, seat->account, waiter->task);
	fsched_let_go_here(waiter);
	return true;
}

/* A few that wait, for they need not. Returns whether there are more. */
static bool fsched_release(struct fsched_share *share, u64 now)
{
	struct fsched_waiter *waiter;
	unsigned int n;

	for (n = 0; n < FSCHED_RELEASE; n++) {
		waiter = list_first_entry_or_null(&share->held.line, struct fsched_waiter, node);
		if (!waiter)
			return false;
		fsched_line_leave(waiter);
		fsched_leave(&fsched_pool, &share->party, now);
		fsched_let_go(waiter);
	}
	return true;
}

/* Call a processor whose seat is free, one of those allowed. */
static void fsched_seats_call(const struct cpumask *allowed)
{
	unsigned int cpu;

	smp_mb(); /* pairs with fsched_share_switch() */
	preempt_disable();
	for_each_cpu_and(cpu, allowed, cpu_online_mask) {
		struct fsched_seat *seat = fsched_seat_of(cpu);

		if (READ_ONCE(seat->tag) || READ_ONCE(seat->off))
			continue;
		/* it was called already, and has not looked yet */
		if (atomic_cmpxchg(&seat->called, 0, 1))
			continue;
		if (!smp_call_function_single_async(cpu, &seat->call))
			break;
		atomic_set(&seat->called, 0);
	}
	preempt_enable();
}

/* A processor has been called, or calls itself. */
static void fsched_seat_look(struct fsched_seat *seat)
{
	u64 now;

	raw_spin_lock(&fsched_lock);
	if (fsched_sharing && !seat->off && fsched_waiting && !seat->tag) {
		now = ktime_get_mono_fast_ns();
		fsched_seat_sync(seat, now);
		fsched_seat_fill(seat, now);
	}
	raw_spin_unlock(&fsched_lock);
}

static void fsched_on_work(struct irq_work *work)
{
	fsched_seat_look(container_of(work, struct fsched_seat, work));
}

static void fsched_on_call(void *data)
{
	struct fsched_seat *seat = data;

	atomic_set(&seat->called, 0);
	smp_mb__after_atomic(); /* who waits after our look finds the call free */
	fsched_seat_look(seat);
}

/* Somebody waits, or the container that has the seat has a number of processors. */
static u64 fsched_look_closely(struct fsched_seat *seat)
{
	struct fsched_party *party;
	u64 now = ktime_get_mono_fast_ns(), next = FSCHED_TICK_NS;

	raw_spin_lock(&fsched_lock);
	fsched_seat_sync(seat, now);
	if (seat->account) {
		party = &seat->account->share.party;
		if (!fsched_seat_stays(seat, now)) {
			WRITE_ONCE(seat->look, true);
			set_notify_resume(current);
		}
		/* between its own tasks the kernel decides */
		if (!party->cpus && fsched_alone(&fsched_pool, party))
			fsched_release(&seat->account->share, now);
		next = fsched_slice(&fsched_pool, party);
	}
	raw_spin_unlock(&fsched_lock);
	return next;
}

/* A task of the container that has the seat runs: its owner, or if that has gone, the next. */
static void fsched_seat_seen(struct fsched_seat *seat)
{
	if (seat->owner != current && fsched_shares_contended() && ++seat->missed < FSCHED_MISSES)
		return;
	WRITE_ONCE(seat->owner, current);
	seat->missed = 0;
}

static enum hrtimer_restart fsched_on_tick(struct hrtimer *timer)
{
	struct fsched_seat *seat = container_of(timer, struct fsched_seat, tick);
	const u32 tag = this_cpu_read(fsched_cpus.tag);
	struct fsched_account *account;
	u64 next = FSCHED_TICK_NS;

	/* of a processor that has gone */
	if (seat != fsched_this_seat())
		return HRTIMER_NORESTART;
	if (!READ_ONCE(fsched_sharing) || seat->off || !(seat->tag | tag)) {
		seat->ticking = false;
		return HRTIMER_NORESTART;
	}
	if (seat->tag != tag) {
		/* the seat was given away while it ran, or has been free */
		if (tag)
			set_notify_resume(current);
		if (seat->tag && ++seat->missed == FSCHED_MISSES) {
			fsched_seat_free(seat);
			fsched_seat_look(seat);
		}
	} else {
		fsched_seat_seen(seat);
		account = fsched_account_of(seat->tag);
		if (fsched_shares_contended() || (account && READ_ONCE(account->share.counted)))
			next = fsched_look_closely(seat);
		else if (account) /* while nobody waits nobody pays */
			fsched_seat_spent(account, ktime_get_mono_fast_ns());
	}
	hrtimer_forward_now(timer, ns_to_ktime(next));
	return HRTIMER_RESTART;
}

/* ---- tasks ---- */

/*
 * Seats lost in context switches at which nobody looked. As long as they count, a container with
 * a number of processors gets no other; and none that waits may be able to run on theirs.
 */
static void fsched_seats_forget(struct fsched_share *share)
{
	struct fsched_account *account = container_of(share, struct fsched_account, share);
	unsigned int cpu;

	lockdep_assert_held(&fsched_lock);
	for_each_possible_cpu(cpu) {
		struct fsched_seat *seat = fsched_seat_of(cpu);

		if (seat->account != account || READ_ONCE(seat->tag) == account->tag)
			continue;
		/* what it has used there is charged when the seat is its own again */
		fsched_stop(&fsched_pool, &share->party, false, ktime_get_mono_fast_ns());
		seat->account = NULL;
	}
}

/* Sleep until it is let go or somebody wants it; in the lock, and out of it. */
static void fsched_wait_turn(struct fsched_share *share, struct fsched_waiter *waiter)
{
	while (!list_empty(&waiter->node)) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		if (share->counted)
			fsched_seats_forget(share);
		raw_spin_unlock_irq(&fsched_lock);
		fsched_seats_call(current->cpus_ptr);
		schedule_timeout(FSCHED_PATIENCE);
		raw_spin_lock_irq(&fsched_lock);
	}
	__set_current_state(TASK_RUNNING);
}

/* Returns whether it was let go. */
static bool fsched_wait(struct fsched_share *share, struct fsched_waiter *waiter)
{
	bool gone;
	u64 now;

	fsched_held_begin(&share->held, waiter);
	fsched_wait_turn(share, waiter);
	now = fsched_held_end(&share->held, waiter);
	gone = list_empty(&waiter->node);
	if (!gone) {
		fsched_line_leave(waiter);
		fsched_leave(&fsched_pool, &share->party, now);
	}
	return gone;
}

/* The seat is another's, or free and there are others who want it. */
static void fsched_contend(struct fsched_seat *seat, struct fsched_share *share,
			   struct fsched_waiter *waiter, u64 now)
{
	fsched_wake(&fsched_pool, &share->party, now);
	fsched_line_up(share, waiter, true);
	if (seat->account) {
		if (fsched_seat_stays(seat, now))
			return;
		/* it is not held for that yet: it comes by when it gets the processor */
		fsched_seat_take(seat, false, now);
	}
	fsched_seat_fill(seat, now);
}

/* Its container has the seat. Returns whether it keeps it. */
static bool fsched_keep(struct fsched_seat *seat, struct fsched_share *share,
			struct fsched_waiter *waiter, u64 now)
{
	if (fsched_seat_stays(seat, now)) {
		WRITE_ONCE(seat->owner, current);
		return true;
	}
	fsched_seat_take(seat, true, now);
	fsched_line_up(share, waiter, false);
	fsched_seat_fill(seat, now);
	return false;
}

/**
 * fsched_share_pass() - go on to user mode, or wait for one's turn
 * @account: of the caller's container; referenced
 *
 * Context: process, no locks held. Sleeps interruptibly.
 * Return: true if it was woken for a signal: that comes first, then it must come by again.
 */
bool fsched_share_pass(struct fsched_account *account)
{
	struct fsched_share *share = &account->share;
	struct fsched_waiter waiter = FSCHED_WAITER(waiter);
	struct fsched_seat *seat;
	bool again = false;
	bool guest;
	u64 now;

	raw_spin_lock_irq(&fsched_lock);
	seat = fsched_this_seat();
	if (!fsched_sharing || seat->off || share->dead)
		goto out;
	now = ktime_get_mono_fast_ns();
	guest = seat->guests & fsched_guest(current) && seat->owner != current && !seat->look;
	WRITE_ONCE(seat->guests, seat->guests & ~fsched_guest(current));
	WRITE_ONCE(seat->look, false);
	fsched_seat_sync(seat, now);
	if (guest && seat->account == account && !fsched_alone(&fsched_pool, &share->party)) {
		fsched_wake(&fsched_pool, &share->party, now);
		fsched_line_up(share, &waiter, false);
	} else if (seat->account == account) {
		if (fsched_keep(seat, share, &waiter, now))
			goto out;
	} else {
		fsched_contend(seat, share, &waiter, now);
	}
	if (!list_empty(&waiter.node))
		again = !fsched_wait(share, &waiter);
out:
	raw_spin_unlock_irq(&fsched_lock);
	return again;
}

/* ---- containers ---- */

/**
 * fsched_share_set() - another weight, another number of processors, another class; live
 * @share: of the container
 * @weight: FSCHED_WEIGHT_MIN to FSCHED_WEIGHT_MAX
 * @cpus: at a time; 0: all
 * @class: 0 to FSCHED_QUEUES - 1
 *
 * Context: process.
 */
void fsched_share_set(struct fsched_share *share, u32 weight, u32 cpus, u8 class)
{
	u32 more;
	u64 now;

	raw_spin_lock_irq(&fsched_lock);
	now = ktime_get_mono_fast_ns();
	fsched_set_weight(&fsched_pool, &share->party, weight);
	fsched_set_class(&fsched_pool, &share->party, class, now);
	WRITE_ONCE(share->counted, cpus != 0);
	fsched_set_cpus(&fsched_pool, &share->party, cpus, now);
	more = share->party.waiting;
	raw_spin_unlock_irq(&fsched_lock);
	/* as many as may go on at once now find seats one after another */
	if (more)
		fsched_seats_call(cpu_possible_mask);
}

/**
 * fsched_share_end() - let everybody go, and hold nobody any more
 * @account: of a container that is not found any more
 *
 * Context: process.
 */
void fsched_share_end(struct fsched_account *account)
{
	struct fsched_share *share = &account->share;
	unsigned int cpu;
	bool more;
	u64 now;

	raw_spin_lock_irq(&fsched_lock);
	now = ktime_get_mono_fast_ns();
	share->dead = true;
	for_each_possible_cpu(cpu) {
		struct fsched_seat *seat = fsched_seat_of(cpu);

		if (seat->account != account)
			continue;
		fsched_stop(&fsched_pool, &share->party, false, now);
		seat->account = NULL;
	}
	raw_spin_unlock_irq(&fsched_lock);
	do {
		raw_spin_lock_irq(&fsched_lock);
		more = fsched_release(share, ktime_get_mono_fast_ns());
		raw_spin_unlock_irq(&fsched_lock);
		cond_resched();
	} while (more);
}

/* ---- processors ---- */

static int fsched_cpu_up(unsigned int cpu)
{
	raw_spin_lock_irq(&fsched_lock);
	fsched_seat_of(cpu)->off = false;
	fsched_pool.cpus++;
	raw_spin_unlock_irq(&fsched_lock);
	return 0;
}

/* On that processor. What runs there from now on is not looked at. */
static int fsched_cpu_down(unsigned int cpu)
{
	struct fsched_seat *seat = fsched_seat_of(cpu);

	raw_spin_lock_irq(&fsched_lock);
	fsched_pool.cpus--;
	if (seat->account)
		fsched_stop(&fsched_pool, &seat->account->share.party, false,
			    ktime_get_mono_fast_ns());
	seat->account = NULL;
	seat->off = true;
	fsched_seat_free(seat);
	raw_spin_unlock_irq(&fsched_lock);
	hrtimer_cancel(&seat->tick);
	seat->ticking = false;
	irq_work_sync(&seat->work);
	/* who waits for just this processor looks again when it wakes up */
	return 0;
}

/**
 * fsched_shares_start() - containers share from now on
 *
 * Does nothing if they do already. Tasks come by: fsched_gates_attach().
 *
 * Context: process; one at a time.
 * Return: 0 or a negative errno.
 */
int fsched_shares_start(void)
{
	int state;

	if (fsched_state >= 0)
		return 0;
	fsched_pool.cpus = 0;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "beanpod/fairsched:online", fsched_cpu_up,
				  fsched_cpu_down);
	if (state < 0)
		return state;
	fsched_state = state;
	raw_spin_lock_irq(&fsched_lock);
	WRITE_ONCE(fsched_sharing, true);
	raw_spin_unlock_irq(&fsched_lock);
	return 0;
}

/**
 * fsched_shares_stop() - mirror of fsched_shares_start()
 *
 * Nobody waits any more, and all accounts have ended.
 *
 * Context: process.
 */
void fsched_shares_stop(void)
{
	if (fsched_state < 0)
		return;
	raw_spin_lock_irq(&fsched_lock);
	WRITE_ONCE(fsched_sharing, false);
	raw_spin_unlock_irq(&fsched_lock);
	cpuhp_remove_state(fsched_state);
	fsched_state = -1;
}

static void fsched_nothing(void *unused)
{
}

/**
 * fsched_shares_init() - get ready; nothing is looked at yet
 * Return: 0 or -ENOMEM.
 */
int fsched_shares_init(void)
{
	unsigned int cpu;

	BUILD_BUG_ON(FSCHED_QUEUES - BC_CPU_CLASS_MAX != 1);
	fsched_slots =
		kvcalloc((FSCHED_QUEUES + 1) * (BC_MAX + 1), sizeof(*fsched_slots), GFP_KERNEL);
	if (!fsched_slots)
		return -ENOMEM;
	/* a policy may be chosen before, and just now */
	raw_spin_lock_irq(&fsched_lock);
	fsched_pool_init(&fsched_pool, fsched_pool.policy, 1, fsched_slots, BC_MAX + 1);
	raw_spin_unlock_irq(&fsched_lock);
	for_each_possible_cpu(cpu) {
		struct fsched_seat *seat = fsched_seat_of(cpu);

		seat->off = true;
		hrtimer_setup(&seat->tick, fsched_on_tick, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
		seat->work = IRQ_WORK_INIT_HARD(fsched_on_work);
		INIT_CSD(&seat->call, fsched_on_call, seat);
	}
	return 0;
}

/**
 * fsched_shares_exit() - mirror of fsched_shares_init()
 *
 * Neither context switches nor tasks come by any more.
 */
void fsched_shares_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct fsched_seat *seat = fsched_seat_of(cpu);

		irq_work_sync(&seat->work);
		hrtimer_cancel(&seat->tick);
	}
	/* those that were called have looked */
	on_each_cpu(fsched_nothing, NULL, 1);
	kvfree(fsched_slots);
}
