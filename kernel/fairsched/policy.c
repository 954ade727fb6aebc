// SPDX-License-Identifier: GPL-2.0
/*
 * The policies that come with the scheduler. What all have in common (caps, cpus,
 * weights that cannot be used, sleepers) is in pool.c; a policy says who is next
 * and how far ahead one may be.
 */
#include <linux/math64.h>

#include "fsched.h"

static unsigned int policy_one_queue(const struct fsched_party *party)
{
	return 0;
}

/**
 * fsched_fair_cost() - age by weight
 * @pool: the pool
 * @party: a party that has run
 * @ns: how long
 * Return: how much older that makes it under policy fair.
 */
u64 fsched_fair_cost(struct fsched_pool *pool, const struct fsched_party *party, u64 ns)
{
	return mul_u64_u32_shr(ns, party->inverse, 24);
}

static u64 fair_lead(const struct fsched_pool *pool, const struct fsched_queue *queue)
{
	return fsched_fair_lead(pool, queue, pool->lag_ns);
}

/* Exact shares: who runs gets older by what it used, over its weight. */
const struct fsched_policy fsched_fair = {
	.name = "fair",
	.queue = policy_one_queue,
	.cost = fsched_fair_cost,
	.lead = fair_lead,
};

/*
 * -ln(u), u uniform in (0, 1], in units of 2^-16. The logarithm between powers of
 * two is a parabola, wrong by at most 0.8 %, for all parties alike.
 */
static u32 lottery_exponential(struct fsched_pool *pool)
{
	u64 x = pool->random;
	u32 draw, log, rest;
	u32 bits = 31;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	pool->random = x;
	draw = (u32)(x >> 32) | 1;
	while (!(draw >> bits))
		bits--;
	rest = (u32)(((u64)draw << (32 - bits) & 0xffffffff) >> 16);
	log = (bits << 16) + rest + (u32)(((u64)rest * (65536 - rest) >> 16) * 22529 >> 16);
	return (u32)((u64)((32 << 16) - log) * 45426 >> 16);
}

/*
 * Each party is drawn at random times, on average weight times as often: the gaps of
 * such draws are exponential, and who did not win keeps its chance. So the next
 * winner is the one with the earliest draw, which a heap finds; going through all
 * tickets would take time in proportion to the parties.
 */
static u64 lottery_cost(struct fsched_pool *pool, const struct fsched_party *party, u64 ns)
{
	return mul_u64_u32_shr(fsched_fair_cost(pool, party, ns), lottery_exponential(pool), 16);
}

static u64 lottery_lead(const struct fsched_pool *pool, const struct fsched_queue *queue)
{
	return 0;
}

/* Shares that hold on average only. */
const struct fsched_policy fsched_lottery = {
	.name = "lottery",
	.queue = policy_one_queue,
	.cost = lottery_cost,
	.lead = lottery_lead,
};

static unsigned int strict_queue(const struct fsched_party *party)
{
	return party->class;
}

/* A class runs when those before it leave something; inside, exact shares. */
const struct fsched_policy fsched_strict = {
	.name = "strict",
	.queue = strict_queue,
	.cost = fsched_fair_cost,
	.lead = fair_lead,
};
