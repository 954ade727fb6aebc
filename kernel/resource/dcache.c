// SPDX-License-Identifier: GPL-2.0
/*
 * dcachesize: directory entries, inodes and what else the kernel keeps as a cache that
 * it can drop, as the container's memory cgroup counts it ("slab_reclaimable" in
 * memory.stat). Part of kmemsize.
 *
 * Nothing is refused: a path that is looked up must not fail because of a cache. While the
 * row has a bound it is looked at now and then, at a container that changes nothing ever
 * less often. Above the bound the container's own caches are dropped, oldest first, more
 * and more of them, until it is below or nothing is left to drop; no other
 * container's, and no page of files or programs. failcnt counts when that was
 * not enough for the limit: what is open or has pages in the page cache stays.
 *
 * Without shrink_slab() the row is only sampled.
 *
 * Known gaps: what is taken between two looks, a second at most; bytes that wait on a
 * processor, less than a page each.
 */
#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "resource.h"

/* Of what could be dropped, one part in 2^n at first, all in the end. */
#define BC_DCACHE_GENTLY 3

/* Between two looks: at first, and at most; where dropping does not help. */
#define BC_DCACHE_LOOK	(HZ / 20)
#define BC_DCACHE_REST	HZ
#define BC_DCACHE_LATER	(8 * HZ)

/**
 * struct bc_dcache - the caches of a beancounter
 * @bc: whose
 * @work: the next look, while there is a bound and a cgroup
 * @wait: until the one after that, in jiffies; the work's own
 */
struct bc_dcache {
	struct bc		*bc;
	struct delayed_work	work;
	unsigned long		wait;
};

struct bc_family bc_dcache_family;

/* unsigned long shrink_slab(gfp_t, int nid, struct mem_cgroup *, int priority) */
static unsigned long bc_shrink_slab;

static struct bc_dcache *bc_dcache_of(const struct bc *bc)
{
	return bc->families[bc_dcache_family.index];
}

static unsigned long bc_dcache_bound(const struct bc *bc)
{
	const struct bc_counter *c = &bc->row[BC_DCACHESIZE];

	return min(READ_ONCE(c->barrier), READ_ONCE(c->limit));
}

/* What was there at the last flush. */
static unsigned long bc_dcache_read(struct bc *bc, struct mem_cgroup *memcg)
{
	struct bc_counter *c = &bc->row[BC_DCACHESIZE];
	unsigned long held = memcg ? bc_memcg_stat(memcg, NR_SLAB_RECLAIMABLE_B) : 0;

	atomic_long_set(&c->held, held);
	bc_counter_raise_max(c, held);
	return held;
}

static unsigned long bc_dcache_look(struct bc *bc, struct mem_cgroup *memcg)
{
	bc_memcg_flush(bc);
	return bc_dcache_read(bc, memcg);
}

static void bc_dcache_shrink(struct mem_cgroup *memcg, int priority)
{
	int node;

	for_each_node_state(node, N_MEMORY)
		bc_call4(bc_shrink_slab, (__force unsigned long)GFP_KERNEL, node,
			 (unsigned long)memcg, priority);
}

/* The cgroup and those below it. */
static void bc_dcache_shrink_all(struct mem_cgroup *top, int priority)
{
	struct cgroup_subsys_state *css;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &top->css) {
		if (!css_tryget_online(css))
			continue;
		rcu_read_unlock();
		bc_dcache_shrink(mem_cgroup_from_css(css), priority);
		cond_resched();
		rcu_read_lock();
		css_put(css);
	}
	rcu_read_unlock();
}

/* True if it is below its bound now. */
static bool bc_dcache_drop(struct bc *bc, struct mem_cgroup *memcg)
{
	struct bc_counter *c = &bc->row[BC_DCACHESIZE];
	int priority = BC_DCACHE_GENTLY;
	unsigned long held;

	do {
		bc_dcache_shrink_all(memcg, priority);
		synchronize_rcu();
		held = bc_dcache_look(bc, memcg);
		if (held <= bc_dcache_bound(bc))
			return true;
	} while (priority--);
	if (held > READ_ONCE(c->limit)) {
		/* names and inodes are counted until their grace period is over: all of them */
		rcu_barrier();
		held = bc_dcache_look(bc, memcg);
		if (held > READ_ONCE(c->limit))
			bc_counter_refuse(c);
	}
	return held <= bc_dcache_bound(bc);
}

static void bc_dcache_work(struct work_struct *work)
{
	struct bc_dcache *d = container_of(to_delayed_work(work), struct bc_dcache, work);
	struct bc *bc = d->bc;
	unsigned long before = atomic_long_read(&bc->row[BC_DCACHESIZE].held);
	unsigned long held, bound = bc_dcache_bound(bc);
	struct mem_cgroup *memcg = bc_memcg_get(bc);

	held = bc_dcache_look(bc, memcg);
	if (!memcg || bound == LONG_MAX) {
		if (memcg)
			css_put(&memcg->css);
		return;
	}
	if (held > bound ? bc_dcache_drop(bc, memcg) : held > before)
		d->wait = BC_DCACHE_LOOK;
	else
		d->wait = min_t(unsigned long, 2 * d->wait,
				held > bound ? BC_DCACHE_LATER : BC_DCACHE_REST);
	css_put(&memcg->css);
	queue_delayed_work(system_unbound_wq, &d->work, d->wait);
}

static void bc_dcache_recount(struct bc *bc)
{
	struct mem_cgroup *memcg = bc_memcg_get(bc);

	bc_dcache_read(bc, memcg);
	if (memcg)
		css_put(&memcg->css);
}

static int bc_dcache_apply(struct bc *bc, u64 rows)
{
	if (bc_shrink_slab)
		mod_delayed_work(system_unbound_wq, &bc_dcache_of(bc)->work, 0);
	return 0;
}

/* After memcg.c: it counts from now on. */
static int bc_dcache_attach(struct bc *bc, int fd)
{
	return bc_dcache_apply(bc, bc_dcache_family.rows);
}

static int bc_dcache_init(struct bc *bc)
{
	struct bc_dcache *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->bc = bc;
	d->wait = BC_DCACHE_LOOK;
	INIT_DEFERRABLE_WORK(&d->work, bc_dcache_work);
	bc->families[bc_dcache_family.index] = d;
	return 0;
}

static void bc_dcache_exit(struct bc *bc)
{
	struct bc_dcache *d = bc_dcache_of(bc);

	cancel_delayed_work_sync(&d->work);
	kfree(d);
}

static bool bc_dcache_usable(void)
{
	bc_shrink_slab = bc_symbol_address("shrink_slab");
	if (!bc_shrink_slab)
		bc_dcache_family.state = BC_STATE_SAMPLED;
	return bc_memcg_stat_usable();
}

struct bc_family bc_dcache_family = {
	.name = "file system caches",
	.rows = BIT(BC_DCACHESIZE),
	.state = BC_STATE_RECLAIMED,
	.usable = bc_dcache_usable,
	.bc_init = bc_dcache_init,
	.bc_exit = bc_dcache_exit,
	.recount = bc_dcache_recount,
	.read = bc_memcg_read_attached,
	.apply = bc_dcache_apply,
	.attach = bc_dcache_attach,
};
