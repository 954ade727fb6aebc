/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A container that is kept: from its start to the end of its init, by whoever is init's
 * parent. That is the keeper (keeper.h), or vzctl itself in the foreground.
 */
#ifndef VZ_LIB_KEPT_H
#define VZ_LIB_KEPT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "console.h"
#include "launch.h"

struct vz_ct;
struct vz_err;

struct vz_kept {
	uint32_t id;
	pid_t pid;		/* of init */
	int lock;		/* /run/beanpod/CTID/keeper: locked while somebody has this */
	int64_t started;	/* ms of CLOCK_MONOTONIC */
	struct vz_rights rights;
	struct vz_console console;
	bool paused;		/* the keeper's: it leaves the console alone */
};

/**
 * vz_kept_begin() - start and record a container
 * @keeper: the process that its state is to name
 * @pidfd:  receives one of init; may be NULL
 *
 * init is a child of the caller.
 *
 * Return: 0; -1 with @e set, and what was made is gone again.
 */
int vz_kept_begin(struct vz_kept *k, struct vz_ct *ct, const struct vz_start_opts *o, pid_t keeper,
		  int *pidfd, struct vz_err *e);

/**
 * vz_kept_end() - clear up after init
 * @si:    how it ended, as waitid(2) says
 * @again: start the container again if it asked for that
 *
 * May take as long as its tasks take to die, or the pause between two reboots. After a
 * reboot the caller becomes `vzctl start`, and this does not return.
 *
 * Return: the exit status of init, 128 + signal if it was killed.
 */
int vz_kept_end(struct vz_kept *k, const siginfo_t *si, bool again);

/* Takes back a start of which nobody would hear. */
void vz_kept_undo(struct vz_kept *k);

#endif
