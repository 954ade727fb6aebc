// SPDX-License-Identifier: GPL-2.0
#include "advise.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "counters.h"
#include "limitset.h"
#include "refusal.h"

/* A limit is near from this part of it on, far from this multiple of what was held. */
#define NEAR(bound)	((bound) / 5 * 4)
#define FAR		4

/*
 * Nothing is proposed below: one small daemon, the sample "light". Rows that are not
 * here are not judged.
 */
static const struct kind {
	int row;
	uint64_t least;
	bool equal;		/* barrier and limit are the same */
} kinds[] = {
	{ VZ_SLOT_KMEMSIZE, 1740800, false },	{ VZ_SLOT_LOCKEDPAGES, 4, false },
	{ VZ_SLOT_PRIVVMPAGES, 7680, false },	{ VZ_SLOT_SHMPAGES, 1152, true },
	{ VZ_SLOT_NUMPROC, 40, true },		{ VZ_SLOT_NUMTCPSOCK, 40, true },
	{ VZ_SLOT_NUMFLOCK, 50, false },	{ VZ_SLOT_NUMPTY, 4, true },
	{ VZ_SLOT_NUMSIGINFO, 256, true },	{ VZ_SLOT_TCPSNDBUF, 159744, false },
	{ VZ_SLOT_TCPRCVBUF, 159744, false },	{ VZ_SLOT_OTHERSOCKBUF, 135168, false },
	{ VZ_SLOT_DGRAMRCVBUF, 135168, false }, { VZ_SLOT_NUMOTHERSOCK, 40, true },
	{ VZ_SLOT_DCACHESIZE, 196608, false },	{ VZ_SLOT_NUMFILE, 512, true },
	{ VZ_SLOT_NUMIPTENT, 16, true },
};

static const struct kind *kind_of(const struct vz_row *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (row->resource == (uint32_t)kinds[i].row)
			return &kinds[i];
	return NULL;
}

/* Upwards, to two digits that are not zero. */
static uint64_t round_up(uint64_t v)
{
	uint64_t unit = 1;

	while (v / unit >= 100)
		unit *= 10;
	return v % unit ? vz_sat_add(v, unit - v % unit) : v;
}

/* Half as much again as was needed; the limit keeps the distance that it had. */
static void want(struct vz_advice *out, const struct vz_row *row, const struct kind *k,
		 uint64_t needed)
{
	uint64_t barrier = round_up(vz_sat_mul(needed, 3) / 2), gap = barrier / 10;
	const uint64_t *n = row->n;

	if (barrier < k->least)
		barrier = k->least;
	if (n[VZ_LIMIT] != BC_UNLIMITED && n[VZ_LIMIT] > n[VZ_BARRIER] &&
	    n[VZ_LIMIT] - n[VZ_BARRIER] > gap)
		gap = n[VZ_LIMIT] - n[VZ_BARRIER];
	if (barrier >= BC_UNLIMITED / 2)
		barrier = BC_UNLIMITED;
	out->want.barrier = barrier;
	out->want.limit = k->equal ? barrier : vz_sat_add(barrier, gap);
}

__attribute__((format(printf, 2, 3))) static bool because(struct vz_advice *out, const char *fmt,
							  ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->reason, sizeof(out->reason), fmt, ap);
	va_end(ap);
	return true;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Was something refused at today's limit? Without a record: after a proposal was
 * followed, what was held before is two thirds of the limit, so more than that is new.
 */
static bool still_refused(const struct vz_row *row, const struct vz_refusal *last, uint64_t bound)
{
	if (!row->n[VZ_FAILCNT])
		return false;
	if (last)
		return lesser(last->barrier, last->limit) >= bound;
	return row->n[VZ_MAXHELD] >= bound / 10 * 7;
}

static bool after_refusal(const struct vz_row *row, const struct kind *k,
			  const struct vz_refusal *last, uint64_t bound, struct vz_advice *out)
{
	uint64_t held = row->n[VZ_MAXHELD], fails = row->n[VZ_FAILCNT];
	uint64_t needed = held > bound ? held : bound;

	/* One that asks for many times the limit is not to be had by raising it. */
	if (last && last->asked / FAR < bound && vz_sat_add(last->held, last->asked) > needed)
		needed = vz_sat_add(last->held, last->asked);
	want(out, row, k, needed);
	if (last && last->asked > 1)
		return because(out,
			       "%" PRIu64 " refused at %" PRIu64 ", the last asked for %" PRIu64,
			       fails, bound, last->asked);
	return because(out, "%" PRIu64 " refused at %" PRIu64, fails, bound);
}

bool vz_advise(const struct vz_row *row, const struct vz_refusal *last, bool lower,
	       struct vz_advice *out)
{
	uint64_t held = row->n[VZ_MAXHELD], bound = lesser(row->n[VZ_BARRIER], row->n[VZ_LIMIT]);
	const struct kind *k = kind_of(row);

	if (!k || (row->state != BC_STATE_ENFORCED && row->state != VZ_UNKNOWN))
		return false;
	if (bound == BC_UNLIMITED) {
		want(out, row, k, held);
		return because(out, "nothing bounds it; at most %" PRIu64 " were held", held);
	}
	if (still_refused(row, last, bound))
		return after_refusal(row, k, last, bound, out);
	if (held >= NEAR(bound)) {
		want(out, row, k, held);
		/* A bound of next to nothing, all of which is in use, may be meant so. */
		return out->want.barrier > bound &&
		       because(out, "%" PRIu64 " of %" PRIu64 " were held", held, bound);
	}
	if (!lower || bound / FAR < held)
		return false;
	want(out, row, k, held);
	return out->want.barrier < bound &&
	       because(out, "never more than %" PRIu64 " of %" PRIu64 " were held", held, bound);
}
