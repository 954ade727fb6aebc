// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: where they grow and where they end, for privvmpages (memory.c)
 * and lockedpages (mlock.c).
 *
 * Charged before it grows. Nothing is hooked where it shrinks: the kernel's own
 * count of the mm (data_vm + stack_vm, locked_vm) is the truth, and a record a
 * mm says how much of it is charged. Between two visits held is an upper bound; it is
 * recounted before it is read, before a charge is refused, and before maxheld
 * would grow by more than 1/64. Released when the mm goes.
 *
 * Whose memory it is follows from the credentials of the task that makes the
 * mm grow first. Known gaps: maxheld may be above the true maximum by 1/64; on
 * kernels where stacks grow under the read side of mmap_lock (before 6.5), a
 * recount may miss one growth of a stack until the mm is visited again.
 *
 * Lock order: mmap_lock, bc_record_list.lock, bc_record.lock; the hash bucket's
 * lock is innermost. A recount holds bc_record_list.lock and only tries mmap_lock.
 */
#include <linux/mman.h>
#include <linux/mmap_lock.h>

#include "mm.h"

BC_DECLARE_ORIGINAL(bool, may_expand_vm, struct mm_struct *mm, vm_flags_t flags,
		    unsigned long pages);
BC_DECLARE_ORIGINAL(unsigned long, mmap_region, struct file *file, unsigned long start,
		    unsigned long len, vm_flags_t flags, unsigned long pgoff, struct list_head *uf);

static const enum bc_resource bc_mm_resource[BC_MM_ROWS] = { BC_PRIVVMPAGES, BC_LOCKEDPAGES };

/* mprotect asks twice and is refused at the limit. */
static struct bc_range bc_mprotect_range;

/* mmap asks from either of these two. */
static struct bc_range bc_mmap_range;
static struct bc_range bc_mmap_inner_range;

/*
 * Told no, mmap_region() asks once more, for what is left without what it replaces: kernels
 * before 6.12. Known by the function that counts that.
 */
static bool bc_mmap_asks_twice;

/* vm.overcommit_memory; NULL: not to be seen on this kernel. */
static const int *bc_overcommit;

static struct bc_record_list *bc_mms_of(const struct bc *bc)
{
	return bc->families[bc_memory_family.index];
}

/**
 * bc_mm_get() - the record of a mm, made at its first growth
 * @mm: the caller's to grow, so it cannot exit
 * @bc: whose it is, if it is new
 * @owner: namespace that pins @bc
 *
 * Context: atomic, because stacks grow under the anon_vma lock, which reclaim takes.
 */
struct bc_mm *bc_mm_get(struct mm_struct *mm, struct bc *bc, struct user_namespace *owner)
{
	struct bc_record *r = bc_record_get(mm, bc, owner, bc_mms_of(bc), sizeof(struct bc_mm));

	return r ? container_of(r, struct bc_mm, record) : NULL;
}

/**
 * bc_mm_get_or_refuse() - the same for the running task
 * @mm: as above
 * @bc: of its credentials
 * @row: what is refused if there is no memory for the record
 * @pages: how much of it
 */
struct bc_mm *bc_mm_get_or_refuse(struct mm_struct *mm, struct bc *bc, enum bc_mm_row row,
				  unsigned long pages)
{
	struct bc_mm *m = bc_mm_get(mm, bc, current_user_ns());
	enum bc_resource resource = bc_mm_resource[row];

	if (!m)
		bc_refuse(bc, resource, pages, atomic_long_read(&bc->row[resource].held), -ENOMEM);
	return m;
}

/**
 * bc_memory_forget() - a mm has no user any more
 * @mm: cannot grow any more
 */
void bc_memory_forget(struct mm_struct *mm)
{
	struct bc_record *r = bc_record_find(mm);
	enum bc_mm_row row;
	struct bc_mm *m;

	if (!r) /* only this function takes it away, once for each mm */
		return;
	m = container_of(r, struct bc_mm, record);
	bc_record_unlink(r, bc_mms_of(r->bc));
	for (row = 0; row < BC_MM_ROWS; row++)
		if (m->charged[row])
			bc_uncharge(r->bc, bc_mm_resource[row], m->charged[row]);
	bc_record_free(r);
}

/**
 * bc_mm_pages() - what the kernel says a mm has
 * @mm: cannot be freed
 * @row: which of its counts
 */
unsigned long bc_mm_pages(const struct mm_struct *mm, enum bc_mm_row row)
{
	if (row == BC_MM_LOCKED)
		return READ_ONCE(mm->locked_vm);
	return READ_ONCE(mm->data_vm) + READ_ONCE(mm->stack_vm);
}

/*
 * Bring the record to @pages. Only a growth can be refused; @finally: held has
 * been recounted.
 */
static bool bc_mm_set(struct bc_mm *m, enum bc_mm_row row, unsigned long pages,
		      enum bc_severity severity, bool finally, unsigned long *held)
{
	enum bc_resource resource = bc_mm_resource[row];
	struct bc *bc = m->record.bc;
	unsigned long charged = m->charged[row];

	lockdep_assert_held(&m->record.lock);
	if (pages > charged) {
		if (finally ? !bc_charge_finally(bc, resource, pages - charged, severity, held) :
			      !bc_charge_quietly(bc, resource, pages - charged, severity, held))
			return false;
	} else if (pages < charged) {
		*held = bc_uncharge(bc, resource, charged - pages);
	}
	m->charged[row] = pages;
	return true;
}

/**
 * bc_mm_settle() - what is charged is what the mm has
 * @m: its growth is over or has failed; mmap_lock held
 */
void bc_mm_settle(struct bc_mm *m)
{
	enum bc_mm_row row;
	unsigned long held;

	spin_lock(&m->record.lock);
	for (row = 0; row < BC_MM_ROWS; row++)
		if (bc_row_enforced(bc_mm_resource[row]))
			bc_mm_set(m, row, bc_mm_pages(bc_mm_of(m), row), BC_FORCE, false, &held);
	spin_unlock(&m->record.lock);
}

/* A mm that is just being changed keeps its upper bound. */
static void bc_memory_recount_one(struct bc_record *record, void *busy)
{
	struct bc_mm *m = container_of(record, struct bc_mm, record);

	if (record->object == busy || !mmap_read_trylock(bc_mm_of(m)))
		return;
	bc_mm_settle(m);
	mmap_read_unlock(bc_mm_of(m));
}

/*
 * Bring all records but that of @busy, whose growth is under way, to what the
 * kernel says. What comes new meanwhile is exact.
 */
static void bc_memory_recount_but(struct bc *bc, const struct mm_struct *busy)
{
	bc_record_walk(bc_mms_of(bc), bc_memory_recount_one, (void *)busy);
}

static void bc_memory_recount(struct bc *bc)
{
	enum bc_mm_row row;

	bc_memory_recount_but(bc, NULL);
	for (row = 0; row < BC_MM_ROWS; row++) {
		struct bc_counter *c = &bc->row[bc_mm_resource[row]];

		bc_counter_raise_max(c, max(atomic_long_read(&c->held), 0L));
	}
}

/* maxheld follows held, but not an upper bound that nobody has looked at lately. */
static void bc_mm_note_max(struct bc *bc, enum bc_mm_row row, const struct mm_struct *busy,
			   unsigned long held)
{
	struct bc_counter *c = &bc->row[bc_mm_resource[row]];
	unsigned long max = atomic_long_read(&c->maxheld);

	if (likely(held <= max))
		return;
	if (held - max > max / 64) {
		bc_memory_recount_but(bc, busy);
		held = min_t(long, held, atomic_long_read(&c->held));
	}
	bc_counter_raise_max(c, held);
}

/**
 * bc_mm_grow() - charge what the mm has and @grow pages more
 * @m: of the mm
 * @row: what is charged
 * @grow: pages
 * @severity: which bound applies
 * @held: out, held afterwards, or when it was refused
 *
 * Recounts before it says no. Context: mmap_lock held, or nobody else sees the mm.
 */
bool bc_mm_grow(struct bc_mm *m, enum bc_mm_row row, unsigned long grow, enum bc_severity severity,
		unsigned long *held)
{
	bool again = true;

	for (;;) {
		unsigned long now;
		bool ok;

		spin_lock(&m->record.lock);
		now = bc_mm_pages(bc_mm_of(m), row);
		*held = 0;
		ok = bc_mm_set(m, row, now + grow, severity, !again, held);
		if (!ok && now < m->charged[row]) {
			unsigned long ignored;

			bc_mm_set(m, row, now, BC_FORCE, false, &ignored);
		}
		spin_unlock(&m->record.lock);
		if (ok) {
			bc_mm_note_max(m->record.bc, row, m->record.object, *held);
			return true;
		}
		if (!again)
			return false;
		again = false;
		bc_memory_recount_but(m->record.bc, m->record.object);
	}
}

/* It shrank by as much since the last visit. Nothing else visits meanwhile. */
static bool bc_mm_is_charged(const struct bc_mm *m, enum bc_mm_row row, unsigned long grow)
{
	mmap_assert_write_locked(bc_mm_of(m));
	return bc_mm_pages(bc_mm_of(m), row) + grow <= m->charged[row];
}

/**
 * bc_mm_charge() - bc_mm_grow(), and what has to be told when it says no
 * @m: of the mm
 * @row: what is charged; one that is not enforced never says no
 * @pages: how many more
 * @severity: which bound applies
 * @err: errno for the record, or 0: it is not counted as a refusal
 */
bool bc_mm_charge(struct bc_mm *m, enum bc_mm_row row, unsigned long pages,
		  enum bc_severity severity, int err)
{
	unsigned long held;

	if (!bc_row_enforced(bc_mm_resource[row]) || bc_mm_grow(m, row, pages, severity, &held))
		return true;
	if (err)
		bc_refuse(m->record.bc, bc_mm_resource[row], pages, held, err);
	return false;
}

/**
 * bc_mm_charge_apart() - charge pages of a row that belong to no mm
 * @bc: the beancounter
 * @row: what is charged
 * @pages: how many
 * @severity: which bound applies
 * @err: errno for the record
 *
 * Given back with bc_uncharge(). Context: any that a spinlock allows.
 */
bool bc_mm_charge_apart(struct bc *bc, enum bc_mm_row row, unsigned long pages,
			enum bc_severity severity, int err)
{
	enum bc_resource resource = bc_mm_resource[row];
	unsigned long held;

	if (!bc_charge_quietly(bc, resource, pages, severity, &held)) {
		bc_memory_recount_but(bc, NULL);
		if (!bc_charge_finally(bc, resource, pages, severity, &held)) {
			bc_refuse(bc, resource, pages, held, err);
			return false;
		}
	}
	bc_mm_note_max(bc, row, NULL, held);
	return true;
}

/**
 * bc_mm_severity() - programs are started and stacks grow up to the limit
 * @grows_down: it is a stack
 *
 * The rest stops at the barrier.
 */
enum bc_severity bc_mm_severity(bool grows_down)
{
	enum bc_severity severity = bc_hard_unless_sent();

	return severity == BC_HARD && (grows_down || current->in_execve) ? BC_SOFT : severity;
}

/* What a mapping adds: its pages, less those of the kind that it replaces. */
static void bc_mmap_adds(struct mm_struct *mm, unsigned long start, unsigned long end,
			 vm_flags_t flags, unsigned long add[BC_MM_ROWS])
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct vm_area_struct *vma;

	add[BC_MM_PRIVATE] = bc_is_private(flags) ? pages : 0;
	add[BC_MM_LOCKED] = flags & VM_LOCKED ? pages : 0;
	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = find_vma(mm, vma->vm_end)) {
		pages = (min(end, vma->vm_end) - max(start, vma->vm_start)) >> PAGE_SHIFT;
		if (add[BC_MM_PRIVATE] && bc_is_private(vma->vm_flags))
			add[BC_MM_PRIVATE] -= pages;
		if (add[BC_MM_LOCKED] && (vma->vm_flags & VM_LOCKED))
			add[BC_MM_LOCKED] -= pages;
	}
}

/* Both or none. The caller sees what mmap(2) has for each. */
static int bc_mmap_charge(struct bc_mm *m, const unsigned long add[BC_MM_ROWS])
{
	enum bc_severity severity = bc_mm_severity(false);

	if (add[BC_MM_PRIVATE] &&
	    !bc_mm_charge(m, BC_MM_PRIVATE, add[BC_MM_PRIVATE], severity, -ENOMEM))
		return -ENOMEM;
	if (likely(!add[BC_MM_LOCKED]) ||
	    bc_mm_charge(m, BC_MM_LOCKED, add[BC_MM_LOCKED], severity, -EAGAIN))
		return 0;
	bc_mm_settle(m);
	return -EAGAIN;
}

/*
 * vmguarpages: while a container has no more private memory than this, mmap does not
 * fail because of what the whole host has promised (vm.overcommit_memory): such a
 * mapping is no part of that account.
 */
static bool bc_mmap_is_promised(struct bc *bc, const struct mm_struct *mm, vm_flags_t flags)
{
	const atomic_long_t *held = &bc->row[BC_PRIVVMPAGES].held;
	long promised = READ_ONCE(bc->row[BC_VMGUARPAGES].barrier);

	if (!promised || !bc_row_enforced(BC_PRIVVMPAGES) || (flags & VM_HUGETLB) ||
	    (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) != VM_WRITE)
		return false;
	if (atomic_long_read(held) > promised)
		bc_memory_recount_but(bc, mm);
	return atomic_long_read(held) <= promised;
}

/*
 * Is a mapping there that a new one replaces? One look at the tree: a gap that is found
 * says where it ends.
 */
static bool bc_mmap_replaces(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	MA_STATE(mas, &mm->mm_mt, start, start);

	return mas_walk(&mas) || mas.last < start + len - 1;
}

/* Can the host's account refuse a mapping that may be promised? If in doubt, yes. */
static bool bc_mmap_may_be_promised(const struct bc *bc, unsigned long len)
{
	if (!READ_ONCE(bc->row[BC_VMGUARPAGES].barrier))
		return false;
	switch (bc_overcommit ? READ_ONCE(*bc_overcommit) : OVERCOMMIT_NEVER) {
	case OVERCOMMIT_ALWAYS:
		return false;
	case OVERCOMMIT_GUESS: /* only what is more than all memory and swap */
		return len >> PAGE_SHIFT > totalram_pages();
	default:
		return true;
	}
}

/*
 * mmap asks may_expand_vm() for its length less all that MAP_FIXED replaces,
 * private or not (some kernels first for all of it): no measure of what is
 * added. So where something is replaced it is charged here, and given back here if it
 * fails; and where it may have to be tried again, or has another errno.
 */
static unsigned long notrace bc_wrap_mmap_region(struct file *file, unsigned long start,
						 unsigned long len, vm_flags_t flags,
						 unsigned long pgoff, struct list_head *uf)
{
	struct mm_struct *mm = current->mm;
	unsigned long add[BC_MM_ROWS];
	unsigned long ret = -ENOMEM;
	struct bc_mm *m;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_cred();
	if (!bc) {
		ret = bc_orig_mmap_region(file, start, len, flags, pgoff, uf);
		goto out;
	}
	if (!bc_kmem_allows(bc, bc_mm_severity(false), -ENOMEM))
		goto out;
	bc_mmap_adds(mm, start, start + len, flags, add);
	m = bc_mm_get_or_refuse(mm, bc, bc_is_private(flags) ? BC_MM_PRIVATE : BC_MM_LOCKED,
				len >> PAGE_SHIFT);
	if (!m)
		goto out;
	ret = bc_mmap_charge(m, add);
	if (ret)
		goto out;
	m->ahead = true;
	ret = bc_orig_mmap_region(file, start, len, flags, pgoff, uf);
	if (unlikely(ret == -ENOMEM) && bc_mmap_is_promised(bc, mm, flags))
		ret = bc_orig_mmap_region(file, start, len, flags | VM_NORESERVE, pgoff, uf);
	m->ahead = false;
	/* nobody else touches it meanwhile: it is as charged, or has failed, or is special */
	if (m->charged[BC_MM_PRIVATE] != bc_mm_pages(mm, BC_MM_PRIVATE) ||
	    m->charged[BC_MM_LOCKED] != bc_mm_pages(mm, BC_MM_LOCKED))
		bc_mm_settle(m);
out:
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_mmap_region)
{
	vm_flags_t flags = BC_ARG3(vm_flags_t);
	const struct bc *bc = bc_of_cred();
	unsigned long start, len;

	if (!bc || !(bc_is_private(flags) || (flags & VM_LOCKED)))
		return;
	start = BC_ARG1(unsigned long);
	len = BC_ARG2(unsigned long);
	if ((flags & VM_LOCKED) || bc_mmap_may_be_promised(bc, len) ||
	    bc_mmap_replaces(current->mm, start, len))
		BC_REDIRECT(bc_wrap_mmap_region);
}

/* A mapping that replaces nothing: what it asks for is what it adds. */
static bool bc_mmap_charge_new(struct bc *bc, struct bc_mm *m, vm_flags_t flags,
			       unsigned long pages)
{
	if (bc_kmem_bounded(bc, BC_HARD) && !bc_kmem_ask(bc, bc_mm_severity(false), -ENOMEM))
		return false;
	return !bc_is_private(flags) || bc_mm_is_charged(m, BC_MM_PRIVATE, pages) ||
	       bc_mm_charge(m, BC_MM_PRIVATE, pages, bc_mm_severity(false), -ENOMEM);
}

static bool bc_mmap_expand(struct bc *bc, struct mm_struct *mm, vm_flags_t flags,
			   unsigned long pages)
{
	struct bc_mm *m = bc_mm_get_or_refuse(mm, bc, BC_MM_PRIVATE, pages);

	if (!m)
		return false;
	if (m->ahead)
		return true;
	if (m->refused) {
		m->refused = false;
		return false;
	}
	if (bc_mmap_charge_new(bc, m, flags, pages))
		return true;
	m->refused = bc_mmap_asks_twice;
	return false;
}

static bool notrace bc_wrap_mmap_expand(struct mm_struct *mm, vm_flags_t flags, unsigned long pages)
{
	struct bc *bc;
	bool ok;

	bc_hook_enter();
	ok = bc_orig_may_expand_vm(mm, flags, pages);
	bc = bc_of_cred();
	if (ok && bc)
		ok = bc_mmap_expand(bc, mm, flags, pages);
	bc_hook_leave();
	return ok;
}

/* brk, mremap, a stack: what they ask for is what they add. */
static bool bc_expand_ask(struct bc_mm *m, unsigned long flags, unsigned long pages, bool native)
{
	enum bc_severity severity = bc_mm_severity(flags & VM_GROWSDOWN);

	if (!native ||
	    (bc_is_private(flags) && !bc_mm_charge(m, BC_MM_PRIVATE, pages, severity, -ENOMEM)))
		return false;
	if (likely(!(flags & VM_LOCKED)) || bc_mm_charge(m, BC_MM_LOCKED, pages, severity, -ENOMEM))
		return true;
	bc_mm_settle(m);
	return false;
}

/* Ask the kernel, then @ask with its answer. */
static __always_inline bool bc_expand(struct mm_struct *mm, vm_flags_t flags, unsigned long pages,
				      bool (*ask)(struct bc_mm *m, unsigned long flags,
						  unsigned long pages, bool native))
{
	struct bc_mm *m;
	struct bc *bc;
	bool ok;

	bc_hook_enter();
	ok = bc_orig_may_expand_vm(mm, flags, pages);
	bc = bc_of_cred();
	if (bc) {
		m = bc_mm_get_or_refuse(mm, bc, BC_MM_PRIVATE, pages);
		ok = m && ask(m, flags, pages, ok);
	}
	bc_hook_leave();
	return ok;
}

static bool notrace bc_wrap_may_expand_vm(struct mm_struct *mm, vm_flags_t flags,
					  unsigned long pages)
{
	return bc_expand(mm, flags, pages, bc_expand_ask);
}

static bool notrace bc_wrap_mprotect_expand(struct mm_struct *mm, vm_flags_t flags,
					    unsigned long pages)
{
	return bc_expand(mm, flags, pages, bc_mprotect_ask);
}

BC_CALLBACK(bc_on_may_expand_vm)
{
	vm_flags_t flags = BC_ARG1(vm_flags_t);
	const struct bc *bc = bc_of_cred();

	if (!bc)
		return;
	if (bc_in_range(parent_ip, &bc_mmap_inner_range) ||
	    bc_in_range(parent_ip, &bc_mmap_range)) {
		if (bc_is_private(flags) || bc_kmem_bounded(bc, BC_HARD))
			BC_REDIRECT(bc_wrap_mmap_expand);
	} else if (bc_in_range(parent_ip, &bc_mprotect_range)) {
		BC_REDIRECT(bc_wrap_mprotect_expand);
	} else if (bc_is_private(flags) || (flags & VM_LOCKED)) {
		BC_REDIRECT(bc_wrap_may_expand_vm);
	}
}

BC_CALLBACK(bc_on_exit_mmap)
{
	struct mm_struct *mm = BC_ARG0(struct mm_struct *);

	if (bc_record_may_exist(mm))
		bc_memory_forget(mm);
}

static int bc_memory_bc_init(struct bc *bc)
{
	struct bc_record_list *mms = bc_record_list_alloc();

	bc->families[bc_memory_family.index] = mms;
	return mms ? 0 : -ENOMEM;
}

static void bc_memory_bc_exit(struct bc *bc)
{
	bc_record_list_free(bc_mms_of(bc));
}

#define BC_BOTH (BIT(BC_PRIVVMPAGES) | BIT(BC_LOCKEDPAGES))

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "exit_mmap" },
		.callback = bc_on_exit_mmap,
		.rows = BC_BOTH,
		.missing = "privvmpages and lockedpages are not enforced",
	},
	{
		.symbols = { "may_expand_vm" },
		.callback = bc_on_may_expand_vm,
		.original = &bc_addr_may_expand_vm,
		.rows = BC_BOTH,
		.missing = "privvmpages and lockedpages are not enforced",
	},
	{
		.symbols = { "mmap_region" },
		.callback = bc_on_mmap_region,
		.original = &bc_addr_mmap_region,
		.rows = BC_BOTH | BIT(BC_VMGUARPAGES),
		.missing = "privvmpages, lockedpages and vmguarpages are not enforced",
	},
};

static void bc_mm_hooks_init(void)
{
	bc_symbol_range("mprotect_fixup", &bc_mprotect_range);
	bc_symbol_range("mmap_region", &bc_mmap_range);
	bc_symbol_range("__mmap_region", &bc_mmap_inner_range);
	bc_mmap_asks_twice = bc_symbol_address("count_vma_pages_range");
	bc_overcommit = (const int *)bc_symbol_address("sysctl_overcommit_memory");
}

const struct bc_hook_group bc_mm_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_mm_hooks_init };

struct bc_family bc_memory_family = {
	.name = "memory",
	.rows = BC_BOTH,
	.bc_init = bc_memory_bc_init,
	.bc_exit = bc_memory_bc_exit,
	.recount = bc_memory_recount,
};

struct bc_family bc_vmguar_family = {
	.name = "guaranteed address space",
	.rows = BIT(BC_VMGUARPAGES),
	.state = BC_STATE_GUARANTEE,
};
