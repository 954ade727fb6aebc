/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processors and nodes of memory a container may use: CPUMASK and NODEMASK, set in
 * its cgroup. The controller is enabled for the first container that needs it.
 */
#ifndef VZ_LIB_CPUSET_H
#define VZ_LIB_CPUSET_H

#include <stdint.h>

struct vz_conf;
struct vz_err;

/**
 * vz_cpuset_check() - does this host have what the settings name
 * @all: what holds, @changed included
 * @changed: look at these settings, and at what follows from them; NULL: at all
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE), naming what the host has.
 */
int vz_cpuset_check(const struct vz_conf *all, const struct vz_conf *changed, struct vz_err *e);

/**
 * vz_cpuset_apply() - set them
 * @ctid: has its cgroup already
 * @all: as above
 * @changed: as above
 *
 * Return: 0; 1 with @e set if this host cannot (no controller); -1 with @e set.
 */
int vz_cpuset_apply(uint32_t ctid, const struct vz_conf *all, const struct vz_conf *changed,
		    struct vz_err *e);

#endif
