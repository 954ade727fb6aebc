// SPDX-License-Identifier: GPL-2.0
/*
 * lockedpages: memory that must stay in RAM, in pages. Equal to the kernel's own
 * VmLck of the container's processes and the segments with SHM_LOCK. Refused at
 * the barrier: ENOMEM, EAGAIN for MAP_LOCKED.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096UL

FIXTURE(lockedpages)
{
	struct bc_box box;
};

FIXTURE_SETUP(lockedpages)
{
	struct rlimit most = { RLIM_INFINITY, RLIM_INFINITY };

	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_LOCKEDPAGES));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &most));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(lockedpages)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static char *map(unsigned long pages, int flags)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* VmLck of the caller, in pages. */
static long own_locked(void)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb / 4;
}

/* ---- counted: after each step the kernel's own number is compared ---- */

static char *area;

static const struct {
	const char *what;
	long held; /* -1: only the kernel knows */
} steps[] = {
	{ "nothing", 0 },
	{ "mlock", 16 },
	{ "mlock of what is locked", 16 },
	{ "half of it again, and more", 24 },
	{ "munlock in the middle", 20 },
	{ "munmap of the rest", 0 },
	{ "MAP_LOCKED", 8 },
	{ "MAP_LOCKED over it", 8 },
	{ "unlocked mapping over half", 4 },
	{ "mremap that grows", 12 },
	{ "mremap that moves", 32 },
	{ "all unmapped", 0 },
	{ "mlock2(MLOCK_ONFAULT)", 5 },
	{ "munlockall", 0 },
	{ "a hole in the range", -1 },
	{ "mlockall(MCL_CURRENT)", -1 },
	{ "MCL_FUTURE, mmap", -1 },
	{ "munlockall", 0 },
};

static int do_step(size_t i)
{
	char *p;

	switch (i) {
	case 0:
		area = map(64, 0);
		return !area;
	case 1:
		return mlock(area, 16 * PAGE);
	case 2:
		return mlock(area, 16 * PAGE);
	case 3:
		return mlock(area + 8 * PAGE, 16 * PAGE);
	case 4:
		return munlock(area + 2 * PAGE, 4 * PAGE);
	case 5:
		return munmap(area, 64 * PAGE);
	case 6:
		area = map(8, MAP_LOCKED);
		return !area;
	case 7:
		return mmap(area, 8 * PAGE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0) != area;
	case 8:
		return mmap(area + 4 * PAGE, 4 * PAGE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != area + 4 * PAGE;
	case 9:
		munmap(area + 4 * PAGE, 4 * PAGE);
		p = mremap(area, 4 * PAGE, 12 * PAGE, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			return 1;
		area = p;
		return 0;
	case 10:
		p = mremap(area, 12 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			return 1;
		area = p;
		return 0;
	case 11:
		return munmap(area, 32 * PAGE);
	case 12:
		area = map(5, 0);
		return (int)syscall(SYS_mlock2, area, 5 * PAGE, 1);
	case 13:
		return munlockall();
	case 14:
		munmap(area + 2 * PAGE, PAGE);
		return mlock(area, 5 * PAGE) && errno == ENOMEM ? 0 : 1;
	case 15:
		return mlockall(MCL_CURRENT);
	case 16:
		return mlockall(MCL_CURRENT | MCL_FUTURE) || !map(10, 0);
	default:
		return munlockall();
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
		box->shm[0] = own_locked();
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

TEST_F(lockedpages, each_step_is_counted)
{
	struct bc_box *box = &self->box;
	size_t i;

	ASSERT_EQ(0, bc_box_start(box, stepping));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(box->shm[0], bc_held(box->id, BC_LOCKEDPAGES))
		{
			TH_LOG("after '%s'", steps[i].what);
		}
		if (steps[i].held >= 0)
			EXPECT_EQ(steps[i].held, box->shm[0])
			{
				TH_LOG("after '%s'", steps[i].what);
			}
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_held(box->id, BC_LOCKEDPAGES));
}

/* ---- refused at exactly the limit ---- */

static _Atomic long taken;

static int try_mlock(void)
{
	return mlock(area + taken++ * PAGE, PAGE) ? -errno : 0;
}

static int try_map_locked(void)
{
	return map(1, MAP_LOCKED) ? 0 : -errno;
}

static int try_shm_lock(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);

	return shmctl(id, SHM_LOCK, NULL) ? -errno : 0;
}

static const struct {
	int (*attempt)(void);
	int error;
} kinds[] = {
	{ try_mlock, ENOMEM },
	{ try_map_locked, EAGAIN },
	{ try_shm_lock, ENOMEM },
};

#define THREADS 8
#define LIMIT 50

static int race(struct bc_box *box)
{
	area = map(1024, 0);
	box->shm[3] = kinds[box->arg & 255].error;
	return bc_race(box, (int)box->arg >> 8, kinds[box->arg & 255].attempt) ? 1 : 0;
}

TEST_F(lockedpages, each_kind_stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	size_t i;
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_LOCKEDPAGES, LIMIT, 2 * LIMIT));
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
			EXPECT_ROW(box->id, BC_LOCKEDPAGES, LIMIT, LIMIT, n);
			EXPECT_RECORDED(box->id, BC_LOCKEDPAGES, kinds[i].error);
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
			EXPECT_EQ(0, bc_wait_held(box->id, BC_LOCKEDPAGES, 0));
		}
	}
}

/* At the limit: all or nothing, and what is locked already costs nothing. */
static int at_the_limit(struct bc_box *box)
{
	area = map(64, 0);
	BOX_CHECK(area && !mlock(area, 20 * PAGE));
	box->shm[0] = mlock(area, 20 * PAGE) ? errno : 0;
	box->shm[1] = mlock(area, 21 * PAGE) ? errno : 0;
	box->shm[2] = mlockall(MCL_CURRENT) ? errno : 0;
	box->shm[3] = mremap(area, 20 * PAGE, 30 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
	box->shm[4] = own_locked();
	BOX_CHECK(!munlock(area, 8 * PAGE)); /* nobody has looked since: recounted */
	box->shm[5] = mlock(area + 30 * PAGE, 8 * PAGE) ? errno : 0;
	BOX_CHECK(!mlockall(MCL_FUTURE));
	box->shm[6] = map(1, 0) ? 0 : errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(lockedpages, at_the_limit_all_or_nothing)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_limit(box->id, BC_LOCKEDPAGES, 20, 20));
	ASSERT_EQ(0, bc_box_start(box, at_the_limit));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[0]);
	EXPECT_EQ(ENOMEM, box->shm[1]);
	EXPECT_EQ(ENOMEM, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	EXPECT_EQ(20, box->shm[4]);
	EXPECT_EQ(0, box->shm[5]);
	EXPECT_EQ(EAGAIN, box->shm[6]);
	EXPECT_ROW(box->id, BC_LOCKEDPAGES, 20, 20, 4);
	EXPECT_EQ(4, bc_trace_end(box->id, "lockedpages", NULL));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_held(box->id, BC_LOCKEDPAGES));
}

/* ---- threads in a mess of ranges, and no way around ---- */

static void mess(void *arg)
{
	uint64_t seed = 7919 * (uint64_t)(taken++ + 1);
	unsigned long start, len;
	long i;

	for (i = 0; i < *(long *)arg; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		start = (seed >> 33) % 56;
		len = 1 + (seed >> 45) % 8;
		if (seed >> 63)
			mlock(area + start * PAGE, len * PAGE);
		else
			munlock(area + start * PAGE, len * PAGE);
	}
}

static int messing(struct bc_box *box)
{
	long rounds = 500;

	area = map(64, 0);
	BOX_CHECK(area && !bc_threads(4, mess, &rounds));
	box->shm[0] = own_locked();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(lockedpages, a_mess_of_ranges_adds_up)
{
	struct bc_box *box = &self->box;
	struct bc_row row;

	ASSERT_EQ(0, bc_limit(box->id, BC_LOCKEDPAGES, 12, 12));
	ASSERT_EQ(0, bc_box_start(box, messing));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_LOCKEDPAGES, &row));
	EXPECT_EQ(box->shm[0], (long)row.held);
	EXPECT_GE(12, (long)row.maxheld);
	EXPECT_LT(0, (long)row.failcnt);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_LOCKEDPAGES, 0));
}

/* fork and exec unlock; a segment keeps what locked it, and goes with its namespace. */
static int families(struct bc_box *box)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);

	BOX_CHECK(id >= 0 && !shmctl(id, SHM_LOCK, NULL) && !shmctl(id, SHM_LOCK, NULL));
	area = map(4, MAP_LOCKED);
	BOX_CHECK(area);
	if (!fork())
		bc_box_stay();
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!shmctl(id, SHM_UNLOCK, NULL));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!shmctl(id, SHM_LOCK, NULL));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(lockedpages, segments_and_children)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, families));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(7, bc_held(box->id, BC_LOCKEDPAGES));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(4, bc_held(box->id, BC_LOCKEDPAGES));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_LOCKEDPAGES, 0));
}

static int nested(struct bc_box *box)
{
	area = map(64, 0);
	BOX_CHECK(!bc_nest(CLONE_NEWIPC));
	while (!try_mlock())
		;
	box->shm[0] = own_locked();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(lockedpages, no_escape_through_nested_namespaces)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_LOCKEDPAGES, 7, 7));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(7, box->shm[0]);
	EXPECT_EQ(7, bc_held(box->id, BC_LOCKEDPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_LOCKEDPAGES, 0));
}

TEST_HARNESS_MAIN
