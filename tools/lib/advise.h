/* SPDX-License-Identifier: GPL-2.0 */
/* Which limit would suit a container, by what it has held and was refused. Pure. */
#ifndef VZ_LIB_ADVISE_H
#define VZ_LIB_ADVISE_H

#include <stdbool.h>

#include "limit.h"

struct vz_refusal;
struct vz_row;

struct vz_advice {
	struct vz_limit want;
	char reason[160];	/* one sentence */
};

/**
 * vz_advise() - look at one counter
 * @last:  newest refusal of it that is on record, or NULL
 * @lower: also propose less where a limit is far above all that was ever held
 *
 * Guarantees, memory (physpages, swappages) and rows that this kernel does not
 * enforce are left alone: to what is not counted nothing can be said.
 *
 * failcnt never falls: refusals count only if the limit was not raised since.
 *
 * Return: true if @out holds a proposal; false if the limit can stay.
 */
bool vz_advise(const struct vz_row *row, const struct vz_refusal *last, bool lower,
	       struct vz_advice *out);

#endif
