/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address spaces: one record each, for the rows that follow the kernel's own
 * count of it: privvmpages (memory.c) and lockedpages (mlock.c).
 */
#ifndef BC_RESOURCE_MM_H
#define BC_RESOURCE_MM_H

#include <linux/mm.h>

#include "record.h"

enum bc_mm_row {
	BC_MM_PRIVATE,
	BC_MM_LOCKED,
	BC_MM_ROWS,
};

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
 * @record: of the mm; its lock guards @charged. The owner may be another
 *	namespace than the mm's own: of a task that the host sent, or of a program
 *	that may not be read.
 * @charged: pages, by row
 * @probe: see enum bc_probe. Guarded by mmap_lock held for writing.
 * @ahead: a mapping is being made that is charged already. As @probe.
 * @refused: a mapping has been refused, and will be asked for once more. As @probe.
 * @new_private: of mprotect's first question: the new flags are data. As @probe.
 * @asked: of mprotect's first question: pages. As @probe.
 */
struct bc_mm {
	struct bc_record	record;
	unsigned long		charged[BC_MM_ROWS];
	enum bc_probe		probe;
	bool			ahead;
	bool			refused;
	bool			new_private;
	unsigned long		asked;
};

static __always_inline struct mm_struct *bc_mm_of(const struct bc_mm *m)
{
	return (struct mm_struct *)m->record.object;
}

/* What data_vm and stack_vm count. */
static __always_inline bool bc_is_private(unsigned long flags)
{
	return (flags & (VM_WRITE | VM_SHARED)) == VM_WRITE || (flags & VM_GROWSDOWN);
}

unsigned long bc_mm_pages(const struct mm_struct *mm, enum bc_mm_row row);
struct bc_mm *bc_mm_get(struct mm_struct *mm, struct bc *bc, struct user_namespace *owner);
struct bc_mm *bc_mm_get_or_refuse(struct mm_struct *mm, struct bc *bc, enum bc_mm_row row,
				  unsigned long pages);
bool bc_mm_grow(struct bc_mm *m, enum bc_mm_row row, unsigned long grow, enum bc_severity severity,
		unsigned long *held);
bool bc_mm_charge(struct bc_mm *m, enum bc_mm_row row, unsigned long pages,
		  enum bc_severity severity, int err);
bool bc_mm_charge_apart(struct bc *bc, enum bc_mm_row row, unsigned long pages,
			enum bc_severity severity, int err);
void bc_mm_settle(struct bc_mm *m);
enum bc_severity bc_mm_severity(bool grows_down);

/* mprotect's questions, see memory.c. */
bool bc_mprotect_ask(struct bc_mm *m, unsigned long flags, unsigned long pages, bool native);

#endif
