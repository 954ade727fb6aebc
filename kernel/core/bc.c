// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: birth, search and death of beancounters.
 *
 * A beancounter is found by id (ioctl, netlink, /proc/bc/ID), by order of birth
 * (lists, newest first), and by tag (charging). Destroying one takes it out of
 * the first two at once. The tag's slot stays until nobody but us holds one of
 * its namespaces: every charged object pins its namespace, directly or through
 * a nested one, so a namespace with no other reference means that nothing is
 * charged and nothing ever will be. The reaper looks once a second. What a namespace
 * itself may hold cannot pin it (bc_family.busy): for that the slot stays, too, and the
 * reaper lets go of the namespaces of a container that has stopped.
 *
 * Lock order: bc_mutex is outermost; bc->lock and bc_bounds_mutex inside it. Lookups by id and
 * order use RCU and take a reference. See Documentation/locking.rst.
 */
#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "../compat/bc_export.h"
#include "bc.h"
#include "policy.h"
#include "refusal.h"

#define BC_GENERATIONS	(1U << (32 - BC_TAG_BITS))
#define BC_REAP_DELAY	HZ

DEFINE_MUTEX(bc_mutex);
struct bc_slot bc_slots[BC_MAX + 1];
BC_EXPORT(bc_slots);

static DECLARE_BITMAP(bc_slots_used, BC_MAX + 1);
static u32 bc_generation;
static unsigned long bc_next_order = U32_MAX;
static DEFINE_XARRAY(bc_by_id);
static DEFINE_XARRAY(bc_by_order);
static LIST_HEAD(bc_reap_list);
static struct kmem_cache *bc_cache;	/* a little more than a page: kmalloc() would take two */

static void bc_reap_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(bc_reap_work, bc_reap_fn);

static void bc_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(bc_cache, container_of(rcu, struct bc, rcu));
}

/* The last reader is gone as well. */
static void bc_free(struct bc *bc)
{
	bc_policy_forget(bc);
	bc_families_exit(bc);
	bc_refusals_free(bc->refusals);
	call_rcu(&bc->rcu, bc_free_rcu);
}

/**
 * bc_put() - give a reference back
 * @bc: a beancounter, or NULL
 *
 * Context: process; may sleep.
 */
void bc_put(struct bc *bc)
{
	if (bc && refcount_dec_and_test(&bc->ref))
		bc_free(bc);
}

/**
 * bc_get() - find a beancounter by id
 * @id: CTID
 *
 * Return: a reference for bc_put(), or NULL.
 */
struct bc *bc_get(u32 id)
{
	struct bc *bc;

	rcu_read_lock();
	bc = xa_load(&bc_by_id, id);
	if (bc && !refcount_inc_not_zero(&bc->ref))
		bc = NULL;
	rcu_read_unlock();
	return bc;
}

/**
 * bc_get_next() - walk all beancounters, newest first
 * @order: cursor; start with 0, pass the result's &bc.order + 1 for the next
 *
 * Takes no lock across the walk: what is created or destroyed meanwhile may be
 * seen or not, all others exactly once.
 *
 * Return: a reference for bc_put() with @order at its position, or NULL.
 */
struct bc *bc_get_next(unsigned long *order)
{
	struct bc *bc;

	rcu_read_lock();
	do {
		bc = xa_find(&bc_by_order, order, ULONG_MAX, XA_PRESENT);
	} while (bc && !refcount_inc_not_zero(&bc->ref) && ++*order);
	rcu_read_unlock();
	return bc;
}

/**
 * bc_life() - what became of the container
 * @bc: referenced
 */
enum bc_life bc_life(const struct bc *bc)
{
	if (atomic_long_read(&bc->row[BC_NUMPROC].held) > 0)
		return BC_LIFE_RUNNING;
	if (READ_ONCE(bc->armed))
		return BC_LIFE_ARMED;
	return READ_ONCE(bc->started_ns) ? BC_LIFE_STOPPED : BC_LIFE_NEW;
}

/* Drop namespaces that only we hold. True if none is left. */
static bool bc_drop_namespaces(struct bc *bc, bool all)
{
	struct bc_ns *holder, *next;

	lockdep_assert_held(&bc_mutex);
	list_for_each_entry_safe(holder, next, &bc->namespaces, node) {
		if (!all && refcount_read(&holder->ns->ns.count) > 1)
			continue;
		list_del(&holder->node);
		put_user_ns(holder->ns);
		kfree(holder);
	}
	return list_empty(&bc->namespaces);
}

/* Nothing can be charged or uncharged any more: take back the slot. Readers may go on. */
static void bc_release(struct bc *bc)
{
	unsigned int slot = bc->tag & BC_MAX;

	lockdep_assert_held(&bc_mutex);
	WRITE_ONCE(bc_slots[slot].tag, 0);
	clear_bit(slot, bc_slots_used);
	cancel_work_sync(&bc->event);
	bc_put(bc);
}

/* True if it is worth coming again. */
static bool bc_reap(void)
{
	struct bc *bc, *next;
	bool again = false;
	unsigned long id;

	lockdep_assert_held(&bc_mutex);
	list_for_each_entry_safe(bc, next, &bc_reap_list, reap) {
		if (!bc_drop_namespaces(bc, false) || bc_families_busy(bc))
			continue;
		list_del(&bc->reap);
		bc_release(bc);
	}
	xa_for_each(&bc_by_id, id, bc) {
		if (bc_families_busy(bc) && bc_life(bc) != BC_LIFE_RUNNING)
			again |= !bc_drop_namespaces(bc, false);
	}
	return again || !list_empty(&bc_reap_list);
}

static void bc_reap_fn(struct work_struct *work)
{
	mutex_lock(&bc_mutex);
	if (bc_reap())
		schedule_delayed_work(&bc_reap_work, BC_REAP_DELAY);
	mutex_unlock(&bc_mutex);
}

static struct bc *bc_alloc(u32 id)
{
	struct bc *bc = kmem_cache_zalloc(bc_cache, GFP_KERNEL);
	int i;

	if (!bc)
		return NULL;
	bc->refusals = bc_refusals_alloc();
	if (!bc->refusals)
		goto err_bc;
	if (bc_families_init(bc))
		goto err_refusals;
	bc->id = id;
	refcount_set(&bc->ref, 1);
	spin_lock_init(&bc->lock);
	INIT_LIST_HEAD(&bc->namespaces);
	INIT_LIST_HEAD(&bc->reap);
	INIT_WORK(&bc->event, bc_refusal_event_fn);
	ratelimit_state_init(&bc->log_limit, 300 * HZ, 4);
	ratelimit_set_flags(&bc->log_limit, RATELIMIT_MSG_ON_RELEASE);
	ratelimit_state_init(&bc->event_limit, HZ, BC_EVENT_BURST);
	ratelimit_set_flags(&bc->event_limit, RATELIMIT_MSG_ON_RELEASE);
	bc->created_ns = ktime_get_boottime_ns();
	for (i = 0; i < BC_ROWS; i++) {
		bc_counter_init(&bc->row[i]);
		if (bc_resource[i].promises)
			bc_counter_set(&bc->row[i], 0, LONG_MAX);
	}
	return bc;

err_refusals:
	bc_refusals_free(bc->refusals);
err_bc:
	kmem_cache_free(bc_cache, bc);
	return NULL;
}

/* Give @bc a tag and make it visible to every kind of search; or to none. */
static int bc_publish(struct bc *bc)
{
	unsigned long slot = find_next_zero_bit(bc_slots_used, BC_MAX + 1, 1);
	int ret;

	lockdep_assert_held(&bc_mutex);
	if (slot > BC_MAX) {
		/* the reaper may not have been here since some were destroyed */
		bc_reap();
		slot = find_next_zero_bit(bc_slots_used, BC_MAX + 1, 1);
		if (slot > BC_MAX)
			return -ENOSPC;
	}
	bc_generation = bc_generation % (BC_GENERATIONS - 1) + 1;
	bc->tag = bc_generation << BC_TAG_BITS | slot;
	bc->order = bc_next_order;
	ret = xa_reserve(&bc_by_order, bc->order, GFP_KERNEL);
	if (ret)
		return ret;
	ret = xa_err(xa_store(&bc_by_id, bc->id, bc, GFP_KERNEL));
	if (ret) {
		xa_release(&bc_by_order, bc->order);
		return ret;
	}
	xa_store(&bc_by_order, bc->order, bc, GFP_KERNEL);
	bc_next_order--;
	set_bit(slot, bc_slots_used);
	bc_slots[slot].bc = bc;
	/* pairs with bc_of_ns(): who finds the tag finds all of the rest */
	smp_store_release(&bc_slots[slot].tag, bc->tag);
	return 0;
}

/**
 * bc_create() - make a beancounter, or take over a stopped one
 * @id: CTID, 1 to BC_ID_MAX
 * @exclusive: fail if there is one already
 *
 * Context: process, bc_mutex held.
 * Return: 0, -EEXIST, -ENOSPC, -ENOMEM.
 */
int bc_create(u32 id, bool exclusive)
{
	struct bc *bc;
	int ret;

	lockdep_assert_held(&bc_mutex);
	bc_drop_stale_armings();
	bc = xa_load(&bc_by_id, id);
	if (bc) {
		enum bc_life life = bc_life(bc);

		if (exclusive || life == BC_LIFE_RUNNING || life == BC_LIFE_ARMED)
			return -EEXIST;
		bc_drop_namespaces(bc, false);
		return 0;
	}
	bc = bc_alloc(id);
	if (!bc)
		return -ENOMEM;
	ret = bc_extensions_create(bc);
	if (!ret) {
		ret = bc_publish(bc);
		if (ret)
			bc_extensions_destroy(bc);
	}
	if (ret)
		bc_free(bc);
	return ret;
}

/* Unpin an empty container. True if the module's reference is the caller's to put. */
static bool bc_unpin(struct bc *bc)
{
	lockdep_assert_held(&bc->lock);
	if (!bc->pinned)
		return false;
	WRITE_ONCE(bc->pinned, false);
	/* a fork charges, then looks at pinned: one of us sees the other */
	smp_mb();
	if (!atomic_long_read(&bc->row[BC_NUMPROC].held))
		return true;
	WRITE_ONCE(bc->pinned, true);
	return false;
}

/**
 * bc_destroy() - forget a beancounter
 * @id: CTID
 *
 * Context: process, bc_mutex held.
 * Return: 0, -ENOENT, or -EBUSY if the container runs or is armed.
 */
int bc_destroy(u32 id)
{
	struct bc *bc;
	int ret = 0;
	bool put;

	lockdep_assert_held(&bc_mutex);
	bc_drop_stale_armings();
	bc = xa_load(&bc_by_id, id);
	if (!bc)
		return -ENOENT;
	if (bc->armed)
		return -EBUSY;
	spin_lock(&bc->lock);
	put = bc_unpin(bc);
	if (bc->pinned || atomic_long_read(&bc->row[BC_NUMPROC].held) > 0)
		ret = -EBUSY;
	else
		bc->dead = true;
	spin_unlock(&bc->lock);
	if (put)
		module_put(THIS_MODULE);
	if (ret)
		return ret;
	xa_erase(&bc_by_id, bc->id);
	xa_erase(&bc_by_order, bc->order);
	bc_extensions_destroy(bc);
	bc_families_detach(bc);
	list_add_tail(&bc->reap, &bc_reap_list);
	mod_delayed_work(system_wq, &bc_reap_work, 0);
	return 0;
}

/**
 * bc_clear() - begin a new period of statistics
 * @id: CTID
 *
 * Return: 0 or -ENOENT.
 */
int bc_clear(u32 id)
{
	struct bc *bc = bc_get(id);
	int i;

	if (!bc)
		return -ENOENT;
	bc_recount(bc);
	for (i = 0; i < BC_ROWS; i++)
		bc_counter_clear(&bc->row[i]);
	bc_families_clear(bc);
	bc_refusals_clear(bc->refusals);
	bc_put(bc);
	return 0;
}

/**
 * bc_list() - describe all beancounters, ids ascending
 * @entries: room for @room entries, or NULL if @room is 0
 * @room: how many fit
 *
 * Context: process, bc_mutex held.
 * Return: how many exist; nothing was written if that is more than @room.
 */
unsigned int bc_list(struct bc_entry *entries, unsigned int room)
{
	unsigned int n = 0;
	unsigned long id;
	struct bc *bc;

	lockdep_assert_held(&bc_mutex);
	bc_drop_stale_armings();
	xa_for_each(&bc_by_id, id, bc)
		n++;
	if (n > room)
		return n;
	xa_for_each(&bc_by_id, id, bc) {
		*entries++ = (struct bc_entry){
			.id = bc->id,
			.life = bc_life(bc),
			.procs = atomic_long_read(&bc->row[BC_NUMPROC].held),
			.created_ns = bc->created_ns,
			.started_ns = bc->started_ns,
		};
	}
	return n;
}

/**
 * bc_bind() - a namespace belongs to a beancounter from now on
 * @bc: the beancounter
 * @holder: ours from now on
 * @ns: nobody else can see it yet
 *
 * Context: process, bc_mutex held.
 */
void bc_bind(struct bc *bc, struct bc_ns *holder, struct user_namespace *ns)
{
	lockdep_assert_held(&bc_mutex);
	bc_drop_namespaces(bc, false);
	holder->ns = get_user_ns(ns);
	list_add(&holder->node, &bc->namespaces);
	bc_extensions_start(bc);
	ns->flags = (u32)ns->flags | (unsigned long)bc->tag << BC_TAG_SHIFT;
	WRITE_ONCE(bc->started_ns, ktime_get_boottime_ns());
}

/**
 * bc_start() - a task has been charged to a container that was empty
 * @bc: not pinned when the caller looked, after charging numproc
 *
 * Pins the module: while a container runs, rmmod is refused.
 *
 * Context: any that a spinlock allows.
 * Return: 0, or -EAGAIN if the beancounter was destroyed or the module goes.
 */
int bc_start(struct bc *bc)
{
	int ret = 0;

	spin_lock(&bc->lock);
	if (!bc->pinned) {
		if (bc->dead || !try_module_get(THIS_MODULE))
			ret = -EAGAIN;
		else
			WRITE_ONCE(bc->pinned, true);
	}
	spin_unlock(&bc->lock);
	return ret;
}

/**
 * bc_stop() - numproc has fallen to 0: unpin the module if it is still 0
 * @bc: the beancounter
 *
 * Context: any that a spinlock allows.
 */
void bc_stop(struct bc *bc)
{
	bool put;

	spin_lock(&bc->lock);
	put = bc_unpin(bc);
	spin_unlock(&bc->lock);
	if (!put)
		return;
	if (bc_families_busy(bc))
		schedule_delayed_work(&bc_reap_work, BC_REAP_DELAY);
	module_put(THIS_MODULE);
}

/**
 * bc_registry_init() - get ready for the first beancounter
 * Return: 0 or -ENOMEM.
 */
int bc_registry_init(void)
{
	/* not the generation of an earlier load: its tags may live on */
	bc_generation = get_random_u32() % (BC_GENERATIONS - 1);
	bc_cache = KMEM_CACHE(bc, 0);
	return bc_cache ? 0 : -ENOMEM;
}

/**
 * bc_registry_close() - from now on every lookup says host
 *
 * No charge, no uncharge, no redirect any more. Wrappers that run may still use
 * beancounters they have found; the hooks must be drained before
 * bc_registry_exit().
 */
void bc_registry_close(void)
{
	unsigned int i;

	mutex_lock(&bc_mutex);
	for (i = 0; i <= BC_MAX; i++)
		WRITE_ONCE(bc_slots[i].tag, 0);
	mutex_unlock(&bc_mutex);
	cancel_delayed_work_sync(&bc_reap_work);
}

/**
 * bc_registry_exit() - free everything; hooks are off and drained
 */
void bc_registry_exit(void)
{
	struct bc *bc, *next;
	unsigned long id;

	mutex_lock(&bc_mutex);
	list_for_each_entry_safe(bc, next, &bc_reap_list, reap) {
		list_del(&bc->reap);
		bc_drop_namespaces(bc, true);
		bc_release(bc);
	}
	xa_for_each(&bc_by_id, id, bc) {
		bc_drop_namespaces(bc, true);
		bc_release(bc);
	}
	mutex_unlock(&bc_mutex);
	xa_destroy(&bc_by_id);
	xa_destroy(&bc_by_order);
	rcu_barrier(); /* bc_free_rcu() */
	kmem_cache_destroy(bc_cache);
}
