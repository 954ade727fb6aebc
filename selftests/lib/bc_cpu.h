/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fairsched.ko: load it, set limits, read /proc/bc/ID/cpu.
 */
#ifndef SELFTESTS_LIB_BC_CPU_H
#define SELFTESTS_LIB_BC_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define BC_MS 1000000LL

/**
 * struct bc_cpu_use - what /proc/bc/ID/cpu says; ns
 * @used_of_cpus: the lines of the processors, added up
 */
struct bc_cpu_use {
	long long used, user, nice, system, waited, longest, switches, preempted;
	long long limit, limit_reached, owed, forgiven, held, longest_hold, holds, held_now;
	long long units, cpus, share_held, share_longest_hold, share_holds, share_held_now;
	long long cpuclass;
	long long used_of_cpus;
};

int bc_fairsched_load(void);	/* exit status of modprobe */
int bc_fairsched_unload(void);	/* ... of rmmod */

/**
 * bc_cpu_read() - read the file
 *
 * Return: 0 or a negative errno; -EBADMSG when it is not in its documented format.
 */
int bc_cpu_read(unsigned int id, struct bc_cpu_use *use);

/**
 * bc_cpu_limit() - BC_IOC_CPU
 * @limit: 1/100 % of a processor; 0: none
 */
int bc_cpu_limit(unsigned int id, unsigned int limit);
int bc_cpu_units(unsigned int id, unsigned int units); /* 0: as 1000 */
int bc_cpu_cpus(unsigned int id, unsigned int cpus); /* 0: all */
int bc_cpu_class(unsigned int id, unsigned int class);

int bc_cpu_online(int cpu, bool online); /* 0 or a negative errno */

long long bc_cpu_own(void);	/* what the process has used */
long long bc_cpu_now(void);	/* CLOCK_MONOTONIC */
void bc_cpu_burn(long long ns);	/* use so much */

#endif
