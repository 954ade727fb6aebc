/* SPDX-License-Identifier: GPL-2.0 */
/* The scheduling laboratory: a scenario, the machine that runs it, what is told. */
#ifndef LAB_H
#define LAB_H

#include <fsched.h>

#define LAB_EXPECTS	16
#define LAB_NAME	32
#define NS		1000000000ULL
#define FOREVER		((u64)-1)

struct burst {
	u64 run, sleep;
};

/* What a thread does: run, sleep, again; or a list of bursts, once. */
struct load {
	u64 run, sleep;
	bool random;		/* exponential, with these means */
	struct burst *list;
	u32 count, room;
};

enum thread_state { ASLEEP, WAITS, RUNS, GONE };

struct thread {
	u32 party;
	enum thread_state state;
	s32 next;		/* in the party's queue of waiting ones */
	u32 cpu;		/* where it ran last */
	u32 at;			/* in load.list */
	u64 left;		/* of this burst */
	u64 since;		/* when it woke, 0 once it has run */
	struct load load;
};

struct party {
	struct fsched_party decision;
	char name[LAB_NAME];
	u32 weight, rate, cpus, class, threads;
	bool hog;		/* its due share can be computed */
	s32 first, last;	/* threads that wait */
	double due;		/* processors */
	u64 at_second;		/* used when the current second began */
	u64 at_sample;
	double worst_second;
	u64 *latency;
	u32 latencies, latency_room;
};

struct expect {
	enum { SHARE, SECOND, IDLE, LATENCY } what;
	char party[LAB_NAME];
	double percentile, bound;
};

struct cpu {
	s32 thread;		/* -1: idle */
	u32 ticket;		/* of the event that is valid */
	u64 charged, picked, idle_since;
};

struct lab {
	u32 cpus;
	u64 time, sample;
	const struct fsched_policy *policy;
	struct party *party;
	u32 parties, party_room;
	struct thread *thread;
	u32 threads, thread_room;
	struct expect expect[LAB_EXPECTS];
	u32 expects;
	char title[128];
	/* the run */
	struct fsched_pool pool;
	struct cpu *cpu;
	u32 *idle;		/* a stack of idle processors */
	u32 idles;
	u64 now, idle_ns, switches, decisions;
	u64 random;
	bool can_due;
};

void lab_read(struct lab *lab, const char *path);
void lab_run(struct lab *lab, void (*sample)(struct lab *lab));
void lab_dues(struct lab *lab);
const struct fsched_policy *lab_policy(const char *name);
void lab_reports_begin(struct lab *lab, const char *prefix);
void lab_sample(struct lab *lab);
bool lab_report(struct lab *lab);
void *lab_grow(void *array, u32 *room, u32 count, size_t size);
_Noreturn void lab_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
