/* SPDX-License-Identifier: GPL-2.0 */
/* Limits for one of N equal containers of a host: the formulas of vzsplit. Pure. */
#ifndef VZ_LIB_SPLIT_H
#define VZ_LIB_SPLIT_H

#include <stdint.h>

struct vz_err;
struct vz_limitset;

struct vz_split_host {
	uint64_t ram, swap, low;	/* bytes */
	uint64_t threads;		/* kernel.threads-max */
	uint64_t page;
	uint64_t disk_kb, inodes;	/* of the file system of private areas; 0: not known */
};

/* How much is left over after the division. */
enum vz_split_level {
	VZ_SPLIT_FREE,		/* any limit may be raised */
	VZ_SPLIT_NORMAL,	/* secondary ones may */
	VZ_SPLIT_SHORT,		/* auxiliary ones may */
	VZ_SPLIT_FULL,		/* none may */
};

/**
 * vz_split() - divide a host
 * @n:    containers, at least 1
 * @out:  receives every limit that a classic configuration needs, disk and AVNUMPROC
 * @ram:  receives the pages of RAM that one container can have: for physpages
 *
 * Return: enum vz_split_level; -1 with @e set (VZ_EXIT_NO_RESOURCES), which names
 * how many containers would fit.
 */
int vz_split(const struct vz_split_host *host, uint64_t n, struct vz_limitset *out, uint64_t *ram,
	     struct vz_err *e);

/* What the level means, one sentence. */
const char *vz_split_level_text(enum vz_split_level level);

/* Container's share of a disk, after what the host keeps. 0: too small to divide. */
uint64_t vz_split_share(uint64_t total, uint64_t keep, uint64_t least, uint64_t n);

#endif
