/* SPDX-License-Identifier: GPL-2.0 */
/* What the resource files offer to main.c, the self test and the fork point. */
#ifndef BC_RESOURCE_RESOURCE_H
#define BC_RESOURCE_RESOURCE_H

#include "../core/bc.h"
#include "../hook/hook.h"

extern const struct bc_hook_group bc_fork_hooks;
extern const struct bc_hook_group bc_file_hooks;
extern const struct bc_hook_group bc_flock_hooks;
extern const struct bc_hook_group bc_mm_hooks;
extern const struct bc_hook_group bc_mlock_hooks;
extern const struct bc_hook_group bc_shmem_hooks;
extern const struct bc_hook_group bc_pty_hooks;
extern const struct bc_hook_group bc_signal_hooks;
extern const struct bc_hook_group bc_ucount_hooks;
extern const struct bc_hook_group bc_socket_hooks;
extern const struct bc_hook_group bc_userns_hooks;

extern struct bc_family bc_numproc_family;
extern struct bc_family bc_file_family;
extern struct bc_family bc_flock_family;
extern struct bc_family bc_memory_family;
extern struct bc_family bc_pty_family;
extern struct bc_family bc_signal_family;
extern struct bc_family bc_ucount_family;
extern struct bc_family bc_socket_family;
extern struct bc_family bc_shmem_family;

/**
 * bc_child_user_ns() - the user namespace of a task being forked
 * @child: nobody else can see it, so nobody changes its credentials
 */
static __always_inline struct user_namespace *bc_child_user_ns(const struct task_struct *child)
{
	return rcu_dereference_protected(child->cred, true)->user_ns;
}

/**
 * bc_of_child_cred() - the beancounter that a task being forked has its memory from
 * @child: as above
 */
static __always_inline struct bc *bc_of_child_cred(const struct task_struct *child)
{
	return bc_of_ns(bc_child_user_ns(child));
}

/**
 * bc_severity_of_current() - how to charge what the calling task asks for
 *
 * What the host itself makes in a container is counted and never refused: an
 * administrator gets in when the tenant has used everything up.
 */
static __always_inline enum bc_severity bc_severity_of_current(void)
{
	return bc_of_cred() ? BC_HARD : BC_FORCE;
}

/* The fork point asks each family that has a say in it. */
int bc_numproc_fork(struct task_struct *child);
void bc_numproc_fork_undo(struct task_struct *child);
void bc_numproc_release(struct task_struct *task);
int bc_memory_fork(struct task_struct *child);

/* Self test: take the record of a mm away before its exit. */
void bc_memory_forget(struct mm_struct *mm);

#endif
