// SPDX-License-Identifier: GPL-2.0
/*
 * privvmpages: address space that is or may become private memory of a
 * container: private writable mappings and stacks, touched or not, MAP_NORESERVE
 * included. Refusing here is early and clean: the program sees ENOMEM instead of
 * meeting the OOM killer later.
 *
 * Charged before it grows (mmap, brk, mremap, mprotect, fork's copy, exec's
 * image, stack): mm.c, which also says how it is given back. Here is what is
 * peculiar to it: fork and mprotect.
 *
 * At the barrier: ENOMEM for mmap, brk, mremap, fork. At the limit: ENOMEM for
 * mprotect, exec killed or ENOMEM, SIGSEGV where a stack grows.
 */
#include "mm.h"

/* First question of mprotect: for the new flags. */
static bool bc_mprotect_first(struct bc_mm *m, unsigned long flags, unsigned long pages,
			      bool native)
{
	m->new_private = bc_is_private(flags);
	m->asked = pages;
	if (!native)
		m->probe = BC_PROBE_NATIVE;
	else if (m->new_private && !bc_mm_charge(m, BC_MM_PRIVATE, pages, BC_SOFT, 0))
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
	return !bc_mm_charge(m, BC_MM_PRIVATE, m->asked, BC_SOFT, -ENOMEM);
}

/**
 * bc_mprotect_ask() - may_expand_vm(), called by mprotect
 * @m: mmap_lock held for writing
 * @flags: of the question
 * @pages: as above
 * @native: what the kernel said
 */
bool bc_mprotect_ask(struct bc_mm *m, unsigned long flags, unsigned long pages, bool native)
{
	if (m->probe == BC_PROBE_NONE)
		return bc_mprotect_first(m, flags, pages, native);
	return bc_mprotect_second(m, flags, native);
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
	m = bc_mm_get(mm, bc, bc_child_user_ns(child));
	if (m && bc_mm_grow(m, BC_MM_PRIVATE, 0, bc_hard_unless_sent(), &held))
		return 0;
	bc_refuse(bc, BC_PRIVVMPAGES, bc_mm_pages(mm, BC_MM_PRIVATE), held, -ENOMEM);
	return -ENOMEM;
}
