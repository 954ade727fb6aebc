// SPDX-License-Identifier: GPL-2.0
/*
 * How exactly processor time is shared and limited: busy tasks in containers, and what they
 * used in each second, as their cgroup counts it in both cases.
 *
 *   cpu gate|cgroup SECONDS WEIGHT:TASKS[:PERCENT]...
 *
 * gate: fairsched.ko; cgroup: cpu.weight (a tenth of WEIGHT) and cpu.max of the same cgroups. For
 * each container prints: mode, weight, tasks, limit, what it is due, what it got (both in percent of one
 * processor), the worst error over 1 s and over 5 s, in percent of what it is due; of a share, of
 * what all of them got in that time. Then the mode, "idle", and the part of all processors that was
 * not used, in percent.
 */
#define _GNU_SOURCE
#include <beanpod/beancounter.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ID	2000000002U
#define LONGEST 600
#define MOST	32

static struct container {
	double weight, limit, due; /* of one processor */
	int tasks;
	pid_t pid;
	char cgroup[64];
	double use[LONGEST + 1];
} list[MOST];
static int count;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static double used(const struct container *c)
{
	char path[128], text[1024] = "", *at;
	int fd;

	snprintf(path, sizeof(path), "%s/cpu.stat", c->cgroup);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		exit(1);
	close(fd);
	at = strstr(text, "usage_usec ");
	return at ? strtod(at + 11, NULL) / 1e6 : 0;
}

/* Busy tasks of a container in its cgroup, that die with us. */
static pid_t start(unsigned int id, const struct container *c)
{
	struct bc_arm arm = { sizeof(arm), id, 0, 0 };
	int dev, tasks = c->tasks;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	put(c->cgroup, "cgroup.procs", "0");
	dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC); /* an arming is the open file's: one each */
	if (ioctl(dev, BC_IOC_ARM, &arm) || unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		perror("start a container");
		_exit(1);
	}
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (--tasks > 0 && fork())
			;
		for (;;)
			;
	}
	wait(NULL);
	_exit(0);
}

/* What each is due: by weight, up to what it can use. */
static void fill(double processors)
{
	bool full[MOST] = {};
	double left = processors;

	for (;;) {
		double weights = 0;
		bool again = false;

		for (int i = 0; i < count; i++)
			weights += full[i] ? 0 : list[i].weight;
		for (int i = 0; i < count; i++) {
			struct container *c = &list[i];
			double most = fmin(c->tasks, processors);

			if (c->limit)
				most = fmin(most, c->limit);
			if (full[i] || left * c->weight / weights < most)
				continue;
			c->due = most;
			full[i] = again = true;
			left -= most;
			break;
		}
		if (again)
			continue;
		for (int i = 0; i < count; i++)
			if (!full[i])
				list[i].due = left * list[i].weight / weights;
		return;
	}
}

/* What all got, of what they are due together. A limit is due whatever the others get. */
static double there_was(int from, int to, double time)
{
	double all = 0, due = 0;

	for (int i = 0; i < count; i++) {
		if (list[i].limit)
			return 1;
		all += list[i].use[to] - list[i].use[from];
		due += list[i].due * time;
	}
	return all / due;
}

/* The worst error of windows of @width seconds that follow each other. */
static double worst(const struct container *c, const double *at, int n, int width)
{
	double most = 0;

	for (int i = 0; i + width <= n; i += width) {
		double time = at[i + width] - at[i];
		double due = c->due * time * there_was(i, i + width, time);

		most = fmax(most, fabs(c->use[i + width] - c->use[i] - due) / due * 100);
	}
	return most;
}

static void measure(const char *mode, int seconds, double processors)
{
	static double at[LONGEST + 1];
	double begin, all = 0, due = 0;

	/* all are there; then what the start has left behind settles */
	for (int j = 0; j < count; j++)
		while (used(&list[j]) < 0.02) {
			if (waitpid(list[j].pid, NULL, WNOHANG))
				exit(1);
			usleep(20000);
		}
	sleep(2);
	begin = now();
	for (int i = 0; i <= seconds; i++) {
		double wait = begin + i - now();

		if (wait > 0)
			usleep(wait * 1e6);
		for (int j = 0; j < count; j++)
			list[j].use[i] = used(&list[j]);
		at[i] = now();
	}
	for (int j = 0; j < count; j++) {
		struct container *c = &list[j];
		double got = (c->use[seconds] - c->use[0]) / (at[seconds] - at[0]);

		printf("%s %g %d %g %.2f %.3f %.2f %.2f\n", mode, c->weight, c->tasks,
		       c->limit * 100, c->due * 100, got * 100, worst(c, at, seconds, 1),
		       worst(c, at, seconds, 5));
		all += got;
		due += c->due;
	}
	printf("%s idle %.2f\n", mode, (due - all) / processors * 100);
}

static void make(const char *mode, int dev, int i)
{
	struct bc_create create = { sizeof(create), ID + i, 0, 0 };
	struct container *c = &list[i];
	struct bc_cpu cpu = {
		.size = sizeof(cpu),
		.id = ID + i,
		.flags = BC_CPU_LIMIT | BC_CPU_UNITS,
		.limit = c->limit * 10000,
		.units = c->weight,
	};
	char text[64];

	snprintf(c->cgroup, sizeof(c->cgroup), "/sys/fs/cgroup/bench-cpu-%d", i);
	if (ioctl(dev, BC_IOC_CREATE, &create) || mkdir(c->cgroup, 0755)) {
		perror(c->cgroup);
		exit(1);
	}
	if (!strcmp(mode, "gate")) {
		if (ioctl(dev, BC_IOC_CPU, &cpu)) {
			perror("BC_IOC_CPU");
			exit(1);
		}
		return;
	}
	snprintf(text, sizeof(text), "%d", (int)fmin(fmax(c->weight / 10, 1), 10000));
	put(c->cgroup, "cpu.weight", text);
	if (c->limit) {
		snprintf(text, sizeof(text), "%d 100000", (int)(c->limit * 100000));
		put(c->cgroup, "cpu.max", text);
	}
}

static void unmake(int dev, int i)
{
	struct bc_destroy destroy = { sizeof(destroy), ID + i, 0, 0 };
	struct container *c = &list[i];

	put(c->cgroup, "cgroup.kill", "1");
	waitpid(c->pid, NULL, 0);
	while (ioctl(dev, BC_IOC_DESTROY, &destroy))
		usleep(1000);
	while (rmdir(c->cgroup))
		usleep(1000);
}

int main(int argc, char **argv)
{
	int seconds, dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	double processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (argc < 4 || argc > MOST + 3)
		return fprintf(stderr,
			       "usage: cpu gate|cgroup SECONDS WEIGHT:TASKS[:PERCENT]...\n"),
		       2;
	seconds = atoi(argv[2]);
	if (dev < 0 || seconds > LONGEST)
		return perror(BC_DEVICE), 1;
	for (count = 0; count < argc - 3; count++) {
		struct container *c = &list[count];

		if (sscanf(argv[count + 3], "%lf:%d:%lf", &c->weight, &c->tasks, &c->limit) < 2)
			return fprintf(stderr, "%s: not WEIGHT:TASKS[:PERCENT]\n", argv[count + 3]),
			       2;
		c->limit /= 100;
	}
	fill(processors);
	put("/sys/fs/cgroup", "cgroup.subtree_control", strcmp(argv[1], "gate") ? "+cpu" : "-cpu");
	for (int i = 0; i < count; i++)
		make(argv[1], dev, i);
	for (int i = 0; i < count; i++)
		list[i].pid = start(ID + i, &list[i]);
	measure(argv[1], seconds, processors);
	for (int i = 0; i < count; i++)
		unmake(dev, i);
	return 0;
}
