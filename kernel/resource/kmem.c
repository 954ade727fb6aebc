// SPDX-License-Identifier: GPL-2.0
/*
 * kmemsize: memory that the kernel has for the container: tasks and their stacks,
 * page tables, open files, sockets, directory entries and inodes, per-processor data,
 * as the container's memory cgroup counts it ("kernel" in memory.stat).
 *
 * Nothing is hooked where the kernel takes or frees it: all of a machine's allocations pass
 * there. The row is looked at instead, exactly, with what is pending on all
 * processors: when it is read; before anything is refused; and, while it has a
 * barrier, by fork, open, socket and mmap, the more often the closer the barrier.
 * Between two looks they compare with what was seen last: no lock, nothing written.
 *
 * HARD for these four, SOFT for the image of exec, FORCE for what the host sends in.
 * ENOMEM; ENOBUFS for the sockets that say so. Never in a page fault, which would
 * be repeated for ever, nor where a stack grows.
 *
 * Known gaps: what others take (mkdir, mount, page tables) is counted, and stops the
 * next fork, open, socket or mmap; held may pass the barrier by that, and by what is
 * taken between two looks. maxheld is the highest that was seen. A refusal may be as old
 * as the last tick of the clock.
 */
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/slab.h>

#include "resource.h"

/* What a call asks for: the kernel takes memory by the page. */
#define BC_KMEM_ASKED PAGE_SIZE

/* More than a processor is expected to take in a tick. */
#define BC_KMEM_TICK SZ_1M
#define BC_KMEM_REST (HZ / 4)

/**
 * struct bc_kmem - when the row was looked at; no lock, whoever looks last is right
 * @next: jiffies; who comes later looks
 * @last: jiffies of the last look before a refusal
 * @counted: there was a cgroup
 */
struct bc_kmem {
	unsigned long	next;
	unsigned long	last;
	bool		counted;
};

struct bc_family bc_kmem_family;

static struct bc_kmem *bc_kmem_of(const struct bc *bc)
{
	return bc->families[bc_kmem_family.index];
}

/* What was there at the last flush. */
static void bc_kmem_read(struct bc *bc)
{
	struct bc_counter *c = &bc->row[BC_KMEMSIZE];
	unsigned long bound = min(READ_ONCE(c->barrier), READ_ONCE(c->limit));
	struct mem_cgroup *memcg = bc_memcg_get(bc);
	struct bc_kmem *k = bc_kmem_of(bc);
	unsigned long held = 0, ticks = BC_KMEM_REST;

	if (memcg) {
		held = bc_memcg_stat(memcg, MEMCG_KMEM) << PAGE_SHIFT;
		ticks = (bound - min(bound, held)) / (BC_KMEM_TICK * num_online_cpus());
		css_put(&memcg->css);
	}
	atomic_long_set(&c->held, held);
	bc_counter_raise_max(c, held);
	WRITE_ONCE(k->counted, !!memcg);
	WRITE_ONCE(k->next, jiffies + clamp_t(unsigned long, ticks, 1, BC_KMEM_REST));
}

static void bc_kmem_look(struct bc *bc)
{
	bc_memcg_flush(bc);
	bc_kmem_read(bc);
}

/* One of those who find that it is time looks; the others go on with what was seen. */
static void bc_kmem_look_in_time(struct bc *bc)
{
	struct bc_kmem *k = bc_kmem_of(bc);
	unsigned long next = READ_ONCE(k->next);

	if (time_after_eq(jiffies, next) && cmpxchg(&k->next, next, jiffies + 1) == next)
		bc_kmem_look(bc);
}

/* Once a tick: at its barrier a container may ask as often as it likes. */
static void bc_kmem_look_again(struct bc *bc)
{
	struct bc_kmem *k = bc_kmem_of(bc);
	unsigned long last = READ_ONCE(k->last);
	unsigned long now = jiffies;

	if (last != now && cmpxchg(&k->last, last, now) == last)
		bc_kmem_look(bc);
}

/**
 * bc_kmem_ask() - may a call that takes kernel memory go on: the row has a bound
 * @bc: whose call it is
 * @severity: which bound applies
 * @err: errno that the caller is going to see if not, negative
 *
 * What is granted shows in the next look; there is nothing to give back.
 *
 * Context: process; may sleep, also with mmap_lock held.
 * Return: true if it may; otherwise the refusal is counted and recorded.
 */
bool bc_kmem_ask(struct bc *bc, enum bc_severity severity, int err)
{
	struct bc_counter *c = &bc->row[BC_KMEMSIZE];
	unsigned long held;

	bc_kmem_look_in_time(bc);
	held = max(atomic_long_read(&c->held), 0L);
	if (likely(held + BC_KMEM_ASKED <= READ_ONCE(c->bound[severity])) ||
	    !READ_ONCE(bc_kmem_of(bc)->counted))
		return true;
	bc_kmem_look_again(bc);
	if (bc_charge_finally(bc, BC_KMEMSIZE, BC_KMEM_ASKED, severity, &held))
		return true;
	bc_refuse(bc, BC_KMEMSIZE, BC_KMEM_ASKED, held, err);
	return false;
}

/**
 * bc_kmem_fork() - may a task be forked
 * @child: not yet visible
 * Return: 0 or -ENOMEM.
 */
int bc_kmem_fork(struct task_struct *child)
{
	struct bc *bc = bc_of_child_cred(child);

	return !bc || bc_kmem_allows(bc, bc_hard_unless_sent(), -ENOMEM) ? 0 : -ENOMEM;
}

/* Other bounds: it may be time for the next look. */
static int bc_kmem_apply(struct bc *bc, u64 rows)
{
	bc_kmem_look(bc);
	return 0;
}

/* After memcg.c: it counts from now on. */
static int bc_kmem_attach(struct bc *bc, int fd)
{
	bc_kmem_look(bc);
	return 0;
}

static int bc_kmem_init(struct bc *bc)
{
	struct bc_kmem *k = kzalloc(sizeof(*k), GFP_KERNEL);

	if (!k)
		return -ENOMEM;
	k->next = jiffies;
	k->last = jiffies - 1;
	bc->families[bc_kmem_family.index] = k;
	return 0;
}

static void bc_kmem_exit(struct bc *bc)
{
	kfree(bc_kmem_of(bc));
}

struct bc_family bc_kmem_family = {
	.name = "kernel memory",
	.rows = BIT(BC_KMEMSIZE),
	.usable = bc_memcg_stat_usable,
	.bc_init = bc_kmem_init,
	.bc_exit = bc_kmem_exit,
	.recount = bc_kmem_read,
	.read = bc_memcg_read_attached,
	.apply = bc_kmem_apply,
	.attach = bc_kmem_attach,
};
