/* SPDX-License-Identifier: GPL-2.0 */
/* What vzctl and the keeper (keeper.h) say to each other. */
#ifndef VZ_LIB_KEEPER_CALL_H
#define VZ_LIB_KEEPER_CALL_H

#include <limits.h>
#include <stdint.h>

struct vz_err;

/* Descriptors that the keeper begins with. */
#define VZ_KEEPER_SOCKET	3	/* listens */
#define VZ_KEEPER_LOCK		4	/* locked as long as it lives */

/* Start a container. Both sides are one program: no versions, no padding to fear. */
struct vz_keeper_request {
	uint32_t id;
	int level;		/* of messages */
	char init[PATH_MAX];	/* empty: the default */
};

/* Descriptors that come along. */
enum vz_request_fds {
	VZ_REQUEST_OUT,		/* for messages to the caller's user */
	VZ_REQUEST_ERR,
	VZ_REQUEST_LOCK,	/* of the container, may be missing */
	VZ_REQUEST_FDS,
};

/**
 * vz_keeper_call() - connect to the keeper, started if need be
 *
 * Return: socket, or -1 with @e set.
 */
int vz_keeper_call(struct vz_err *e);

/* The paths of its socket and of its lock, static buffers; NULL with errno. */
const char *vz_keeper_path(const char *suffix);

#endif
