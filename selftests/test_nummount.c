// SPDX-License-Identifier: GPL-2.0
/*
 * nummount: mounts, wherever they hang. HARD: refused at the barrier with ENOSPC.
 * A container of the tests begins with one, its /proc.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define OWN 1
#define THREADS 8

FIXTURE(nummount)
{
	struct bc_box box;
};

FIXTURE_SETUP(nummount)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMMOUNT));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(nummount)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMMOUNT, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int mount_tmpfs(void)
{
	return mount("bc", "/mnt", "tmpfs", 0, NULL) ? -errno : 0;
}

static int bind_again(void)
{
	return mount("/mnt", "/mnt", NULL, MS_BIND, NULL) ? -errno : 0;
}

static int copy_tree(void)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, "/mnt", OPEN_TREE_CLONE);

	return fd < 0 ? -errno : fd;
}

/* A detached tmpfs, or a negative errno. */
static int detached_tmpfs(void)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), fd = -1;

	if (fs < 0)
		return -errno;
	if (!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (fd < 0)
		fd = -errno;
	close(fs);
	return fd;
}

static int until_refused(struct bc_box *box)
{
	int fd;

	while (!mount_tmpfs())
		box->shm[0]++;
	box->shm[1] = errno;
	box->shm[2] = bind_again();
	box->shm[3] = copy_tree();
	box->shm[4] = detached_tmpfs();
	box->shm[5] = unshare(CLONE_NEWNS) ? -errno : 0;
	BOX_CHECK(!bc_box_ready(box));

	BOX_CHECK(!umount2("/mnt", 0) && !umount2("/mnt", MNT_DETACH));
	fd = copy_tree();
	BOX_CHECK(fd >= 0 && detached_tmpfs() >= 0);
	box->shm[6] = mount_tmpfs();
	BOX_CHECK(!bc_box_ready(box));
	close(fd);
	BOX_CHECK(!mount_tmpfs());
	return 0;
}

TEST_F(nummount, stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMMOUNT, OWN + 20, OWN + 30));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, until_refused));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(20, box->shm[0]);
	EXPECT_EQ(ENOSPC, box->shm[1]);
	for (i = 2; i <= 5; i++) {
		EXPECT_EQ(-ENOSPC, box->shm[i])
		TH_LOG("attempt %d", i);
	}
	EXPECT_ROW(box->id, BC_NUMMOUNT, OWN + 20, OWN + 20, 5);
	EXPECT_RECORDED(box->id, BC_NUMMOUNT, ENOSPC);
	EXPECT_EQ(5, bc_trace_end(box->id, "nummount", line));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(-ENOSPC, box->shm[6]);
	EXPECT_EQ(OWN + 20, bc_held(box->id, BC_NUMMOUNT));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMMOUNT, 0));
}

static int race(struct bc_box *box)
{
	BOX_CHECK(!mount_tmpfs());
	box->shm[3] = ENOSPC;
	return bc_race(box, THREADS, bind_again) ? 1 : 0;
}

TEST_F(nummount, threads_race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMMOUNT, OWN + 41, OWN + 41));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMMOUNT, OWN + 41, OWN + 41, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A mount that is shared shows up in each copy of its namespace; deep below as well. */
static int nested(struct bc_box *box)
{
	BOX_CHECK(!mount_tmpfs() && !mount(NULL, "/mnt", NULL, MS_SHARED, NULL));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!bc_nest(CLONE_NEWNS));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!mkdir("/mnt/a", 0700) && !mount("bc", "/mnt/a", "tmpfs", 0, NULL));
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] = mount("bc", "/mnt/a", "tmpfs", 0, NULL) ? -errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(nummount, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;
	int64_t copied;

	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(OWN + 1, bc_held(box->id, BC_NUMMOUNT));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	/* all that is seen there, the host's included, is a copy of the container's */
	copied = bc_held(box->id, BC_NUMMOUNT);
	EXPECT_LE(2 * (OWN + 1), copied);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(copied + 1, bc_held(box->id, BC_NUMMOUNT));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMMOUNT, copied + 1, copied + 1));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(-ENOSPC, box->shm[0]);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int give_away(struct bc_box *box)
{
	BOX_CHECK(!mount_tmpfs());
	BOX_CHECK(!bc_send_fd(box->sock, copy_tree()));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The host has the descriptor: the mount lives on, and so does its charge. */
TEST_F(nummount, a_passed_mount_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, give_away));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(OWN + 2, bc_held(box->id, BC_NUMMOUNT));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMMOUNT, 1));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMMOUNT, 0));
	bc_box_unpair(box);
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* Who comes in from the host mounts at any limit. */
TEST_F(nummount, the_host_is_counted_and_not_refused)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMMOUNT, 0, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		bc_drop(bc_box_enter(box, CLONE_NEWUSER | CLONE_NEWNS) || mount_tmpfs());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(OWN + 1, bc_held(box->id, BC_NUMMOUNT));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
