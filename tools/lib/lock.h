/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One vzctl at a time for each container. The truth is an flock(2) on
 * LOCKDIR/CTID.lck, gone with its last holder however that died; the text in the
 * file, "PID\nstatus\n", is for people and for older programs.
 */
#ifndef VZ_LIB_LOCK_H
#define VZ_LIB_LOCK_H

#include <stdint.h>

struct vz_err;

/**
 * vz_lock() - take the lock of a container
 * @dir:    LOCKDIR
 * @status: what is being done: "starting", "stopping", ...
 *
 * A child of fork(2) shares the lock until both have closed the descriptor.
 *
 * Return: descriptor; -1 with @e set (VZ_EXIT_LOCKED: names the holder).
 */
int vz_lock(const char *dir, uint32_t ctid, const char *status, struct vz_err *e);

/* Removes the file and closes the descriptor; -1 is ignored. */
void vz_unlock(const char *dir, uint32_t ctid, int fd);

/**
 * vz_lock_host() - lock something of the whole host, waiting for it
 * @name: file in LOCKDIR
 *
 * Return: descriptor to be closed; -1 with @e set.
 */
int vz_lock_host(const char *dir, const char *name, struct vz_err *e);

#endif
