/* SPDX-License-Identifier: GPL-2.0 */
/* Other programs, run without a shell and with an environment made from nothing. */
#ifndef VZ_LIB_CHILD_H
#define VZ_LIB_CHILD_H

#include <sys/types.h>

struct vz_err;

struct vz_child {
	pid_t pid;
	int in;		/* write end of its standard input, or -1 */
	int out;	/* read end of its output and errors, or -1 */
};

enum vz_child_flags {
	VZ_CHILD_IN = 1,	/* give it a pipe to read */
	VZ_CHILD_OUT = 2,	/* read what it prints, errors too */
	VZ_CHILD_STDOUT = 4,	/* read what it prints, without errors */
	VZ_CHILD_MOUNTS = 8,	/* a mount namespace of its own, gone with it */
};

/**
 * vz_child_start() - run a program
 * @argv:  argv[0] is looked up in a fixed PATH; NULL at the end
 * @flags: enum vz_child_flags; standard input is /dev/null without VZ_CHILD_IN
 *
 * The child gets SIGTERM if its parent dies.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SYSTEM), also if there is no such program.
 */
int vz_child_start(struct vz_child *c, const char *const *argv, unsigned int flags,
		   struct vz_err *e);

/* Closes the pipes and waits. Return: exit status, 128 + signal if killed. */
int vz_child_wait(struct vz_child *c);

/* Runs to the end and returns all it printed, to be freed; NULL if it failed. */
char *vz_child_output(const char *const *argv, struct vz_err *e);

/* Set by a program's signal handler: ends waiting, and children with it. */
extern volatile int vz_interrupted;

#endif
