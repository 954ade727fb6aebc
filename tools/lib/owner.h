/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose is a process? A container is a user namespace and all below it; init of
 * each running container tells which.
 */
#ifndef VZ_LIB_OWNER_H
#define VZ_LIB_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vz_err;

struct vz_owner {
	dev_t dev;
	ino_t ino;		/* of the user namespace */
	uint32_t id;
};

struct vz_owners {
	struct vz_owner *list;
	size_t count;
};

/* The containers that run. 0; -1 with @e set. */
int vz_owners_read(struct vz_owners *o, struct vz_err *e);
void vz_owners_free(struct vz_owners *o);

/**
 * vz_owner_of() - container of a process, at any depth of namespaces
 * @proc: descriptor of its directory in /proc
 * @id:   receives 0 for a process of the host, or of another runtime's container
 *
 * Return: 0; -1 with errno, ESRCH or ENOENT if the process is gone.
 */
int vz_owner_of(const struct vz_owners *o, int proc, uint32_t *id);

#endif
