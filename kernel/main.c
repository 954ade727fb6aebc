// SPDX-License-Identifier: GPL-2.0
/*
 * beancounter.ko: the order of birth and death, nothing else.
 *
 * Hooks go live in whatever order: no container can exist before the interfaces
 * come, which is last, and none is known any more when the hooks go.
 */
#include <linux/module.h>

#include "core/bc.h"
#include "core/policy.h"
#include "core/refusal.h"
#include "iface/iface.h"
#include "resource/record.h"
#include "resource/resource.h"
#include "resource/selftest.h"

static bool selftest = true;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "test every hook at load (default on)");

/* clang-format off */
static const struct bc_hook_group *const bc_groups[] = {
	&bc_fork_hooks,
	&bc_file_hooks,
	&bc_flock_hooks,
	&bc_mm_hooks,
	&bc_mlock_hooks,
	&bc_shmem_hooks,
	&bc_pty_hooks,
	&bc_signal_hooks,
	&bc_socket_hooks,
	&bc_sockbuf_hooks,
	&bc_othersockbuf_hooks,
	&bc_ucount_hooks,
	&bc_mount_hooks,
	&bc_pipe_hooks,
	&bc_key_hooks,
	&bc_ipc_hooks,
	&bc_conntrack_hooks,
	&bc_iptent_hooks,
	&bc_oom_hooks,
	&bc_view_hooks,
	&bc_cpus_hooks,
	&bc_userns_hooks,
};
/* clang-format on */

/* bc_memcg_family flushes what bc_kmem_family and bc_dcache_family read. */
static struct bc_family *const bc_all_families[] = {
	&bc_numproc_family, &bc_file_family,   &bc_flock_family,  &bc_memory_family,
	&bc_shmem_family,   &bc_pty_family,    &bc_signal_family, &bc_socket_family,
	&bc_sockbuf_family, &bc_ucount_family, &bc_memcg_family,  &bc_iptent_family,
	&bc_kmem_family,    &bc_dcache_family, &bc_oom_family,	  &bc_vmguar_family,
	&bc_item_family,    &bc_mount_family,  &bc_pipe_family,	  &bc_key_family,
	&bc_ipc_family, &bc_conntrack_family,
};

static void bc_detach(unsigned int count)
{
	while (count--)
		bc_hooks_detach(bc_groups[count]->hooks, bc_groups[count]->count);
}

static int bc_attach_groups(u64 *lost)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bc_groups); i++) {
		if (bc_groups[i]->init)
			bc_groups[i]->init();
		ret = bc_hooks_attach(bc_groups[i]->hooks, bc_groups[i]->count, lost);
		if (ret) {
			bc_detach(i);
			return ret;
		}
	}
	return 0;
}

/* Together is ten times as fast, one by one says which row cannot be had. */
static int bc_attach(u64 *lost)
{
	int held;
	int ret;

	bc_hooks_hold();
	ret = bc_attach_groups(lost);
	held = bc_hooks_release();
	if (ret || !held)
		return ret;
	bc_detach(ARRAY_SIZE(bc_groups));
	*lost = 0;
	return bc_attach_groups(lost);
}

/* A hook that serves rows, and none that is counted, is not needed. */
static void bc_detach_lost(u64 lost)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bc_groups); i++)
		for (j = 0; j < bc_groups[i]->count; j++) {
			struct bc_hook *hook = &bc_groups[i]->hooks[j];

			if (hook->rows && !(hook->rows & ~lost))
				bc_hooks_detach(hook, 1);
		}
}

static u64 bc_register_families(void)
{
	u64 rows = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_all_families); i++) {
		bc_family_register(bc_all_families[i]);
		rows |= bc_all_families[i]->rows;
	}
	return rows;
}

static void bc_report(u64 rows)
{
	unsigned int i, enforced = 0, all = 0;

	for (i = 0; i < BC_ROWS; i++) {
		all += !!bc_resource[i].name;
		enforced += bc_row_states[i] != BC_STATE_NOT_ENFORCED;
		if ((rows & BIT(i)) && bc_row_states[i] == BC_STATE_NOT_ENFORCED)
			pr_warn("%s is not enforced on this kernel\n", bc_resource[i].name);
	}
	pr_info("version " BC_RELEASE ", %u of %u resources enforced\n", enforced, all);
}

/*
 * Not tried out at load: what the cgroup counts, and what needs modules that need not
 * be there.
 */
#define BC_NOT_TESTED \
	(BIT(BC_PHYSPAGES) | BIT(BC_SWAPPAGES) | BIT(BC_KMEMSIZE) | BIT(BC_DCACHESIZE) |          \
	 BIT(BC_VMGUARPAGES) | BIT(BC_OOMGUARPAGES) | BIT(BC_NUMIPTENT) | BIT(BC_NUMCONNTRACK))

/* A module came without the functions that we know. */
static void bc_lost_later(u64 rows)
{
	bc_rows_set_state(rows, BC_STATE_NOT_ENFORCED);
}

/* Which rows count on this kernel. Hooks are live, containers cannot exist yet. */
static int bc_settle_rows(u64 lost)
{
	u64 rows;

	bc_detach_lost(lost);
	rows = bc_families_settle(lost);
	if (selftest) {
		u64 failed = bc_selftest(rows & ~BC_NOT_TESTED);

		if (failed & BIT(BC_NUMPROC)) {
			pr_err("self test: forks are not seen: cannot work on this kernel\n");
			return -EOPNOTSUPP;
		}
		bc_detach_lost(lost | failed);
		bc_rows_set_state(failed, BC_STATE_NOT_ENFORCED);
	}
	return 0;
}

static void bc_close_hooks(void)
{
	bc_registry_close();
	bc_hooks_hold();
	bc_detach(ARRAY_SIZE(bc_groups));
	bc_hooks_exit();
	bc_hooks_drain(&bc_hooks_running);
}

static int __init bc_module_init(void)
{
	u64 rows, lost = 0;
	int ret;

	ret = bc_symbol_init() ?: bc_identity_init() ?: bc_refusal_init();
	if (ret)
		return ret;
	ret = bc_policy_init();
	if (ret)
		goto err_refusal;
	rows = bc_register_families();
	ret = bc_registry_init();
	if (ret)
		goto err_policy;
	bc_records_init();
	ret = bc_hooks_init(bc_lost_later);
	if (ret)
		goto err_registry;
	ret = bc_attach(&lost);
	if (ret) {
		bc_hooks_exit();
		goto err_registry;
	}
	ret = bc_settle_rows(lost);
	if (ret)
		goto err_hooks;
	ret = bc_proc_init();
	if (ret)
		goto err_hooks;
	ret = bc_netlink_init();
	if (ret)
		goto err_proc;
	ret = bc_ioctl_init();
	if (ret)
		goto err_netlink;
	bc_report(rows);
	return 0;

err_netlink:
	bc_netlink_exit();
err_proc:
	bc_proc_exit();
err_hooks:
	bc_close_hooks();
err_registry:
	bc_registry_exit();
err_policy:
	bc_policy_exit();
err_refusal:
	bc_refusal_exit();
	return ret;
}

static void __exit bc_module_exit(void)
{
	bc_ioctl_exit();
	bc_netlink_exit();
	bc_proc_exit();
	bc_close_hooks();
	bc_registry_exit();
	bc_policy_exit();
	bc_refusal_exit();
}

module_init(bc_module_init);
module_exit(bc_module_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Per-container beancounters");
MODULE_VERSION(BC_RELEASE);
