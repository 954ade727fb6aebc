/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Busy tasks in a container, for tests of fairsched.ko: whether each of them gets on, and
 * within reach of signals and the freezer.
 */
#ifndef SELFTESTS_LIB_BC_HOGS_H
#define SELFTESTS_LIB_BC_HOGS_H

#include "bc_box.h"

/* box->shm: steps of each task, and how often a handler ran. */
#define STEPS	10
#define HANDLED 9

/* The function of a box: as many as box->arg says, the first one included; SIGUSR1 is handled. */
int bc_hogs(struct bc_box *box);

/**
 * bc_start_with() - start a box with box->arg, and wait until it said so
 *
 * Return: 0 or a negative errno.
 */
int bc_start_with(struct bc_box *box, bc_box_fn fn, long arg);

/**
 * bc_wait_steps() - until each of so many tasks, at most 32, has made a step
 *
 * Return: 0 or -ETIMEDOUT, who stands still on stderr.
 */
int bc_wait_steps(struct bc_box *box, long n);

#endif
