// SPDX-License-Identifier: GPL-2.0
/*
 * numproc: processes and threads. HARD: refused at the barrier, fork and clone
 * return EAGAIN. Charged to the pid namespace that a task is born in.
 */
#include "lib/bc_test.h"
#include "lib/bc_uring.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

FIXTURE(numproc)
{
	struct bc_box box;
};

FIXTURE_SETUP(numproc)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMPROC));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numproc)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* Sleeping children until the kernel refuses: how many; errno stays. */
static long fork_until_refused(long most)
{
	long n;
	pid_t pid;

	for (n = 0; n < most; n++) {
		pid = fork();
		if (!pid)
			bc_box_stay();
		if (pid < 0)
			break;
	}
	return n;
}

static void reap_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

/* shm[0] forked, shm[1] errno, then waits for the host twice */
static int fork_and_wait(struct bc_box *box)
{
	box->shm[0] = fork_until_refused(box->arg);
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	reap_all();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numproc, counted)
{
	struct bc_truth truth;

	self->box.arg = 5;
	ASSERT_EQ(0, bc_box_start(&self->box, fork_and_wait));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(5, self->box.shm[0]);
	EXPECT_ROW(self->box.id, BC_NUMPROC, 6, 6, 0);
	ASSERT_EQ(0, bc_box_truth(&self->box, &truth));
	EXPECT_EQ(6, truth.tasks);
	ASSERT_EQ(0, bc_box_go(&self->box));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_ROW(self->box.id, BC_NUMPROC, 1, 6, 0);
	ASSERT_EQ(0, bc_box_go(&self->box));
	EXPECT_EQ(0, bc_box_wait(&self->box));
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMPROC, 0));
}

/* barrier, limit: a HARD charge obeys whichever is lower */
TEST_F(numproc, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ 12, 12, 12 },
		{ 6, 12, 6 },
		{ 12, 6, 6 },
		{ 2, 2, 2 },
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, bounds[i][0], bounds[i][1]));
		box->arg = 100;
		ASSERT_EQ(0, bc_box_start(box, fork_and_wait));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ((long)bounds[i][2] - 1, box->shm[0]);
		EXPECT_EQ(EAGAIN, box->shm[1]);
		EXPECT_ROW(box->id, BC_NUMPROC, bounds[i][2], bounds[i][2], 1);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	}
}

/* The host's own first task is counted, not refused; it can do nothing then. */
TEST_F(numproc, limit_zero_allows_no_child)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 0, 0));
	box->arg = 3;
	ASSERT_EQ(0, bc_box_start(box, fork_and_wait));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMPROC, 1, 1, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Limits are live: raised below a waiting container, lowered below what is held. */
static int fork_twice(struct bc_box *box)
{
	box->shm[0] = fork_until_refused(100);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] += fork_until_refused(100);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[1] = fork_until_refused(100);
	box->shm[2] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numproc, limits_change_live)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 5, 5));
	ASSERT_EQ(0, bc_box_start(box, fork_twice));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(4, box->shm[0]);
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 9, 9));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(8, box->shm[0]);
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 3, 3));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_EQ(EAGAIN, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMPROC, 9, 9, 3);
}

#define THREADS 8

static int try_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		bc_box_stay();
	return pid < 0 ? -errno : 0;
}

static int race(struct bc_box *box)
{
	box->shm[3] = EAGAIN;
	return bc_race(box, THREADS, try_fork) ? 1 : 0;
}

TEST_F(numproc, threads_race_to_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 60, 60));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(60 - 1 - THREADS, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMPROC, 60, 60, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int zombies(struct bc_box *box)
{
	int i;

	for (i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid)
			bc_drop(0);
		BOX_CHECK(pid > 0);
	}
	BOX_CHECK(!bc_box_ready(box));
	reap_all();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numproc, zombies_count_until_reaped)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, zombies));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(4, bc_held(box->id, BC_NUMPROC));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMPROC));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

static pid_t vfork_and_exit(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

/* Fork, exit, vfork without end, until the container is killed. */
static int bomb(struct bc_box *box)
{
	int i;

	for (i = 0; i < 6; i++)
		if (!fork())
			break;
	if (i == 6) {
		BOX_CHECK(!bc_box_say(box));
		bc_box_stay();
	}
	for (;;) {
		pid_t pid = i % 2 ? fork() : vfork_and_exit();

		if (!pid)
			_exit(0);
		if (pid > 0 && i > 1)
			waitpid(pid, NULL, 0);
		while (i <= 1 && waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

TEST_F(numproc, killed_in_a_storm)
{
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 10, 10));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, bc_box_start(box, bomb));
		ASSERT_EQ(0, bc_box_await(box));
		bc_sleep_ms(200);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	}
}

/* 31 user and pid namespaces below the container's: as deep as the kernel goes. */
static int nest_and_fork(struct bc_box *box)
{
	long i;

	for (i = 0; i < box->arg; i++) {
		int err = bc_nest(0);

		if (err)
			fprintf(stderr, "# level %ld: %s\n", i, strerror(-err));
		BOX_CHECK(!err);
	}
	box->shm[0] = fork_until_refused(200);
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numproc, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	box->arg = 31;
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 50, 50));
	ASSERT_EQ(0, bc_box_start(box, nest_and_fork));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(50 - 1 - 31, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMPROC, 50, 50, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A sibling joins a nested namespace by setns and forks there. */
static int join_nested(struct bc_box *box)
{
	char self[16] = "";
	int pidfd;

	if (!fork()) {
		BOX_CHECK(!bc_nest(0));
		BOX_CHECK(readlink("/proc/self", self, sizeof(self) - 1) > 0);
		box->shm[5] = atoi(self);
		bc_box_stay();
	}
	while (!box->shm[5])
		bc_sleep_ms(5);
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)box->shm[5], 0);
	BOX_CHECK(pidfd >= 0);
	if (!fork()) {
		BOX_CHECK(!syscall(SYS_setns, pidfd, CLONE_NEWUSER | CLONE_NEWPID));
		box->shm[0] = fork_until_refused(100);
		box->shm[1] = errno;
		BOX_CHECK(!bc_box_ready(box));
	}
	bc_box_stay();
	return 0;
}

TEST_F(numproc, no_escape_by_setns_inside)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 20, 20));
	ASSERT_EQ(0, bc_box_start(box, join_nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(20 - 4, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_EQ(20, bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

#define VISITORS 5

/* The admin always gets in, and is counted; what he starts inside is the container's. */
static void visit(struct bc_box *box)
{
	int i;

	if (bc_box_enter(box, CLONE_NEWUSER | CLONE_NEWPID))
		bc_drop(1);
	for (i = 0; i < VISITORS; i++) {
		pid_t pid = fork();

		if (!pid && !i) {
			box->shm[1] = fork_until_refused(100);
			box->shm[2] = errno;
			box->shm[3] = 1;
		}
		if (!pid)
			bc_box_stay();
		box->shm[0] += pid > 0;
	}
	bc_drop(0);
}

TEST_F(numproc, who_enters_from_the_host_is_counted)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 3, 3));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		visit(box);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(VISITORS, box->shm[0]);
	while (!box->shm[3] && !box->shm[BC_SHM_FAILED])
		bc_sleep_ms(5);
	EXPECT_GE(2, box->shm[1]);
	EXPECT_EQ(EAGAIN, box->shm[2]);
	EXPECT_EQ(1 + VISITORS + box->shm[1], bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static void *exec_sleep(void *unused)
{
	execl("/bin/sleep", "sleep", "1000", NULL);
	return unused;
}

static void *idle(void *unused)
{
	bc_box_stay();
	return unused;
}

/* A thread that is not the leader executes a program: the others go. */
static int exec_from_thread(struct bc_box *box)
{
	pthread_t t;
	int i;

	for (i = 0; i < 4; i++)
		BOX_CHECK(!pthread_create(&t, NULL, idle, NULL));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!pthread_create(&t, NULL, exec_sleep, NULL));
	pthread_join(t, NULL);
	return 1;
}

TEST_F(numproc, exec_keeps_the_charge)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, exec_from_thread));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(5, bc_held(box->id, BC_NUMPROC));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 1));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* The way of a daemon: fork, setsid, fork, parents gone. */
static int daemonize(struct bc_box *box)
{
	pid_t pid = fork();

	if (!pid) {
		BOX_CHECK(setsid() > 0);
		if (fork())
			bc_drop(0);
		box->shm[0] = fork_until_refused(100);
		box->shm[1] = errno;
		BOX_CHECK(!bc_box_ready(box));
		bc_box_stay();
	}
	waitpid(pid, NULL, 0);
	bc_box_stay();
	return 0;
}

TEST_F(numproc, no_escape_by_double_fork)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 10, 10));
	ASSERT_EQ(0, bc_box_start(box, daemonize));
	ASSERT_EQ(0, bc_box_await(box));
	/* The middle one may be a zombie still when the first fork is refused. */
	EXPECT_LE(7, box->shm[0]);
	EXPECT_GE(8, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 2 + box->shm[0]));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
