// SPDX-License-Identifier: GPL-2.0
/*
 * nummount: mounts: what mount(2), bind mounts and copies of namespaces make, detached
 * ones that hang on a descriptor (fsmount, open_tree) and those that the kernel makes for
 * a namespace or an overlay included.
 *
 * Charged when the mount is made, to the credentials it is made with, also where it comes
 * by propagation; released when the kernel frees it, a moment after the last umount,
 * task, or descriptor. The copy of the host's mounts that a container begins with is the
 * host's. ENOSPC at the barrier, as at fs.mount-max; FORCE for what the host sends in.
 *
 * Whose a mount is a record says: a mount moves from namespace to namespace.
 *
 * struct mount is private to fs/: how far the vfsmount in it lies from its begin is
 * looked up in a real one, at load.
 *
 * Known gaps: an attempt to copy a namespace with n mounts is refused by one of them, so
 * that others may be refused what is given back a moment later.
 */
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/uaccess.h>

#include "item.h"

struct mount;

BC_DECLARE_ORIGINAL(struct vfsmount *, vfs_create_mount, struct fs_context *fc);
BC_DECLARE_ORIGINAL(struct mount *, clone_mnt, struct mount *old, struct dentry *root, int flag);

/* Of struct vfsmount in struct mount; 0: not found. Settled before the hooks are live. */
unsigned int bc_vfsmount_offset;

/* Both pointers and the hash link in front of it; not more than that. */
#define BC_VFSMOUNT_MAX 128

static __always_inline struct bc *bc_of_mounter(void)
{
	return bc_vfsmount_offset ? bc_of_cred() : NULL;
}

/* NULL for the host, or an errno. */
static struct bc_item *bc_mount_charge(void)
{
	struct bc *bc = bc_of_mounter();

	return bc ? bc_item_charge(bc, BC_NUMMOUNT, 1, bc_hard_unless_sent(), -ENOSPC) : NULL;
}

/* @mnt has been made, or not: NULL. */
static void bc_mount_settle(struct bc_item *item, const struct vfsmount *mnt)
{
	if (item && mnt)
		bc_item_made(item, mnt, current_user_ns());
	else if (item)
		bc_item_cancel(item);
}

static struct vfsmount *notrace bc_wrap_vfs_create_mount(struct fs_context *fc)
{
	struct vfsmount *mnt;
	struct bc_item *item;

	bc_hook_enter();
	item = bc_mount_charge();
	if (IS_ERR(item)) {
		mnt = ERR_CAST(item);
	} else {
		mnt = bc_orig_vfs_create_mount(fc);
		bc_mount_settle(item, IS_ERR(mnt) ? NULL : mnt);
	}
	bc_hook_leave();
	return mnt;
}

BC_CALLBACK(bc_on_vfs_create_mount)
{
	if (bc_of_mounter())
		BC_REDIRECT(bc_wrap_vfs_create_mount);
}

static struct mount *notrace bc_wrap_clone_mnt(struct mount *old, struct dentry *root, int flag)
{
	struct bc_item *item;
	struct mount *mnt;

	bc_hook_enter();
	item = bc_mount_charge();
	if (IS_ERR(item)) {
		mnt = ERR_CAST(item);
	} else {
		mnt = bc_orig_clone_mnt(old, root, flag);
		bc_mount_settle(item, IS_ERR(mnt) ? NULL : (void *)mnt + bc_vfsmount_offset);
	}
	bc_hook_leave();
	return mnt;
}

BC_CALLBACK(bc_on_clone_mnt)
{
	if (bc_of_mounter())
		BC_REDIRECT(bc_wrap_clone_mnt);
}

/* Its end, where its marks go; nobody has a reference any more. */
BC_CALLBACK(bc_on_vfsmount_delete)
{
	bc_item_gone(BC_ARG0(const struct vfsmount *));
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "__fsnotify_vfsmount_delete" },
		.callback = bc_on_vfsmount_delete,
		.rows = BIT(BC_NUMMOUNT),
		.missing = "nummount is not enforced",
	},
	{
		.symbols = { "clone_mnt" },
		.callback = bc_on_clone_mnt,
		.original = &bc_addr_clone_mnt,
		.rows = BIT(BC_NUMMOUNT),
		.missing = "nummount is not enforced",
	},
	{
		.symbols = { "vfs_create_mount" },
		.callback = bc_on_vfs_create_mount,
		.original = &bc_addr_vfs_create_mount,
		.rows = BIT(BC_NUMMOUNT),
		.missing = "nummount is not enforced",
	},
};

/* A mount that is nowhere attached is its own parent. */
static bool bc_is_own_parent(const void *mount, const void *end)
{
	const void *const *p, *word;

	for (p = mount; (const void *)p < end; p++)
		if (!copy_from_kernel_nofault(&word, p, sizeof(word)) && word == mount)
			return true;
	return false;
}

static void bc_mount_hooks_init(void)
{
	struct file_system_type *type = get_fs_type("ramfs");
	struct vfsmount *mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	unsigned int i;

	if (!IS_ERR(mnt)) {
		/* the nearest: in front of it are other objects, with pointers to themselves */
		for (i = sizeof(void *); i < BC_VFSMOUNT_MAX && !bc_vfsmount_offset;
		     i += sizeof(void *))
			if (bc_is_own_parent((void *)mnt - i, mnt))
				bc_vfsmount_offset = i;
		kern_unmount(mnt);
	}
	if (type)
		module_put(type->owner);
}

const struct bc_hook_group bc_mount_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_mount_hooks_init };

static bool bc_mount_usable(void)
{
	return bc_vfsmount_offset;
}

struct bc_family bc_mount_family = {
	.name = "mounts",
	.rows = BIT(BC_NUMMOUNT),
	.usable = bc_mount_usable,
};
