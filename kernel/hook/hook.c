// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach hooks. Knows ftrace, and nothing of beancounters.
 *
 * One ftrace_ops for each function: PERMANENT, so that ftrace_enabled=0 cannot
 * take charging and uncharging apart; IPMODIFY for what may be redirected; no
 * SAVE_REGS and no RECURSION, which cost more than the rest.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hook.h"

#define X(name) unsigned long bc_addr_##name;
BC_ORIGINALS(X)
#undef X

DEFINE_PER_CPU(long, bc_hooks_running);

#define BC_ENDBR_SIZE 4

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

static int bc_hook_attach(struct bc_hook *hook)
{
	int ret = bc_hook_resolve(hook);

	if (ret)
		return ret;
	if (hook->original)
		*hook->original = hook->address + MCOUNT_INSN_SIZE;
	hook->ops = (struct ftrace_ops){
		.func = hook->callback,
		.flags = FTRACE_OPS_FL_PERMANENT | (hook->original ? FTRACE_OPS_FL_IPMODIFY : 0),
	};
	ret = ftrace_set_filter_ip(&hook->ops, hook->address, 0, 0);
	if (ret)
		return ret;
	ret = register_ftrace_function(&hook->ops);
	if (ret)
		ftrace_free_filter(&hook->ops);
	hook->attached = !ret;
	return ret;
}

static void bc_hook_detach(struct bc_hook *hook)
{
	if (!hook->attached)
		return;
	if (unregister_ftrace_function(&hook->ops))
		pr_err("cannot detach from %s\n", hook->symbol);
	ftrace_free_filter(&hook->ops);
	hook->attached = false;
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
		ret = bc_hook_attach(&hooks[i]);
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
 * Afterwards no callback runs and none begins. Wrappers may still run: see
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
