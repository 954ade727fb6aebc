// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: which one decides a row, and the question that it is asked.
 *
 * A charge compares with a bound that was computed when it was set, and is
 * granted without anything on this page. Only a charge that does not fit comes
 * here: without a choice the classic rule says no; else the policy says up to
 * where the row may be filled, and the counter compares and exchanges with that.
 * A policy that wants to see every charge has a row whose own bound is 0.
 *
 * A choice is read under RCU and freed after a grace period: who unregisters a
 * policy returns when nobody asks it any more, and its rows are classic again.
 *
 * Lock order: bc_bounds_mutex is inside bc_mutex; nothing is taken below it.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compat/bc_export.h"
#include "policy.h"
#include "trace.h"

#define BC_CLASSIC "classic"

/**
 * struct bc_policy - a registered policy
 * @node: link in bc_policies
 * @ops: the policy
 * @users: its struct bc_choice
 */
struct bc_policy {
	struct list_head		node;
	const struct bc_policy_ops	*ops;
	struct list_head		users;
};

/**
 * struct bc_choice - the policy of a row that is not classic
 * @node: link in &bc_policy.users
 * @ops: the policy
 * @bc: whose row; bc_policy_forget() comes before its end
 * @row: which row
 * @rcu: delays the free
 * @state: the policy's own
 */
struct bc_choice {
	struct list_head		node;
	const struct bc_policy_ops	*ops;
	struct bc			*bc;
	enum bc_resource		row;
	struct rcu_head			rcu;
	u64				state[];
};

/* Guards barrier, limit, bound and choice of every row, and the list of policies. */
static DEFINE_MUTEX(bc_bounds_mutex);
static LIST_HEAD(bc_policies);

static struct bc_policy *bc_policy_find(const char *name)
{
	struct bc_policy *policy;

	lockdep_assert_held(&bc_bounds_mutex);
	list_for_each_entry(policy, &bc_policies, node)
		if (!strcmp(policy->ops->name, name))
			return policy;
	return NULL;
}

static bool bc_policy_is_valid(const struct bc_policy_ops *ops)
{
	size_t len = strspn(ops->name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return len && len < BC_POLICY_NAME && !ops->name[len] && ops->bound && ops->owner &&
	       ops->state_size <= BC_POLICY_STATE_MAX && strcmp(ops->name, BC_CLASSIC);
}

/**
 * bc_policy_register() - offer a policy
 * @ops: stays as it is until bc_policy_unregister()
 *
 * Context: process; may sleep.
 * Return: 0, -EINVAL, -EEXIST if the name is taken, -ENOMEM.
 */
int bc_policy_register(const struct bc_policy_ops *ops)
{
	struct bc_policy *policy;
	int ret = -EEXIST;

	if (!bc_policy_is_valid(ops))
		return -EINVAL;
	policy = kmalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return -ENOMEM;
	policy->ops = ops;
	INIT_LIST_HEAD(&policy->users);
	mutex_lock(&bc_bounds_mutex);
	if (!bc_policy_find(ops->name)) {
		list_add_tail(&policy->node, &bc_policies);
		ret = 0;
	}
	mutex_unlock(&bc_bounds_mutex);
	if (ret)
		kfree(policy);
	return ret;
}
BC_EXPORT(bc_policy_register);

/* @choice decides from now on, NULL for classic; who asks the old one just now goes on. */
static void bc_policy_set(struct bc *bc, enum bc_resource row, struct bc_choice *choice)
{
	struct bc_choice *old;

	old = rcu_dereference_protected(bc->choice[row], lockdep_is_held(&bc_bounds_mutex));
	rcu_assign_pointer(bc->choice[row], choice);
	bc_counter_ask_always(&bc->row[row], choice && choice->ops->every);
	if (old) {
		list_del(&old->node);
		kfree_rcu(old, rcu);
	}
}

/**
 * bc_policy_unregister() - take a policy back
 * @ops: registered
 *
 * Rows that use it become classic. When this returns nobody asks it any more,
 * and the module may go.
 *
 * Context: process; may sleep.
 */
void bc_policy_unregister(const struct bc_policy_ops *ops)
{
	struct bc_choice *choice, *next;
	struct bc_policy *policy;
	unsigned int users = 0;

	mutex_lock(&bc_bounds_mutex);
	policy = bc_policy_find(ops->name);
	if (WARN_ON(!policy || policy->ops != ops)) {
		mutex_unlock(&bc_bounds_mutex);
		return;
	}
	list_for_each_entry_safe(choice, next, &policy->users, node) {
		bc_policy_set(choice->bc, choice->row, NULL);
		users++;
	}
	list_del(&policy->node);
	mutex_unlock(&bc_bounds_mutex);
	if (users)
		pr_notice("policy %s is gone: %u rows are classic again\n", ops->name, users);
	synchronize_rcu();
	kfree(policy);
}
BC_EXPORT(bc_policy_unregister);

BC_EXPORT(bc_classic_bound);

/**
 * bc_policy_choose() - who decides a row from now on
 * @bc: referenced
 * @row: row number of a resource
 * @name: of a policy
 *
 * A policy that is chosen again begins anew.
 *
 * Context: process; may sleep.
 * Return: 0, -ENOPKG if there is no such policy, -ENOMEM. Unchanged on error.
 */
int bc_policy_choose(struct bc *bc, enum bc_resource row, const char *name)
{
	struct bc_choice *choice = NULL;
	struct bc_policy *policy;
	int ret;

	mutex_lock(&bc_bounds_mutex);
	if (!strcmp(name, BC_CLASSIC))
		goto set;
	ret = -ENOPKG;
	policy = bc_policy_find(name);
	if (!policy)
		goto out;
	ret = -ENOMEM;
	choice = kzalloc(sizeof(*choice) + policy->ops->state_size, GFP_KERNEL_ACCOUNT);
	if (!choice)
		goto out;
	choice->ops = policy->ops;
	choice->bc = bc;
	choice->row = row;
	list_add(&choice->node, &policy->users);
set:
	bc_policy_set(bc, row, choice);
	ret = 0;
out:
	mutex_unlock(&bc_bounds_mutex);
	return ret;
}

/**
 * bc_policy_forget() - no row has a policy any more
 * @bc: about to be freed; charges nothing any more
 *
 * Context: process; may sleep.
 */
void bc_policy_forget(struct bc *bc)
{
	unsigned int row;

	mutex_lock(&bc_bounds_mutex);
	for (row = 0; row < BC_ROWS; row++)
		bc_policy_set(bc, row, NULL);
	mutex_unlock(&bc_bounds_mutex);
}

/**
 * bc_policy_set_bounds() - set barriers and limits
 * @bc: referenced
 * @limits: checked
 * @count: how many
 *
 * Context: process; may sleep.
 */
void bc_policy_set_bounds(struct bc *bc, const struct bc_limit *limits, unsigned int count)
{
	unsigned int i;

	mutex_lock(&bc_bounds_mutex);
	for (i = 0; i < count; i++)
		bc_counter_set(&bc->row[limits[i].resource], limits[i].barrier, limits[i].limit);
	mutex_unlock(&bc_bounds_mutex);
}

/**
 * bc_policy_name() - what decides a row, everywhere it is shown
 * @bc: referenced, or NULL for the host
 * @row: as it was read: for want of a cgroup it may be worth less than on others
 * @name: filled in; "-" if nothing decides because nothing is refused
 */
void bc_policy_name(struct bc *bc, const struct bc_row *row, char name[BC_POLICY_NAME])
{
	bool enforced = row->state == BC_STATE_ENFORCED;
	const struct bc_choice *choice;

	strscpy(name, enforced ? BC_CLASSIC : "-", BC_POLICY_NAME);
	if (!bc || !enforced)
		return;
	rcu_read_lock();
	choice = rcu_dereference(bc->choice[row->resource]);
	if (choice)
		strscpy(name, choice->ops->name, BC_POLICY_NAME);
	rcu_read_unlock();
}

/**
 * bc_policy_list() - the policies that can be chosen
 * @count: out
 *
 * Context: process; may sleep.
 * Return: lines to be freed with kfree(), classic first, or NULL if there is no memory.
 */
struct bc_policy_line *bc_policy_list(unsigned int *count)
{
	struct bc_policy_line *lines, *line;
	struct bc_policy *policy;
	unsigned int n = 1;

	mutex_lock(&bc_bounds_mutex);
	list_for_each_entry(policy, &bc_policies, node)
		n++;
	line = kcalloc(n, sizeof(*line), GFP_KERNEL);
	lines = line;
	if (!lines)
		goto out;
	*line = (struct bc_policy_line){ .name = BC_CLASSIC,
					 .users = -1,
					 .module = KBUILD_MODNAME };
	list_for_each_entry(policy, &bc_policies, node) {
		line++;
		strscpy(line->name, policy->ops->name, sizeof(line->name));
		strscpy(line->module, module_name(policy->ops->owner), sizeof(line->module));
		line->users = list_count_nodes(&policy->users);
	}
	*count = n;
out:
	mutex_unlock(&bc_bounds_mutex);
	return lines;
}

/* What was granted under a policy that keeps books of it. */
static void bc_policy_record(struct bc *bc, enum bc_resource row, unsigned long n,
			     enum bc_severity severity, unsigned long held)
{
	const struct bc_counter *c = &bc->row[row];

	if (held > bc_classic_bound(severity, READ_ONCE(c->barrier), READ_ONCE(c->limit)))
		bc_refuse(bc, row, n, held - n, 0);
}

/**
 * bc_policy_charge() - charge what does not fit below the row's own bound
 * @bc: the beancounter
 * @row: what is charged
 * @n: units, 0 to LONG_MAX
 * @severity: which bound applies
 * @held: in, held when it did not fit; out, held afterwards, or when it was refused
 *
 * To be called for charges whose refusal would be final: a policy counts and
 * times what it is asked.
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_policy_charge(struct bc *bc, enum bc_resource row, unsigned long n,
		      enum bc_severity severity, unsigned long *held)
{
	struct bc_counter *c = &bc->row[row];
	struct bc_question question = {
		.id = bc->id,
		.resource = row,
		.amount = n,
		.severity = severity,
		.held = *held,
		.barrier = READ_ONCE(c->barrier),
		.limit = READ_ONCE(c->limit),
	};
	struct bc_choice *choice;
	unsigned long bound;
	bool ok;

	rcu_read_lock();
	choice = rcu_dereference(bc->choice[row]);
	if (likely(!choice)) {
		bound = bc_classic_bound(severity, question.barrier, question.limit);
	} else {
		question.state = choice->state;
		bound = min_t(unsigned long, choice->ops->bound(&question), LONG_MAX);
	}
	ok = bc_counter_charge_below(c, n, bound, held);
	if (ok && choice && choice->ops->record)
		bc_policy_record(bc, row, n, severity, *held);
	rcu_read_unlock();
	if (ok)
		trace_beancounter_charge(bc->id, row, n, *held);
	return ok;
}

/**
 * bc_policy_init() - offer the policies that are built in
 * Return: 0 or -ENOMEM with nothing left behind.
 */
int bc_policy_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < bc_nr_builtin_policies; i++) {
		ret = bc_policy_register(bc_builtin_policies[i]);
		if (ret) {
			while (i--)
				bc_policy_unregister(bc_builtin_policies[i]);
			return ret;
		}
	}
	return 0;
}

/**
 * bc_policy_exit() - mirror of bc_policy_init(); modules with others have gone
 */
void bc_policy_exit(void)
{
	unsigned int i = bc_nr_builtin_policies;

	while (i--)
		bc_policy_unregister(bc_builtin_policies[i]);
}
