/* SPDX-License-Identifier: GPL-2.0 */
/* The record of refused charges: who asked for what, and what stood against it. */
#ifndef BC_CORE_REFUSAL_H
#define BC_CORE_REFUSAL_H

#include <linux/sched.h>
#include <linux/types.h>

#include "bc.h"

/* Refusals kept for each resource: a flood of one cannot wash away the others. */
#define BC_REFUSALS_PER_ROW	8
#define BC_REFUSALS_MAX		(BC_REFUSALS_PER_ROW * BC_ROWS)

/**
 * struct bc_refusal - one refused charge
 * @seq: 1 for the first refusal of the beancounter, and so on
 * @time_ns: CLOCK_BOOTTIME
 * @asked: units asked for
 * @held: units held at that moment
 * @barrier: of the row then
 * @limit: of the row then
 * @row: row number
 * @err: positive errno that the caller saw; 0 if a policy granted it all the same
 * @pid: of the process that asked, as the host sees it
 * @inside: the same as the container's first process sees it; 0: not one of the
 *	container's
 * @comm: its name; whatever bytes the tenant chose
 */
struct bc_refusal {
	u64	seq;
	u64	time_ns;
	u64	asked;
	u64	held;
	u64	barrier;
	u64	limit;
	u16	row;
	u16	err;
	pid_t	pid;
	pid_t	inside;
	char	comm[TASK_COMM_LEN];
};

struct bc_refusals *bc_refusals_alloc(void);
void bc_refusals_free(struct bc_refusals *refusals);
void bc_refusals_clear(struct bc_refusals *refusals);
void bc_refusal_record(struct bc *bc, enum bc_resource row, unsigned long n, unsigned long held,
		       int err);
unsigned int bc_refusals_snapshot(struct bc *bc, struct bc_refusal *out, u64 after);

/**
 * typedef bc_refusal_listener_t - told of new refusals, in process context
 * @bc: the beancounter
 * @refusal: a copy
 */
typedef void (*bc_refusal_listener_t)(const struct bc *bc, const struct bc_refusal *refusal);
void bc_refusal_listen(bc_refusal_listener_t listener);
void bc_refusal_event_fn(struct work_struct *work);
void bc_refusal_flush(void);
int bc_refusal_init(void);
void bc_refusal_exit(void);

#endif
