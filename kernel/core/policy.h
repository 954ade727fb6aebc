/* SPDX-License-Identifier: GPL-2.0 */
/* Which policy decides a row, and the list of those that there are. */
#ifndef BC_CORE_POLICY_H
#define BC_CORE_POLICY_H

#include <beanpod/policy.h>

#include "bc.h"

/**
 * struct bc_policy_line - a policy, for lists
 * @name: as in files and options
 * @users: rows that it is chosen for; -1 for classic, which is what all others have
 * @module: that registered it
 */
struct bc_policy_line {
	char	name[BC_POLICY_NAME];
	long	users;
	char	module[MODULE_NAME_LEN];
};

int bc_policy_init(void);
void bc_policy_exit(void);
int bc_policy_choose(struct bc *bc, enum bc_resource row, const char *name);
void bc_policy_forget(struct bc *bc);
void bc_policy_set_bounds(struct bc *bc, const struct bc_limit *limits, unsigned int count);
void bc_policy_name(struct bc *bc, const struct bc_row *row, char name[BC_POLICY_NAME]);
struct bc_policy_line *bc_policy_list(unsigned int *count);
bool bc_policy_charge(struct bc *bc, enum bc_resource row, unsigned long n,
		      enum bc_severity severity, unsigned long *held);

/* ---- core/policies.c ---- */

extern const struct bc_policy_ops *const bc_builtin_policies[];
extern const unsigned int bc_nr_builtin_policies;

#endif
