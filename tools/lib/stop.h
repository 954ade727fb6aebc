/* SPDX-License-Identifier: GPL-2.0 */
/* Stopping a container: first a word to its init, then SIGKILL to all of it. */
#ifndef VZ_LIB_STOP_H
#define VZ_LIB_STOP_H

#include <stdbool.h>

struct vz_ct;
struct vz_err;
struct vz_run;

#define VZ_STOP_TIMEOUT	120	/* seconds, default of STOP_TIMEOUT */

/**
 * vz_stop() - stop a running container
 * @ct:   locked
 * @fast: do not ask, kill
 *
 * Asks by the signal that this kind of init understands as "power off" (STOP_SIGNAL
 * overrides it) and waits STOP_TIMEOUT. An init that neither handles nor waits for
 * that signal is not waited for. Whatever the tenant does, it ends within the timeout.
 *
 * Return: 0: nothing of it lives; -1 with @e set (VZ_EXIT_NOT_RUNNING, VZ_EXIT_STOP).
 */
int vz_stop(struct vz_ct *ct, bool fast, struct vz_err *e);

/* Ends a keeper that waits to start its container again; 0 also if there is none. */
int vz_stop_reboot(const struct vz_run *run, struct vz_err *e);

/**
 * vz_stop_needed() - does anything of the container live, recorded or not?
 *
 * Return: 0: nothing does, its files may be touched; -1 with @e set (VZ_EXIT_RUNNING).
 */
int vz_stop_needed(const struct vz_ct *ct, struct vz_err *e);

#endif
