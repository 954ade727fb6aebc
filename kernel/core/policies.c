// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that are built in, beside the classic rule: observe and burst.
 * Nothing in here that a module of somebody else could not do.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "policy.h"

/* ---- observe: never refuse, write down what the classic rule would have refused ---- */

static unsigned long bc_observe_bound(const struct bc_question *question)
{
	return ULONG_MAX;
}

static const struct bc_policy_ops bc_observe = {
	.name = "observe",
	.owner = THIS_MODULE,
	.record = true,
	.bound = bc_observe_bound,
};

/* ---- burst: the barrier may be exceeded, up to the limit, for a bounded time ---- */

static unsigned int burst_ms = 10000;
module_param(burst_ms, uint, 0644);
MODULE_PARM_DESC(burst_ms, "how long policy burst lets a row pass its barrier (default 10000)");

static unsigned int burst_rest_ms = 60000;
module_param(burst_rest_ms, uint, 0644);
MODULE_PARM_DESC(burst_rest_ms,
		 "how long the barrier holds after that, before the next burst (default 60000)");

/**
 * struct bc_burst - state of a row
 * @since: when the last burst began, CLOCK_BOOTTIME in ns; 0 if there was none
 *
 * A burst begins with the charge that passes the barrier. Whether the row falls
 * below it meanwhile does not matter: going up and down must not buy more time.
 */
struct bc_burst {
	atomic64_t since;
};

static unsigned long bc_burst_bound(const struct bc_question *question)
{
	struct bc_burst *burst = question->state;
	s64 now = ktime_get_boottime_ns();
	s64 since = atomic64_read(&burst->since);
	s64 length = (s64)READ_ONCE(burst_ms) * NSEC_PER_MSEC;
	s64 rest = (s64)READ_ONCE(burst_rest_ms) * NSEC_PER_MSEC;

	if (question->severity != BC_HARD || question->amount > question->limit ||
	    question->held > question->limit - question->amount)
		return question->limit;
	/* who loses the exchange has been overtaken by one that began it just now */
	if (length && (!since || now - since >= length + rest)) {
		atomic64_cmpxchg(&burst->since, since, now);
		since = now;
	}
	if (length && now - since < length)
		return question->limit;
	return bc_classic_bound(question->severity, question->barrier, question->limit);
}

static const struct bc_policy_ops bc_burst = {
	.name = "burst",
	.owner = THIS_MODULE,
	.state_size = sizeof(struct bc_burst),
	.bound = bc_burst_bound,
};

const struct bc_policy_ops *const bc_builtin_policies[] = { &bc_observe, &bc_burst };
const unsigned int bc_nr_builtin_policies = ARRAY_SIZE(bc_builtin_policies);
