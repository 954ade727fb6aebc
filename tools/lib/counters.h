/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of all containers: one reader for whatever the kernel offers. Over
 * netlink if that may be used, else from the files under /proc.
 *
 * Rows that this library's list of resources does not have, columns behind those
 * that it knows and attributes of a newer module are taken as they come: a tool
 * shows a row of tomorrow by the name the kernel gives it.
 */
#ifndef VZ_LIB_COUNTERS_H
#define VZ_LIB_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include <beanpod/beancounter.h>

struct vz_err;

/* The five numbers of a row, in the order of the files. */
enum vz_number { VZ_HELD, VZ_MAXHELD, VZ_BARRIER, VZ_LIMIT, VZ_FAILCNT, VZ_NUMBERS };

/* "held" and so on. */
extern const char *const vz_number_names[VZ_NUMBERS];

#define VZ_ROW_NAME	32		/* room for the name of a resource */
#define VZ_NO_RESOURCE	UINT32_MAX	/* a name that bc_resources.h does not have */
#define VZ_UNKNOWN	(-1)		/* a state or life that the source does not tell */

struct vz_row {
	uint32_t resource;		/* number of bc_resources.h, or VZ_NO_RESOURCE */
	int state;			/* enum bc_state, or VZ_UNKNOWN */
	int unit;			/* enum bc_unit */
	char name[VZ_ROW_NAME];
	uint64_t n[VZ_NUMBERS];
};

/* One beancounter. */
struct vz_counters {
	uint32_t id;
	int life;			/* enum bc_life, or VZ_UNKNOWN */
	struct vz_row *rows;		/* in the order of the kernel */
	size_t count;
};

/* All of them, ascending by id, each id once. All zeros is an empty one. */
struct vz_counters_set {
	struct vz_counters *list;
	size_t count, room;
};

/**
 * vz_counters_read() - what the kernel counts now
 * @set: receives the containers; the host is not among them
 *
 * Inside a container it is the container's own row.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_NO_MODULE, VZ_EXIT_PERMISSION, VZ_EXIT_SYSTEM).
 */
int vz_counters_read(struct vz_counters_set *set, struct vz_err *e);

/**
 * vz_counters_read_file() - the same from a file of the form of /proc/bc/resources
 * @path: "-" is stdin
 *
 * The host, id 0, is taken along. A file of another version than 2.5 is an error.
 */
int vz_counters_read_file(const char *path, struct vz_counters_set *set, struct vz_err *e);

void vz_counters_free(struct vz_counters_set *set);

/* NULL: there is none. */
const struct vz_counters *vz_counters_find(const struct vz_counters_set *set, uint32_t id);
const struct vz_row *vz_counters_row(const struct vz_counters *c, const char *name);

/* What a row is worth, in the words of resources.ext; "unknown". */
const char *vz_state_word(int state);

/* ---- text: pure; lines that are not understood are left out, never guessed ------- */

/**
 * vz_counters_parse() - /proc/bc/resources or /proc/user_beancounters
 *
 * Place holders ("dummy") are left out.
 *
 * Return: 0; -1 for no memory.
 */
int vz_counters_parse(const char *text, struct vz_counters_set *set);

/* /proc/bc/ID/resources.ext: its states, for the same rows of every beancounter in @set. */
int vz_counters_parse_states(const char *text, struct vz_counters_set *set);

#endif
