// SPDX-License-Identifier: GPL-2.0
/*
 * pipepages: room in pipes. HARD: refused at the barrier; ENFILE for pipe(2), ENOMEM for
 * FIFOs and sendfile(2), EPERM for F_SETPIPE_SZ.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PIPE 16 /* pages of a new one */
#define THREADS 8

FIXTURE(pipepages)
{
	struct bc_box box;
};

FIXTURE_SETUP(pipepages)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_PIPEPAGES));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(pipepages)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_PIPEPAGES, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* The reading end, or a negative errno. The other one stays open as well. */
static int new_pipe(void)
{
	int ends[2];

	return pipe(ends) ? -errno : ends[0];
}

static int try_pipe(void)
{
	int fd = new_pipe();

	return fd < 0 ? fd : 0;
}

static int resize(int fd, long pages)
{
	int n = fcntl(fd, F_SETPIPE_SZ, pages * sysconf(_SC_PAGESIZE));

	return n < 0 ? -errno : (int)(n / sysconf(_SC_PAGESIZE));
}

static int try_fifo(void)
{
	return open("/mnt/fifo", O_RDWR) < 0 ? -errno : 0;
}

/* The task keeps a pipe from now on. */
static int try_sendfile(void)
{
	int from = open("/mnt/from", O_RDWR | O_CREAT, 0600);
	int to = open("/mnt/to", O_RDWR | O_CREAT, 0600);
	int ret = 0;

	if (from < 0 || to < 0 || write(from, "x", 1) != 1 || lseek(from, 0, SEEK_SET) ||
	    sendfile(to, from, NULL, 1) != 1)
		ret = -errno;
	close(from);
	close(to);
	return ret;
}

/* All but the lines to the host. */
static void close_all(const struct bc_box *box)
{
	int fd;

	for (fd = 3; fd < 256; fd++)
		if (fd != box->up[1] && fd != box->down[0])
			close(fd);
}

static int until_refused(struct bc_box *box)
{
	int fd;

	BOX_CHECK(!mount("bc", "/mnt", "tmpfs", 0, NULL) && !mkfifo("/mnt/fifo", 0600));
	while (!try_pipe())
		box->shm[0]++;
	box->shm[1] = errno;
	box->shm[2] = try_fifo();
	box->shm[3] = try_sendfile();
	BOX_CHECK(!bc_box_ready(box));

	/* closes all of them: what a sendfile(2) leaves is the task's */
	close_all(box);
	BOX_CHECK(!try_fifo() && !try_sendfile());
	BOX_CHECK(!bc_box_ready(box));
	close_all(box);
	BOX_CHECK(!bc_box_ready(box));

	fd = new_pipe();
	BOX_CHECK(fd >= 0);
	box->shm[4] = resize(fd, 8 * PIPE);
	box->shm[5] = resize(fd, 16 * PIPE);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[6] = resize(fd, 1);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pipepages, stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];

	ASSERT_EQ(0, bc_limit(box->id, BC_PIPEPAGES, 10 * PIPE, 20 * PIPE));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, until_refused));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(10, box->shm[0]);
	EXPECT_EQ(ENFILE, box->shm[1]);
	EXPECT_EQ(-ENOMEM, box->shm[2]);
	EXPECT_EQ(-ENOMEM, box->shm[3]);
	EXPECT_ROW(box->id, BC_PIPEPAGES, 10 * PIPE, 10 * PIPE, 3);
	EXPECT_RECORDED(box->id, BC_PIPEPAGES, ENOMEM);
	EXPECT_EQ(3, bc_trace_end(box->id, "pipepages", line));

	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2 * PIPE, bc_held(box->id, BC_PIPEPAGES));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(PIPE, bc_held(box->id, BC_PIPEPAGES));

	ASSERT_EQ(0, bc_limit(box->id, BC_PIPEPAGES, 9 * PIPE, 9 * PIPE));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(8 * PIPE, box->shm[4]);
	EXPECT_EQ(-EPERM, box->shm[5]);
	EXPECT_EQ(9 * PIPE, bc_held(box->id, BC_PIPEPAGES));
	EXPECT_RECORDED(box->id, BC_PIPEPAGES, EPERM);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, box->shm[6]);
	EXPECT_EQ(PIPE + 1, bc_held(box->id, BC_PIPEPAGES));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PIPEPAGES, 0));
}

/* From a user namespace two levels below. */
static int race(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(0) && !bc_nest(0));
	box->shm[3] = ENFILE;
	return bc_race(box, THREADS, try_pipe) ? 1 : 0;
}

TEST_F(pipepages, nested_threads_race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_PIPEPAGES, 40 * PIPE, 40 * PIPE));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_PIPEPAGES, 40 * PIPE, 40 * PIPE, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int give_away(struct bc_box *box)
{
	BOX_CHECK(!bc_send_fd(box->sock, new_pipe()));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The host has an end: the pipe stays the container's, also what it is enlarged by. */
TEST_F(pipepages, a_passed_pipe_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_PIPEPAGES, PIPE, PIPE));
	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, give_away));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(PIPE, bc_held(box->id, BC_PIPEPAGES));
	EXPECT_EQ(2 * PIPE, resize(fd, 2 * PIPE));
	EXPECT_EQ(2 * PIPE, bc_held(box->id, BC_PIPEPAGES));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PIPEPAGES, 0));
	bc_box_unpair(box);
}

TEST_HARNESS_MAIN
