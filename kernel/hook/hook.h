/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks: how a function of the running kernel comes to ask us first.
 *
 * A row names the function and brings a callback, which ftrace runs at the
 * function's entry. An observer only looks. A callback that finds an object of
 * ours may redirect the call to a wrapper with the same prototype; the wrapper
 * runs the original with bc_orig_NAME().
 *
 * Rules
 * - A callback runs in whatever context the function has, preemptible and
 *   outside of RCU if need be: it takes its own protection around lookups.
 * - Callbacks and wrappers are notrace. A wrapper is between bc_hook_enter() and
 *   bc_hook_leave() whenever it may sleep; nothing of the module may run after
 *   bc_hook_leave() but the return.
 * - A wrapper that refuses leaves behind what the original leaves behind when
 *   it fails first thing.
 */
#ifndef BC_HOOK_HOOK_H
#define BC_HOOK_HOOK_H

#include <linux/percpu.h>

#include "../compat/bc_ftrace.h"
#include "originals.h"

struct bc_shared;

/**
 * struct bc_hook - a row: one function and what to do there
 * @symbols: candidate names, the first one found wins; at most three
 * @module: the function is in this module, which may come and go; NULL: in the kernel
 * @present: a symbol that says whether @module is there, built in or loaded
 * @resolve: look up what callbacks need of @module, before the row is attached; may be NULL
 * @only_with: the row is for kernels that have this symbol, may be NULL
 * @only_without: the row is for kernels that do not, may be NULL
 * @callback: run at entry
 * @original: address variable of bc_orig_NAME(), or NULL for an observer
 * @required: the module does not load without it
 * @rows: mask of resources that are not enforced without it. Where there are
 *	several the callback asks bc_row_enforced(): the hook stays while one is.
 * @missing: sentence for the log when it cannot be had
 * @symbol: the candidate that was found
 * @address: of its fentry
 * @attached: the callback is live
 * @awaited: link in the list of rows whose module may come or go
 * @given_up: not to be attached any more
 * @shared: with others, or NULL: @ops is used
 * @ops: ftrace's side
 */
struct bc_hook {
	const char		*symbols[3];
	const char		*module;
	const char		*present;
	void			(*resolve)(void);
	const char		*only_with;
	const char		*only_without;
	ftrace_func_t		callback;
	unsigned long		*original;
	bool			required;
	u64			rows;
	const char		*missing;
	/* filled in by hook.c */
	const char		*symbol;
	unsigned long		address;
	bool			attached;
	struct list_head	awaited;
	bool			given_up;
	struct bc_shared	*shared;
	struct ftrace_ops	ops;
};

/**
 * struct bc_hook_group - the hook rows of one file
 * @hooks: in whatever order
 * @count: how many
 * @init: resolve what the callbacks need, before they are attached; may be NULL
 */
struct bc_hook_group {
	struct bc_hook	*hooks;
	unsigned int	count;
	void		(*init)(void);
};

/**
 * struct bc_range - the text of a function whose calls have to be told apart
 * @start: first byte
 * @end: behind the last
 */
struct bc_range {
	unsigned long	start;
	unsigned long	end;
};

static __always_inline bool bc_in_range(unsigned long ip, const struct bc_range *range)
{
	return ip - range->start < range->end - range->start;
}

#define BC_CALLBACK(name)                                                                         \
	static void notrace name(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op, \
				 struct ftrace_regs *fregs)

/* Arguments of the hooked function, by position. */
#define BC_ARG0(type) ((type)bc_ftrace_regs(fregs)->di)
#define BC_ARG1(type) ((type)bc_ftrace_regs(fregs)->si)
#define BC_ARG2(type) ((type)bc_ftrace_regs(fregs)->dx)
#define BC_ARG3(type) ((type)bc_ftrace_regs(fregs)->cx)
#define BC_ARG4(type) ((type)bc_ftrace_regs(fregs)->r8)

/* Leave to a wrapper instead of the original. */
#define BC_REDIRECT(wrapper) bc_ftrace_set_ip(fregs, (unsigned long)(wrapper))

/* What the wrapper of a function needs: the prototype of its original. */
#define BC_DECLARE_ORIGINAL(ret, name, ...) ret bc_orig_##name(__VA_ARGS__)

/* Where the originals go on behind their fentry; for rows and enter.S. */
#define X(name) extern unsigned long bc_addr_##name;
BC_ORIGINALS(X)
#undef X

DECLARE_PER_CPU(long, bc_hooks_running);

/*
 * Count wrappers that run. A task may enter on one CPU and leave on another:
 * only the sum means something.
 */
static __always_inline void bc_hook_enter(void)
{
	this_cpu_inc(bc_hooks_running);
}

static __always_inline void bc_hook_leave(void)
{
	this_cpu_dec(bc_hooks_running);
}

int bc_hooks_attach(struct bc_hook *hooks, unsigned int count, u64 *lost);
void bc_hooks_detach(struct bc_hook *hooks, unsigned int count);
void bc_hooks_hold(void);
int bc_hooks_release(void);
void bc_hooks_drain(long __percpu *running);
int bc_hooks_init(void (*on_lost)(u64 rows));
void bc_hooks_exit(void);

/* ---- hook/symbol.c ---- */

int bc_symbol_init(void);
unsigned long bc_symbol_address(const char *name);
int bc_symbol_range(const char *name, struct bc_range *range);

/* Call a function by address; enter.S says how. Not for a path that is run often. */
long bc_call(unsigned long address, unsigned long arg0, unsigned long arg1, unsigned long arg2);
long bc_call4(unsigned long address, unsigned long arg0, unsigned long arg1, unsigned long arg2,
	      unsigned long arg3);

#endif
