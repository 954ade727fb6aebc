/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup of a container: beanpod/CTID holds limits and belongs to root,
 * beanpod/CTID/ct is given to the container and is the root of what it sees.
 *
 * A tenant owns ct and what is below, so names there are hostile: everything is
 * done by descriptor and a bounded number of times. Needs the unified hierarchy.
 */
#ifndef VZ_LIB_CGROUP_H
#define VZ_LIB_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

struct vz_err;

/**
 * vz_cgroup_make() - make the cgroups of a container that starts
 * @base: first uid and gid of its range, owner of what is delegated
 *
 * What an earlier run left behind, empty, is removed first.
 *
 * Return: descriptor of ct, for CLONE_INTO_CGROUP; -1 with @e set.
 */
int vz_cgroup_make(uint32_t ctid, uid_t base, struct vz_err *e);

/* 1: tasks live in it; 0: none, or no such cgroup. */
int vz_cgroup_populated(uint32_t ctid);

/* Is the process in the container's cgroup, or below? */
int vz_cgroup_has(uint32_t ctid, pid_t pid);

/* Writes a limit of the container's own cgroup. 0, or -1 with errno (ENOENT: no such file). */
int vz_cgroup_set(uint32_t ctid, const char *file, const char *text);

/* SIGKILL to every task, forks in progress included. 0, or -1 with errno. */
int vz_cgroup_kill(uint32_t ctid);

/**
 * vz_cgroup_remove() - kill what is left and remove the cgroups
 * @timeout_ms: how long to wait for killed tasks to be gone
 *
 * Return: 0, also if there are none; -1 with @e set.
 */
int vz_cgroup_remove(uint32_t ctid, int timeout_ms, struct vz_err *e);

/**
 * vz_cgroup_leaf() - where a process that enters from the host starts
 * @outside: the one beside ct, which the tenant cannot spoil; else one below it
 *
 * Return: descriptor for CLONE_INTO_CGROUP; -1 with @e set, also if the tenant has put
 * one of its own there, which it could have frozen.
 */
int vz_cgroup_leaf(uint32_t ctid, int outside, struct vz_err *e);

/* Where keepers live, in no container's cgroup. -1 without complaint if impossible. */
int vz_cgroup_keepers(void);

#endif
