/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of the kernel that may be redirected to a wrapper of ours. For each
 * of them enter.S makes bc_orig_NAME(), which runs the original.
 */
#define BC_ORIGINALS(X)		\
	X(create_user_ns)	\
	X(inc_ucount)		\
	X(vfs_create_mount)	\
	X(clone_mnt)		\
	X(key_alloc)		\
	X(ipc_addid)		\
	X(__nf_conntrack_alloc)	\
	X(mqueue_get_inode)	\
	X(alloc_pipe_info)	\
	X(pipe_resize_ring)	\
	X(inc_rlimit_get_ucounts) \
	X(devpts_new_index)	\
	X(cgroup_can_fork)	\
	X(security_file_alloc)	\
	X(may_expand_vm)	\
	X(mmap_region)		\
	X(sk_alloc)		\
	X(sk_clone_lock)	\
	X(__sk_mem_raise_allocated)	\
	X(sk_setsockopt)	\
	X(sock_alloc_send_pskb)	\
	X(apply_vma_lock_flags)	\
	X(apply_mlockall_flags)	\
	X(user_shm_lock)	\
	X(flock_lock_inode)	\
	X(posix_lock_inode)	\
	X(generic_setlease)	\
	X(__shmem_file_setup)	\
	X(shmem_inode_acct_blocks)	\
	X(shmem_alloc_and_acct_folio)	\
	X(shmem_add_to_page_cache)	\
	X(shmem_recalc_inode)	\
	X(shmem_charge)		\
	X(shmem_mfill_atomic_pte)	\
	X(nf_tables_newrule)	\
	X(xt_register_table)	\
	X(xt_replace_table)	\
	X(oom_badness)		\
	X(proc_lookup)		\
	X(proc_readdir)		\
	X(sched_getaffinity)	\
	X(sched_setaffinity)	\
	X(show_stat)		\
	X(show_cpuinfo)		\
	X(show_cpus_attr)	\
	X(blkcg_maybe_throttle_current)
