/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory and swap of a container: the limits of physpages and swappages, set in its
 * cgroup. The kernel reclaims first, and kills inside the container if that fails.
 */
#ifndef VZ_LIB_MEMORY_H
#define VZ_LIB_MEMORY_H

#include <stdint.h>

struct vz_conf;
struct vz_err;

/**
 * vz_memory_apply() - set the limits that a configuration names
 * @ctid: has its cgroup already
 *
 * The module does the same where it counts the container's memory: then this changes nothing.
 * A host whose kernel does not limit memory by the unified hierarchy gives a warning.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SET_UBC, VZ_EXIT_BAD_VALUE).
 */
int vz_memory_apply(uint32_t ctid, const struct vz_conf *c, struct vz_err *e);

/* Is the limit of this resource (its name in lower case) one of them? */
int vz_memory_limits(const char *resource);

#endif
