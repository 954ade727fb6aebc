/* SPDX-License-Identifier: GPL-2.0 */
/* Facts of the host that the tools that compute start from. */
#ifndef VZ_LIB_HOST_H
#define VZ_LIB_HOST_H

#include <stdbool.h>
#include <stdint.h>

struct vz_counters;
struct vz_err;
struct vz_mem;

/* Size of RAM and swap. Return: 0; -1 with @e set (VZ_EXIT_SYSTEM). */
int vz_host_memory(struct vz_mem *mem, struct vz_err *e);

/* kernel.threads-max. Return: 0; -1 with @e set (VZ_EXIT_SYSTEM). */
int vz_host_threads(uint64_t *threads, struct vz_err *e);

/*
 * Does the container run whose counters these are? By what the kernel said with
 * them, or by /proc/vz/veinfo if they are of a file that does not tell.
 */
bool vz_host_runs(const struct vz_counters *c);

#endif
