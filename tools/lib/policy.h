/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The setting POLICY: which policy decides which resource. Pure.
 *
 *   "numproc:observe,numfile:burst"    a resource that is not named is classic
 *   ""                                 all are
 */
#ifndef VZ_LIB_POLICY_H
#define VZ_LIB_POLICY_H

#include <stddef.h>

#include <bc_resources.h>
#include <beanpod/beancounter.h>

struct vz_err;

/* Policies by row, "" for a row that is not named. */
struct vz_policies {
	char name[BC_ROWS][BC_POLICY_NAME];
};

/**
 * vz_policies_parse() - read the setting
 *
 * Whether there is such a policy only the module knows.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE), saying what is wrong.
 */
int vz_policies_parse(const char *s, struct vz_policies *out, struct vz_err *e);

/* The canonical text, in the order of the rows, to be freed; NULL: no memory. */
char *vz_policies_format(const struct vz_policies *p);

#endif
