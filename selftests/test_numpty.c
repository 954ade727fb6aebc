// SPDX-License-Identifier: GPL-2.0
/*
 * numpty: pseudo terminals of the devpts instances that were mounted inside. HARD:
 * refused at the barrier with ENOSPC. Released when both ends are closed.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <termios.h>

#define PTMX "/dev/pts/ptmx"
#define THREADS 8

FIXTURE(numpty)
{
	struct bc_box box;
};

FIXTURE_SETUP(numpty)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMPTY));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numpty)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMPTY, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int mount_pts(void)
{
	return mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "newinstance,ptmxmode=0666") ?
		       -errno :
		       0;
}

static int open_pty(void)
{
	int fd = open(PTMX, O_RDWR | O_NOCTTY), unlock = 0;

	if (fd >= 0)
		ioctl(fd, TIOCSPTLCK, &unlock);
	return fd;
}

static int try_pty(void)
{
	return open_pty() < 0 ? -errno : 0;
}

static long ptys_until_refused(void)
{
	long n;

	for (n = 0; n < 1000 && !try_pty(); n++)
		;
	return n;
}

static int open_and_wait(struct bc_box *box)
{
	BOX_CHECK(!mount_pts());
	box->shm[0] = ptys_until_refused();
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numpty, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ 20, 20, 20 }, { 5, 20, 5 }, { 20, 5, 5 }, { 0, 9, 0 }
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, bounds[i][0], bounds[i][1]));
		ASSERT_EQ(0, bc_trace_begin());
		ASSERT_EQ(0, bc_box_start(box, open_and_wait));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ((long)bounds[i][2], box->shm[0]);
		EXPECT_EQ(ENOSPC, box->shm[1]);
		EXPECT_ROW(box->id, BC_NUMPTY, (long)bounds[i][2], (long)bounds[i][2], 1);
		EXPECT_RECORDED(box->id, BC_NUMPTY, ENOSPC);
		EXPECT_EQ(1, bc_trace_end(box->id, "numpty", NULL));
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPTY, 0));
	}
}

static int race(struct bc_box *box)
{
	BOX_CHECK(!mount_pts());
	box->shm[3] = ENOSPC;
	return bc_race(box, THREADS, try_pty) ? 1 : 0;
}

TEST_F(numpty, threads_race_to_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, 40, 40));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMPTY, 40, 40, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Either end keeps the pair; what is given back can be had again. */
static int ends(struct bc_box *box)
{
	int master, slave;

	BOX_CHECK(!mount_pts());
	master = open_pty();
	BOX_CHECK(master >= 0);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	BOX_CHECK(slave >= 0);
	close(master);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] = -try_pty();
	close(slave);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[1] = -try_pty();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numpty, an_open_end_keeps_the_pair)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, 1, 1));
	ASSERT_EQ(0, bc_box_start(box, ends));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMPTY));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOSPC, box->shm[0]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPTY, 0));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMPTY, 1, 1, 1);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

/* The host keeps the master: charged until it is closed there. */
static int give_away(struct bc_box *box)
{
	BOX_CHECK(!mount_pts());
	BOX_CHECK(!bc_send_fd(box->sock, open_pty()));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numpty, a_passed_master_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, give_away));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMPTY));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPTY, 0));
}

/* Another instance, in a user namespace further down. */
static int nested(struct bc_box *box)
{
	BOX_CHECK(!mount_pts() && !try_pty());
	BOX_CHECK(!bc_nest(CLONE_NEWNS) && !mount_pts());
	box->shm[0] = ptys_until_refused();
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numpty, no_escape_by_another_instance)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, 6, 6));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(5, box->shm[0]);
	EXPECT_EQ(ENOSPC, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMPTY, 6, 6, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* The admin gets a terminal when the tenant has used all up. */
TEST_F(numpty, the_host_is_never_refused)
{
	struct bc_box *box = &self->box;
	char path[64];
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, 3, 3));
	ASSERT_EQ(0, bc_box_start(box, open_and_wait));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, box->shm[0]);
	snprintf(path, sizeof(path), "/proc/%d/root" PTMX, (int)box->pid);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	EXPECT_LE(0, fd);
	EXPECT_ROW(box->id, BC_NUMPTY, 4, 4, 1);
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPTY, 3));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Terminals opened and closed by four at once, until they are killed. */
static int storm(struct bc_box *box)
{
	int i, fd;

	BOX_CHECK(!mount_pts());
	for (i = 0; i < 4; i++)
		if (!fork())
			break;
	if (i == 4) {
		BOX_CHECK(!bc_box_say(box));
		bc_box_stay();
	}
	for (;;) {
		while ((fd = open_pty()) >= 0) {
			ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY);
			if (write(fd, "x\n", 2) != 2)
				break;
		}
		close_range(10 + (unsigned int)i, ~0U, 0);
	}
}

TEST_F(numpty, killed_in_a_storm)
{
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPTY, 10, 10));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_start(box, storm));
		ASSERT_EQ(0, bc_box_await(box));
		bc_sleep_ms(200);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPTY, 0));
	}
}

TEST_HARNESS_MAIN
