/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All limits of one configuration, by number: what the tools that compute
 * (validation, memory use, division of a host) work on. Pure.
 */
#ifndef VZ_LIB_LIMITSET_H
#define VZ_LIB_LIMITSET_H

#include <stdbool.h>

#include "bc_resources.h"

#include "limit.h"

struct vz_conf;
struct vz_err;
struct vz_param;

/* clang-format off */
/* The rows, and behind them settings of the same form that are no rows. */
enum vz_slot {
#define VZ_SLOT(id, NAME, name, unit, kind, meaning)	VZ_SLOT_##NAME = id,
	BC_RESOURCES(VZ_SLOT)
#undef VZ_SLOT
	VZ_SLOT_AVNUMPROC = BC_ROWS,	/* processes on average: a hint */
	VZ_SLOT_DISKSPACE,		/* KB */
	VZ_SLOT_DISKINODES,
	VZ_SLOT_END,
};
/* clang-format on */

struct vz_limitset {
	bool has[VZ_SLOT_END];		/* what is named; false for place holders */
	struct vz_limit v[VZ_SLOT_END];
};

/* The setting of a row; NULL for a place holder. */
const struct vz_param *vz_limitset_param(int row);

/* Its name in lower case; "" for a place holder. */
const char *vz_limitset_name(int row);

void vz_limitset_put(struct vz_limitset *s, int row, uint64_t barrier, uint64_t limit);

/**
 * vz_limitset_read() - the limits that a configuration names
 *
 * Return: 0; -1 with @e set if one of them cannot be read.
 */
int vz_limitset_read(struct vz_limitset *s, const struct vz_conf *c, struct vz_err *e);

/* Puts one limit into a configuration. Return: 0; -1 with errno. */
int vz_limitset_write(const struct vz_limitset *s, int row, struct vz_conf *c);

/*
 * Does it divide RAM and swap (physpages has a limit), instead of promising
 * address space?
 */
bool vz_limitset_is_vswap(const struct vz_limitset *s);

/* Sums and products that stop at BC_UNLIMITED, which stays what it is. */
uint64_t vz_sat_add(uint64_t a, uint64_t b);
uint64_t vz_sat_mul(uint64_t a, uint64_t b);

#endif
