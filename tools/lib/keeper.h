/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keeper: parent of a container's init. It reads how init ended (only there a
 * reboot differs from a halt), keeps the console from blocking writers, logs it,
 * and clears up. If it is killed the container goes on; then a reboot ends it, and
 * `vzctl stop` clears up.
 */
#ifndef VZ_LIB_KEEPER_H
#define VZ_LIB_KEEPER_H

#include <stdint.h>

#include "launch.h"

/**
 * vz_start() - start a container
 * @ct: locked by the caller; the keeper shares the lock until init runs
 * @status: exit status of init, with o->foreground only
 *
 * Return: 0: init was executed; -1 with @e set, and nothing is left behind.
 */
int vz_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e);

/**
 * vz_keeper_wait() - wait until the keeper of a stopped container has cleared up
 *
 * Return: 0: no keeper is left; -1: it is still there after @timeout_ms.
 */
int vz_keeper_wait(uint32_t id, int timeout_ms);

#endif
