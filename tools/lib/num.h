/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers in text, strictly: no sign, no blanks, nothing left over. Pure. */
#ifndef VZ_LIB_NUM_H
#define VZ_LIB_NUM_H

#include <stdint.h>

/**
 * vz_num_u64() - a decimal number from @min to @max
 *
 * Return: 0; -1 with errno EINVAL (not a number) or ERANGE. @out is then unchanged.
 */
int vz_num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* The same for a signed one; one leading '-' is accepted. */
int vz_num_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/**
 * vz_num_size() - a number with an optional suffix T G M K P B, any case
 * @page:   value of P, in bytes
 * @suffix: the suffix in upper case, or 0
 *
 * Powers of 1024. A fraction (1.5G, at most 18 digits) needs a suffix; what is
 * smaller than a byte is cut off. Exact: no floating point.
 *
 * Return: 0; -1 with errno EINVAL or ERANGE (above INT64_MAX).
 */
int vz_num_size(const char *s, uint64_t page, uint64_t *out, char *suffix);

/**
 * vz_num_percent() - a percentage with at most two decimals; a % at the end is optional
 * @max: in 1/100 %
 * @out: in 1/100 %
 *
 * Return: 0; -1 with errno EINVAL or ERANGE.
 */
int vz_num_percent(const char *s, uint64_t max, uint64_t *out);

/**
 * vz_num_milli() - a number with at most three digits behind a point
 * @out: a thousand times as much
 *
 * Return: 0; -1 with errno EINVAL or ERANGE (above @max thousandths).
 */
int vz_num_milli(const char *s, uint64_t max, uint64_t *out);

#endif
