// SPDX-License-Identifier: GPL-2.0
/*
 * kmemsize: what the attached cgroup counts as kernel memory; at the barrier fork, open,
 * socket and mmap are told no, and page faults never.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE	4096L
#define MIB	(1L << 20)

/* A look that is due may be a tick away, and what is freed waits for RCU. */
#define SLACK	(MIB / 2)

FIXTURE(kmem)
{
	struct bc_box box;
	char dir[64];
};

FIXTURE_SETUP(kmem)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_KMEMSIZE));
	ASSERT_EQ(0, bc_box_make(&self->box));
	snprintf(self->dir, sizeof(self->dir), BC_CGROUP_ROOT "/bckmem-%u", self->box.id);
	ASSERT_EQ(0, bc_cgroup_make(&self->box, self->dir));
	ASSERT_LE(0, bc_cgroup_stat(self->dir, "kernel"));
}

FIXTURE_TEARDOWN(kmem)
{
	bc_box_kill(&self->box);
	if (self->box.cgroup)
		EXPECT_EQ(0, bc_cgroup_drop(&self->box, self->dir));
	EXPECT_EQ(0, bc_held(self->box.id, BC_KMEMSIZE));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

#define CHILDREN 24

static int family(struct bc_box *box)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		BOX_CHECK(pid >= 0);
		if (!pid)
			bc_box_stay();
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* It stands still but for what RCU frees: soon both say the same. */
TEST_F(kmem, held_is_the_cgroups)
{
	struct bc_box *box = &self->box;
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	long held, stat;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, family));
	ASSERT_EQ(0, bc_box_await(box));
	do {
		held = bc_held(box->id, BC_KMEMSIZE);
		stat = bc_cgroup_stat(self->dir, "kernel");
	} while (held != stat && bc_now_ms() < end);
	EXPECT_EQ(stat, held);
	/* a stack of 16 KiB and page tables each */
	EXPECT_LT(CHILDREN * 5 * PAGE, held);
	EXPECT_LE(held, (long)bc_row_of(box->id, BC_KMEMSIZE).maxheld);
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_KMEMSIZE).failcnt);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, self->dir));
	EXPECT_EQ(0, bc_held(box->id, BC_KMEMSIZE));
	EXPECT_LE(held, (long)bc_row_of(box->id, BC_KMEMSIZE).maxheld);
}

enum { OPEN, PIPE, SOCKET, SOCKET6, FORK, PRIVATE, SHARED, CALLS };

static int call(int which)
{
	int fd = -1, fds[2];
	void *p = NULL;
	pid_t pid;

	errno = 0;
	switch (which) {
	case OPEN:
		fd = open("/dev/null", O_RDONLY);
		break;
	case PIPE:
		fd = pipe(fds);
		if (!fd)
			close(fds[1]), fd = fds[0];
		break;
	case SOCKET:
	case SOCKET6:
		fd = socket(which == SOCKET ? AF_UNIX : AF_INET6, SOCK_DGRAM, 0);
		break;
	case FORK:
		pid = fork();
		if (!pid)
			_exit(0);
		return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : errno;
	default:
		p = mmap(NULL, PAGE, PROT_READ, which == SHARED ? MAP_SHARED : MAP_PRIVATE, 0, 0);
	}
	if (p)
		return p == MAP_FAILED ? errno : munmap(p, PAGE);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Stack that was not there before. */
static long deep(long pages)
{
	volatile char page[PAGE];

	page[0] = (char)pages;
	return pages ? deep(pages - 1) + page[0] : 0;
}

/* Something to map, in place of the standard input. */
static bool map_input(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	return fd >= 0 && dup2(fd, 0) == 0;
}

/* Each call in turn, and memory that is touched for the first time. */
static int all_calls(struct bc_box *box)
{
	char *p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	BOX_CHECK(p != MAP_FAILED && map_input());
	madvise(p, 16 * MIB, MADV_NOHUGEPAGE);
	do {
		BOX_CHECK(!bc_box_ready(box));
		for (int i = 0; i < CALLS; i++)
			box->shm[i] = call(i);
		for (long i = 0; i < 16 * MIB; i += PAGE)
			p[i] = 1;
		box->shm[CALLS] = deep(64);
	} while (!bc_box_ready(box));
	return 0;
}

/* Each call has ended with what @want says. */
#define EXPECT_CALLS(want)                                       \
	do {                                                     \
		for (int i_ = 0; i_ < CALLS; i_++) {             \
			EXPECT_EQ((want)[i_], self->box.shm[i_]) \
			TH_LOG("call %d", i_);                   \
		}                                                \
	} while (0)

TEST_F(kmem, who_is_told_no)
{
	static const int none[CALLS];
	static const int want[CALLS] = { ENOMEM, ENOMEM, ENOMEM, ENOBUFS, ENOMEM, ENOMEM, ENOMEM };
	struct bc_box *box = &self->box;
	unsigned int id = box->id;

	ASSERT_EQ(0, bc_attach(id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, all_calls));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_limit(id, BC_KMEMSIZE, PAGE, BC_UNLIMITED));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_CALLS(want);
	EXPECT_EQ(CALLS, bc_trace_end(id, "kmemsize", NULL));
	EXPECT_EQ(CALLS, (long)bc_row_of(id, BC_KMEMSIZE).failcnt);
	EXPECT_RECORDED(id, BC_KMEMSIZE, ENOMEM);
	EXPECT_LT(PAGE, bc_held(id, BC_KMEMSIZE));

	/* a limit below the barrier stops as well */
	ASSERT_EQ(0, bc_limit(id, BC_KMEMSIZE, BC_UNLIMITED, PAGE));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_CALLS(want);

	/* a policy that does not refuse writes it down */
	ASSERT_EQ(0, bc_choose(id, BC_KMEMSIZE, "observe"));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_CALLS(none);
	EXPECT_RECORDED(id, BC_KMEMSIZE, 0);
	ASSERT_EQ(0, bc_choose(id, BC_KMEMSIZE, "classic"));

	ASSERT_EQ(0, bc_clear(id));
	ASSERT_EQ(0, bc_limit(id, BC_KMEMSIZE, 64 * MIB, 64 * MIB));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_CALLS(none);
	EXPECT_EQ(0, (long)bc_row_of(id, BC_KMEMSIZE).failcnt);
}

/* Sockets until there is no more room; then half of them go and there is again. */
static int take(struct bc_box *box)
{
	static int fds[2048];
	struct rlimit files = { 4096, 4096 };
	int n = 0;

	setrlimit(RLIMIT_NOFILE, &files);
	BOX_CHECK(!bc_box_ready(box));
	while (n < 2048 && (fds[n] = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0)
		n++;
	box->shm[0] = n < 2048 ? errno : 0;
	box->shm[1] = n;
	BOX_CHECK(!bc_box_ready(box));
	for (int i = n / 2; i < n; i++)
		close(fds[i]);
	/* they are freed a moment later */
	while ((fds[n] = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		bc_sleep_ms(20);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(kmem, barrier_is_the_bound)
{
	struct bc_box *box = &self->box;
	long barrier;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, take));
	ASSERT_EQ(0, bc_box_await(box));
	barrier = bc_held(box->id, BC_KMEMSIZE) + 3 * MIB / 2;
	ASSERT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, barrier, 2 * barrier));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_LT(100, box->shm[1]);
	EXPECT_GT(barrier + SLACK, (long)bc_row_of(box->id, BC_KMEMSIZE).maxheld);
	EXPECT_LT(barrier - SLACK, (long)bc_row_of(box->id, BC_KMEMSIZE).maxheld);
	EXPECT_LT(0, (long)bc_row_of(box->id, BC_KMEMSIZE).failcnt);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
}

/* Directories are made without asking; what they take stops the next open. */
static int flood(struct bc_box *box)
{
	char name[32];

	BOX_CHECK(!mount("none", "/mnt", "tmpfs", 0, NULL));
	BOX_CHECK(!bc_box_ready(box));
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "/mnt/%d", i);
		BOX_CHECK(!mkdir(name, 0755));
	}
	box->shm[0] = call(OPEN);
	BOX_CHECK(!bc_box_ready(box));
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "/mnt/%d", i);
		BOX_CHECK(!rmdir(name));
	}
	while (call(OPEN))
		bc_sleep_ms(20);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(kmem, what_others_take)
{
	struct bc_box *box = &self->box;
	long held;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_KMEMSIZE);
	ASSERT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, held + MIB, held + MIB));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_LT(held + MIB, bc_held(box->id, BC_KMEMSIZE));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
}

/* Who is sent by the host is not refused. */
TEST_F(kmem, sent_by_the_host)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, family));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, 0, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (!map_input() || bc_box_enter(box, CLONE_NEWUSER | CLONE_NEWPID))
			_exit(100);
		_exit(call(OPEN) + call(SOCKET) + call(FORK) + call(PRIVATE));
	}
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_KMEMSIZE).failcnt);
}

/* Nothing counts it, nothing is refused, and nothing says otherwise. */
TEST_F(kmem, without_a_cgroup)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, 1, 1));
	ASSERT_EQ(0, bc_box_start(box, family));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(BC_STATE_NOT_ENFORCED, bc_row_of(box->id, BC_KMEMSIZE).state);
	EXPECT_EQ(BC_UNLIMITED, bc_row_of(box->id, BC_KMEMSIZE).barrier);
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	EXPECT_EQ(BC_STATE_ENFORCED, bc_row_of(box->id, BC_KMEMSIZE).state);
	EXPECT_EQ(1, (long)bc_row_of(box->id, BC_KMEMSIZE).barrier);
}

#define RACERS	6

static int race(struct bc_box *box)
{
	for (int i = 0; i < RACERS; i++) {
		pid_t pid = fork();

		BOX_CHECK(pid >= 0);
		while (!pid)
			call(i % CALLS);
	}
	BOX_CHECK(!bc_box_ready(box));
	bc_box_stay();
	return 0;
}

/* At the barrier, bounds changing, the cgroup taken away under it. */
TEST_F(kmem, race_at_the_barrier)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, PAGE, PAGE));
	while (!bc_row_of(box->id, BC_KMEMSIZE).failcnt)
		bc_sleep_ms(10);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(0, bc_limit(box->id, BC_KMEMSIZE, (i % 4) * MIB, 8 * MIB));
		EXPECT_EQ(0, bc_attach(box->id, box->cgroup));
		EXPECT_EQ(0, bc_choose(box->id, BC_KMEMSIZE, i % 2 ? "observe" : "classic"));
		EXPECT_EQ(0, bc_clear(box->id));
	}
	bc_box_kill(box);
}

TEST_HARNESS_MAIN
