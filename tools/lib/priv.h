/* SPDX-License-Identifier: GPL-2.0 */
/* What a program in a container may do: capabilities, system call filter, limits. */
#ifndef VZ_LIB_PRIV_H
#define VZ_LIB_PRIV_H

#include <stdint.h>
#include <sys/types.h>

struct vz_err;

/**
 * vz_caps_drop() - reduce the calling process to the rights of a container's root
 * @drop: capabilities that are not granted: bit = number
 *
 * Called inside the container's user namespace, after vz_seccomp_load(). Drops them from
 * all sets, the bounding set included; empties the inheritable and ambient sets.
 */
int vz_caps_drop(uint64_t drop, struct vz_err *e);

/**
 * vz_seccomp_load() - install the container's system call filter
 * @features: bits of enum vz_feature: some allow what it denies else
 *
 * Needs CAP_SYS_ADMIN in the user namespace; sets no no_new_privs, so setuid works.
 */
int vz_seccomp_load(uint64_t features, struct vz_err *e);

/*
 * Resource limits, priorities and out-of-memory score as a fresh container's init
 * has them, whatever the caller's are. Called with the rights of the host's root.
 */
void vz_rlimits_default(void);

/**
 * vz_priv_fresh() - forget what the caller's session lent to this process
 *
 * Signal mask and dispositions, umask, personality, session keyring, timer slack:
 * none of them ends with a new namespace.
 */
void vz_priv_fresh(void);

/*
 * Effective uid and gid of a container's range while its namespace and root file
 * system are made: the owner of the first, and mapped in the second. Capabilities
 * stay. 0, or -1 with @e set.
 */
int vz_priv_become(uid_t base, struct vz_err *e);
int vz_priv_restore(struct vz_err *e);

#endif
