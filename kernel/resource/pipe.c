// SPDX-License-Identifier: GPL-2.0
/*
 * pipepages: room in pipes and FIFOs: the pages that all of them could hold, filled or not.
 *
 * Charged when a pipe is made (pipe(2), the first open of a FIFO, the pipe that a task keeps
 * for sendfile(2)) and by the difference when F_SETPIPE_SZ changes its size, to the credentials
 * it is made with; released with its last end. Writing and reading cost nothing.
 *
 * HARD: the barrier is the bound; FORCE for what the host sends in. ENFILE for pipe(2), ENOMEM for a
 * FIFO and sendfile(2), EPERM for F_SETPIPE_SZ, as at the kernel's own bound for each user
 * (fs.pipe-user-pages-*), above which a new pipe has one or two pages instead of 16.
 *
 * A pipe says how large it is only when it is there: it is made, charged, and freed again
 * where it does not fit. Whose it is a record says.
 *
 * Known gaps: pipes of notifications (O_NOTIFICATION_PIPE) count what they are made with.
 */
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>

#include "item.h"

BC_DECLARE_ORIGINAL(struct pipe_inode_info *, alloc_pipe_info, void);
BC_DECLARE_ORIGINAL(int, pipe_resize_ring, struct pipe_inode_info *pipe, unsigned int nr_slots);

/* Where pipe(2) makes one, which says ENFILE. */
static struct bc_range bc_get_pipe_inode;

static unsigned long bc_free_pipe_info;

/* False: refused; it is not charged. */
static bool bc_pipe_charge(struct bc *bc, struct pipe_inode_info *pipe, int err)
{
	struct bc_item *item =
		bc_item_charge(bc, BC_PIPEPAGES, pipe->nr_accounted, bc_hard_unless_sent(), err);

	if (IS_ERR(item))
		return false;
	bc_item_made(item, pipe, current_user_ns());
	return true;
}

static struct pipe_inode_info *notrace bc_wrap_alloc_pipe_info(void)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);
	struct pipe_inode_info *pipe;
	struct bc *bc;

	bc_hook_enter();
	pipe = bc_orig_alloc_pipe_info();
	bc = bc_of_cred();
	if (pipe && bc &&
	    !bc_pipe_charge(bc, pipe,
			    bc_in_range(caller, &bc_get_pipe_inode) ? -ENFILE : -ENOMEM)) {
		bc_call(bc_free_pipe_info, (unsigned long)pipe, 0, 0);
		pipe = NULL;
	}
	bc_hook_leave();
	return pipe;
}

BC_CALLBACK(bc_on_alloc_pipe_info)
{
	if (bc_of_cred())
		BC_REDIRECT(bc_wrap_alloc_pipe_info);
}

/* pipe->mutex is held. */
static int bc_pipe_resize(struct bc_item *item, struct pipe_inode_info *pipe, unsigned long pages)
{
	unsigned long before = item->units;
	struct bc *bc = item->record.bc;
	int ret;

	if (pages > before &&
	    !bc_try_charge(bc, BC_PIPEPAGES, pages - before, bc_hard_unless_sent(), -EPERM))
		return -EPERM;
	ret = bc_orig_pipe_resize_ring(pipe, pages);
	if (!ret)
		item->units = pages;
	if (ret && pages > before)
		bc_uncharge(bc, BC_PIPEPAGES, pages - before);
	else if (!ret && pages < before)
		bc_uncharge(bc, BC_PIPEPAGES, before - pages);
	return ret;
}

static int notrace bc_wrap_pipe_resize_ring(struct pipe_inode_info *pipe, unsigned int nr_slots)
{
	struct bc_item *item;
	int ret;

	bc_hook_enter();
	item = bc_item_find(pipe);
	if (item && !pipe_has_watch_queue(pipe))
		ret = bc_pipe_resize(item, pipe, nr_slots);
	else
		ret = bc_orig_pipe_resize_ring(pipe, nr_slots);
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_pipe_resize_ring)
{
	if (bc_record_may_exist(BC_ARG0(const struct pipe_inode_info *)))
		BC_REDIRECT(bc_wrap_pipe_resize_ring);
}

BC_CALLBACK(bc_on_free_pipe_info)
{
	bc_item_gone(BC_ARG0(const struct pipe_inode_info *));
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "free_pipe_info" },
		.callback = bc_on_free_pipe_info,
		.rows = BIT(BC_PIPEPAGES),
		.missing = "pipepages is not enforced",
	},
	{
		.symbols = { "pipe_resize_ring" },
		.callback = bc_on_pipe_resize_ring,
		.original = &bc_addr_pipe_resize_ring,
		.rows = BIT(BC_PIPEPAGES),
		.missing = "pipepages is not enforced",
	},
	{
		.symbols = { "alloc_pipe_info" },
		.callback = bc_on_alloc_pipe_info,
		.original = &bc_addr_alloc_pipe_info,
		.rows = BIT(BC_PIPEPAGES),
		.missing = "pipepages is not enforced",
	},
};

static void bc_pipe_hooks_init(void)
{
	bc_free_pipe_info = bc_symbol_address("free_pipe_info");
	bc_symbol_range("get_pipe_inode", &bc_get_pipe_inode);
	if (!bc_get_pipe_inode.start)
		bc_symbol_range("create_pipe_files", &bc_get_pipe_inode);
}

const struct bc_hook_group bc_pipe_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_pipe_hooks_init };

struct bc_family bc_pipe_family = {
	.name = "pipes",
	.rows = BIT(BC_PIPEPAGES),
};
