// SPDX-License-Identifier: GPL-2.0
/*
 * numipc: System V segments, semaphore sets and message queues, and POSIX message queues.
 *
 * Charged when one is made, to the owner of its IPC namespace; released when it is removed,
 * or with the namespace, which goes in a work queue. HARD: ENOSPC at the barrier, as all four
 * calls document it; FORCE for what the host makes there.
 *
 * The kernel's own bounds (kernel.shmmni, kernel.sem, kernel.msgmni, fs.mqueue.queues_max) are one for
 * each namespace. What the objects hold is in other rows: segments in shmpages, messages in
 * kmemsize.
 *
 * ipc_addid() fails only after it has given the object the reference that its caller then drops:
 * where it is to fail, it is run with a limit of 0. It returns with the object locked.
 */
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/mqueue.h>
#include <linux/nsproxy.h>

#include "item.h"

BC_DECLARE_ORIGINAL(int, ipc_addid, struct ipc_ids *ids, struct kern_ipc_perm *new, int limit);
BC_DECLARE_ORIGINAL(struct inode *, mqueue_get_inode, struct super_block *sb,
		    struct ipc_namespace *ns, umode_t mode, struct mq_attr *attr);

static struct bc_item *bc_ipc_charge(struct bc *bc)
{
	return bc_item_charge(bc, BC_NUMIPC, 1, bc_severity_of_current(BC_HARD), -ENOSPC);
}

/* ---- System V: in the caller's namespace ---- */

static int notrace bc_wrap_ipc_addid(struct ipc_ids *ids, struct kern_ipc_perm *new, int limit)
{
	struct user_namespace *owner = current->nsproxy->ipc_ns->user_ns;
	struct bc_item *item = NULL;
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_ns(owner);
	if (bc)
		item = bc_ipc_charge(bc);
	ret = bc_orig_ipc_addid(ids, new, IS_ERR(item) ? 0 : limit);
	if (!IS_ERR_OR_NULL(item)) {
		if (ret < 0)
			bc_item_cancel(item);
		else
			bc_item_made(item, new, owner);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_ipc_addid)
{
	if (bc_of_ns(current->nsproxy->ipc_ns->user_ns))
		BC_REDIRECT(bc_wrap_ipc_addid);
}

BC_CALLBACK(bc_on_ipc_rmid)
{
	bc_item_gone(BC_ARG1(const struct kern_ipc_perm *));
}

/* ---- POSIX message queues: inodes of the namespace's file system ---- */

static struct inode *notrace bc_wrap_mqueue_get_inode(struct super_block *sb,
						      struct ipc_namespace *ns, umode_t mode,
						      struct mq_attr *attr)
{
	struct bc_item *item = NULL;
	struct inode *inode;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_ns(ns->user_ns);
	if (bc)
		item = bc_ipc_charge(bc);
	if (IS_ERR(item)) {
		inode = ERR_CAST(item);
	} else {
		inode = bc_orig_mqueue_get_inode(sb, ns, mode, attr);
		if (item && IS_ERR(inode))
			bc_item_cancel(item);
		else if (item)
			bc_item_made(item, inode, ns->user_ns);
	}
	bc_hook_leave();
	return inode;
}

BC_CALLBACK(bc_on_mqueue_get_inode)
{
	if (S_ISREG(BC_ARG2(umode_t)) && bc_of_ns(BC_ARG1(struct ipc_namespace *)->user_ns))
		BC_REDIRECT(bc_wrap_mqueue_get_inode);
}

BC_CALLBACK(bc_on_mqueue_evict_inode)
{
	bc_item_gone(BC_ARG0(const struct inode *));
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "ipc_rmid" },
		.callback = bc_on_ipc_rmid,
		.rows = BIT(BC_NUMIPC),
		.missing = "numipc is not enforced",
	},
	{
		.symbols = { "ipc_addid" },
		.callback = bc_on_ipc_addid,
		.original = &bc_addr_ipc_addid,
		.rows = BIT(BC_NUMIPC),
		.missing = "numipc is not enforced",
	},
	{
		.symbols = { "mqueue_evict_inode" },
		.only_with = "mqueue_evict_inode",
		.callback = bc_on_mqueue_evict_inode,
		.rows = BIT(BC_NUMIPC),
		.missing = "numipc is not enforced",
	},
	{
		.symbols = { "mqueue_get_inode" },
		.only_with = "mqueue_evict_inode",
		.callback = bc_on_mqueue_get_inode,
		.original = &bc_addr_mqueue_get_inode,
		.rows = BIT(BC_NUMIPC),
		.missing = "numipc is not enforced",
	},
};

const struct bc_hook_group bc_ipc_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

struct bc_family bc_ipc_family = {
	.name = "IPC objects",
	.rows = BIT(BC_NUMIPC),
};
