// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach hooks. Knows ftrace, and nothing of beancounters.
 *
 * ftrace_ops are PERMANENT, so that ftrace_enabled=0 cannot take charging and
 * uncharging apart; IPMODIFY for what may be redirected; no SAVE_REGS and no
 * RECURSION, which cost more than the rest. To unregister one takes a grace
 * period of RCU-tasks, a tenth of a second and more: rows that are called often
 * have one of their own, all others share two, one for observers and one for
 * wrappers, which find the row by its address.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hook.h"

#define X(name) unsigned long bc_addr_##name;
BC_ORIGINALS(X)
#undef X

DEFINE_PER_CPU(long, bc_hooks_running);

#define BC_ENDBR_SIZE 4

#define BC_SHARED_BITS 8

/**
 * struct bc_shared - an ftrace_ops of several rows
 * @ops: registered while @rows is not 0
 * @rows: how many are attached. Load and unload only, as all writing here.
 * @slot: open addressing by hash of the address
 */
struct bc_shared {
	struct ftrace_ops	ops;
	unsigned int		rows;
	struct {
		unsigned long	address;
		ftrace_func_t	callback;
	}			slot[1 << BC_SHARED_BITS];
};

static bool bc_is_fentry(unsigned long address)
{
	const u8 *p = (const u8 *)address;

	/* a five byte nop, or already a call of another tracer */
	return (p[0] == 0x0f && p[1] == 0x1f && p[2] == 0x44) || p[0] == 0xe8;
}

/* The fentry of a function: its first instruction, but for an ENDBR. 0: none. */
static unsigned long bc_fentry(unsigned long start)
{
	if (bc_is_fentry(start))
		return start;
	if (bc_is_fentry(start + BC_ENDBR_SIZE))
		return start + BC_ENDBR_SIZE;
	return 0;
}

static int bc_hook_resolve(struct bc_hook *hook)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hook->symbols) && hook->symbols[i]; i++) {
		unsigned long start = bc_symbol_address(hook->symbols[i]);

		if (!start)
			continue;
		hook->address = bc_fentry(start);
		if (!hook->address)
			return -EOPNOTSUPP;
		hook->symbol = hook->symbols[i];
		return 0;
	}
	return -ENOENT;
}

/* The row's place, or the free one where it would be; the table is never full. */
static __always_inline unsigned int bc_shared_slot(const struct bc_shared *shared,
						   unsigned long address)
{
	unsigned int i = hash_long(address, BC_SHARED_BITS);

	while (shared->slot[i].address && shared->slot[i].address != address)
		i = (i + 1) % ARRAY_SIZE(shared->slot);
	return i;
}

BC_CALLBACK(bc_on_shared)
{
	const struct bc_shared *shared = container_of(op, struct bc_shared, ops);
	ftrace_func_t callback = READ_ONCE(shared->slot[bc_shared_slot(shared, ip)].callback);

	if (callback)
		callback(ip, parent_ip, op, fregs);
}

static struct bc_shared bc_observers = {
	.ops = { .func = bc_on_shared, .flags = FTRACE_OPS_FL_PERMANENT },
};
static struct bc_shared bc_wrappers = {
	.ops = { .func = bc_on_shared, .flags = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_IPMODIFY },
};

static int bc_ops_add(struct ftrace_ops *ops, unsigned long address, bool first)
{
	int ret = ftrace_set_filter_ip(ops, address, 0, 0);

	if (ret || !first)
		return ret;
	ret = register_ftrace_function(ops);
	if (ret)
		ftrace_free_filter(ops);
	return ret;
}

static int bc_attach_shared(struct bc_hook *hook, struct bc_shared *shared)
{
	unsigned int i = bc_shared_slot(shared, hook->address);
	int ret;

	WRITE_ONCE(shared->slot[i].callback, hook->callback);
	/* who finds the address finds the callback */
	smp_store_release(&shared->slot[i].address, hook->address);
	ret = bc_ops_add(&shared->ops, hook->address, !shared->rows);
	if (ret) {
		WRITE_ONCE(shared->slot[i].callback, NULL);
		return ret;
	}
	shared->rows++;
	hook->shared = shared;
	return 0;
}

/* An empty filter would mean all functions: the last row takes the ops along. */
static int bc_detach_shared(struct bc_hook *hook)
{
	struct bc_shared *shared = hook->shared;
	int ret;

	if (--shared->rows) {
		ret = ftrace_set_filter_ip(&shared->ops, hook->address, 1, 0);
	} else {
		ret = unregister_ftrace_function(&shared->ops);
		ftrace_free_filter(&shared->ops);
	}
	WRITE_ONCE(shared->slot[bc_shared_slot(shared, hook->address)].callback, NULL);
	hook->shared = NULL;
	return ret;
}

static int bc_hook_attach(struct bc_hook *hook)
{
	struct bc_shared *shared = hook->original ? &bc_wrappers : &bc_observers;
	int ret = bc_hook_resolve(hook);

	if (ret)
		return ret;
	if (hook->original)
		*hook->original = hook->address + MCOUNT_INSN_SIZE;
	/* two rows may watch the same function */
	if (!hook->often && !shared->slot[bc_shared_slot(shared, hook->address)].callback &&
	    shared->rows < ARRAY_SIZE(shared->slot) / 2) {
		ret = bc_attach_shared(hook, shared);
	} else {
		hook->ops = (struct ftrace_ops){ .func = hook->callback,
						 .flags = shared->ops.flags &
							  (FTRACE_OPS_FL_PERMANENT |
							   FTRACE_OPS_FL_IPMODIFY) };
		ret = bc_ops_add(&hook->ops, hook->address, true);
	}
	hook->attached = !ret;
	return ret;
}

static void bc_hook_detach(struct bc_hook *hook)
{
	int ret;

	if (!hook->attached)
		return;
	if (hook->shared) {
		ret = bc_detach_shared(hook);
	} else {
		ret = unregister_ftrace_function(&hook->ops);
		ftrace_free_filter(&hook->ops);
	}
	if (ret)
		pr_err("cannot detach from %s (%d)\n", hook->symbol, ret);
	hook->attached = false;
}

/* Is the row meant for this kernel? */
static bool bc_hook_wanted(const struct bc_hook *hook)
{
	return !(hook->only_with && !bc_symbol_address(hook->only_with)) &&
	       !(hook->only_without && bc_symbol_address(hook->only_without));
}

static const char *bc_hook_reason(int err)
{
	switch (err) {
	case -ENOENT:
		return "this kernel has no such function";
	case -EOPNOTSUPP:
		return "the function cannot be traced";
	case -EBUSY:
		return "a live patch or another module has it, or kernel.ftrace_enabled is 0";
	case -ENODEV:
		return "ftrace is switched off (kernel.ftrace_enabled)";
	default:
		return "ftrace refused";
	}
}

/**
 * bc_hooks_attach() - make a group of rows live
 * @hooks: the rows; the order is kept
 * @count: how many
 * @lost: mask of resources that lost an optional row; bits are added
 *
 * Return: 0, or the errno of the first required row that cannot be had, with
 * none of the group attached.
 */
int bc_hooks_attach(struct bc_hook *hooks, unsigned int count, u64 *lost)
{
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = bc_hook_wanted(&hooks[i]) ? bc_hook_attach(&hooks[i]) : 0;
		if (!ret)
			continue;
		pr_warn("%s(): %s (%d): %s\n", hooks[i].symbols[0], bc_hook_reason(ret), ret,
			hooks[i].missing);
		if (hooks[i].required) {
			bc_hooks_detach(hooks, i);
			return ret;
		}
		*lost |= hooks[i].rows;
	}
	return 0;
}

/**
 * bc_hooks_detach() - mirror of bc_hooks_attach(); rows not attached are skipped
 * @hooks: the rows
 * @count: how many
 *
 * Afterwards no callback begins. Callbacks and wrappers may still run: see
 * bc_hooks_drain().
 */
void bc_hooks_detach(struct bc_hook *hooks, unsigned int count)
{
	while (count--)
		bc_hook_detach(&hooks[count]);
}

static long bc_hooks_sum(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(bc_hooks_running, cpu);
	return sum;
}

/**
 * bc_hooks_drain() - wait until nobody runs module text because of a hook
 *
 * All rows are detached. A task may be between the redirect and
 * bc_hook_enter(), asleep inside of an original, or between bc_hook_leave() and
 * the wrapper's end: the first and the last are preemption at most, which
 * RCU-tasks waits for; the sleepers are counted.
 */
void bc_hooks_drain(void)
{
	unsigned int polls = 0;

	synchronize_rcu_tasks();
	while (bc_hooks_sum()) {
		if (++polls == 500)
			pr_notice("unload waits for %ld calls to end\n", bc_hooks_sum());
		msleep(20);
	}
	synchronize_rcu_tasks();
	synchronize_rcu();
}
