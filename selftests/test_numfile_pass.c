// SPDX-License-Identifier: GPL-2.0
/*
 * numfile: descriptors that travel (SCM_RIGHTS, pidfd_getfd, /proc) stay charged
 * to who opened them; namespaces are no way out; what the module tells.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

FIXTURE(pass)
{
	struct bc_box box;
};

FIXTURE_SETUP(pass)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMFILE));
	ASSERT_EQ(0, bc_box_make(&self->box));
	ASSERT_EQ(0, bc_box_pair(&self->box));
}

FIXTURE_TEARDOWN(pass)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* Opens arg files, sends each over the socket and keeps no descriptor. */
static int sender(struct bc_box *box)
{
	long i;

	for (i = 0; i < box->arg; i++) {
		int fd = open("/dev/null", O_RDONLY);

		box->shm[0] = fd;
		BOX_CHECK(fd >= 0 && !bc_send_fd(box->sock, fd));
		close(fd);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, to_the_host_and_beyond_the_end)
{
	struct bc_box *box = &self->box;
	int fd[3], i;

	box->arg = 3;
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 3, 3));
	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMFILE));
	for (i = 0; i < 3; i++) {
		fd[i] = bc_recv_fd(box->peer);
		EXPECT_LE(0, fd[i]);
	}
	EXPECT_EQ(3, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	/* Dead, and still charged for what the host holds. */
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(box->id, NULL));
	for (i = 0; i < 3; i++) {
		close(fd[i]);
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 2 - i));
	}
}

TEST_F(pass, in_flight_beyond_the_end)
{
	struct bc_box *box = &self->box;

	box->arg = 5;
	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(5, bc_held(box->id, BC_NUMFILE));
	bc_box_unpair(box);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
}

/* The container may be forgotten and its id used anew while a file lives on. */
TEST_F(pass, destroyed_while_held)
{
	struct bc_box *box = &self->box;
	int fd;

	box->arg = 1;
	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(0, bc_destroy(box->id));
	EXPECT_EQ(-ENOENT, bc_life(box->id, NULL));
	EXPECT_EQ(0, bc_make_excl(box->id));
	EXPECT_EQ(0, bc_held(box->id, BC_NUMFILE));
	close(fd);
	bc_sleep_ms(100);
	EXPECT_EQ(0, bc_held(box->id, BC_NUMFILE));
}

static int receiver(struct bc_box *box)
{
	int fd = bc_recv_fd(box->sock);

	BOX_CHECK(fd >= 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, between_containers)
{
	struct bc_box *box = &self->box, other;

	ASSERT_EQ(0, bc_box_make(&other));
	other.sock = dup(box->peer);
	box->arg = 1;
	EXPECT_EQ(0, bc_limit(other.id, BC_NUMFILE, 0, 0));
	EXPECT_EQ(0, bc_box_start(box, sender));
	EXPECT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_box_start(&other, receiver));
	EXPECT_EQ(0, bc_box_await(&other));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(0, bc_held(other.id, BC_NUMFILE));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(0, bc_box_go(&other));
	EXPECT_EQ(0, bc_box_wait(&other));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	EXPECT_EQ(0, bc_box_end(&other));
}

static int one_file(struct bc_box *box)
{
	box->shm[0] = open("/dev/null", O_RDONLY);
	BOX_CHECK(box->shm[0] >= 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, pidfd_getfd_by_the_host)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_start(box, one_file));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_pidfd_getfd(box->pidfd, (int)box->shm[0]);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	close(fd);
}

/* Opening anew through /proc is an open of the opener: the host's here. */
TEST_F(pass, opened_anew_by_the_host)
{
	struct bc_box *box = &self->box;
	char path[64];
	int fd;

	ASSERT_EQ(0, bc_box_start(box, one_file));
	ASSERT_EQ(0, bc_box_await(box));
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", box->pid, box->shm[0]);
	fd = open(path, O_RDONLY);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	close(fd);
}

static long open_until_refused(void)
{
	long n = 0;

	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	return n;
}

static int nested(struct bc_box *box)
{
	long i;

	for (i = 0; i < box->arg; i++)
		BOX_CHECK(!bc_nest(i ? 0 : CLONE_NEWNS | CLONE_NEWNET));
	box->shm[0] = open_until_refused();
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	box->arg = 31;
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 40, 40));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(ENFILE, box->shm[1]);
	EXPECT_EQ(40, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Ways to become another: each opens one file and sleeps. */
static void open_and_stay(void)
{
	if (open("/dev/null", O_RDONLY) < 0)
		bc_drop(1);
	bc_box_stay();
}

static int vforked(void *unused)
{
	(void)unused;
	return open("/dev/null", O_RDONLY) < 0;
}

static char stack[16384] __attribute__((aligned(16)));

static int disguises(struct bc_box *box)
{
	int status;
	pid_t pid;

	if (!fork()) {
		setsid();
		if (!fork())
			open_and_stay();
		bc_drop(0);
	}
	if (!fork()) {
		BOX_CHECK(!setgid(1000) && !setuid(1000));
		open_and_stay();
	}
	if (!fork()) {
		BOX_CHECK(!unshare(CLONE_NEWUSER));
		open_and_stay();
	}
	if (!fork()) {
		BOX_CHECK(!unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP));
		open_and_stay();
	}
	/* Shares the table: the file stays open when the child is gone. */
	pid = clone(vforked, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD,
		    NULL);
	BOX_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, no_escape_by_disguise)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, disguises));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 5));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(pass, who_enters_from_the_host_is_charged)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 10, 10));
	ASSERT_EQ(0, bc_box_start(box, one_file));
	ASSERT_EQ(0, bc_box_await(box));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (open("/dev/null", O_RDONLY) < 0 || bc_box_enter(box, CLONE_NEWUSER))
			bc_drop(1);
		box->shm[1] = open_until_refused();
		box->shm[2] = errno;
		bc_drop(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(9, box->shm[1]);
	EXPECT_EQ(ENFILE, box->shm[2]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 1));
}

static int refused_often(struct bc_box *box)
{
	int i;

	for (i = 0; i < 4; i++)
		box->shm[0] += open("/dev/null", O_RDONLY) < 0 && errno == ENFILE;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(pass, refusals_are_told)
{
	struct bc_box *box = &self->box;
	struct bc_failure list[64];
	char line[512] = "";
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 1, 3));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, refused_often));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, box->shm[0]);
	EXPECT_EQ(3, bc_trace_end(box->id, "numfile", line));
	EXPECT_NE(NULL, strstr(line, " asked=1 held=1 barrier=1 limit=3 errno=23 "))
	TH_LOG("%s", line);
	EXPECT_ROW(box->id, BC_NUMFILE, 1, 1, 3);
	n = bc_failures(box->id, list, 64);
	ASSERT_EQ(3, n);
	EXPECT_STREQ("numfile", list[2].resource);
	EXPECT_EQ(ENFILE, list[2].error);
	EXPECT_EQ(box->pid, list[2].pid);
}

TEST_HARNESS_MAIN
