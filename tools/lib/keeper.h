/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keeper: one process that is the parent of every container's init. It reads how
 * init ended (only there a reboot differs from a halt), keeps consoles from blocking
 * writers, logs them, and has the rest cleared up. If it is killed the containers go on;
 * then a reboot ends one, and `vzctl stop` clears up.
 *
 * One for all, because a process of its own would be a third of what an idle container
 * costs. It waits for consoles and for children, never for anything else: what may take
 * time, each start and each end, happens in a child of its own. It is the same program
 * as vzctl, and its socket is named after that file and after the mount namespace: those
 * who start containers with another vzctl, or from where paths mean other files, have
 * another one. It ends when it has nothing to keep.
 */
#ifndef VZ_LIB_KEEPER_H
#define VZ_LIB_KEEPER_H

#include <stdint.h>

#include "launch.h"

#define VZ_KEEPER_VERB	"keeper"	/* vzctl's, for itself */

/**
 * vz_start() - start a container
 * @ct: locked by the caller; who starts it shares the lock until init runs
 * @status: exit status of init, with o->foreground only
 *
 * Return: 0: init was executed; -1 with @e set, and nothing is left behind.
 */
int vz_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e);

/**
 * vz_keeper_wait() - wait until a stopped container has been cleared up
 *
 * Return: 0: nobody is at it; -1: somebody still is after @timeout_ms.
 */
int vz_keeper_wait(uint32_t id, int timeout_ms);

/* The keeper itself, with what vz_start() left in its descriptors. Its exit status. */
int vz_keeper_main(void);

#endif
