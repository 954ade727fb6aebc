// SPDX-License-Identifier: GPL-2.0
/*
 * How many processors a container sees, with a number of them set (&bc.cpu.cpus).
 *
 * A task that may use the processors a0 < a1 < ... (its cpuset, online) sees 0 to n - 1,
 * where n is what is set, or all of them if they are fewer. Number i stands for ai, ai+n,
 * ai+2n and so on. So who binds itself to a number still has its part of the machine, and
 * who binds a worker to each number has them all: nothing crowds on the first processors
 * of the host. All numbers seen and given follow this rule:
 *
 *   sched_getaffinity	a number is there if one of its processors is
 *   sched_setaffinity	a number is all its processors; one from n on, which nobody has
 *			shown, is that processor of the host
 *   /proc/stat		a number has the mean of its processors, the total is of those shown
 *   /proc/cpuinfo	the first processor of each number
 *   online in /sys	0 to n - 1
 *
 * The mask of a task is the kernel's own and never translated: the host sees the truth, and
 * what is shown of it follows the number that is set now. What is indexed by
 * the number of the processor that one is on (getcpu, rseq) must not be sized by
 * what is shown: possible and present in /sys stay the host's.
 */
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/processor.h>

#include "../hook/hook.h"
#include "iface.h"

BC_DECLARE_ORIGINAL(long, sched_getaffinity, pid_t pid, struct cpumask *mask);
BC_DECLARE_ORIGINAL(long, sched_setaffinity, pid_t pid, const struct cpumask *mask);
BC_DECLARE_ORIGINAL(int, show_stat, struct seq_file *m, void *v);
BC_DECLARE_ORIGINAL(int, show_cpuinfo, struct seq_file *m, void *v);
BC_DECLARE_ORIGINAL(ssize_t, show_cpus_attr, struct device *dev, struct device_attribute *attr,
		    char *buf);

/* cpuset_cpus_allowed(), or 0: every task may use all processors. */
static unsigned long bc_cpuset_address;

static void bc_cpus_init(void)
{
	bc_cpuset_address = bc_symbol_address("cpuset_cpus_allowed");
}

/* ---- numbers ---- */

/**
 * struct bc_vcpus - the processors that a task sees
 * @allowed: those it may use, online; never empty
 * @count: how many numbers they have
 */
struct bc_vcpus {
	cpumask_var_t	allowed;
	unsigned int	count;
};

/* To be freed. @task may be NULL: it is not known who looks. 0 or -ENOMEM. */
static int bc_vcpus_make(struct bc_vcpus *v, unsigned int cpus, struct task_struct *task)
{
	if (!alloc_cpumask_var(&v->allowed, GFP_KERNEL))
		return -ENOMEM;
	cpumask_copy(v->allowed, cpu_possible_mask);
	if (task && bc_cpuset_address)
		bc_call(bc_cpuset_address, (unsigned long)task, (unsigned long)v->allowed, 0);
	if (!cpumask_and(v->allowed, v->allowed, cpu_online_mask))
		cpumask_copy(v->allowed, cpu_online_mask);
	v->count = min(cpus, cpumask_weight(v->allowed));
	return 0;
}

static void bc_vcpus_free(struct bc_vcpus *v)
{
	free_cpumask_var(v->allowed);
}

/* Which of the allowed processors it is, from 0. */
static unsigned int bc_vcpus_rank(const struct bc_vcpus *v, unsigned int cpu)
{
	return bitmap_weight(cpumask_bits(v->allowed), cpu);
}

/* From processors to numbers. A number is not above its processors: done in place. */
static void bc_vcpus_fold(const struct bc_vcpus *v, struct cpumask *mask)
{
	unsigned int cpu, number = 0;

	/* bound to what was taken away from its cpuset meanwhile */
	if (!cpumask_and(mask, mask, v->allowed))
		cpumask_copy(mask, v->allowed);
	for_each_cpu(cpu, v->allowed) {
		if (cpumask_test_and_clear_cpu(cpu, mask))
			cpumask_set_cpu(number, mask);
		if (++number == v->count)
			number = 0;
	}
}

/* From numbers to processors, none but those allowed. */
static void bc_vcpus_unfold(const struct bc_vcpus *v, const struct cpumask *numbers,
			    struct cpumask *mask)
{
	unsigned int cpu, number = 0;

	cpumask_clear(mask);
	for_each_cpu(cpu, v->allowed) {
		if (cpumask_test_cpu(number, numbers) ||
		    (cpu >= v->count && cpumask_test_cpu(cpu, numbers)))
			cpumask_set_cpu(cpu, mask);
		if (++number == v->count)
			number = 0;
	}
}

/* ---- who looks ---- */

/* How many the calling task sees; 0: all. */
static __always_inline unsigned int bc_cpus_of_current(void)
{
	struct bc *bc = bc_of_task(current);

	return bc ? READ_ONCE(bc->cpu.cpus) : 0;
}

/* How many whoever reads this file of procfs sees: it is the file's owner that counts. */
static __always_inline unsigned int bc_cpus_of_file(const struct seq_file *m)
{
	struct bc *bc = bc_of_ns(proc_pid_ns(file_inode(m->file)->i_sb)->user_ns);

	return bc ? READ_ONCE(bc->cpu.cpus) : 0;
}

static int bc_vcpus_of_pid(struct bc_vcpus *v, unsigned int cpus, struct pid *pid)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	int ret = bc_vcpus_make(v, cpus, task);

	if (task)
		put_task_struct(task);
	return ret;
}

/* Of the task that a system call names. */
static int bc_vcpus_of_target(struct bc_vcpus *v, unsigned int cpus, pid_t nr)
{
	struct pid *pid;
	int ret;

	if (!nr)
		return bc_vcpus_make(v, cpus, current);
	pid = find_get_pid(nr);
	ret = bc_vcpus_of_pid(v, cpus, pid);
	put_pid(pid);
	return ret;
}

/* Of the reader; one of the host sees what the init of the file's owner does. */
static int bc_vcpus_of_reader(struct bc_vcpus *v, unsigned int cpus, const struct seq_file *m)
{
	struct pid_namespace *ns = proc_pid_ns(file_inode(m->file)->i_sb);
	struct pid *pid;
	int ret;

	if (bc_of_task(current) == bc_of_ns(ns->user_ns))
		return bc_vcpus_make(v, cpus, current);
	rcu_read_lock();
	pid = get_pid(find_pid_ns(1, ns));
	rcu_read_unlock();
	ret = bc_vcpus_of_pid(v, cpus, pid);
	put_pid(pid);
	return ret;
}

/* ---- affinity ---- */

static long notrace bc_wrap_sched_getaffinity(pid_t pid, struct cpumask *mask)
{
	unsigned int cpus;
	struct bc_vcpus v;
	long ret;

	bc_hook_enter();
	cpus = bc_cpus_of_current();
	ret = bc_orig_sched_getaffinity(pid, mask);
	if (!ret && cpus) {
		ret = bc_vcpus_of_target(&v, cpus, pid);
		if (!ret) {
			bc_vcpus_fold(&v, mask);
			bc_vcpus_free(&v);
		}
	}
	bc_hook_leave();
	return ret;
}

static long bc_set_unfolded(pid_t pid, const struct cpumask *numbers, unsigned int cpus)
{
	cpumask_var_t mask;
	struct bc_vcpus v;
	long ret;

	ret = bc_vcpus_of_target(&v, cpus, pid);
	if (ret)
		return ret;
	ret = -ENOMEM;
	if (alloc_cpumask_var(&mask, GFP_KERNEL)) {
		bc_vcpus_unfold(&v, numbers, mask);
		ret = bc_orig_sched_setaffinity(pid, mask);
		free_cpumask_var(mask);
	}
	bc_vcpus_free(&v);
	return ret;
}

static long notrace bc_wrap_sched_setaffinity(pid_t pid, const struct cpumask *mask)
{
	unsigned int cpus;
	long ret;

	bc_hook_enter();
	cpus = bc_cpus_of_current();
	ret = cpus ? bc_set_unfolded(pid, mask, cpus) : bc_orig_sched_setaffinity(pid, mask);
	bc_hook_leave();
	return ret;
}

/* ---- /proc/stat ---- */

#define BC_STAT_TIMES 10 /* columns of a processor's line */

/**
 * struct bc_stat_row - lines of processors, added up
 * @lines: how many
 * @time: what they say
 */
struct bc_stat_row {
	unsigned int	lines;
	u64		time[BC_STAT_TIMES];
};

/* The number at *text, which is left behind it. */
static u64 bc_stat_number(char **text)
{
	u64 n = 0;

	while (isdigit(**text))
		n = n * 10 + (*(*text)++ - '0');
	return n;
}

/* Behind the line; all of them end with a newline. */
static char *bc_stat_add(struct bc_stat_row *row, char *text)
{
	unsigned int i;

	row->lines++;
	for (i = 0; i < BC_STAT_TIMES && *text == ' '; i++) {
		while (*text == ' ')
			text++;
		row->time[i] += bc_stat_number(&text);
	}
	while (*text++ != '\n')
		;
	return text;
}

static size_t bc_stat_print(char *to, size_t size, const char *label, const struct bc_stat_row *row)
{
	size_t len = scnprintf(to, size, "%s", label);
	unsigned int i;

	for (i = 0; i < BC_STAT_TIMES; i++)
		len += scnprintf(to + len, size - len, " %llu", row->time[i]);
	return len + scnprintf(to + len, size - len, "\n");
}

/* Mean times of each number, and their sum as the total in row[count]. */
static void bc_stat_means(struct bc_stat_row *row, unsigned int count)
{
	unsigned int i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < BC_STAT_TIMES; j++) {
			row[i].time[j] = div_u64(row[i].time[j], max(row[i].lines, 1U));
			row[count].time[j] += row[i].time[j];
		}
}

/*
 * Replace the lines of processors at @text. What takes their place is not longer: no
 * number or sum has more digits than the largest line that went into it.
 */
static int bc_stat_fold(const struct bc_vcpus *v, struct seq_file *m, char *text)
{
	char *end = m->buf + m->count, *from = text, *to = NULL, label[16];
	struct bc_stat_row *row, none = {};
	size_t room, len;
	unsigned int i;

	row = kvcalloc(v->count + 1, sizeof(*row), GFP_KERNEL);
	if (!row)
		return -ENOMEM;
	from = bc_stat_add(&none, from); /* the total */
	while (end - from > 4 && !memcmp(from, "cpu", 3) && isdigit(from[3])) {
		bool shown;
		u64 cpu;

		from += 3;
		cpu = bc_stat_number(&from);
		shown = cpu < nr_cpu_ids && cpumask_test_cpu(cpu, v->allowed);
		from = bc_stat_add(shown ? &row[bc_vcpus_rank(v, cpu) % v->count] : &none, from);
	}
	bc_stat_means(row, v->count);
	room = from - text;
	to = kvmalloc(room + 1, GFP_KERNEL);
	if (to) {
		len = bc_stat_print(to, room + 1, "cpu ", &row[v->count]);
		for (i = 0; i < v->count; i++) {
			snprintf(label, sizeof(label), "cpu%u", i);
			len += bc_stat_print(to + len, room + 1 - len, label, &row[i]);
		}
		memcpy(text, to, len);
		memmove(text + len, from, end - from);
		m->count -= room - len;
	}
	kvfree(to);
	kvfree(row);
	return to ? 0 : -ENOMEM;
}

static int notrace bc_wrap_show_stat(struct seq_file *m, void *v)
{
	size_t start = m->count;
	struct bc_vcpus vcpus;
	unsigned int cpus;
	int ret;

	bc_hook_enter();
	cpus = bc_cpus_of_file(m);
	ret = bc_orig_show_stat(m, v);
	/* what did not fit is asked for again */
	if (!ret && cpus && !seq_has_overflowed(m)) {
		ret = bc_vcpus_of_reader(&vcpus, cpus, m);
		if (!ret) {
			ret = bc_stat_fold(&vcpus, m, m->buf + start);
			bc_vcpus_free(&vcpus);
		}
	}
	bc_hook_leave();
	return ret;
}

/* ---- /proc/cpuinfo ---- */

/* The number behind "processor" becomes @number, which has no more digits. */
static void bc_cpuinfo_renumber(struct seq_file *m, size_t start, unsigned int number)
{
	static const char title[] = "processor\t: ";
	char *end = m->buf + m->count, *at = m->buf + start, *rest, digits[12];
	int len = snprintf(digits, sizeof(digits), "%u", number);

	if (end - at < sizeof(title) || memcmp(at, title, sizeof(title) - 1))
		return;
	at += sizeof(title) - 1;
	for (rest = at; rest < end && isdigit(*rest); rest++)
		;
	if (rest - at < len)
		return;
	memcpy(at, digits, len);
	memmove(at + len, rest, end - rest);
	m->count -= rest - at - len;
}

static int bc_show_vcpu(const struct bc_vcpus *v, struct seq_file *m, struct cpuinfo_x86 *c)
{
	unsigned int rank = bc_vcpus_rank(v, c->cpu_index);
	size_t start = m->count;
	int ret;

	if (!cpumask_test_cpu(c->cpu_index, v->allowed) || rank >= v->count)
		return 0;
	ret = bc_orig_show_cpuinfo(m, c);
	if (!ret && !seq_has_overflowed(m))
		bc_cpuinfo_renumber(m, start, rank);
	return ret;
}

static int notrace bc_wrap_show_cpuinfo(struct seq_file *m, void *c)
{
	unsigned int cpus;
	struct bc_vcpus v;
	int ret;

	bc_hook_enter();
	cpus = bc_cpus_of_file(m);
	if (cpus) {
		ret = bc_vcpus_of_reader(&v, cpus, m);
		if (!ret) {
			ret = bc_show_vcpu(&v, m, c);
			bc_vcpus_free(&v);
		}
	} else {
		ret = bc_orig_show_cpuinfo(m, c);
	}
	bc_hook_leave();
	return ret;
}

/* ---- /sys/devices/system/cpu/online ---- */

static ssize_t notrace bc_wrap_show_cpus_attr(struct device *dev, struct device_attribute *attr,
					      char *buf)
{
	unsigned int cpus;
	struct bc_vcpus v;
	ssize_t ret;

	bc_hook_enter();
	cpus = bc_cpus_of_current();
	if (!cpus) {
		ret = bc_orig_show_cpus_attr(dev, attr, buf);
	} else {
		ret = bc_vcpus_make(&v, cpus, current);
		if (!ret) {
			ret = v.count > 1 ? sysfs_emit(buf, "0-%u\n", v.count - 1) :
					    sysfs_emit(buf, "0\n");
			bc_vcpus_free(&v);
		}
	}
	bc_hook_leave();
	return ret;
}

/* ---- hooks ---- */

BC_CALLBACK(bc_on_sched_getaffinity)
{
	if (bc_cpus_of_current())
		BC_REDIRECT(bc_wrap_sched_getaffinity);
}

BC_CALLBACK(bc_on_sched_setaffinity)
{
	if (bc_cpus_of_current())
		BC_REDIRECT(bc_wrap_sched_setaffinity);
}

BC_CALLBACK(bc_on_show_stat)
{
	if (bc_cpus_of_file(BC_ARG0(struct seq_file *)))
		BC_REDIRECT(bc_wrap_show_stat);
}

BC_CALLBACK(bc_on_show_cpuinfo)
{
	if (bc_cpus_of_file(BC_ARG0(struct seq_file *)))
		BC_REDIRECT(bc_wrap_show_cpuinfo);
}

BC_CALLBACK(bc_on_show_cpus_attr)
{
	if (bc_cpus_of_current() &&
	    !strcmp(BC_ARG1(struct device_attribute *)->attr.name, "online"))
		BC_REDIRECT(bc_wrap_show_cpus_attr);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "sched_getaffinity" },
		.callback = bc_on_sched_getaffinity,
		.original = &bc_addr_sched_getaffinity,
		.missing = "nproc in containers shows all processors, whatever cpus says",
	},
	{
		.symbols = { "sched_setaffinity" },
		.callback = bc_on_sched_setaffinity,
		.original = &bc_addr_sched_setaffinity,
		.missing = "containers with cpus set bind tasks to the host's first processors",
	},
	{
		.symbols = { "show_stat" },
		.callback = bc_on_show_stat,
		.original = &bc_addr_show_stat,
		.missing = "/proc/stat in containers shows all processors, whatever cpus says",
	},
	{
		.symbols = { "show_cpuinfo" },
		.callback = bc_on_show_cpuinfo,
		.original = &bc_addr_show_cpuinfo,
		.missing = "/proc/cpuinfo in containers shows all processors, whatever cpus says",
	},
	{
		.symbols = { "show_cpus_attr" },
		.callback = bc_on_show_cpus_attr,
		.original = &bc_addr_show_cpus_attr,
		.missing = "/sys in containers shows all processors, whatever cpus says",
	},
};

const struct bc_hook_group bc_cpus_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_cpus_init };
