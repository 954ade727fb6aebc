/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disk limits: one project of the file system for each container. The template
 * belongs to no project and costs the tenant nothing.
 */
#ifndef VZ_LIB_QUOTA_H
#define VZ_LIB_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct vz_conf;
struct vz_err;

/* Usage and limits of a project: space in KB, 0 = no limit. */
struct vz_quota {
	uint64_t space, space_soft, space_hard;
	uint64_t inodes, inodes_soft, inodes_hard;
};

/**
 * vz_quota_mark() - make a directory part of a project
 * @dirfd: empty: what it holds already would stay outside
 *
 * Everything created below is inherited into the project.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_QUOTA_ON: the file system has no projects).
 */
int vz_quota_mark(int dirfd, uint32_t project, struct vz_err *e);

/**
 * vz_quota_check() - is a directory in a project, so that limits apply to what is below?
 * @path: how messages call it
 *
 * Return: 0; -1 with @e set (VZ_EXIT_QUOTA_ON).
 */
int vz_quota_check(int dirfd, uint32_t project, const char *path, struct vz_err *e);

/**
 * vz_quota_set() - set limits from DISKSPACE and DISKINODES
 * @dirfd: anything on the file system
 *
 * Does nothing if neither is set or DISK_QUOTA is "no".
 *
 * Return: 0; -1 with @e set (VZ_EXIT_QUOTA_ON, VZ_EXIT_QUOTA_SET, VZ_EXIT_BAD_VALUE).
 */
int vz_quota_set(int dirfd, uint32_t project, const struct vz_conf *c, struct vz_err *e);

/* Are there limits to set, and is DISK_QUOTA not "no"? */
bool vz_quota_wanted(const struct vz_conf *c);

/* Removes the limits; a file system without quota is no error. */
void vz_quota_drop(int dirfd, uint32_t project);

int vz_quota_get(int dirfd, uint32_t project, struct vz_quota *q, struct vz_err *e);

#endif
