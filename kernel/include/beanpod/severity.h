/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How hard a charge may be refused, and the classic rule. For the counter engine,
 * which compiles in user space, and for policies.
 */
#ifndef BEANPOD_SEVERITY_H
#define BEANPOD_SEVERITY_H

/**
 * enum bc_severity - which bound stops a charge
 * @BC_HARD: barrier or limit, whichever is lower: the caller can be told "no"
 * @BC_SOFT: the limit only: failure hurts (stack growth, program start)
 * @BC_FORCE: nothing: must not fail, may push held above the limit
 * @BC_SEVERITIES: how many there are
 */
enum bc_severity {
	BC_HARD,
	BC_SOFT,
	BC_FORCE,
	BC_SEVERITIES,
};

unsigned long bc_classic_bound(enum bc_severity severity, unsigned long barrier,
			       unsigned long limit);

#endif
