// SPDX-License-Identifier: GPL-2.0
/*
 * numsiginfo: queued signals with their information, pending in any task of the
 * container, and POSIX timers, which keep one ready each.
 *
 * Charged to the credentials of the task that is sent to, released when the
 * signal is taken, flushed, or the task is gone. EAGAIN at the barrier for
 * sigqueue(3), pthread_sigqueue(3) and timer_create(2). Where the kernel itself
 * sends (SIGCHLD, a fault, the end of a timer), or kill(2) one of the classic
 * signals, it is counted and never refused: of those a process has one of each
 * number at most. A real-time signal by kill(2) arrives without information when
 * it is refused, as at RLIMIT_SIGPENDING.
 *
 * Runs with siglock held and interrupts off, some of it in interrupts: atomics
 * only.
 *
 * Known gaps: a SIGKILL needs no entry and is not counted.
 */
#include "resource.h"

BC_DECLARE_ORIGINAL(long, inc_rlimit_get_ucounts, struct ucounts *ucounts, enum rlimit_type type,
		    bool override_rlimit);

static __always_inline struct bc *bc_of_pending(struct ucounts *ucounts, enum rlimit_type type)
{
	return type == UCOUNT_RLIMIT_SIGPENDING ? bc_of_ns(ucounts->ns) : NULL;
}

static long notrace bc_wrap_inc_rlimit_get_ucounts(struct ucounts *ucounts, enum rlimit_type type,
						   bool override_rlimit)
{
	struct bc *bc;
	long ret = 0;

	bc_hook_enter();
	bc = bc_of_pending(ucounts, type);
	if (!bc ||
	    bc_try_charge(bc, BC_NUMSIGINFO, 1, override_rlimit ? BC_FORCE : BC_HARD, -EAGAIN)) {
		ret = bc_orig_inc_rlimit_get_ucounts(ucounts, type, override_rlimit);
		if (!ret && bc)
			bc_uncharge(bc, BC_NUMSIGINFO, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_inc_rlimit_get_ucounts)
{
	if (bc_of_pending(BC_ARG0(struct ucounts *), BC_ARG1(enum rlimit_type)))
		BC_REDIRECT(bc_wrap_inc_rlimit_get_ucounts);
}

BC_CALLBACK(bc_on_dec_rlimit_put_ucounts)
{
	struct bc *bc = bc_of_pending(BC_ARG0(struct ucounts *), BC_ARG1(enum rlimit_type));

	if (bc)
		bc_uncharge(bc, BC_NUMSIGINFO, 1);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "dec_rlimit_put_ucounts" },
		.callback = bc_on_dec_rlimit_put_ucounts,
		.rows = BIT(BC_NUMSIGINFO),
		.missing = "numsiginfo is not enforced",
	},
	{
		.symbols = { "inc_rlimit_get_ucounts" },
		.callback = bc_on_inc_rlimit_get_ucounts,
		.original = &bc_addr_inc_rlimit_get_ucounts,
		.rows = BIT(BC_NUMSIGINFO),
		.missing = "numsiginfo is not enforced",
	},
};

const struct bc_hook_group bc_signal_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

struct bc_family bc_signal_family = {
	.name = "signals",
	.rows = BIT(BC_NUMSIGINFO),
};
