// SPDX-License-Identifier: GPL-2.0
/*
 * Identity: arming a task, and tagging the namespace it makes. The only file
 * that writes tags.
 *
 * An arming belongs to an open file of /dev/vzctl and names one thread by
 * pointer, start time and exec count: another task that gets the same pointer,
 * or the same thread after execve(2), does not match.
 */
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bc.h"

/**
 * struct bc_arming - "the next user namespace of this thread is yours"
 * @node: link in bc_armings. RCU; written under bc_mutex.
 * @bc: referenced
 * @task: compared, never followed
 * @pid: of @task, referenced: tells whether it still lives
 * @start: &task_struct.start_boottime
 * @execs: &task_struct.self_exec_id
 * @slot: where the open file keeps it; NULL goes there when it is used up
 * @rcu: delays the free
 *
 * All but @node and @rcu are constant while it is in the list.
 */
struct bc_arming {
	struct list_head	node;
	struct bc		*bc;
	struct task_struct	*task;
	struct pid		*pid;
	u64			start;
	u64			execs;
	struct bc_arming	**slot;
	struct rcu_head		rcu;
};

static LIST_HEAD(bc_armings);
unsigned int bc_nr_armings;

static bool bc_arming_is_current(const struct bc_arming *arming)
{
	return arming->task == current && arming->start == current->start_boottime &&
	       arming->execs == current->self_exec_id;
}

/**
 * bc_current_is_armed() - may the next user namespace be a container's
 *
 * Context: any; takes its own RCU section. A hint: bc_identify() decides.
 */
bool bc_current_is_armed(void)
{
	const struct bc_arming *arming;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(arming, &bc_armings, node) {
		if (bc_arming_is_current(arming)) {
			found = true;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * bc_disarm() - take an arming back
 * @slot: of an open file; may hold NULL, will hold NULL
 *
 * Context: process, bc_mutex held.
 */
void bc_disarm(struct bc_arming **slot)
{
	struct bc_arming *arming = *slot;

	lockdep_assert_held(&bc_mutex);
	if (!arming)
		return;
	*slot = NULL;
	list_del_rcu(&arming->node);
	WRITE_ONCE(bc_nr_armings, bc_nr_armings - 1);
	WRITE_ONCE(arming->bc->armed, false);
	bc_put(arming->bc);
	put_pid(arming->pid);
	kfree_rcu(arming, rcu);
}

/* The thread is gone or has started another program. */
static bool bc_arming_is_stale(const struct bc_arming *arming)
{
	struct task_struct *task;
	bool stale;

	rcu_read_lock();
	task = pid_task(arming->pid, PIDTYPE_PID);
	stale = task != arming->task || (task->flags & PF_EXITING) ||
		task->self_exec_id != arming->execs;
	rcu_read_unlock();
	return stale;
}

/**
 * bc_drop_stale_armings() - undo armings that cannot come true any more
 *
 * Context: process, bc_mutex held.
 */
void bc_drop_stale_armings(void)
{
	struct bc_arming *arming, *next;

	lockdep_assert_held(&bc_mutex);
	list_for_each_entry_safe(arming, next, &bc_armings, node)
		if (bc_arming_is_stale(arming))
			bc_disarm(arming->slot);
}

/**
 * bc_arm() - arm the calling thread
 * @slot: of the open file; an arming in it is replaced
 * @id: CTID of an existing beancounter
 *
 * Context: process, bc_mutex held.
 * Return: 0, -ENOENT, -EPERM if the caller is charged to a container, -EBUSY if
 * the container runs or another open file has it armed, -ENOMEM. Unchanged on
 * error.
 */
int bc_arm(struct bc_arming **slot, u32 id)
{
	struct bc_arming *arming;
	struct bc *bc;
	int ret;

	lockdep_assert_held(&bc_mutex);
	if (bc_of_cred() || bc_of_task(current))
		return -EPERM;
	bc_drop_stale_armings();
	bc = bc_get(id);
	if (!bc)
		return -ENOENT;
	ret = -EBUSY;
	if (bc_life(bc) == BC_LIFE_RUNNING || (bc->armed && !(*slot && (*slot)->bc == bc)))
		goto err_put;
	ret = -ENOMEM;
	arming = kmalloc(sizeof(*arming), GFP_KERNEL);
	if (!arming)
		goto err_put;
	bc_disarm(slot);
	*arming = (struct bc_arming){
		.bc = bc,
		.task = current,
		.pid = get_pid(task_pid(current)),
		.start = current->start_boottime,
		.execs = current->self_exec_id,
		.slot = slot,
	};
	*slot = arming;
	WRITE_ONCE(bc->armed, true);
	list_add_rcu(&arming->node, &bc_armings);
	WRITE_ONCE(bc_nr_armings, bc_nr_armings + 1);
	return 0;

err_put:
	bc_put(bc);
	return ret;
}

/**
 * bc_identify() - tag a namespace that the armed caller has just made
 * @ns: nobody else can see it yet
 * @holder: taken over on success
 *
 * Return: 0, or -ECANCELED if the arming was taken back meanwhile: a namespace
 * that was meant to be a container must not come up uncharged.
 */
int bc_identify(struct user_namespace *ns, struct bc_ns *holder)
{
	struct bc_arming *arming;
	int ret = -ECANCELED;

	mutex_lock(&bc_mutex);
	list_for_each_entry(arming, &bc_armings, node) {
		if (!bc_arming_is_current(arming))
			continue;
		bc_bind(arming->bc, holder, ns);
		bc_disarm(arming->slot);
		ret = 0;
		break;
	}
	mutex_unlock(&bc_mutex);
	return ret;
}

/**
 * bc_identity_init() - is the upper half of the flags word free on this kernel
 * Return: 0, or -EOPNOTSUPP with a message.
 */
int bc_identity_init(void)
{
	BUILD_BUG_ON(sizeof(init_user_ns.flags) * 8 < BC_TAG_SHIFT + 32);
	BUILD_BUG_ON(USERNS_INIT_FLAGS >> BC_TAG_SHIFT);
	if (init_user_ns.flags >> BC_TAG_SHIFT) {
		pr_err("user_namespace.flags is used by something else (%lx): cannot tag containers\n",
		       init_user_ns.flags);
		return -EOPNOTSUPP;
	}
	return 0;
}
