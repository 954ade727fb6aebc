// SPDX-License-Identifier: GPL-2.0
/*
 * The record of refused charges.
 *
 * Each row has a ring of its own, made by its first refusal: most never see one.
 * Writers come from any context and take no lock: an entry is claimed by
 * exchanging its state, filled, and published. A writer that finds its entry
 * claimed (eight refusals of one row overtook it), or no memory for the ring,
 * drops its own record; failcnt has counted it all the same. Readers copy an
 * entry and use it if its state did not change meanwhile.
 */
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#include "refusal.h"

#define BC_ENTRY_BUSY	U64_MAX

/**
 * struct bc_refusal_entry - room for one refusal
 * @state: 0 (empty), BC_ENTRY_BUSY (being written), or the refusal's seq
 * @refusal: valid if @state is its seq
 */
struct bc_refusal_entry {
	atomic64_t		state;
	struct bc_refusal	refusal;
};

/**
 * struct bc_refusal_ring - the last refusals of a row
 * @entry: in turn
 * @next: the one that the next refusal takes
 */
struct bc_refusal_ring {
	struct bc_refusal_entry	entry[BC_REFUSALS_PER_ROW];
	atomic_t		next;
};

/**
 * struct bc_refusals - all rings of a beancounter
 * @seq: last number given
 * @cleared: numbers up to here are not shown any more
 * @ring: NULL until the row's first refusal; then it stays
 */
struct bc_refusals {
	atomic64_t		seq;
	u64			cleared;
	struct bc_refusal_ring	*ring[BC_ROWS];
};

static bc_refusal_listener_t bc_listener;
static struct workqueue_struct *bc_event_queue;

/**
 * bc_refusals_alloc() - an empty record
 * Return: NULL if there is no memory.
 */
struct bc_refusals *bc_refusals_alloc(void)
{
	return kzalloc(sizeof(struct bc_refusals), GFP_KERNEL);
}

/**
 * bc_refusals_free() - mirror of bc_refusals_alloc()
 * @refusals: nobody records any more
 */
void bc_refusals_free(struct bc_refusals *refusals)
{
	int row;

	for (row = 0; row < BC_ROWS; row++)
		kfree(refusals->ring[row]);
	kfree(refusals);
}

/**
 * bc_refusals_clear() - forget what was recorded so far
 * @refusals: the record
 */
void bc_refusals_clear(struct bc_refusals *refusals)
{
	WRITE_ONCE(refusals->cleared, atomic64_read(&refusals->seq));
}

/*
 * The outermost pid namespace of the container gives the number that its root knows.
 * A task's pids pin their namespaces.
 */
static pid_t bc_pid_inside(const struct bc *bc)
{
	const struct pid *pid = task_tgid(current);
	unsigned int level;

	for (level = 0; level <= pid->level; level++)
		if (bc_of_ns(pid->numbers[level].ns->user_ns) == bc)
			return pid->numbers[level].nr;
	return 0;
}

static void bc_refusal_fill(struct bc *bc, struct bc_refusal *r, enum bc_resource row,
			    unsigned long n, unsigned long held, int err)
{
	r->time_ns = ktime_get_boottime_ns();
	r->asked = n;
	r->held = held;
	r->barrier = READ_ONCE(bc->row[row].barrier);
	r->limit = READ_ONCE(bc->row[row].limit);
	r->row = row;
	r->err = -err;
	if (in_task()) {
		r->pid = task_tgid_nr(current);
		r->inside = bc_pid_inside(bc);
		/* without the lock that get_task_comm() takes: some charge with interrupts off */
		strscpy_pad(r->comm, current->comm, sizeof(r->comm));
	} else { /* whom the interrupt found has nothing to do with it */
		r->pid = 0;
		r->inside = 0;
		strscpy_pad(r->comm, "-", sizeof(r->comm));
	}
}

/*
 * The ring of a row, made if this is its first refusal. Reserves may be used: who was
 * refused when memory ran out is what is asked afterwards, and a beancounter takes one
 * kilobyte for each row, once.
 *
 * Context: any.
 * Return: NULL if there is no memory just now; the next refusal tries again.
 */
static struct bc_refusal_ring *bc_refusal_ring(struct bc_refusals *refusals, enum bc_resource row)
{
	/* who finds it finds it empty */
	struct bc_refusal_ring *new, *ring = smp_load_acquire(&refusals->ring[row]);

	if (ring)
		return ring;
	new = kzalloc(sizeof(*new), GFP_ATOMIC | __GFP_NOWARN);
	if (!new)
		return NULL;
	/* pairs with the loads above and in bc_refusals_snapshot() */
	ring = cmpxchg(&refusals->ring[row], NULL, new);
	if (!ring)
		return new;
	kfree(new);
	return ring;
}

static void bc_refusal_keep(struct bc_refusal_ring *ring, const struct bc_refusal *r)
{
	unsigned int i = (unsigned int)atomic_inc_return(&ring->next);
	struct bc_refusal_entry *e = &ring->entry[i % BC_REFUSALS_PER_ROW];
	s64 state = atomic64_read(&e->state);

	if (state != (s64)BC_ENTRY_BUSY &&
	    atomic64_try_cmpxchg(&e->state, &state, (s64)BC_ENTRY_BUSY)) {
		e->refusal = *r;
		atomic64_set_release(&e->state, r->seq); /* pairs with bc_refusal_copy() */
	}
}

/**
 * bc_refusal_record() - write a refusal down and tell whoever listens
 * @bc: the beancounter
 * @row: what was asked for
 * @n: units asked
 * @held: units held then
 * @err: errno that the caller is going to see, negative; 0 if a policy granted it
 *
 * Context: any.
 */
void bc_refusal_record(struct bc *bc, enum bc_resource row, unsigned long n, unsigned long held,
		       int err)
{
	struct bc_refusals *refusals = bc->refusals;
	struct bc_refusal_ring *ring = bc_refusal_ring(refusals, row);
	struct bc_refusal r = {};

	r.seq = atomic64_inc_return(&refusals->seq);
	bc_refusal_fill(bc, &r, row, n, held, err);
	trace_beancounter_refused(bc->id, &r);
	if (ring)
		bc_refusal_keep(ring, &r);
	if (READ_ONCE(bc_listener))
		queue_work(bc_event_queue, &bc->event);
	if (__ratelimit(&bc->log_limit))
		pr_notice(
			"container %u: %s %s: asked %lu, held %lu, barrier %llu, limit %llu, pid %d (%*pE)\n",
			bc->id, bc_resource[row].name, err ? "refused" : "exceeded", n, held,
			r.barrier, r.limit, r.pid, (int)strnlen(r.comm, sizeof(r.comm)), r.comm);
}

static bool bc_refusal_copy(struct bc_refusal_entry *e, struct bc_refusal *out)
{
	s64 state = atomic64_read_acquire(&e->state); /* pairs with bc_refusal_record() */

	if (!state || state == (s64)BC_ENTRY_BUSY)
		return false;
	*out = e->refusal;
	smp_rmb(); /* the copy before the second look; pairs with the claim's full barrier */
	return atomic64_read(&e->state) == state;
}

static int bc_refusal_cmp(const void *a, const void *b)
{
	const struct bc_refusal *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/**
 * bc_refusals_snapshot() - copy what is recorded, oldest first
 * @bc: referenced
 * @out: room for BC_REFUSALS_MAX
 * @after: only numbers above this
 *
 * Context: process.
 * Return: how many were copied.
 */
unsigned int bc_refusals_snapshot(struct bc *bc, struct bc_refusal *out, u64 after)
{
	struct bc_refusals *refusals = bc->refusals;
	unsigned int row, i, n = 0;

	after = max(after, READ_ONCE(refusals->cleared));
	for (row = 0; row < BC_ROWS; row++) {
		/* as in bc_refusal_ring() */
		struct bc_refusal_ring *ring = smp_load_acquire(&refusals->ring[row]);

		for (i = 0; ring && i < BC_REFUSALS_PER_ROW; i++)
			if (bc_refusal_copy(&ring->entry[i], &out[n]) && out[n].seq > after)
				n++;
	}
	sort(out, n, sizeof(*out), bc_refusal_cmp, NULL);
	return n;
}

/**
 * bc_refusal_listen() - set who is told of refusals
 * @listener: NULL for nobody; calls that run end with bc_refusal_flush()
 */
void bc_refusal_listen(bc_refusal_listener_t listener)
{
	WRITE_ONCE(bc_listener, listener);
}

/**
 * bc_refusal_flush() - wait for listener calls that run
 */
void bc_refusal_flush(void)
{
	flush_workqueue(bc_event_queue);
}

/**
 * bc_refusal_init() - before the first beancounter
 * Return: 0 or -ENOMEM.
 */
int bc_refusal_init(void)
{
	bc_event_queue = alloc_workqueue("beancounter", WQ_UNBOUND, 0);
	return bc_event_queue ? 0 : -ENOMEM;
}

/**
 * bc_refusal_exit() - after the last beancounter is gone
 */
void bc_refusal_exit(void)
{
	destroy_workqueue(bc_event_queue);
}

/**
 * bc_refusal_event_fn() - the event work of a beancounter
 * @work: &bc.event
 *
 * Passes on at most BC_EVENT_BURST refusals a second; the record keeps the rest.
 */
void bc_refusal_event_fn(struct work_struct *work)
{
	struct bc *bc = container_of(work, struct bc, event);
	bc_refusal_listener_t listener = READ_ONCE(bc_listener);
	struct bc_refusal *r;
	unsigned int i, n;

	if (!listener)
		return;
	r = kvmalloc_array(BC_REFUSALS_MAX, sizeof(*r), GFP_KERNEL);
	if (!r)
		return;
	n = bc_refusals_snapshot(bc, r, bc->event_sent);
	for (i = 0; i < n; i++) {
		if (__ratelimit(&bc->event_limit))
			listener(bc, &r[i]);
		bc->event_sent = r[i].seq;
	}
	kvfree(r);
}
