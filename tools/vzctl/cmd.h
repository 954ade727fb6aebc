/* SPDX-License-Identifier: GPL-2.0 */
/* A verb of vzctl: one object at the end of one file. */
#ifndef VZ_VZCTL_CMD_H
#define VZ_VZCTL_CMD_H

#include <popt.h>
#include <stdbool.h>

#include "lib/ct.h"
#include "lib/err.h"

struct vz_cmd_ctx {
	struct vz_ct ct;
	struct vz_conf *overlay;	/* settings of the command line */
	char **args;			/* what follows the id, if the verb takes it as it is */
	int level;			/* of messages, enum vz_log_level */
};

struct vz_cmd {
	const char *name;
	const char *alias;		/* or NULL */
	const char *args;		/* after the id, for the help, or "" */
	const char *help;		/* one line */
	const struct poptOption *options; /* own options, or NULL */
	unsigned int params;		/* settings that are options: enum vz_param_flags */
	bool raw;			/* arguments are no options */
	bool quick;			/* no check of root, no log file: status */

	/*
	 * The configuration is loaded, nothing is locked.
	 * Return: the exit status; -1 with @e set.
	 */
	int (*run)(struct vz_cmd_ctx *ctx, struct vz_err *e);
};

extern const struct vz_cmd vz_cmd_create, vz_cmd_start, vz_cmd_stop, vz_cmd_restart, vz_cmd_destroy,
	vz_cmd_mount, vz_cmd_umount, vz_cmd_set, vz_cmd_status, vz_cmd_exec, vz_cmd_exec2,
	vz_cmd_exec3, vz_cmd_enter;

struct vz_start_opts;

/* What start, stop and restart share; the container exists and is locked. */
int vz_cmd_do_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e);
int vz_cmd_do_stop(struct vz_ct *ct, bool fast, struct vz_err *e);

/* Locks the container, loads its configuration again, and checks that it exists. */
int vz_cmd_lock(struct vz_cmd_ctx *ctx, const char *status, struct vz_err *e);

#endif
