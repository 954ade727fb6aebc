// SPDX-License-Identifier: GPL-2.0
/*
 * numflock: locks on files that a container holds: POSIX locks (each range that
 * the kernel keeps apart), locks of open file descriptions, flock(2), leases.
 *
 * Charged by the credentials of the open file that a lock is set through, which
 * never change: a descriptor that is passed on takes its locks along. Requests
 * that wait hold nothing. ENOLCK at the barrier, for whatever would add a lock:
 * unlocking the middle of a range makes two of one, and is refused too, as the
 * kernel itself does without memory.
 *
 * Nothing is hooked where a lock is linked or unlinked, which is four calls a
 * lock: what a request changes follows from what there was, if nobody else
 * changes that meanwhile. The only one who can is another request for the same
 * open file (flock) or of the same owner (POSIX); a mutex keeps them apart.
 *
 * Known gaps: locks of a process that has both its own and a host's open file
 * of the same inode merge. If a request through the host's file removes or
 * replaces a lock that was charged, that stays charged until the beancounter
 * is destroyed.
 *
 * Lock order: the mutex, then flc_lock of the inode.
 */
#include <linux/hash.h>
#include <linux/mutex.h>

#include "../compat/bc_filelock.h"
#include "resource.h"

BC_DECLARE_ORIGINAL(int, flock_lock_inode, struct inode *inode, struct file_lock *request);
BC_DECLARE_ORIGINAL(int, posix_lock_inode, struct inode *inode, struct file_lock *request,
		    struct file_lock *conflict);
BC_DECLARE_ORIGINAL(int, generic_setlease, struct file *file, bc_lease_arg_t arg,
		    bc_lease_t **lease, void **priv);

#define BC_FLOCK_MUTEX_BITS 6

/* By open file or owner: one request at a time. */
static struct mutex bc_flock_mutexes[1 << BC_FLOCK_MUTEX_BITS];

static struct mutex *bc_flock_mutex(const void *whose)
{
	return &bc_flock_mutexes[hash_ptr(whose, BC_FLOCK_MUTEX_BITS)];
}

static __always_inline struct bc *bc_of_lock_file(const struct file *file)
{
	return bc_of_ns(file->f_cred->user_ns);
}

static __always_inline bool bc_is_counted(const struct file_lock *request)
{
	const struct file *file = bc_flc(request)->flc_file;

	return file && bc_of_lock_file(file) && !(bc_flc(request)->flc_flags & FL_ACCESS);
}

static struct file_lock_context *bc_lock_context(const struct inode *inode)
{
	/* pairs with the cmpxchg() of locks_get_lock_context() */
	return smp_load_acquire(&inode->i_flctx);
}

/* ---- flock: an open file has one lock or none ---- */

static bool bc_flock_exists(const struct inode *inode, const struct file *file)
{
	struct file_lock_context *ctx = bc_lock_context(inode);
	struct file_lock *lock;
	bool found = false;

	/* ours is there or not: nobody else can change that */
	if (!ctx || list_empty(&ctx->flc_flock))
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(lock, &ctx->flc_flock, bc_flc_list) {
		if (bc_flc(lock)->flc_file == file) {
			found = true;
			break;
		}
	}
	spin_unlock(&ctx->flc_lock);
	return found;
}

/* FL_EXISTS: the kernel says whether there was a lock. */
static int bc_flock_unlock(struct bc *bc, struct inode *inode, struct file_lock *request)
{
	bool tell = bc_flc(request)->flc_flags & FL_EXISTS;
	int ret;

	bc_flc(request)->flc_flags |= FL_EXISTS;
	ret = bc_orig_flock_lock_inode(inode, request);
	if (!ret)
		bc_uncharge(bc, BC_NUMFLOCK, 1);
	if (tell)
		return ret;
	bc_flc(request)->flc_flags &= ~FL_EXISTS;
	return ret == -ENOENT ? 0 : ret;
}

/* One that is converted is unlocked first: it may be gone after a failure. */
static int bc_flock_lock(struct bc *bc, struct inode *inode, struct file_lock *request)
{
	const struct file *file = bc_flc(request)->flc_file;
	bool had = bc_flock_exists(inode, file);
	int ret;

	if (!had && !bc_try_charge(bc, BC_NUMFLOCK, 1, BC_HARD, -ENOLCK))
		return -ENOLCK;
	ret = bc_orig_flock_lock_inode(inode, request);
	if (ret && !(had && bc_flock_exists(inode, file)))
		bc_uncharge(bc, BC_NUMFLOCK, 1);
	return ret;
}

static int notrace bc_wrap_flock_lock_inode(struct inode *inode, struct file_lock *request)
{
	struct mutex *mutex;
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_lock_file(bc_flc(request)->flc_file);
	if (bc) {
		mutex = bc_flock_mutex(bc_flc(request)->flc_file);
		mutex_lock(mutex);
		ret = bc_flc(request)->flc_type == F_UNLCK ? bc_flock_unlock(bc, inode, request) :
							     bc_flock_lock(bc, inode, request);
		mutex_unlock(mutex);
	} else {
		ret = bc_orig_flock_lock_inode(inode, request);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_flock_lock_inode)
{
	const struct file_lock *request = BC_ARG1(const struct file_lock *);

	if (bc_is_counted(request))
		BC_REDIRECT(bc_wrap_flock_lock_inode);
}

/* ---- POSIX: an owner has any number of ranges of an inode ---- */

/**
 * struct bc_posix_plan - what a request is going to do, followed lock by lock
 * @bc: whose locks count
 * @type: asked for
 * @start: of the range, which grows by locks it is merged with
 * @end: as above
 * @added: the range is there already, or is not to be
 * @change: locks of @bc more, so far
 */
struct bc_posix_plan {
	const struct bc	*bc;
	unsigned char	type;
	loff_t		start;
	loff_t		end;
	bool		added;
	int		change;
};

static bool bc_posix_is_ours(const struct bc_posix_plan *plan, const struct file_lock *lock)
{
	return bc_of_lock_file(bc_flc(lock)->flc_file) == plan->bc;
}

/* A lock of the same type: merged if it touches. True: no later one matters. */
static bool bc_posix_merge(struct bc_posix_plan *plan, const struct file_lock *lock)
{
	if (lock->fl_end < plan->start - 1)
		return false;
	if (lock->fl_start - 1 > plan->end)
		return true;
	plan->start = min(plan->start, lock->fl_start);
	plan->end = max(plan->end, lock->fl_end);
	if (plan->added)
		plan->change -= bc_posix_is_ours(plan, lock);
	plan->added = true;
	return false;
}

/* One of another type: shortened, split, replaced or removed. */
static bool bc_posix_cut(struct bc_posix_plan *plan, const struct file_lock *lock)
{
	if (lock->fl_end < plan->start)
		return false;
	if (lock->fl_start > plan->end)
		return true;
	if (plan->type == F_UNLCK)
		plan->added = true;
	if (lock->fl_end > plan->end) {
		if (lock->fl_start < plan->start)
			plan->change += bc_posix_is_ours(plan, lock);
		return true;
	}
	if (lock->fl_start >= plan->start) {
		plan->change += !plan->added - bc_posix_is_ours(plan, lock);
		plan->added = true;
	}
	return false;
}

/*
 * How many locks of @bc more there are when @request has succeeded, worked out
 * as posix_lock_inode() does it. An owner's locks stand together, by start.
 */
static int bc_posix_change(const struct bc *bc, const struct inode *inode,
			   const struct file_lock *request)
{
	struct file_lock_context *ctx = bc_lock_context(inode);
	struct bc_posix_plan plan = {
		.bc = bc,
		.type = bc_flc(request)->flc_type,
		.start = request->fl_start,
		.end = request->fl_end,
	};
	const struct file_lock *lock;
	bool found = false;

	if (!ctx || list_empty(&ctx->flc_posix))
		return plan.type != F_UNLCK;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(lock, &ctx->flc_posix, bc_flc_list) {
		if (bc_flc(lock)->flc_owner != bc_flc(request)->flc_owner) {
			if (found)
				break;
			continue;
		}
		found = true;
		if (bc_flc(lock)->flc_type == plan.type ? bc_posix_merge(&plan, lock) :
							  bc_posix_cut(&plan, lock))
			break;
	}
	spin_unlock(&ctx->flc_lock);
	return plan.change + (!plan.added && plan.type != F_UNLCK);
}

/* The kernel changes all of it or, if it fails, nothing that counts. */
static int bc_posix(struct bc *bc, struct inode *inode, struct file_lock *request,
		    struct file_lock *conflict)
{
	int change = bc_posix_change(bc, inode, request);
	int ret;

	if (change > 0 && !bc_try_charge(bc, BC_NUMFLOCK, change, BC_HARD, -ENOLCK))
		return -ENOLCK;
	ret = bc_orig_posix_lock_inode(inode, request, conflict);
	if (ret ? change > 0 : change < 0)
		bc_uncharge(bc, BC_NUMFLOCK, abs(change));
	return ret;
}

static int notrace bc_wrap_posix_lock_inode(struct inode *inode, struct file_lock *request,
					    struct file_lock *conflict)
{
	struct mutex *mutex;
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_lock_file(bc_flc(request)->flc_file);
	if (bc) {
		mutex = bc_flock_mutex(bc_flc(request)->flc_owner);
		mutex_lock(mutex);
		ret = bc_posix(bc, inode, request, conflict);
		mutex_unlock(mutex);
	} else {
		ret = bc_orig_posix_lock_inode(inode, request, conflict);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_posix_lock_inode)
{
	const struct file_lock *request = BC_ARG1(const struct file_lock *);

	if (bc_is_counted(request))
		BC_REDIRECT(bc_wrap_posix_lock_inode);
}

/* ---- leases ---- */

static int notrace bc_wrap_generic_setlease(struct file *file, bc_lease_arg_t arg,
					    bc_lease_t **lease, void **priv)
{
	struct bc *bc;
	int ret = -ENOLCK;

	bc_hook_enter();
	bc = arg == F_UNLCK ? NULL : bc_of_lock_file(file);
	if (!bc || bc_try_charge(bc, BC_NUMFLOCK, 1, BC_HARD, -ENOLCK)) {
		ret = bc_orig_generic_setlease(file, arg, lease, priv);
		/* failed, or one that was there is changed: the new one is not taken */
		if (bc && (ret || *lease))
			bc_uncharge(bc, BC_NUMFLOCK, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_generic_setlease)
{
	if (bc_of_lock_file(BC_ARG0(const struct file *)))
		BC_REDIRECT(bc_wrap_generic_setlease);
}

/* Unlocked, broken, timed out, closed: a lease always goes this way. */
BC_CALLBACK(bc_on_lease_modify)
{
	struct bc *bc = bc_of_lock_file(bc_flc(BC_ARG0(const bc_lease_t *))->flc_file);

	if (bc && BC_ARG1(unsigned int) == F_UNLCK)
		bc_uncharge(bc, BC_NUMFLOCK, 1);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "lease_modify" },
		.callback = bc_on_lease_modify,
		.rows = BIT(BC_NUMFLOCK),
		.missing = "numflock is not enforced",
	},
	{
		.symbols = { "generic_setlease" },
		.callback = bc_on_generic_setlease,
		.original = &bc_addr_generic_setlease,
		.rows = BIT(BC_NUMFLOCK),
		.missing = "numflock is not enforced",
	},
	{
		.symbols = { "flock_lock_inode" },
		.callback = bc_on_flock_lock_inode,
		.original = &bc_addr_flock_lock_inode,
		.rows = BIT(BC_NUMFLOCK),
		.missing = "numflock is not enforced",
	},
	{
		.symbols = { "posix_lock_inode" },
		.callback = bc_on_posix_lock_inode,
		.original = &bc_addr_posix_lock_inode,
		.rows = BIT(BC_NUMFLOCK),
		.missing = "numflock is not enforced",
	},
};

static void bc_flock_hooks_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_flock_mutexes); i++)
		mutex_init(&bc_flock_mutexes[i]);
}

const struct bc_hook_group bc_flock_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_flock_hooks_init };

struct bc_family bc_flock_family = {
	.name = "file locks",
	.rows = BIT(BC_NUMFLOCK),
};
