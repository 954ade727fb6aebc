// SPDX-License-Identifier: GPL-2.0
/*
 * numpty: pseudo terminals.
 *
 * Charged when a master is opened (/dev/ptmx), released when both ends are
 * closed, to the user namespace that the devpts instance was mounted in, which
 * never changes. ENOSPC at the barrier, the kernel's own word for "no more".
 *
 * A terminal that a task of the host opens in a container's devpts (vzctl enter)
 * is counted and never refused. What a container does with a terminal of the
 * host's devpts is the host's.
 *
 * struct pts_fs_info is private to fs/devpts: where it keeps its superblock is
 * looked up in a real instance, at load, before anything relies on it.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/uaccess.h>

#include "resource.h"

struct pts_fs_info;

BC_DECLARE_ORIGINAL(int, devpts_new_index, struct pts_fs_info *fsi);

/* Where the pointer to the superblock lies; 0: not found. Settled before the hooks are live. */
static unsigned int bc_fsi_sb_offset;

/* The structure is a counter, options and the pointer: not larger than that. */
#define BC_FSI_MAX 128

static struct bc *bc_of_fsi(const void *fsi)
{
	if (!bc_fsi_sb_offset)
		return NULL;
	return bc_of_ns((*(struct super_block *const *)(fsi + bc_fsi_sb_offset))->s_user_ns);
}

static int notrace bc_wrap_devpts_new_index(struct pts_fs_info *fsi)
{
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_fsi(fsi);
	if (bc && !bc_try_charge(bc, BC_NUMPTY, 1, bc_severity_of_current(BC_HARD), -ENOSPC)) {
		ret = -ENOSPC;
	} else {
		ret = bc_orig_devpts_new_index(fsi);
		if (ret < 0 && bc)
			bc_uncharge(bc, BC_NUMPTY, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_devpts_new_index)
{
	if (bc_of_fsi(BC_ARG0(void *)))
		BC_REDIRECT(bc_wrap_devpts_new_index);
}

BC_CALLBACK(bc_on_devpts_kill_index)
{
	struct bc *bc = bc_of_fsi(BC_ARG0(void *));

	if (bc)
		bc_uncharge(bc, BC_NUMPTY, 1);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "devpts_kill_index" },
		.callback = bc_on_devpts_kill_index,
		.rows = BIT(BC_NUMPTY),
		.missing = "numpty is not enforced",
	},
	{
		.symbols = { "devpts_new_index" },
		.callback = bc_on_devpts_new_index,
		.original = &bc_addr_devpts_new_index,
		.rows = BIT(BC_NUMPTY),
		.missing = "numpty is not enforced",
	},
};

static unsigned int bc_find_pointer(const void *where, const void *what)
{
	const void *word;
	unsigned int i;

	for (i = sizeof(word); i < BC_FSI_MAX; i += sizeof(word))
		if (!copy_from_kernel_nofault(&word, where + i, sizeof(word)) && word == what)
			return i;
	return 0;
}

static void bc_pty_hooks_init(void)
{
	struct file_system_type *type = get_fs_type("devpts");
	struct vfsmount *mnt;

	if (!type)
		return;
	mnt = kern_mount(type);
	if (!IS_ERR(mnt)) {
		bc_fsi_sb_offset = bc_find_pointer(mnt->mnt_sb->s_fs_info, mnt->mnt_sb);
		kern_unmount(mnt);
	}
	module_put(type->owner);
}

const struct bc_hook_group bc_pty_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_pty_hooks_init };

struct bc_family bc_pty_family = {
	.name = "terminals",
	.rows = BIT(BC_NUMPTY),
};
