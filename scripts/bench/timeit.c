// SPDX-License-Identifier: GPL-2.0
/*
 * timeit NAME N COMMAND...: run a command N times and once before, and print
 * minimum, median and maximum from fork to reap. On an instruction-count clock a
 * nanosecond is an instruction.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static int run_once(char **argv, long long *took)
{
	long long begin = now_ns();
	pid_t pid = fork();
	int status = 0, fd;

	if (!pid) {
		fd = open("/dev/null", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 1);
		if (!getenv("TIMEIT_STDERR"))
			dup2(fd, 2);
		close(fd);
		execvp(*argv, argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	*took = now_ns() - begin;
	return status;
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[2]) : 0, failed = 0;
	long long *took = calloc(n > 0 ? n : 1, sizeof(*took)), warm_up;

	if (n < 1 || !took) {
		fprintf(stderr, "usage: timeit NAME N COMMAND...\n");
		return 2;
	}
	run_once(argv + 3, &warm_up);
	for (int i = 0; i < n; i++)
		failed += !!run_once(argv + 3, &took[i]);
	qsort(took, n, sizeof(*took), ascending);
	printf("%-34s %10.1f %10.1f %10.1f %6d\n", argv[1], took[0] / 1e3, took[n / 2] / 1e3,
	       took[n - 1] / 1e3, failed);
	return !!failed;
}
