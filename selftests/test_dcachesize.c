// SPDX-License-Identifier: GPL-2.0
/*
 * dcachesize: what the attached cgroup counts as caches that can be dropped; above the
 * bound they are, and nothing is refused.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define MIB	(1L << 20)
#define NAMES	8000L /* each some 450 bytes */
#define FLOOD	(2 * MIB)

FIXTURE(dcache)
{
	struct bc_box box;
	char dir[64];
};

FIXTURE_SETUP(dcache)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(BC_STATE_RECLAIMED, bc_row_of(0, BC_DCACHESIZE).state);
	ASSERT_EQ(0, bc_box_make(&self->box));
	snprintf(self->dir, sizeof(self->dir), BC_CGROUP_ROOT "/bcdcache-%u", self->box.id);
	ASSERT_EQ(0, bc_cgroup_make(&self->box, self->dir));
}

FIXTURE_TEARDOWN(dcache)
{
	bc_box_kill(&self->box);
	if (self->box.cgroup)
		EXPECT_EQ(0, bc_cgroup_drop(&self->box, self->dir));
	EXPECT_EQ(0, bc_held(self->box.id, BC_DCACHESIZE));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* Names that do not exist, each of which the kernel remembers. */
static int flood(struct bc_box *box)
{
	int round = 0;

	do {
		struct stat st;
		char name[256];

		BOX_CHECK(!bc_box_ready(box));
		for (long i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "/vz/none-%u-%d-%0180ld", box->id, round, i);
			BOX_CHECK(stat(name, &st) && errno == ENOENT);
		}
		round++;
	} while (!bc_box_ready(box));
	return 0;
}

static bool falls_to(unsigned int id, long bound)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (bc_held(id, BC_DCACHESIZE) > bound) {
		if (bc_now_ms() > end)
			return false;
		bc_sleep_ms(20);
	}
	return true;
}

TEST_F(dcache, flood)
{
	struct bc_box *box = &self->box;
	unsigned int id = box->id;
	long base, held;
	int fd;

	ASSERT_EQ(0, bc_attach(id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	base = bc_held(id, BC_DCACHESIZE);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(id, BC_DCACHESIZE);
	if (held < base + FLOOD)
		SKIP(return, "the file system at /vz remembers nothing");
	/* a page waits on a processor */
	EXPECT_GE(8 * 4096, labs(held - bc_cgroup_stat(self->dir, "slab_reclaimable")));
	EXPECT_LE(held, (long)bc_row_of(id, BC_DCACHESIZE).maxheld);
	EXPECT_GT(bc_held(id, BC_KMEMSIZE), held / 2);

	/* what is there already is dropped: that was enough, nobody adds meanwhile */
	ASSERT_EQ(0, bc_limit(id, BC_DCACHESIZE, base + MIB, base + FLOOD));
	EXPECT_TRUE(falls_to(id, base + MIB));
	EXPECT_EQ(0, (long)bc_row_of(id, BC_DCACHESIZE).failcnt);

	/* and what comes; a flood may be faster for a moment, which counts */
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
	}
	EXPECT_TRUE(falls_to(id, base + MIB));
	ASSERT_EQ(0, bc_clear(id));

	/* what is in use stays, and is no reason to refuse */
	ASSERT_EQ(0, bc_limit(id, BC_DCACHESIZE, 0, 0));
	while (!bc_row_of(id, BC_DCACHESIZE).failcnt)
		bc_sleep_ms(20);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
	}
	fd = open("/vz", O_RDONLY | O_DIRECTORY);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, self->dir));
	EXPECT_EQ(0, bc_held(id, BC_DCACHESIZE));
	EXPECT_LT(0, (long)bc_row_of(id, BC_DCACHESIZE).maxheld);
}

/* Bounds and cgroups come and go while it drops. */
TEST_F(dcache, race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_box_go(box));
	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(0, bc_limit(box->id, BC_DCACHESIZE, i % 5 * 4096, i % 3 * MIB));
		EXPECT_EQ(0, bc_attach(box->id, box->cgroup));
		EXPECT_EQ(0, bc_clear(box->id));
	}
	bc_box_kill(box);
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* Nothing counts it, and nothing says otherwise. */
TEST_F(dcache, without_a_cgroup)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_DCACHESIZE, 1, 2));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(BC_STATE_NOT_ENFORCED, bc_row_of(box->id, BC_DCACHESIZE).state);
	EXPECT_EQ(BC_UNLIMITED, bc_row_of(box->id, BC_DCACHESIZE).barrier);
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	EXPECT_EQ(BC_STATE_RECLAIMED, bc_row_of(box->id, BC_DCACHESIZE).state);
	EXPECT_EQ(1, (long)bc_row_of(box->id, BC_DCACHESIZE).barrier);
	EXPECT_EQ(2, (long)bc_row_of(box->id, BC_DCACHESIZE).limit);
}

TEST_HARNESS_MAIN
