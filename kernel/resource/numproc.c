// SPDX-License-Identifier: GPL-2.0
/*
 * numproc: tasks of a container, threads, zombies and io_uring workers included.
 *
 * Charged when a task is forked into a pid namespace of the container, released
 * when it is reaped. EAGAIN at the barrier, as fork(2) and pthread_create(3)
 * document (OpenVZ said ENOMEM). Whose task it is follows from the pid
 * namespace it is born in, which never changes; a task that only joins the user
 * namespace of a container is not counted.
 *
 * A task that the host sends into the container is counted and never refused:
 * see bc_hard_unless_sent().
 *
 * Hook points: fork.c. Known gaps: none.
 */
#include "resource.h"

/*
 * The beancounter of a task that is being forked. Its thread_pid is still the
 * parent's; nsproxy tells the pid namespace, for a thread as well.
 */
static __always_inline struct bc *bc_of_child(const struct task_struct *child)
{
	return bc_of_ns(child->nsproxy->pid_ns_for_children->user_ns);
}

static void bc_numproc_uncharge(struct bc *bc)
{
	if (!bc_uncharge(bc, BC_NUMPROC, 1))
		bc_stop(bc);
}

/**
 * bc_numproc_fork() - charge a task that is being forked
 * @child: not yet visible
 * Return: 0 or -EAGAIN.
 */
int bc_numproc_fork(struct task_struct *child)
{
	struct bc *bc = bc_of_child(child);

	if (!bc)
		return 0;
	if (!bc_try_charge(bc, BC_NUMPROC, 1, bc_hard_unless_sent(), -EAGAIN))
		return -EAGAIN;
	if (unlikely(!READ_ONCE(bc->pinned)) && bc_start(bc)) {
		bc_numproc_uncharge(bc);
		return -EAGAIN;
	}
	return 0;
}

/**
 * bc_numproc_fork_undo() - the fork has failed after bc_numproc_fork()
 * @child: the task that never lived
 */
void bc_numproc_fork_undo(struct task_struct *child)
{
	struct bc *bc = bc_of_child(child);

	if (bc)
		bc_numproc_uncharge(bc);
}

/**
 * bc_numproc_release() - a task is reaped
 * @task: still has its pids
 */
void bc_numproc_release(struct task_struct *task)
{
	struct bc *bc = bc_of_task(task);

	if (bc)
		bc_numproc_uncharge(bc);
}

struct bc_family bc_numproc_family = {
	.name = "processes",
	.rows = BIT(BC_NUMPROC),
};
