// SPDX-License-Identifier: GPL-2.0
/*
 * The machine: processors and threads as a discrete-event simulation around the
 * kernel's own decision. What a real machine adds (time of a switch, caches, work
 * in the kernel that cannot be stopped) is not here.
 */
#include <math.h>
#include <stdlib.h>

#include "lab.h"

#define START 1 /* time 0 means never */

enum { CPU, WAKE, OPEN, SAMPLE };

struct event {
	u64 at, order;
	u32 kind, index, ticket;
};

static struct event *events;
static u32 nr_events, event_room;
static u64 event_order, opens_at;

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(u64 at, u32 kind, u32 index, u32 ticket)
{
	struct event e = { at, event_order++, kind, index, ticket };
	u32 i = nr_events++;

	events = lab_grow(events, &event_room, nr_events, sizeof(*events));
	for (; i && earlier(&e, &events[(i - 1) / 2]); i = (i - 1) / 2)
		events[i] = events[(i - 1) / 2];
	events[i] = e;
}

static struct event pop(void)
{
	struct event first = events[0], last = events[--nr_events];
	u32 i = 0, child;

	for (; (child = 2 * i + 1) < nr_events; i = child) {
		if (child + 1 < nr_events && earlier(&events[child + 1], &events[child]))
			child++;
		if (!earlier(&events[child], &last))
			break;
		events[i] = events[child];
	}
	events[i] = last;
	return first;
}

static double uniform(struct lab *lab)
{
	u64 x = lab->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	lab->random = x;
	return (double)(x >> 11) / (1ULL << 53);
}

static u64 duration(struct lab *lab, const struct load *load, u64 mean)
{
	double d = load->random ? -log(1 - uniform(lab)) * mean : mean;

	return d < 1 ? 1 : d;
}

/* The next burst of a thread that sleeps; false: there is none. */
static bool next_burst(struct lab *lab, struct thread *t)
{
	const struct load *load = &t->load;

	if (load->list) {
		if (t->at == load->count)
			return false;
		t->left = load->list[t->at].run ?: 1;
		return true;
	}
	t->left = load->run == FOREVER ? FOREVER : duration(lab, load, load->run);
	return true;
}

static u64 sleep_time(struct lab *lab, struct thread *t)
{
	if (t->load.list)
		return t->load.list[t->at++].sleep;
	return duration(lab, &t->load, t->load.sleep);
}

static void enqueue(struct lab *lab, u32 i)
{
	struct thread *t = &lab->thread[i];
	struct party *p = &lab->party[t->party];

	t->state = WAITS;
	t->next = -1;
	if (p->first < 0)
		p->first = i;
	else
		lab->thread[p->last].next = i;
	p->last = i;
}

static u32 dequeue(struct lab *lab, struct party *p)
{
	u32 i = p->first;

	p->first = lab->thread[i].next;
	return i;
}

static void note_latency(struct lab *lab, struct thread *t)
{
	struct party *p = &lab->party[t->party];

	if (p->hog)
		return;
	p->latency = lab_grow(p->latency, &p->latency_room, p->latencies + 1, sizeof(u64));
	p->latency[p->latencies++] = lab->now - t->since;
}

static void look_again(struct lab *lab, u32 c)
{
	struct cpu *cpu = &lab->cpu[c];
	struct thread *t = &lab->thread[cpu->thread];
	u64 ns = fsched_slice(&lab->pool, &lab->party[t->party].decision);

	lab->decisions++;
	push(lab->now + (t->left < ns ? t->left : ns), CPU, c, ++cpu->ticket);
}

/* Processor @c is free: somebody runs there, or it is idle. */
static void dispatch(struct lab *lab, u32 c)
{
	struct cpu *cpu = &lab->cpu[c];
	struct fsched_party *decision = fsched_pick(&lab->pool, lab->now);
	struct thread *t;

	lab->decisions++;
	if (!decision) {
		cpu->thread = -1;
		cpu->ticket++;
		cpu->idle_since = lab->now;
		lab->idle[lab->idles++] = c;
		return;
	}
	cpu->thread = dequeue(lab, (struct party *)decision); /* its first member */
	t = &lab->thread[cpu->thread];
	if (t->since) {
		note_latency(lab, t);
		t->since = 0;
	}
	t->state = RUNS;
	t->cpu = c;
	cpu->charged = cpu->picked = lab->now;
	lab->switches++;
	look_again(lab, c);
}

/* Processors that are idle while somebody may run: none may stay so. */
static void fill_idle(struct lab *lab)
{
	u32 had;

	do {
		had = lab->idles;
		if (!had)
			return;
		lab->idle_ns += lab->now - lab->cpu[lab->idle[had - 1]].idle_since;
		lab->idles--;
		dispatch(lab, lab->idle[had - 1]);
	} while (lab->idles < had);
}

static void charge(struct lab *lab, u32 c)
{
	struct cpu *cpu = &lab->cpu[c];
	struct thread *t = &lab->thread[cpu->thread];
	u64 ns = lab->now - cpu->charged;

	cpu->charged = lab->now;
	if (t->left != FOREVER)
		t->left -= ns < t->left ? ns : t->left;
	fsched_charge(&lab->pool, &lab->party[t->party].decision, ns, lab->now);
}

/* The thread of processor @c may go on, or sleeps, or makes place. */
static void look(struct lab *lab, u32 c)
{
	struct cpu *cpu = &lab->cpu[c];
	struct thread *t = &lab->thread[cpu->thread];
	struct fsched_party *p = &lab->party[t->party].decision;

	charge(lab, c);
	lab->decisions++;
	if (!t->left) {
		fsched_stop(&lab->pool, p, false, lab->now);
		t->state = ASLEEP;
		push(lab->now + sleep_time(lab, t), WAKE, cpu->thread, 0);
	} else if (fsched_check(&lab->pool, p, lab->now - cpu->picked, lab->now) == FSCHED_RUN) {
		look_again(lab, c);
		return;
	} else {
		fsched_stop(&lab->pool, p, true, lab->now);
		enqueue(lab, cpu->thread);
	}
	dispatch(lab, c);
	fill_idle(lab);
}

static void wake(struct lab *lab, u32 i)
{
	struct thread *t = &lab->thread[i];
	struct fsched_party *p = &lab->party[t->party].decision;
	struct cpu *cpu = &lab->cpu[t->cpu];

	if (!next_burst(lab, t)) {
		t->state = GONE;
		return;
	}
	t->since = lab->now;
	enqueue(lab, i);
	fsched_wake(&lab->pool, p, lab->now);
	lab->decisions++;
	if (lab->idles) {
		fill_idle(lab);
	} else {
		charge(lab, t->cpu);
		if (fsched_preempts(&lab->pool, p,
				    &lab->party[lab->thread[cpu->thread].party].decision))
			look(lab, t->cpu);
	}
}

static void check_work_conserving(struct lab *lab)
{
	u32 i;

	if (!lab->idles)
		return;
	for (i = 0; i < FSCHED_QUEUES; i++)
		if (lab->pool.queue[i].ready.count)
			lab_die("at %llu ns: %u processors idle while somebody waits", lab->now,
				lab->idles);
}

static void begin(struct lab *lab)
{
	u32 i;

	fsched_pool_init(&lab->pool, lab->policy, lab->cpus,
			 calloc((FSCHED_QUEUES + 1) * (size_t)lab->parties, sizeof(void *)),
			 lab->parties);
	lab->cpu = calloc(lab->cpus, sizeof(*lab->cpu));
	lab->idle = calloc(lab->cpus, sizeof(*lab->idle));
	if (!lab->cpu || !lab->idle || !lab->pool.shut.slot)
		lab_die("no memory");
	lab->random = 88172645463325252;
	opens_at = FSCHED_NEVER;
	for (i = lab->cpus; i--;) {
		lab->cpu[i].thread = -1;
		lab->cpu[i].idle_since = START;
		lab->idle[lab->idles++] = i;
	}
	for (i = 0; i < lab->parties; i++) {
		struct party *p = &lab->party[i];

		p->first = -1;
		p->decision.class = p->class;
		fsched_party_init(&lab->pool, &p->decision);
		fsched_set_weight(&lab->pool, &p->decision, p->weight);
		fsched_set_cap(&lab->pool, &p->decision, p->rate, 0);
		fsched_set_cpus(&lab->pool, &p->decision, p->cpus, 0);
	}
	for (i = 0; i < lab->threads; i++) {
		struct thread *t = &lab->thread[i];

		t->cpu = i % lab->cpus;
		push(t->load.list ? sleep_time(lab, t) ?: START : START, WAKE, i, 0);
	}
	for (i = 1; (u64)i * lab->sample <= lab->time; i++)
		push(i * lab->sample, SAMPLE, 0, 0);
}

void lab_run(struct lab *lab, void (*sample)(struct lab *lab))
{
	u32 i;

	begin(lab);
	while (nr_events && events[0].at <= lab->time) {
		struct event e = pop();
		u64 opens;

		lab->now = e.at;
		if (e.kind == CPU && lab->cpu[e.index].ticket == e.ticket)
			look(lab, e.index);
		else if (e.kind == WAKE)
			wake(lab, e.index);
		else if (e.kind == OPEN && e.at == opens_at)
			opens_at = FSCHED_NEVER;
		opens = fsched_open(&lab->pool, lab->now);
		fill_idle(lab);
		if (opens < opens_at) {
			opens_at = opens;
			push(opens, OPEN, 0, 0);
		}
		check_work_conserving(lab);
		if (e.kind == SAMPLE) {
			for (i = 0; i < lab->cpus; i++)
				if (lab->cpu[i].thread >= 0)
					charge(lab, i);
			sample(lab);
		}
	}
	for (i = 0; i < lab->idles; i++)
		lab->idle_ns += lab->time - lab->cpu[lab->idle[i]].idle_since;
}
