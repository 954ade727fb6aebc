// SPDX-License-Identifier: GPL-2.0
/*
 * The containers that the pool decides about, and which policy does: those that there are, the
 * one that is chosen, and how it takes over while containers compete.
 *
 * A policy is asked with fsched_lock held and nowhere else. So whoever has put another one in
 * its place, under that lock, knows that nobody asks it any more.
 *
 * Containers are taken over a few at a time, those that are left from one list into the
 * other: as many as there may be, the lock is held for moments only.
 *
 * Lock order: fsched_policies_mutex, then fsched_lock.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "../../compat/bc_export.h"
#include "account.h"

#define FSCHED_POLICIES	16	/* at most, with those that are shipped */
#define FSCHED_ADOPT	32U	/* containers that a policy takes over at a time */

/* Guards the next two. Taken when a policy comes, goes or is chosen, and to show them. */
static DEFINE_MUTEX(fsched_policies_mutex);
static const struct fsched_policy *fsched_policies[FSCHED_POLICIES] = {
	&fsched_fair,
	&fsched_lottery,
	&fsched_strict,
};
static const struct fsched_policy *fsched_chosen = &fsched_fair;

/* All containers, by &fsched_share.node. Guarded by fsched_lock. */
static LIST_HEAD(fsched_shares); /* but for ... */
static LIST_HEAD(fsched_left);	 /* ... those that a new policy has not taken over yet */

/* ---- containers ---- */

/**
 * fsched_share_init() - of a new container: a weight of 1000, all processors, class 1
 * @share: zeroed
 * Return: 0 or -ENOMEM.
 */
int fsched_share_init(struct fsched_share *share)
{
	share->seen = alloc_percpu(u64);
	if (!share->seen)
		return -ENOMEM;
	INIT_LIST_HEAD(&share->held.line);
	share->party.class = BC_CPU_CLASS_DEFAULT;
	raw_spin_lock_irq(&fsched_lock);
	fsched_party_init(&fsched_pool, &share->party);
	list_add(&share->node, &fsched_shares);
	raw_spin_unlock_irq(&fsched_lock);
	return 0;
}

/**
 * fsched_share_free() - mirror of fsched_share_init()
 * @share: after fsched_share_end(), and nobody waits any more
 *
 * Context: process.
 */
void fsched_share_free(struct fsched_share *share)
{
	raw_spin_lock_irq(&fsched_lock);
	list_del(&share->node);
	raw_spin_unlock_irq(&fsched_lock);
	free_percpu(share->seen);
}

/**
 * fsched_share_read() - how it stands
 * @share: of the container
 * @use: out
 *
 * Context: any that may turn off interrupts.
 */
void fsched_share_read(struct fsched_share *share, struct fsched_share_use *use)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&fsched_lock, flags);
	*use = (struct fsched_share_use){
		.weight = share->party.weight,
		.cpus = share->party.cpus,
		.class = share->party.class,
		.held = fsched_held_read(&share->held, ktime_get_mono_fast_ns()),
	};
	raw_spin_unlock_irqrestore(&fsched_lock, flags);
}

/* ---- how a policy takes over ---- */

/* Returns whether there are more. */
static bool fsched_adopt_some(void)
{
	struct fsched_share *share;
	unsigned int n;

	for (n = 0; n < FSCHED_ADOPT; n++) {
		share = list_first_entry_or_null(&fsched_left, struct fsched_share, node);
		if (!share)
			return false;
		list_move(&share->node, &fsched_shares);
		fsched_adopt(&fsched_pool, &share->party, ktime_get_mono_fast_ns());
	}
	return true;
}

/* @policy decides from now on; who asks the old one just now has done so when it returns. */
static void fsched_choose(const struct fsched_policy *policy)
{
	bool more;

	lockdep_assert_held(&fsched_policies_mutex);
	if (policy == fsched_chosen)
		return;
	fsched_chosen = policy;
	raw_spin_lock_irq(&fsched_lock);
	fsched_set_policy(&fsched_pool, policy);
	list_splice_init(&fsched_shares, &fsched_left);
	raw_spin_unlock_irq(&fsched_lock);
	do {
		raw_spin_lock_irq(&fsched_lock);
		more = fsched_adopt_some();
		raw_spin_unlock_irq(&fsched_lock);
		cond_resched();
	} while (more);
}

/* ---- those that there are ---- */

static const struct fsched_policy **fsched_policy_slot(const char *name)
{
	unsigned int i;

	lockdep_assert_held(&fsched_policies_mutex);
	for (i = 0; i < FSCHED_POLICIES; i++)
		if (fsched_policies[i] && !strcmp(fsched_policies[i]->name, name))
			return &fsched_policies[i];
	return NULL;
}

static const struct fsched_policy **fsched_policy_free_slot(void)
{
	unsigned int i;

	lockdep_assert_held(&fsched_policies_mutex);
	for (i = 0; i < FSCHED_POLICIES; i++)
		if (!fsched_policies[i])
			return &fsched_policies[i];
	return NULL;
}

static bool fsched_policy_is_valid(const struct fsched_policy *policy)
{
	size_t len;

	if (!policy->name || !policy->queue || !policy->cost || !policy->lead)
		return false;
	len = strspn(policy->name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
	return len && len < FSCHED_POLICY_NAME && !policy->name[len];
}

/**
 * fsched_policy_register() - offer a policy
 * @policy: stays as it is until fsched_policy_unregister()
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if its name is not allowed or a function is missing; -EEXIST if the name
 * is taken; -ENOSPC if there are as many as can be.
 */
int fsched_policy_register(const struct fsched_policy *policy)
{
	const struct fsched_policy **slot;
	int ret = 0;

	if (!fsched_policy_is_valid(policy))
		return -EINVAL;
	mutex_lock(&fsched_policies_mutex);
	slot = fsched_policy_free_slot();
	if (fsched_policy_slot(policy->name))
		ret = -EEXIST;
	else if (slot)
		*slot = policy;
	else
		ret = -ENOSPC;
	mutex_unlock(&fsched_policies_mutex);
	return ret;
}
BC_EXPORT(fsched_policy_register);

/**
 * fsched_policy_unregister() - take a policy back
 * @policy: registered
 *
 * If it is chosen, fair is instead. When this returns nobody asks it any more, and the
 * module may go.
 *
 * Context: process; may sleep.
 */
void fsched_policy_unregister(const struct fsched_policy *policy)
{
	const struct fsched_policy **slot;

	mutex_lock(&fsched_policies_mutex);
	slot = fsched_policy_slot(policy->name);
	if (!WARN_ON(!slot || *slot != policy)) {
		*slot = NULL;
		if (fsched_chosen == policy) {
			fsched_choose(&fsched_fair);
			pr_notice("policy %s is gone: fair decides\n", policy->name);
		}
	}
	mutex_unlock(&fsched_policies_mutex);
}
BC_EXPORT(fsched_policy_unregister);

BC_EXPORT(fsched_fair_cost);
BC_EXPORT(fsched_fair_lead);

/* ---- the module parameter ---- */

/* All names, the chosen one in brackets if @marked. Returns the length. */
static int fsched_policy_names(char *buffer, size_t size, bool marked)
{
	const struct fsched_policy *policy;
	unsigned int i;
	int len = 0;

	lockdep_assert_held(&fsched_policies_mutex);
	for (i = 0; i < FSCHED_POLICIES; i++) {
		policy = fsched_policies[i];
		if (!policy)
			continue;
		len += scnprintf(buffer + len, size - len,
				 marked && policy == fsched_chosen ? "%s[%s]" : "%s%s",
				 len ? " " : "", policy->name);
	}
	return len;
}

static int fsched_policy_get(char *buffer, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&fsched_policies_mutex);
	len = fsched_policy_names(buffer, PAGE_SIZE - 1, true);
	mutex_unlock(&fsched_policies_mutex);
	return len + scnprintf(buffer + len, 2, "\n");
}

static int fsched_policy_set(const char *text, const struct kernel_param *kp)
{
	char names[FSCHED_POLICIES * FSCHED_POLICY_NAME + 1], name[FSCHED_POLICY_NAME + 1];
	const struct fsched_policy **slot;

	/* longer ones are cut to one that cannot be a policy's */
	strscpy(name, text, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	mutex_lock(&fsched_policies_mutex);
	slot = fsched_policy_slot(name);
	if (slot)
		fsched_choose(*slot);
	else
		fsched_policy_names(names, sizeof(names), false);
	mutex_unlock(&fsched_policies_mutex);
	if (slot)
		return 0;
	pr_err("policy \"%.*s\" is not there: choose one of %s\n", FSCHED_POLICY_NAME, name, names);
	return -EINVAL;
}

static const struct kernel_param_ops fsched_policy_ops = {
	.set = fsched_policy_set,
	.get = fsched_policy_get,
};

module_param_cb(policy, &fsched_policy_ops, NULL, 0644);
MODULE_PARM_DESC(policy,
		 "who shares processors out: fair (default), lottery, strict, or another module's");
