/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vzlist: the containers of this host, in columns.
 *
 * Containers come from the configuration files and from the kernel; what is
 * known about one is collected in a struct ct, from which columns.c makes cells.
 */
#ifndef VZLIST_VZLIST_H
#define VZLIST_VZLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc_resources.h"
#include "lib/counters.h"
#include "lib/err.h"
#include "lib/table.h"

struct vz_conf;

enum { USAGE, SOFT, HARD, N_DISK };

struct ct {
	uint32_t id;
	bool running, mounted;
	bool has_rows;			/* a beancounter exists */
	bool has_row[BC_ROWS];		/* that row was read, or is configured */
	uint64_t row[BC_ROWS][VZ_NUMBERS];
	char **ips;			/* of a running one, as the kernel knows them */
	size_t n_ips;
	struct vz_conf *conf;		/* NULL: no file */
	char *private, *root;		/* $VEID replaced; NULL: not set anywhere */
	char *layout;			/* of its file or the host's */
	char **conf_ips, **nameservers, **searchdomains;
	size_t n_conf_ips, n_nameservers, n_searchdomains;
	bool has_cpulimit, has_cpuunits;
	uint64_t cpulimit, cpuunits;	/* percent, units */
	bool has_cpus;
	uint64_t cpus;
	bool has_cpuclass;
	uint64_t cpuclass;
	bool has_disk;
	uint64_t disk[2][N_DISK];	/* space in KB, inodes */
	uint64_t started_ns;		/* CLOCK_BOOTTIME, 0: not known */
	uint64_t uptime_ms;
};

/* Sorted by id. */
struct cts {
	struct ct *list;
	size_t count, room;
};

/* Finds a container, adds it if it is new. NULL: no memory. */
struct ct *cts_get(struct cts *set, uint32_t id);
struct ct *cts_find(const struct cts *set, uint32_t id);
void cts_free(struct cts *set);

/* ---- parse.c: the text of /proc. Pure; bad lines are left out, never guessed -- */

/* /proc/vz/veinfo: id, class, processes, addresses. Id 0 is the host: left out. */
int parse_veinfo(const char *text, struct cts *set);

/* /proc/fairsched. Only for containers that are in the set. */
void parse_fairsched(const char *text, struct cts *set);

/* /proc/bc/ID/cpu: the limit. */
void parse_cpu(const char *text, struct ct *ct);

/* A percentage in 1/100 %, rounded, but not to 0, which is no limit. */
uint64_t whole_percent(uint64_t hundredths);

/* /proc/vz/vzquota. Only for containers that are in the set. */
void parse_vzquota(const char *text, struct cts *set);

/* ---- source.c: what is read, and from where ---------------------------------- */

/* Groups of facts; only those that a column needs are read. */
enum needs {
	NEED_UBC = 1,
	NEED_CPU = 2,
	NEED_DISK = 4,
	NEED_UPTIME = 8,
};

/**
 * source_read() - collect all containers
 * @needs: enum needs
 *
 * What is missing is said on stderr and leaves its columns empty.
 *
 * Return: 0; -1 with @e set if not even the configuration can be listed.
 */
int source_read(struct cts *set, unsigned int needs, struct vz_err *e);

/* ---- columns.c ------------------------------------------------------------------ */

struct column {
	struct vz_column c;
	void (*get)(const struct ct *ct, const struct column *col, struct vz_value *v);
	const char *key;	/* in the configuration */
	int which, value;	/* row and number of a beancounter; disk: space or inodes */
	unsigned int needs;
};

const struct column *column_find(const char *name, size_t len);
const struct column *column_at(size_t i);	/* NULL: behind the last */

/* ---- select.c ------------------------------------------------------------------- */

struct filter {
	bool all, stopped;
	const char *hostname, *name, *description;	/* shell patterns, or NULL */
	const char **ids;	/* ids or names, or NULL */
};

/**
 * select_cts() - which containers to show, in which order
 * @sort: column, NULL: by id
 *
 * Return: array of pointers into @set, to be freed; NULL with @e set if an id or
 * name is unknown.
 */
const struct ct **select_cts(const struct cts *set, const struct filter *f,
			     const struct column *sort, bool reverse, size_t *count,
			     struct vz_err *e);

#endif
