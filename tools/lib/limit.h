/* SPDX-License-Identifier: GPL-2.0 */
/*
 * barrier:limit as users write it. Pure: touches nothing but its arguments.
 *
 *   "240"            barrier and limit both
 *   "240:260"        barrier, limit
 *   "1.5G"           suffix T G M K P B (powers of 1024, P = one page), any case;
 *                    a fraction needs a suffix and is rounded down to the unit
 *   "unlimited"      BC_UNLIMITED, in either place
 *
 * Unit BYTES: a plain number is bytes. Unit PAGES: a plain number is pages, one
 * with a suffix is bytes and divided by the page size. Unit ITEMS: no suffix.
 */
#ifndef VZ_LIB_LIMIT_H
#define VZ_LIB_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include <beanpod/beancounter.h>

struct vz_err;

struct vz_limit {
	uint64_t barrier;	/* 0 to BC_UNLIMITED, in the unit of the resource */
	uint64_t limit;
};

/* Room for the longest vz_limit_format() with its NUL. */
#define VZ_LIMIT_TEXT	48

/**
 * vz_limit_parse() - read barrier:limit
 * @s:    nothing before or after is accepted, blanks included
 * @unit: unit of the resource
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE), naming value and range. @out is
 * then unchanged.
 */
int vz_limit_parse(const char *s, enum bc_unit unit, struct vz_limit *out, struct vz_err *e);

/* The canonical text, "barrier:limit" in plain units, BC_UNLIMITED as "unlimited". */
void vz_limit_format(const struct vz_limit *l, char buf[VZ_LIMIT_TEXT]);

/**
 * vz_limit_parse_kb() - soft:hard disk space
 *
 * As vz_limit_parse(), but a plain number counts kilobytes, one with a suffix
 * bytes, which are divided by 1024: the unit of DISKSPACE.
 */
int vz_limit_parse_kb(const char *s, struct vz_limit *out, struct vz_err *e);

#endif
