/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a configuration of RAM and swap (physpages has a limit) implies for the limits
 * that it does not name. Pure.
 *
 *	lockedpages	RAM:RAM
 *	vmguarpages	RAM + swap:unlimited
 *	oomguarpages	RAM:unlimited
 *	privvmpages	both VM_OVERCOMMIT times RAM + swap; unlimited without the factor
 *
 * A swap that is not named is none. Nothing of it is written into files: the values
 * follow --ram and --swap.
 */
#ifndef VZ_LIB_IMPLIED_H
#define VZ_LIB_IMPLIED_H

struct vz_conf;
struct vz_err;

/**
 * vz_implied() - add what a configuration implies
 * @to:  gets the limits that @all does not name; nothing if physpages has no limit
 * @all: what is in force; may be @to
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE).
 */
int vz_implied(struct vz_conf *to, const struct vz_conf *all, struct vz_err *e);

#endif
