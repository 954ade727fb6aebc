// SPDX-License-Identifier: GPL-2.0
/*
 * numfile: open file descriptions, sockets and pipes included. HARD: refused at
 * the barrier with ENFILE. Charged to whoever opened, wherever the descriptor
 * goes afterwards, until the last reference is dropped.
 */
#include "lib/bc_test.h"
#include "lib/bc_uring.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

FIXTURE(numfile)
{
	struct bc_box box;
};

FIXTURE_SETUP(numfile)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMFILE));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numfile)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int try_open(void)
{
	return open("/dev/null", O_RDONLY) < 0 ? -errno : 0;
}

/* Open until the kernel refuses, at most @most: how many; errno stays. */
static long open_until_refused(long most)
{
	long n;

	for (n = 0; n < most && !try_open(); n++)
		;
	return n;
}

static int open_and_wait(struct bc_box *box)
{
	box->shm[0] = open_until_refused(box->arg);
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* What each call takes; the descriptors of one call in fd[0] and fd[1]. */
static int open_kind(int kind, int fd[2])
{
	sigset_t set;

	fd[0] = fd[1] = -1;
	sigemptyset(&set);
	switch (kind) {
	case 0:
		return fd[0] = open("/dev/null", O_RDWR);
	case 1:
		return fd[0] = open("/", O_PATH);
	case 2:
		return fd[0] = open("/", O_RDONLY | O_DIRECTORY);
	case 3:
		return pipe(fd);
	case 4:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	case 5:
		return fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	case 6:
		return fd[0] = socket(AF_NETLINK, SOCK_RAW, 0);
	case 7:
		return fd[0] = eventfd(0, 0);
	case 8:
		return fd[0] = epoll_create1(0);
	case 9:
		return fd[0] = (int)syscall(SYS_memfd_create, "bc", 0);
	case 10:
		return fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
	case 11:
		return fd[0] = signalfd(-1, &set, 0);
	case 12:
		return fd[0] = inotify_init1(0);
	case 13:
		return fd[0] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	case 14:
		return fd[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	case 15:
		return fd[0] = open("/proc/self/status", O_RDONLY);
	}
	errno = ENOSYS;
	return -1;
}

#define KINDS 16

static int64_t kind_files(int kind)
{
	return kind == 3 || kind == 4 ? 2 : 1;
}

/* Each kind once, the host looks after each; then each again at the limit. */
static int kinds(struct bc_box *box)
{
	int kind, fd[2];

	for (kind = 0; kind < KINDS; kind++) {
		BOX_CHECK(open_kind(kind, fd) >= 0);
		BOX_CHECK(!bc_box_ready(box));
		close(fd[0]);
		if (fd[1] >= 0)
			close(fd[1]);
		BOX_CHECK(!bc_box_ready(box));
	}
	for (kind = 0; kind < KINDS; kind++) {
		errno = 0;
		box->shm[kind] = open_kind(kind, fd) < 0 ? errno : 0;
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numfile, every_kind_is_counted_and_refused)
{
	struct bc_box *box = &self->box;
	int kind;

	ASSERT_EQ(0, bc_box_start(box, kinds));
	for (kind = 0; kind < KINDS; kind++) {
		ASSERT_EQ(0, bc_box_await(box))
		TH_LOG("kind %d", kind);
		EXPECT_EQ(kind_files(kind), bc_held(box->id, BC_NUMFILE))
		TH_LOG("kind %d", kind);
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0))
		TH_LOG("kind %d", kind);
		if (kind == KINDS - 1) {
			ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 0, 0));
		}
		ASSERT_EQ(0, bc_box_go(box));
	}
	ASSERT_EQ(0, bc_box_await(box));
	for (kind = 0; kind < KINDS; kind++) {
		EXPECT_EQ(ENFILE, box->shm[kind])
		TH_LOG("kind %d", kind);
	}
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	EXPECT_ROW(box->id, BC_NUMFILE, 0, 2, KINDS);
	EXPECT_RECORDED(box->id, BC_NUMFILE, ENFILE);
}

/* A pair needs two: with room for one nothing is left behind. */
static int pairs(struct bc_box *box)
{
	int fd[2];

	box->shm[0] = pipe(fd) ? errno : 0;
	box->shm[1] = socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numfile, half_a_pair_is_given_back)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 1, 1));
	ASSERT_EQ(0, bc_box_start(box, pairs));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENFILE, box->shm[0]);
	EXPECT_EQ(ENFILE, box->shm[1]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	EXPECT_ROW(box->id, BC_NUMFILE, 0, 1, 2);
}

TEST_F(numfile, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ 50, 50, 50 }, { 20, 50, 20 }, { 50, 20, 20 }, { 1, 1, 1 }, { 0, 9, 0 },
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, bounds[i][0], bounds[i][1]));
		box->arg = 1000;
		ASSERT_EQ(0, bc_box_start(box, open_and_wait));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ((long)bounds[i][2], box->shm[0]);
		EXPECT_EQ(ENFILE, box->shm[1]);
		EXPECT_ROW(box->id, BC_NUMFILE, (long)bounds[i][2], (long)bounds[i][2], 1);
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	}
}

#define THREADS 8

static int race(struct bc_box *box)
{
	box->shm[3] = ENFILE;
	return bc_race(box, THREADS, try_open) ? 1 : 0;
}

/* All of them are the row's first refusals, and all are recorded. */
TEST_F(numfile, threads_race_to_the_limit)
{
	struct bc_failure list[2 * THREADS];
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 300, 300));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(300, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMFILE, 300, 300, THREADS);
	ASSERT_EQ(THREADS, bc_failures(box->id, list, ARRAY_SIZE(list)));
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(i + 1, list[i].seq);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* dup, fork and CLONE_FILES share a description; a mapping keeps one. */
static int sharing(struct bc_box *box)
{
	int fd = (int)syscall(SYS_memfd_create, "bc", 0);

	BOX_CHECK(fd >= 0 && !ftruncate(fd, 4096));
	BOX_CHECK(dup(fd) >= 0 && fcntl(fd, F_DUPFD, 100) >= 0 && dup2(fd, 200) == 200);
	if (!fork())
		bc_box_stay();
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(open("/proc/self/fd/200", O_RDONLY) >= 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static int mapping(struct bc_box *box)
{
	int fd = (int)syscall(SYS_memfd_create, "bc", 0);
	void *map;

	BOX_CHECK(fd >= 0 && !ftruncate(fd, 4096));
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	BOX_CHECK(map != MAP_FAILED);
	close(fd);
	BOX_CHECK(!bc_box_ready(box));
	munmap(map, 4096);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numfile, descriptions_count_not_descriptors)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, sharing));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
}

TEST_F(numfile, a_mapping_holds_its_file)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, mapping));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

/* accept(2) at the limit: the connection is the server's file */
static int accepting(struct bc_box *box)
{
	struct sockaddr addr = { .sa_family = AF_UNIX };
	socklen_t len = sizeof(addr.sa_family);
	struct sockaddr_storage name;
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);

	BOX_CHECK(l >= 0 && c >= 0);
	BOX_CHECK(!bind(l, &addr, len) && !listen(l, 5));
	len = sizeof(name);
	BOX_CHECK(!getsockname(l, (struct sockaddr *)&name, &len));
	BOX_CHECK(!connect(c, (struct sockaddr *)&name, len));
	errno = 0;
	box->shm[0] = accept(l, NULL, NULL) < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	box->shm[1] = accept(l, NULL, NULL) < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numfile, accept_is_refused_and_may_be_repeated)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 2, 2));
	ASSERT_EQ(0, bc_box_start(box, accepting));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENFILE, box->shm[0]);
	EXPECT_EQ(2, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 3, 3));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_EQ(3, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* exec closes what is marked so, and keeps the rest */
static int exec_some(struct bc_box *box)
{
	int i;

	for (i = 0; i < 42; i++)
		BOX_CHECK(open("/dev/null", i < 40 ? O_CLOEXEC : 0) >= 0);
	BOX_CHECK(!bc_box_ready(box));
	execl("/bin/sleep", "sleep", "1000", NULL);
	return 1;
}

TEST_F(numfile, exec_keeps_what_it_inherits)
{
	struct bc_box *box = &self->box;
	int n = 0;

	ASSERT_EQ(0, bc_box_start(box, exec_some));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(42, bc_held(box->id, BC_NUMFILE));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(-EPIPE, bc_box_await(box));
	/* 2, and the program and libraries that it maps: how many depends on the file system */
	while (bc_held(box->id, BC_NUMFILE) > 12 && n++ < 2000)
		bc_sleep_ms(10);
	EXPECT_LE(2, bc_held(box->id, BC_NUMFILE));
	EXPECT_GE(12, bc_held(box->id, BC_NUMFILE));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Storm of open and close, until the container is killed. */
static int bomb(struct bc_box *box)
{
	int i;

	for (i = 0; i < 4; i++)
		if (!fork())
			break;
	if (i == 4) {
		BOX_CHECK(!bc_box_say(box));
		bc_box_stay();
	}
	for (;;) {
		if (open_until_refused(20 + i) < 10)
			close_range(100, ~0U, 0);
		close_range(10 + (unsigned int)i, ~0U, 0);
	}
}

TEST_F(numfile, killed_in_a_storm)
{
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 60, 60));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, bc_box_start(box, bomb));
		ASSERT_EQ(0, bc_box_await(box));
		bc_sleep_ms(200);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 0));
	}
}

/* Direct descriptors of io_uring are in no table, but they are files. */
static int direct(struct bc_box *box)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.open_flags = O_RDONLY,
		.addr = (uintptr_t) "/dev/null",
	};
	struct bc_uring ring;
	long i, res = bc_uring_open(&ring, 0);

	box->shm[1] = -res;
	if (!res) {
		BOX_CHECK(!bc_uring_files(&ring, 32));
		for (i = 0; i < 32; i++) {
			sqe.file_index = (uint32_t)i + 1;
			res = bc_uring_do(&ring, &sqe);
			if (res)
				break;
		}
		box->shm[0] = i;
		box->shm[1] = -res;
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numfile, no_escape_by_io_uring)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 12, 12));
	ASSERT_EQ(0, bc_box_start(box, direct));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[1] == ENOSYS)
		SKIP(return, "io_uring is not in this kernel");
	/* One of the 12 is the ring; on 6.1 one may be a first attempt, dropped later. */
	EXPECT_LE(10, box->shm[0]);
	EXPECT_GE(11, box->shm[0]);
	EXPECT_EQ(ENFILE, box->shm[1]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFILE, 1 + box->shm[0]));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
