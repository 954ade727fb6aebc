/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of the host's memory a container uses, was promised, and may take at
 * most: the formulas of vzmemcheck and vzcalc. Pure.
 */
#ifndef VZ_LIB_MEMUSE_H
#define VZ_LIB_MEMUSE_H

#include <stdbool.h>
#include <stdint.h>

struct vz_limitset;

struct vz_mem {
	uint64_t ram, swap, low;	/* bytes; low is all of RAM where there is no low memory */
	bool has_swap;
};

/* /proc/meminfo. Return: false if MemTotal is not there. */
bool vz_mem_parse(const char *meminfo, struct vz_mem *out);

/* In the order in which vzmemcheck prints them. */
enum vz_memuse {
	VZ_LOW_UTIL,		/* kernel memory and buffers in use */
	VZ_LOW_COMMIT,		/* ... at their limits */
	VZ_RAM_UTIL,		/* resident, kernel included */
	VZ_MEMSWAP_UTIL,	/* RAM and swap in use */
	VZ_MEMSWAP_COMMIT,	/* promised in case the host runs out */
	VZ_ALLOC_UTIL,		/* address space in use */
	VZ_ALLOC_COMMIT,	/* ... promised */
	VZ_ALLOC_LIMIT,		/* ... at most */
	VZ_MEMUSE_N,
};

/**
 * vz_memuse_held() - set the four utilizations, in bytes
 * @held: what is held, by row; BC_ROWS values
 */
void vz_memuse_held(const uint64_t *held, uint64_t page, double use[VZ_MEMUSE_N]);

/* Sets the four promises, in bytes; INFINITY where something is unlimited. */
void vz_memuse_limits(const struct vz_limitset *limits, uint64_t page, double use[VZ_MEMUSE_N]);

/* What a number is compared with, in bytes: 40 % of low memory, RAM, or RAM and swap. */
double vz_memuse_base(const struct vz_mem *mem, enum vz_memuse which);

#endif
