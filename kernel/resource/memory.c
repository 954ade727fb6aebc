// SPDX-License-Identifier: GPL-2.0
/*
 * privvmpages: address space that is or may become private memory of a
 * container: private writable mappings and stacks, touched or not, MAP_NORESERVE
 * included. Refusing here is early and clean: the program sees ENOMEM instead of
 * meeting the OOM killer later.
 *
 * Charged before it grows (mmap, brk, mremap, mprotect, fork's copy, exec's
 * image, stack). Nothing is hooked where it shrinks: the kernel's own count of
 * the mm, data_vm + stack_vm, is the truth, and a record a mm says how much of
 * it is charged. Between two visits held is an upper bound; it is recounted
 * before it is read, before a charge is refused, and before maxheld would grow
 * by more than 1/64. Released when the mm goes.
 *
 * At the barrier: ENOMEM for mmap, brk, mremap, fork. At the limit: ENOMEM for
 * mprotect, exec killed or ENOMEM, SIGSEGV where a stack grows.
 *
 * Whose memory it is follows from the credentials of the task that makes the
 * mm grow first. Known gaps: maxheld may be above the true maximum by 1/64; on
 * kernels where stacks grow under the read side of mmap_lock (before 6.5), a
 * recount may miss one growth of a stack until the mm is visited again.
 *
 * Lock order: mmap_lock, bc_mms.lock, bc_mm.lock; the hash bucket's lock is
 * innermost. A recount holds bc_mms.lock and only tries mmap_lock.
 */
#include <linux/compat.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/ptrace.h>
#include <linux/rculist.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "resource.h"

BC_DECLARE_ORIGINAL(bool, may_expand_vm, struct mm_struct *mm, vm_flags_t flags,
		    unsigned long pages);

#define BC_MM_HASH_BITS 12

/**
 * enum bc_probe - may_expand_vm() has said no and is asked once more
 * @BC_PROBE_NONE: no
 * @BC_PROBE_OURS: it was our refusal; not counted yet
 * @BC_PROBE_NATIVE: it was the kernel's own
 *
 * mmap asks for the whole length first, then for what a MAP_FIXED would add;
 * mprotect asks for the new flags, then whether the old ones are data already.
 * Only the second answer decides.
 */
enum bc_probe {
	BC_PROBE_NONE,
	BC_PROBE_OURS,
	BC_PROBE_NATIVE,
};

/**
 * struct bc_mm - what is charged for a mm
 * @hash: link in bc_mm_hash
 * @list: link in &bc_mms.list
 * @mm: compared; followed only while the record is in the list
 * @bc: pinned by the mm's owner
 * @lock: guards @charged
 * @charged: pages
 * @probe: see enum bc_probe. Guarded by mmap_lock held for writing.
 * @asked: pages of the first question. As @probe.
 * @rcu: delays the free
 */
struct bc_mm {
	struct hlist_node	hash;
	struct list_head	list;
	struct mm_struct	*mm;
	struct bc		*bc;
	spinlock_t		lock;
	unsigned long		charged;
	enum bc_probe		probe;
	unsigned long		asked;
	struct rcu_head		rcu;
};

/**
 * struct bc_mms - private state of a beancounter
 * @lock: guards @list; while it is held no mm of the list can go
 * @list: all records of the beancounter
 */
struct bc_mms {
	spinlock_t		lock;
	struct list_head	list;
};

struct bc_mm_bucket {
	struct hlist_head	head;
	spinlock_t		lock;
};

static struct bc_mm_bucket bc_mm_hash[1 << BC_MM_HASH_BITS];

/* Functions that ask twice, and mprotect, which is refused at the limit. */
static struct bc_range bc_mmap_range;
static struct bc_range bc_mprotect_range;

static struct bc_mms *bc_mms_of(const struct bc *bc)
{
	return bc->families[bc_memory_family.index];
}

static struct bc_mm_bucket *bc_mm_bucket(const struct mm_struct *mm)
{
	return &bc_mm_hash[hash_ptr(mm, BC_MM_HASH_BITS)];
}

/* RCU, or the bucket's lock. */
static struct bc_mm *bc_mm_find(const struct bc_mm_bucket *bucket, const struct mm_struct *mm)
{
	struct bc_mm *m;

	hlist_for_each_entry_rcu(m, &bucket->head, hash, lockdep_is_held(&bucket->lock))
		if (m->mm == mm)
			return m;
	return NULL;
}

/*
 * The record of a mm, made at its first growth. The mm is the caller's to grow,
 * so it cannot exit; atomic because stacks grow under the anon_vma lock, which
 * reclaim takes.
 */
static struct bc_mm *bc_mm_get(struct mm_struct *mm, struct bc *bc)
{
	struct bc_mm_bucket *bucket = bc_mm_bucket(mm);
	struct bc_mms *mms = bc_mms_of(bc);
	struct bc_mm *m, *new;

	rcu_read_lock();
	m = bc_mm_find(bucket, mm);
	rcu_read_unlock();
	if (m)
		return m;
	new = kzalloc(sizeof(*new), GFP_ATOMIC | __GFP_ACCOUNT);
	if (!new)
		return NULL;
	new->mm = mm;
	new->bc = bc;
	spin_lock_init(&new->lock);
	spin_lock(&mms->lock);
	spin_lock(&bucket->lock);
	m = bc_mm_find(bucket, mm);
	if (!m) {
		hlist_add_head_rcu(&new->hash, &bucket->head);
		list_add(&new->list, &mms->list);
	}
	spin_unlock(&bucket->lock);
	spin_unlock(&mms->lock);
	if (!m)
		return new;
	kfree(new);
	return m;
}

/**
 * bc_memory_forget() - a mm has no user any more
 * @mm: cannot grow any more
 */
void bc_memory_forget(struct mm_struct *mm)
{
	struct bc_mm_bucket *bucket = bc_mm_bucket(mm);
	struct bc_mms *mms;
	struct bc_mm *m;

	rcu_read_lock();
	m = bc_mm_find(bucket, mm);
	rcu_read_unlock();
	if (!m) /* only this function takes it away, once for each mm */
		return;
	mms = bc_mms_of(m->bc);
	spin_lock(&mms->lock);
	list_del(&m->list);
	spin_lock(&bucket->lock);
	hlist_del_rcu(&m->hash);
	spin_unlock(&bucket->lock);
	spin_unlock(&mms->lock);
	if (m->charged)
		bc_uncharge(m->bc, BC_PRIVVMPAGES, m->charged);
	kfree_rcu(m, rcu);
}

static unsigned long bc_mm_pages(const struct mm_struct *mm)
{
	return READ_ONCE(mm->data_vm) + READ_ONCE(mm->stack_vm);
}

/* Bring the record to @pages. Only a growth can be refused. */
static bool bc_mm_set(struct bc_mm *m, unsigned long pages, enum bc_severity severity,
		      unsigned long *held)
{
	lockdep_assert_held(&m->lock);
	if (pages > m->charged) {
		if (!bc_charge_quietly(m->bc, BC_PRIVVMPAGES, pages - m->charged, severity, held))
			return false;
	} else if (pages < m->charged) {
		*held = bc_uncharge(m->bc, BC_PRIVVMPAGES, m->charged - pages);
	}
	m->charged = pages;
	return true;
}

/*
 * Bring all records but that of @busy, whose growth is under way, to what the
 * kernel says. A mm that is just being changed keeps its upper bound.
 */
static void bc_memory_recount_but(struct bc *bc, const struct mm_struct *busy)
{
	struct bc_mms *mms = bc_mms_of(bc);
	unsigned long held;
	struct bc_mm *m;

	spin_lock(&mms->lock);
	list_for_each_entry(m, &mms->list, list) {
		if (m->mm == busy || !mmap_read_trylock(m->mm))
			continue;
		spin_lock(&m->lock);
		bc_mm_set(m, bc_mm_pages(m->mm), BC_FORCE, &held);
		spin_unlock(&m->lock);
		mmap_read_unlock(m->mm);
	}
	spin_unlock(&mms->lock);
}

static void bc_memory_recount(struct bc *bc)
{
	bc_memory_recount_but(bc, NULL);
}

/* maxheld follows held, but not an upper bound that nobody has looked at lately. */
static void bc_memory_note_max(struct bc *bc, const struct mm_struct *busy, unsigned long held)
{
	struct bc_counter *c = &bc->row[BC_PRIVVMPAGES];
	unsigned long max = atomic_long_read(&c->maxheld);

	if (likely(held <= max))
		return;
	if (held - max > max / 64) {
		bc_memory_recount_but(bc, busy);
		held = min_t(long, held, atomic_long_read(&c->held));
	}
	bc_counter_raise_max(c, held);
}

/* Charge what the mm has and @grow pages more; recount before saying no. */
static bool bc_mm_grow(struct bc_mm *m, unsigned long grow, enum bc_severity severity,
		       unsigned long *held)
{
	bool again = true;

	for (;;) {
		unsigned long now;
		bool ok;

		spin_lock(&m->lock);
		now = bc_mm_pages(m->mm);
		*held = 0;
		ok = bc_mm_set(m, now + grow, severity, held);
		if (!ok && now < m->charged) {
			unsigned long ignored;

			bc_mm_set(m, now, BC_FORCE, &ignored);
		}
		spin_unlock(&m->lock);
		if (ok) {
			bc_memory_note_max(m->bc, m->mm, *held);
			return true;
		}
		if (!again)
			return false;
		again = false;
		bc_memory_recount_but(m->bc, m->mm);
	}
}

/* What data_vm and stack_vm count. */
static bool bc_is_private(unsigned long flags)
{
	return (flags & (VM_WRITE | VM_SHARED)) == VM_WRITE || (flags & VM_GROWSDOWN);
}

/*
 * Private pages that the mmap(2) under way is going to replace. Only a native
 * mmap(MAP_FIXED) replaces any; what other callers replace is taken as none.
 */
static unsigned long bc_mmap_replaced(struct mm_struct *mm)
{
	const struct pt_regs *regs = task_pt_regs(current);
	unsigned long start = regs->di, end = regs->di + PAGE_ALIGN(regs->si);
	struct vm_area_struct *vma;
	unsigned long pages = 0;

	if (regs->orig_ax != __NR_mmap || in_32bit_syscall() || !(regs->r10 & MAP_FIXED) ||
	    mm != current->mm || end < start)
		return 0;
	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = find_vma(mm, vma->vm_end))
		if (bc_is_private(vma->vm_flags))
			pages += (min(end, vma->vm_end) - max(start, vma->vm_start)) >> PAGE_SHIFT;
	return pages;
}

static bool bc_memory_charge(struct bc_mm *m, unsigned long pages, enum bc_severity severity,
			     bool count)
{
	unsigned long held;

	if (bc_mm_grow(m, pages, severity, &held))
		return true;
	if (count)
		bc_refuse(m->bc, BC_PRIVVMPAGES, pages, held, -ENOMEM);
	return false;
}

/* Asked by mprotect: a no to the new flags is followed by a question for the old ones. */
static bool bc_mprotect_answer(struct bc_mm *m, unsigned long flags, unsigned long pages,
			       bool native)
{
	enum bc_probe probe = m->probe;

	m->probe = BC_PROBE_NONE;
	if (probe == BC_PROBE_NONE) {
		if (!native)
			m->probe = BC_PROBE_NATIVE;
		else if (bc_is_private(flags) && !bc_memory_charge(m, pages, BC_SOFT, false))
			m->probe = BC_PROBE_OURS;
		m->asked = pages;
		return m->probe == BC_PROBE_NONE;
	}
	if (probe == BC_PROBE_NATIVE || !native)
		return native;
	if (bc_is_private(flags)) /* data already: nothing is added */
		return false;
	bc_refuse(m->bc, BC_PRIVVMPAGES, pages, atomic_long_read(&m->bc->row[BC_PRIVVMPAGES].held),
		  -ENOMEM);
	return true;
}

/* Asked by mmap: a no to the whole length is followed by a question for less. */
static bool bc_mmap_answer(struct bc_mm *m, unsigned long pages, enum bc_severity severity,
			   bool native)
{
	enum bc_probe probe = m->probe;
	unsigned long replaced;

	m->probe = BC_PROBE_NONE;
	if (probe == BC_PROBE_NONE) {
		if (!native)
			m->probe = BC_PROBE_NATIVE;
		else if (!bc_memory_charge(m, pages, severity, false))
			m->probe = BC_PROBE_OURS;
		m->asked = pages;
		return m->probe == BC_PROBE_NONE;
	}
	if (!native)
		return false;
	replaced = bc_mmap_replaced(m->mm);
	pages = m->asked - min(m->asked, replaced);
	return bc_memory_charge(m, pages, severity, true);
}

static bool bc_memory_expand(struct mm_struct *mm, struct bc *bc, unsigned long flags,
			     unsigned long pages, unsigned long caller, bool native)
{
	bool mprotect = bc_in_range(caller, &bc_mprotect_range);
	enum bc_severity severity;
	struct bc_mm *m;

	if (!bc_is_private(flags) && !mprotect)
		return native;
	m = bc_mm_get(mm, bc);
	if (!m) {
		bc_refuse(bc, BC_PRIVVMPAGES, pages,
			  atomic_long_read(&bc->row[BC_PRIVVMPAGES].held), -ENOMEM);
		return false;
	}
	if (mprotect)
		return bc_mprotect_answer(m, flags, pages, native);
	severity = (flags & VM_GROWSDOWN) || current->in_execve ? BC_SOFT : BC_HARD;
	if (bc_in_range(caller, &bc_mmap_range))
		return bc_mmap_answer(m, pages, severity, native);
	return native && bc_memory_charge(m, pages, severity, true);
}

static bool notrace bc_wrap_may_expand_vm(struct mm_struct *mm, vm_flags_t flags, unsigned long pages)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);
	struct bc *bc;
	bool ok;

	bc_hook_enter();
	ok = bc_orig_may_expand_vm(mm, flags, pages);
	bc = bc_of_cred();
	if (bc)
		ok = bc_memory_expand(mm, bc, flags, pages, caller, ok);
	bc_hook_leave();
	return ok;
}

BC_CALLBACK(bc_on_may_expand_vm)
{
	if (bc_of_cred())
		BC_REDIRECT(bc_wrap_may_expand_vm);
}

BC_CALLBACK(bc_on_exit_mmap)
{
	struct mm_struct *mm = BC_ARG0(struct mm_struct *);

	if (!hlist_empty(&bc_mm_bucket(mm)->head))
		bc_memory_forget(mm);
}

/**
 * bc_memory_fork() - charge the child's copy of the memory
 * @child: complete, not yet visible; if it is refused, its mm exits
 * Return: 0 or -ENOMEM.
 */
int bc_memory_fork(struct task_struct *child)
{
	struct bc *bc = bc_of_child_cred(child);
	struct mm_struct *mm = child->mm;
	unsigned long held = 0;
	struct bc_mm *m;

	if (!bc || !mm || mm == current->mm || !bc_row_enforced(BC_PRIVVMPAGES))
		return 0;
	m = bc_mm_get(mm, bc);
	if (m && bc_mm_grow(m, 0, BC_HARD, &held))
		return 0;
	bc_refuse(bc, BC_PRIVVMPAGES, bc_mm_pages(mm), held, -ENOMEM);
	return -ENOMEM;
}

static int bc_memory_bc_init(struct bc *bc)
{
	struct bc_mms *mms = kmalloc(sizeof(*mms), GFP_KERNEL);

	if (!mms)
		return -ENOMEM;
	spin_lock_init(&mms->lock);
	INIT_LIST_HEAD(&mms->list);
	bc->families[bc_memory_family.index] = mms;
	return 0;
}

/* Records are left only if the module goes while a dead container's mm is still held. */
static void bc_memory_bc_exit(struct bc *bc)
{
	struct bc_mms *mms = bc_mms_of(bc);
	struct bc_mm *m, *next;

	list_for_each_entry_safe(m, next, &mms->list, list) {
		struct bc_mm_bucket *bucket = bc_mm_bucket(m->mm);

		spin_lock(&bucket->lock);
		hlist_del_rcu(&m->hash);
		spin_unlock(&bucket->lock);
		kfree_rcu(m, rcu);
	}
	kfree(mms);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "exit_mmap" },
		.callback = bc_on_exit_mmap,
		.rows = BIT(BC_PRIVVMPAGES),
		.missing = "privvmpages is not enforced",
	},
	{
		.symbols = { "may_expand_vm" },
		.callback = bc_on_may_expand_vm,
		.original = &bc_addr_may_expand_vm,
		.rows = BIT(BC_PRIVVMPAGES),
		.missing = "privvmpages is not enforced",
	},
};

/* Which function does the two questions of mmap differs; some kernels ask once. */
static void bc_memory_hooks_init(void)
{
	static const char *const names[] = { "mmap_region", "__mmap_region" };
	unsigned long target = bc_symbol_address("may_expand_vm");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_mm_hash); i++)
		spin_lock_init(&bc_mm_hash[i].lock);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct bc_range range;

		if (!bc_symbol_range(names[i], &range) &&
		    bc_symbol_call_sites(&range, target) == 2)
			bc_mmap_range = range;
	}
	bc_symbol_range("mprotect_fixup", &bc_mprotect_range);
}

const struct bc_hook_group bc_memory_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks),
					       bc_memory_hooks_init };

struct bc_family bc_memory_family = {
	.name = "memory",
	.rows = BIT(BC_PRIVVMPAGES),
	.bc_init = bc_memory_bc_init,
	.bc_exit = bc_memory_bc_exit,
	.recount = bc_memory_recount,
};
