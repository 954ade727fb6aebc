// SPDX-License-Identifier: GPL-2.0
#include "bc_hogs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile long *handled;

static void handler(int signal)
{
	++*handled;
}

int bc_hogs(struct bc_box *box)
{
	long i, me = 0;

	handled = &box->shm[HANDLED];
	signal(SIGUSR1, handler);
	for (i = 1; i < box->arg && !me; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			fprintf(stderr, "# in the container: fork: errno %d\n", errno);
			box->shm[BC_SHM_FAILED] = 1;
			return 119;
		}
		if (!pid)
			me = i;
	}
	if (!me)
		bc_box_say(box);
	for (;;)
		box->shm[STEPS + me]++;
	return 0;
}

int bc_start_with(struct bc_box *box, bc_box_fn fn, long arg)
{
	int ret;

	box->arg = arg;
	ret = bc_box_start(box, fn);
	return ret ? ret : bc_box_await(box);
}

int bc_wait_steps(struct bc_box *box, long n)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	long i, before[32];

	for (i = 0; i < n; i++)
		before[i] = box->shm[STEPS + i];
	for (i = 0; i < n;) {
		if (box->shm[STEPS + i] != before[i]) {
			i++;
			continue;
		}
		if (bc_now_ms() > end) {
			fprintf(stderr, "# task %ld of %u stands still\n", i, box->id);
			return -ETIMEDOUT;
		}
		bc_sleep_ms(2);
	}
	return 0;
}
