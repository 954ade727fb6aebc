// SPDX-License-Identifier: GPL-2.0
/*
 * shmpages: tmpfs and memfd by the page as they are filled (ENOSPC, SIGBUS for a
 * hole of a mapping), SysV segments and shared anonymous mappings by their size
 * when they are made (ENOSPC, ENOMEM).
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096L

FIXTURE(shmpages)
{
	struct bc_box box;
};

FIXTURE_SETUP(shmpages)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_SHMPAGES));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(shmpages)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static const char page[PAGE];

static int file(void)
{
	return (int)syscall(SYS_memfd_create, "bc", MFD_CLOEXEC);
}

/* Pages from @from on, one write each: how many; errno stays. */
static long fill(int fd, long from, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (pwrite(fd, page, PAGE, (from + i) * PAGE) != PAGE)
			break;
	return i;
}

static char *share(long pages, int flags)
{
	void *p = mmap(NULL, (size_t)(pages * PAGE), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- counted ---- */

static int a, segment;
static char *area;

static const struct {
	const char *what;
	long held;
} steps[] = {
	{ "memfd, empty", 0 },
	{ "ten pages written", 10 },
	{ "written again", 10 },
	{ "fallocate", 16 },
	{ "a hole punched", 12 },
	{ "cut", 4 },
	{ "a page touched through a mapping", 5 },
	{ "closed, still mapped", 5 },
	{ "unmapped", 0 },
	{ "shared anonymous", 20 },
	{ "touched: nothing more", 20 },
	{ "half unmapped: it is one object", 20 },
	{ "gone", 0 },
	{ "MAP_NORESERVE", 0 },
	{ "touched", 3 },
	{ "gone", 0 },
	{ "SysV", 7 },
	{ "removed while attached", 7 },
	{ "detached", 0 },
	{ "tmpfs", 0 },
	{ "a file on it", 8 },
	{ "unlinked while open", 8 },
	{ "closed", 0 },
};

static int do_step(size_t i)
{
	switch (i) {
	case 0:
		a = file();
		return ftruncate(a, 64 * PAGE);
	case 1:
	case 2:
		return fill(a, 0, 10) != 10;
	case 3:
		return fallocate(a, 0, 8 * PAGE, 8 * PAGE);
	case 4:
		return fallocate(a, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * PAGE, 4 * PAGE);
	case 5:
		return ftruncate(a, 4 * PAGE) || ftruncate(a, 64 * PAGE);
	case 6:
		area = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
		if (area == MAP_FAILED)
			return 1;
		area[20 * PAGE] = 1;
		return 0;
	case 7:
		return close(a);
	case 8:
		return munmap(area, 64 * PAGE);
	case 9:
		area = share(20, 0);
		return !area;
	case 10:
		memset(area, 1, 20 * PAGE);
		return 0;
	case 11:
		return munmap(area, 10 * PAGE);
	case 12:
		return munmap(area + 10 * PAGE, 10 * PAGE);
	case 13:
		area = share(1000, MAP_NORESERVE);
		return !area;
	case 14:
		area[0] = area[100 * PAGE] = area[999 * PAGE] = 1;
		return 0;
	case 15:
		return munmap(area, 1000 * PAGE);
	case 16:
		segment = shmget(IPC_PRIVATE, 7 * PAGE, IPC_CREAT | 0600);
		area = shmat(segment, NULL, 0);
		return area == (void *)-1;
	case 17:
		return shmctl(segment, IPC_RMID, NULL);
	case 18:
		return shmdt(area);
	case 19:
		return mount("bc", "/tmp", "tmpfs", 0, NULL);
	case 20:
		a = open("/tmp/file", O_RDWR | O_CREAT, 0600);
		return fill(a, 0, 8) != 8;
	case 21:
		return unlink("/tmp/file");
	default:
		return close(a) || umount("/tmp");
	}
}

static int stepping(struct bc_box *box)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		errno = 0;
		if (do_step(i)) {
			fprintf(stderr, "# step '%s': errno %d\n", steps[i].what, errno);
			return 1;
		}
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

TEST_F(shmpages, each_step_is_counted)
{
	struct bc_box *box = &self->box;
	size_t i;

	ASSERT_EQ(0, bc_box_start(box, stepping));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, steps[i].held))
		{
			TH_LOG("after '%s'", steps[i].what);
		}
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_EQ(0, bc_box_wait(box));
}

/* ---- refused at exactly the limit ---- */

static _Atomic long taken;
static int race_fd;

static int try_memfd(void)
{
	return fill(race_fd, taken++, 1) ? 0 : -errno;
}

static int try_anon(void)
{
	return share(1, 0) ? 0 : -errno;
}

static int try_sysv(void)
{
	return shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600) < 0 ? -errno : 0;
}

static const struct {
	int (*attempt)(void);
	int error;
	bool once; /* the kernel does not ask again */
} kinds[] = {
	{ try_memfd, ENOSPC, false }, /* memfd */
	{ try_memfd, ENOSPC, false }, /* tmpfs */
	{ try_anon, ENOMEM, true },
	{ try_sysv, ENOSPC, true },
};

#define THREADS 8
#define LIMIT 50

static int race(struct bc_box *box)
{
	int kind = (int)box->arg & 255;

	race_fd = file();
	if (kind == 1) {
		BOX_CHECK(!mount("bc", "/tmp", "tmpfs", 0, NULL));
		race_fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	}
	box->shm[3] = kinds[kind].error;
	return bc_race(box, (int)box->arg >> 8, kinds[kind].attempt) ? 1 : 0;
}

TEST_F(shmpages, each_kind_stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	size_t i;
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_SHMPAGES, LIMIT, 2 * LIMIT));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (n = 1; n <= THREADS; n += THREADS - 1) {
			ASSERT_EQ(0, bc_clear(box->id));
			box->shm[0] = box->shm[1] = box->shm[2] = 0;
			box->arg = n << 8 | (long)i;
			ASSERT_EQ(0, bc_box_start(box, race));
			ASSERT_EQ(0, bc_box_await(box));
			EXPECT_EQ(LIMIT, box->shm[0]);
			EXPECT_EQ(n, box->shm[1]);
			EXPECT_EQ(0, box->shm[2]);
			ASSERT_EQ(0, bc_row(box->id, BC_SHMPAGES, &row));
			EXPECT_EQ(LIMIT, (long)row.held);
			EXPECT_EQ(LIMIT, (long)row.maxheld);
			EXPECT_LE(n, (long)row.failcnt);
			if (kinds[i].once)
				EXPECT_EQ(n, (long)row.failcnt);
			EXPECT_RECORDED(box->id, BC_SHMPAGES, kinds[i].error);
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
			EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, 0));
		}
	}
}

/* ---- at the limit ---- */

static sigjmp_buf bus;

static void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

static int at_the_limit(struct bc_box *box)
{
	long i;
	int fd = file();

	signal(SIGBUS, on_bus);
	BOX_CHECK(fill(fd, 0, 10) == 10 && !ftruncate(fd, 64 * PAGE));
	box->shm[0] = fallocate(fd, 0, 10 * PAGE, 20 * PAGE) ? errno : 0;
	box->shm[1] = fill(fd, 0, 10); /* what is there may be written */
	area = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	BOX_CHECK(area != MAP_FAILED);
	i = sigsetjmp(bus, 1);
	if (!i) {
		volatile long p;

		for (p = 10; p < 64; p++)
			area[p * PAGE] = 1;
	}
	box->shm[2] = i;
	box->shm[3] = share(1, 0) ? 0 : errno;
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!ftruncate(fd, 0));
	box->shm[4] = share(20, 0) ? 0 : errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(shmpages, at_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_limit(box->id, BC_SHMPAGES, 20, 20));
	ASSERT_EQ(0, bc_box_start(box, at_the_limit));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOSPC, box->shm[0]);
	EXPECT_EQ(10, box->shm[1]);
	EXPECT_EQ(SIGBUS, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	EXPECT_EQ(20, bc_held(box->id, BC_SHMPAGES));
	EXPECT_LT(0, bc_trace_end(box->id, "shmpages", NULL));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[4]);
	EXPECT_EQ(20, bc_held(box->id, BC_SHMPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, 0));
}

/* ---- threads in a mess of writes and holes ---- */

static void mess(void *arg)
{
	uint64_t seed = 7919 * (uint64_t)(taken++ + 1);
	long i, start, len;

	for (i = 0; i < *(long *)arg; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		start = (long)(seed >> 33) % 56;
		len = 1 + (long)(seed >> 45) % 8;
		if (seed >> 62 == 3)
			fallocate(race_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start * PAGE,
				  len * PAGE);
		else if (seed >> 62 == 2)
			fallocate(race_fd, FALLOC_FL_KEEP_SIZE, start * PAGE, len * PAGE);
		else
			fill(race_fd, start, len);
	}
}

static int messing(struct bc_box *box)
{
	struct stat st;
	long rounds = 300;

	race_fd = file();
	BOX_CHECK(!bc_threads(4, mess, &rounds));
	BOX_CHECK(!fstat(race_fd, &st));
	box->shm[0] = st.st_blocks / 8;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(shmpages, a_mess_of_holes_adds_up)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	int tight;

	for (tight = 0; tight < 2; tight++) {
		if (tight)
			ASSERT_EQ(0, bc_limit(box->id, BC_SHMPAGES, 12, 12));
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_box_start(box, messing));
		ASSERT_EQ(0, bc_box_await(box));
		ASSERT_EQ(0, bc_row(box->id, BC_SHMPAGES, &row));
		EXPECT_EQ(box->shm[0], (long)row.held);
		if (tight) {
			EXPECT_GE(12, (long)row.maxheld);
			EXPECT_LT(0, (long)row.failcnt);
		}
		ASSERT_EQ(0, bc_box_go(box));
		EXPECT_EQ(0, bc_box_wait(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, 0));
	}
}

/* ---- passed on, and no way around ---- */

static int passing(struct bc_box *box)
{
	int fd = file();

	BOX_CHECK(fill(fd, 0, 5) == 5 && !bc_send_fd(box->sock, fd));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(shmpages, pages_stay_with_the_maker)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, passing));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(5, bc_held(box->id, BC_SHMPAGES)); /* the container is gone, the host has it */
	EXPECT_EQ(2, fill(fd, 5, 2));
	EXPECT_EQ(7, bc_held(box->id, BC_SHMPAGES));
	EXPECT_EQ(0, ftruncate(fd, 0));
	EXPECT_EQ(0, bc_held(box->id, BC_SHMPAGES));
	EXPECT_EQ(3, fill(fd, 0, 3));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, 0));
}

static int nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWNS | CLONE_NEWIPC));
	BOX_CHECK(!mount("bc", "/tmp", "tmpfs", 0, NULL));
	race_fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	box->shm[0] = fill(race_fd, 0, 5);
	while (!try_sysv())
		;
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(shmpages, no_escape_through_nested_namespaces)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_SHMPAGES, 7, 7));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(5, box->shm[0]);
	EXPECT_EQ(ENOSPC, box->shm[1]);
	EXPECT_EQ(7, bc_held(box->id, BC_SHMPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_SHMPAGES, 0));
}

TEST_HARNESS_MAIN
