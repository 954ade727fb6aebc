/* SPDX-License-Identifier: GPL-2.0 */
/* Limits of a container that runs: its beancounter and the memory of its cgroup. */
#ifndef VZ_LIB_APPLY_H
#define VZ_LIB_APPLY_H

struct vz_conf;
struct vz_ct;
struct vz_err;

/**
 * vz_apply_limits() - set every limit that a configuration names
 * @ct: runs
 *
 * What is not enforced gives a warning.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SET_UBC, VZ_EXIT_BAD_VALUE, VZ_EXIT_NO_MODULE).
 */
int vz_apply_limits(const struct vz_ct *ct, const struct vz_conf *from, struct vz_err *e);

#endif
