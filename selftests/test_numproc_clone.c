// SPDX-License-Identifier: GPL-2.0
/*
 * numproc: every way to make a task is counted and refused alike, and what the
 * module tells about it.
 */
#include "lib/bc_test.h"
#include "lib/bc_uring.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

FIXTURE(clone)
{
	struct bc_box box;
};

FIXTURE_SETUP(clone)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMPROC));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(clone)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int child_stays(void *unused)
{
	(void)unused;
	bc_box_stay();
	return 0;
}

static void *thread_stays(void *unused)
{
	bc_box_stay();
	return unused;
}

static char stacks[16][16384] __attribute__((aligned(16)));

static int by_flags(int flags, int n)
{
	return clone(child_stays, stacks[n] + sizeof(stacks[n]), flags, NULL) < 0 ? errno : 0;
}

static int by_thread(int n)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stacks[n], sizeof(stacks[n]));
	/* glibc unmaps nothing of a stack that is not its own */
	return pthread_create(&t, &attr, thread_stays, NULL);
}

static int by_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int by_clone3(uint64_t flags, int cgroup)
{
	pid_t pid = bc_clone(flags, cgroup);

	if (!pid)
		bc_box_stay();
	return pid < 0 ? -pid : 0;
}

#define KINDS 9

/* The errno of each kind. A vforked child is gone when vfork() returns. */
static void try_all_kinds(volatile long *err)
{
	err[0] = by_flags(SIGCHLD, 0);
	err[1] = by_flags(CLONE_VM | SIGCHLD, 1);
	err[2] = by_flags(CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD, 2);
	err[3] = by_thread(3);
	err[4] = by_vfork();
	err[5] = by_flags(CLONE_NEWPID | SIGCHLD, 5);
	err[6] = by_flags(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 6);
	err[7] = by_clone3(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC, 0);
	err[8] = by_flags(CLONE_PTRACE | CLONE_UNTRACED | SIGCHLD, 8);
}

static int all_kinds(struct bc_box *box)
{
	try_all_kinds(box->shm);
	BOX_CHECK(!bc_box_ready(box));
	try_all_kinds(box->shm + 100);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(clone, every_kind_is_counted_and_refused)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int i;

	ASSERT_EQ(0, bc_box_start(box, all_kinds));
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < KINDS; i++) {
		EXPECT_EQ(0, box->shm[i])
		TH_LOG("kind %d", i);
	}
	/* All but the vforked one live; that one is a zombie. */
	EXPECT_EQ(1 + KINDS, bc_held(box->id, BC_NUMPROC));
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(1 + KINDS, truth.tasks);
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 1 + KINDS, 1 + KINDS));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < KINDS; i++) {
		EXPECT_EQ(EAGAIN, box->shm[100 + i])
		TH_LOG("kind %d", i);
	}
	EXPECT_ROW(box->id, BC_NUMPROC, 1 + KINDS, 1 + KINDS, KINDS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int own(const char *dir, const char *file, uid_t uid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return chown(path, uid, uid) ? -errno : 0;
}

/* shm[0] started, shm[1] errno */
static int into_cgroup(struct bc_box *box)
{
	int err, dir = (int)box->arg;

	while (!(err = by_clone3(0, dir)))
		box->shm[0]++;
	box->shm[1] = err;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(clone, into_another_cgroup)
{
	struct bc_box *box = &self->box;
	char top[64], sub[80];

	snprintf(top, sizeof(top), "/sys/fs/cgroup/bctest-%u", box->id);
	snprintf(sub, sizeof(sub), "%s/sub", top);
	ASSERT_EQ(0, mkdir(top, 0755));
	ASSERT_EQ(0, mkdir(sub, 0755));
	EXPECT_EQ(0, own(top, "cgroup.procs", BC_UID_BASE));
	EXPECT_EQ(0, own(sub, "cgroup.procs", BC_UID_BASE));
	EXPECT_EQ(0, own(sub, "", BC_UID_BASE));
	box->cgroup = open(top, O_PATH | O_DIRECTORY);
	box->arg = open(sub, O_PATH | O_DIRECTORY);
	EXPECT_EQ(0, bc_limit(box->id, BC_NUMPROC, 20, 20));
	EXPECT_EQ(0, bc_box_start(box, into_cgroup));
	EXPECT_EQ(0, bc_box_await(box));
	EXPECT_EQ(19, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_EQ(20, bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(0, rmdir(sub));
	EXPECT_EQ(0, rmdir(top));
}

/* Kernel threads that serve a submission queue are the container's. */
static int sqpoll(struct bc_box *box)
{
	struct bc_uring ring;
	int err;

	while (!(err = bc_uring_open(&ring, IORING_SETUP_SQPOLL)))
		box->shm[0]++;
	box->shm[1] = -err;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(clone, io_uring_threads)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 8, 8));
	ASSERT_EQ(0, bc_box_start(box, sqpoll));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[1] == ENOSYS)
		SKIP(return, "io_uring is not in this kernel");
	EXPECT_EQ(7, box->shm[0]);
	EXPECT_EQ(EAGAIN, box->shm[1]);
	EXPECT_EQ(8, bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

#define REFUSALS 5

static int refused_often(struct bc_box *box)
{
	int i;

	for (i = 0; i < REFUSALS; i++)
		box->shm[0] += by_flags(SIGCHLD, 0) == EAGAIN;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(clone, refusals_are_told)
{
	struct bc_box *box = &self->box;
	struct bc_failure list[64];
	char line[512] = "", pid[32];
	int i, n;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 1, 7));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, refused_often));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(REFUSALS, box->shm[0]);
	EXPECT_EQ(REFUSALS, bc_trace_end(box->id, "numproc", line));
	snprintf(pid, sizeof(pid), " pid=%d ", box->pid);
	EXPECT_NE(NULL, strstr(line, " asked=1 held=1 barrier=1 limit=7 errno=11 "))
	TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, pid))
	TH_LOG("%s", line);
	EXPECT_ROW(box->id, BC_NUMPROC, 1, 1, REFUSALS);
	n = bc_failures(box->id, list, 64);
	ASSERT_EQ(REFUSALS, n);
	for (i = 0; i < n; i++) {
		EXPECT_STREQ("numproc", list[i].resource);
		EXPECT_EQ(1, list[i].asked);
		EXPECT_EQ(1, list[i].held);
		EXPECT_EQ(1, list[i].barrier);
		EXPECT_EQ(7, list[i].limit);
		EXPECT_EQ(EAGAIN, list[i].error);
		EXPECT_EQ(box->pid, list[i].pid);
		if (i) {
			EXPECT_EQ(list[i - 1].seq + 1, list[i].seq);
			EXPECT_LE(list[i - 1].time, list[i].time);
		}
	}
	ASSERT_EQ(0, bc_clear(box->id));
	EXPECT_EQ(0, bc_failures(box->id, list, 64));
	EXPECT_ROW(box->id, BC_NUMPROC, 1, 1, 0);
}

TEST_HARNESS_MAIN
