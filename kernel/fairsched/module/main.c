// SPDX-License-Identifier: GPL-2.0
/*
 * fairsched.ko: the order of birth and death, and what /proc shows.
 *
 * It keeps an account for each beancounter of beancounter.ko, and goes before it.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "../../iface/extension.h"
#include "account.h"

#define FSCHED_VERSION	"Version: 1.0\n"

static int fsched_bound(struct bc *bc, void *data)
{
	struct fsched_account *account = data;
	const struct bc_cpu_bounds *cpu = &bc->cpu;
	bool shares = cpu->units || cpu->cpus || cpu->cpuclass;
	int ret;

	if ((cpu->limit || shares) && fsched_gates_attach())
		return -EOPNOTSUPP;
	if (shares) {
		ret = fsched_shares_start();
		if (ret)
			return ret;
	}
	fsched_gate_set(&account->gate, bc->tag, cpu->limit);
	fsched_share_set(&account->share, cpu->units ?: FSCHED_WEIGHT_ONE, cpu->cpus,
			 BC_CPU_CLASS_DEFAULT + cpu->cpuclass);
	return 0;
}

static void *fsched_create(struct bc *bc)
{
	struct fsched_account *account = fsched_account_alloc();

	if (account)
		account->tag = bc->tag;
	/* it has bounds from an earlier load; if that cannot be, the log says why */
	if (account && (bc->cpu.limit || bc->cpu.units || bc->cpu.cpus || bc->cpu.cpuclass))
		fsched_bound(bc, account);
	return account;
}

static void fsched_destroy(void *data)
{
	fsched_account_free(data);
}

static void fsched_start(struct bc *bc)
{
	struct fsched_account *account =
		rcu_dereference_protected(bc->extension[BC_EXTENSION_FAIRSCHED], true);

	account->tag = bc->tag;
	fsched_account_start();
}

/*
 * user, nice and system as shares of the exact time: the kernel's ticks, which they
 * come from, sample.
 */
static void fsched_split(const struct fsched_use *use, struct bc_times *times)
{
	u64 ticks = use->user + use->nice + use->system;

	*times = (struct bc_times){
		.used = use->used,
		.waited = use->waited,
		.longest = use->longest,
		.switches = use->switches,
	};
	if (!ticks) {
		times->user = use->used;
		return;
	}
	times->nice = mul_u64_u64_div_u64(use->used, use->nice, ticks);
	times->system = mul_u64_u64_div_u64(use->used, use->system, ticks);
	times->user = use->used - times->nice - times->system;
}

static void fsched_times(struct bc *bc, void *data, struct bc_times *times)
{
	struct fsched_use use;

	fsched_account_read(bc->tag, data, &use);
	fsched_split(&use, times);
}

static void fsched_show(struct seq_file *m, struct bc *bc, void *data)
{
	struct fsched_account *account = data;
	struct fsched_share_use share;
	struct fsched_gate_use gate;
	struct fsched_use use;
	struct bc_times times;
	int i;

	/* in this order: what is used is paid or owed */
	fsched_account_read(bc->tag, account, &use);
	fsched_gate_read(&account->gate, &gate);
	fsched_share_read(&account->share, &share);
	fsched_split(&use, &times);
	seq_puts(m, FSCHED_VERSION);
	seq_printf(m, "\t%-20s %21llu\n", "used", times.used);
	seq_printf(m, "\t%-20s %21llu\n", "user", times.user);
	seq_printf(m, "\t%-20s %21llu\n", "nice", times.nice);
	seq_printf(m, "\t%-20s %21llu\n", "system", times.system);
	seq_printf(m, "\t%-20s %21llu\n", "waited", times.waited);
	seq_printf(m, "\t%-20s %21llu\n", "longest_wait", times.longest);
	seq_printf(m, "\t%-20s %21llu\n", "switches", times.switches);
	seq_printf(m, "\t%-20s %21llu\n", "preempted", use.preempted);
	seq_printf(m, "\t%-20s %21llu\n", "limit", gate.limit);
	seq_printf(m, "\t%-20s %21llu\n", "limit_reached", gate.closings);
	seq_printf(m, "\t%-20s %21llu\n", "owed", gate.owed);
	seq_printf(m, "\t%-20s %21llu\n", "forgiven", gate.forgiven);
	seq_printf(m, "\t%-20s %21llu\n", "held", gate.held.ns);
	seq_printf(m, "\t%-20s %21llu\n", "longest_hold", gate.held.longest);
	seq_printf(m, "\t%-20s %21llu\n", "holds", gate.held.count);
	seq_printf(m, "\t%-20s %21llu\n", "held_now", gate.held.now);
	seq_printf(m, "\t%-20s %21u\n", "units", share.weight);
	seq_printf(m, "\t%-20s %21u\n", "cpus", share.cpus);
	seq_printf(m, "\t%-20s %21llu\n", "share_held", share.held.ns);
	seq_printf(m, "\t%-20s %21llu\n", "share_longest_hold", share.held.longest);
	seq_printf(m, "\t%-20s %21llu\n", "share_holds", share.held.count);
	seq_printf(m, "\t%-20s %21llu\n", "share_held_now", share.held.now);
	seq_printf(m, "\t%-20s %21u\n", "cpuclass", share.class);
	seq_printf(m, "%8s %20s %20s %20s %15s %15s\n", "cpu", "used", "waited", "longest_wait",
		   "switches", "preempted");
	for_each_possible_cpu(i) {
		if (!cpu_online(i))
			continue;
		fsched_account_read_cpu(bc->tag, data, i, &use);
		seq_printf(m, "%8u %20llu %20llu %20llu %15llu %15llu\n", i, use.used, use.waited,
			   use.longest, use.switches, use.preempted);
	}
}

static const struct bc_extension fsched_extension = {
	.file = "cpu",
	.create = fsched_create,
	.destroy = fsched_destroy,
	.start = fsched_start,
	.show = fsched_show,
	.times = fsched_times,
	.bound = fsched_bound,
};

/* All accounts are given up. */
static void fsched_leave_all(void)
{
	fsched_shares_stop();
	fsched_gates_detach();
	fsched_account_exit();
}

static int __init fsched_module_init(void)
{
	int ret = fsched_account_init();

	if (ret)
		return ret;
	ret = bc_extension_register(BC_EXTENSION_FAIRSCHED, &fsched_extension);
	if (ret)
		fsched_leave_all();
	return ret;
}

static void __exit fsched_module_exit(void)
{
	/* lets all go that are held */
	bc_extension_unregister(BC_EXTENSION_FAIRSCHED);
	fsched_leave_all();
}

module_init(fsched_module_init);
module_exit(fsched_module_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Processor time of containers, and limits of it");
MODULE_VERSION(BC_RELEASE);
MODULE_INFO(import_ns, "BEANPOD");
