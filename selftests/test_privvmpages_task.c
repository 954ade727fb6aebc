// SPDX-License-Identifier: GPL-2.0
/*
 * privvmpages and the life of processes: fork's copy, exec, vfork, namespaces,
 * death in the middle of it all.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)

FIXTURE(task)
{
	struct bc_box box;
};

FIXTURE_SETUP(task)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_PRIVVMPAGES));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(task)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int set_limit(struct bc_box *box, int64_t barrier, int64_t limit)
{
	return bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)barrier, (uint64_t)limit);
}

static char *map_pages(unsigned long n)
{
	void *p = mmap(NULL, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Two attempts; shm[0], shm[1]: errno or 0. Children stay. */
static int fork_two(struct bc_box *box)
{
	int i;

	BOX_CHECK(map_pages(500));
	for (i = 0; i < 2; i++) {
		pid_t pid;

		BOX_CHECK(!bc_box_ready(box));
		pid = fork();
		if (!pid)
			bc_box_stay();
		box->shm[i] = pid < 0 ? errno : 0;
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(task, fork_needs_room_for_the_copy)
{
	struct bc_box *box = &self->box;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, fork_two));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	EXPECT_LT(500, held);
	ASSERT_EQ(0, set_limit(box, 2 * held - 1, 4 * held));
	ASSERT_EQ(0, bc_clear(box->id));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_ROW(box->id, BC_PRIVVMPAGES, held, held, 1);
	EXPECT_EQ(1, bc_held(box->id, BC_NUMPROC));
	EXPECT_RECORDED(box->id, BC_PRIVVMPAGES, ENOMEM);
	ASSERT_EQ(0, set_limit(box, 2 * held, 2 * held));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_ROW(box->id, BC_PRIVVMPAGES, 2 * held, 2 * held, 1);
	EXPECT_EQ(2, bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PRIVVMPAGES, 0));
}

static int hold(struct bc_box *box)
{
	BOX_CHECK(map_pages(300));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static int first_task(struct bc_box *box)
{
	box->shm[0] = !map_pages(1);
	box->shm[1] = errno;
	box->shm[2] = fork();
	box->shm[3] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The copy that the host makes for the first task is counted, not refused. */
TEST_F(task, first_task_begins_above_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;

	ASSERT_EQ(0, set_limit(box, 3, 3));
	ASSERT_EQ(0, bc_box_start(box, first_task));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, box->shm[0]);
	EXPECT_EQ(ENOMEM, box->shm[1]);
	EXPECT_EQ(-1, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(1, truth.tasks);
	EXPECT_LT(3, truth.pages);
	EXPECT_EQ(truth.pages, bc_held(box->id, BC_PRIVVMPAGES));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMPROC));
}

/* exec: a new image while the old one is still there; then only the new one */
static int exec_sleep(struct bc_box *box)
{
	BOX_CHECK(map_pages(1000));
	BOX_CHECK(!bc_box_ready(box));
	execl("/bin/sleep", "sleep", "1000", NULL);
	box->shm[0] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 7;
}

TEST_F(task, exec_may_pass_the_barrier)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	uint64_t end;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, exec_sleep));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, set_limit(box, held, held + 1000));
	ASSERT_EQ(0, bc_box_go(box));
	/* The pipes close on exec. */
	ASSERT_EQ(-EPIPE, bc_box_await(box));
	end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	do {
		bc_sleep_ms(50);
		ASSERT_EQ(0, bc_box_truth(box, &truth));
		held = bc_held(box->id, BC_PRIVVMPAGES);
	} while ((truth.pages != held || held > 1000) && bc_now_ms() < end);
	EXPECT_EQ(truth.pages, held);
	EXPECT_GT(1000, held);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* No room for the new stack: the old program is gone already when that shows. */
TEST_F(task, exec_without_room)
{
	struct bc_box *box = &self->box;
	int status;

	ASSERT_EQ(0, bc_box_start(box, exec_sleep));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, set_limit(box, 16, 16));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(-EPIPE, bc_box_await(box));
	status = bc_box_wait(box);
	EXPECT_TRUE(status == 128 + SIGKILL || status == 128 + SIGSEGV)
	TH_LOG("status %d", status);
	EXPECT_RECORDED(box->id, BC_PRIVVMPAGES, ENOMEM);
}

/* Arguments go to the new stack while the old program can still hear of it. */
static int exec_big_arguments(struct bc_box *box)
{
	static char text[64 << 10];
	char *argv[] = { (char *)"true", text, text, text, text, NULL };

	memset(text, 'x', sizeof(text) - 1);
	BOX_CHECK(!bc_box_ready(box));
	execv("/bin/true", argv);
	box->shm[0] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 7;
}

TEST_F(task, exec_arguments_stop_at_the_limit)
{
	struct bc_box *box = &self->box;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, exec_big_arguments));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, set_limit(box, held, held + 32));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_TRUE(box->shm[0] == ENOMEM || box->shm[0] == E2BIG)
	TH_LOG("errno %ld", box->shm[0]);
	EXPECT_EQ(held, bc_held(box->id, BC_PRIVVMPAGES));
	EXPECT_RECORDED(box->id, BC_PRIVVMPAGES, ENOMEM);
	ASSERT_EQ(0, set_limit(box, held, held + 200));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(7, bc_box_wait(box));
}

/* vfork shares, then the child's own image is charged and given back */
static int vfork_exec(struct bc_box *box)
{
	int i, status;

	BOX_CHECK(!bc_box_ready(box));
	for (i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (!pid) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		BOX_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(task, vfork_and_exec_leave_nothing)
{
	struct bc_box *box = &self->box;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, vfork_exec));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PRIVVMPAGES, held));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

/* arg levels down, then page by page. shm[0] pages, shm[1] errno */
static int nested(struct bc_box *box)
{
	long i;

	for (i = 0; i < box->arg; i++)
		BOX_CHECK(!bc_nest(0));
	BOX_CHECK(!bc_box_ready(box));
	while (map_pages(1))
		box->shm[0]++;
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(task, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int64_t held;

	box->arg = 31;
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(32, truth.tasks);
	EXPECT_EQ(truth.pages, held);
	ASSERT_EQ(0, set_limit(box, held + 64, held + 64));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(64, box->shm[0]);
	EXPECT_EQ(ENOMEM, box->shm[1]);
	EXPECT_EQ(held + 64, bc_held(box->id, BC_PRIVVMPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Daemons, other users, other sessions: the same container. */
static int disguises(struct bc_box *box)
{
	if (!fork()) {
		setsid();
		if (!fork()) {
			map_pages(11);
			bc_box_stay();
		}
		bc_drop(0);
	}
	wait(NULL);
	if (!fork()) {
		BOX_CHECK(!setgid(1000) && !setuid(1000));
		map_pages(13);
		bc_box_stay();
	}
	if (!fork()) {
		BOX_CHECK(!unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC));
		map_pages(17);
		box->shm[0] = 1;
		bc_box_stay();
	}
	while (!box->shm[0])
		bc_sleep_ms(5);
	bc_sleep_ms(50);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(task, no_escape_by_disguise)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;

	ASSERT_EQ(0, bc_box_start(box, disguises));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(4, truth.tasks);
	EXPECT_EQ(truth.pages, bc_held(box->id, BC_PRIVVMPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(task, who_enters_from_the_host_is_charged)
{
	struct bc_box *box = &self->box;
	int status;
	int64_t held;
	pid_t pid;

	ASSERT_EQ(0, bc_box_start(box, hold));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		pid_t in;

		if (bc_box_enter(box, CLONE_NEWUSER | CLONE_NEWPID))
			bc_drop(1);
		in = fork();
		if (!in) {
			if (setgid(0) || setuid(0) || prctl(PR_SET_DUMPABLE, 1))
				bc_drop(3);
			box->shm[0] = !!map_pages(100);
			box->shm[1] = bc_nest(0);
			box->shm[2] = !map_pages(100000);
			box->shm[3] = errno;
			bc_drop(0);
		}
		bc_drop(in > 0 && waitpid(in, &status, 0) == in ? status : 2);
	}
	/* Room for the one who enters, not for his wishes. */
	ASSERT_EQ(0, set_limit(box, held + 20000, held + 20000));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, box->shm[0]);
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_EQ(1, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PRIVVMPAGES, held));
}

static void churn(unsigned int seed)
{
	char *p[16] = {};
	unsigned int i;

	for (;; seed = seed * 1103515245 + 12345) {
		i = (seed >> 16) % 16;
		switch ((seed >> 24) % 6) {
		case 0:
		case 1:
			if (!p[i])
				p[i] = map_pages(1 + i);
			break;
		case 2:
			if (p[i])
				munmap(p[i], (1 + i) * PAGE);
			p[i] = NULL;
			break;
		case 3:
			if (p[i])
				mprotect(p[i], PAGE, seed & 1 ? PROT_READ : RW);
			break;
		case 4:
			if (sbrk(((long)(i % 5) - 2) * (long)PAGE) == (void *)-1)
				sched_yield();
			break;
		case 5:
			if (i < 4 && !fork())
				_exit(0);
			waitpid(-1, NULL, WNOHANG);
			break;
		}
	}
}

static int storm(struct bc_box *box)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (!fork())
			churn(i);
	BOX_CHECK(!bc_box_say(box));
	bc_box_stay();
	return 0;
}

TEST_F(task, killed_in_a_storm)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	int64_t limit = 0;
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, bc_box_start(box, storm));
		ASSERT_EQ(0, bc_box_await(box));
		if (!limit)
			limit = bc_held(box->id, BC_PRIVVMPAGES) + 120;
		ASSERT_EQ(0, set_limit(box, limit, limit));
		bc_sleep_ms(300);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_zero(box->id));
		ASSERT_EQ(0, set_limit(box, 1 << 24, 1 << 24));
	}
	ASSERT_EQ(0, bc_row(box->id, BC_PRIVVMPAGES, &row));
	EXPECT_LE((int64_t)row.held, (int64_t)row.maxheld);
}

TEST_HARNESS_MAIN
