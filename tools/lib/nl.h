/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink family "beancounter"; the only file that includes libnl. */
#ifndef VZ_LIB_NL_H
#define VZ_LIB_NL_H

#include <stdbool.h>
#include <stdint.h>

#include <beanpod/beancounter.h>

#include "refusal.h"

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

struct vz_nl_event {
	enum {
		VZ_NL_JOINED,		/* from now on nothing is missed */
		VZ_NL_LOST,		/* the socket ran over */
		VZ_NL_REFUSAL,
	} kind;
	struct vz_refusal refusal;	/* seq is 0 */
	int unit;			/* enum bc_unit of the resource */
};

/**
 * vz_nl_follow() - refusals of all containers, as they happen
 * @f: called for each event until it returns false
 *
 * The kernel sends at most BC_EVENT_BURST a second for a container.
 *
 * Return: 0 when @f has had enough; -1 with @e set (VZ_EXIT_NO_MODULE, also when
 * the module is unloaded meanwhile; VZ_EXIT_PERMISSION).
 */
int vz_nl_follow(bool (*f)(const struct vz_nl_event *event, void *arg), void *arg,
		 struct vz_err *e);

#endif
