/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls that the oldest supported C library has no wrapper for, and the
 * constants of newer kernels. Nothing but the call; -1 and errno on failure.
 */
#ifndef VZ_LIB_SYS_H
#define VZ_LIB_SYS_H

#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD		3
#endif

/* Process-like clone: the child runs on a copy of the caller's stack. */
static inline pid_t vz_clone3(struct clone_args *a)
{
	return syscall(SYS_clone3, a, sizeof(*a));
}

static inline int vz_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode,
			     uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };

	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static inline int vz_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int vz_move_mount(int from, const char *from_path, int to, const char *to_path,
				unsigned int flags)
{
	return syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int vz_mount_setattr(int fd, const char *path, unsigned int flags,
				   struct mount_attr *attr)
{
	return syscall(SYS_mount_setattr, fd, path, flags, attr, sizeof(*attr));
}

static inline int vz_fsopen(const char *type, unsigned int flags)
{
	return syscall(SYS_fsopen, type, flags);
}

static inline int vz_fsconfig(int fd, unsigned int cmd, const char *key, const void *value, int aux)
{
	return syscall(SYS_fsconfig, fd, cmd, key, value, aux);
}

static inline int vz_fsmount(int fd, unsigned int flags, unsigned int attr)
{
	return syscall(SYS_fsmount, fd, flags, attr);
}

static inline int vz_pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old);
}

static inline int vz_pidfd_open(pid_t pid, unsigned int flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static inline int vz_pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static inline int vz_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return syscall(SYS_close_range, first, last, flags);
}

#endif
