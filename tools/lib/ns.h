/* SPDX-License-Identifier: GPL-2.0 */
/* Namespaces: maps, time, and joining all of a running container's. */
#ifndef VZ_LIB_NS_H
#define VZ_LIB_NS_H

#include <sys/types.h>

struct vz_err;

/**
 * vz_ns_map() - map ids 0 to 65535 of a child's user namespace to its range
 *
 * Return: descriptor of the user namespace; -1 with @e set.
 */
int vz_ns_map(pid_t pid, uid_t base, struct vz_err *e);

/**
 * vz_ns_time_begin() - children live in a new time namespace that begins at 0
 *
 * To be ended right after the clone: until then programs started by the caller
 * would live there too, and some kernels fail posix_spawn(3) with EINVAL.
 *
 * Return: what to give to vz_ns_time_end(); -2: the kernel has none; -1 with @e set.
 */
int vz_ns_time_begin(struct vz_err *e);
int vz_ns_time_end(int saved, struct vz_err *e);

/* Enters all namespaces of a process, at once. 0, or -1 with @e set. */
int vz_ns_join(int pidfd, struct vz_err *e);

#endif
