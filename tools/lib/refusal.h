/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of refusals: who asked for what, and what stood against it. From
 * /proc/bc/ID/failures; netlink brings the same one by one (nl.h).
 */
#ifndef VZ_LIB_REFUSAL_H
#define VZ_LIB_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"

struct vz_err;

struct vz_refusal {
	uint32_t ctid;
	uint64_t seq;			/* 1, 2... of the container; 0: the source does not tell */
	uint64_t time_ns;		/* CLOCK_BOOTTIME */
	char name[VZ_ROW_NAME];		/* of the resource */
	uint64_t asked, held, barrier, limit;
	int error;			/* errno that the program was told, positive */
	uint32_t pid;			/* as the host sees it */
	char comm[32];			/* bytes that the tenant chose: print with vz_printable() */
};

/* The newest is the last. All zeros is an empty list. */
struct vz_refusals {
	struct vz_refusal *list;
	size_t count, room;
};

/**
 * vz_refusals_read() - what the kernel remembers of one container's refusals
 *
 * Return: 0; -1 with @e set (VZ_EXIT_NO_MODULE if the container has no record,
 * VZ_EXIT_PERMISSION).
 */
int vz_refusals_read(uint32_t ctid, struct vz_refusals *r, struct vz_err *e);
void vz_refusals_free(struct vz_refusals *r);

/* The newest refusal of a resource, NULL: of any. NULL if there is none. */
const struct vz_refusal *vz_refusals_last(const struct vz_refusals *r, const char *resource);

/**
 * vz_refusals_parse() - the text of /proc/bc/ID/failures. Pure.
 *
 * Lines that are not understood are left out; further columns are ignored.
 *
 * Return: 0; -1 for no memory.
 */
int vz_refusals_parse(const char *text, uint32_t ctid, struct vz_refusals *r);

/* The name of an errno, "EAGAIN"; "errno 999" in @buf if it has none here. */
const char *vz_errno_name(int error, char *buf, size_t size);

#endif
