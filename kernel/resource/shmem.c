// SPDX-License-Identifier: GPL-2.0
/*
 * shmpages: memory that is shared or lives in a memory file system: tmpfs that is
 * mounted inside of the container, memfd, SysV segments, shared anonymous
 * mappings; in RAM or in swap.
 *
 * Two kinds, as the kernel's own strict accounting has them. What reserves its
 * size (segments, shared anonymous mappings) pays when it is made and is given
 * back when it goes: touching it cannot fail. What grows as it is filled (files of
 * tmpfs, memfd, MAP_NORESERVE) pays by the page, and a hole or a truncation
 * gives back.
 *
 * At the barrier: ENOSPC for writing, fallocate and shmget, ENOMEM for mmap;
 * touching a hole of a mapped file is SIGBUS, as on a full tmpfs. The kernel
 * asks twice before it gives up on a page; failcnt may count both.
 *
 * A tmpfs belongs to the user namespace that mounted it. Files of the kernel's
 * own mount are nobody's by themselves: a record each, made with the file by the
 * credentials of its maker. Known gaps: a tmpfs that the host mounted for the
 * container is not counted, see memory.max; segments of huge pages are not.
 *
 * Lock order: the kernel's lock of the inode, bc_record_list.lock, bc_record.lock.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "record.h"

BC_DECLARE_ORIGINAL(struct file *, __shmem_file_setup, struct vfsmount *mnt, const char *name,
		    loff_t size, unsigned long flags, unsigned int i_flags);
BC_DECLARE_ORIGINAL(int, shmem_inode_acct_blocks, struct inode *inode, long pages);
BC_DECLARE_ORIGINAL(struct folio *, shmem_alloc_and_acct_folio, gfp_t gfp, struct inode *inode,
		    pgoff_t index, bool huge);
BC_DECLARE_ORIGINAL(int, shmem_add_to_page_cache, struct folio *folio,
		    struct address_space *mapping, pgoff_t index, void *expected, gfp_t gfp,
		    struct mm_struct *mm);
BC_DECLARE_ORIGINAL(void, shmem_recalc_inode, struct inode *inode);
BC_DECLARE_ORIGINAL(bool, shmem_charge, struct inode *inode, long pages);
BC_DECLARE_ORIGINAL(int, shmem_mfill_atomic_pte, struct mm_struct *mm, pmd_t *pmd,
		    struct vm_area_struct *vma, unsigned long dst, unsigned long src, bool zeropage,
		    bool wp_copy, struct page **page);

/**
 * struct bc_shm - what is charged for a file of the kernel's own mount
 * @record: of the inode; its lock guards @pages
 * @pages: charged
 * @reserved: the size was charged when it was made, pages are not. Constant.
 * @gone: the inode ends and @pages have been given back
 */
struct bc_shm {
	struct bc_record	record;
	long			pages;
	bool			reserved;
	bool			gone;
};

/* Here the caller gives back what shmem_alloc_and_acct_folio() has charged. */
static struct bc_range bc_get_folio_range;

static struct bc_record_list *bc_shms_of(const struct bc *bc)
{
	return bc->families[bc_shmem_family.index];
}

/* Whose pages: NULL of nobody or paid for already. The inode is the caller's, or RCU. */
static __always_inline struct bc *bc_of_shmem(const struct inode *inode, struct bc_shm **shm)
{
	struct bc *bc = bc_of_ns(inode->i_sb->s_user_ns);
	struct bc_record *r;

	*shm = NULL;
	if (bc || !(inode->i_sb->s_flags & SB_KERNMOUNT) || !bc_record_may_exist(inode))
		return bc;
	r = bc_record_find(inode);
	if (!r)
		return NULL;
	*shm = container_of(r, struct bc_shm, record);
	return (*shm)->reserved ? NULL : r->bc;
}

static __always_inline bool bc_shmem_is_counted(const struct inode *inode)
{
	struct bc_shm *shm;

	return bc_of_shmem(inode, &shm);
}

/* False: the end of the inode has given them back. */
static bool bc_shmem_note(struct bc_shm *shm, long pages)
{
	bool ok;

	if (!shm)
		return true;
	spin_lock(&shm->record.lock);
	ok = !shm->gone;
	if (ok)
		shm->pages += pages;
	spin_unlock(&shm->record.lock);
	return ok;
}

static bool bc_shmem_charge(struct inode *inode, long pages, enum bc_severity severity)
{
	struct bc_shm *shm;
	struct bc *bc = bc_of_shmem(inode, &shm);

	if (!bc)
		return true;
	if (!bc_try_charge(bc, BC_SHMPAGES, pages, severity, -ENOSPC))
		return false;
	bc_shmem_note(shm, pages);
	return true;
}

/* swapoff(2) may come here while the inode ends. */
static void bc_shmem_uncharge(struct inode *inode, long pages)
{
	struct bc_shm *shm;
	struct bc *bc;

	rcu_read_lock();
	bc = bc_of_shmem(inode, &shm);
	if (bc && bc_shmem_note(shm, -pages))
		bc_uncharge(bc, BC_SHMPAGES, pages);
	rcu_read_unlock();
}

/* ---- files of the kernel's own mount: birth and end ---- */

/* SysV segments are named so by ipc/shm.c; shmget(2) has ENOSPC, mmap(2) has not. */
static int bc_setup_error(const char *name)
{
	return strncmp(name, "SYSV", 4) ? -ENOMEM : -ENOSPC;
}

/* The inode of @file has a record from now on, or the file is given up. */
static struct file *bc_shmem_born(struct bc *bc, struct file *file, long pages)
{
	struct bc_record *r;
	struct bc_shm *shm;

	if (IS_ERR(file)) {
		if (pages)
			bc_uncharge(bc, BC_SHMPAGES, pages);
		return file;
	}
	r = bc_record_get(file_inode(file), bc, current_user_ns(), bc_shms_of(bc), sizeof(*shm));
	if (!r) {
		if (pages)
			bc_uncharge(bc, BC_SHMPAGES, pages);
		fput(file);
		return ERR_PTR(-ENOMEM);
	}
	shm = container_of(r, struct bc_shm, record);
	shm->reserved = pages;
	shm->pages = pages;
	return file;
}

static struct file *notrace bc_wrap___shmem_file_setup(struct vfsmount *mnt, const char *name,
						       loff_t size, unsigned long flags,
						       unsigned int i_flags)
{
	struct file *file;
	long pages = 0;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_cred();
	if (!bc || IS_ERR(mnt) || !(mnt->mnt_sb->s_flags & SB_KERNMOUNT) || size < 0) {
		file = bc_orig___shmem_file_setup(mnt, name, size, flags, i_flags);
		goto out;
	}
	if (!(flags & VM_NORESERVE))
		pages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	if (pages &&
	    !bc_try_charge(bc, BC_SHMPAGES, pages, bc_hard_unless_sent(), bc_setup_error(name))) {
		file = ERR_PTR(bc_setup_error(name));
		goto out;
	}
	file = bc_orig___shmem_file_setup(mnt, name, size, flags, i_flags);
	file = bc_shmem_born(bc, file, pages);
out:
	bc_hook_leave();
	return file;
}

BC_CALLBACK(bc_on___shmem_file_setup)
{
	if (bc_of_cred())
		BC_REDIRECT(bc_wrap___shmem_file_setup);
}

/* Before its pages go: what is given back later finds no record. */
BC_CALLBACK(bc_on_shmem_evict_inode)
{
	struct inode *inode = BC_ARG0(struct inode *);
	struct bc_record *r;
	struct bc_shm *shm;

	if (!(inode->i_sb->s_flags & SB_KERNMOUNT) || !bc_record_may_exist(inode))
		return;
	r = bc_record_find(inode);
	if (!r)
		return;
	shm = container_of(r, struct bc_shm, record);
	spin_lock(&r->lock);
	shm->gone = true;
	spin_unlock(&r->lock);
	bc_record_unlink(r, bc_shms_of(r->bc));
	if (shm->pages > 0)
		bc_uncharge(r->bc, BC_SHMPAGES, shm->pages);
	bc_record_free(r);
}

/* ---- pages, where the kernel has a function each way ---- */

static int notrace bc_wrap_shmem_inode_acct_blocks(struct inode *inode, long pages)
{
	int ret = -ENOSPC;

	bc_hook_enter();
	if (bc_shmem_charge(inode, pages, bc_hard_unless_sent())) {
		ret = bc_orig_shmem_inode_acct_blocks(inode, pages);
		if (ret)
			bc_shmem_uncharge(inode, pages);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_shmem_inode_acct_blocks)
{
	if (bc_shmem_is_counted(BC_ARG0(const struct inode *)))
		BC_REDIRECT(bc_wrap_shmem_inode_acct_blocks);
}

BC_CALLBACK(bc_on_shmem_inode_unacct_blocks)
{
	bc_shmem_uncharge(BC_ARG0(struct inode *), BC_ARG1(long));
}

/* ---- pages, where these are inlined (6.1) ---- */

static struct folio *notrace bc_wrap_shmem_alloc_and_acct_folio(gfp_t gfp, struct inode *inode,
								pgoff_t index, bool huge)
{
	long pages = huge && IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ? HPAGE_PMD_NR : 1;
	struct folio *folio = ERR_PTR(-ENOSPC);

	bc_hook_enter();
	if (bc_shmem_charge(inode, pages, bc_hard_unless_sent())) {
		folio = bc_orig_shmem_alloc_and_acct_folio(gfp, inode, index, huge);
		if (IS_ERR(folio))
			bc_shmem_uncharge(inode, pages);
	}
	bc_hook_leave();
	return folio;
}

BC_CALLBACK(bc_on_shmem_alloc_and_acct_folio)
{
	if (bc_shmem_is_counted(BC_ARG1(const struct inode *)))
		BC_REDIRECT(bc_wrap_shmem_alloc_and_acct_folio);
}

static int notrace bc_wrap_shmem_add_to_page_cache(struct folio *folio,
						   struct address_space *mapping, pgoff_t index,
						   void *expected, gfp_t gfp, struct mm_struct *mm)
{
	int ret;

	bc_hook_enter();
	ret = bc_orig_shmem_add_to_page_cache(folio, mapping, index, expected, gfp, mm);
	if (ret)
		bc_shmem_uncharge(mapping->host, folio_nr_pages(folio));
	bc_hook_leave();
	return ret;
}

/* A page that comes from swap has been charged all the time. */
BC_CALLBACK(bc_on_shmem_add_to_page_cache)
{
	if (bc_in_range(parent_ip, &bc_get_folio_range) && !BC_ARG3(void *) &&
	    bc_shmem_is_counted(BC_ARG1(const struct address_space *)->host))
		BC_REDIRECT(bc_wrap_shmem_add_to_page_cache);
}

/* The inode's lock is held. */
static void notrace bc_wrap_shmem_recalc_inode(struct inode *inode)
{
	unsigned long before;

	bc_hook_enter();
	before = SHMEM_I(inode)->alloced;
	bc_orig_shmem_recalc_inode(inode);
	if (before != SHMEM_I(inode)->alloced)
		bc_shmem_uncharge(inode, before - SHMEM_I(inode)->alloced);
	bc_hook_leave();
}

BC_CALLBACK(bc_on_shmem_recalc_inode)
{
	if (bc_shmem_is_counted(BC_ARG0(const struct inode *)))
		BC_REDIRECT(bc_wrap_shmem_recalc_inode);
}

/* Small pages become a huge one, holes included; refusing is normal here. */
static bool notrace bc_wrap_shmem_charge(struct inode *inode, long pages)
{
	bool ok = false;

	bc_hook_enter();
	if (bc_shmem_charge(inode, pages, BC_HARD)) {
		ok = bc_orig_shmem_charge(inode, pages);
		if (!ok)
			bc_shmem_uncharge(inode, pages);
	}
	bc_hook_leave();
	return ok;
}

BC_CALLBACK(bc_on_shmem_charge)
{
	if (bc_shmem_is_counted(BC_ARG0(const struct inode *)))
		BC_REDIRECT(bc_wrap_shmem_charge);
}

BC_CALLBACK(bc_on_shmem_uncharge)
{
	bc_shmem_uncharge(BC_ARG0(struct inode *), BC_ARG1(long));
}

/* userfaultfd fills a page. What fails first thing drops the page of an earlier try. */
static int notrace bc_wrap_shmem_mfill_atomic_pte(struct mm_struct *mm, pmd_t *pmd,
						  struct vm_area_struct *vma, unsigned long dst,
						  unsigned long src, bool zeropage, bool wp_copy,
						  struct page **page)
{
	struct inode *inode = file_inode(vma->vm_file);
	int ret = -ENOMEM;

	bc_hook_enter();
	if (bc_shmem_charge(inode, 1, bc_hard_unless_sent())) {
		ret = bc_orig_shmem_mfill_atomic_pte(mm, pmd, vma, dst, src, zeropage, wp_copy,
						     page);
		if (ret)
			bc_shmem_uncharge(inode, 1);
	} else if (*page) {
		put_page(*page);
		*page = NULL;
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_shmem_mfill_atomic_pte)
{
	const struct vm_area_struct *vma = BC_ARG2(const struct vm_area_struct *);

	if (bc_shmem_is_counted(file_inode(vma->vm_file)))
		BC_REDIRECT(bc_wrap_shmem_mfill_atomic_pte);
}

static int bc_shmem_bc_init(struct bc *bc)
{
	struct bc_record_list *shms = bc_record_list_alloc();

	bc->families[bc_shmem_family.index] = shms;
	return shms ? 0 : -ENOMEM;
}

static void bc_shmem_bc_exit(struct bc *bc)
{
	bc_record_list_free(bc_shms_of(bc));
}

#define BC_ACCT "shmem_inode_acct_blocks"

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "shmem_evict_inode" },
		.callback = bc_on_shmem_evict_inode,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_inode_unacct_blocks" },
		.only_with = BC_ACCT,
		.callback = bc_on_shmem_inode_unacct_blocks,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_inode_acct_blocks" },
		.only_with = BC_ACCT,
		.callback = bc_on_shmem_inode_acct_blocks,
		.original = &bc_addr_shmem_inode_acct_blocks,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_recalc_inode" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_recalc_inode,
		.original = &bc_addr_shmem_recalc_inode,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_add_to_page_cache" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_add_to_page_cache,
		.original = &bc_addr_shmem_add_to_page_cache,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_alloc_and_acct_folio" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_alloc_and_acct_folio,
		.original = &bc_addr_shmem_alloc_and_acct_folio,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_uncharge" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_uncharge,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_charge" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_charge,
		.original = &bc_addr_shmem_charge,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "shmem_mfill_atomic_pte" },
		.only_without = BC_ACCT,
		.callback = bc_on_shmem_mfill_atomic_pte,
		.original = &bc_addr_shmem_mfill_atomic_pte,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
	{
		.symbols = { "__shmem_file_setup" },
		.callback = bc_on___shmem_file_setup,
		.original = &bc_addr___shmem_file_setup,
		.rows = BIT(BC_SHMPAGES),
		.missing = "shmpages is not enforced",
	},
};

static void bc_shmem_hooks_init(void)
{
	bc_symbol_range("shmem_get_folio_gfp", &bc_get_folio_range);
}

const struct bc_hook_group bc_shmem_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_shmem_hooks_init };

struct bc_family bc_shmem_family = {
	.name = "shared memory",
	.rows = BIT(BC_SHMPAGES),
	.bc_init = bc_shmem_bc_init,
	.bc_exit = bc_shmem_bc_exit,
};
