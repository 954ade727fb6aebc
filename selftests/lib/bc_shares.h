/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What containers get of the processors, compared with each other only: a machine may stand
 * still for as long as it likes.
 */
#ifndef SELFTESTS_LIB_BC_SHARES_H
#define SELFTESTS_LIB_BC_SHARES_H

#include <stdbool.h>

#include "bc_box.h"

#define BC_SHARES_MAX 8 /* boxes */

/**
 * bc_wait_turns() - until so many tasks wait for their turn
 *
 * Return: 0, a negative errno of reading, or -ETIMEDOUT, how many do on stderr.
 */
int bc_wait_turns(unsigned int id, long n);

/**
 * bc_shares() - what each of @n boxes uses until all together have used so much
 *
 * Return: 0, -EIO or -ETIMEDOUT.
 */
int bc_shares(struct bc_box *box, int n, long long ns, long long *share);

/* One of @n shares, in percent of the sum. */
long bc_part(const long long *share, int n, int i);

/**
 * bc_gets() - does box @i of @n get so many percent of what all use
 *
 * Give or take a tenth of all. In a virtual machine whose processors stand still at times,
 * what a task does not use then counts as used, and is paid back later: so more than one
 * look is allowed. How exact shares are, scripts/bench/cpu measures.
 */
bool bc_gets(struct bc_box *box, int n, int i, long want);

#endif
