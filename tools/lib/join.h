/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running a program in a container from the host.
 *
 * The newcomer is a stranger among hostile neighbours until it has executed the
 * program: it cannot be traced, holds no descriptor of the host but its standard
 * ones, takes its environment from nothing, and gets the rights of the container's
 * init and no more. A terminal of the host is never handed in: the program sees a
 * terminal of the container's own, or pipes.
 */
#ifndef VZ_LIB_JOIN_H
#define VZ_LIB_JOIN_H

#include <stdbool.h>

struct vz_ct;
struct vz_err;

struct vz_command {
	char *const *argv;	/* program and arguments, searched in PATH; or NULL: */
	const char *script;	/* text for `bash -c`; NULL: the shell reads its input */
	bool login;		/* the shell is a login shell */
	bool pty;		/* on a terminal */
	const char *term;	/* TERM, with pty */
};

/**
 * vz_join() - run a command in a running container and wait for it
 * @status: its exit status, 128 + signal number if it was killed
 *
 * Signals that end a program are passed on meanwhile. Works at the numproc limit.
 *
 * Return: 0: it was executed; -1 with @e set (VZ_EXIT_NOT_RUNNING, VZ_EXIT_COMMAND).
 */
int vz_join(const struct vz_ct *ct, const struct vz_command *c, int *status, struct vz_err *e);

/**
 * vz_join_hostname() - set the host name of a running container
 */
int vz_join_hostname(const struct vz_ct *ct, const char *name, struct vz_err *e);

#endif
