/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink family "beancounter"; the only file that includes libnl. */
#ifndef VZ_LIB_NL_H
#define VZ_LIB_NL_H

#include <stdint.h>

#include <beanpod/beancounter.h>

struct vz_err;

#define VZ_NL_ROWS	64	/* rows that are kept of a beancounter; more are ignored */

struct vz_nl_bc {
	uint32_t id;
	uint32_t life;			/* enum bc_life */
	uint32_t count;			/* of rows */
	struct bc_row row[VZ_NL_ROWS];
};

/**
 * vz_nl_dump() - all beancounters in one dump
 * @f: called for each, ascending by id; the object is valid during the call
 *
 * A beancounter whose attributes are not of the form that the ABI promises is an
 * error, not a guess.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_NO_MODULE if the family is not there).
 */
int vz_nl_dump(void (*f)(const struct vz_nl_bc *bc, void *arg), void *arg, struct vz_err *e);

#endif
