/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The settings of a container: option, configuration key, parser, help.
 *
 * All of them come from params.def and bc_resources.h. Options of vzctl, keys of
 * CTID.conf, help, completion and the tables of the manual derive from this table.
 */
#ifndef VZ_LIB_PARAM_H
#define VZ_LIB_PARAM_H

#include <popt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <beanpod/beancounter.h>

#include "limit.h"

struct vz_conf;
struct vz_err;

/* Bits of vz_param::flags */
enum vz_param_flags {
	VZ_PARAM_CREATE	= 1,	/* option of `vzctl create` */
	VZ_PARAM_SET	= 2,	/* option of `vzctl set` */
	VZ_PARAM_LIVE	= 4,	/* can be applied to a running container */
	VZ_PARAM_NOSAVE	= 8,	/* never stored in CTID.conf */
	VZ_PARAM_NEEDSAVE = 16,	/* acts through the file only: `set` asks for --save */
	VZ_PARAM_HOST	= 32,	/* may stand in vz.conf as a default */
};

enum vz_param_type {
	VZ_TYPE_STRING,		/* one line of text */
	VZ_TYPE_NAME,		/* name of a template or sample: no slash */
	VZ_TYPE_CTNAME,		/* name of a container, or nothing: no slash */
	VZ_TYPE_HOSTNAME,
	VZ_TYPE_PATH,		/* absolute path, may hold $VEID */
	VZ_TYPE_YESNO,		/* yes|no (on|off, true|false, 1|0 are understood) */
	VZ_TYPE_NUMBER,		/* min to max */
	VZ_TYPE_FACTOR,		/* 0 to VZ_FACTOR_MAX, three digits behind the point */
	VZ_TYPE_WORD,		/* one of vz_param::arg, separated by | */
	VZ_TYPE_UBC,		/* barrier:limit of a resource */
	VZ_TYPE_RAM,		/* bytes; stored under the key of a resource in pages, as 0:N */
	VZ_TYPE_CAPS,		/* NAME:on|off lists, see rights.h; they add up */
	VZ_TYPE_FEATURES,
	VZ_TYPE_DISKSPACE,	/* soft:hard in KB */
	VZ_TYPE_DISKINODES,	/* soft:hard in items */
	VZ_TYPE_ITEMS,		/* a number, or the pair of limits that old files hold */
	VZ_TYPE_POLICY,		/* resource:policy[,...] */
	VZ_TYPE_IDS,		/* list of numbers from 0 to max, or a word of vz_param::arg */
	VZ_TYPE_PERCENT,	/* two decimals at most, min to max in 1/100 % */
};

/* Largest value of VZ_TYPE_FACTOR. */
#define VZ_FACTOR_MAX	1000

struct vz_param {
	const char *key;	/* in CTID.conf */
	const char *option;	/* long option without dashes, NULL: file only */
	enum vz_param_type type;
	unsigned int flags;	/* enum vz_param_flags */
	int resource;		/* row of bc_resources.h, -1: no beancounter */
	enum bc_unit unit;	/* of the resource */
	uint64_t min, max;	/* of VZ_TYPE_NUMBER, _PERCENT and _IDS */
	const char *arg;	/* shown in help for the value */
	const char *help;	/* one line */
};

/**
 * vz_params() - the whole table
 * @n: number of entries, may be NULL
 *
 * Beancounters come first, in the order of their rows.
 */
const struct vz_param *vz_params(size_t *n);

/* By key or its alias, by long option, by row. NULL if there is none. */
const struct vz_param *vz_param_by_key(const char *key);
const struct vz_param *vz_param_by_option(const char *option);
const struct vz_param *vz_param_by_resource(int resource);

/**
 * vz_param_canon() - check a value and give the text to store
 *
 * Return: text to be freed; NULL with @e set (VZ_EXIT_BAD_VALUE, or the special
 * code of the setting, VZ_EXIT_BAD_HOSTNAME for instance), naming option, value
 * and the allowed range.
 */
char *vz_param_canon(const struct vz_param *p, const char *value, struct vz_err *e);

/**
 * vz_param_limit() - barrier and limit of a setting in a configuration
 * @p: of type UBC, DISKSPACE, DISKINODES or ITEMS
 *
 * Looks under the key, then under its alias.
 *
 * Return: 1 if it is set, 0 if not, -1 with @e set if its text is wrong.
 */
int vz_param_limit(const struct vz_param *p, const struct vz_conf *c, struct vz_limit *out,
		   struct vz_err *e);

/* Reads yes|no and its synonyms. Return: 1, 0, or -1 for anything else. */
int vz_param_yesno(const char *value);

/*
 * Command line. Options of the table return VZ_PARAM_POPT + index from
 * poptGetNextOpt(); a verb that has options of its own uses values below that
 * and includes the table with POPT_ARG_INCLUDE_TABLE:
 *
 *	struct poptOption *params = vz_param_popt(VZ_PARAM_SET);
 *	while ((rc = poptGetNextOpt(pc)) > 0) {
 *		if (vz_param_is_popt(rc)) {
 *			char *arg = poptGetOptArg(pc);
 *			if (vz_param_take(rc, arg, overlay, e) < 0) ...
 *			free(arg);
 */
#define VZ_PARAM_POPT	0x10000

/**
 * vz_param_popt() - popt table of the options that have one of @flags
 *
 * Return: a static table; the same one for the same @flags.
 */
struct poptOption *vz_param_popt(unsigned int flags);

bool vz_param_is_popt(int rc);

/**
 * vz_param_take() - check an option's value and put it into the overlay
 *
 * Return: 0; -1 with @e set as in vz_param_canon().
 */
int vz_param_take(int rc, const char *arg, struct vz_conf *overlay, struct vz_err *e);

/**
 * vz_param_add_up() - complete lists of a command line by those that are configured
 *
 * What @overlay does not name keeps its value in @base.
 *
 * Return: 0; -1 with @e set.
 */
int vz_param_add_up(struct vz_conf *overlay, const struct vz_conf *base, struct vz_err *e);

/*
 * Prints one line for each setting, fields separated by tabs: option, key, arg,
 * unit, verbs, live, help. For scripts that make completion and manual.
 */
void vz_param_dump(FILE *f);

#endif
