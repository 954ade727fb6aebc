/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies: who may have how much, decided by a module of your own.
 *
 * A policy is chosen for one resource of one container (BC_IOC_CHOOSE, vzctl set
 * --policy), at any time. The counters, the errno, the record of refusals and all
 * interfaces stay as they are; only the bound of a charge is the policy's.
 * Documentation/policies.rst is the guide, Documentation/examples/policy-pace a
 * module to start from.
 */
#ifndef BEANPOD_POLICY_H
#define BEANPOD_POLICY_H

#include <linux/module.h>
#include <linux/types.h>

#include <beanpod/severity.h>
#include <uapi/beanpod/beancounter.h>

/* Once in a module that registers a policy: what it uses is exported to it. */
#define BC_POLICY_MODULE() MODULE_INFO(import_ns, "BEANPOD")

/* Bytes that a policy may keep for each row it is chosen for. */
#define BC_POLICY_STATE_MAX 1024

/**
 * struct bc_question - a charge that the policy is asked about
 * @id: CTID of the container
 * @resource: row number of bc_resources.h
 * @amount: units asked for
 * @severity: BC_HARD or BC_SOFT; nobody is asked about BC_FORCE
 * @held: units held now; may have changed by the time the answer is used
 * @barrier: of the row
 * @limit: of the row
 * @state: &bc_policy_ops.state_size bytes for this row, zero when the policy was
 *	chosen; other processors use them at the same time
 */
struct bc_question {
	u32			id;
	u32			resource;
	unsigned long		amount;
	enum bc_severity	severity;
	unsigned long		held;
	unsigned long		barrier;
	unsigned long		limit;
	void			*state;
};

/**
 * struct bc_policy_ops - a policy; constant as long as it is registered
 * @name: 1 to BC_POLICY_NAME - 1 of a-z, 0-9, "-" and "_"
 * @owner: THIS_MODULE
 * @every: ask about every charge; else only about those that pass the classic
 *	bound. The difference is what a granted charge costs.
 * @record: what is granted beyond the classic bound counts as a failure and is
 *	recorded with errno 0
 * @state_size: bytes of &bc_question.state, at most BC_POLICY_STATE_MAX
 * @bound: the answer: the charge is granted if held and amount together are not
 *	above it, which is decided exactly, also with processors racing. 0 refuses,
 *	ULONG_MAX grants, bc_classic_bound() does what would be done without a
 *	policy. Must not charge. Context: any, interrupts off and locks held
 *	included, in an RCU read section: must not sleep or allocate with waiting,
 *	and current may be anybody.
 */
struct bc_policy_ops {
	const char	*name;
	struct module	*owner;
	bool		every;
	bool		record;
	size_t		state_size;
	unsigned long	(*bound)(const struct bc_question *question);
};

int bc_policy_register(const struct bc_policy_ops *ops);
void bc_policy_unregister(const struct bc_policy_ops *ops);

#endif
