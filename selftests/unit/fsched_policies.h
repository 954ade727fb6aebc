/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of policies: those that are shipped, another one that comes while threads run, and
 * one whose answers make no sense. A part of test_fsched.c.
 */
#ifndef UNIT_FSCHED_POLICIES_H
#define UNIT_FSCHED_POLICIES_H

static void test_strict(void)
{
	start(&fsched_strict, 1, 0);
	party[0].class = 1;
	party[1].class = 2;
	party[2].class = 77; /* nonsense is the last class */
	for (u32 i = 0; i < 3; i++)
		fsched_party_init(&pool, &party[i]);
	CHECK(party[2].queue == FSCHED_QUEUES - 1);
	wake(2, 1);
	CHECK(fsched_pick(&pool, now) == &party[2]);
	wake(1, 1);
	CHECK(fsched_preempts(&pool, &party[1], &party[2]));
	CHECK(fsched_check(&pool, &party[2], 0, now) == FSCHED_SHARE);
	fsched_stop(&pool, &party[2], true, now);
	CHECK(fsched_pick(&pool, now) == &party[1]);
	party[1].age += 1000 * SECOND;
	CHECK(!fsched_preempts(&pool, &party[2], &party[1]));
	CHECK(fsched_check(&pool, &party[1], 0, now) == FSCHED_RUN);
	wake(0, 1);
	CHECK(fsched_check(&pool, &party[1], 0, now) == FSCHED_SHARE);
}

static void test_lottery(void)
{
	u64 sum = 0, low = 0;

	start(&fsched_lottery, 1, 3);
	for (int i = 0; i < 200000; i++) {
		u64 cost = fsched_lottery.cost(&pool, &party[0], 1000000);

		sum += cost;
		low += cost < 693147; /* the median of the exponential distribution */
	}
	CHECK(within(sum, 200000 * 1e6, 1) && within(low, 100000, 1));
	fsched_set_weight(&pool, &party[1], 2000);
	fsched_set_weight(&pool, &party[2], 4000);
	for (u32 i = 0; i < 3; i++)
		wake(i, 2);
	run_one(200 * SECOND);
	for (u32 i = 0; i < 3; i++)
		CHECK(within(party[i].used, 200e9 * (1 << i) / 7, 4));
}

static void set_policy(const struct fsched_policy *policy, u32 parties)
{
	fsched_set_policy(&pool, policy);
	for (u32 i = 0; i < parties; i++)
		fsched_adopt(&pool, &party[i], now);
}

static void test_policy_changes(void)
{
	start(&fsched_lottery, 1, 2);
	party[0].class = 1;
	wake(0, 1);
	wake(1, 1);
	party[0].age = pool.queue[0].time + SECOND;
	set_policy(&fsched_fair, 2);
	CHECK(party[0].age == pool.queue[0].time && pool.queue[0].weight == 2000);
	CHECK(fsched_pick(&pool, now) == &party[0]);
	set_policy(&fsched_strict, 2);
	CHECK(pool.queue[0].weight == 1000 && pool.queue[1].weight == 1000);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_SHARE);
	/* the time of another queue is another one */
	pool.queue[0].time += SECOND;
	set_policy(&fsched_fair, 2);
	CHECK(party[0].age == pool.queue[0].time);
}

static bool gone_asked;

static u64 gone_cost(struct fsched_pool *of, const struct fsched_party *p, u64 ns)
{
	gone_asked = true;
	return ns;
}

static u64 gone_lead(const struct fsched_pool *of, const struct fsched_queue *queue)
{
	gone_asked = true;
	return 0;
}

/* Between one party and the next everything goes on, by the new policy only. */
static void test_policy_comes_by_and_by(void)
{
	static const struct fsched_policy gone = {
		.name = "gone",
		.queue = policy_one_queue,
		.cost = gone_cost,
		.lead = gone_lead,
	};

	start(&gone, 1, 3);
	party[0].class = 3;
	fsched_set_policy(&pool, &fsched_strict);
	for (u32 i = 0; i < 3; i++)
		wake(i, 1);
	CHECK(!pool.queue[3].weight && pool.queue[0].weight == 3000);
	run_one(SECOND);
	CHECK(within(party[0].used, SECOND / 3, 3) && within(party[1].used, SECOND / 3, 3));
	fsched_adopt(&pool, &party[0], now);
	CHECK(pool.queue[3].weight == 1000 && pool.queue[0].weight == 2000);
	party[0].used = 0;
	run_one(SECOND);
	CHECK(!party[0].used);
	fsched_adopt(&pool, &party[1], now);
	fsched_adopt(&pool, &party[2], now);
	run_one(SECOND);
	CHECK(!party[0].used && pool.queue[0].weight == 2000);
	CHECK(!gone_asked);
}

static void test_class_changes(void)
{
	s64 age;

	start(&fsched_strict, 1, 2);
	wake(0, 1);
	wake(1, 1);
	pool.queue[2].time = 5 * (s64)SECOND;
	CHECK(fsched_pick(&pool, now) == &party[0]);
	fsched_set_class(&pool, &party[0], 2, now);
	CHECK(party[0].age == 5 * (s64)SECOND && pool.queue[2].weight == 1000);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_SHARE);
	fsched_set_class(&pool, &party[1], 3, now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	/* the same again changes nothing */
	age = party[0].age += 1000;
	fsched_set_class(&pool, &party[0], 2, now);
	CHECK(party[0].age == age);
	/* nor does a class where there are none, until there are */
	set_policy(&fsched_fair, 2);
	age = party[0].age += 1000;
	fsched_set_class(&pool, &party[0], 0, now);
	CHECK(party[0].age == age && pool.queue[0].weight == 2000);
	set_policy(&fsched_strict, 2);
	CHECK(pool.queue[0].weight == 1000 && pool.queue[3].weight == 1000);
}

/* A policy of somebody who cannot count. */
static unsigned int wild_queue(const struct fsched_party *p)
{
	return draw() % 3 ? draw() % FSCHED_QUEUES : draw();
}

static u64 wild_cost(struct fsched_pool *of, const struct fsched_party *p, u64 ns)
{
	return draw() % 2 ? -draw() % 1000 : draw() % 1000;
}

static u64 wild_lead(const struct fsched_pool *of, const struct fsched_queue *queue)
{
	return draw() % 2 ? -draw() % 1000 : draw() % 1000;
}

static const struct fsched_policy wild = {
	.name = "wild",
	.queue = wild_queue,
	.cost = wild_cost,
	.lead = wild_lead,
};

static unsigned int most_queue(const struct fsched_party *p)
{
	return -1;
}

static u64 most_cost(struct fsched_pool *of, const struct fsched_party *p, u64 ns)
{
	return (u64)-1;
}

static u64 most_lead(const struct fsched_pool *of, const struct fsched_queue *queue)
{
	return (u64)-1;
}

static void test_answers_are_bounded(void)
{
	static const struct fsched_policy most = {
		.name = "most",
		.queue = most_queue,
		.cost = most_cost,
		.lead = most_lead,
	};

	start(&most, 1, 2);
	CHECK(party[0].queue == FSCHED_QUEUES - 1);
	fsched_set_weight(&pool, &party[0], 1 << 18);
	wake(0, 1);
	wake(1, 1);
	CHECK(fsched_pick(&pool, now) == &party[0]);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	fsched_charge(&pool, &party[0], 1, now);
	CHECK(party[0].age == 1LL << 46);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_SHARE);
	/* whatever an age and a lead add up to, a slice is no more than a tick, and no less */
	party[0].age = 0;
	party[1].age = 3LL << 44;
	CHECK(fsched_slice(&pool, &party[0]) == pool.tick_ns);
}

#endif
