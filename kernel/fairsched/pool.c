// SPDX-License-Identifier: GPL-2.0
/*
 * Sharing the processors of a pool: who waits, who is next, who makes place.
 * See fsched.h for the terms.
 *
 * Three rules keep ages meaningful where plain fair queueing fails:
 *  - who sleeps saves up nothing: on waking it is at most a quarter more than one lead
 *    younger than the queue's time, so that a party which sleeps mostly gets a
 *    processor at once;
 *  - who cannot use its weight (it has fewer threads, a cap, or cpus) is pulled along
 *    credit_ns behind the time, and the rest share by weight what it leaves;
 *  - who runs while nobody waits pays nothing beyond a lead: there is nobody
 *    to be fair to.
 */
#include <linux/math64.h>
#include <linux/stddef.h>

#include "fsched.h"

#define party_of(n) ((struct fsched_party *)((char *)(n)-offsetof(struct fsched_party, node)))

static struct fsched_queue *queue_of(struct fsched_pool *pool, const struct fsched_party *party)
{
	return &pool->queue[party->queue];
}

static u8 queue_index(const struct fsched_pool *pool, const struct fsched_party *party)
{
	unsigned int i = pool->policy->queue(party);

	return i < FSCHED_QUEUES ? i : FSCHED_QUEUES - 1;
}

static u64 cost_of(struct fsched_pool *pool, const struct fsched_party *party, u64 ns)
{
	u64 cost = pool->policy->cost(pool, party, ns);

	return cost < FSCHED_COST_MAX ? cost : FSCHED_COST_MAX;
}

static u64 lead_of(const struct fsched_pool *pool, const struct fsched_queue *queue)
{
	u64 lead = pool->policy->lead(pool, queue);

	return lead < FSCHED_LEAD_MAX ? lead : FSCHED_LEAD_MAX;
}

static struct fsched_party *queue_first(const struct fsched_queue *queue)
{
	struct fsched_node *node = fsched_heap_first(&queue->ready);

	return node ? party_of(node) : NULL;
}

static void not_younger_than(struct fsched_party *party, u64 age)
{
	if (fsched_before(party->age, age))
		party->age = age;
}

/* @ns of all processors, as age of each of the parties that weigh @weight together. */
static u64 lead_among(const struct fsched_pool *pool, u64 weight, u32 ns)
{
	return div64_u64((u64)ns * pool->cpus * FSCHED_WEIGHT_ONE, weight ?: 1);
}

/**
 * fsched_fair_lead() - time at the fair rate, as age
 * @pool: the pool
 * @queue: the queue
 * @ns: how long all processors work for the queue
 * Return: how much older each of its active parties gets in that time.
 */
u64 fsched_fair_lead(const struct fsched_pool *pool, const struct fsched_queue *queue, u32 ns)
{
	return lead_among(pool, queue->weight, ns);
}

/**
 * fsched_pool_init() - an empty pool
 * @pool: filled in
 * @policy: decides the order
 * @cpus: processors, at least 1
 * @slots: (FSCHED_QUEUES + 1) * @room pointers, which the pool uses from now on
 * @room: most parties that will ever be in it
 */
void fsched_pool_init(struct fsched_pool *pool, const struct fsched_policy *policy, u32 cpus,
		      struct fsched_node **slots, u32 room)
{
	unsigned int i;

	*pool = (struct fsched_pool){
		.policy = policy,
		.cpus = cpus,
		.tick_ns = 4000000,
		.grain_ns = 1000000,
		.lag_ns = 6000000,
		.slice_ns = 12000000,
		.credit_ns = 60000000,
		.random = 0x9e3779b97f4a7c15,
		.shut.slot = slots,
	};
	for (i = 0; i < FSCHED_QUEUES; i++)
		pool->queue[i].ready.slot = slots + (size_t)(i + 1) * room;
}

/* Into the heap where it belongs now, if any; the weight of its queue follows. */
static void settle(struct fsched_pool *pool, struct fsched_party *party)
{
	struct fsched_queue *queue = queue_of(pool, party);
	bool active = party->running || (party->waiting && !party->cap.closed);
	u8 place = FSCHED_OUT;
	s64 key = party->age;

	if (active != party->active) {
		party->active = active;
		queue->weight += active ? party->weight : -(u64)party->weight;
	}
	if (party->waiting && party->cap.closed) {
		place = FSCHED_SHUT;
		key = fsched_cap_opens(&party->cap);
	} else if (party->waiting && !party->barred &&
		   (!party->cpus || party->running < party->cpus)) {
		place = FSCHED_READY;
	}
	if (place == party->place) {
		if (place != FSCHED_OUT && key != party->node.key)
			fsched_heap_move(place == FSCHED_READY ? &queue->ready : &pool->shut,
					 &party->node, key);
		return;
	}
	if (party->place != FSCHED_OUT)
		fsched_heap_del(party->place == FSCHED_READY ? &queue->ready : &pool->shut,
				&party->node);
	if (place != FSCHED_OUT)
		fsched_heap_add(place == FSCHED_READY ? &queue->ready : &pool->shut, &party->node,
				key);
	party->place = place;
}

/* It comes back from where it did not compete: nothing saved up, no debt of long ago. */
static void come_back(struct fsched_pool *pool, struct fsched_party *party)
{
	struct fsched_queue *queue = queue_of(pool, party);
	u64 weight = queue->weight + (party->active ? 0 : party->weight);
	u64 most = queue->time + lead_among(pool, weight, pool->credit_ns);

	not_younger_than(party,
			 queue->time - lead_among(pool, weight, pool->lag_ns + pool->lag_ns / 4));
	if (fsched_before(most, party->age))
		party->age = most;
}

/* The bucket as it is now. An opened one makes its party compete again. */
static void refill(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	bool was = party->cap.closed;

	fsched_cap_refill(&party->cap, now);
	if (was && !party->cap.closed && !party->running)
		come_back(pool, party);
}

/**
 * fsched_party_init() - a party joins
 * @pool: the pool
 * @party: zeroed, but for its class
 *
 * With weight 1000 and no bound. To go, it needs no more than to have no threads.
 */
void fsched_party_init(struct fsched_pool *pool, struct fsched_party *party)
{
	party->queue = queue_index(pool, party);
	party->age = queue_of(pool, party)->time;
	fsched_set_weight(pool, party, FSCHED_WEIGHT_ONE);
}

/**
 * fsched_set_weight() - another weight, at once
 * @pool: the pool
 * @party: the party
 * @weight: FSCHED_WEIGHT_MIN to FSCHED_WEIGHT_MAX
 */
void fsched_set_weight(struct fsched_pool *pool, struct fsched_party *party, u32 weight)
{
	if (party->active)
		queue_of(pool, party)->weight += (u64)weight - party->weight;
	party->weight = weight;
	party->inverse = div64_u64(((u64)FSCHED_WEIGHT_ONE << 24) + weight / 2, weight);
}

/**
 * fsched_set_cap() - another cap, at once
 * @pool: the pool
 * @party: the party
 * @rate: 1/100 % of one processor, at most FSCHED_RATE_MAX; 0: no cap
 * @now: time
 */
void fsched_set_cap(struct fsched_pool *pool, struct fsched_party *party, u32 rate, u64 now)
{
	bool was = party->cap.closed;

	fsched_cap_set(&party->cap, rate, now);
	if (was && !party->running)
		come_back(pool, party);
	settle(pool, party);
}

/**
 * fsched_set_cpus() - another number of processors at a time
 * @pool: the pool
 * @party: the party
 * @cpus: how many; 0: all. Threads above it are stopped by fsched_check().
 * @now: time
 */
void fsched_set_cpus(struct fsched_pool *pool, struct fsched_party *party, u32 cpus, u64 now)
{
	party->cpus = cpus;
	refill(pool, party, now);
	settle(pool, party);
}

/**
 * fsched_set_policy() - another policy, while everything runs
 * @pool: the pool
 * @policy: the new one, which alone is asked from now on
 *
 * To be followed by fsched_adopt() for each party that there was. Until then a party stays in
 * its queue, and waits, runs and pays there; between them, anything else may happen.
 */
void fsched_set_policy(struct fsched_pool *pool, const struct fsched_policy *policy)
{
	pool->policy = policy;
}

/* As one that neither runs nor waits; settle() is next. */
static void withdraw(struct fsched_pool *pool, struct fsched_party *party)
{
	struct fsched_queue *queue = queue_of(pool, party);

	if (party->place == FSCHED_READY) {
		fsched_heap_del(&queue->ready, &party->node);
		party->place = FSCHED_OUT;
	}
	if (party->active) {
		queue->weight -= party->weight;
		party->active = false;
	}
}

/**
 * fsched_adopt() - begin anew with a party, in the queue that the policy says
 * @pool: the pool
 * @party: the party
 * @now: time
 *
 * It keeps neither credit nor debt.
 */
void fsched_adopt(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	withdraw(pool, party);
	party->queue = queue_index(pool, party);
	party->age = queue_of(pool, party)->time;
	refill(pool, party, now);
	settle(pool, party);
}

/**
 * fsched_set_class() - another class, at once
 * @pool: the pool
 * @party: the party
 * @class: for policies that have classes
 * @now: time
 *
 * As fsched_adopt() if that is another queue; otherwise nothing happens.
 */
void fsched_set_class(struct fsched_pool *pool, struct fsched_party *party, u8 class, u64 now)
{
	party->class = class;
	if (queue_index(pool, party) != party->queue)
		fsched_adopt(pool, party, now);
}

/**
 * fsched_wake() - a thread wants to run
 * @pool: the pool
 * @party: its party
 * @now: time
 */
void fsched_wake(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	refill(pool, party, now);
	if (!party->waiting++ && !party->running)
		come_back(pool, party);
	settle(pool, party);
}

/**
 * fsched_leave() - a thread that waited wants no longer
 * @pool: the pool
 * @party: its party
 * @now: time
 */
void fsched_leave(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	party->waiting--;
	refill(pool, party, now);
	settle(pool, party);
}

/**
 * fsched_enter() - a thread runs that was not picked
 * @pool: the pool
 * @party: its party
 * @now: time
 *
 * For a caller that asks only where there is a choice.
 */
void fsched_enter(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	refill(pool, party, now);
	if (!party->waiting && !party->running)
		come_back(pool, party);
	party->running++;
	settle(pool, party);
}

/**
 * fsched_alone() - does nobody else run or wait
 * @pool: the pool
 * @party: a party that does
 */
bool fsched_alone(const struct fsched_pool *pool, const struct fsched_party *party)
{
	u64 weight = 0;
	unsigned int i;

	for (i = 0; i < FSCHED_QUEUES; i++)
		weight += pool->queue[i].weight;
	return party->active && weight == party->weight;
}

/**
 * fsched_pick() - a processor is free
 * @pool: the pool
 * @now: time
 *
 * Return: the party one thread of which runs from now on; NULL if nobody may.
 */
struct fsched_party *fsched_pick(struct fsched_pool *pool, u64 now)
{
	unsigned int i;

	fsched_open(pool, now);
	for (i = 0; i < FSCHED_QUEUES; i++) {
		struct fsched_queue *queue = &pool->queue[i];
		struct fsched_party *party = queue_first(queue);

		if (!party)
			continue;
		party->waiting--;
		party->running++;
		settle(pool, party);
		/* alone it does not make those older who are not here */
		if (queue->ready.count && fsched_before(queue->time, party->age))
			queue->time = party->age;
		return party;
	}
	return NULL;
}

/**
 * fsched_bar() - the party that was just picked has no thread that may use the processor
 * @pool: the pool
 * @party: its thread waits on, and it is not picked again before fsched_unbar()
 * @now: time
 */
void fsched_bar(struct fsched_pool *pool, struct fsched_party *party, u64 now)
{
	party->barred = true;
	fsched_stop(pool, party, true, now);
}

/**
 * fsched_unbar() - mirror of fsched_bar(), when it is known whose the processor is
 * @pool: the pool
 * @party: the party
 * @taker: who was picked instead; NULL: nobody
 *
 * Of a weight that it cannot use, it saves up no more than others that cannot use theirs.
 */
void fsched_unbar(struct fsched_pool *pool, struct fsched_party *party,
		  const struct fsched_party *taker)
{
	struct fsched_queue *queue = queue_of(pool, party);

	party->barred = false;
	if (taker && taker->queue == party->queue)
		not_younger_than(party,
				 taker->age - fsched_fair_lead(pool, queue, pool->credit_ns));
	settle(pool, party);
}

/**
 * fsched_stop() - a thread that ran does not any more
 * @pool: the pool
 * @party: its party; what it has used is charged already
 * @waits: it would like to go on; otherwise it sleeps or is gone
 * @now: time
 */
void fsched_stop(struct fsched_pool *pool, struct fsched_party *party, bool waits, u64 now)
{
	party->running--;
	party->waiting += waits;
	refill(pool, party, now);
	settle(pool, party);
}

/**
 * fsched_charge() - a party has used a processor
 * @pool: the pool
 * @party: the party
 * @ns: how long, since the last charge for that processor
 * @now: time
 */
void fsched_charge(struct fsched_pool *pool, struct fsched_party *party, u64 ns, u64 now)
{
	struct fsched_queue *queue = queue_of(pool, party);
	u64 most;

	party->used += ns;
	party->age = (u64)party->age + cost_of(pool, party, ns);
	if (!queue->ready.count) {
		most = queue->time + fsched_fair_lead(pool, queue, pool->lag_ns);
		if (fsched_before(most, party->age))
			party->age = most;
	}
	if (party->place == FSCHED_OUT)
		not_younger_than(party,
				 queue->time - fsched_fair_lead(pool, queue, pool->credit_ns));
	fsched_cap_use(&party->cap, now, ns);
	settle(pool, party);
}

/* The party that is next, of the queues up to that of @party. */
static const struct fsched_party *first_rival(const struct fsched_pool *pool,
					      const struct fsched_party *party)
{
	unsigned int i;

	for (i = 0; i <= party->queue; i++)
		if (pool->queue[i].ready.count)
			return queue_first(&pool->queue[i]);
	return NULL;
}

/* Must @running make place for @rival, which waits? */
static bool must_yield(const struct fsched_pool *pool, const struct fsched_party *running,
		       const struct fsched_party *rival)
{
	const struct fsched_queue *queue = &pool->queue[running->queue];

	if (rival == running || rival->queue > running->queue)
		return false;
	if (rival->queue < running->queue)
		return true;
	return fsched_before(rival->age + lead_of(pool, queue), running->age);
}

/**
 * fsched_check() - may a thread that runs go on
 * @pool: the pool
 * @party: its party; what it has used is charged already
 * @ran_ns: how long it has run since it was picked
 * @now: time
 *
 * Answers FSCHED_SHARE and FSCHED_TURN promise that fsched_pick() has somebody for
 * the processor: none gets idle by stopping a thread. The caller stops the
 * thread, with fsched_stop(), and picks; or leaves everything as it is.
 *
 * Return: FSCHED_RUN, or why it may not.
 */
enum fsched_verdict fsched_check(struct fsched_pool *pool, struct fsched_party *party, u64 ran_ns,
				 u64 now)
{
	const struct fsched_party *rival;

	fsched_open(pool, now);
	refill(pool, party, now);
	settle(pool, party);
	if (party->cap.closed)
		return FSCHED_CAP;
	if (party->cpus && party->running > party->cpus)
		return FSCHED_CPUS;
	rival = first_rival(pool, party);
	if (rival && must_yield(pool, party, rival))
		return FSCHED_SHARE;
	if (party->waiting && ran_ns >= pool->slice_ns)
		return FSCHED_TURN;
	return FSCHED_RUN;
}

/**
 * fsched_slice() - how long a thread may run before it is looked at again
 * @pool: the pool
 * @party: its party
 *
 * Until another party is due or the cap is used up, by all threads of the party that
 * run now; not longer than a tick.
 *
 * Return: ns, at least 1.
 */
u64 fsched_slice(const struct fsched_pool *pool, const struct fsched_party *party)
{
	const struct fsched_party *rival = first_rival(pool, party);
	u32 running = party->running ?: 1;
	u64 ns = pool->tick_ns, left;
	s64 lead;

	if (rival && rival != party && rival->queue == party->queue) {
		lead = rival->age + lead_of(pool, &pool->queue[party->queue]) - party->age;
		if (lead > (s64)FSCHED_LEAD_MAX)
			lead = FSCHED_LEAD_MAX;
		left = lead > 0 ?
			       div64_u64((u64)lead * party->weight, FSCHED_WEIGHT_ONE * running) :
			       0;
		if (left < ns)
			ns = left;
		if (ns < pool->grain_ns)
			ns = pool->grain_ns;
	}
	if (party->cap.rate) {
		left = party->cap.tokens > 0 ? div64_u64(party->cap.tokens, running) : 0;
		if (left < ns)
			ns = left;
	}
	return ns ?: 1;
}

/**
 * fsched_preempts() - a thread has woken: must one that runs make place
 * @pool: the pool
 * @woken: its party
 * @running: the party of a thread that runs, charged until now
 *
 * Return: true if the caller should ask fsched_check() for the one that runs.
 */
bool fsched_preempts(const struct fsched_pool *pool, const struct fsched_party *woken,
		     const struct fsched_party *running)
{
	return woken->place == FSCHED_READY && must_yield(pool, running, woken);
}

/**
 * fsched_open() - let parties back in whose cap has filled up
 * @pool: the pool
 * @now: time
 *
 * Return: when to call it again at the latest, or FSCHED_NEVER.
 */
u64 fsched_open(struct fsched_pool *pool, u64 now)
{
	struct fsched_node *node;

	while ((node = fsched_heap_first(&pool->shut))) {
		if (fsched_before(now, node->key))
			return node->key;
		refill(pool, party_of(node), now);
		settle(pool, party_of(node));
	}
	return FSCHED_NEVER;
}
