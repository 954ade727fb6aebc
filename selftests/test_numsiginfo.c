// SPDX-License-Identifier: GPL-2.0
/*
 * numsiginfo: queued signals and POSIX timers. HARD for what a program asks for:
 * EAGAIN at the barrier. Signals that the kernel makes are never refused.
 */
#include "lib/bc_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define THREADS 8

FIXTURE(numsiginfo)
{
	struct bc_box box;
};

FIXTURE_SETUP(numsiginfo)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMSIGINFO));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numsiginfo)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMSIGINFO, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int try_queue_to(pid_t pid)
{
	union sigval value = { .sival_int = 7 };

	return sigqueue(pid, SIGRTMIN + 1, value) ? -errno : 0;
}

static int try_queue(void)
{
	return try_queue_to(getpid());
}

static long queue_until_refused(pid_t pid)
{
	long n;

	for (n = 0; n < 1000 && !try_queue_to(pid); n++)
		;
	return n;
}

/* Take a pending signal of this number: its si_code, or -1000 if there is none. */
static int take(int sig, siginfo_t *info)
{
	const struct timespec now = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, info, &now) < 0 ? -1000 : info->si_code;
}

static int queue_and_wait(struct bc_box *box)
{
	siginfo_t info;

	block_all();
	box->shm[0] = queue_until_refused(getpid());
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	box->shm[2] = 0;
	while (take(SIGRTMIN + 1, &info) == SI_QUEUE && info.si_value.sival_int == 7)
		box->shm[2]++;
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(queue_until_refused(getpid()) == box->shm[0]);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numsiginfo, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ 50, 50, 50 }, { 20, 50, 20 }, { 50, 20, 20 }, { 0, 9, 0 }
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		const long n = (long)bounds[i][2];

		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, bounds[i][0], bounds[i][1]));
		ASSERT_EQ(0, bc_trace_begin());
		ASSERT_EQ(0, bc_box_start(box, queue_and_wait));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(n, box->shm[0]);
		EXPECT_EQ(EAGAIN, box->shm[1]);
		EXPECT_ROW(box->id, BC_NUMSIGINFO, n, n, 1);
		EXPECT_RECORDED(box->id, BC_NUMSIGINFO, EAGAIN);
		EXPECT_EQ(1, bc_trace_end(box->id, "numsiginfo", NULL));
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(n, box->shm[2]);
		EXPECT_EQ(0, bc_held(box->id, BC_NUMSIGINFO));
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(n, bc_held(box->id, BC_NUMSIGINFO));
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMSIGINFO, 0));
	}
}

static int race(struct bc_box *box)
{
	block_all();
	box->shm[3] = EAGAIN;
	return bc_race(box, THREADS, try_queue) ? 1 : 0;
}

TEST_F(numsiginfo, threads_race_to_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 300, 300));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(300, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 300, 300, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* With nothing left: SIGCHLD and kill(2) arrive whole, a real-time one by kill(2) bare. */
static int at_the_limit(struct bc_box *box)
{
	siginfo_t info = {};
	pid_t pid;

	block_all();
	BOX_CHECK(queue_until_refused(getpid()) == 4);
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid)
		bc_drop(9);
	BOX_CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	BOX_CHECK(!kill(getpid(), SIGUSR1));
	BOX_CHECK(!bc_box_ready(box));
	memset(&info, 0, sizeof(info));
	box->shm[0] = take(SIGCHLD, &info);
	box->shm[1] = info.si_pid == pid && info.si_status == 9;
	box->shm[2] = take(SIGUSR1, &info);
	box->shm[3] = info.si_pid;
	BOX_CHECK(waitpid(pid, NULL, 0) == pid);
	BOX_CHECK(!kill(getpid(), SIGRTMIN + 2));
	memset(&info, 0, sizeof(info));
	box->shm[4] = take(SIGRTMIN + 2, &info);
	box->shm[5] = info.si_pid;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numsiginfo, the_kernel_is_never_refused)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 4, 4));
	ASSERT_EQ(0, bc_box_start(box, at_the_limit));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 6, 6, 1);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(CLD_EXITED, box->shm[0]);
	EXPECT_EQ(1, box->shm[1]);
	EXPECT_EQ(SI_USER, box->shm[2]);
	EXPECT_EQ(1, box->shm[3]);
	EXPECT_EQ(SI_USER, box->shm[4]);
	EXPECT_EQ(0, box->shm[5]);
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 4, 6, 2);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A timer keeps an entry ready for its signal. */
static int timers(struct bc_box *box)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	siginfo_t info;
	timer_t timer, first;
	sigset_t set;

	block_all();
	BOX_CHECK(!timer_create(CLOCK_MONOTONIC, &event, &first));
	for (box->shm[0] = 1; !timer_create(CLOCK_MONOTONIC, &event, &timer); box->shm[0]++)
		;
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!timer_settime(first, 0, &soon, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	BOX_CHECK(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_code == SI_TIMER);
	BOX_CHECK(!timer_delete(first));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numsiginfo, timers_count)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 12, 12));
	ASSERT_EQ(0, bc_box_start(box, timers));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(12, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 12, 12, 1);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMSIGINFO, 11));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

/* Signals wait for a task deep below, for one that has become another program, for a zombie. */
static int elsewhere(struct bc_box *box)
{
	pid_t pid;

	block_all();
	BOX_CHECK(!try_queue());
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid) {
		if (bc_nest(0) || try_queue() || try_queue())
			bc_drop(1);
		execl("/bin/sleep", "sleep", "1000", NULL);
		bc_drop(2);
	}
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid) {
		if (try_queue())
			bc_drop(1);
		bc_drop(0);
	}
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(waitpid(pid, NULL, 0) == pid);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] = queue_until_refused(getpid());
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numsiginfo, no_escape_by_nesting_or_exec)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 10, 10));
	ASSERT_EQ(0, bc_box_start(box, elsewhere));
	ASSERT_EQ(0, bc_box_await(box));
	/* 1 here, 2 of the one below, 1 of the child and the SIGCHLD about it */
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMSIGINFO, 5));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMSIGINFO, 4));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(6, box->shm[0]);
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 10, 10, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* It is the account of who is sent to. */
static int target(struct bc_box *box)
{
	block_all();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numsiginfo, from_outside)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 5, 5));
	ASSERT_EQ(0, bc_box_start(box, target));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(5, queue_until_refused(box->pid));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_ROW(box->id, BC_NUMSIGINFO, 5, 5, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Four that flood each other and take what they get, until they are killed. */
static int flood(struct bc_box *box)
{
	siginfo_t info;
	int i, n;

	block_all();
	for (i = 0; i < 4; i++)
		if (!fork())
			break;
	if (i == 4) {
		BOX_CHECK(!bc_box_say(box));
		bc_box_stay();
	}
	for (;;) {
		for (n = 1; n < 7; n++)
			queue_until_refused(n);
		kill(-1, SIGUSR1);
		if (!fork())
			bc_drop(0);
		while (take(SIGRTMIN + 1, &info) == SI_QUEUE)
			;
		waitpid(-1, NULL, WNOHANG);
	}
}

TEST_F(numsiginfo, killed_in_a_flood)
{
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 20, 20));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMSIGINFO, 40, 40));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_start(box, flood));
		ASSERT_EQ(0, bc_box_await(box));
		bc_sleep_ms(200);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMSIGINFO, 0));
	}
}

TEST_HARNESS_MAIN
