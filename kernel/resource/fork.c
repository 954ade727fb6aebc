// SPDX-License-Identifier: GPL-2.0
/*
 * The fork point: where a new task, and its copy of the memory, can still be
 * refused. Counts nothing itself.
 *
 * cgroup_can_fork() runs when all parts of the child are made and none is
 * visible; what it returns, fork returns. After it a child is either cancelled
 * (cgroup_cancel_fork()) or released one day (cgroup_release()); when it fails,
 * neither comes.
 */
#include "resource.h"

struct kernel_clone_args;

/* For the self test: both hooks count what passes, whoever's it is. */
static bool bc_fork_watched;
static atomic_t bc_forks;
static atomic_t bc_releases;

BC_DECLARE_ORIGINAL(int, cgroup_can_fork, struct task_struct *child,
		    struct kernel_clone_args *args);

static int notrace bc_wrap_cgroup_can_fork(struct task_struct *child,
					   struct kernel_clone_args *args)
{
	int ret;

	bc_hook_enter();
	ret = bc_kmem_fork(child) ?: bc_numproc_fork(child);
	if (ret)
		goto out;
	ret = bc_memory_fork(child);
	if (!ret)
		ret = bc_orig_cgroup_can_fork(child, args);
	if (ret)
		bc_numproc_fork_undo(child);
out:
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_cgroup_can_fork)
{
	struct task_struct *child = BC_ARG0(struct task_struct *);

	if (unlikely(READ_ONCE(bc_fork_watched)))
		atomic_inc(&bc_forks);
	if (bc_of_ns(child->nsproxy->pid_ns_for_children->user_ns) || bc_of_child_cred(child))
		BC_REDIRECT(bc_wrap_cgroup_can_fork);
}

BC_CALLBACK(bc_on_cgroup_cancel_fork)
{
	bc_numproc_fork_undo(BC_ARG0(struct task_struct *));
}

BC_CALLBACK(bc_on_cgroup_release)
{
	if (unlikely(READ_ONCE(bc_fork_watched)))
		atomic_inc(&bc_releases);
	bc_numproc_release(BC_ARG0(struct task_struct *));
}

/**
 * bc_fork_watch() - see all forks and releases from now on, or no more
 * @watch: which of both
 */
void bc_fork_watch(bool watch)
{
	WRITE_ONCE(bc_fork_watched, watch);
}

/**
 * bc_fork_seen() - were a fork and a release seen while they were watched
 */
bool bc_fork_seen(void)
{
	return atomic_read(&bc_forks) && atomic_read(&bc_releases);
}

/* Uncharging first: nothing may be charged that cannot be given back. */
static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "cgroup_release", "cgroup_task_release" },
		.callback = bc_on_cgroup_release,
		.required = true,
		.missing = "numproc cannot be counted",
	},
	{
		.symbols = { "cgroup_cancel_fork" },
		.callback = bc_on_cgroup_cancel_fork,
		.required = true,
		.missing = "numproc cannot be counted",
	},
	{
		.symbols = { "cgroup_can_fork" },
		.callback = bc_on_cgroup_can_fork,
		.original = &bc_addr_cgroup_can_fork,
		.required = true,
		.missing = "numproc cannot be counted",
	},
};

const struct bc_hook_group bc_fork_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };
