/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The root file system of a container, as a mount that belongs to the host.
 *
 * Layout "overlay": the template and what differs from it, both id-mapped to the
 * container's range, under one overlay. "simfs": the container's own tree, id-
 * mapped. On disk everything has plain ids starting at 0, so the private area is
 * closed to everybody but root: a tenant's setuid file must not be one of the host.
 */
#ifndef VZ_LIB_ROOTFS_H
#define VZ_LIB_ROOTFS_H

#include <sys/types.h>

struct vz_ct;
struct vz_err;

/*
 * A mount point, as those of the layers: what is mounted there only a private mount
 * namespace sees. The tenant reads the names of the layers in /proc/mounts.
 */
#define VZ_SCRATCH_ROOT		"/run/beanpod/root"	/* root; shared, so the child gets it */

/* Are layout, template and private area there and usable? 0, or -1 with @e set. */
int vz_rootfs_check(const struct vz_ct *ct, struct vz_err *e);

/**
 * vz_rootfs_quota() - set the disk limits of a container
 *
 * Return: 0, also if none are configured; -1 with @e set, also if the private area is not
 * in the container's project, so that they would have no effect.
 */
int vz_rootfs_quota(const struct vz_ct *ct, struct vz_err *e);

/**
 * vz_rootfs_scratch() - move the calling process to a private mount namespace
 *
 * What is read-only there before clone3() stays locked so for the container.
 * VZ_RUN_DIR must exist.
 */
int vz_rootfs_scratch(struct vz_err *e);

/**
 * vz_rootfs_make() - make the mount, not yet attached
 * @userns: descriptor of the namespace whose map the layers get, -1: none
 *
 * Called in the namespace of vz_rootfs_scratch(), and with a map also with effective
 * ids of the container's range (vz_priv_become()): overlay makes its work directory
 * as these, and would silently mount read-only if they had no name in the map.
 *
 * Return: descriptor of the mount; -1 with @e set (VZ_EXIT_MOUNT).
 */
int vz_rootfs_make(const struct vz_ct *ct, int userns, struct vz_err *e);

/* Attaches it where the container's first process finds it. 0, or -1 with @e set. */
int vz_rootfs_attach(int mount, struct vz_err *e);

/**
 * vz_rootfs_mount() - mount the root of a stopped container on VE_ROOT
 *
 * Without a map: root of the host is root of these files, and what it makes belongs
 * to the container's root later. Setuid bits and devices have no effect there.
 *
 * Return: 0; -1 with @e set.
 */
int vz_rootfs_mount(const struct vz_ct *ct, struct vz_err *e);

/* Makes VE_ROOT; a parent that has to be made is closed to users. 0, or -1 with errno. */
int vz_rootfs_mount_point(const struct vz_ct *ct);

/* Unmounts VE_ROOT. 0, or -1 with @e set (VZ_EXIT_UMOUNT). */
int vz_rootfs_umount(const struct vz_ct *ct, struct vz_err *e);

/**
 * vz_rootfs_create() - make the private area of a new container, under a name for the time
 * @project: project of its disk quota
 *
 * For layout simfs the template is copied. What an interrupted create left is removed.
 * vz_rootfs_commit() gives the area its name, vz_rootfs_abandon() deletes it.
 *
 * Return: 0; -1 with @e set, and nothing is left.
 */
int vz_rootfs_create(const struct vz_ct *ct, unsigned int project, struct vz_err *e);
int vz_rootfs_commit(const struct vz_ct *ct, struct vz_err *e);
void vz_rootfs_abandon(const struct vz_ct *ct);

/**
 * vz_rootfs_remove() - delete the private area and its quota
 *
 * VE_PRIVATE must be root's, mode 0700, and hold nothing but what vz_rootfs_create() makes:
 * a path written wrongly deletes nothing. One that does not exist is no error.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_DELETE, VZ_EXIT_NO_PRIVATE).
 */
int vz_rootfs_remove(const struct vz_ct *ct, struct vz_err *e);

#endif
