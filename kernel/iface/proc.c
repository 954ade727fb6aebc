// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/user_beancounters, /proc/bc and /proc/vz, from the resource table.
 *
 * The classic files keep OpenVZ's bytes, version 2.5: monitoring parses them.
 * A row that is not enforced shows zeros and unlimited there; resources.ext says
 * so in words. No lock is held across a read, and the time is linear in what is
 * printed.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../core/policy.h"
#include "../core/refusal.h"
#include "iface.h"

#define BC_TABLE_VERSION	"Version: 2.5\n"
#define BC_ROW_FORMAT		"%10s  %-12s %20llu %20llu %20llu %20llu %20llu\n"
#define BC_FULL_ROWS		(BIT(BC_FIRST_EXTENDED) - 1)
#define BC_CLASSIC_MASK		(BIT(BC_CLASSIC_ROWS) - 1)

/* Value of /proc/vz/version: presence says "host"; the text is ours. */
#define BC_VZ_VERSION		"beanpod-" BC_RELEASE "\n"

static struct proc_dir_entry *bc_dir;
static struct proc_dir_entry *bc_vz_dir;
static struct proc_dir_entry *bc_ub_file;

/* Modules whose files are there. Written under bc_mutex while no such file is. */
static const struct bc_extension *bc_proc_extensions[BC_EXTENSIONS];
static struct proc_dir_entry *bc_nodes_file; /* /proc/fairsched */

static const char *const bc_state_words[] = {
	[BC_STATE_NOT_ENFORCED] = "not-enforced", [BC_STATE_ENFORCED] = "enforced",
	[BC_STATE_SAMPLED] = "sampled",		  [BC_STATE_GUARANTEE] = "guarantee",
	[BC_STATE_RECLAIMED] = "reclaimed",
};

static void bc_show_header(struct seq_file *m)
{
	seq_puts(m, BC_TABLE_VERSION);
	seq_printf(m, "%10s  %-12s %20s %20s %20s %20s %20s\n", "uid", "resource", "held",
		   "maxheld", "barrier", "limit", "failcnt");
}

/* The rows of @mask; @label stands in front of the first. Place holders are dummies. */
static void bc_show_rows(struct seq_file *m, struct bc *bc, unsigned long mask, bool dummies,
			 const char *label)
{
	unsigned int i;

	if (bc)
		bc_recount(bc);
	for_each_set_bit(i, &mask, BC_ROWS) {
		struct bc_row row = { .barrier = BC_UNLIMITED, .limit = BC_UNLIMITED };

		if (bc_resource[i].name)
			bc_read_row(bc, i, &row);
		else if (!dummies)
			continue;
		seq_printf(m, BC_ROW_FORMAT, label, bc_resource[i].name ?: "dummy", row.held,
			   row.maxheld, row.barrier, row.limit, row.failcnt);
		label = "";
	}
}

/* ---- tables of all beancounters ---- */

/**
 * struct bc_walk - a read of a table
 * @viewer: who reads
 * @own: referenced, if a container reads
 * @now: referenced, where the walk is
 */
struct bc_walk {
	enum bc_viewer	viewer;
	struct bc	*own;
	struct bc	*now;
};

/*
 * Positions: 0 is the header; then bc.order + 1 of the next beancounter; then
 * the host, last.
 */
#define BC_POS_HOST	((loff_t)U32_MAX + 2)
#define BC_TOKEN_HEADER	SEQ_START_TOKEN
#define BC_TOKEN_HOST	((void *)2)

static void *bc_walk_find(struct bc_walk *walk, loff_t *pos)
{
	unsigned long order;

	bc_put(walk->now);
	walk->now = NULL;
	if (*pos == 0)
		return BC_TOKEN_HEADER;
	if (walk->viewer == BC_VIEW_CONTAINER)
		return *pos == 1 ? walk->own : NULL;
	if (*pos < BC_POS_HOST) {
		order = *pos - 1;
		walk->now = bc_get_next(&order);
		*pos = walk->now ? order + 1 : BC_POS_HOST;
		if (walk->now)
			return walk->now;
	}
	return *pos == BC_POS_HOST ? BC_TOKEN_HOST : NULL;
}

static void *bc_walk_start(struct seq_file *m, loff_t *pos)
{
	return bc_walk_find(m->private, pos);
}

static void *bc_walk_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return bc_walk_find(m->private, pos);
}

static void bc_walk_stop(struct seq_file *m, void *v)
{
	struct bc_walk *walk = m->private;

	bc_put(walk->now);
	walk->now = NULL;
}

static int bc_show_table(struct seq_file *m, void *v, unsigned long mask, bool dummies)
{
	struct bc *bc = v == BC_TOKEN_HOST ? NULL : v;
	char label[16];

	if (v == BC_TOKEN_HEADER) {
		bc_show_header(m);
		return 0;
	}
	snprintf(label, sizeof(label), "%u:", bc ? bc->id : 0);
	bc_show_rows(m, bc, mask, dummies, label);
	return 0;
}

static int bc_ub_show(struct seq_file *m, void *v)
{
	return bc_show_table(m, v, BC_CLASSIC_MASK, true);
}

static int bc_all_show(struct seq_file *m, void *v)
{
	return bc_show_table(m, v, BC_FULL_ROWS, false);
}

/* What a table of refusals begins with, and how one looks: the columns of failures. */
#define BC_FAILURES_VERSION	"Version: 1.0\n"

static void bc_show_failures_titles(struct seq_file *m)
{
	seq_printf(m, "%16s %10s %-12s %12s %20s %20s %20s %6s %10s %s\n", "time", "seq",
		   "resource", "asked", "held", "barrier", "limit", "errno", "pid", "comm");
}

static void bc_show_refusal(struct seq_file *m, const struct bc_refusal *r, pid_t pid)
{
	u64 s = r->time_ns;
	u32 us = do_div(s, NSEC_PER_SEC) / NSEC_PER_USEC;

	seq_printf(m, "%9llu.%06u %10llu %-12s %12llu %20llu %20llu %20llu %6u %10d ", s, us,
		   r->seq, bc_resource[r->row].name, r->asked, r->held, r->barrier, r->limit,
		   r->err, pid);
	/* the name is the tenant's: nothing in it may look like another line or column */
	seq_escape_mem(m, r->comm, strnlen(r->comm, sizeof(r->comm)),
		       ESCAPE_NAP | ESCAPE_HEX | ESCAPE_APPEND, " \\");
	seq_putc(m, '\n');
}

/* All that is on record of @bc; @label stands in front of each line. */
static int bc_show_refusals(struct seq_file *m, struct bc *bc, const char *label, bool inside)
{
	struct bc_refusal *r = kvmalloc_array(BC_REFUSALS_MAX, sizeof(*r), GFP_KERNEL);
	unsigned int i, n;

	if (!r)
		return -ENOMEM;
	n = bc_refusals_snapshot(bc, r, 0);
	for (i = 0; i < n; i++) {
		seq_puts(m, label);
		bc_show_refusal(m, &r[i], inside ? r[i].inside : r[i].pid);
	}
	kvfree(r);
	return 0;
}

/*
 * /proc/vz/failures: the record of refusals of all containers for the host, of its
 * own for a container, with the pids that its root knows.
 */
static int bc_allfail_show(struct seq_file *m, void *v)
{
	struct bc_walk *walk = m->private;
	char label[16];
	struct bc *bc;

	if (v == BC_TOKEN_HEADER) {
		seq_puts(m, BC_FAILURES_VERSION);
		seq_printf(m, "%10s  ", "uid");
		bc_show_failures_titles(m);
		return 0;
	}
	if (v == BC_TOKEN_HOST)
		return 0;
	bc = v;
	snprintf(label, sizeof(label), "%9u:  ", bc->id);
	return bc_show_refusals(m, bc, label, walk->viewer == BC_VIEW_CONTAINER);
}

/*
 * One line for each container: id, class, processes. Addresses follow when
 * there is a device that has them.
 */
static int bc_veinfo_show(struct seq_file *m, void *v)
{
	struct bc *bc = v == BC_TOKEN_HOST ? NULL : v;
	long procs;

	if (v == BC_TOKEN_HEADER)
		return 0;
	procs = bc ? atomic_long_read(&bc->row[BC_NUMPROC].held) : 0;
	/* the file lists what runs; the host always does */
	if (bc && procs <= 0)
		return 0;
	seq_printf(m, "%10u %5u %5lu\n", bc ? bc->id : 0, 0, procs);
	return 0;
}

static u64 bc_ticks(u64 ns)
{
	return div_u64(ns, NSEC_PER_SEC / USER_HZ);
}

/*
 * One line for each container that runs, times in clock ticks, then in ns. Without
 * fairsched.ko times of processors are not counted: zeros. Idle and strv always are.
 */
static int bc_vestat_show(struct seq_file *m, void *v)
{
	struct bc *bc = v == BC_TOKEN_HOST ? NULL : v;
	struct bc_times t;
	u64 up;

	if (v == BC_TOKEN_HEADER) {
		seq_printf(m, "%-251s\n", "Version: 2.2");
		seq_printf(m, "%20s %20s %20s %20s %20s %20s %20s %20s %20s %20s %20s %20s\n",
			   "VEID", "user", "nice", "system", "uptime", "idle", "strv", "uptime",
			   "used", "maxlat", "totlat", "numsched");
		return 0;
	}
	if (!bc || atomic_long_read(&bc->row[BC_NUMPROC].held) <= 0)
		return 0;
	up = ktime_get_boottime_ns() - READ_ONCE(bc->started_ns);
	bc_extension_times(bc, &t);
	seq_printf(
		m,
		"%20u %20llu %20llu %20llu %20llu %20u %20u %20llu %20llu %20llu %20llu %20llu\n",
		bc->id, bc_ticks(t.user), bc_ticks(t.nice), bc_ticks(t.system), bc_ticks(up), 0, 0,
		up, t.used, t.longest, t.waited, t.switches);
	return 0;
}

/*
 * How processor time is divided: weight is 500000 / units, rounded down, rate in 1/1024 of
 * a processor; the host is neither held nor listed by its id, but as node INT_MAX.
 */
static int bc_nodes_show(struct seq_file *m, void *v)
{
	struct bc *bc = v == BC_TOKEN_HOST ? NULL : v;
	struct bc_cpu_bounds cpu = {};
	unsigned long tasks = 0;
	u64 rate;

	if (v == BC_TOKEN_HEADER) {
		seq_puts(m, "Version: 2.6 debug\n");
		seq_printf(m, "%10s %10s %10s %6s %5s %5s %5s %4s %3s %5s %20s %20s %20s\n", "veid",
			   "id", "parent", "weight", "rate", "tasks", "run", "cpus", "flg", "ready",
			   "start_tag", "value", "delay");
		return 0;
	}
	if (bc) {
		tasks = max(atomic_long_read(&bc->row[BC_NUMPROC].held), 0L);
		/* each member as it was at some time */
		cpu.limit = READ_ONCE(bc->cpu.limit);
		cpu.units = READ_ONCE(bc->cpu.units);
		cpu.cpus = READ_ONCE(bc->cpu.cpus);
	}
	rate = div_u64((u64)cpu.limit * 1024 + 9999, 10000);
	seq_printf(m, "%10u %10u %10u %6u %5llu %5lu %5u %4u  %c%c %5u %20u %20u %20u\n", 0,
		   bc ? bc->id : INT_MAX, 0, BC_CPU_UNITS_MAX / (cpu.units ?: BC_CPU_UNITS_DEFAULT),
		   rate, tasks, 0, cpu.cpus, rate ? 'L' : '.', '.', 0, 0, 0, 0);
	return 0;
}

#define BC_WALK_OPS(name)					\
	static const struct seq_operations bc_##name##_ops = {	\
		.start = bc_walk_start,				\
		.next = bc_walk_next,				\
		.stop = bc_walk_stop,				\
		.show = bc_##name##_show,			\
	}
BC_WALK_OPS(ub);
BC_WALK_OPS(all);
BC_WALK_OPS(veinfo);
BC_WALK_OPS(vestat);
BC_WALK_OPS(allfail);
BC_WALK_OPS(nodes);

static bool bc_reader_is_root(void)
{
	return ns_capable(current_user_ns(), CAP_DAC_OVERRIDE) &&
	       ns_capable(current_user_ns(), CAP_DAC_READ_SEARCH);
}

static int bc_walk_open(struct inode *inode, struct file *file, const struct seq_operations *ops)
{
	struct bc_walk *walk;
	struct bc *bc = NULL;
	enum bc_viewer viewer = bc_view(inode, &bc);

	if (viewer == BC_VIEW_FOREIGN || !bc_reader_is_root())
		return -EACCES;
	walk = __seq_open_private(file, ops, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk->viewer = viewer;
	if (viewer == BC_VIEW_CONTAINER) {
		refcount_inc(&bc->ref);
		walk->own = bc;
	}
	return 0;
}

static int bc_walk_release(struct inode *inode, struct file *file)
{
	struct bc_walk *walk = ((struct seq_file *)file->private_data)->private;

	bc_put(walk->own);
	return seq_release_private(inode, file);
}

static int bc_ub_open(struct inode *inode, struct file *file)
{
	return bc_walk_open(inode, file, &bc_ub_ops);
}

static int bc_veinfo_open(struct inode *inode, struct file *file)
{
	return bc_walk_open(inode, file, &bc_veinfo_ops);
}

static int bc_vestat_open(struct inode *inode, struct file *file)
{
	return bc_walk_open(inode, file, &bc_vestat_ops);
}

static int bc_allfail_open(struct inode *inode, struct file *file)
{
	return bc_walk_open(inode, file, &bc_allfail_ops);
}

/* Only the host has business below /proc/bc, whatever way it is reached. */
static int bc_may_open_host(struct inode *inode)
{
	struct bc *bc;

	return bc_view(inode, &bc) == BC_VIEW_HOST && bc_reader_is_root() ? 0 : -EPERM;
}

static int bc_all_open(struct inode *inode, struct file *file)
{
	return bc_may_open_host(inode) ?: bc_walk_open(inode, file, &bc_all_ops);
}

static int bc_nodes_open(struct inode *inode, struct file *file)
{
	return bc_may_open_host(inode) ?: bc_walk_open(inode, file, &bc_nodes_ops);
}

#define BC_WALK_PROC_OPS(name)					\
	static const struct proc_ops bc_##name##_proc_ops = {	\
		.proc_open = bc_##name##_open,			\
		.proc_read = seq_read,				\
		.proc_lseek = seq_lseek,			\
		.proc_release = bc_walk_release,		\
	}
BC_WALK_PROC_OPS(ub);
BC_WALK_PROC_OPS(all);
BC_WALK_PROC_OPS(veinfo);
BC_WALK_PROC_OPS(vestat);
BC_WALK_PROC_OPS(allfail);
BC_WALK_PROC_OPS(nodes);

/* ---- files of one beancounter: /proc/bc/ID/ ---- */

static int bc_resources_show(struct seq_file *m, void *v)
{
	bc_show_rows(m, m->private, BC_FULL_ROWS, false, "");
	return 0;
}

static int bc_ext_show(struct seq_file *m, void *v)
{
	struct bc *bc = m->private;
	unsigned int i;

	if (bc)
		bc_recount(bc);
	seq_printf(m, "%-12s %-13s %20s %20s %20s %20s %20s %s\n", "resource", "state", "held",
		   "maxheld", "barrier", "limit", "failcnt", "policy");
	for (i = 0; i < BC_ROWS; i++) {
		char policy[BC_POLICY_NAME];
		struct bc_row row;

		if (!bc_resource[i].name)
			continue;
		bc_read_row(bc, i, &row);
		bc_policy_name(bc, &row, policy);
		seq_printf(m, "%-12s %-13s %20llu %20llu %20llu %20llu %20llu %s\n", row.name,
			   bc_state_words[row.state], row.held, row.maxheld, row.barrier, row.limit,
			   row.failcnt, policy);
	}
	return 0;
}

static int bc_failures_show(struct seq_file *m, void *v)
{
	struct bc *bc = m->private;

	seq_puts(m, BC_FAILURES_VERSION);
	bc_show_failures_titles(m);
	return bc ? bc_show_refusals(m, bc, "", false) : 0;
}

/* Files of keys and values. Nothing of this is counted: the layout, and zeros. */
static void bc_show_zeros(struct seq_file *m, const char *const *keys, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		seq_printf(m, "\t%-20s %21u\n", keys[i], 0);
}

static int bc_vmaux_show(struct seq_file *m, void *v)
{
	static const char *const keys[] = {
		"tmpfs_respages", "swapin",	  "swapout", "vswapin", "vswapout", "ram",
		"shadow",	  "swap_entries", "hugetlb",
	};

	bc_show_zeros(m, keys, ARRAY_SIZE(keys));
	return 0;
}

static int bc_ioacct_show(struct seq_file *m, void *v)
{
	static const char *const keys[] = {
		"read",
		"write",
		"dirty",
		"cancel",
		"missed",
		"syncs_total",
		"fsyncs_total",
		"fdatasyncs_total",
		"range_syncs_total",
		"syncs_active",
		"fsyncs_active",
		"fdatasyncs_active",
		"range_syncs_active",
		"io_pbs",
		"fuse_requests",
		"fuse_bytes",
	};

	bc_show_zeros(m, keys, ARRAY_SIZE(keys));
	return 0;
}

/* meminfo reads a file of the cgroup, which is a seq_file as well, below its own lock. */
static struct lock_class_key bc_one_key;

/* Entries carry the id; 0 is the host. The open file pins the beancounter. */
static int bc_one_open(struct inode *inode, struct file *file,
		       int (*show)(struct seq_file *m, void *v))
{
	u32 id = (uintptr_t)pde_data(inode);
	struct bc *bc = NULL;
	int ret = bc_may_open_host(inode);

	if (ret)
		return ret;
	if (id) {
		bc = bc_get(id);
		if (!bc)
			return -ENOENT;
	}
	ret = single_open(file, show, bc);
	if (ret)
		bc_put(bc);
	else
		lockdep_set_class(&((struct seq_file *)file->private_data)->lock, &bc_one_key);
	return ret;
}

static int bc_one_release(struct inode *inode, struct file *file)
{
	bc_put(((struct seq_file *)file->private_data)->private);
	return single_release(inode, file);
}

#define BC_ONE_FILE(name)                                                          \
	static int bc_##name##_open(struct inode *inode, struct file *file)        \
	{                                                                          \
		return bc_one_open(inode, file, bc_##name##_show);                 \
	}                                                                          \
	static const struct proc_ops bc_##name##_proc_ops = {                      \
		.proc_open = bc_##name##_open,                                     \
		.proc_read = seq_read,                                             \
		.proc_lseek = seq_lseek,                                           \
		.proc_release = bc_one_release,                                    \
	}
BC_ONE_FILE(resources);
BC_ONE_FILE(ext);
BC_ONE_FILE(failures);
BC_ONE_FILE(vmaux);
BC_ONE_FILE(ioacct);
BC_ONE_FILE(meminfo);
BC_ONE_FILE(nodeinfo);

/* The file of another module. It is removed before that module's data is. */
static void bc_show_extension(struct seq_file *m, enum bc_extension_slot slot)
{
	struct bc *bc = m->private;
	const struct bc_extension *ext = bc_proc_extensions[slot];
	void *data;

	rcu_read_lock();
	data = rcu_dereference(bc->extension[slot]);
	if (data)
		ext->show(m, bc, data);
	rcu_read_unlock();
}

static int bc_fairsched_show(struct seq_file *m, void *v)
{
	bc_show_extension(m, BC_EXTENSION_FAIRSCHED);
	return 0;
}
BC_ONE_FILE(fairsched);

static const struct proc_ops *const bc_extension_proc_ops[BC_EXTENSIONS] = {
	[BC_EXTENSION_FAIRSCHED] = &bc_fairsched_proc_ops,
};

static int bc_proc_add_file(struct bc *bc, enum bc_extension_slot slot)
{
	const struct bc_extension *ext = bc_proc_extensions[slot];
	void *data = (void *)(uintptr_t)bc->id;

	if (!ext || !bc->proc)
		return 0;
	bc->proc_files[slot] =
		proc_create_data(ext->file, 0400, bc->proc, bc_extension_proc_ops[slot], data);
	return bc->proc_files[slot] ? 0 : -ENOMEM;
}

static int bc_proc_add_files(enum bc_extension_slot slot)
{
	unsigned long order;
	struct bc *bc;

	bc_for_each(bc, order) {
		if (bc_proc_add_file(bc, slot)) {
			bc_put(bc);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * bc_proc_add_extension() - make a file of another module for every beancounter
 * @slot: of the module
 *
 * Context: process, bc_mutex held.
 * Return: 0, or -ENOMEM with nothing left behind.
 */
int bc_proc_add_extension(enum bc_extension_slot slot)
{
	int ret = 0;

	bc_proc_extensions[slot] = bc_extension_of(slot);
	if (slot == BC_EXTENSION_FAIRSCHED) {
		bc_nodes_file = proc_create("fairsched", 0400, NULL, &bc_nodes_proc_ops);
		ret = bc_nodes_file ? 0 : -ENOMEM;
	}
	if (!ret)
		ret = bc_proc_add_files(slot);
	if (ret)
		bc_proc_remove_extension(slot);
	return ret;
}

/**
 * bc_proc_remove_extension() - mirror; waits for reads under way
 * @slot: of the module
 *
 * Context: process, bc_mutex held.
 */
void bc_proc_remove_extension(enum bc_extension_slot slot)
{
	unsigned long order;
	struct bc *bc;

	bc_for_each(bc, order) {
		proc_remove(bc->proc_files[slot]);
		bc->proc_files[slot] = NULL;
	}
	if (slot == BC_EXTENSION_FAIRSCHED) {
		proc_remove(bc_nodes_file);
		bc_nodes_file = NULL;
	}
	bc_proc_extensions[slot] = NULL;
}

static struct proc_dir_entry *bc_proc_add_dir(u32 id)
{
	struct proc_dir_entry *dir;
	void *data = (void *)(uintptr_t)id;
	char name[12];

	snprintf(name, sizeof(name), "%u", id);
	dir = proc_mkdir_mode(name, 0500, bc_dir);
	if (!dir)
		return NULL;
	if (proc_create_data("resources", 0400, dir, &bc_resources_proc_ops, data) &&
	    proc_create_data("resources.ext", 0400, dir, &bc_ext_proc_ops, data) &&
	    proc_create_data("failures", 0400, dir, &bc_failures_proc_ops, data) &&
	    proc_create_data("vmaux", 0400, dir, &bc_vmaux_proc_ops, data) &&
	    proc_create_data("ioacct", 0400, dir, &bc_ioacct_proc_ops, data) &&
	    (!id || (proc_create_data("meminfo", 0400, dir, &bc_meminfo_proc_ops, data) &&
		     proc_create_data("nodeinfo", 0400, dir, &bc_nodeinfo_proc_ops, data))))
		return dir;
	proc_remove(dir);
	return NULL;
}

/**
 * bc_proc_add() - make /proc/bc/ID
 * @bc: new
 *
 * Context: process, bc_mutex held.
 * Return: 0 or -ENOMEM.
 */
int bc_proc_add(struct bc *bc)
{
	unsigned int i;

	bc->proc = bc_proc_add_dir(bc->id);
	if (!bc->proc)
		return -ENOMEM;
	for (i = 0; i < BC_EXTENSIONS; i++) {
		if (bc_proc_add_file(bc, i)) {
			bc_proc_remove(bc);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * bc_proc_remove() - mirror of bc_proc_add(); waits for reads under way
 * @bc: about to be destroyed; no reader takes bc_mutex
 */
void bc_proc_remove(struct bc *bc)
{
	proc_remove(bc->proc);
	bc->proc = NULL;
	memset(bc->proc_files, 0, sizeof(bc->proc_files));
}

static int bc_policies_show(struct seq_file *m, void *v)
{
	unsigned int i, count = 0;
	struct bc_policy_line *lines = bc_policy_list(&count);

	if (!lines)
		return -ENOMEM;
	seq_printf(m, "%-15s %10s %s\n", "policy", "users", "module");
	for (i = 0; i < count; i++) {
		seq_printf(m, "%-15s ", lines[i].name);
		if (lines[i].users < 0)
			seq_printf(m, "%10s", "-");
		else
			seq_printf(m, "%10ld", lines[i].users);
		seq_printf(m, " %s\n", lines[i].module);
	}
	kfree(lines);
	return 0;
}

/* No address belongs to a container: there is no device that has them. */
static int bc_veip_show(struct seq_file *m, void *v)
{
	seq_puts(m, BC_TABLE_VERSION);
	return 0;
}

/* Disk quota is the file system's, not this module's: no container is listed. */
static int bc_vzquota_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%-11s%15s%15s%15s%11s%11s\n", "qid: path", "usage", "softlimit", "hardlimit",
		   "time", "expire");
	return 0;
}

/* That it is there says that RAM and swap can be divided. */
static int bc_vswap_show(struct seq_file *m, void *v)
{
	seq_puts(m, "Version: 1.0\n");
	return 0;
}

#define BC_HOST_FILE(name)                                                                \
	static int bc_##name##_open(struct inode *inode, struct file *file)               \
	{                                                                                 \
		return bc_may_open_host(inode) ?: single_open(file, bc_##name##_show, NULL); \
	}                                                                                 \
	static const struct proc_ops bc_##name##_proc_ops = {                             \
		.proc_open = bc_##name##_open,                                            \
		.proc_read = seq_read,                                                    \
		.proc_lseek = seq_lseek,                                                  \
		.proc_release = single_release,                                           \
	}
BC_HOST_FILE(policies);
BC_HOST_FILE(veip);
BC_HOST_FILE(vzquota);
BC_HOST_FILE(vswap);

static int bc_version_show(struct seq_file *m, void *v)
{
	seq_puts(m, BC_VZ_VERSION);
	return 0;
}

/**
 * bc_proc_init() - make the entries that do not depend on containers
 * Return: 0 or -ENOMEM with nothing left behind.
 */
int bc_proc_init(void)
{
	bc_dir = proc_mkdir_mode("bc", 0500, NULL);
	bc_vz_dir = proc_mkdir("vz", NULL);
	bc_ub_file = proc_create("user_beancounters", 0400, NULL, &bc_ub_proc_ops);
	if (!bc_dir || !bc_vz_dir || !bc_ub_file ||
	    !proc_create("resources", 0400, bc_dir, &bc_all_proc_ops) ||
	    !proc_create("policies", 0400, bc_dir, &bc_policies_proc_ops) || !bc_proc_add_dir(0) ||
	    !proc_create("veinfo", 0400, bc_vz_dir, &bc_veinfo_proc_ops) ||
	    !proc_create("vestat", 0400, bc_vz_dir, &bc_vestat_proc_ops) ||
	    !proc_create("veip", 0400, bc_vz_dir, &bc_veip_proc_ops) ||
	    !proc_create("vzquota", 0400, bc_vz_dir, &bc_vzquota_proc_ops) ||
	    !proc_create("failures", 0400, bc_vz_dir, &bc_allfail_proc_ops) ||
	    (bc_row_states[BC_PHYSPAGES] != BC_STATE_NOT_ENFORCED &&
	     !proc_create("vswap", 0400, bc_vz_dir, &bc_vswap_proc_ops)) ||
	    !proc_create_single("version", 0444, bc_vz_dir, bc_version_show)) {
		bc_proc_exit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * bc_proc_exit() - mirror of bc_proc_init(), directories of containers included
 */
void bc_proc_exit(void)
{
	proc_remove(bc_ub_file);
	proc_remove(bc_vz_dir);
	proc_remove(bc_dir);
}
