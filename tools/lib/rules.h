/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must hold between the limits of one configuration: the rules of
 * vzcfgvalidate. Pure: no file is read, nothing is printed.
 */
#ifndef VZ_LIB_RULES_H
#define VZ_LIB_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

struct vz_limitset;

enum vz_severity {
	VZ_RULE_ERROR,		/* programs in the container will fail or hang */
	VZ_RULE_WARNING,	/* they will, under load */
	VZ_RULE_ADVICE,		/* Recommendation: does not count as a failure */
};

/* A rule that does not hold. */
struct vz_finding {
	enum vz_severity severity;
	int row;		/* enum vz_slot of the setting that is to change */
	bool has_fix;		/* there is a value that makes the rule hold */
	struct vz_limit fix;
	char text[200];		/* one sentence, severity in front */
};

/*
 * Called for each finding, in a fixed order.
 * Return: true to have the fix put into the set before the next rule is looked at.
 */
typedef bool vz_found_fn(const struct vz_finding *f, void *arg);

/**
 * vz_rules_classic() - a configuration of barriers and limits
 * @disk_quota: look at DISKSPACE and DISKINODES, too
 *
 * Return: number of errors and warnings that were not fixed.
 */
int vz_rules_classic(struct vz_limitset *s, bool disk_quota, vz_found_fn *found, void *arg);

/**
 * vz_rules_vswap() - a configuration of RAM and swap
 * @ram, @swap: of the host, in pages
 */
int vz_rules_vswap(struct vz_limitset *s, uint64_t ram, uint64_t swap, vz_found_fn *found,
		   void *arg);

const char *vz_severity_name(enum vz_severity severity);

#endif
