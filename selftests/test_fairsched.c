// SPDX-License-Identifier: GPL-2.0
/*
 * fairsched.ko: processor time of containers, exactly as the kernel charges it to tasks,
 * and loading and unloading beside containers that run.
 *
 * A task's own clock (CLOCK_PROCESS_CPUTIME_ID) is what the account is compared with: it
 * is read before the task blocks and after it goes on, and the account must lie
 * between, to the nanosecond.
 */
#include "lib/bc_cpu.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define ATTACHED "/sys/module/fairsched/parameters/attached"
#define MS	 BC_MS

static char attached(void)
{
	char text[16];

	return bc_slurp(ATTACHED, text, sizeof(text)) > 0 ? text[0] : '?';
}

static int wait_attached(char want)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (attached() != want) {
		if (bc_now_ms() > end)
			return -ETIMEDOUT;
		bc_sleep_ms(20);
	}
	return 0;
}

static long long used(unsigned int id)
{
	struct bc_cpu_use use;
	int ret = bc_cpu_read(id, &use);

	return ret ? ret : use.used;
}

static long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

FIXTURE(fairsched)
{
	struct bc_box box;
	unsigned int id;
};

FIXTURE_SETUP(fairsched)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_fairsched_load());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
}

FIXTURE_TEARDOWN(fairsched)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
	if (attached() != '?') {
		EXPECT_EQ(0, bc_fairsched_unload());
	}
}

/* ---- coming and going ---- */

static int idle(struct bc_box *box)
{
	bc_box_ready(box);
	return 0;
}

TEST_F(fairsched, probe_only_while_containers_live)
{
	struct bc_cpu_use use;

	ASSERT_EQ(0, wait_attached('N'));
	EXPECT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(0, use.used);
	EXPECT_EQ(0, use.switches);
	ASSERT_EQ(0, bc_box_start(&self->box, idle));
	EXPECT_EQ('Y', attached());
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_LT(0, used(self->id));
	ASSERT_EQ(0, bc_box_go(&self->box));
	EXPECT_EQ(0, bc_box_wait(&self->box));
	EXPECT_EQ(0, wait_attached('N'));
	EXPECT_LT(0, used(self->id));
}

TEST_F(fairsched, goes_before_the_registry)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/bc/%u/cpu", self->id);
	EXPECT_NE(0, system("rmmod beancounter 2>/dev/null"));
	EXPECT_EQ(0, access(path, R_OK));
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(-1, access(path, R_OK));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, bc_fairsched_load());
	EXPECT_EQ(0, access(path, R_OK));
	EXPECT_EQ(0, used(self->id));
}

TEST_F(fairsched, open_file_does_not_keep_it)
{
	char path[64], text[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/bc/%u/cpu", self->id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, bc_fairsched_unload());
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(0, bc_fairsched_load());
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	close(fd);
}

/* ---- exact ---- */

/* Own time before it blocks and after it goes on, three times. */
static int burner(struct bc_box *box)
{
	int i;

	for (i = 0; i < 3; i++) {
		bc_cpu_burn(50 * MS);
		box->shm[2 * i] = bc_cpu_own();
		bc_box_ready(box);
		box->shm[2 * i + 1] = bc_cpu_own();
	}
	return 0;
}

TEST_F(fairsched, as_the_clock_of_the_task)
{
	struct bc_cpu_use use[3];
	int i;

	ASSERT_EQ(0, bc_box_start(&self->box, burner));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_await(&self->box));
		/* it may still be on its way to sleep: what has run is counted all the same */
		ASSERT_EQ(0, bc_cpu_read(self->id, &use[i]));
		ASSERT_EQ(0, bc_box_go(&self->box));
	}
	EXPECT_EQ(0, bc_box_wait(&self->box));
	for (i = 0; i < 3; i++) {
		EXPECT_LE(self->box.shm[2 * i], use[i].used);
		EXPECT_GE(self->box.shm[2 * i + 1], use[i].used);
		EXPECT_EQ(use[i].used, use[i].user + use[i].nice + use[i].system);
		/* the lines are read after the sum, and it may be on its way to sleep */
		EXPECT_LE(use[i].used, use[i].used_of_cpus);
		EXPECT_GE(self->box.shm[2 * i + 1], use[i].used_of_cpus);
		EXPECT_EQ(0, use[i].nice);
		EXPECT_LE(use[i].longest, use[i].waited);
	}
	EXPECT_LE(use[2].used, used(self->id));
}

static void burn_and_count(void *arg)
{
	struct bc_box *box = arg;
	long long start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < start + 5 * MS)
		sched_yield();
	__sync_fetch_and_add(&box->shm[10], 1);
}

/* Children with threads, that end, are killed, and make children of their own. */
static int family(struct bc_box *box)
{
	struct rusage self, children;
	int i;

	for (i = 0; i < 24; i++) {
		pid_t pid = fork();

		BOX_CHECK(pid >= 0);
		if (!pid) {
			if (i % 3 == 0)
				_exit(bc_threads(4, burn_and_count, box) ? 1 : 0);
			if (i % 3 == 1 && !fork()) {
				bc_cpu_burn(5 * MS);
				_exit(0);
			}
			bc_cpu_burn(5 * MS);
			if (i % 2)
				kill(getpid(), SIGKILL);
			while (wait(NULL) > 0)
				;
			_exit(0);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	BOX_CHECK(!getrusage(RUSAGE_CHILDREN, &children) && !getrusage(RUSAGE_SELF, &self));
	box->shm[0] = (self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
		       children.ru_stime.tv_sec) *
			      1000000000LL +
		      (self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec +
		       children.ru_stime.tv_usec) *
			      1000LL;
	bc_box_ready(box);
	return 0;
}

TEST_F(fairsched, as_rusage_of_many_tasks)
{
	struct bc_cpu_use use;

	ASSERT_EQ(0, bc_box_start(&self->box, family));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_EQ(32, self->box.shm[10]);
	/* rusage is cut to microseconds, and lacks the last steps of those that are reaped */
	EXPECT_LE(self->box.shm[0] - 100 * 2000, use.used);
	EXPECT_GE(self->box.shm[0] * 5 / 4 + 60 * 5 * MS, use.used);
	EXPECT_LE(24, use.switches);
	ASSERT_EQ(0, bc_box_go(&self->box));
	EXPECT_EQ(0, bc_box_wait(&self->box));
}

static int nested(struct bc_box *box)
{
	if (bc_nest(0))
		return 1;
	bc_cpu_burn(60 * MS);
	box->shm[0] = bc_cpu_own();
	bc_box_ready(box);
	return 0;
}

TEST_F(fairsched, nested_containers_count)
{
	ASSERT_EQ(0, bc_box_start(&self->box, nested));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_LT(60 * MS, self->box.shm[0]);
	EXPECT_LE(self->box.shm[0], used(self->id));
	ASSERT_EQ(0, bc_box_go(&self->box));
	EXPECT_EQ(0, bc_box_wait(&self->box));
}

/* Busy until it is killed; shm[0] is its time. */
static int hog(struct bc_box *box)
{
	box->shm[0] = bc_cpu_own();
	bc_box_say(box);
	for (;;)
		box->shm[0] = bc_cpu_own();
	return 0;
}

static int wait_time(struct bc_box *box, long long ns)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (box->shm[0] < ns) {
		if (bc_now_ms() > end)
			return -ETIMEDOUT;
		bc_sleep_ms(5);
	}
	return 0;
}

/* It never blocks: what it has used shows all the same, and never goes back. */
TEST_F(fairsched, while_it_runs)
{
	long long last = 0, now, before, after;
	int i;

	ASSERT_EQ(0, bc_box_start(&self->box, hog));
	ASSERT_EQ(0, bc_box_await(&self->box));
	for (i = 0; i < 30; i++) {
		before = self->box.shm[0];
		now = used(self->id);
		/* two rounds later its own number is of after our look */
		ASSERT_EQ(0, wait_time(&self->box, self->box.shm[0] + 1));
		ASSERT_EQ(0, wait_time(&self->box, self->box.shm[0] + 1));
		after = self->box.shm[0];
		EXPECT_LE(before, now);
		EXPECT_GE(after, now);
		EXPECT_LE(last, now);
		last = now;
	}
}

TEST_F(fairsched, last_words_and_restart)
{
	long long first, second;

	ASSERT_EQ(0, bc_box_start(&self->box, hog));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, wait_time(&self->box, 30 * MS));
	first = used(self->id);
	EXPECT_LE(30 * MS, first);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
	ASSERT_EQ(0, bc_wait_counted(self->id));
	second = used(self->id);
	EXPECT_LE(first, second);
	self->box.shm[0] = 0;
	ASSERT_EQ(0, bc_box_start(&self->box, burner));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_LE(second + self->box.shm[0], used(self->id));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
}

/* A destroyed one takes its account along. */
TEST_F(fairsched, a_new_container_begins_at_zero)
{
	ASSERT_EQ(0, bc_box_start(&self->box, hog));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
	ASSERT_EQ(0, bc_wait_zero(self->id));
	ASSERT_EQ(0, bc_destroy(self->id));
	EXPECT_EQ(-ENOENT, used(self->id));
	ASSERT_EQ(0, bc_make_excl(self->id));
	EXPECT_EQ(0, used(self->id));
}

/* Two for one processor: one of them waits. */
static int rivals(struct bc_box *box)
{
	cpu_set_t set;
	pid_t pid;

	BOX_CHECK(!sched_getaffinity(0, sizeof(set), &set));
	for (int i = 0, kept = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && kept++)
			CPU_CLR(i, &set);
	BOX_CHECK(!sched_setaffinity(0, sizeof(set), &set));
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid)
		BOX_CHECK(!setpriority(PRIO_PROCESS, 0, 5));
	bc_cpu_burn(80 * MS);
	if (!pid)
		_exit(0);
	BOX_CHECK(wait(NULL) == pid);
	bc_box_ready(box);
	return 0;
}

TEST_F(fairsched, waiting_and_nice)
{
	struct bc_cpu_use use;

	ASSERT_EQ(0, bc_box_start(&self->box, rivals));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	EXPECT_LT(0, use.waited);
	EXPECT_LT(0, use.longest);
	EXPECT_LT(0, use.preempted);
	EXPECT_LE(use.preempted, use.switches);
	EXPECT_LT(0, use.nice);
	EXPECT_LE(160 * MS, use.used);
	ASSERT_EQ(0, bc_box_go(&self->box));
	EXPECT_EQ(0, bc_box_wait(&self->box));
}

/* user, nice and system of vestat, in ticks, and the rest, in ns. */
static int vestat(unsigned int id, long long ticks[3], long long rest[6])
{
	static char text[65536];
	char *line, *end;

	if (bc_slurp("/proc/vz/vestat", text, sizeof(text)) < 0)
		return -errno;
	for (line = strtok_r(text, "\n", &end); line; line = strtok_r(NULL, "\n", &end)) {
		unsigned int n;

		if (sscanf(line, "%u %lld %lld %lld %*d %*d %*d %lld %lld %lld %lld %lld", &n,
			   &ticks[0], &ticks[1], &ticks[2], &rest[0], &rest[1], &rest[2], &rest[3],
			   &rest[4]) == 9 &&
		    n == id)
			return 0;
	}
	return -ENOENT;
}

TEST_F(fairsched, vestat)
{
	long long ticks[3], rest[6], sum;
	struct bc_cpu_use use;
	long hz = sysconf(_SC_CLK_TCK);

	ASSERT_EQ(0, bc_box_start(&self->box, burner));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, vestat(self->id, ticks, rest));
	ASSERT_EQ(0, bc_cpu_read(self->id, &use));
	sum = ticks[0] + ticks[1] + ticks[2];
	EXPECT_LE(self->box.shm[0] * hz / 1000000000LL - 3, sum);
	EXPECT_LE(self->box.shm[0], rest[1]);
	EXPECT_GE(use.used, rest[1]);
	EXPECT_GE(use.longest, rest[2]);
	EXPECT_GE(use.waited, rest[3]);
	EXPECT_GE(use.switches, rest[4]);
	EXPECT_LT(0, rest[4]);
	EXPECT_EQ(0, bc_fairsched_unload());
	ASSERT_EQ(0, vestat(self->id, ticks, rest));
	EXPECT_EQ(0, ticks[0] + ticks[1] + ticks[2] + rest[1] + rest[4]);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&self->box));
}

/* ---- loaded when containers run already, and unloaded under them ---- */

TEST_F(fairsched, counts_from_when_it_was_loaded)
{
	long long before, after, now, end;

	EXPECT_EQ(0, bc_fairsched_unload());
	ASSERT_EQ(0, bc_box_start(&self->box, hog));
	ASSERT_EQ(0, bc_box_await(&self->box));
	ASSERT_EQ(0, wait_time(&self->box, 50 * MS));
	before = self->box.shm[0];
	ASSERT_EQ(0, bc_fairsched_load());
	EXPECT_EQ('Y', attached());
	after = self->box.shm[0];
	ASSERT_EQ(0, wait_time(&self->box, after + 50 * MS));
	end = self->box.shm[0];
	now = used(self->id);
	EXPECT_LE(end - after, now);
	ASSERT_EQ(0, wait_time(&self->box, self->box.shm[0] + 1));
	ASSERT_EQ(0, wait_time(&self->box, self->box.shm[0] + 1));
	EXPECT_GE(self->box.shm[0] - before, now);
}

static int storm(struct bc_box *box)
{
	pid_t pid;

	bc_box_say(box);
	for (;;) {
		pid = fork();
		if (!pid) {
			bc_cpu_burn(1 * MS);
			if (getpid() % 2)
				bc_threads(3, burn_and_count, box);
			_exit(0);
		}
		if (pid < 0 || getpid() % 3)
			wait(NULL);
		box->shm[1]++;
	}
	return 0;
}

TEST_F(fairsched, comes_and_goes_under_load)
{
	long rounds = access("/proc/lockdep_stats", F_OK) ? 8 : 3, i, seen;
	struct bc_box more[3];

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_make(&more[i]));
		ASSERT_EQ(0, bc_box_start(&more[i], i ? storm : hog));
		ASSERT_EQ(0, bc_box_await(&more[i]));
	}
	ASSERT_EQ(0, bc_box_start(&self->box, storm));
	ASSERT_EQ(0, bc_box_await(&self->box));
	for (i = 0; i < rounds; i++) {
		EXPECT_EQ(0, bc_fairsched_unload());
		EXPECT_EQ(0, bc_fairsched_load());
		seen = self->box.shm[1];
		while (self->box.shm[1] < seen + 5)
			bc_sleep_ms(1);
		EXPECT_LT(0, used(self->id));
		/* one dies and begins again meanwhile */
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(&more[1]));
		EXPECT_EQ(0, bc_box_start(&more[1], storm));
		EXPECT_EQ(0, bc_box_await(&more[1]));
	}
	/* all first: those that began later hold descriptors of the earlier ones */
	bc_box_kill(&self->box);
	for (i = 0; i < 3; i++)
		bc_box_kill(&more[i]);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, bc_box_end(&more[i]));
}

TEST_HARNESS_MAIN
