/* SPDX-License-Identifier: GPL-2.0 */
/* JSON output: strings that no content can break out of. Pure. */
#ifndef VZ_LIB_JSON_H
#define VZ_LIB_JSON_H

#include <stdio.h>

/**
 * vz_json_string() - write @s as a JSON string, quotes included
 *
 * Control characters become escapes, bytes that are not UTF-8 become U+FFFD, so
 * that the output is valid JSON whatever @s holds. NULL is written as null.
 */
void vz_json_string(FILE *f, const char *s);

#endif
