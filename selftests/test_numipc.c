// SPDX-License-Identifier: GPL-2.0
/*
 * numipc: System V segments, semaphores and queues, POSIX queues. HARD: refused at the
 * barrier with ENOSPC.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 8
#define KINDS 4

FIXTURE(numipc)
{
	struct bc_box box;
};

FIXTURE_SETUP(numipc)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMIPC));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numipc)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMIPC, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int open_queue(const char *name)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	int fd = (int)mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);

	return fd < 0 ? -errno : fd;
}

/* One of each kind in turn; the id, or a negative errno. */
static int make(int kind)
{
	char name[32];
	int id;

	switch (kind % KINDS) {
	case 0:
		id = shmget(IPC_PRIVATE, 1, 0600);
		break;
	case 1:
		id = semget(IPC_PRIVATE, 1, 0600);
		break;
	case 2:
		id = msgget(IPC_PRIVATE, 0600);
		break;
	default:
		snprintf(name, sizeof(name), "/bc%d", kind);
		return open_queue(name);
	}
	return id < 0 ? -errno : id;
}

static int until_refused(struct bc_box *box)
{
	int ids[KINDS], n = 0, id, kind;

	while ((id = make(n)) >= 0) {
		if (n < KINDS)
			ids[n] = id;
		n++;
	}
	box->shm[0] = n;
	for (kind = 0; kind < KINDS; kind++)
		box->shm[1 + kind] = make(KINDS * 1000 + kind);
	BOX_CHECK(!bc_box_ready(box));

	BOX_CHECK(!shmctl(ids[0], IPC_RMID, NULL) && !semctl(ids[1], 0, IPC_RMID) &&
		  !msgctl(ids[2], IPC_RMID, NULL) && !mq_unlink("/bc3"));
	BOX_CHECK(!bc_box_ready(box)); /* the POSIX one is still open */
	close(ids[3]);
	BOX_CHECK(!bc_box_ready(box));
	/* a segment that is removed while it is attached stays until it is not */
	id = shmget(IPC_PRIVATE, 1, 0600);
	BOX_CHECK(id >= 0 && shmat(id, NULL, 0) != (void *)-1 && !shmctl(id, IPC_RMID, NULL));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numipc, stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];
	int kind;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPC, 22, 30));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, until_refused));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(22, box->shm[0]);
	for (kind = 0; kind < KINDS; kind++) {
		EXPECT_EQ(-ENOSPC, box->shm[1 + kind])
		TH_LOG("kind %d", kind);
	}
	EXPECT_ROW(box->id, BC_NUMIPC, 22, 22, 1 + KINDS);
	EXPECT_RECORDED(box->id, BC_NUMIPC, ENOSPC);
	EXPECT_EQ(1 + KINDS, bc_trace_end(box->id, "numipc", line));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(19, bc_held(box->id, BC_NUMIPC));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPC, 18));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(19, bc_held(box->id, BC_NUMIPC));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	/* with the namespace */
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPC, 0));
}

static int try_one(void)
{
	static long number;
	int id = make((int)__atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));

	return id < 0 ? id : 0;
}

/* In an IPC namespace two user namespaces below. */
static int race(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWIPC) && !bc_nest(CLONE_NEWIPC));
	box->shm[3] = ENOSPC;
	return bc_race(box, THREADS, try_one) ? 1 : 0;
}

TEST_F(numipc, nested_threads_race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPC, 60, 60));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(60, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMIPC, 60, 60, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* What the host makes there is counted, at any limit, and outlives who made it. */
TEST_F(numipc, the_host_is_counted_and_not_refused)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPC, 0, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		bc_drop(bc_box_enter(box, CLONE_NEWIPC) || make(0) < 0 || make(1) < 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, bc_held(box->id, BC_NUMIPC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
