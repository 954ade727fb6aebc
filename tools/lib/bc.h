/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Typed calls above /dev/vzctl. See beanpod/beancounter.h for what each command
 * promises; here errno becomes a sentence and a remedy.
 */
#ifndef VZ_LIB_BC_H
#define VZ_LIB_BC_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <beanpod/beancounter.h>

struct vz_conf;
struct vz_err;

/**
 * vz_bc_open() - open the device and check that the module speaks our ABI
 *
 * Return: descriptor; -1 with @e set: VZ_EXIT_NO_MODULE, or VZ_EXIT_PERMISSION.
 */
int vz_bc_open(struct vz_err *e);

/**
 * vz_bc_create() - make a beancounter, or take over the one of a stopped container
 *
 * Return: 0; -1 with @e set (VZ_EXIT_RUNNING, VZ_EXIT_NO_RESOURCES).
 */
int vz_bc_create(int bc, uint32_t id, struct vz_err *e);

/* The calling thread's next user namespace belongs to @id. Undone by closing @bc. */
int vz_bc_arm(int bc, uint32_t id, struct vz_err *e);

/**
 * vz_bc_attach() - the memory of the container is that of a cgroup
 * @cgroup: descriptor of its directory
 *
 * Return: 0; -1 with errno, EOPNOTSUPP if the host does not count memory by cgroup.
 */
int vz_bc_attach(int bc, uint32_t id, int cgroup);

int vz_bc_set(int bc, uint32_t id, const struct bc_limit *limits, size_t count, struct vz_err *e);

/**
 * vz_bc_query() - all rows of a beancounter
 * @rows: room for BC_ROWS
 *
 * Return: number of rows; -1 with @e set, errno ENOENT if there is no such beancounter.
 */
int vz_bc_query(int bc, uint32_t id, struct bc_row *rows, struct vz_err *e);

/**
 * vz_bc_list() - every beancounter, ascending by id
 * @list: allocated, to be freed
 *
 * Return: number of entries; -1 with @e set.
 */
int vz_bc_list(int bc, struct bc_entry **list, struct vz_err *e);

int vz_bc_clear(int bc, uint32_t id, struct vz_err *e);

/**
 * vz_bc_destroy() - forget a beancounter
 * @timeout_ms: how long to wait for processes that are dead, but still counted
 *
 * Return: 0, also if there is none; -1 with @e set.
 */
int vz_bc_destroy(int bc, uint32_t id, int timeout_ms, struct vz_err *e);

/**
 * vz_bc_apply() - set every limit that a configuration names
 * @skipped: receives the names, separated by blanks, of limits that are
 *           configured but not enforced by this module on this kernel, nor by
 *           vz_memory_apply()
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SET_UBC, or VZ_EXIT_BAD_VALUE).
 */
int vz_bc_apply(int bc, uint32_t id, const struct vz_conf *c, char *skipped, size_t size,
		struct vz_err *e);

/**
 * vz_bc_choose() - set the policy of every resource as the setting POLICY says
 * @missing: NULL, or receives what names a policy that is not there, separated by
 *           blanks; those are classic
 * @skipped: as in vz_bc_apply()
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SET_UBC, or VZ_EXIT_BAD_VALUE), also for a
 * policy that is not there if @missing is NULL.
 */
int vz_bc_choose(int bc, uint32_t id, const struct vz_conf *c, char *missing, char *skipped,
		 size_t size, struct vz_err *e);

/**
 * vz_bc_cpu() - processor time is what the settings CPULIMIT, CPUUNITS, CPUS and CPUCLASS say
 * @all: what is not set is none; otherwise it stays as it is
 *
 * Return: 0; 1 if something is set and nobody to enforce it, with @e set
 * (VZ_EXIT_FAIRSCHED); -1 with @e set.
 */
int vz_bc_cpu(int bc, uint32_t id, const struct vz_conf *c, bool all, struct vz_err *e);

#endif
