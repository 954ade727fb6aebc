// SPDX-License-Identifier: GPL-2.0
/* Namespaces: see ns.h. */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "sys.h"

int vz_ns_map(pid_t pid, uid_t base, struct vz_err *e)
{
	char path[48], map[48];
	int fd;

	snprintf(map, sizeof(map), "0 %u %u\n", base, VZ_UID_RANGE);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (vz_write_text(AT_FDCWD, path, map))
		return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "map uids %u to %u", base,
				    base + VZ_UID_RANGE - 1);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	if (vz_write_text(AT_FDCWD, path, map))
		return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "map gids %u to %u", base,
				    base + VZ_UID_RANGE - 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : vz_err_errno(e, VZ_EXIT_ENV_CREATE, "%s", path);
}

int vz_ns_time_begin(struct vz_err *e)
{
	_cleanup_close_ int saved = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	struct timespec boot, mono;
	char text[128];

	if (saved < 0)
		return errno == ENOENT ? -2 : vz_err_errno(e, VZ_EXIT_SYSTEM, "/proc/self/ns/time");
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	snprintf(text, sizeof(text), "boottime -%lld 0\nmonotonic -%lld 0\n",
		 (long long)boot.tv_sec, (long long)mono.tv_sec);
	if (unshare(CLONE_NEWTIME))
		return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "make a time namespace");
	if (vz_write_text(AT_FDCWD, "/proc/self/timens_offsets", text)) {
		vz_err_errno(e, VZ_EXIT_ENV_CREATE, "set the container's clock");
		setns(saved, CLONE_NEWTIME);
		return -1;
	}
	return vz_steal_fd(&saved);
}

int vz_ns_time_end(int saved, struct vz_err *e)
{
	int rc;

	if (saved < 0)
		return 0;
	rc = setns(saved, CLONE_NEWTIME);
	if (rc)
		vz_err_errno(e, VZ_EXIT_SYSTEM, "return to the host's time");
	close(saved);
	return rc;
}

int vz_ns_join(int pidfd, struct vz_err *e)
{
	int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
		  CLONE_NEWNET | CLONE_NEWCGROUP;

	/* EINVAL: the kernel has no time namespaces. */
	if (!setns(pidfd, all | CLONE_NEWTIME) || (errno == EINVAL && !setns(pidfd, all)))
		return 0;
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "enter the container's namespaces");
}
