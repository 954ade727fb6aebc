/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a room may know of a beancounter: find it, charge it, uncharge it.
 * The only private header that rooms outside core/ include.
 */
#ifndef BC_CORE_BC_H
#define BC_CORE_BC_H

#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/ratelimit.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include <bc_resources.h>
#include <uapi/beanpod/beancounter.h>

#include "counter.h"

/* Row numbers: BC_NUMPROC and so on. */
enum bc_resource {
#define X(id, NAME, name, unit, kind, meaning) BC_##NAME = (id),
	BC_RESOURCES(X)
#undef X
};

/* Beancounters that can exist at one time, destroyed ones that still hold something included. */
#define BC_TAG_BITS	13
#define BC_MAX		((1U << BC_TAG_BITS) - 1)

/* Resource families that can be registered. */
#define BC_FAMILIES	24

struct bc_refusals;
struct bc_choice;
struct seq_file;

/* Modules that keep something for each beancounter: see struct bc_extension. */
enum bc_extension_slot {
	BC_EXTENSION_FAIRSCHED,
	BC_EXTENSIONS,
};

/**
 * struct bc_cpu_bounds - what is set of a container's processor time; 0: it is not
 * @limit: 1/100 % of a processor
 * @units: weight
 * @cpus: processors at a time
 * @cpuclass: class, less BC_CPU_CLASS_DEFAULT
 */
struct bc_cpu_bounds {
	u32	limit;
	u32	units;
	u32	cpus;
	s32	cpuclass;
};

/**
 * struct bc - a beancounter
 * @tag: slot and generation; what namespaces carry. Constant.
 * @id: the container's CTID. Constant.
 * @order: position in /proc/user_beancounters, newest first. Constant.
 * @ref: the registry (or the reaper) and each reader hold one. Charging takes
 *	none: the charged object pins a namespace that pins the beancounter.
 * @dead: destroyed: no first task any more. Written under bc_mutex and @lock.
 * @lock: orders @dead against the first task (see bc_start()). Innermost.
 * @pinned: at least one task lives; the module cannot go. Written under @lock.
 * @armed: an arming is pending. Guarded by bc_mutex.
 * @created_ns: CLOCK_BOOTTIME at creation. Constant.
 * @started_ns: CLOCK_BOOTTIME when the last namespace was tagged, or 0.
 * @namespaces: struct bc_ns: root namespaces that carry @tag, each referenced.
 *	Guarded by bc_mutex.
 * @reap: link in the reaper's list once destroyed. Guarded by bc_mutex.
 * @families: private state of each resource family, by family index
 * @cpu: of fairsched.ko, which may go and come again. Guarded by bc_mutex.
 * @extension: what other modules keep for it, by slot; RCU, written under bc_mutex
 * @refusals: the record of refused charges
 * @log_limit: rate of the log line
 * @event_limit: rate of events
 * @event: tells listeners of new refusals
 * @event_sent: sequence of the last refusal sent; the event work's own
 * @proc: directory below /proc/bc, owned by iface/
 * @proc_files: files of other modules in it, owned by iface/
 * @rcu: delays the free for lookups by id
 * @choice: what decides instead of the classic rule; RCU, owned by policy.c
 * @row: the counters, by row number
 */
struct bc {
	u32			tag;
	u32			id;
	unsigned long		order;
	refcount_t		ref;
	bool			dead;
	bool			pinned;
	bool			armed;
	spinlock_t		lock;
	u64			created_ns;
	u64			started_ns;
	struct list_head	namespaces;
	struct list_head	reap;
	void			*families[BC_FAMILIES];
	struct bc_cpu_bounds	cpu;
	void __rcu		*extension[BC_EXTENSIONS];
	struct bc_refusals	*refusals;
	struct ratelimit_state	log_limit;
	struct ratelimit_state	event_limit;
	struct work_struct	event;
	u64			event_sent;
	struct proc_dir_entry	*proc;
	struct proc_dir_entry	*proc_files[BC_EXTENSIONS];
	struct rcu_head		rcu;
	struct bc_choice __rcu	*choice[BC_ROWS];
	struct bc_counter	row[BC_ROWS];
};

/**
 * struct bc_ns - a namespace that carries the tag of a beancounter
 * @node: link in &bc.namespaces
 * @ns: the namespace, referenced
 */
struct bc_ns {
	struct list_head	node;
	struct user_namespace	*ns;
};

/* ---- core/bc.c: registry ---- */

extern struct mutex bc_mutex;

/**
 * struct bc_slot - where a tag leads
 * @tag: 0 if nobody's. Compared first: a namespace that was tagged before the
 *	module was loaded again pins nothing of ours.
 * @bc: valid if @tag is the namespace's
 */
struct bc_slot {
	u32		tag;
	struct bc	*bc;
};

extern struct bc_slot bc_slots[BC_MAX + 1];

int bc_registry_init(void);
void bc_registry_close(void);
void bc_registry_exit(void);

int bc_create(u32 id, bool exclusive);
int bc_destroy(u32 id);
struct bc *bc_get(u32 id);
struct bc *bc_get_next(unsigned long *order);

/* All beancounters, as bc_get_next() finds them. Who leaves it has to bc_put(). */
#define bc_for_each(bc, order) \
	for ((order) = 0; ((bc) = bc_get_next(&(order))); (order)++, bc_put(bc))

void bc_put(struct bc *bc);
unsigned int bc_list(struct bc_entry *entries, unsigned int room);
enum bc_life bc_life(const struct bc *bc);
int bc_clear(u32 id);
int bc_start(struct bc *bc);
void bc_stop(struct bc *bc);
void bc_bind(struct bc *bc, struct bc_ns *holder, struct user_namespace *ns);

/* ---- core/identity.c: whose is it ---- */

/*
 * The tag lives in the upper half of user_namespace.flags. Only bit 0 of that
 * word has a meaning in the kernel; create_user_ns() copies the word from the
 * parent, so namespaces below a container's belong to it without any action.
 * bc_identity_init() checks both.
 */
#define BC_TAG_SHIFT	32

/**
 * bc_of_ns() - the beancounter that a user namespace is charged to
 * @ns: a namespace that the caller keeps alive
 *
 * Context: any; no lock. The result is valid as long as @ns is.
 * Return: NULL for the host and for foreign containers.
 */
static __always_inline struct bc *bc_of_ns(const struct user_namespace *ns)
{
	u32 tag = READ_ONCE(ns->flags) >> BC_TAG_SHIFT;
	const struct bc_slot *slot;

	if (likely(!tag))
		return NULL;
	slot = &bc_slots[tag & BC_MAX];
	return READ_ONCE(slot->tag) == tag ? slot->bc : NULL;
}

/**
 * bc_of_cred() - the beancounter of the caller's credentials
 *
 * What new files and memory are charged to. A host task that joined the user
 * namespace of a container is charged like the container.
 */
static __always_inline struct bc *bc_of_cred(void)
{
	return bc_of_ns(current_user_ns());
}

/**
 * bc_of_task() - the beancounter that a task itself is charged to
 * @task: a task whose pids the caller keeps alive
 *
 * By the pid namespace it was born in, which never changes, unlike credentials.
 * Not for a task that is still being forked.
 */
static __always_inline struct bc *bc_of_task(struct task_struct *task)
{
	struct pid_namespace *ns = task_active_pid_ns(task);

	return ns ? bc_of_ns(ns->user_ns) : NULL;
}

/**
 * bc_hard_unless_sent() - stop at the barrier; never if the host sent the caller
 *
 * A task that the host sends into a container (its first one, vzctl enter) is
 * never refused until it lives inside: an administrator gets in when the tenant
 * has used everything up. No task that a tenant makes is of the host, so a task
 * of another container that uses a file of this one is refused like any.
 */
static __always_inline enum bc_severity bc_hard_unless_sent(void)
{
	return likely(bc_of_task(current)) ? BC_HARD : BC_FORCE;
}

struct bc_arming;

int bc_identity_init(void);
int bc_arm(struct bc_arming **slot, u32 id);
void bc_disarm(struct bc_arming **slot);
void bc_drop_stale_armings(void);
extern unsigned int bc_nr_armings;
bool bc_current_is_armed(void);
int bc_identify(struct user_namespace *ns, struct bc_ns *holder);

/* ---- core/charge.c: charging rows ---- */

bool bc_try_charge(struct bc *bc, enum bc_resource row, unsigned long n, enum bc_severity severity,
		   int err);
bool bc_charge_quietly(struct bc *bc, enum bc_resource row, unsigned long n,
		       enum bc_severity severity, unsigned long *held);
bool bc_charge_finally(struct bc *bc, enum bc_resource row, unsigned long n,
		       enum bc_severity severity, unsigned long *held);
unsigned long bc_uncharge(struct bc *bc, enum bc_resource row, unsigned long n);
void bc_refuse(struct bc *bc, enum bc_resource row, unsigned long n, unsigned long held, int err);
void bc_read_row(struct bc *bc, enum bc_resource row, struct bc_row *out);
void bc_recount(struct bc *bc);

/* ---- core/extension.c: what other modules keep for a beancounter ---- */

/**
 * struct bc_times - processor time of a container, in ns
 * @user: in user mode, not niced
 * @nice: in user mode, niced
 * @system: in the kernel
 * @used: all three
 * @waited: it would have run, and something else did
 * @longest: the longest such wait
 * @switches: how often a task of it got a processor
 */
struct bc_times {
	u64	user;
	u64	nice;
	u64	system;
	u64	used;
	u64	waited;
	u64	longest;
	u64	switches;
};

/**
 * struct bc_extension - a module that keeps something for each beancounter
 * @file: its file below /proc/bc/ID
 * @create: make what is kept for a new beancounter; may sleep. NULL: no memory
 * @destroy: no look-up that begins now finds it; free it after an RCU grace period
 * @start: a task may live in the container from now on; may sleep
 * @show: the content of @file, in an RCU read section
 * @times: fill in; in an RCU read section
 * @bound: &bc.cpu is another from now on; may sleep. 0 or a negative errno
 *
 * @create, @destroy, @start and @bound are called with bc_mutex held.
 */
struct bc_extension {
	const char	*file;
	void		*(*create)(struct bc *bc);
	void		(*destroy)(void *data);
	void		(*start)(struct bc *bc);
	void		(*show)(struct seq_file *m, struct bc *bc, void *data);
	void		(*times)(struct bc *bc, void *data, struct bc_times *times);
	int		(*bound)(struct bc *bc, void *data);
};

const struct bc_extension *bc_extension_of(enum bc_extension_slot slot);
int bc_extension_add(enum bc_extension_slot slot, const struct bc_extension *ext);
void bc_extension_drop(enum bc_extension_slot slot);
int bc_extensions_create(struct bc *bc);
void bc_extensions_destroy(struct bc *bc);
void bc_extensions_start(struct bc *bc);
void bc_extension_times(struct bc *bc, struct bc_times *times);
int bc_extension_bound(struct bc *bc, const struct bc_cpu_bounds *bounds);
bool bc_unless_inhabited(void (*fn)(void));

/* ---- core/resource.c: the table and the families ---- */

/**
 * struct bc_resource_info - a line of bc_resources.h
 * @name: as in files and options; NULL for the place holders
 * @unit: what one unit is
 * @promises: its barrier is a promise: nothing is promised before one is set
 * @meaning: one line for people
 */
struct bc_resource_info {
	const char	*name;
	enum bc_unit	unit;
	bool		promises;
	const char	*meaning;
};

extern const struct bc_resource_info bc_resource[BC_ROWS];

/**
 * struct bc_family - rows that are counted by the same file
 * @name: for messages
 * @rows: mask of row numbers
 * @state: what they are worth where they count; 0 is BC_STATE_ENFORCED
 * @usable: can this kernel count them, asked at load; may be NULL: see the hooks
 * @bc_init: make the private state of a new beancounter, may be NULL; 0 or -ENOMEM
 * @bc_exit: free it; nothing is charged any more
 * @recount: make held of the rows exact, may be NULL; may sleep, needs no lock
 * @read: put right what the kernel itself counts of a row, may be NULL; may sleep
 * @clear: a new period of what the kernel itself counts, may be NULL
 * @apply: limits of rows have been set: tell the kernel, may be NULL; 0 or a negative errno
 * @attach: the container's cgroup is that of a descriptor, may be NULL; 0 or a negative errno
 * @detach: the beancounter is destroyed: let its cgroup go, may be NULL
 * @busy: is something charged that pins no namespace, may be NULL; atomic
 * @text: read a file of the cgroup, may be NULL; length or a negative errno
 * @index: place in &bc.families; set by bc_family_register()
 */
struct bc_family {
	const char	*name;
	u64		rows;
	enum bc_state	state;
	bool		(*usable)(void);
	int		(*bc_init)(struct bc *bc);
	void		(*bc_exit)(struct bc *bc);
	void		(*recount)(struct bc *bc);
	void		(*read)(struct bc *bc, struct bc_row *out);
	void		(*clear)(struct bc *bc);
	int		(*apply)(struct bc *bc, u64 rows);
	int		(*attach)(struct bc *bc, int fd);
	void		(*detach)(struct bc *bc);
	bool		(*busy)(struct bc *bc);
	ssize_t		(*text)(struct bc *bc, const char *name, char *text, size_t size);
	unsigned int	index;
};

void bc_family_register(struct bc_family *family);
int bc_families_init(struct bc *bc);
void bc_families_exit(struct bc *bc);
void bc_families_recount(struct bc *bc);
void bc_families_read(struct bc *bc, struct bc_row *out);
void bc_families_clear(struct bc *bc);
int bc_families_apply(struct bc *bc, u64 rows);
int bc_families_attach(struct bc *bc, int fd);
void bc_families_detach(struct bc *bc);
bool bc_families_busy(struct bc *bc);
ssize_t bc_families_text(struct bc *bc, const char *name, char *text, size_t size);
u64 bc_families_settle(u64 lost);

extern u8 bc_row_states[BC_ROWS];

/**
 * bc_row_enforced() - is the row counted on this kernel
 * @row: row number
 *
 * Settled at load, before the first beancounter exists, and never changed
 * after: charge and uncharge agree.
 */
static __always_inline bool bc_row_enforced(enum bc_resource row)
{
	return bc_row_states[row] == BC_STATE_ENFORCED;
}

void bc_rows_set_state(u64 rows, enum bc_state state);

#endif
