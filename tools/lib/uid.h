/* SPDX-License-Identifier: GPL-2.0 */
/* A range of 65,536 uids for each container, unique on the host. */
#ifndef VZ_LIB_UID_H
#define VZ_LIB_UID_H

#include <stdint.h>
#include <sys/types.h>

struct vz_err;

/*
 * Where ranges are taken from: above what systemd hands out to its own
 * containers (up to 0x6fffffff) and to foreign images (from 0x7ffe0000).
 */
#define VZ_UID_FIRST	0x70000000U
#define VZ_UID_LAST	0x7ffcffffU

/**
 * vz_uid_allocate() - find a free range
 *
 * Free is what no CTID.conf names as LOCAL_UID; /etc/subuid and /etc/subgid are
 * respected too. The caller holds the host lock "uid.lck" from before this call
 * until the configuration with the result is saved.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_NO_RESOURCES).
 */
int vz_uid_allocate(uint32_t ctid, uid_t *base, struct vz_err *e);

/* Does another container use a part of this range? 0, or -1 with @e set. */
int vz_uid_check(uint32_t ctid, uid_t base, struct vz_err *e);

#endif
