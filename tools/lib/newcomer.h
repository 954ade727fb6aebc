/* SPDX-License-Identifier: GPL-2.0 */
/* The process that becomes a program in a running container: see join.h. */
#ifndef VZ_LIB_NEWCOMER_H
#define VZ_LIB_NEWCOMER_H

#include <sys/ioctl.h>

#include "join.h"

struct vz_newcomer {
	const struct vz_command *c;
	const struct vz_rights *rights;
	int stdio[3];		/* what becomes descriptors 0 to 2, without pty */
	bool pty;		/* make a terminal and send its master (VZ_MSG_FD) */
	int tty;		/* with pty: take this terminal instead, -1: make one */
	struct winsize size;	/* of the terminal, all zeros: unknown */
};

/* Codes of errors that vz_join() can help itself with; no exit codes. */
enum {
	VZ_JOIN_NO_PTY = 0x100,	/* the container has no terminal left */
	VZ_JOIN_NO_PROC,	/* nor a process */
};

/*
 * Inside all namespaces already. Executes the command; on failure sends
 * VZ_MSG_ERROR and exits.
 */
void vz_newcomer_run(const struct vz_newcomer *in, int sock) __attribute__((noreturn));

#endif
