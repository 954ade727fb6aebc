/* SPDX-License-Identifier: GPL-2.0 */
/* Container ids. Pure. */
#ifndef VZ_LIB_CTID_H
#define VZ_LIB_CTID_H

#include <stdint.h>

struct vz_err;

/**
 * vz_ctid_parse() - 1 to BC_ID_MAX, decimal, no leading zero
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE).
 */
int vz_ctid_parse(const char *s, uint32_t *out, struct vz_err *e);

/*
 * The id in a file name of the form "101.conf".
 * Return: 0; -1 if it is none.
 */
int vz_ctid_from_conf_name(const char *name, uint32_t *out);

#endif
