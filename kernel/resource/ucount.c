// SPDX-License-Identifier: GPL-2.0
/*
 * numinotify, numwatch, numns: what the kernel itself counts for each user of
 * each user namespace.
 *
 * numinotify: inotify and fanotify instances, EMFILE. numwatch: inotify watches
 * and fanotify marks, ENOSPC. numns: namespaces of any kind, ENOSPC; a user
 * namespace is charged to the one above it, so the container's own first one is
 * not among them, its other first ones are. All at the barrier.
 *
 * Charged and released in inc_ucount() and dec_ucount(), which each of them
 * passes, to the user namespace that the kernel keeps with the count. Some
 * namespaces die in a work queue, a moment after their last user.
 *
 * The namespaces that the host makes for a container are counted and never
 * refused: its start does not fail half way. Watches are refused to everybody.
 *
 * Known gaps: a refused IPC namespace counts as several attempts: the kernel tries
 * again as long as dead ones are being freed.
 */
#include "resource.h"

BC_DECLARE_ORIGINAL(struct ucounts *, inc_ucount, struct user_namespace *ns, kuid_t uid,
		    enum ucount_type type);

/* BC_ROWS: counted nowhere. */
static __always_inline enum bc_resource bc_row_of(enum ucount_type type)
{
	switch (type) {
	case UCOUNT_USER_NAMESPACES:
	case UCOUNT_PID_NAMESPACES:
	case UCOUNT_UTS_NAMESPACES:
	case UCOUNT_IPC_NAMESPACES:
	case UCOUNT_NET_NAMESPACES:
	case UCOUNT_MNT_NAMESPACES:
	case UCOUNT_CGROUP_NAMESPACES:
	case UCOUNT_TIME_NAMESPACES:
		return BC_NUMNS;
#ifdef CONFIG_INOTIFY_USER
	case UCOUNT_INOTIFY_INSTANCES:
		return BC_NUMINOTIFY;
	case UCOUNT_INOTIFY_WATCHES:
		return BC_NUMWATCH;
#endif
#ifdef CONFIG_FANOTIFY
	case UCOUNT_FANOTIFY_GROUPS:
		return BC_NUMINOTIFY;
	case UCOUNT_FANOTIFY_MARKS:
		return BC_NUMWATCH;
#endif
	default:
		return BC_ROWS;
	}
}

static bool bc_ucount_charge(struct bc *bc, enum bc_resource row)
{
	enum bc_severity severity = row == BC_NUMNS ? bc_severity_of_current(BC_HARD) : BC_HARD;

	return bc_try_charge(bc, row, 1, severity, row == BC_NUMINOTIFY ? -EMFILE : -ENOSPC);
}

static struct ucounts *notrace bc_wrap_inc_ucount(struct user_namespace *ns, kuid_t uid,
						  enum ucount_type type)
{
	enum bc_resource row = bc_row_of(type);
	struct ucounts *ret = NULL;
	struct bc *bc;

	bc_hook_enter();
	bc = row < BC_ROWS && bc_row_enforced(row) ? bc_of_ns(ns) : NULL;
	if (!bc || bc_ucount_charge(bc, row)) {
		ret = bc_orig_inc_ucount(ns, uid, type);
		if (!ret && bc)
			bc_uncharge(bc, row, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_inc_ucount)
{
	if (bc_of_ns(BC_ARG0(struct user_namespace *)))
		BC_REDIRECT(bc_wrap_inc_ucount);
}

BC_CALLBACK(bc_on_dec_ucount)
{
	struct ucounts *ucounts = BC_ARG0(struct ucounts *);
	struct bc *bc = ucounts ? bc_of_ns(ucounts->ns) : NULL;
	enum bc_resource row;

	if (likely(!bc))
		return;
	row = bc_row_of(BC_ARG1(enum ucount_type));
	if (row < BC_ROWS && bc_row_enforced(row))
		bc_uncharge(bc, row, 1);
}

#define BC_UCOUNT_ROWS (BIT(BC_NUMINOTIFY) | BIT(BC_NUMWATCH) | BIT(BC_NUMNS))

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "dec_ucount" },
		.callback = bc_on_dec_ucount,
		.rows = BC_UCOUNT_ROWS,
		.missing = "numinotify, numwatch and numns are not enforced",
	},
	{
		.symbols = { "inc_ucount" },
		.callback = bc_on_inc_ucount,
		.original = &bc_addr_inc_ucount,
		.rows = BC_UCOUNT_ROWS,
		.missing = "numinotify, numwatch and numns are not enforced",
	},
};

const struct bc_hook_group bc_ucount_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

struct bc_family bc_ucount_family = {
	.name = "watches and namespaces",
	.rows = BC_UCOUNT_ROWS,
};
