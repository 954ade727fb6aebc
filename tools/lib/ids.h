/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of processors or nodes, as the kernel writes them: 0-2,7. Pure. */
#ifndef VZ_LIB_IDS_H
#define VZ_LIB_IDS_H

#include <stdbool.h>
#include <stdint.h>

#define VZ_IDS	8192	/* numbers that a set can hold, from 0 */

struct vz_ids {
	uint64_t word[VZ_IDS / 64];
};

/**
 * vz_ids_parse() - numbers and ranges, separated by commas; at least one
 * @max: the largest number that is allowed, below VZ_IDS
 *
 * Order does not matter, and a number may be there twice.
 *
 * Return: 0; -1 with errno EINVAL (no such list) or ERANGE. @out is then unchanged.
 */
int vz_ids_parse(const char *s, uint32_t max, struct vz_ids *out);

/* The shortest list; empty for the empty set. To be freed; NULL: no memory. */
char *vz_ids_format(const struct vz_ids *ids);

bool vz_ids_empty(const struct vz_ids *ids);

/* To @to: what is in @more, too; only what is in @also; not what is in @less. */
void vz_ids_add(struct vz_ids *to, const struct vz_ids *more);
void vz_ids_keep(struct vz_ids *to, const struct vz_ids *also);
void vz_ids_drop(struct vz_ids *to, const struct vz_ids *less);

#endif
