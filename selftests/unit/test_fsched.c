// SPDX-License-Identifier: GPL-2.0
/*
 * The decision of the fair-share scheduler in user space: its heap against a sorted
 * list, its caps against sums, its rules one by one, and random sequences of
 * events against what must always be true. HEAP_C, CAP_C, POOL_C and POLICY_C name
 * the files under test; mutants of them are tested by the same program and have
 * to fail.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEAP_C
#include CAP_C
#include POLICY_C
#include POOL_C

#define MS	1000000ULL
#define SECOND	1000000000ULL
#define ROOM	64

static bool failed;

/* Says the first thing that is wrong in a test; the rest follows from it. */
#define CHECK(cond)								\
	do {									\
		if (!(cond) && !failed) {					\
			failed = true;						\
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
		}								\
	} while (0)

static struct fsched_pool pool;
static struct fsched_node *slots[(FSCHED_QUEUES + 1) * ROOM];
static struct fsched_party party[ROOM];
static u64 now;

static u64 draw(void)
{
	static u64 x = 0x123456789abcdef;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void start(const struct fsched_policy *policy, u32 cpus, u32 parties)
{
	memset(party, 0, sizeof(party));
	now = SECOND;
	fsched_pool_init(&pool, policy, cpus, slots, ROOM);
	for (u32 i = 0; i < parties; i++)
		fsched_party_init(&pool, &party[i]);
}

static void wake(u32 i, u32 threads)
{
	while (threads--)
		fsched_wake(&pool, &party[i], now);
}

/* ---- heap ---- */

static void test_heap_order(void)
{
	struct fsched_node *slot[ROOM], node[ROOM] = { 0 };
	struct fsched_heap heap = { .slot = slot };

	for (int round = 0; round < 20000 && !failed; round++) {
		struct fsched_node *n = &node[draw() % ROOM], *least = NULL;
		u32 members = 0;
		/* few keys, around the point where they wrap */
		s64 key = (u64)LLONG_MAX - 4 + draw() % 8;

		if (!n->at)
			fsched_heap_add(&heap, n, key);
		else if (draw() % 2)
			fsched_heap_del(&heap, n);
		else
			fsched_heap_move(&heap, n, key);
		for (int i = 0; i < ROOM; i++) {
			if (!node[i].at)
				continue;
			members++;
			CHECK(slot[node[i].at - 1] == &node[i]);
			if (!least || fsched_before(node[i].key, least->key) ||
			    (node[i].key == least->key && node[i].turn < least->turn))
				least = &node[i];
		}
		CHECK(heap.count == members && fsched_heap_first(&heap) == least);
	}
}

static void test_heap_first_come(void)
{
	struct fsched_node *slot[ROOM], node[ROOM] = { 0 };
	struct fsched_heap heap = { .slot = slot };

	for (int i = 0; i < ROOM; i++)
		fsched_heap_add(&heap, &node[i], 7);
	for (int i = 0; i < ROOM; i++) {
		CHECK(fsched_heap_first(&heap) == &node[i]);
		fsched_heap_del(&heap, &node[i]);
	}
	CHECK(!fsched_heap_first(&heap));
}

/* ---- caps ---- */

static void test_cap_rate(void)
{
	static const u32 rates[] = { 1, 200, 1000, 12345, 15000, FSCHED_RATE_MAX };

	for (u32 i = 0; i < 6 && !failed; i++) {
		struct fsched_cap cap;
		u64 used = 0, due = 10 * SECOND * rates[i] / FSCHED_RATE_ONE;
		u64 step = 100000ULL * rates[i] / FSCHED_RATE_ONE ?: 1;

		fsched_cap_set(&cap, rates[i], 0);
		for (u64 t = 0; t < 10 * SECOND; t += 100000) {
			fsched_cap_refill(&cap, t);
			if (cap.closed)
				continue;
			fsched_cap_use(&cap, t, 2 * step);
			used += 2 * step;
		}
		/* what it began with, and one step too much */
		CHECK(used + 4 * step >= due);
		CHECK(used <= due + FSCHED_REOPEN_NS * rates[i] / FSCHED_RATE_ONE + 4 * step);
	}
}

static void test_cap_asked_often(void)
{
	struct fsched_cap cap;

	fsched_cap_set(&cap, 123, 0);
	fsched_cap_use(&cap, 0, 1000000);
	CHECK(cap.closed && cap.tokens < 0);
	for (u64 t = 1; t <= 5 * MS; t += 37)
		fsched_cap_refill(&cap, t);
	fsched_cap_refill(&cap, 5 * MS);
	/* 4 ms at the rate to begin with, 5 ms since; none of it lost to rounding */
	CHECK(llabs(cap.tokens - (s64)(9 * MS * 123 / FSCHED_RATE_ONE) + 1000000) <= 1);
}

static void test_cap_opens_when_said(void)
{
	for (int round = 0; round < 1000 && !failed; round++) {
		struct fsched_cap cap;
		u64 opens;

		fsched_cap_set(&cap, 1 + draw() % (4 * FSCHED_RATE_ONE), now);
		fsched_cap_use(&cap, now, cap.tokens + draw() % MS);
		CHECK(cap.closed);
		opens = fsched_cap_opens(&cap);
		CHECK(opens > now);
		fsched_cap_refill(&cap, opens - 1 - FSCHED_RATE_ONE / cap.rate);
		CHECK(cap.closed);
		fsched_cap_refill(&cap, opens);
		CHECK(!cap.closed);
	}
}

static void test_cap_bounds(void)
{
	struct fsched_cap cap;

	fsched_cap_set(&cap, FSCHED_RATE_ONE, 0);
	fsched_cap_refill(&cap, 3600 * SECOND);
	CHECK(cap.tokens == 20 * MS); /* no more is saved up */
	fsched_cap_use(&cap, 3600 * SECOND, 20 * MS - 1);
	CHECK(!cap.closed && cap.tokens == 1);
	fsched_cap_use(&cap, 3600 * SECOND, 1);
	CHECK(cap.closed && !cap.tokens);
	fsched_cap_use(&cap, 3600 * SECOND, LLONG_MAX);
	CHECK(cap.closed && cap.tokens == -5 * (s64)SECOND); /* nor owed */
	fsched_cap_set(&cap, 0, 3600 * SECOND);
	fsched_cap_use(&cap, 3601 * SECOND, SECOND);
	CHECK(!cap.closed);
}

static void test_cap_lasts_as_said(void)
{
	struct fsched_cap cap;

	for (int i = 0; i < 2000; i++) {
		u32 running = 1 + draw() % 8;
		u32 rate = 1 + draw() % (running * FSCHED_RATE_ONE / 2);
		u64 begin = draw() % SECOND, lasts;

		fsched_cap_set(&cap, rate, begin);
		begin += draw() % (40 * MS);
		fsched_cap_refill(&cap, begin);
		lasts = fsched_cap_lasts(&cap, running);
		/* so long, and not a ns of each processor longer */
		fsched_cap_use(&cap, begin, lasts * running);
		fsched_cap_refill(&cap, begin + lasts);
		CHECK(cap.tokens >= 0 && cap.tokens <= running);
		fsched_cap_use(&cap, begin + lasts, cap.tokens);
		CHECK(cap.closed && fsched_cap_lasts(&cap, running) == 0);
		CHECK(fsched_cap_lasts(&cap, rate / FSCHED_RATE_ONE) == FSCHED_NEVER);
	}
	fsched_cap_set(&cap, 0, 0);
	CHECK(fsched_cap_lasts(&cap, 1) == FSCHED_NEVER);
}

/* ---- rules of the pool ---- */

/* One processor, looked at when the decision wants it, for @ns. */
static void run_one(u64 ns)
{
	u64 end = now + ns, ran = 0, step;
	struct fsched_party *p = fsched_pick(&pool, now);

	while (now < end && !failed) {
		CHECK(p != NULL);
		if (!p)
			return;
		step = fsched_slice(&pool, p);
		CHECK(step > 0 && step <= pool.tick_ns);
		now += step;
		ran += step;
		fsched_charge(&pool, p, step, now);
		if (fsched_check(&pool, p, ran, now) == FSCHED_RUN)
			continue;
		fsched_stop(&pool, p, true, now);
		p = fsched_pick(&pool, now);
		ran = 0;
	}
	fsched_stop(&pool, p, true, now);
}

static bool within(u64 is, double due, double percent)
{
	return is >= due * (100 - percent) / 100 && is <= due * (100 + percent) / 100;
}

/* Threads that are bound to other processors: the next party is asked, and none is lost. */
static void test_pick_passes_over(void)
{
	start(&fsched_fair, 2, 3);
	for (u32 i = 0; i < 3; i++)
		wake(i, 2);
	CHECK(fsched_pick(&pool, now) == &party[0]);
	fsched_bar(&pool, &party[0], now);
	CHECK(party[0].waiting == 2 && !party[0].running);
	CHECK(fsched_pick(&pool, now) == &party[1]);
	fsched_bar(&pool, &party[1], now);
	CHECK(fsched_pick(&pool, now) == &party[2]);
	fsched_unbar(&pool, &party[1], &party[2]);
	fsched_unbar(&pool, &party[0], &party[2]);
	CHECK(party[0].place == FSCHED_READY && party[1].place == FSCHED_READY);
	/* however long it could not use it, it is a bounded time ahead */
	for (int i = 0; i < 1000; i++) {
		now += 10 * MS;
		fsched_charge(&pool, &party[2], 10 * MS, now);
		if (fsched_check(&pool, &party[2], 10 * MS, now) == FSCHED_RUN)
			continue;
		fsched_stop(&pool, &party[2], true, now);
		while (fsched_pick(&pool, now) != &party[2] && !failed) {
			for (u32 j = 0; j < 2; j++)
				if (party[j].running)
					fsched_bar(&pool, &party[j], now);
		}
		for (u32 j = 0; j < 2; j++)
			fsched_unbar(&pool, &party[j], &party[2]);
	}
	CHECK(party[2].age - party[0].age < (s64)(300 * MS));
}

static void test_shares(void)
{
	start(&fsched_fair, 1, 3);
	fsched_set_weight(&pool, &party[1], 2000);
	fsched_set_weight(&pool, &party[2], 4000);
	for (u32 i = 0; i < 3; i++)
		wake(i, 2);
	run_one(5 * SECOND);
	for (u32 i = 0; i < 3; i++)
		CHECK(within(party[i].used, 5e9 * (1 << i) / 7, 1));
	/* and when the weight changes */
	party[0].used = party[1].used = party[2].used = 0;
	fsched_set_weight(&pool, &party[0], 4000);
	run_one(5 * SECOND);
	CHECK(within(party[0].used, 5e9 * 4 / 10, 1) && within(party[1].used, 5e9 * 2 / 10, 1));
}

static void test_ages_wrap(void)
{
	start(&fsched_fair, 1, 2);
	fsched_set_weight(&pool, &party[0], FSCHED_WEIGHT_MIN);
	fsched_set_weight(&pool, &party[1], 2 * FSCHED_WEIGHT_MIN);
	pool.queue[0].time = LLONG_MAX - 10 * (s64)SECOND;
	party[0].age = party[1].age = pool.queue[0].time;
	wake(0, 1);
	wake(1, 1);
	run_one(6 * SECOND);
	CHECK(pool.queue[0].time < 0);
	CHECK(within(party[0].used, 2e9, 1.5) && within(party[1].used, 4e9, 1));
}

static void test_sleep_saves_nothing(void)
{
	s64 credit;

	start(&fsched_fair, 1, 2);
	wake(0, 2);
	run_one(10 * SECOND);
	wake(1, 1);
	credit = pool.queue[0].time - party[1].age;
	CHECK(credit == 7500000 / 2); /* a lead and a quarter: 7.5 ms shared by two */
	/* but a short sleep costs nothing, either */
	party[1].age = pool.queue[0].time - 1000;
	fsched_leave(&pool, &party[1], now);
	wake(1, 1);
	CHECK(party[1].age == pool.queue[0].time - 1000);
	/* and a debt of long ago is forgotten */
	party[1].age = pool.queue[0].time + 3600 * (s64)SECOND;
	fsched_leave(&pool, &party[1], now);
	wake(1, 1);
	CHECK(party[1].age == pool.queue[0].time + 30 * (s64)MS);
}

static void test_idle_pool_gives_no_credit(void)
{
	start(&fsched_fair, 4, 2);
	pool.queue[0].time = 3600 * (s64)SECOND;
	wake(0, 1); /* nobody is active: its own weight counts */
	CHECK(party[0].age == pool.queue[0].time - 4 * 7500000LL);
}

static void test_infeasible_weight_is_pulled_along(void)
{
	start(&fsched_fair, 2, 3);
	fsched_set_weight(&pool, &party[0], 9000);
	wake(0, 1);
	wake(1, 2);
	wake(2, 2);
	CHECK(fsched_pick(&pool, now) == &party[0]);
	for (int i = 0; i < 1000; i++) {
		struct fsched_party *p = fsched_pick(&pool, now);

		now += 4 * MS;
		fsched_charge(&pool, &party[0], 4 * MS, now);
		fsched_charge(&pool, p, 4 * MS, now);
		fsched_stop(&pool, p, true, now);
	}
	/* 60 ms of two processors, shared by 11,000 */
	CHECK(pool.queue[0].time - party[0].age <= 60 * (s64)MS * 2 / 11 + 8 * (s64)MS);
	/* a party that waits is not: it will get what it is behind */
	party[1].age = pool.queue[0].time - SECOND;
	fsched_charge(&pool, &party[1], 1000, now);
	CHECK(party[1].age == pool.queue[0].time - (s64)SECOND + 1000);
}

/* Threads that run and were not picked: nobody else had wanted the processor. */
static void test_enter(void)
{
	start(&fsched_fair, 2, 3);
	pool.queue[0].time = 3600 * (s64)SECOND;
	fsched_enter(&pool, &party[0], now);
	CHECK(party[0].age == pool.queue[0].time - 2 * 7500000LL);
	CHECK(party[0].running == 1 && !party[0].waiting && party[0].active);
	CHECK(pool.queue[0].weight == 1000);
	CHECK(fsched_alone(&pool, &party[0]) && !fsched_alone(&pool, &party[1]));
	/* a second one is no coming back */
	party[0].age = 5;
	fsched_enter(&pool, &party[0], now);
	CHECK(party[0].running == 2 && party[0].age == 5);
	wake(0, 1);
	CHECK(fsched_alone(&pool, &party[0]));
	/* one that waits at its cap is not there */
	fsched_set_cap(&pool, &party[2], 100, now);
	fsched_charge(&pool, &party[2], SECOND, now);
	wake(2, 1);
	CHECK(fsched_alone(&pool, &party[0]));
	wake(1, 1);
	CHECK(!fsched_alone(&pool, &party[0]) && !fsched_alone(&pool, &party[1]));
	fsched_leave(&pool, &party[1], now);
	CHECK(fsched_alone(&pool, &party[0]));
	fsched_stop(&pool, &party[0], false, now);
	fsched_stop(&pool, &party[0], false, now);
	CHECK(fsched_alone(&pool, &party[0]));
	fsched_leave(&pool, &party[0], now);
	CHECK(!fsched_alone(&pool, &party[0]) && !pool.queue[0].weight);
}

static void test_nobody_waits_nobody_pays(void)
{
	start(&fsched_fair, 2, 2);
	wake(0, 1);
	fsched_pick(&pool, now);
	for (int i = 0; i < 1000; i++) {
		now += 4 * MS;
		fsched_charge(&pool, &party[0], 4 * MS, now);
	}
	CHECK(party[0].age == pool.queue[0].time + 12 * (s64)MS);
	wake(0, 1);
	fsched_charge(&pool, &party[0], 4 * MS, now);
	CHECK(party[0].age == pool.queue[0].time + 16 * (s64)MS);
}

static void test_time_is_the_last_admission(void)
{
	start(&fsched_fair, 1, 2);
	party[0].age = 5000;
	party[1].age = 3000;
	wake(0, 1);
	wake(1, 1);
	CHECK(fsched_pick(&pool, now) == &party[1] && pool.queue[0].time == 3000);
	/* but alone, with nobody who is kept waiting, it makes nobody older */
	CHECK(fsched_pick(&pool, now) == &party[0] && pool.queue[0].time == 3000);
	party[1].age = 2000;
	wake(1, 2);
	CHECK(fsched_pick(&pool, now) == &party[1] && pool.queue[0].time == 3000);
}

static void test_lead(void)
{
	start(&fsched_fair, 1, 2);
	wake(0, 1);
	wake(1, 1);
	fsched_pick(&pool, now);
	party[0].age = party[1].age + 3 * MS; /* 6 ms, shared by two */
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	CHECK(!fsched_preempts(&pool, &party[1], &party[0]));
	party[0].age++;
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_SHARE);
	CHECK(fsched_preempts(&pool, &party[1], &party[0]));
	fsched_leave(&pool, &party[1], now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	CHECK(!fsched_preempts(&pool, &party[1], &party[0]));
}

static void test_turn(void)
{
	start(&fsched_fair, 1, 1);
	wake(0, 1);
	fsched_pick(&pool, now);
	CHECK(fsched_check(&pool, &party[0], SECOND, now) == FSCHED_RUN);
	wake(0, 1);
	CHECK(fsched_check(&pool, &party[0], 12 * MS - 1, now) == FSCHED_RUN);
	CHECK(fsched_check(&pool, &party[0], 12 * MS, now) == FSCHED_TURN);
}

static void test_cpus(void)
{
	start(&fsched_fair, 4, 1);
	fsched_set_cpus(&pool, &party[0], 2, now);
	wake(0, 4);
	CHECK(fsched_pick(&pool, now) && fsched_pick(&pool, now));
	CHECK(!fsched_pick(&pool, now) && party[0].running == 2 && party[0].waiting == 2);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	fsched_set_cpus(&pool, &party[0], 1, now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_CPUS);
	fsched_stop(&pool, &party[0], true, now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	CHECK(!fsched_pick(&pool, now));
	fsched_set_cpus(&pool, &party[0], 0, now);
	CHECK(fsched_pick(&pool, now) == &party[0]);
}

static void test_cap_in_pool(void)
{
	u64 opens;

	start(&fsched_fair, 1, 2);
	fsched_set_cap(&pool, &party[0], 5000, now);
	wake(0, 2);
	CHECK(fsched_slice(&pool, &party[0]) == 2 * MS); /* 4 ms at half a processor */
	CHECK(fsched_pick(&pool, now) == &party[0]);
	fsched_charge(&pool, &party[0], 2 * MS - 1, now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_RUN);
	fsched_charge(&pool, &party[0], 1, now);
	CHECK(fsched_check(&pool, &party[0], 0, now) == FSCHED_CAP);
	fsched_stop(&pool, &party[0], true, now);
	CHECK(!fsched_pick(&pool, now) && !party[0].active && !pool.queue[0].weight);
	opens = fsched_open(&pool, now);
	CHECK(opens == now + 4 * MS);
	CHECK(fsched_open(&pool, opens - 1) == opens && !fsched_pick(&pool, opens - 1));
	/* it comes back like a sleeper */
	pool.queue[0].time = party[0].age + SECOND;
	CHECK(fsched_open(&pool, opens) == FSCHED_NEVER);
	CHECK(party[0].age == pool.queue[0].time - 7500000LL);
	CHECK(fsched_pick(&pool, opens) == &party[0]);
	/* a cap that is lifted opens at once */
	fsched_charge(&pool, &party[0], 100 * MS, opens);
	CHECK(fsched_check(&pool, &party[0], 0, opens) == FSCHED_CAP);
	fsched_set_cap(&pool, &party[0], 0, opens);
	CHECK(fsched_check(&pool, &party[0], 0, opens) == FSCHED_RUN);
	CHECK(fsched_pick(&pool, opens) == &party[0]);
}

static void test_slice(void)
{
	start(&fsched_fair, 1, 2);
	wake(0, 1);
	wake(1, 1);
	fsched_pick(&pool, now);
	CHECK(fsched_slice(&pool, &party[0]) == 3 * MS); /* until it is a lead ahead */
	party[0].age += 2 * MS;
	CHECK(fsched_slice(&pool, &party[0]) == 1 * MS);
	party[0].age += 2 * MS;
	CHECK(fsched_slice(&pool, &party[0]) == 1 * MS); /* the grain */
	party[0].age -= 100 * MS;
	CHECK(fsched_slice(&pool, &party[0]) == 4 * MS); /* the tick */
	fsched_set_cap(&pool, &party[0], 100, now);
	CHECK(fsched_slice(&pool, &party[0]) == 40000);
	wake(0, 1);
	fsched_leave(&pool, &party[1], now);
	fsched_pick(&pool, now);
	CHECK(fsched_slice(&pool, &party[0]) == 20000); /* two use it up */
}

/* ---- policies ---- */

#include "fsched_policies.h"

/* ---- what must always be true ---- */

static void check_invariants(u32 parties)
{
	u64 weight[FSCHED_QUEUES] = { 0 };
	u32 ready[FSCHED_QUEUES] = { 0 }, shut = 0;

	for (u32 i = 0; i < parties; i++) {
		const struct fsched_party *p = &party[i];
		bool eligible = p->waiting && !p->cap.closed && (!p->cpus || p->running < p->cpus);

		CHECK(p->running <= 1000 && p->waiting <= 1000);
		CHECK(p->place == (p->waiting && p->cap.closed ? FSCHED_SHUT :
				   eligible		       ? FSCHED_READY :
								 FSCHED_OUT));
		CHECK(!!p->node.at == (p->place != FSCHED_OUT));
		CHECK(p->place != FSCHED_READY || p->node.key == p->age);
		CHECK(p->active == (p->running || (p->waiting && !p->cap.closed)));
		CHECK(!p->cap.closed || p->cap.rate);
		if (p->active)
			weight[p->queue] += p->weight;
		ready[p->queue] += p->place == FSCHED_READY;
		shut += p->place == FSCHED_SHUT;
	}
	for (u32 q = 0; q < FSCHED_QUEUES; q++) {
		CHECK(pool.queue[q].weight == weight[q]);
		CHECK(pool.queue[q].ready.count == ready[q]);
	}
	CHECK(pool.shut.count == shut);
}

static void random_event(u32 parties)
{
	static const struct fsched_policy *const policies[] = { &fsched_fair, &fsched_lottery,
								&fsched_strict, &wild };
	struct fsched_party *p = &party[draw() % parties];
	u32 i;

	switch (draw() % 16) {
	case 0 ... 3:
		fsched_wake(&pool, p, now);
		break;
	case 4:
		if (p->waiting)
			fsched_leave(&pool, p, now);
		break;
	case 5 ... 7:
		p = fsched_pick(&pool, now);
		if (p) {
			CHECK(!p->cap.closed && (!p->cpus || p->running <= p->cpus));
			break;
		}
		for (i = 0; i < parties; i++)
			CHECK(party[i].place != FSCHED_READY);
		break;
	case 8 ... 10:
		if (p->running)
			fsched_charge(&pool, p, draw() % (20 * MS), now);
		break;
	case 11 ... 12:
		if (p->running) {
			enum fsched_verdict v = fsched_check(&pool, p, draw() % (20 * MS), now);

			CHECK(fsched_slice(&pool, p) > 0);
			if (v == FSCHED_SHARE || v == FSCHED_TURN)
				CHECK(p->waiting || pool.queue[p->queue].ready.count ||
				      p->queue > 0);
			if (v != FSCHED_RUN)
				fsched_stop(&pool, p, draw() % 2, now);
		}
		break;
	case 13:
		if (draw() % 2)
			fsched_set_weight(&pool, p, FSCHED_WEIGHT_MIN + draw() % 10000);
		else
			fsched_set_class(&pool, p, draw() % FSCHED_QUEUES, now);
		break;
	case 14:
		if (draw() % 2)
			fsched_set_cap(&pool, p, draw() % 3 ? draw() % 20000 : 0, now);
		else
			fsched_set_cpus(&pool, p, draw() % 3, now);
		break;
	case 15:
		if (draw() % 8)
			break;
		fsched_set_policy(&pool, policies[draw() % 4]);
		for (i = 0; i < parties; i++)
			if (draw() % 4)
				fsched_adopt(&pool, &party[i], now);
		break;
	}
}

static void test_random_events(void)
{
	for (int round = 0; round < 40 && !failed; round++) {
		u32 parties = 1 + draw() % (ROOM - 1);

		start(&fsched_fair, 1 + draw() % 8, parties);
		for (int i = 0; i < 4000 && !failed; i++) {
			random_event(parties);
			check_invariants(parties);
			now += draw() % (draw() % 8 ? MS : 50 * MS);
			CHECK(fsched_open(&pool, now) > now);
		}
	}
}

/* clang-format off */
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "a heap gives the least key", test_heap_order },
	{ "equal keys come in order of arrival", test_heap_first_come },
	{ "a cap gives its rate", test_cap_rate },
	{ "a cap loses nothing by being asked", test_cap_asked_often },
	{ "a cap opens when it says", test_cap_opens_when_said },
	{ "a cap saves up and owes so much and no more", test_cap_bounds },
	{ "a cap lasts as long as it says", test_cap_lasts_as_said },
	{ "shares follow weights", test_shares },
	{ "ages wrap", test_ages_wrap },
	{ "sleeping saves up nothing", test_sleep_saves_nothing },
	{ "an idle pool gives no credit", test_idle_pool_gives_no_credit },
	{ "an infeasible weight is pulled along", test_infeasible_weight_is_pulled_along },
	{ "a thread that was not picked", test_enter },
	{ "while nobody waits nobody pays", test_nobody_waits_nobody_pays },
	{ "time is the age of the last admission", test_time_is_the_last_admission },
	{ "who cannot use a processor is passed over", test_pick_passes_over },
	{ "a lead is kept up to its bound", test_lead },
	{ "threads of a party take turns", test_turn },
	{ "cpus bounds what runs at a time", test_cpus },
	{ "a closed cap stops and opens again", test_cap_in_pool },
	{ "a slice ends when something is due", test_slice },
	{ "strict classes", test_strict },
	{ "lottery", test_lottery },
	{ "a policy changes while threads run", test_policy_changes },
	{ "a policy comes party by party", test_policy_comes_by_and_by },
	{ "a class changes", test_class_changes },
	{ "answers of a policy are bounded", test_answers_are_bounded },
	{ "random events keep the pool in order", test_random_events },
};
/* clang-format on */

int main(void)
{
	bool any = false;
	u32 n = sizeof(tests) / sizeof(tests[0]);

	printf("TAP version 13\n1..%u\n", n);
	for (u32 i = 0; i < n; i++) {
		failed = false;
		tests[i].run();
		printf("%sok %u %s\n", failed ? "not " : "", i + 1, tests[i].name);
		any = any || failed;
	}
	return any;
}
