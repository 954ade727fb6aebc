// SPDX-License-Identifier: GPL-2.0
/*
 * What a system call costs, in ticks of the time-stamp counter. On a machine
 * with an instruction-count clock (scripts/vm -i) a tick is an instruction and
 * the least of several hundred runs is repeatable to a few parts in a thousand.
 *
 * usage: cost LABEL host|namespaces|container
 * Output: one line for each operation: LABEL WHERE OPERATION LEAST MEDIAN
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bc_box.h"

#define SAMPLES	600
#define WARM_UP 50
#define PAGE	4096
#define FILE_PATH "/tmp/bc-cost"

static const char *label, *where;

static void do_nothing(void)
{
}

static void do_getpid(void)
{
	syscall(SYS_getpid);
}

static void do_open(void)
{
	close(open(FILE_PATH, O_RDONLY));
}

static void do_mmap(void)
{
	void *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 16 * PAGE);
}

static void do_brk(void)
{
	if (sbrk(2 * PAGE) != (void *)-1)
		sbrk(-2 * PAGE);
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*fn)(void);
} ops[] = {
	{ "getpid", do_getpid }, { "open+close", do_open }, { "mmap+munmap", do_mmap },
	{ "brk+brk", do_brk },	 { "fork+exit", do_fork },
};

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sample(void (*fn)(void), uint64_t *least, uint64_t *median)
{
	static uint64_t t[SAMPLES];
	int i;

	for (i = 0; i < WARM_UP; i++)
		fn();
	for (i = 0; i < SAMPLES; i++) {
		uint64_t begin = __rdtsc();

		fn();
		t[i] = __rdtsc() - begin;
	}
	qsort(t, SAMPLES, sizeof(t[0]), by_size);
	*least = t[0];
	*median = t[SAMPLES / 2];
}

static int measure(struct bc_box *box)
{
	uint64_t base, ignored, least, median;
	size_t i;

	(void)box;
	close(open(FILE_PATH, O_RDWR | O_CREAT, 0666));
	sample(do_nothing, &base, &ignored);
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		sample(ops[i].fn, &least, &median);
		printf("%s %s %s %llu %llu\n", label, where, ops[i].name,
		       (unsigned long long)(least - base), (unsigned long long)(median - base));
	}
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct bc_box box;
	int ret;

	if (argc != 3) {
		fprintf(stderr, "usage: cost LABEL host|namespaces|container\n");
		return 2;
	}
	label = argv[1];
	where = argv[2];
	if (!strcmp(where, "host"))
		return measure(NULL);
	ret = bc_box_make(&box);
	if (!strcmp(where, "namespaces")) {
		if (!ret)
			bc_destroy(box.id);
		box.id = 0;
		ret = 0;
	}
	if (!ret)
		ret = bc_box_run(&box, measure);
	if (ret)
		fprintf(stderr, "cost: %s: %s\n", where, ret < 0 ? strerror(-ret) : "failed inside");
	else if (box.id)
		ret = bc_gone(box.id);
	return ret ? 1 : 0;
}
