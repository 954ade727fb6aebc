/* SPDX-License-Identifier: GPL-2.0 */
/* Second names of containers: links in /etc/vz/names. */
#ifndef VZ_LIB_NAME_H
#define VZ_LIB_NAME_H

#include <stdint.h>

struct vz_err;

/**
 * vz_name_set() - give a container a name
 * @name: NULL or "": none
 * @old:  the name it has now, or NULL
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_NAME: another container has it).
 */
int vz_name_set(uint32_t ctid, const char *old, const char *name, struct vz_err *e);

#endif
