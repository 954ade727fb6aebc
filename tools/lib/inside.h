/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the first process of a container does before it becomes init: it lives in
 * all new namespaces, but still sees the host's mounts until it has its own.
 */
#ifndef VZ_LIB_INSIDE_H
#define VZ_LIB_INSIDE_H

#include <stdbool.h>

struct vz_inside {
	int sock;			/* messages to the starter, see fd.h */
	const char *hostname;
	const char *init;		/* program, NULL: /sbin/init, /etc/init, /bin/init */
	bool console;			/* make one and send its master */
	const struct vz_rights *rights;
};

/* Environment that programs in a container start with. */
extern char *const vz_inside_env[];

/*
 * Waits for VZ_MSG_GO, sends the console's master (VZ_MSG_FD), executes init. On
 * failure sends VZ_MSG_ERROR and exits.
 */
void vz_inside_run(const struct vz_inside *in) __attribute__((noreturn));

#endif
