// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vzctl: check, copy, call core. include/uapi/beanpod/beancounter.h is the
 * contract.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../core/policy.h"
#include "iface.h"

/**
 * struct bc_session - an open file of the device
 * @arming: pending, or NULL. Guarded by bc_mutex.
 */
struct bc_session {
	struct bc_arming *arming;
};

union bc_argument {
	struct bc_version	version;
	struct bc_create	create;
	struct bc_arm		arm;
	struct bc_set		set;
	struct bc_query		query;
	struct bc_list		list;
	struct bc_clear		clear;
	struct bc_destroy	destroy;
	struct bc_choose	choose;
	struct bc_attach	attach;
	struct bc_cpu		cpu;
};

static bool bc_id_valid(u32 id)
{
	return id >= 1 && id <= BC_ID_MAX;
}

static long bc_do_version(struct bc_session *session, union bc_argument *arg)
{
	struct bc_version *a = &arg->version;

	if (a->reserved)
		return -EINVAL;
	a->abi = BC_ABI;
	a->rows = 0;
	for (int i = 0; i < BC_ROWS; i++)
		a->rows += !!bc_resource[i].name;
	strscpy_pad(a->release, BC_RELEASE, sizeof(a->release));
	return 0;
}

static long bc_do_create(struct bc_session *session, union bc_argument *arg)
{
	struct bc_create *a = &arg->create;
	struct bc *bc;
	int ret;

	if (!bc_id_valid(a->id) || (a->flags & ~BC_CREATE_EXCL) || a->reserved)
		return -EINVAL;
	mutex_lock(&bc_mutex);
	ret = bc_create(a->id, a->flags & BC_CREATE_EXCL);
	if (!ret) {
		bc = bc_get(a->id);
		if (!bc->proc)
			ret = bc_proc_add(bc);
		if (ret)
			bc_destroy(a->id);
		bc_put(bc);
	}
	mutex_unlock(&bc_mutex);
	return ret;
}

static long bc_do_arm(struct bc_session *session, union bc_argument *arg)
{
	struct bc_arm *a = &arg->arm;
	int ret = 0;

	if (!bc_id_valid(a->id) || (a->flags & ~BC_ARM_OFF) || a->reserved)
		return -EINVAL;
	mutex_lock(&bc_mutex);
	if (a->flags & BC_ARM_OFF)
		bc_disarm(&session->arming);
	else
		ret = bc_arm(&session->arming, a->id);
	mutex_unlock(&bc_mutex);
	return ret;
}

static int bc_check_limits(const struct bc_limit *limits, u32 count)
{
	u64 seen = 0;

	for (u32 i = 0; i < count; i++) {
		const struct bc_limit *l = &limits[i];

		if (l->resource >= BC_ROWS || !bc_resource[l->resource].name || l->reserved ||
		    l->barrier > BC_UNLIMITED || l->limit > BC_UNLIMITED ||
		    (seen & BIT(l->resource)))
			return -EINVAL;
		seen |= BIT(l->resource);
	}
	for (u32 i = 0; i < count; i++)
		if (bc_row_states[limits[i].resource] == BC_STATE_NOT_ENFORCED)
			return -EOPNOTSUPP;
	return 0;
}

/* All of them, or none where the kernel does not take one. */
static int bc_set_bounds(struct bc *bc, const struct bc_limit *limits, u32 count)
{
	struct bc_limit before[BC_ROWS];
	u64 rows = 0;
	int ret;

	for (u32 i = 0; i < count; i++) {
		const struct bc_counter *c = &bc->row[limits[i].resource];

		rows |= BIT(limits[i].resource);
		before[i] = limits[i];
		before[i].barrier = READ_ONCE(c->barrier);
		before[i].limit = READ_ONCE(c->limit);
	}
	bc_policy_set_bounds(bc, limits, count);
	ret = bc_families_apply(bc, rows);
	if (ret) {
		bc_policy_set_bounds(bc, before, count);
		bc_families_apply(bc, rows);
	}
	return ret;
}

static long bc_do_set(struct bc_session *session, union bc_argument *arg)
{
	struct bc_set *a = &arg->set;
	struct bc_limit limits[BC_ROWS];
	struct bc *bc;
	int ret;

	if (!bc_id_valid(a->id) || a->flags || !a->count || a->count > BC_ROWS)
		return -EINVAL;
	if (copy_from_user(limits, u64_to_user_ptr(a->limits), a->count * sizeof(*limits)))
		return -EFAULT;
	ret = bc_check_limits(limits, a->count);
	if (ret)
		return ret;
	bc = bc_get(a->id);
	if (!bc)
		return -ENOENT;
	ret = bc_set_bounds(bc, limits, a->count);
	bc_put(bc);
	return ret;
}

static long bc_do_query(struct bc_session *session, union bc_argument *arg)
{
	struct bc_query *a = &arg->query;
	u32 room = a->count, n = 0;
	struct bc_row *rows;
	struct bc *bc = NULL;
	long ret = 0;

	if (a->id > BC_ID_MAX || a->flags)
		return -EINVAL;
	if (a->id) {
		bc = bc_get(a->id);
		if (!bc)
			return -ENOENT;
	}
	rows = kmalloc_array(BC_ROWS, sizeof(*rows), GFP_KERNEL);
	if (!rows) {
		bc_put(bc);
		return -ENOMEM;
	}
	if (bc)
		bc_recount(bc);
	for (int i = 0; i < BC_ROWS; i++)
		if (bc_resource[i].name)
			bc_read_row(bc, i, &rows[n++]);
	bc_put(bc);
	a->count = n;
	if (n > room)
		ret = -ENOSPC;
	else if (copy_to_user(u64_to_user_ptr(a->rows), rows, n * sizeof(*rows)))
		ret = -EFAULT;
	kfree(rows);
	return ret;
}

static long bc_do_list(struct bc_session *session, union bc_argument *arg)
{
	struct bc_list *a = &arg->list;
	u32 room = min_t(u32, a->count, BC_MAX);
	struct bc_entry *entries = NULL;
	long ret = 0;

	if (a->flags || a->reserved)
		return -EINVAL;
	if (room) {
		entries = kvcalloc(room, sizeof(*entries), GFP_KERNEL_ACCOUNT);
		if (!entries)
			return -ENOMEM;
	}
	mutex_lock(&bc_mutex);
	a->count = bc_list(entries, room);
	mutex_unlock(&bc_mutex);
	if (a->count > room)
		ret = -ENOSPC;
	else if (copy_to_user(u64_to_user_ptr(a->entries), entries, a->count * sizeof(*entries)))
		ret = -EFAULT;
	kvfree(entries);
	return ret;
}

static long bc_do_clear(struct bc_session *session, union bc_argument *arg)
{
	struct bc_clear *a = &arg->clear;

	if (!bc_id_valid(a->id) || a->flags || a->reserved)
		return -EINVAL;
	return bc_clear(a->id);
}

static long bc_do_destroy(struct bc_session *session, union bc_argument *arg)
{
	struct bc_destroy *a = &arg->destroy;
	struct bc *bc;
	long ret;

	if (!bc_id_valid(a->id) || a->flags || a->reserved)
		return -EINVAL;
	/* found under the mutex: another may destroy and create this id meanwhile */
	mutex_lock(&bc_mutex);
	bc = bc_get(a->id);
	ret = bc_destroy(a->id);
	if (!ret)
		bc_proc_remove(bc);
	mutex_unlock(&bc_mutex);
	bc_put(bc);
	return ret;
}

static long bc_do_choose(struct bc_session *session, union bc_argument *arg)
{
	struct bc_choose *a = &arg->choose;
	struct bc *bc;
	long ret;

	if (!bc_id_valid(a->id) || a->flags || a->resource >= BC_ROWS ||
	    !bc_resource[a->resource].name ||
	    strnlen(a->policy, sizeof(a->policy)) == sizeof(a->policy))
		return -EINVAL;
	if (!bc_row_enforced(a->resource))
		return -EOPNOTSUPP;
	bc = bc_get(a->id);
	if (!bc)
		return -ENOENT;
	ret = bc_policy_choose(bc, a->resource, a->policy);
	bc_put(bc);
	return ret;
}

static long bc_do_attach(struct bc_session *session, union bc_argument *arg)
{
	struct bc_attach *a = &arg->attach;
	struct bc *bc;
	long ret;

	if (!bc_id_valid(a->id) || a->flags)
		return -EINVAL;
	bc = bc_get(a->id);
	if (!bc)
		return -ENOENT;
	ret = bc_families_attach(bc, a->cgroup);
	bc_put(bc);
	return ret;
}

static long bc_do_cpu(struct bc_session *session, union bc_argument *arg)
{
	const u32 known = BC_CPU_LIMIT | BC_CPU_UNITS | BC_CPU_CPUS | BC_CPU_CLASS;
	struct bc_cpu *a = &arg->cpu;
	struct bc_cpu_bounds bounds;
	struct bc *bc;
	long ret;

	if (!bc_id_valid(a->id) || !a->flags || a->flags & ~known || a->limit > BC_CPU_LIMIT_MAX ||
	    a->units > BC_CPU_UNITS_MAX || (a->units && a->units < BC_CPU_UNITS_MIN) ||
	    a->cpus > BC_CPU_CPUS_MAX || a->cpuclass > BC_CPU_CLASS_MAX)
		return -EINVAL;
	bc = bc_get(a->id);
	if (!bc)
		return -ENOENT;
	mutex_lock(&bc_mutex);
	bounds = bc->cpu;
	if (a->flags & BC_CPU_LIMIT)
		bounds.limit = a->limit;
	if (a->flags & BC_CPU_UNITS)
		bounds.units = a->units;
	if (a->flags & BC_CPU_CPUS)
		bounds.cpus = a->cpus;
	if (a->flags & BC_CPU_CLASS)
		bounds.cpuclass = (s32)a->cpuclass - BC_CPU_CLASS_DEFAULT;
	ret = bc_extension_bound(bc, &bounds);
	mutex_unlock(&bc_mutex);
	bc_put(bc);
	return ret;
}

/**
 * struct bc_command - a line of the command table
 * @cmd: number with direction and size
 * @least: size in the first ABI that had it, if it has grown since
 * @run: arguments are copied in; what it changes is copied out if @cmd says so,
 *	also when it returns -ENOSPC
 */
struct bc_command {
	unsigned int	cmd;
	long		(*run)(struct bc_session *session, union bc_argument *arg);
	unsigned int	least;
};

static const struct bc_command bc_commands[] = {
	{ BC_IOC_VERSION, bc_do_version },
	{ BC_IOC_CREATE, bc_do_create },
	{ BC_IOC_ARM, bc_do_arm },
	{ BC_IOC_SET, bc_do_set },
	{ BC_IOC_QUERY, bc_do_query },
	{ BC_IOC_LIST, bc_do_list },
	{ BC_IOC_CLEAR, bc_do_clear },
	{ BC_IOC_DESTROY, bc_do_destroy },
	{ BC_IOC_CHOOSE, bc_do_choose },
	{ BC_IOC_ATTACH, bc_do_attach },
	{ BC_IOC_CPU, bc_do_cpu, offsetofend(struct bc_cpu, limit) },
};

/* The size in the number may differ (another ABI), direction and type may not. */
static const struct bc_command *bc_find_command(unsigned int cmd)
{
	const unsigned int size_mask = _IOC_SIZEMASK << _IOC_SIZESHIFT;

	if (_IOC_NR(cmd) >= ARRAY_SIZE(bc_commands))
		return NULL;
	if ((bc_commands[_IOC_NR(cmd)].cmd ^ cmd) & ~size_mask)
		return NULL;
	return &bc_commands[_IOC_NR(cmd)];
}

static long bc_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	const struct bc_command *command = bc_find_command(cmd);
	void __user *user = (void __user *)address;
	union bc_argument arg;
	unsigned int known;
	u32 size;
	long ret;

	if (!command)
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	known = _IOC_SIZE(command->cmd);
	if (size < (command->least ?: known) || size != _IOC_SIZE(cmd))
		return -EINVAL;
	ret = copy_struct_from_user(&arg, known, user, size);
	if (ret)
		return ret;
	ret = command->run(file->private_data, &arg);
	if ((_IOC_DIR(cmd) & _IOC_READ) && (!ret || ret == -ENOSPC) &&
	    copy_to_user((char __user *)user + sizeof(u32), (char *)&arg + sizeof(u32),
			 known - sizeof(u32)))
		return -EFAULT;
	return ret;
}

static int bc_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	file->private_data = kzalloc(sizeof(struct bc_session), GFP_KERNEL_ACCOUNT);
	return file->private_data ? nonseekable_open(inode, file) : -ENOMEM;
}

static int bc_close(struct inode *inode, struct file *file)
{
	struct bc_session *session = file->private_data;

	mutex_lock(&bc_mutex);
	bc_disarm(&session->arming);
	mutex_unlock(&bc_mutex);
	kfree(session);
	return 0;
}

static const struct file_operations bc_fops = {
	.owner = THIS_MODULE,
	.open = bc_open,
	.release = bc_close,
	.unlocked_ioctl = bc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* A dynamic minor: OpenVZ's 126:0 is in the range for local use, and devtmpfs makes the node. */
static struct miscdevice bc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vzctl",
	.mode = 0600,
	.fops = &bc_fops,
};

/**
 * bc_ioctl_init() - make /dev/vzctl
 */
int bc_ioctl_init(void)
{
	return misc_register(&bc_device);
}

/**
 * bc_ioctl_exit() - mirror of bc_ioctl_init(); open files have pinned the module
 */
void bc_ioctl_exit(void)
{
	misc_deregister(&bc_device);
}
