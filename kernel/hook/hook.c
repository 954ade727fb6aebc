// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach hooks. Knows ftrace, and nothing of beancounters.
 *
 * ftrace_ops are PERMANENT, so that ftrace_enabled=0 cannot take charging and
 * uncharging apart; IPMODIFY for what may be redirected; no SAVE_REGS and no
 * RECURSION, which cost more than the rest. Each change of what is live makes ftrace
 * look at every function of the kernel several times, and to unregister one takes a
 * grace period of RCU-tasks, a tenth of a second and more. So rows that are attached
 * while rows are held, at load, share two, one for observers and one for wrappers, which
 * find the row by its address: they only get ready, and are made live together. Who
 * comes later has one of its own.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "../compat/bc_export.h"
#include "hook.h"

#define X(name) unsigned long bc_addr_##name;
BC_ORIGINALS(X)
#undef X

/* Of a row of another module of ours. */
BC_EXPORT(bc_addr_blkcg_maybe_throttle_current);
BC_DECLARE_ORIGINAL(void, blkcg_maybe_throttle_current, void);
BC_EXPORT(bc_orig_blkcg_maybe_throttle_current);

DEFINE_PER_CPU(long, bc_hooks_running);

#define BC_ENDBR_SIZE 4

#define BC_SHARED_SLOTS 256

/**
 * struct bc_shared_slot - a row's place
 * @address: 0: of no row yet. It stays when the row is detached.
 * @callback: of the row, or bc_on_nothing()
 */
struct bc_shared_slot {
	unsigned long	address;
	ftrace_func_t	callback;
};

/**
 * struct bc_shared - an ftrace_ops of several rows
 * @ops: its filter has the rows
 * @rows: how many are attached
 * @live: @ops is registered: @rows is not 0 and they are not held
 * @slot: open addressing by bits of the address
 */
struct bc_shared {
	struct ftrace_ops	ops;
	unsigned int		rows;
	bool			live;
	struct bc_shared_slot	slot[BC_SHARED_SLOTS];
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

/* Functions are aligned to what a slot takes: the offset of a slot is bits of the address. */
static __always_inline struct bc_shared_slot *bc_shared_home(struct bc_shared *shared,
							     unsigned long address)
{
	unsigned long mask = sizeof(shared->slot) - sizeof(shared->slot[0]);

	return (void *)shared->slot + (address & mask);
}

/* The row's place, or the free one where it would be; the table is never full. */
static struct bc_shared_slot *bc_shared_slot(struct bc_shared *shared, unsigned long address)
{
	struct bc_shared_slot *slot = bc_shared_home(shared, address);

	while (slot->address && slot->address != address)
		if (++slot == shared->slot + ARRAY_SIZE(shared->slot))
			slot = shared->slot;
	return slot;
}

BC_CALLBACK(bc_on_nothing)
{
}

/* The row's home was taken. */
static noinline void notrace bc_on_displaced(unsigned long ip, unsigned long parent_ip,
					     struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	struct bc_shared *shared = container_of(op, struct bc_shared, ops);

	READ_ONCE(bc_shared_slot(shared, ip)->callback)(ip, parent_ip, op, fregs);
}

/* Every call of every row comes by: one comparison, and jumps. */
BC_CALLBACK(bc_on_shared)
{
	struct bc_shared *shared = container_of(op, struct bc_shared, ops);
	struct bc_shared_slot *slot = bc_shared_home(shared, ip);

	if (likely(slot->address == ip))
		READ_ONCE(slot->callback)(ip, parent_ip, op, fregs);
	else
		bc_on_displaced(ip, parent_ip, op, fregs);
}

#define BC_SHARED(ops_flags)                                                                    \
	{                                                                                      \
		.ops = { .func = bc_on_shared, .flags = FTRACE_OPS_FL_PERMANENT | (ops_flags) }, \
		.slot = { [0 ... BC_SHARED_SLOTS - 1] = { .callback = bc_on_nothing } },   \
	}

static struct bc_shared bc_observers = BC_SHARED(0);
static struct bc_shared bc_wrappers = BC_SHARED(FTRACE_OPS_FL_IPMODIFY);

/* Guards all of this file but what callbacks read. Outside of ftrace's locks. */
static DEFINE_MUTEX(bc_hooks_lock);
static bool bc_held;

static int bc_ops_register(struct ftrace_ops *ops, unsigned long address)
{
	int ret = ftrace_set_filter_ip(ops, address, 0, 0);

	if (ret)
		return ret;
	ret = register_ftrace_function(ops);
	if (ret)
		ftrace_free_filter(ops);
	return ret;
}

/* Rows are held: it is not live, and will be with all others. */
static int bc_attach_shared(struct bc_hook *hook, struct bc_shared *shared)
{
	struct bc_shared_slot *slot = bc_shared_slot(shared, hook->address);
	int ret = ftrace_set_filter_ip(&shared->ops, hook->address, 0, 0);

	if (ret)
		return ret;
	slot->callback = hook->callback;
	slot->address = hook->address;
	shared->rows++;
	hook->shared = shared;
	return 0;
}

static int bc_shared_down(struct bc_shared *shared)
{
	if (!shared->live)
		return 0;
	shared->live = false;
	return unregister_ftrace_function(&shared->ops);
}

/* An empty filter would mean all functions: the last row takes the ops along. */
static int bc_detach_shared(struct bc_hook *hook)
{
	struct bc_shared *shared = hook->shared;
	int ret;

	if (--shared->rows) {
		ret = ftrace_set_filter_ip(&shared->ops, hook->address, 1, 0);
	} else {
		ret = bc_shared_down(shared);
		ftrace_free_filter(&shared->ops);
	}
	WRITE_ONCE(bc_shared_slot(shared, hook->address)->callback, bc_on_nothing);
	hook->shared = NULL;
	return ret;
}

/**
 * bc_hooks_hold() - rows that are attached now share, and are live with bc_hooks_release()
 *
 * Those that share and are live stop being so.
 *
 * Context: load and unload.
 */
void bc_hooks_hold(void)
{
	int wrappers, observers;

	mutex_lock(&bc_hooks_lock);
	wrappers = bc_shared_down(&bc_wrappers);
	observers = bc_shared_down(&bc_observers);
	bc_held = true;
	mutex_unlock(&bc_hooks_lock);
	if (wrappers || observers)
		pr_err("cannot detach (%d, %d)\n", wrappers, observers);
}

/**
 * bc_hooks_release() - mirror of bc_hooks_hold()
 *
 * Return: 0, or a negative errno with no row that shares live: ftrace does not say
 * which row it is that cannot be had. Detach all and attach them one by one.
 */
int bc_hooks_release(void)
{
	int ret = 0;

	mutex_lock(&bc_hooks_lock);
	bc_held = false;
	if (bc_observers.rows)
		ret = register_ftrace_function(&bc_observers.ops);
	bc_observers.live = bc_observers.rows && !ret;
	if (!ret && bc_wrappers.rows) {
		ret = register_ftrace_function(&bc_wrappers.ops);
		bc_wrappers.live = !ret;
	}
	if (ret)
		bc_shared_down(&bc_observers);
	mutex_unlock(&bc_hooks_lock);
	return ret;
}

static int bc_hook_attach(struct bc_hook *hook)
{
	struct bc_shared *shared = hook->original ? &bc_wrappers : &bc_observers;
	int ret;

	if (hook->resolve)
		hook->resolve();
	ret = bc_hook_resolve(hook);
	if (ret)
		return ret;
	if (hook->original)
		*hook->original = hook->address + MCOUNT_INSN_SIZE;
	/* Two rows may watch the same function: the second has an ops of its own. */
	if (bc_held && shared->rows < ARRAY_SIZE(shared->slot) / 2 &&
	    bc_shared_slot(shared, hook->address)->callback == bc_on_nothing) {
		ret = bc_attach_shared(hook, shared);
	} else {
		hook->ops = (struct ftrace_ops){ .func = hook->callback,
						 .flags = shared->ops.flags &
							  (FTRACE_OPS_FL_PERMANENT |
							   FTRACE_OPS_FL_IPMODIFY) };
		ret = bc_ops_register(&hook->ops, hook->address);
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

static LIST_HEAD(bc_awaited);
static void (*bc_on_lost)(u64 rows);

/* The row's module may come and go from now on. 0: attached, or not there yet. */
static int bc_hook_await(struct bc_hook *hook)
{
	list_add_tail(&hook->awaited, &bc_awaited);
	if (bc_symbol_address(hook->present) && bc_hook_wanted(hook))
		return bc_hook_attach(hook);
	return 0;
}

static void bc_hook_forget(struct bc_hook *hook)
{
	if (hook->awaited.next)
		list_del(&hook->awaited);
	hook->awaited = (struct list_head){};
	bc_hook_detach(hook);
}

/* Nobody has called a function of the module yet. */
static void bc_module_comes(const char *name)
{
	struct bc_hook *hook;

	list_for_each_entry(hook, &bc_awaited, awaited) {
		int ret;

		if (strcmp(hook->module, name) || hook->attached || hook->given_up ||
		    !bc_hook_wanted(hook))
			continue;
		ret = bc_hook_attach(hook);
		if (!ret)
			continue;
		pr_warn("%s() of %s: %s (%d): %s\n", hook->symbols[0], name, bc_hook_reason(ret),
			ret, hook->missing);
		hook->given_up = true;
		bc_on_lost(hook->rows);
	}
}

/* Nobody calls one any more; its text goes when we return. */
static void bc_module_goes(const char *name)
{
	struct bc_hook *hook;

	list_for_each_entry_reverse(hook, &bc_awaited, awaited) {
		if (!strcmp(hook->module, name))
			bc_hook_detach(hook);
	}
}

static int bc_module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *module = data;

	mutex_lock(&bc_hooks_lock);
	if (event == MODULE_STATE_COMING)
		bc_module_comes(module->name);
	else if (event == MODULE_STATE_GOING)
		bc_module_goes(module->name);
	mutex_unlock(&bc_hooks_lock);
	return NOTIFY_OK;
}

static struct notifier_block bc_modules = { .notifier_call = bc_module_event };

/**
 * bc_hooks_init() - before the first row is attached
 * @on_lost: rows are lost with a module that has come
 *
 * Return: 0 or a negative errno.
 */
int bc_hooks_init(void (*on_lost)(u64 rows))
{
	bc_on_lost = on_lost;
	return register_module_notifier(&bc_modules);
}

/**
 * bc_hooks_exit() - mirror of bc_hooks_init()
 */
void bc_hooks_exit(void)
{
	unregister_module_notifier(&bc_modules);
}

static void bc_hooks_detach_locked(struct bc_hook *hooks, unsigned int count)
{
	lockdep_assert_held(&bc_hooks_lock);
	while (count--)
		if (hooks[count].module)
			bc_hook_forget(&hooks[count]);
		else
			bc_hook_detach(&hooks[count]);
}

static int bc_hooks_attach_locked(struct bc_hook *hooks, unsigned int count, u64 *lost)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&bc_hooks_lock);
	for (i = 0; i < count; i++) {
		if (hooks[i].module)
			ret = bc_hook_await(&hooks[i]);
		else
			ret = bc_hook_wanted(&hooks[i]) ? bc_hook_attach(&hooks[i]) : 0;
		if (!ret)
			continue;
		pr_warn("%s(): %s (%d): %s\n", hooks[i].symbols[0], bc_hook_reason(ret), ret,
			hooks[i].missing);
		if (hooks[i].required) {
			bc_hooks_detach_locked(hooks, i);
			return ret;
		}
		*lost |= hooks[i].rows;
	}
	return 0;
}

/**
 * bc_hooks_attach() - make a group of rows live
 * @hooks: the rows
 * @count: how many
 * @lost: mask of resources that lost an optional row; bits are added
 *
 * Return: 0, or the errno of the first required row that cannot be had, with
 * none of the group attached.
 */
int bc_hooks_attach(struct bc_hook *hooks, unsigned int count, u64 *lost)
{
	int ret;

	mutex_lock(&bc_hooks_lock);
	ret = bc_hooks_attach_locked(hooks, count, lost);
	mutex_unlock(&bc_hooks_lock);
	return ret;
}
BC_EXPORT(bc_hooks_attach);

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
	mutex_lock(&bc_hooks_lock);
	bc_hooks_detach_locked(hooks, count);
	mutex_unlock(&bc_hooks_lock);
}
BC_EXPORT(bc_hooks_detach);

static long bc_hooks_sum(long __percpu *running)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(running, cpu);
	return sum;
}

/**
 * bc_hooks_drain() - wait until nobody runs module text because of a hook
 * @running: wrappers that run, as bc_hook_enter() counts them
 *
 * All rows are detached. A task may be between the redirect and
 * bc_hook_enter(), asleep inside of an original, or between bc_hook_leave() and
 * the wrapper's end: the first and the last are preemption at most, which
 * RCU-tasks waits for; the sleepers are counted.
 */
void bc_hooks_drain(long __percpu *running)
{
	unsigned int polls = 0;

	synchronize_rcu_tasks();
	while (bc_hooks_sum(running)) {
		if (++polls == 500)
			pr_notice("unload waits for %ld calls to end\n", bc_hooks_sum(running));
		msleep(20);
	}
	synchronize_rcu_tasks();
	synchronize_rcu();
}
BC_EXPORT(bc_hooks_drain);
