/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of the kernel that may be redirected to a wrapper of ours. For each
 * of them enter.S makes bc_orig_NAME(), which runs the original.
 */
#define BC_ORIGINALS(X)		\
	X(create_user_ns)	\
	X(inc_ucount)		\
	X(inc_rlimit_get_ucounts) \
	X(devpts_new_index)	\
	X(cgroup_can_fork)	\
	X(security_file_alloc)	\
	X(may_expand_vm)	\
	X(mmap_region)		\
	X(sk_alloc)		\
	X(sk_clone_lock)	\
	X(proc_lookup)		\
	X(proc_readdir)
