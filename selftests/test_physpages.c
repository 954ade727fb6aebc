// SPDX-License-Identifier: GPL-2.0
/*
 * physpages and swappages: the rows are the page counters of the cgroup that is
 * attached, and their limits are its limits. Where there is none they say so.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>

#define PAGE	4096L
#define MIB	256L /* in pages */
#define SLACK	(8 * MIB) /* page tables, stacks, what the kernel keeps */

FIXTURE(memory)
{
	struct bc_box box;
	char dir[64];
};

/* The number in a file, in pages; -1: max; -2: no such file. */
static long pages(const char *dir, const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (bc_slurp(path, text, sizeof(text)) < 0)
		return -2;
	return *text == 'm' ? -1 : atol(text) / PAGE;
}

FIXTURE_SETUP(memory)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(BC_STATE_RECLAIMED, bc_row_of(0, BC_PHYSPAGES).state);
	ASSERT_EQ(BC_STATE_RECLAIMED, bc_row_of(0, BC_SWAPPAGES).state);
	ASSERT_EQ(0, bc_box_make(&self->box));
	snprintf(self->dir, sizeof(self->dir), BC_CGROUP_ROOT "/bcmem-%u", self->box.id);
	ASSERT_EQ(0, bc_cgroup_make(&self->box, self->dir));
	ASSERT_LE(-1, pages(self->dir, "memory.max"));
}

FIXTURE_TEARDOWN(memory)
{
	bc_box_kill(&self->box);
	if (self->box.cgroup)
		EXPECT_EQ(0, bc_cgroup_drop(&self->box, self->dir));
	EXPECT_EQ(0, bc_held(self->box.id, BC_PHYSPAGES));
	EXPECT_EQ(0, bc_held(self->box.id, BC_SWAPPAGES));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

TEST_F(memory, what_can_be_attached)
{
	unsigned int id = self->box.id;
	int fd;
	char sub[80];

	EXPECT_EQ(-ENOENT, bc_attach(BC_ID_MAX, self->box.cgroup));
	EXPECT_EQ(-EBADF, bc_attach(id, -1));
	fd = open("/", O_PATH | O_DIRECTORY);
	EXPECT_EQ(-EBADF, bc_attach(id, fd));
	close(fd);
	fd = open(BC_CGROUP_ROOT, O_PATH | O_DIRECTORY);
	EXPECT_EQ(-EOPNOTSUPP, bc_attach(id, fd));
	close(fd);
	/* without a controller of its own it is counted with the one above */
	snprintf(sub, sizeof(sub), "%s/sub", self->dir);
	ASSERT_EQ(0, mkdir(sub, 0755));
	fd = open(sub, O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(-EOPNOTSUPP, bc_attach(id, fd));
	EXPECT_EQ(0, bc_cgroup_put(self->dir, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(0, bc_attach(id, fd));
	EXPECT_EQ(0, rmdir(sub));
	EXPECT_EQ(-EOPNOTSUPP, bc_attach(id, fd));
	close(fd);
	EXPECT_EQ(0, bc_attach(id, self->box.cgroup));
	EXPECT_EQ(0, bc_attach(id, self->box.cgroup));
}

TEST_F(memory, limits_are_the_cgroups)
{
	unsigned int id = self->box.id;

	ASSERT_EQ(0, bc_limit(id, BC_PHYSPAGES, 0, 5000));
	ASSERT_EQ(0, bc_limit(id, BC_SWAPPAGES, 7, 3000));
	EXPECT_EQ(-1, pages(self->dir, "memory.max"));
	ASSERT_EQ(0, bc_attach(id, self->box.cgroup));
	EXPECT_EQ(5000, pages(self->dir, "memory.max"));
	EXPECT_EQ(3000, pages(self->dir, "memory.swap.max"));
	ASSERT_EQ(0, bc_limit(id, BC_PHYSPAGES, 1, 6000));
	EXPECT_EQ(6000, pages(self->dir, "memory.max"));
	EXPECT_EQ(3000, pages(self->dir, "memory.swap.max"));
	EXPECT_EQ(1, (long)bc_row_of(id, BC_PHYSPAGES).barrier);
	EXPECT_EQ(6000, (long)bc_row_of(id, BC_PHYSPAGES).limit);
	EXPECT_EQ(7, (long)bc_row_of(id, BC_SWAPPAGES).barrier);
	EXPECT_EQ(3000, (long)bc_row_of(id, BC_SWAPPAGES).limit);
	/* by whomever it was set */
	ASSERT_EQ(0, bc_cgroup_put(self->dir, "memory.max", "8192000"));
	EXPECT_EQ(2000, (long)bc_row_of(id, BC_PHYSPAGES).limit);
	ASSERT_EQ(0, bc_limit(id, BC_PHYSPAGES, 0, BC_UNLIMITED));
	EXPECT_EQ(-1, pages(self->dir, "memory.max"));
	EXPECT_EQ(BC_UNLIMITED, bc_row_of(id, BC_PHYSPAGES).limit);
	ASSERT_EQ(0, bc_limit(id, BC_PHYSPAGES, 0, BC_UNLIMITED - 1));
	EXPECT_EQ(-1, pages(self->dir, "memory.max"));
}

/* Touches box->arg pages and stays. */
static int fill(struct bc_box *box)
{
	char *p = mmap(NULL, box->arg * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	BOX_CHECK(p != MAP_FAILED);
	madvise(p, box->arg * PAGE, MADV_NOHUGEPAGE);
	for (long i = 0; i < box->arg; i++)
		p[i * PAGE] = (char)i + 1;
	BOX_CHECK(!bc_box_ready(box));
	munmap(p, box->arg * PAGE);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(memory, held_and_maxheld)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	char dir[80];

	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	box->arg = 32 * MIB;
	ASSERT_EQ(0, bc_box_start(box, fill));
	ASSERT_EQ(0, bc_box_await(box));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_EQ(BC_STATE_RECLAIMED, row.state);
	EXPECT_LE(32 * MIB, (long)row.held);
	EXPECT_GT(32 * MIB + SLACK, (long)row.held);
	EXPECT_LE(row.held, row.maxheld);
	/* it stands still: what the cgroup says is what the row says */
	EXPECT_GT(SLACK, labs((long)row.held - pages(self->dir, "memory.current")));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_GT(SLACK, (long)row.held);
	EXPECT_LE(32 * MIB, (long)row.maxheld);
	ASSERT_EQ(0, bc_clear(box->id));
	EXPECT_GT(SLACK, (long)bc_row_of(box->id, BC_PHYSPAGES).maxheld);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, self->dir));

	/* again, in another cgroup: last words are kept and go on */
	EXPECT_EQ(0, bc_held(box->id, BC_PHYSPAGES));
	EXPECT_LT(0, (long)bc_row_of(box->id, BC_PHYSPAGES).maxheld);
	snprintf(dir, sizeof(dir), "%s-b", self->dir);
	strcpy(self->dir, dir);
	ASSERT_EQ(0, bc_cgroup_make(box, dir));
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	box->arg = 16 * MIB;
	ASSERT_EQ(0, bc_box_start(box, fill));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_LE(16 * MIB, bc_held(box->id, BC_PHYSPAGES));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, dir));
	EXPECT_LE(16 * MIB, (long)bc_row_of(box->id, BC_PHYSPAGES).maxheld);
	EXPECT_GT(16 * MIB + SLACK, (long)bc_row_of(box->id, BC_PHYSPAGES).maxheld);
}

/* A child that wants twice the limit: how it ended is in shm[0]. */
static int overfill(struct bc_box *box)
{
	int status = 0;
	pid_t pid;

	bc_cgroup_put("/proc/self", "oom_score_adj", "0");
	pid = fork();
	if (!pid) {
		bc_cgroup_put("/proc/self", "oom_score_adj", "1000");
		fill(box);
		_exit(0);
	}
	BOX_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	box->shm[0] = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(memory, over_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_row row;

	ASSERT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 0, 32 * MIB));
	ASSERT_EQ(0, bc_limit(box->id, BC_SWAPPAGES, 0, 0));
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_PHYSPAGES).failcnt);
	box->arg = 64 * MIB;
	ASSERT_EQ(0, bc_box_start(box, overfill));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(SIGKILL, box->shm[0]);
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_LT(0, (long)row.failcnt);
	EXPECT_LT(32 * MIB - SLACK, (long)row.maxheld);
	EXPECT_GT(32 * MIB + SLACK, (long)row.maxheld);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, self->dir));
	EXPECT_EQ(row.failcnt, bc_row_of(box->id, BC_PHYSPAGES).failcnt);
	ASSERT_EQ(0, bc_clear(box->id));
	EXPECT_ROW(box->id, BC_PHYSPAGES, 0, 0, 0);
}

/* What a tenant refuses itself below is no failure of ours. */
TEST_F(memory, limits_of_a_tenant)
{
	struct bc_box *box = &self->box;
	int top = box->cgroup;
	char sub[80];

	ASSERT_EQ(0, bc_attach(box->id, top));
	ASSERT_EQ(0, bc_cgroup_put(self->dir, "cgroup.subtree_control", "+memory"));
	snprintf(sub, sizeof(sub), "%s/sub", self->dir);
	ASSERT_EQ(0, bc_cgroup_make(box, sub));
	ASSERT_EQ(0, bc_cgroup_put(sub, "memory.max", "33554432"));
	bc_cgroup_put(sub, "memory.swap.max", "0");
	box->arg = 64 * MIB;
	ASSERT_EQ(0, bc_box_start(box, overfill));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(SIGKILL, box->shm[0]);
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_PHYSPAGES).failcnt);
	EXPECT_LT(32 * MIB - SLACK, (long)bc_row_of(box->id, BC_PHYSPAGES).maxheld);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	ASSERT_EQ(0, bc_cgroup_drop(box, sub));
	box->cgroup = top;
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* Nothing counts it, and nothing says otherwise. */
TEST_F(memory, without_a_cgroup)
{
	struct bc_box *box = &self->box;
	struct bc_row row;

	ASSERT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 5, 5000));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_EQ(BC_STATE_RECLAIMED, row.state);
	EXPECT_EQ(5000, (long)row.limit);
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_EQ(BC_STATE_NOT_ENFORCED, row.state);
	EXPECT_EQ(BC_UNLIMITED, row.limit);
	EXPECT_EQ(BC_STATE_NOT_ENFORCED, bc_row_of(box->id, BC_SWAPPAGES).state);
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_EQ(BC_STATE_RECLAIMED, row.state);
	EXPECT_EQ(5, (long)row.barrier);
	EXPECT_EQ(5000, (long)row.limit);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* More than fits into RAM goes to swap, up to its own limit. */
TEST_F(memory, swap)
{
	static const char file[] = "/vz/bctest.swap";
	struct bc_box *box = &self->box;
	struct bc_row row;
	int out;

	out = system("dd if=/dev/zero of=/vz/bctest.swap bs=1M count=64 2>/dev/null &&"
		     "chmod 600 /vz/bctest.swap && mkswap /vz/bctest.swap >/dev/null");
	if (out || swapon(file, 0)) {
		unlink(file);
		SKIP(return, "no disk at /vz to swap to");
	}
	ASSERT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 0, 24 * MIB));
	ASSERT_EQ(0, bc_limit(box->id, BC_SWAPPAGES, 0, 32 * MIB));
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	box->arg = 40 * MIB;
	EXPECT_EQ(0, bc_box_start(box, fill));
	EXPECT_EQ(0, bc_box_await(box));
	row = bc_row_of(box->id, BC_SWAPPAGES);
	EXPECT_LE(16 * MIB, (long)row.held);
	EXPECT_GE(32 * MIB, (long)row.held);
	EXPECT_LE(row.held, row.maxheld);
	EXPECT_EQ(0, (long)row.failcnt);
	EXPECT_GE(24 * MIB, bc_held(box->id, BC_PHYSPAGES));
	EXPECT_EQ(0, (long)bc_row_of(box->id, BC_PHYSPAGES).failcnt);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));

	/* swap is full before the program has all */
	EXPECT_EQ(0, bc_limit(box->id, BC_SWAPPAGES, 0, 4 * MIB));
	EXPECT_EQ(0, bc_box_start(box, overfill));
	EXPECT_EQ(0, bc_box_await(box));
	EXPECT_EQ(SIGKILL, box->shm[0]);
	/* a kernel that knows it is full does not try: swappages need not have failed */
	EXPECT_LT(0, (long)bc_row_of(box->id, BC_PHYSPAGES).failcnt);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_cgroup_drop(box, self->dir));
	EXPECT_LE(16 * MIB, (long)bc_row_of(box->id, BC_SWAPPAGES).maxheld);
	EXPECT_EQ(0, swapoff(file));
	unlink(file);
}

/* The kB behind a label of meminfo, or -1; in front of it stand @above lines. */
static long line_of(const char *text, const char *label, int above)
{
	const char *at = strstr(text, label), *p;

	for (p = text; at && p < at; p++)
		above -= *p == '\n';
	return at && !above ? atol(at + strlen(label)) : -1;
}

TEST_F(memory, meminfo_and_nodeinfo)
{
	static const char *const labels[] = {
		"MemTotal:",	 "MemFree:",	    "Cached:",	     "Buffers:",
		"Active:",	 "Inactive:",	    "Active(anon):", "Inactive(anon):",
		"Active(file):", "Inactive(file):", "Unevictable:",  "Mlocked:",
		"SwapTotal:",	 "SwapFree:",	    "Dirty:",	     "Writeback:",
		"AnonPages:",	 "Shmem:",	    "Slab:",	     "SReclaimable:",
		"SUnreclaim:",	 "MemCommitted:",   "MemAvailable:", "MemPortion:",
		"Shadow:",	 "Shadow(anon):",   "Shadow(file):",
	};
	struct bc_box *box = &self->box;
	char path[64], text[8192];
	size_t i;

	snprintf(path, sizeof(path), "/proc/bc/%u/meminfo", box->id);
	EXPECT_EQ(0, bc_slurp(path, text, sizeof(text)));
	ASSERT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 0, 64 * MIB));
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	box->arg = 16 * MIB;
	ASSERT_EQ(0, bc_box_start(box, fill));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_LT(0, bc_slurp(path, text, sizeof(text)));
	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		EXPECT_LE(0, line_of(text, labels[i], (int)i))
		TH_LOG("%s", labels[i]);
	}
	EXPECT_EQ(65536, line_of(text, "MemTotal:", 0));
	EXPECT_GE(49152, line_of(text, "MemFree:", 1));
	EXPECT_LE(16384 - 256, line_of(text, "AnonPages:", 16));
	EXPECT_LE(16384, line_of(text, "MemCommitted:", 21));
	EXPECT_EQ(0, strncmp(text, "MemTotal:          65536 kB\n", 28));
	snprintf(path, sizeof(path), "/proc/bc/%u/nodeinfo", box->id);
	ASSERT_LT(0, bc_slurp(path, text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "Node 0 Active:         ", 23));
	EXPECT_NE(NULL, strstr(text, "\nNode 0 Unevictable:    "));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

#define RACERS	8

/* Each of them wants all there is, again and again, until it is killed. */
static int race(struct bc_box *box)
{
	for (int i = 0; i < RACERS; i++) {
		pid_t pid = fork();

		BOX_CHECK(pid >= 0);
		if (!pid)
			_exit(overfill(box));
	}
	while (wait(NULL) > 0)
		box->shm[1]++;
	return 0;
}

/* At the limit, limits changing, the cgroup taken away under it. */
TEST_F(memory, race_at_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_row row;

	ASSERT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 0, 16 * MIB));
	ASSERT_EQ(0, bc_limit(box->id, BC_SWAPPAGES, 0, 0));
	ASSERT_EQ(0, bc_attach(box->id, box->cgroup));
	box->arg = 64 * MIB;
	ASSERT_EQ(0, bc_box_start(box, race));
	while (!bc_row_of(box->id, BC_PHYSPAGES).failcnt)
		bc_sleep_ms(10);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(0, bc_limit(box->id, BC_PHYSPAGES, 0, (10 + i % 8) * MIB));
		EXPECT_EQ(0, bc_attach(box->id, box->cgroup));
		EXPECT_EQ(0, bc_clear(box->id));
	}
	bc_box_kill(box);
	ASSERT_EQ(0, bc_cgroup_drop(box, self->dir));
	row = bc_row_of(box->id, BC_PHYSPAGES);
	EXPECT_EQ(0, (long)row.held);
	EXPECT_GT(17 * MIB + SLACK, (long)row.maxheld);
}

TEST_HARNESS_MAIN
