// SPDX-License-Identifier: GPL-2.0
/*
 * What a context switch costs, in instructions: two tasks on one processor that yield to
 * each other, or answer each other through pipes.
 *
 * For a machine with an instruction-count clock (scripts/vm -i), where the time stamp
 * counter ticks once an instruction. Prints a line for each: name, lowest and median
 * count of the rounds.
 *
 *   switch host		two tasks of the host
 *   switch beside	two tasks of the host, beside a container that sleeps
 *   switch container	two tasks of a container
 */
#define _GNU_SOURCE
#include <beanpod/beancounter.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS 400
#define WARMUP 50
#define BATCH  16 /* in one measurement, so that rdtsc and ticks weigh little */
#define ID     2000000001U

static int there[2], back[2];

static void do_yield(void)
{
	sched_yield();
}

static void yield_for_ever(void)
{
	for (;;)
		sched_yield();
}

static void do_ping(void)
{
	char c = 0;

	if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
		exit(1);
}

static void pong_for_ever(void)
{
	char c;

	while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
		;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const char *name, void (*step)(void), void (*partner)(void))
{
	static uint64_t count[ROUNDS];
	pid_t pid = fork();

	if (!pid) {
		partner();
		_exit(0);
	}
	for (int i = -WARMUP; i < ROUNDS; i++) {
		uint64_t begin = __rdtsc();

		for (int j = 0; j < BATCH; j++)
			step();
		if (i >= 0)
			count[i] = (__rdtsc() - begin) / BATCH;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	qsort(count, ROUNDS, sizeof(*count), compare);
	printf("%s %lu %lu\n", name, count[0], count[ROUNDS / 2]);
}

static int measure_all(void)
{
	if (pipe(there) || pipe(back))
		return perror("pipe"), 1;
	measure("yield", do_yield, yield_for_ever);
	measure("pipe", do_ping, pong_for_ever);
	return fflush(stdout) != 0;
}

static int sleep_for_ever(void)
{
	while (pause())
		;
	return 0;
}

/* The first task of a container runs @work and dies with its parent; whose pid, or -1. */
static pid_t contain(int dev, int (*work)(void))
{
	struct bc_arm arm = { sizeof(arm), ID, 0, 0 };
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid)
		return close(ready[1]), read(ready[0], &c, 1) == 1 ? pid : -1;
	if (ioctl(dev, BC_IOC_ARM, &arm) || unshare(CLONE_NEWUSER | CLONE_NEWPID))
		_exit(1);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(work());
	}
	waitpid(pid, NULL, 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct bc_create create = { sizeof(create), ID, 0, 0 };
	struct bc_destroy destroy = { sizeof(destroy), ID, 0, 0 };
	const char *what = argc == 2 ? argv[1] : "";
	int dev, ret = 0;
	pid_t pid;

	if (!strcmp(what, "host"))
		return measure_all();
	if (strcmp(what, "beside") && strcmp(what, "container"))
		return fprintf(stderr, "usage: switch host|beside|container\n"), 2;
	dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	if (dev < 0 || ioctl(dev, BC_IOC_CREATE, &create))
		return perror(BC_DEVICE), 1;
	pid = contain(dev, *what == 'b' ? sleep_for_ever : measure_all);
	if (pid < 0)
		return perror("container"), 1;
	if (*what == 'b') {
		ret = measure_all();
		kill(pid, SIGKILL);
	}
	waitpid(pid, NULL, 0);
	while (ioctl(dev, BC_IOC_DESTROY, &destroy))
		usleep(1000);
	return ret;
}
