/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup of a container, beanpod/CTID: the root of what it sees. Its limits belong to
 * the host; the directory, and which controllers the cgroups below it have, to the tenant.
 *
 * Names below it are hostile: everything is done by descriptor and a bounded number of
 * times. Needs the unified hierarchy.
 */
#ifndef VZ_LIB_CGROUP_H
#define VZ_LIB_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

struct vz_err;

/**
 * vz_cgroup_make() - make the cgroup of a container that starts
 * @base: first uid and gid of its range, owner of what is delegated
 *
 * What an earlier run left behind, empty, is removed first.
 *
 * Return: its descriptor, for CLONE_INTO_CGROUP; -1 with @e set.
 */
int vz_cgroup_make(uint32_t ctid, uid_t base, struct vz_err *e);

/* Its descriptor; -1 with errno. */
int vz_cgroup_dir(uint32_t ctid);

/* 1: tasks live in it; 0: none, or no such cgroup. */
int vz_cgroup_populated(uint32_t ctid);

/* Is the process in the container's cgroup, or below? */
int vz_cgroup_has(uint32_t ctid, pid_t pid);

/* Writes a limit of the container's cgroup. 0, or -1 with errno (ENOENT: no such file). */
int vz_cgroup_set(uint32_t ctid, const char *file, const char *text);

/**
 * vz_cgroup_enable() - let the containers' cgroups have a controller, those that run as well
 *
 * Return: 0; -1 with errno if the hierarchy does not have it.
 */
int vz_cgroup_enable(const char *controller);

/* SIGKILL to every task, forks in progress included. 0, or -1 with errno. */
int vz_cgroup_kill(uint32_t ctid);

/**
 * vz_cgroup_remove() - kill what is left and remove the cgroups
 * @timeout_ms: how long to wait for killed tasks to be gone
 *
 * Return: 0, also if there are none; -1 with @e set.
 */
int vz_cgroup_remove(uint32_t ctid, int timeout_ms, struct vz_err *e);

#define VZ_CGROUP_LEAF_MAX	32

/**
 * vz_cgroup_leaf() - a cgroup of the host's own below the container's
 * @name: empty, or that of the last call; receives its name, for vz_cgroup_leaf_done()
 *
 * For a process that enters from the host. No task can be cloned into it as long as the
 * container's has threads of its own below it (EOPNOTSUPP), and none into the container's
 * itself as long as its subtree has controllers (EBUSY): never both.
 *
 * Return: descriptor for CLONE_INTO_CGROUP, never of a cgroup that the tenant may freeze;
 * -1 with @e set.
 */
int vz_cgroup_leaf(uint32_t ctid, char name[VZ_CGROUP_LEAF_MAX], struct vz_err *e);

/* Whoever was in it has ended, or was never there: removes it if it was for this one only. */
void vz_cgroup_leaf_done(uint32_t ctid, const char *name);

/* Where keepers live, in no container's cgroup. -1 without complaint if impossible. */
int vz_cgroup_keepers(void);

#endif
