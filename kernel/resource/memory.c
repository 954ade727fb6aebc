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
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "resource.h"

BC_DECLARE_ORIGINAL(bool, may_expand_vm, struct mm_struct *mm, vm_flags_t flags,
		    unsigned long pages);
BC_DECLARE_ORIGINAL(unsigned long, mmap_region, struct file *file, unsigned long start,
		    unsigned long len, vm_flags_t flags, unsigned long pgoff, struct list_head *uf);

#define BC_MM_HASH_BITS 12

/* Address spaces that a recount looks at before it lets others have the lock. */
#define BC_RECOUNT_BATCH 64

/**
 * enum bc_probe - mprotect has been told no and asks once more
 * @BC_PROBE_NONE: no
 * @BC_PROBE_OURS: it was our refusal; not counted yet
 * @BC_PROBE_NATIVE: it was the kernel's own
 *
 * It asks for the new flags, then whether the old ones are data already. Only
 * the second answer decides.
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
 * @mm: compared; followed only while the record is in the list; NULL for a mark
 *	of a recount
 * @bc: pinned by @owner
 * @lock: guards @charged
 * @charged: pages
 * @probe: see enum bc_probe. Guarded by mmap_lock held for writing.
 * @in_mmap: mmap_region() runs and has been charged. As @probe.
 * @new_private: of mprotect's first question: the new flags are data. As @probe.
 * @asked: of mprotect's first question: pages. As @probe.
 * @owner: namespace that pins @bc, referenced. The mm's own may be another one:
 *	of a task that the host sent, or of a program that may not be read.
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
	bool			in_mmap;
	bool			new_private;
	unsigned long		asked;
	struct user_namespace	*owner;
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

/* mprotect asks twice and is refused at the limit. */
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

static void bc_mm_free(struct bc_mm *m)
{
	put_user_ns(m->owner);
	kfree_rcu(m, rcu);
}

/*
 * The record of a mm, made at its first growth. The mm is the caller's to grow,
 * so it cannot exit; atomic because stacks grow under the anon_vma lock, which
 * reclaim takes.
 */
static struct bc_mm *bc_mm_get(struct mm_struct *mm, struct bc *bc, struct user_namespace *owner)
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
	new->owner = get_user_ns(owner);
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
	bc_mm_free(new);
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
	bc_mm_free(m);
}

static unsigned long bc_mm_pages(const struct mm_struct *mm)
{
	return READ_ONCE(mm->data_vm) + READ_ONCE(mm->stack_vm);
}

/*
 * Bring the record to @pages. Only a growth can be refused; @finally: held has
 * been recounted.
 */
static bool bc_mm_set(struct bc_mm *m, unsigned long pages, enum bc_severity severity, bool finally,
		      unsigned long *held)
{
	bool (*charge)(struct bc * bc, enum bc_resource row, unsigned long n,
		       enum bc_severity severity, unsigned long *held);

	lockdep_assert_held(&m->lock);
	charge = finally ? bc_charge_finally : bc_charge_quietly;
	if (pages > m->charged) {
		if (!charge(m->bc, BC_PRIVVMPAGES, pages - m->charged, severity, held))
			return false;
	} else if (pages < m->charged) {
		*held = bc_uncharge(m->bc, BC_PRIVVMPAGES, m->charged - pages);
	}
	m->charged = pages;
	return true;
}

/* What is charged is what the mm has. Its growth is over or has failed. */
static void bc_mm_settle(struct bc_mm *m)
{
	unsigned long held;

	spin_lock(&m->lock);
	bc_mm_set(m, bc_mm_pages(m->mm), BC_FORCE, false, &held);
	spin_unlock(&m->lock);
}

/*
 * Bring all records but that of @busy, whose growth is under way, to what the
 * kernel says. A mm that is just being changed keeps its upper bound. A mark in
 * the list keeps the place where the lock was let go of; what comes new stands in
 * front of it and is exact.
 */
static void bc_memory_recount_but(struct bc *bc, const struct mm_struct *busy)
{
	struct bc_mms *mms = bc_mms_of(bc);
	struct bc_mm mark = { .mm = NULL };
	unsigned int seen = 0;

	spin_lock(&mms->lock);
	list_add(&mark.list, &mms->list);
	while (!list_is_last(&mark.list, &mms->list)) {
		struct bc_mm *m = list_next_entry(&mark, list);

		list_move(&mark.list, &m->list);
		if (m->mm && m->mm != busy && mmap_read_trylock(m->mm)) {
			bc_mm_settle(m);
			mmap_read_unlock(m->mm);
		}
		if (++seen % BC_RECOUNT_BATCH == 0) {
			spin_unlock(&mms->lock);
			cpu_relax();
			spin_lock(&mms->lock);
		}
	}
	list_del(&mark.list);
	spin_unlock(&mms->lock);
}

static void bc_memory_recount(struct bc *bc)
{
	struct bc_counter *c = &bc->row[BC_PRIVVMPAGES];

	bc_memory_recount_but(bc, NULL);
	bc_counter_raise_max(c, max(atomic_long_read(&c->held), 0L));
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
		ok = bc_mm_set(m, now + grow, severity, !again, held);
		if (!ok && now < m->charged) {
			unsigned long ignored;

			bc_mm_set(m, now, BC_FORCE, false, &ignored);
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

/* Private pages that a mapping from @start to @end is going to replace. */
static unsigned long bc_mmap_replaces(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	unsigned long pages = 0;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end; vma = find_vma(mm, vma->vm_end))
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

/* First question of mprotect: for the new flags. */
static bool bc_mprotect_first(struct bc_mm *m, unsigned long flags, unsigned long pages,
			      bool native)
{
	m->new_private = bc_is_private(flags);
	m->asked = pages;
	if (!native)
		m->probe = BC_PROBE_NATIVE;
	else if (m->new_private && !bc_memory_charge(m, pages, BC_SOFT, false))
		m->probe = BC_PROBE_OURS;
	return m->probe == BC_PROBE_NONE;
}

/*
 * Second question, after a no: for the old flags. Yes means: refuse. Where the
 * kernel says no to both (RLIMIT_AS is used up), mprotect goes on; our limit
 * holds there too.
 */
static bool bc_mprotect_second(struct bc_mm *m, unsigned long flags, bool native)
{
	enum bc_probe probe = m->probe;

	m->probe = BC_PROBE_NONE;
	if (probe == BC_PROBE_NATIVE && native)
		return true;
	if (!m->new_private || bc_is_private(flags)) /* nothing is added */
		return false;
	return !bc_memory_charge(m, m->asked, BC_SOFT, true);
}

/*
 * Programs are started and stacks grow up to the limit; the rest stops at the
 * barrier. A task that the host sends is never refused until it lives inside.
 */
static enum bc_severity bc_memory_severity(const struct bc *bc, bool grows_down)
{
	if (unlikely(bc_of_task(current) != bc))
		return BC_FORCE;
	return grows_down || current->in_execve ? BC_SOFT : BC_HARD;
}

static struct bc_mm *bc_mm_get_or_refuse(struct mm_struct *mm, struct bc *bc, unsigned long pages)
{
	struct bc_mm *m = bc_mm_get(mm, bc, current_user_ns());

	if (!m)
		bc_refuse(bc, BC_PRIVVMPAGES, pages,
			  atomic_long_read(&bc->row[BC_PRIVVMPAGES].held), -ENOMEM);
	return m;
}

/*
 * mmap asks may_expand_vm() for its length less all that MAP_FIXED replaces,
 * private or not (some kernels first for all of it): no measure of what is
 * added. So it is charged here, and given back here if it fails.
 */
static unsigned long notrace bc_wrap_mmap_region(struct file *file, unsigned long start,
						 unsigned long len, vm_flags_t flags,
						 unsigned long pgoff, struct list_head *uf)
{
	struct mm_struct *mm = current->mm;
	unsigned long ret = -ENOMEM;
	unsigned long pages;
	struct bc_mm *m;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_cred();
	if (!bc) {
		ret = bc_orig_mmap_region(file, start, len, flags, pgoff, uf);
		goto out;
	}
	pages = (len >> PAGE_SHIFT) - bc_mmap_replaces(mm, start, start + len);
	m = bc_mm_get_or_refuse(mm, bc, pages);
	if (!m || !bc_memory_charge(m, pages, bc_memory_severity(bc, false), true))
		goto out;
	m->in_mmap = true;
	ret = bc_orig_mmap_region(file, start, len, flags, pgoff, uf);
	m->in_mmap = false;
	bc_mm_settle(m);
out:
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_mmap_region)
{
	if (bc_of_cred() && bc_is_private(BC_ARG3(vm_flags_t)))
		BC_REDIRECT(bc_wrap_mmap_region);
}

static bool notrace bc_wrap_may_expand_vm(struct mm_struct *mm, vm_flags_t flags,
					  unsigned long pages)
{
	struct bc_mm *m;
	struct bc *bc;
	bool ok;

	bc_hook_enter();
	ok = bc_orig_may_expand_vm(mm, flags, pages);
	bc = bc_of_cred();
	if (!bc || !bc_is_private(flags) || !ok)
		goto out;
	m = bc_mm_get_or_refuse(mm, bc, pages);
	ok = m && (m->in_mmap ||
		   bc_memory_charge(m, pages, bc_memory_severity(bc, flags & VM_GROWSDOWN), true));
out:
	bc_hook_leave();
	return ok;
}

/* The same function, called by mprotect. */
static bool notrace bc_wrap_mprotect_expand(struct mm_struct *mm, vm_flags_t flags,
					    unsigned long pages)
{
	struct bc_mm *m;
	struct bc *bc;
	bool ok;

	bc_hook_enter();
	ok = bc_orig_may_expand_vm(mm, flags, pages);
	bc = bc_of_cred();
	if (!bc)
		goto out;
	m = bc_mm_get_or_refuse(mm, bc, pages);
	if (!m)
		ok = false;
	else if (m->probe == BC_PROBE_NONE)
		ok = bc_mprotect_first(m, flags, pages, ok);
	else
		ok = bc_mprotect_second(m, flags, ok);
out:
	bc_hook_leave();
	return ok;
}

BC_CALLBACK(bc_on_may_expand_vm)
{
	if (!bc_of_cred())
		return;
	if (bc_in_range(parent_ip, &bc_mprotect_range))
		BC_REDIRECT(bc_wrap_mprotect_expand);
	else
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
	enum bc_severity severity;
	unsigned long held = 0;
	struct bc_mm *m;

	if (!bc || !mm || mm == current->mm || !bc_row_enforced(BC_PRIVVMPAGES))
		return 0;
	m = bc_mm_get(mm, bc, bc_child_user_ns(child));
	severity = likely(bc_of_task(current) == bc) ? BC_HARD : BC_FORCE;
	if (m && bc_mm_grow(m, 0, severity, &held))
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

/* Records are left only when the module goes: they pin the beancounter. */
static void bc_memory_bc_exit(struct bc *bc)
{
	struct bc_mms *mms = bc_mms_of(bc);
	struct bc_mm *m, *next;

	list_for_each_entry_safe(m, next, &mms->list, list) {
		struct bc_mm_bucket *bucket = bc_mm_bucket(m->mm);

		spin_lock(&bucket->lock);
		hlist_del_rcu(&m->hash);
		spin_unlock(&bucket->lock);
		bc_mm_free(m);
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
	{
		.symbols = { "mmap_region" },
		.callback = bc_on_mmap_region,
		.original = &bc_addr_mmap_region,
		.rows = BIT(BC_PRIVVMPAGES),
		.missing = "privvmpages is not enforced",
	},
};

static void bc_memory_hooks_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_mm_hash); i++)
		spin_lock_init(&bc_mm_hash[i].lock);
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
