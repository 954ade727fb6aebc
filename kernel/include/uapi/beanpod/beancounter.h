/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/vzctl: create, arm, limit, read and destroy beancounters.
 *
 * A beancounter has an id (the container's CTID) and one row per resource:
 * held, maxheld, barrier, limit, failcnt. It is made with BC_IOC_CREATE, given
 * limits with BC_IOC_SET, and bound to a container by BC_IOC_ARM: the next user
 * namespace that the calling task creates, and every namespace below it, is
 * charged to it. It outlives the container (last words) until BC_IOC_DESTROY.
 *
 * Rules that hold for every command
 *
 * - The device is mode 0600; open(2) and each command need CAP_SYS_ADMIN in the
 *   initial user namespace (EPERM). The container itself reads its counters in
 *   /proc/user_beancounters and has no business here.
 * - Every argument is a struct whose first member is its own size in bytes. The
 *   kernel accepts a longer one if what it does not know is zero (E2BIG if not),
 *   and a shorter one of an older ABI. A size below that of ABI 1 is EINVAL.
 * - Unknown flags and non-zero reserved members are EINVAL. Nothing is done in
 *   part: a command either does all it was asked or returns an error and has
 *   changed nothing.
 * - Ids are 1 to BC_ID_MAX; an id out of range is EINVAL, one that does not
 *   exist ENOENT.
 * - Unknown commands are ENOTTY; bad pointers EFAULT; no memory ENOMEM.
 *
 * Values are in the unit of the resource: bytes, pages or items, from 0 to
 * BC_UNLIMITED. A charge that may be refused stops at the barrier, one whose
 * failure would hurt stops at the limit; a limit below the barrier refuses too.
 */
#ifndef BEANPOD_UAPI_BEANCOUNTER_H
#define BEANPOD_UAPI_BEANCOUNTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BC_ABI		6
#define BC_DEVICE	"/dev/vzctl"
#define BC_ID_MAX	2147483644U
#define BC_UNLIMITED	0x7fffffffffffffffULL
#define BC_POLICY_NAME	16	/* of a policy, NUL included */

/* What a row is worth on this kernel with this module: struct bc_row::state */
enum bc_state {
	BC_STATE_NOT_ENFORCED,	/* nothing is counted; zeros and unlimited are shown */
	BC_STATE_ENFORCED,	/* counted and refused at barrier or limit */
	BC_STATE_SAMPLED,	/* counted when read; never refused */
	BC_STATE_GUARANTEE,	/* a promise, never refused */
	BC_STATE_RECLAIMED,	/* counted by the memory cgroup, taken back; see BC_IOC_ATTACH */
};

enum bc_unit {
	BC_UNIT_ITEMS,
	BC_UNIT_PAGES,
	BC_UNIT_BYTES,
};

/* What became of the container: struct bc_entry::life */
enum bc_life {
	BC_LIFE_NEW,		/* created, never armed */
	BC_LIFE_ARMED,		/* a task is armed and has not yet made its namespace */
	BC_LIFE_RUNNING,	/* at least one task lives in it */
	BC_LIFE_STOPPED,	/* no task left: last words */
};

/* BC_IOC_VERSION: what is loaded. No flags. */
struct bc_version {
	__u32	size;
	__u32	abi;		/* out: BC_ABI of the module */
	__u32	rows;		/* out: number of rows that BC_IOC_QUERY can return */
	__u32	reserved;
	char	release[32];	/* out: version of the module, NUL-terminated */
};

/*
 * BC_IOC_CREATE: make a beancounter with every row unlimited, and nothing promised.
 * EEXIST: the id is in use, and BC_CREATE_EXCL was given or the container runs
 * or is armed. Without BC_CREATE_EXCL an existing one whose container is
 * stopped, or was never started, is kept with its counters and limits (restart).
 * ENOSPC: BC_MAX beancounters exist.
 */
struct bc_create {
	__u32	size;
	__u32	id;
	__u32	flags;
#define BC_CREATE_EXCL	1
	__u32	reserved;
};

/*
 * BC_IOC_ARM: the next user namespace that the calling thread creates, by
 * clone3(CLONE_NEWUSER), clone or unshare, belongs to the beancounter. One
 * shot; undone by BC_ARM_OFF, by execve(2), by the thread's exit, and by the
 * last close of this open file. One arming for each open file: a second one
 * replaces the first. A process that is charged to a container cannot be armed
 * (EPERM). EBUSY: the container runs, or another open file has it armed.
 */
struct bc_arm {
	__u32	size;
	__u32	id;
	__u32	flags;
#define BC_ARM_OFF	1
	__u32	reserved;
};

struct bc_limit {
	__u32	resource;	/* row number of bc_resources.h */
	__u32	reserved;
	__u64	barrier;
	__u64	limit;
};

/*
 * BC_IOC_SET: set barrier and limit of count rows, all of them or none, live.
 * What is held already stays held; the next charge sees the new values.
 * EINVAL: no such resource, a value above BC_UNLIMITED, a row named twice,
 * count is 0 or above BC_ROWS. EOPNOTSUPP: a row is BC_STATE_NOT_ENFORCED.
 */
struct bc_set {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__u32	count;		/* in: rows at limits */
	__u64	limits;		/* in: pointer to struct bc_limit[count] */
};

struct bc_row {
	__u32	resource;
	__u16	state;		/* enum bc_state */
	__u16	unit;		/* enum bc_unit */
	char	name[16];	/* NUL-terminated */
	__u64	held;
	__u64	maxheld;
	__u64	barrier;
	__u64	limit;
	__u64	failcnt;
};

/*
 * BC_IOC_QUERY: read the rows of a beancounter, id 0 for the host (its rows are
 * zeros and unlimited: the host is not charged, but states and names are right).
 * count: in, room at rows; out, rows that exist. ENOSPC: room is too small,
 * count says how much is needed and nothing was written.
 */
struct bc_query {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__u32	count;
	__u64	rows;		/* in: pointer to struct bc_row[count] */
};

struct bc_entry {
	__u32	id;
	__u32	life;		/* enum bc_life */
	__u32	procs;		/* tasks alive */
	__u32	reserved;
	__u64	created_ns;	/* CLOCK_BOOTTIME at BC_IOC_CREATE */
	__u64	started_ns;	/* CLOCK_BOOTTIME at the last arming that took effect, 0 if none */
};

/*
 * BC_IOC_LIST: the beancounters that exist, in ascending order of id. count as
 * in BC_IOC_QUERY; ENOSPC if there are more than fit. First call with count 0
 * to learn the number; it may have changed by the second call.
 */
struct bc_list {
	__u32	size;
	__u32	flags;		/* none defined */
	__u32	count;
	__u32	reserved;
	__u64	entries;	/* in: pointer to struct bc_entry[count] */
};

/*
 * BC_IOC_CLEAR: begin a new period: maxheld becomes held, failcnt 0, the record
 * of refusals empty. Works at any time; held and limits stay.
 */
struct bc_clear {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__u32	reserved;
};

/*
 * BC_IOC_DESTROY: forget a beancounter; the id is free at once. What the kernel
 * still holds for the dead container goes on being counted, unseen, until it is
 * released. EBUSY: the container runs or is armed.
 */
struct bc_destroy {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__u32	reserved;
};

/*
 * BC_IOC_ATTACH: the container's memory is that of a cgroup: rows that are
 * BC_STATE_RECLAIMED show what its memory controller counts, and their limits are its
 * limits, those that were set before included. Another one takes its place; it ends
 * with BC_IOC_DESTROY, or when the cgroup is removed. While a container runs without,
 * those rows are BC_STATE_NOT_ENFORCED. Since ABI 3.
 * EBADF: no descriptor, or not of a directory of the unified hierarchy. EOPNOTSUPP: the
 * cgroup is the root, is being removed, or has no memory controller of its own.
 */
struct bc_attach {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__s32	cgroup;		/* in: descriptor of the directory, O_PATH will do */
};

/*
 * BC_IOC_CHOOSE: who decides the charges of a row from now on, live. "classic" is
 * the rule of barrier and limit, which every row has first; /proc/bc/policies
 * names the others. A policy that is chosen again begins anew. When its module
 * goes the row is classic again. Since ABI 2.
 * EINVAL: no such resource, or a name that is not terminated. EOPNOTSUPP: the row
 * is not BC_STATE_ENFORCED. ENOPKG: no such policy.
 */
struct bc_choose {
	__u32	size;
	__u32	id;
	__u32	flags;		/* none defined */
	__u32	resource;	/* row number of bc_resources.h */
	char	policy[BC_POLICY_NAME];
};

/*
 * BC_IOC_CPU: how much processor time the container may use, live. fairsched.ko
 * enforces it, which must be loaded; if it goes, and comes again, it holds again what
 * was set. What is not in flags stays as it is. 0 (nothing of it is set), and the default
 * class, are always possible. A restart keeps it. BC_CPU_LIMIT since ABI 4, BC_CPU_UNITS and
 * BC_CPU_CPUS since ABI 5, BC_CPU_CLASS since ABI 6.
 * EINVAL: flags does not say what is set, or a value is out of its range. ENOPKG:
 * fairsched.ko is not loaded. EOPNOTSUPP: this kernel does not let tasks be held.
 */
struct bc_cpu {
	__u32	size;
	__u32	id;
	__u32	flags;		/* what is set */
#define BC_CPU_LIMIT	1
#define BC_CPU_UNITS	2
#define BC_CPU_CPUS	4
#define BC_CPU_CLASS	8
	__u32	limit;		/* 1/100 % of one processor, may be above one; 0: no limit */
#define BC_CPU_LIMIT_MAX	81920000	/* 8192 processors */
	__u32	units;		/* weight among the containers that compete; 0: as 1000 */
#define BC_CPU_UNITS_MIN	8
#define BC_CPU_UNITS_MAX	500000
#define BC_CPU_UNITS_DEFAULT	1000
	__u32	cpus;		/* most processors at a time; 0: all */
#define BC_CPU_CPUS_MAX		8192
	__u32	cpuclass;	/* of policies that have classes (strict): 0 comes first */
#define BC_CPU_CLASS_MAX	3
#define BC_CPU_CLASS_DEFAULT	1
};

#define BC_IOC_MAGIC	0xBC
#define BC_IOC_VERSION	_IOWR(BC_IOC_MAGIC, 0, struct bc_version)
#define BC_IOC_CREATE	_IOW(BC_IOC_MAGIC, 1, struct bc_create)
#define BC_IOC_ARM	_IOW(BC_IOC_MAGIC, 2, struct bc_arm)
#define BC_IOC_SET	_IOW(BC_IOC_MAGIC, 3, struct bc_set)
#define BC_IOC_QUERY	_IOWR(BC_IOC_MAGIC, 4, struct bc_query)
#define BC_IOC_LIST	_IOWR(BC_IOC_MAGIC, 5, struct bc_list)
#define BC_IOC_CLEAR	_IOW(BC_IOC_MAGIC, 6, struct bc_clear)
#define BC_IOC_DESTROY	_IOW(BC_IOC_MAGIC, 7, struct bc_destroy)
#define BC_IOC_CHOOSE	_IOW(BC_IOC_MAGIC, 8, struct bc_choose)
#define BC_IOC_ATTACH	_IOW(BC_IOC_MAGIC, 9, struct bc_attach)
#define BC_IOC_CPU	_IOW(BC_IOC_MAGIC, 10, struct bc_cpu)

/*
 * Generic netlink family "beancounter", version 1
 *
 *   BC_CMD_GET   do: BC_A_ID -> one BC_A_BEANCOUNTER; dump: one message for each
 *                beancounter, newest first, the whole host in one walk.
 *                GENL_ADMIN_PERM: CAP_NET_ADMIN in the initial user namespace.
 *   BC_CMD_EVENT sent to the multicast group "refusals": a refused charge, at
 *                most BC_EVENT_BURST a second for each container; attributes
 *                of BC_A_REFUSAL. Joining needs the same capability.
 *
 * BC_A_BEANCOUNTER nests BC_A_ID, BC_A_LIFE, and one BC_A_ROW for each resource,
 * which nests BC_A_RESOURCE (u32), BC_A_NAME (string), BC_A_STATE (u32),
 * BC_A_UNIT (u32), the five u64 values and, since ABI 2, BC_A_POLICY (string; "-"
 * where nothing is refused).
 */
#define BC_GENL_NAME	"beancounter"
#define BC_GENL_VERSION	1
#define BC_GENL_GROUP	"refusals"
#define BC_EVENT_BURST	16

enum bc_cmd {
	BC_CMD_UNSPEC,
	BC_CMD_GET,
	BC_CMD_EVENT,
	__BC_CMD_MAX,
};

enum bc_attr {
	BC_A_UNSPEC,
	BC_A_PAD,
	BC_A_ID,		/* u32 */
	BC_A_LIFE,		/* u32, enum bc_life */
	BC_A_BEANCOUNTER,	/* nest */
	BC_A_ROW,		/* nest, several */
	BC_A_RESOURCE,		/* u32, row number */
	BC_A_NAME,		/* string */
	BC_A_STATE,		/* u32, enum bc_state */
	BC_A_UNIT,		/* u32, enum bc_unit */
	BC_A_HELD,		/* u64 */
	BC_A_MAXHELD,		/* u64 */
	BC_A_BARRIER,		/* u64 */
	BC_A_LIMIT,		/* u64 */
	BC_A_FAILCNT,		/* u64 */
	BC_A_REFUSAL,		/* nest: the members below and RESOURCE, HELD, BARRIER, LIMIT */
	BC_A_ASKED,		/* u64 */
	BC_A_TIME,		/* u64, CLOCK_BOOTTIME in ns */
	BC_A_ERRNO,		/* u32, positive; 0: a policy granted it all the same */
	BC_A_PID,		/* u32, as the host sees it */
	BC_A_COMM,		/* string */
	BC_A_POLICY,		/* string */
	__BC_A_MAX,
};
#define BC_A_MAX	(__BC_A_MAX - 1)

#endif
