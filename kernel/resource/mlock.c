// SPDX-License-Identifier: GPL-2.0
/*
 * lockedpages: memory that must stay in RAM: mlock, mlock2, mlockall, MAP_LOCKED,
 * what grows while MCL_FUTURE is on, SHM_LOCK.
 *
 * Locked address space is counted like privvmpages: the kernel's locked_vm of
 * each mm is the truth, charged before it grows, recounted before it matters
 * (mm.c: mmap, mremap, brk, stack). Here are mlock and mlockall, charged as a
 * whole for what is not locked yet, or refused as a whole; and SHM_LOCK, which
 * belongs to a segment and is charged to the user namespace that locked it until it
 * is unlocked or the segment goes.
 *
 * At the barrier: ENOMEM for mlock, mlockall, mremap, SHM_LOCK; EAGAIN for mmap;
 * at the limit SIGSEGV where a locked stack grows. RLIMIT_MEMLOCK stands in front.
 *
 * Known gaps: pages that devices, io_uring or memfd_secret() pin are not
 * counted; those of AF_XDP are, and never refused.
 */
#include <linux/dax.h>
#include <linux/hugetlb.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>

#include "mm.h"

BC_DECLARE_ORIGINAL(int, apply_vma_lock_flags, unsigned long start, size_t len, vm_flags_t flags);
BC_DECLARE_ORIGINAL(int, apply_mlockall_flags, int flags);
BC_DECLARE_ORIGINAL(int, user_shm_lock, size_t size, struct ucounts *ucounts);

/* Pages that locking from @start to @end is going to add. mmap_lock is held. */
static unsigned long bc_lock_adds(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	unsigned long pages = 0;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = find_vma(mm, vma->vm_end)) {
		if (!(vma->vm_flags & (VM_LOCKED | VM_SPECIAL)) && !is_vm_hugetlb_page(vma) &&
		    !vma_is_dax(vma))
			pages += (min(end, vma->vm_end) - max(start, vma->vm_start)) >> PAGE_SHIFT;
	}
	return pages;
}

/* NULL: refused. The caller's mm, mmap_lock held for writing. */
static struct bc_mm *bc_lock_charge(struct bc *bc, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = current->mm;
	unsigned long pages = bc_lock_adds(mm, start, end);
	struct bc_mm *m = bc_mm_get_or_refuse(mm, bc, BC_MM_LOCKED, pages);

	if (m && pages && !bc_mm_charge(m, BC_MM_LOCKED, pages, bc_mm_severity(false), -ENOMEM))
		return NULL;
	return m;
}

static int notrace bc_wrap_apply_vma_lock_flags(unsigned long start, size_t len, vm_flags_t flags)
{
	struct bc_mm *m = NULL;
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_cred();
	if (bc)
		m = bc_lock_charge(bc, start, start + len);
	if (bc && !m) {
		ret = -ENOMEM;
	} else {
		ret = bc_orig_apply_vma_lock_flags(start, len, flags);
		if (m)
			bc_mm_settle(m);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_apply_vma_lock_flags)
{
	if ((BC_ARG2(vm_flags_t) & VM_LOCKED) && bc_of_cred())
		BC_REDIRECT(bc_wrap_apply_vma_lock_flags);
}

static int notrace bc_wrap_apply_mlockall_flags(int flags)
{
	struct bc_mm *m = NULL;
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_cred();
	if (bc)
		m = bc_lock_charge(bc, 0, ULONG_MAX);
	if (bc && !m) {
		ret = -ENOMEM;
	} else {
		ret = bc_orig_apply_mlockall_flags(flags);
		if (m)
			bc_mm_settle(m);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_apply_mlockall_flags)
{
	if ((BC_ARG0(unsigned long) & MCL_CURRENT) && bc_of_cred())
		BC_REDIRECT(bc_wrap_apply_mlockall_flags);
}

/* ---- SHM_LOCK: the segment keeps the ucounts that locked it ---- */

static int notrace bc_wrap_user_shm_lock(size_t size, struct ucounts *ucounts)
{
	struct bc *bc;
	int ret = 0;

	bc_hook_enter();
	bc = bc_of_ns(ucounts->ns);
	if (!bc || bc_mm_charge_apart(bc, BC_MM_LOCKED, PFN_UP(size), BC_HARD, -ENOMEM)) {
		ret = bc_orig_user_shm_lock(size, ucounts);
		if (!ret && bc)
			bc_uncharge(bc, BC_LOCKEDPAGES, PFN_UP(size));
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_user_shm_lock)
{
	if (bc_of_ns(BC_ARG1(struct ucounts *)->ns))
		BC_REDIRECT(bc_wrap_user_shm_lock);
}

BC_CALLBACK(bc_on_user_shm_unlock)
{
	struct bc *bc = bc_of_ns(BC_ARG1(struct ucounts *)->ns);

	if (bc)
		bc_uncharge(bc, BC_LOCKEDPAGES, PFN_UP(BC_ARG0(size_t)));
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "user_shm_unlock" },
		.callback = bc_on_user_shm_unlock,
		.rows = BIT(BC_LOCKEDPAGES),
		.missing = "lockedpages is not enforced",
	},
	{
		.symbols = { "user_shm_lock" },
		.callback = bc_on_user_shm_lock,
		.original = &bc_addr_user_shm_lock,
		.rows = BIT(BC_LOCKEDPAGES),
		.missing = "lockedpages is not enforced",
	},
	{
		.symbols = { "apply_vma_lock_flags" },
		.callback = bc_on_apply_vma_lock_flags,
		.original = &bc_addr_apply_vma_lock_flags,
		.rows = BIT(BC_LOCKEDPAGES),
		.missing = "lockedpages is not enforced",
	},
	{
		.symbols = { "apply_mlockall_flags" },
		.callback = bc_on_apply_mlockall_flags,
		.original = &bc_addr_apply_mlockall_flags,
		.rows = BIT(BC_LOCKEDPAGES),
		.missing = "lockedpages is not enforced",
	},
};

const struct bc_hook_group bc_mlock_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), NULL };
