/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vzubc: beancounters for people. One table, a full-screen view, sentences about
 * refusals, and refusals as they happen; from lib/counters, lib/refusal and lib/nl.
 */
#ifndef VZUBC_VZUBC_H
#define VZUBC_VZUBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/counters.h"
#include "lib/err.h"
#include "lib/refusal.h"

struct options {
	bool quiet;		/* only rows that matter */
	bool verbose;		/* unlimited rows, too */
	bool relative;		/* refusals since the last run */
	bool incremental;	/* change of held since the last run */
	bool color;
	bool differences;	/* live: mark what changed */
	bool no_title;		/* live */
	bool json;
	double near_held;	/* share of the barrier from which a row matters */
	double near_maxheld;
	double interval;	/* live: seconds */
	const char *file;	/* NULL: the kernel */
	const char *store;	/* directory of what the last run saw */
	long count;		/* follow: refusals after which it ends; 0: never */
	uint32_t *ids;
	size_t n_ids;		/* 0: all containers */
};

/* ---- read.c ---------------------------------------------------------------------- */

/* Was it named, or are all? */
bool wanted(const struct options *o, uint32_t id);

/* Reads what -f says, and leaves out what is not wanted. */
int read_counters(const struct options *o, struct vz_counters_set *set, struct vz_err *e);

/* ---- number.c: numbers for people; pure ----------------------------------------- */

#define NUMBER_TEXT	16

/* At most five characters: 1.43M, 240; pages as bytes; 0 and unlimited are "-". */
void human(int unit, uint64_t value, char buf[NUMBER_TEXT]);

/* The same with 0 as "0" and a word for unlimited, in sentences and in the live view. */
void amount(int unit, uint64_t value, char buf[NUMBER_TEXT]);

/* value / bound in percent: "10%", "0.8%", "-" for nothing or without a bound. */
void percent(uint64_t value, uint64_t bound, char buf[NUMBER_TEXT]);

bool is_unlimited(uint64_t value);

/* What a charge stops at first, BC_UNLIMITED if nothing does; a barrier of 0 is none. */
uint64_t bound_of(const struct vz_row *row);

/* Is the row left out, unless -v is given? An enforced one never is. */
bool is_idle(const struct vz_row *row);

enum matter { CALM, NEAR, OVER };

/* How near to its bound a row is, and whether @fails more requests were refused. */
enum matter matter_of(const struct options *o, const struct vz_row *row, uint64_t fails);

/* ---- store.c: what an earlier run saw -------------------------------------------- */

struct before {
	char name[VZ_ROW_NAME];
	uint64_t failcnt, held;
};

struct store {
	int dir;		/* -1: none is needed */
};

/* Makes the directory if need be. It must belong to the caller alone. */
int store_open(struct store *s, const struct options *o, struct vz_err *e);
void store_close(struct store *s);

/* Forgets failcnt, held or both of all containers. */
int store_clear(const struct options *o, bool failcnt, bool held, struct vz_err *e);

/* What is known of a container: an array to be freed, NULL for nothing. */
struct before *store_get(const struct store *s, uint32_t id, size_t *count);
const struct before *store_find(const struct before *list, size_t count, const char *name);

/* Keeps failcnt and held of all rows; of those that are not asked for what was there. */
int store_put(const struct store *s, const struct options *o, const struct vz_counters *c,
	      const struct before *old, size_t n_old, struct vz_err *e);

/* ---- lines.c: what the live view shows; pure ---------------------------------------- */

struct line {
	uint32_t id;
	const struct vz_row *row;
	uint64_t fails;		/* refusals since the view began */
	bool changed;		/* since the last look */
	double use;		/* share of the bound that is held; -1: there is none */
};

struct lines {
	struct line *list;
	size_t count;
	int id_width;
};

enum order { BY_USE, BY_CONTAINER, BY_RESOURCE, BY_FAILS, BY_NEW, N_ORDERS };

extern const char *const order_names[N_ORDERS];

/**
 * lines_collect() - one line for each row of @now that is shown
 * @first: what was counted when the view began
 * @last:  at the last look
 *
 * The lines point into @now. Return: 0; -1 for no memory.
 */
int lines_collect(struct lines *l, const struct options *o, const struct vz_counters_set *now,
		  const struct vz_counters_set *first, const struct vz_counters_set *last);
void lines_sort(struct lines *l, enum order order, bool reverse);

/* Text for a screen of that width, 80 and more; always NUL-terminated. */
void line_title(const struct lines *l, int width, char *buf, size_t size);
void line_text(const struct lines *l, const struct line *line, int width, char *buf, size_t size);

/* ---- one for each way to look ------------------------------------------------------ */

int show_table(const struct options *o, struct vz_err *e);
int show_json(const struct options *o, struct vz_err *e);
int show_live(const struct options *o, struct vz_err *e);
int show_why(const struct options *o, struct vz_err *e);
int show_follow(const struct options *o, struct vz_err *e);

/* A refusal as one JSON object, without a newline. */
void json_refusal(const struct vz_refusal *r);

#endif
