// SPDX-License-Identifier: GPL-2.0
/*
 * oomguarpages: memory that is safe when the host runs out. Held is what the container has in
 * RAM and in swap, as its memory cgroup counts it.
 *
 * Nothing is charged and nothing refused. When the host itself is out of memory the kernel
 * compares all processes and kills the worst. Those of a container that has no more
 * than the barrier come behind all others, in their own order: they are killed when
 * nobody else is left. Before a barrier is set nothing is promised. The limit means nothing.
 *
 * oom_badness() is what the kernel compares. Where a cgroup is out of memory all whom it
 * compares are of one container: moved by the same distance, their order stays. What
 * /proc/PID/oom_score shows is the kernel's own. failcnt counts processes of the container that
 * were killed for want of memory, the host's or its own.
 */
#include <linux/memcontrol.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>

#include "resource.h"

BC_DECLARE_ORIGINAL(long, oom_badness, struct task_struct *task, unsigned long totalpages);

/* It asks for a number to show. */
static struct bc_range bc_show_range;

/* Context: atomic, in an RCU read section. */
static bool bc_oom_is_safe(struct task_struct *task)
{
	const struct bc *bc = bc_of_task(task);

	return bc && bc_memcg_used(bc) <= READ_ONCE(bc->row[BC_OOMGUARPAGES].barrier);
}

static long notrace bc_wrap_oom_badness(struct task_struct *task, unsigned long totalpages)
{
	long points;

	bc_hook_enter();
	points = bc_orig_oom_badness(task, totalpages);
	rcu_read_lock();
	/* badness is between -totalpages and 2 * totalpages; LONG_MIN: not to be killed */
	if (points != LONG_MIN && bc_oom_is_safe(task))
		points -= 4 * (long)totalpages;
	rcu_read_unlock();
	bc_hook_leave();
	return points;
}

BC_CALLBACK(bc_on_oom_badness)
{
	bool ours;

	if (bc_in_range(parent_ip, &bc_show_range))
		return;
	rcu_read_lock();
	ours = bc_of_task(BC_ARG0(struct task_struct *));
	rcu_read_unlock();
	if (ours)
		BC_REDIRECT(bc_wrap_oom_badness);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "oom_badness" },
		.callback = bc_on_oom_badness,
		.original = &bc_addr_oom_badness,
		.rows = BIT(BC_OOMGUARPAGES),
		.missing = "oomguarpages promises nothing",
	},
};

static void bc_oom_hooks_init(void)
{
	bc_symbol_range("proc_oom_score", &bc_show_range);
}

const struct bc_hook_group bc_oom_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_oom_hooks_init };

static bool bc_oom_usable(void)
{
	return !mem_cgroup_disabled();
}

struct bc_family bc_oom_family = {
	.name = "memory when the host runs out",
	.rows = BIT(BC_OOMGUARPAGES),
	.state = BC_STATE_GUARANTEE,
	.usable = bc_oom_usable,
	.read = bc_memcg_read_oom,
};
