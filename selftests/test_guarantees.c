// SPDX-License-Identifier: GPL-2.0
/*
 * vmguarpages and oomguarpages: below the first mmap does not fail for what the host has
 * promised; below the second a container is not killed while there is another.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE	4096L
#define MIB	256L /* in pages */
#define HUGE	(1L << 28) /* pages, 1 TiB: more than the host has of RAM and swap */

FIXTURE(guarantees)
{
	struct bc_box box[2];
	char dir[2][64];
};

FIXTURE_SETUP(guarantees)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(BC_STATE_GUARANTEE, bc_row_of(0, BC_VMGUARPAGES).state);
	ASSERT_EQ(BC_STATE_GUARANTEE, bc_row_of(0, BC_OOMGUARPAGES).state);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, bc_box_make(&self->box[i]));
		snprintf(self->dir[i], sizeof(self->dir[i]), BC_CGROUP_ROOT "/bcguar-%u-%d",
			 self->box[i].id, i);
		ASSERT_EQ(0, bc_cgroup_make(&self->box[i], self->dir[i]));
	}
}

FIXTURE_TEARDOWN(guarantees)
{
	/* each has descriptors of the other, which pin its namespaces */
	for (int i = 0; i < 2; i++)
		bc_box_kill(&self->box[i]);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, bc_cgroup_drop(&self->box[i], self->dir[i]));
		EXPECT_EQ(0, bc_held(self->box[i].id, BC_OOMGUARPAGES));
		EXPECT_EQ(0, bc_box_end(&self->box[i]));
	}
}

/* A mapping that nobody could fill: what came of it is in shm[0]. */
static int map(struct bc_box *box)
{
	for (;;) {
		char *p;

		BOX_CHECK(!bc_box_ready(box));
		p = mmap(NULL, HUGE * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		box->shm[0] = p == MAP_FAILED ? errno : 0;
		if (p != MAP_FAILED) {
			p[PAGE] = 1;
			munmap(p, HUGE * PAGE);
		}
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

static long map_with(struct bc_box *box, uint64_t barrier)
{
	if (bc_limit(box->id, BC_VMGUARPAGES, barrier, BC_UNLIMITED) || bc_box_await(box) ||
	    bc_box_go(box) || bc_box_await(box) || bc_box_go(box))
		return -1;
	return box->shm[0];
}

TEST_F(guarantees, address_space)
{
	struct bc_box *box = &self->box[0];
	char mode[16];

	ASSERT_LT(0, bc_slurp("/proc/sys/vm/overcommit_memory", mode, sizeof(mode)));
	ASSERT_EQ('0', mode[0]);
	/* nothing is promised before somebody does */
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_VMGUARPAGES).barrier);
	EXPECT_EQ(BC_UNLIMITED, bc_row_of(box->id, BC_VMGUARPAGES).limit);
	ASSERT_EQ(0, bc_box_start(box, map));
	EXPECT_EQ(ENOMEM, map_with(box, 0));
	EXPECT_EQ(ENOMEM, map_with(box, HUGE));
	EXPECT_EQ(0, map_with(box, HUGE + 64 * MIB));
	EXPECT_EQ(0, map_with(box, BC_UNLIMITED));
	/* it is held like any, and refused like any */
	EXPECT_LT(HUGE, (long)bc_row_of(box->id, BC_PRIVVMPAGES).maxheld);
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_PRIVVMPAGES).failcnt);
	EXPECT_GT(64 * MIB, bc_held(box->id, BC_PRIVVMPAGES));
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, HUGE, HUGE));
	EXPECT_EQ(ENOMEM, map_with(box, BC_UNLIMITED));
	EXPECT_EQ(1, (long)bc_row_of(box->id, BC_PRIVVMPAGES).failcnt);
	EXPECT_ROW(box->id, BC_VMGUARPAGES, 0, 0, 0);
}

/* Touches box->arg pages and stays. */
static int fill(struct bc_box *box)
{
	char *p = mmap(NULL, box->arg * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	BOX_CHECK(p != MAP_FAILED);
	for (long i = 0; i < box->arg; i++)
		p[i * PAGE] = 1;
	BOX_CHECK(!bc_cgroup_put("/proc/self", "oom_score_adj", "0"));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static int start(struct bc_box *box, long pages)
{
	box->arg = pages;
	return bc_attach(box->id, box->cgroup) ?: bc_box_start(box, fill) ?: bc_box_await(box);
}

/* Let the kernel choose somebody, as when the host has run out of memory. */
static int run_out(void)
{
	return bc_cgroup_put("/proc", "sysrq-trigger", "f");
}

TEST_F(guarantees, who_is_killed)
{
	struct bc_box *big = &self->box[0], *small = &self->box[1];
	char path[64], text[32];
	struct bc_row row;

	EXPECT_EQ(0, (long)bc_row_of(big->id, BC_OOMGUARPAGES).barrier);
	ASSERT_EQ(0, start(big, 96 * MIB));
	ASSERT_EQ(0, start(small, 64 * MIB));
	row = bc_row_of(big->id, BC_OOMGUARPAGES);
	EXPECT_EQ(BC_STATE_GUARANTEE, row.state);
	EXPECT_LE(96 * MIB, (long)row.held);
	EXPECT_GT(128 * MIB, (long)row.held);
	EXPECT_LE(row.held, row.maxheld);

	/* it keeps to what it was promised; the other was promised less than it has */
	ASSERT_EQ(0, bc_limit(big->id, BC_OOMGUARPAGES, 128 * MIB, BC_UNLIMITED));
	ASSERT_EQ(0, bc_limit(small->id, BC_OOMGUARPAGES, 32 * MIB, BC_UNLIMITED));
	ASSERT_EQ(0, run_out());
	EXPECT_EQ(128 + SIGKILL, bc_box_wait(small));
	EXPECT_EQ(1, (long)bc_row_of(small->id, BC_OOMGUARPAGES).failcnt);
	EXPECT_EQ(0, (long)bc_row_of(big->id, BC_OOMGUARPAGES).failcnt);
	EXPECT_EQ(0, kill(big->pid, 0));
	/* what is shown is the kernel's own number */
	snprintf(path, sizeof(path), "/proc/%d/oom_score", big->pid);
	ASSERT_LT(0, bc_slurp(path, text, sizeof(text)));
	EXPECT_GE(2000, atol(text));
	EXPECT_LE(0, atol(text));

	/* who has more than it was promised was promised nothing */
	ASSERT_EQ(0, start(small, 64 * MIB));
	ASSERT_EQ(0, bc_limit(small->id, BC_OOMGUARPAGES, 128 * MIB, BC_UNLIMITED));
	ASSERT_EQ(0, bc_limit(big->id, BC_OOMGUARPAGES, 80 * MIB, BC_UNLIMITED));
	ASSERT_EQ(0, run_out());
	EXPECT_EQ(128 + SIGKILL, bc_box_wait(big));
	EXPECT_EQ(1, (long)bc_row_of(big->id, BC_OOMGUARPAGES).failcnt);
	EXPECT_EQ(0, kill(small->pid, 0));
	EXPECT_EQ(1, (long)bc_row_of(small->id, BC_OOMGUARPAGES).failcnt);
}

/* Nothing counts it, and nothing says otherwise. */
TEST_F(guarantees, without_a_cgroup)
{
	struct bc_box *box = &self->box[0];

	box->arg = 1;
	ASSERT_EQ(0, bc_limit(box->id, BC_OOMGUARPAGES, 5, BC_UNLIMITED));
	ASSERT_EQ(0, bc_box_start(box, fill));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(BC_STATE_NOT_ENFORCED, bc_row_of(box->id, BC_OOMGUARPAGES).state);
	EXPECT_EQ(BC_STATE_GUARANTEE, bc_row_of(box->id, BC_VMGUARPAGES).state);
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	EXPECT_EQ(BC_STATE_GUARANTEE, bc_row_of(box->id, BC_OOMGUARPAGES).state);
	EXPECT_EQ(5, (long)bc_row_of(box->id, BC_OOMGUARPAGES).barrier);
}

TEST_HARNESS_MAIN
