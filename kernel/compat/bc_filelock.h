/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What POSIX locks, flock and leases have in common is a structure of its own
 * on newer kernels. Kbuild looks for its header. See compat/README.
 */
#ifndef BC_COMPAT_FILELOCK_H
#define BC_COMPAT_FILELOCK_H

#include <linux/fs.h>
#ifdef BC_HAVE_FILELOCK_H
#include <linux/filelock.h>
#endif

#ifdef for_each_file_lock

#define bc_flc(lock)	(&(lock)->c)
#define bc_flc_list	c.flc_list

#define bc_lease_t	struct file_lease
#define bc_lease_arg_t	int

#else

#define bc_flc(lock)	(lock)
#define flc_file	fl_file
#define flc_flags	fl_flags
#define flc_owner	fl_owner
#define flc_type	fl_type
#define bc_flc_list	fl_list

#define bc_lease_t	struct file_lock
#define bc_lease_arg_t	long

#endif

#endif
