// SPDX-License-Identifier: GPL-2.0
/*
 * Processors shared between containers by weight, and the number of processors of one
 * (fairsched.ko): everybody gets what is due, nothing idles for it, and whoever waits
 * for its turn is within reach and goes on when it should.
 *
 * What two containers use in the same time is compared, and nothing else: a machine may
 * stand still for as long as it likes.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_cpu.h"
#include "lib/bc_hogs.h"
#include "lib/bc_shares.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define BOXES	3
#define UNITS_LEAST 8
#define UNITS_MOST  500000

FIXTURE(cpushare)
{
	struct bc_box box[BOXES];
	char cgroup[64];
	int made;
};

FIXTURE_SETUP(cpushare)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_fairsched_load());
	for (self->made = 0; self->made < BOXES; self->made++)
		ASSERT_EQ(0, bc_box_make(&self->box[self->made]));
	snprintf(self->cgroup, sizeof(self->cgroup), BC_CGROUP_ROOT "/bctest-cpushare-%u",
		 self->box[0].id);
	ASSERT_EQ(0, bc_cgroup_make(&self->box[0], self->cgroup));
}

FIXTURE_TEARDOWN(cpushare)
{
	int i;

	for (i = 0; i < self->made; i++)
		bc_box_kill(&self->box[i]);
	EXPECT_EQ(0, bc_cgroup_drop(&self->box[0], self->cgroup));
	for (i = 0; i < self->made; i++)
		EXPECT_EQ(0, bc_box_end(&self->box[i]));
	EXPECT_EQ(0, bc_fairsched_unload());
}

static long processors(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* ---- setting it ---- */

TEST_F(cpushare, set_and_kept)
{
	unsigned int id = self->box[0].id;
	struct bc_cpu_use use;

	ASSERT_EQ(0, bc_cpu_read(id, &use));
	EXPECT_EQ(1000, use.units);
	EXPECT_EQ(0, use.cpus);
	EXPECT_EQ(BC_CPU_CLASS_DEFAULT, use.cpuclass);
	EXPECT_EQ(-EINVAL, bc_cpu_units(id, UNITS_LEAST - 1));
	EXPECT_EQ(-EINVAL, bc_cpu_units(id, UNITS_MOST + 1));
	EXPECT_EQ(-EINVAL, bc_cpu_cpus(id, BC_CPU_CPUS_MAX + 1));
	EXPECT_EQ(-EINVAL, bc_cpu_class(id, BC_CPU_CLASS_MAX + 1));
	EXPECT_EQ(-EINVAL, bc_cpu_class(id, UINT32_MAX));
	EXPECT_EQ(-ENOENT, bc_cpu_units(BC_ID_MAX, 1000));
	EXPECT_EQ(0, bc_cpu_units(id, UNITS_LEAST));
	EXPECT_EQ(0, bc_cpu_units(id, UNITS_MOST));
	EXPECT_EQ(0, bc_cpu_cpus(id, BC_CPU_CPUS_MAX));
	EXPECT_EQ(0, bc_cpu_cpus(id, 2));
	EXPECT_EQ(0, bc_cpu_class(id, BC_CPU_CLASS_MAX));
	EXPECT_EQ(0, bc_cpu_class(id, 0));
	EXPECT_EQ(0, bc_cpu_limit(id, 1000));
	/* one leaves the others */
	ASSERT_EQ(0, bc_cpu_read(id, &use));
	EXPECT_EQ(UNITS_MOST, use.units);
	EXPECT_EQ(2, use.cpus);
	EXPECT_EQ(1000, use.limit);
	EXPECT_EQ(0, use.cpuclass);
	/* a restart takes it along, and so does a module that comes again */
	ASSERT_EQ(0, bc_make(id));
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(-ENOPKG, bc_cpu_units(id, 2000));
	EXPECT_EQ(-ENOPKG, bc_cpu_cpus(id, 1));
	EXPECT_EQ(-ENOPKG, bc_cpu_class(id, 2));
	EXPECT_EQ(0, bc_cpu_class(id, 0));
	EXPECT_EQ(0, bc_cpu_cpus(id, 0));
	EXPECT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_cpu_read(id, &use));
	EXPECT_EQ(UNITS_MOST, use.units);
	EXPECT_EQ(0, use.cpus);
	EXPECT_EQ(0, use.cpuclass);
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(0, bc_cpu_class(id, BC_CPU_CLASS_DEFAULT));
	EXPECT_EQ(0, bc_cpu_units(id, 0));
	EXPECT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_cpu_read(id, &use));
	EXPECT_EQ(1000, use.units);
	EXPECT_EQ(BC_CPU_CLASS_DEFAULT, use.cpuclass);
}

/* ---- what is due ---- */

TEST_F(cpushare, by_weight)
{
	struct bc_box *box = self->box;

	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 3000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
	/* live */
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 9000));
	EXPECT_TRUE(bc_gets(box, 2, 0, 75));
	/* more tasks are not more */
	bc_box_kill(&box[0]);
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 16));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 16));
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
	/* a third one */
	ASSERT_EQ(0, bc_cpu_units(box[2].id, 4000));
	ASSERT_EQ(0, bc_start_with(&box[2], bc_hogs, 4));
	EXPECT_TRUE(bc_gets(box, 3, 0, 13));
	EXPECT_TRUE(bc_gets(box, 3, 1, 37));
	EXPECT_TRUE(bc_gets(box, 3, 2, 50));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 16));
}

/* With one task it cannot use its weight; the others share the rest. */
TEST_F(cpushare, more_than_it_can_use)
{
	struct bc_box *box = self->box;

	if (processors() != 2)
		SKIP(return, "for two processors");
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 90000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[2].id, 2000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 1));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[2], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	EXPECT_TRUE(bc_gets(box, 3, 0, 50));
	EXPECT_TRUE(bc_gets(box, 3, 1, 17));
	EXPECT_TRUE(bc_gets(box, 3, 2, 33));
}

/* Who is alone is not held, and is let go when it becomes so. */
TEST_F(cpushare, alone)
{
	struct bc_box *box = self->box;
	struct bc_cpu_use use;
	long long holds;

	ASSERT_EQ(0, bc_cpu_units(box[0].id, UNITS_LEAST));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, UNITS_MOST));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 8));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 8));
	ASSERT_EQ(0, bc_cpu_read(box[0].id, &use));
	EXPECT_EQ(0, use.share_holds);
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 8));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&box[1]));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 0));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 8));
	ASSERT_EQ(0, bc_cpu_read(box[0].id, &use));
	holds = use.share_holds;
	ASSERT_EQ(0, bc_wait_steps(&box[0], 8));
	ASSERT_EQ(0, bc_cpu_read(box[0].id, &use));
	EXPECT_EQ(holds, use.share_holds);
}

/* ---- how many processors at a time ---- */

TEST_F(cpushare, number_of_processors)
{
	struct bc_box *box = self->box;
	long long start_ns, first, passed;
	struct bc_cpu_use use;

	if (processors() != 2)
		SKIP(return, "for two processors");
	ASSERT_EQ(0, bc_cpu_cpus(box[0].id, 1));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	start_ns = bc_cpu_now();
	ASSERT_EQ(0, bc_cpu_read(box[0].id, &use));
	first = use.used;
	do {
		bc_sleep_ms(20);
		ASSERT_EQ(0, bc_cpu_read(box[0].id, &use));
		passed = bc_cpu_now() - start_ns;
		/*
		 * Who comes from the kernel does so on a second one, and a tick is charged
		 * late: later than any measure while the machine has no time for a processor.
		 */
		ASSERT_GE(passed + passed / 4 + 200 * BC_MS, use.used - first);
	} while (use.used - first < 3000 * BC_MS);
	EXPECT_LT(0, use.share_holds);
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	/* the other one has the rest, in spite of its weight */
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 3000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 1000));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	EXPECT_TRUE(bc_gets(box, 2, 0, 50));
	/* live */
	ASSERT_EQ(0, bc_cpu_cpus(box[0].id, 0));
	EXPECT_TRUE(bc_gets(box, 2, 0, 75));
}

/* ---- within reach ---- */

/* The first box waits behind the second as good as for ever. */
static int starve(struct bc_box *box, long n)
{
	int ret = bc_cpu_units(box[0].id, UNITS_LEAST) ?: bc_cpu_units(box[1].id, UNITS_MOST);

	ret = ret ?: bc_start_with(&box[0], bc_hogs, n);
	ret = ret ?: bc_start_with(&box[1], bc_hogs, 4);
	return ret ?: bc_wait_turns(box[0].id, n);
}

TEST_F(cpushare, signals_freezer_tracer)
{
	struct bc_box *box = self->box;
	pid_t pid;
	siginfo_t info;
	int status;

	ASSERT_EQ(0, starve(box, 3));
	pid = box[0].pid;
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WSTOPPED));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 2));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 3));

	ASSERT_EQ(0, bc_cgroup_put(self->cgroup, "cgroup.freeze", "1"));
	while (!bc_cgroup_frozen(self->cgroup))
		bc_sleep_ms(1);
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 0));
	ASSERT_EQ(0, bc_cgroup_put(self->cgroup, "cgroup.freeze", "0"));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 3));

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 2));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 3));

	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 3));
	ASSERT_EQ(0, bc_cpu_units(box[0].id, UNITS_MOST));
	while (!box[0].shm[HANDLED])
		bc_sleep_ms(1);
	ASSERT_EQ(0, bc_wait_steps(&box[0], 3));
}

TEST_F(cpushare, sigkill_acts_at_once)
{
	struct bc_box *box = self->box;

	ASSERT_EQ(0, starve(box, 12));
	ASSERT_EQ(128 + SIGKILL, bc_box_kill(&box[0]));
	ASSERT_EQ(0, bc_wait_counted(box[0].id));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 0));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
}

/* ---- sleepers, processors, modules ---- */

static int pinger(struct bc_box *box)
{
	int there[2], back[2];
	char c = 0;

	BOX_CHECK(!pipe(there) && !pipe(back));
	if (!fork())
		for (;;)
			if (read(there[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
				_exit(0);
	bc_box_say(box);
	for (;;) {
		BOX_CHECK(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1);
		box->shm[STEPS]++;
	}
	return 0;
}

/* Those that sleep and wake all the time get on beside those that never do. */
TEST_F(cpushare, sleepers)
{
	struct bc_box *box = self->box;
	long long share[BOXES];

	ASSERT_EQ(0, bc_cpu_units(box[0].id, 3000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 1000));
	ASSERT_EQ(0, bc_start_with(&box[0], pinger, 0));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 1));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	ASSERT_EQ(0, bc_shares(box, 2, 2000 * BC_MS, share));
	EXPECT_LE(5, bc_part(share, 2, 0));
	EXPECT_LE(10, bc_part(share, 2, 1));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 1));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
}

static int pinned(struct bc_box *box)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	BOX_CHECK(!sched_setaffinity(0, sizeof(set), &set));
	return bc_hogs(box);
}

/* Tasks that may use one processor only wait for that one. */
TEST_F(cpushare, bound_to_a_processor)
{
	struct bc_box *box = self->box;

	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 1000));
	ASSERT_EQ(0, bc_start_with(&box[0], pinned, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], pinned, 4));
	ASSERT_EQ(0, bc_start_with(&box[2], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	ASSERT_EQ(0, bc_wait_steps(&box[2], 4));
}

TEST_F(cpushare, processors_go_and_come)
{
	struct bc_box *box = self->box;
	int i;

	if (processors() < 2)
		SKIP(return, "for two processors");
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 3000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_cpu_online(1, false));
		EXPECT_EQ(0, bc_wait_steps(&box[0], 4));
		EXPECT_EQ(0, bc_wait_steps(&box[1], 4));
		ASSERT_EQ(0, bc_cpu_online(1, true));
	}
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
}

TEST_F(cpushare, unload_lets_all_go)
{
	struct bc_box *box = self->box;
	int i;

	ASSERT_EQ(0, starve(box, 12));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, bc_wait_turns(box[0].id, 12));
		ASSERT_EQ(0, bc_fairsched_unload());
		ASSERT_EQ(0, bc_wait_steps(&box[0], 12));
		/* the weights have stayed with the containers */
		ASSERT_EQ(0, bc_fairsched_load());
	}
	/* and nobody stays when one goes that waits */
	ASSERT_EQ(0, bc_cpu_units(box[2].id, UNITS_MOST));
	ASSERT_EQ(0, bc_start_with(&box[2], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[2], 4));
	/* only now: to start takes minutes with a weight that is due a thousandth of a percent */
	ASSERT_EQ(0, bc_cpu_units(box[2].id, UNITS_LEAST));
	ASSERT_EQ(0, bc_wait_turns(box[2].id, 4));
	ASSERT_EQ(0, bc_box_end(&box[2]));
	ASSERT_EQ(0, bc_wait_turns(box[0].id, 12));
	ASSERT_EQ(0, bc_box_make(&box[2]));
}

TEST_HARNESS_MAIN
