// SPDX-License-Identifier: GPL-2.0
/*
 * Hard limits of processor time (fairsched.ko): never more than the limit, and whoever is
 * held because of it is within reach, holds nobody up, and goes on when it should.
 *
 * Nothing here is measured: a machine may stand still for as long as it likes. What a container
 * has used is compared with the limit times the time that has passed, and what it owes.
 * Whether something happened *while* tasks were held shows in that the limit was not
 * reached again meanwhile; with the least of all limits that takes seconds, and such a
 * round may be repeated.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_cpu.h"
#include "lib/bc_hogs.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LEAST	1 /* 0.01 %: seconds without a step */
#define ROUNDS	5

FIXTURE(cpulimit)
{
	struct bc_box box;
	unsigned int id;
	char cgroup[64];
};

FIXTURE_SETUP(cpulimit)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
	snprintf(self->cgroup, sizeof(self->cgroup), BC_CGROUP_ROOT "/bctest-cpulimit-%u",
		 self->id);
	ASSERT_EQ(0, bc_cgroup_make(&self->box, self->cgroup));
}

FIXTURE_TEARDOWN(cpulimit)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_cpu_limit(self->id, 0));
	EXPECT_EQ(0, bc_cgroup_drop(&self->box, self->cgroup));
	EXPECT_EQ(0, bc_box_end(&self->box));
	EXPECT_EQ(0, bc_fairsched_unload());
}

/* ---- what the host sees ---- */

/* Until so many are held. */
static int wait_held(unsigned int id, long n)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	struct bc_cpu_use use;
	int ret;

	for (;;) {
		ret = bc_cpu_read(id, &use);
		if (ret || use.held_now == n)
			return ret;
		if (bc_now_ms() > end) {
			fprintf(stderr, "# %lld tasks are held, not %ld\n", use.held_now, n);
			return -ETIMEDOUT;
		}
		bc_sleep_ms(2);
	}
}

static int hold(unsigned int id, long n)
{
	int ret = bc_cpu_limit(id, LEAST);

	return ret ? ret : wait_held(id, n);
}

/* How often the limit was reached: the same number twice, nobody was let go in between. */
static long long reached(unsigned int id)
{
	struct bc_cpu_use use;
	int ret = bc_cpu_read(id, &use);

	return ret ? ret : use.limit_reached;
}

/* ---- setting it ---- */

TEST_F(cpulimit, set_and_kept)
{
	struct bc_cpu_use use;

	EXPECT_EQ(-EINVAL, bc_cpu_limit(self->id, BC_CPU_LIMIT_MAX + 1));
	EXPECT_EQ(-EINVAL, bc_cpu_limit(0, 1));
	EXPECT_EQ(-ENOENT, bc_cpu_limit(BC_ID_MAX, 1));
	EXPECT_EQ(0, bc_cpu_limit(self->id, BC_CPU_LIMIT_MAX));
	EXPECT_EQ(0, bc_cpu_limit(self->id, 2550));
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(2550, use.limit);
	EXPECT_EQ(0, use.holds + use.held + use.owed + use.limit_reached);
	/* a restart takes it along, and so does a module that comes again */
	ASSERT_EQ(0, bc_make(self->id));
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(-ENOPKG, bc_cpu_limit(self->id, 1000));
	EXPECT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(2550, use.limit);
	/* none is always possible */
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(0, bc_cpu_limit(self->id, 0));
	EXPECT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(0, use.limit);
}

/* ---- never more ---- */

static void never_more(struct __test_metadata *_metadata, struct bc_box *box, unsigned int rate)
{
	struct bc_cpu_use first, use = {};
	long long start = bc_cpu_now(), passed;
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	/* a tick on each processor, that was charged before it shows as used */
	long long ticks = sysconf(_SC_NPROCESSORS_ONLN) * 10 * BC_MS;

	ASSERT_EQ(0, bc_cpu_limit(box->id, rate));
	ASSERT_EQ(0, bc_cpu_read(box->id, &first));
	do {
		/* in the file, what is used is read before what is owed */
		ASSERT_EQ(0, bc_cpu_read(box->id, &use));
		passed = bc_cpu_now() - start;
		/* 20 ms are what may be saved up */
		ASSERT_GE((passed + 20 * BC_MS) / 10000 * rate + use.owed + use.forgiven -
				  first.forgiven + ticks,
			  use.used - first.used);
		ASSERT_GT(end, bc_now_ms());
		bc_sleep_ms(3);
		/* a machine with so much else to do that nobody can use so much */
		if (rate > 10000 && passed > 20000 * BC_MS &&
		    use.used - first.used < passed / 10000 * rate / 100 * 98)
			return;
	} while (use.limit_reached < first.limit_reached + 5);
	EXPECT_LT(first.holds, use.holds);
	EXPECT_LT(first.held, use.held);
	EXPECT_LT(0, use.longest_hold);
	EXPECT_EQ(rate, use.limit);
	EXPECT_EQ(0, bc_wait_steps(box, 4));
}

TEST_F(cpulimit, never_more_than_the_limit)
{
	ASSERT_EQ(0, bc_start_with(&self->box, bc_hogs, 4));
	never_more(_metadata, &self->box, 1000);
	never_more(_metadata, &self->box, 5000);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		never_more(_metadata, &self->box, 15000);
}

/* Who sleeps most of the time is not held for it. */
static int sleeper(struct bc_box *box)
{
	bc_box_say(box);
	for (;;) {
		bc_sleep_ms(1);
		box->shm[STEPS]++;
	}
	return 0;
}

TEST_F(cpulimit, whoever_stays_below_is_left_alone)
{
	struct bc_cpu_use use;

	ASSERT_EQ(0, bc_cpu_limit(self->id, BC_CPU_LIMIT_MAX));
	ASSERT_EQ(0, bc_box_start(&self->box, sleeper));
	ASSERT_EQ(0, bc_box_await(&self->box));
	while (self->box.shm[STEPS] < 100)
		bc_sleep_ms(5);
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(0, use.holds);
	EXPECT_EQ(0, use.limit_reached);
}

/* ---- within reach ---- */

static int stop(struct bc_box *box, const char *cgroup)
{
	siginfo_t info;

	if (kill(box->pid, SIGSTOP) || waitid(P_PID, box->pid, &info, WSTOPPED))
		return -errno;
	return wait_held(box->id, 2);
}

static int cont(struct bc_box *box, const char *cgroup)
{
	return kill(box->pid, SIGCONT) ? -errno : 0;
}

static int freeze(struct bc_box *box, const char *cgroup)
{
	int ret = bc_cgroup_put(cgroup, "cgroup.freeze", "1");

	while (!ret && !bc_cgroup_frozen(cgroup))
		bc_sleep_ms(1);
	return ret ? ret : wait_held(box->id, 0);
}

static int thaw(struct bc_box *box, const char *cgroup)
{
	return bc_cgroup_put(cgroup, "cgroup.freeze", "0");
}

static int seize(struct bc_box *box, const char *cgroup)
{
	int status;

	if (ptrace(PTRACE_SEIZE, box->pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, box->pid, NULL, NULL) ||
	    waitpid(box->pid, &status, __WALL) != box->pid)
		return -errno;
	return WIFSTOPPED(status) ? wait_held(box->id, 2) : -EPROTO;
}

static int detach(struct bc_box *box, const char *cgroup)
{
	return ptrace(PTRACE_DETACH, box->pid, NULL, NULL) ? -errno : 0;
}

/* The handler must not run before the gate opens. */
static int signal_it(struct bc_box *box, const char *cgroup)
{
	struct bc_cpu_use use;
	long long before;

	if (bc_cpu_read(box->id, &use))
		return -EIO;
	before = use.holds;
	if (kill(box->pid, SIGUSR1))
		return -errno;
	/* it goes to meet the signal, and is held again */
	while (use.holds == before)
		if (bc_cpu_read(box->id, &use))
			return -EIO;
	return wait_held(box->id, 3);
}

static int not_handled(struct bc_box *box, const char *cgroup)
{
	return box->shm[HANDLED] ? -EPROTO : 0;
}

struct reach {
	const char *name;
	int (*get)(struct bc_box *box, const char *cgroup);
	int (*let)(struct bc_box *box, const char *cgroup);
};

TEST_F(cpulimit, signals_freezer_tracer)
{
	static const struct reach reaches[] = {
		{ "stop", stop, cont },
		{ "freeze", freeze, thaw },
		{ "trace", seize, detach },
		{ "signal", signal_it, not_handled },
	};
	struct bc_box *box = &self->box;
	size_t i;
	int n;

	ASSERT_EQ(0, bc_start_with(box, bc_hogs, 3));
	for (i = 0; i < ARRAY_SIZE(reaches); i++) {
		bool closed = false;

		for (n = 0; n < ROUNDS && !closed; n++) {
			long long before;

			ASSERT_EQ(0, hold(self->id, 3));
			before = reached(self->id);
			ASSERT_EQ(0, reaches[i].get(box, self->cgroup))
			TH_LOG("%s", reaches[i].name);
			closed = reached(self->id) == before;
			/* let go too early, a handler may have run */
			EXPECT_TRUE(!reaches[i].let(box, self->cgroup) || !closed)
			TH_LOG("letting go after %s", reaches[i].name);
			ASSERT_EQ(0, wait_held(self->id, 3))
			TH_LOG("after %s", reaches[i].name);
			ASSERT_EQ(0, bc_cpu_limit(self->id, 0));
			ASSERT_EQ(0, bc_wait_steps(box, 3));
			while (reaches[i].get == signal_it && !box->shm[HANDLED])
				bc_sleep_ms(1);
			box->shm[HANDLED] = 0;
		}
		EXPECT_TRUE(closed)
		TH_LOG("%s", reaches[i].name);
	}
}

TEST_F(cpulimit, sigkill_acts_at_once)
{
	bool closed = false;
	int n;

	for (n = 0; n < ROUNDS && !closed; n++) {
		long long before;

		ASSERT_EQ(0, bc_start_with(&self->box, bc_hogs, 8));
		ASSERT_EQ(0, hold(self->id, 8));
		before = reached(self->id);
		ASSERT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
		ASSERT_EQ(0, bc_wait_counted(self->id));
		closed = reached(self->id) == before;
		ASSERT_EQ(0, wait_held(self->id, 0));
		ASSERT_EQ(0, bc_cpu_limit(self->id, 0));
	}
	EXPECT_TRUE(closed);
}

static int vforker(struct bc_box *box)
{
	bc_box_say(box);
	for (;;) {
		pid_t pid = vfork();

		if (!pid) {
			for (int i = 0; i < 100000; i++)
				box->shm[STEPS]++;
			_exit(0);
		}
		BOX_CHECK(waitpid(pid, NULL, 0) == pid);
	}
	return 0;
}

TEST_F(cpulimit, vfork)
{
	ASSERT_EQ(0, bc_box_start(&self->box, vforker));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, hold(self->id, 1));
	ASSERT_EQ(0, bc_cpu_limit(self->id, 0));
	ASSERT_EQ(0, bc_wait_steps(&self->box, 1));
	ASSERT_EQ(0, hold(self->id, 1));
	ASSERT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
}

/* ---- holds nobody up ---- */

static char shared[64];

/* In a directory of the host: its lock is taken nearly all the time. */
static int dirs(struct bc_box *box)
{
	char path[128];
	long i, me = 0;

	BOX_CHECK((me = fork()) >= 0);
	me = !me;
	snprintf(path, sizeof(path), "%s/%ld", shared, me);
	if (!me)
		bc_box_say(box);
	for (i = 0;; i++) {
		BOX_CHECK(!mkdir(path, 0755) && !rmdir(path));
		box->shm[STEPS + me]++;
	}
	return 0;
}

TEST_F(cpulimit, no_lock_is_held)
{
	char path[128];
	int n, i, passed = 0;

	snprintf(shared, sizeof(shared), "/tmp/bctest-cpulimit-%u", self->id);
	snprintf(path, sizeof(path), "%s/host", shared);
	ASSERT_EQ(0, mkdir(shared, 0755));
	ASSERT_EQ(0, chmod(shared, 0777));
	ASSERT_EQ(0, bc_box_start(&self->box, dirs));
	ASSERT_EQ(0, bc_box_await(&self->box));
	for (n = 0; n < 2 * ROUNDS; n++) {
		long long before;

		ASSERT_EQ(0, bc_wait_steps(&self->box, 2));
		ASSERT_EQ(0, hold(self->id, 2));
		before = reached(self->id);
		for (i = 0; i < 5; i++)
			ASSERT_EQ(0, mkdir(path, 0755) || rmdir(path));
		passed += reached(self->id) == before;
		ASSERT_EQ(0, bc_cpu_limit(self->id, 0));
	}
	EXPECT_LE(ROUNDS, passed);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
	ASSERT_EQ(0, bc_wait_counted(self->id));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%d", shared, i);
		rmdir(path);
	}
	EXPECT_EQ(0, rmdir(shared));
}

/* ---- who belongs to the container ---- */

static int nested_hog(struct bc_box *box)
{
	if (bc_nest(0))
		return 1;
	bc_box_say(box);
	for (;;)
		box->shm[STEPS]++;
	return 0;
}

TEST_F(cpulimit, nested_and_entered)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_box_start(box, nested_hog));
	ASSERT_EQ(0, bc_box_await(box));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (bc_box_enter(box, CLONE_NEWUSER | CLONE_NEWPID))
			_exit(1);
		pid = fork();
		if (!pid)
			for (;;)
				box->shm[STEPS + 1]++;
		_exit(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : 2);
	}
	ASSERT_EQ(0, bc_wait_steps(box, 2));
	EXPECT_EQ(0, hold(self->id, 2));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- the module goes and comes ---- */

TEST_F(cpulimit, unload_lets_all_go)
{
	int i;

	ASSERT_EQ(0, bc_start_with(&self->box, bc_hogs, 12));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, hold(self->id, 12));
		ASSERT_EQ(0, bc_fairsched_unload());
		ASSERT_EQ(0, bc_wait_steps(&self->box, 12));
		/* the limit has stayed with the container */
		ASSERT_EQ(0, bc_fairsched_load());
		ASSERT_EQ(0, wait_held(self->id, 12));
		ASSERT_EQ(0, bc_cpu_limit(self->id, 0));
		ASSERT_EQ(0, bc_wait_steps(&self->box, 12));
	}
}

TEST_HARNESS_MAIN
