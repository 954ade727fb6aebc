// SPDX-License-Identifier: GPL-2.0
/*
 * Hard caps: a token bucket for each party. Tokens come in at the rate of the cap and
 * each ns of processor time, on whatever processor, takes one. At 0 the bucket closes;
 * it opens again when it holds FSCHED_REOPEN_NS at the rate. What was used while
 * closed (a system call is never interrupted) is paid back first, so the average is the
 * cap whatever the overrun, unless that is more than FSCHED_DEBT_NS pay for.
 */
#include "fsched.h"

#define FSCHED_BURST_NS		20000000ULL	/* depth: what may be saved up while idle */
#define FSCHED_REOPEN_NS	4000000ULL
#define FSCHED_DEBT_NS		5000000000ULL	/* longest pause after an overrun */

static u64 cap_earns(const struct fsched_cap *cap, u64 ns)
{
	return ns * cap->rate / FSCHED_RATE_ONE;
}

/**
 * fsched_cap_set() - begin with another rate
 * @cap: the bucket; as full afterwards as one that has just opened
 * @rate: 1/100 % of one processor, at most FSCHED_RATE_MAX; 0: no cap
 * @now: time
 */
void fsched_cap_set(struct fsched_cap *cap, u32 rate, u64 now)
{
	cap->rate = rate;
	cap->closed = false;
	cap->tokens = cap_earns(cap, FSCHED_REOPEN_NS);
	cap->rest = 0;
	cap->stamp = now;
}

/**
 * fsched_cap_refill() - what came in until now
 * @cap: the bucket
 * @now: time
 */
void fsched_cap_refill(struct fsched_cap *cap, u64 now)
{
	s64 full = cap_earns(cap, FSCHED_BURST_NS);
	u64 passed, parts;

	if (!cap->rate || !fsched_before(cap->stamp, now))
		return;
	passed = now - cap->stamp;
	if (passed > FSCHED_DEBT_NS + FSCHED_BURST_NS)
		passed = FSCHED_DEBT_NS + FSCHED_BURST_NS;
	cap->stamp = now;
	parts = passed * cap->rate + cap->rest;
	cap->tokens += parts / FSCHED_RATE_ONE;
	cap->rest = parts % FSCHED_RATE_ONE;
	if (cap->tokens > full)
		cap->tokens = full;
	if (cap->tokens >= (s64)cap_earns(cap, FSCHED_REOPEN_NS))
		cap->closed = false;
}

/**
 * fsched_cap_use() - processor time was used
 * @cap: the bucket
 * @now: time
 * @ns: how much
 */
void fsched_cap_use(struct fsched_cap *cap, u64 now, u64 ns)
{
	s64 floor = -(s64)cap_earns(cap, FSCHED_DEBT_NS);

	if (!cap->rate)
		return;
	fsched_cap_refill(cap, now);
	cap->tokens = ns < (u64)(cap->tokens - floor) ? cap->tokens - (s64)ns : floor;
	if (cap->tokens <= 0)
		cap->closed = true;
}

/**
 * fsched_cap_opens() - when a closed bucket opens, if nothing more is used
 * @cap: the bucket, closed
 * Return: a time at which fsched_cap_refill() opens it.
 */
u64 fsched_cap_opens(const struct fsched_cap *cap)
{
	u64 missing = cap_earns(cap, FSCHED_REOPEN_NS) - cap->tokens;

	return cap->stamp + (missing * FSCHED_RATE_ONE - cap->rest + cap->rate - 1) / cap->rate;
}

/**
 * fsched_cap_lasts() - for how long an open bucket lasts
 * @cap: the bucket
 * @running: processors that use it, at least 1
 * Return: ns until it is empty; FSCHED_NEVER if as much comes in.
 */
u64 fsched_cap_lasts(const struct fsched_cap *cap, u32 running)
{
	u64 out = (u64)running * FSCHED_RATE_ONE;

	if (!cap->rate || out <= cap->rate)
		return FSCHED_NEVER;
	if (cap->tokens <= 0)
		return 0;
	return (u64)cap->tokens * FSCHED_RATE_ONE / (out - cap->rate);
}
