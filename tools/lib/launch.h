/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start of a container, as its keeper does it: limits, cgroup, quota, namespaces,
 * root file system, and the first process released into them. All or nothing: a
 * failure at any step undoes those before it and names the step.
 *
 * The order is not free. Arming comes right before clone3(), so that the first
 * process is charged; the time namespace before it, and left right after, or
 * programs that the keeper starts would live in the container's time; read-only
 * covers before it, or container root could lift them; the layers after it,
 * because their ids come from the new namespace.
 */
#ifndef VZ_LIB_LAUNCH_H
#define VZ_LIB_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "rights.h"

struct vz_ct;
struct vz_err;

struct vz_start_opts {
	const char *init;	/* program to run instead of /sbin/init, or NULL */
	bool foreground;	/* stay, show the console, return when it ends */
};

struct vz_launched {
	pid_t pid;		/* of init */
	int pidfd;
	int console;		/* master, -1: none */
	struct vz_rights rights;
};

/* Return: 0; -1 with @e set. */
int vz_launch(const struct vz_ct *ct, const struct vz_start_opts *o, struct vz_launched *l,
	      struct vz_err *e);

#endif
