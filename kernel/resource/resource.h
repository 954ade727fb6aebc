/* SPDX-License-Identifier: GPL-2.0 */
/* What the resource files offer to main.c, the self test and the fork point. */
#ifndef BC_RESOURCE_RESOURCE_H
#define BC_RESOURCE_RESOURCE_H

#include "../core/bc.h"
#include "../hook/hook.h"

struct mem_cgroup;

extern const struct bc_hook_group bc_fork_hooks;
extern const struct bc_hook_group bc_file_hooks;
extern const struct bc_hook_group bc_flock_hooks;
extern const struct bc_hook_group bc_mm_hooks;
extern const struct bc_hook_group bc_mlock_hooks;
extern const struct bc_hook_group bc_shmem_hooks;
extern const struct bc_hook_group bc_pty_hooks;
extern const struct bc_hook_group bc_signal_hooks;
extern const struct bc_hook_group bc_ucount_hooks;
extern const struct bc_hook_group bc_mount_hooks;
extern const struct bc_hook_group bc_pipe_hooks;
extern const struct bc_hook_group bc_key_hooks;
extern const struct bc_hook_group bc_ipc_hooks;
extern const struct bc_hook_group bc_conntrack_hooks;
extern const struct bc_hook_group bc_sockbuf_hooks;
extern const struct bc_hook_group bc_othersockbuf_hooks;
extern const struct bc_hook_group bc_socket_hooks;
extern const struct bc_hook_group bc_iptent_hooks;
extern const struct bc_hook_group bc_oom_hooks;
extern const struct bc_hook_group bc_userns_hooks;

extern struct bc_family bc_numproc_family;
extern struct bc_family bc_file_family;
extern struct bc_family bc_flock_family;
extern struct bc_family bc_memory_family;
extern struct bc_family bc_memcg_family;
extern struct bc_family bc_kmem_family;
extern struct bc_family bc_dcache_family;
extern struct bc_family bc_oom_family;
extern struct bc_family bc_vmguar_family;
extern struct bc_family bc_iptent_family;
extern struct bc_family bc_pty_family;
extern struct bc_family bc_signal_family;
extern struct bc_family bc_ucount_family;
extern struct bc_family bc_item_family;
extern struct bc_family bc_mount_family;
extern struct bc_family bc_pipe_family;
extern struct bc_family bc_key_family;
extern struct bc_family bc_ipc_family;
extern struct bc_family bc_conntrack_family;
extern struct bc_family bc_sockbuf_family;
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
 * @severity: if it is of a container
 *
 * What the host itself makes in a container is counted and never refused: an
 * administrator gets in when the tenant has used everything up.
 */
static __always_inline enum bc_severity bc_severity_of_current(enum bc_severity severity)
{
	return bc_of_cred() ? severity : BC_FORCE;
}

/* The fork point asks each family that has a say in it. */
int bc_numproc_fork(struct task_struct *child);
void bc_numproc_fork_undo(struct task_struct *child);
void bc_numproc_release(struct task_struct *task);
int bc_memory_fork(struct task_struct *child);
int bc_kmem_fork(struct task_struct *child);
void bc_fork_watch(bool watch);
bool bc_fork_seen(void);

/* The container's memory cgroup, referenced, for css_put(); NULL if there is none. */
struct mem_cgroup *bc_memcg_get(struct bc *bc);

void bc_memcg_flush(struct bc *bc);
unsigned long bc_memcg_stat(struct mem_cgroup *memcg, int item);
bool bc_memcg_stat_usable(void);
unsigned long bc_memcg_used(const struct bc *bc);
void bc_memcg_read_attached(struct bc *bc, struct bc_row *out);
void bc_memcg_read_oom(struct bc *bc, struct bc_row *out);

bool bc_kmem_ask(struct bc *bc, enum bc_severity severity, int err);

/**
 * bc_kmem_bounded() - does kmemsize have a bound that somebody has to ask for
 * @bc: the beancounter
 * @severity: which bound
 */
static __always_inline bool bc_kmem_bounded(const struct bc *bc, enum bc_severity severity)
{
	return unlikely(READ_ONCE(bc->row[BC_KMEMSIZE].bound[severity]) != LONG_MAX);
}

/**
 * bc_kmem_allows() - may a call that takes kernel memory go on
 * @bc: whose call it is
 * @severity: which bound applies
 * @err: errno that the caller is going to see if not, negative
 */
static __always_inline bool bc_kmem_allows(struct bc *bc, enum bc_severity severity, int err)
{
	return !bc_kmem_bounded(bc, severity) || bc_kmem_ask(bc, severity, err);
}

/* Self test: of struct vfsmount in struct mount. */
extern unsigned int bc_vfsmount_offset;

/* Self test: take the record of a mm away before its exit. */
void bc_memory_forget(struct mm_struct *mm);

#endif
