// SPDX-License-Identifier: GPL-2.0
#include "bc_cpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "bc_cgroup.h"
#include "bc_util.h"

int bc_fairsched_load(void)
{
	return bc_command("modprobe fairsched");
}

int bc_fairsched_unload(void)
{
	return bc_command("rmmod fairsched");
}

static int bound(struct bc_cpu c)
{
	int fd = bc_dev();

	c.size = sizeof(c);
	if (fd < 0)
		return fd;
	return ioctl(fd, BC_IOC_CPU, &c) < 0 ? -errno : 0;
}

int bc_cpu_limit(unsigned int id, unsigned int limit)
{
	return bound((struct bc_cpu){ .id = id, .flags = BC_CPU_LIMIT, .limit = limit });
}

int bc_cpu_units(unsigned int id, unsigned int units)
{
	return bound((struct bc_cpu){ .id = id, .flags = BC_CPU_UNITS, .units = units });
}

int bc_cpu_cpus(unsigned int id, unsigned int cpus)
{
	return bound((struct bc_cpu){ .id = id, .flags = BC_CPU_CPUS, .cpus = cpus });
}

int bc_cpu_class(unsigned int id, unsigned int class)
{
	return bound((struct bc_cpu){ .id = id, .flags = BC_CPU_CLASS, .cpuclass = class });
}

int bc_cpu_read(unsigned int id, struct bc_cpu_use *use)
{
	static const char format[] = "Version: 1.0\n"
				     " used %lld\n user %lld\n nice %lld\n system %lld\n"
				     " waited %lld\n longest_wait %lld\n switches %lld\n"
				     " preempted %lld\n"
				     " limit %lld\n limit_reached %lld\n owed %lld\n"
				     " forgiven %lld\n held %lld\n"
				     " longest_hold %lld\n holds %lld\n held_now %lld\n"
				     " units %lld\n cpus %lld\n share_held %lld\n"
				     " share_longest_hold %lld\n share_holds %lld\n"
				     " share_held_now %lld\n cpuclass %lld\n"
				     " cpu used waited longest_wait switches preempted\n%n";
	static char text[65536];
	char path[64], *at;
	long long used;
	int n;

	snprintf(path, sizeof(path), "/proc/bc/%u/cpu", id);
	n = (int)bc_slurp(path, text, sizeof(text));
	if (n < 0)
		return n;
	n = 0;
	*use = (struct bc_cpu_use){};
	if (sscanf(text, format, &use->used, &use->user, &use->nice, &use->system, &use->waited,
		   &use->longest, &use->switches, &use->preempted, &use->limit, &use->limit_reached,
		   &use->owed, &use->forgiven, &use->held, &use->longest_hold, &use->holds,
		   &use->held_now, &use->units, &use->cpus, &use->share_held,
		   &use->share_longest_hold, &use->share_holds, &use->share_held_now,
		   &use->cpuclass, &n) != 23 ||
	    !n)
		return -EBADMSG;
	for (at = text + n; *at; at += n) {
		n = 0;
		if (sscanf(at, "%*u %lld %*u %*u %*u %*u\n%n", &used, &n) != 1 || !n)
			return -EBADMSG;
		use->used_of_cpus += used;
	}
	return 0;
}

int bc_cpu_online(int cpu, bool online)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "/sys/devices/system/cpu/cpu%d", cpu);
	return bc_cgroup_put(dir, "online", online ? "1" : "0");
}

static long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

long long bc_cpu_own(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

long long bc_cpu_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void bc_cpu_burn(long long ns)
{
	long long end = bc_cpu_own() + ns;
	volatile int i;

	while (bc_cpu_own() < end)
		for (i = 0; i < 50000; i++)
			;
}
