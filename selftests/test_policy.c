// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: chosen and switched live, what observe and burst do, and one that comes
 * from another module (Documentation/examples/policy-pace) and goes while it is asked.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PARAM(name) "/sys/module/beancounter/parameters/" name

FIXTURE(policy)
{
	struct bc_box box;
	unsigned int id;
};

FIXTURE_SETUP(policy)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
}

static int set_param(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

#define PACE_MODULE "/sys/module/policy_pace"
#define PACE	    PACE_MODULE "/parameters/interval_ms"

static int pace(bool load)
{
	return bc_command(load ? "modprobe policy-pace interval_ms=0" : "rmmod policy_pace");
}

FIXTURE_TEARDOWN(policy)
{
	if (!access(PACE_MODULE, F_OK)) {
		EXPECT_EQ(0, pace(false));
	}
	EXPECT_EQ(0, set_param(PARAM("burst_ms"), "10000"));
	EXPECT_EQ(0, set_param(PARAM("burst_rest_ms"), "60000"));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* The policy that a file shows for a row, "?" if it does not. */
static const char *shown(unsigned int id, const char *resource)
{
	static char text[8192], policy[64];
	char path[64], *line, *end;

	snprintf(path, sizeof(path), "/proc/bc/%u/resources.ext", id);
	if (bc_slurp(path, text, sizeof(text)) < 0)
		return "?";
	for (line = strtok_r(text, "\n", &end); line; line = strtok_r(NULL, "\n", &end)) {
		char name[32];
		int at = 0;

		if (sscanf(line, "%31s %*s %*s %*s %*s %*s %*s %n%63s", name, &at, policy) == 2 &&
		    at && !strcmp(name, resource))
			return policy;
	}
	return "?";
}

/* Rows that use a policy: -1 for classic, -2 if there is no such policy. */
static long users(const char *policy)
{
	static char text[8192];
	char *line, *end;

	if (bc_slurp("/proc/bc/policies", text, sizeof(text)) < 0)
		return -3;
	for (line = strtok_r(text, "\n", &end); line; line = strtok_r(NULL, "\n", &end)) {
		char name[32], number[32], module[64];

		if (sscanf(line, "%31s %31s %63s", name, number, module) == 3 &&
		    !strcmp(name, policy))
			return strcmp(number, "-") ? atol(number) : -1;
	}
	return -2;
}

static int wait_users(const char *policy, long want)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (users(policy) != want) {
		if (bc_now_ms() > end)
			return -ETIMEDOUT;
		bc_sleep_ms(20);
	}
	return 0;
}

/* ---- choosing ---- */

/* Counted by a policy that nobody else uses. */
TEST_F(policy, chosen_and_shown)
{
	EXPECT_EQ(-1, users("classic"));
	EXPECT_LE(0, users("observe"));
	EXPECT_LE(0, users("burst"));
	ASSERT_EQ(-2, users("pace"));
	ASSERT_EQ(0, pace(true));
	EXPECT_EQ(0, users("pace"));
	EXPECT_STREQ("classic", shown(self->id, "numfile"));
	EXPECT_EQ(0, bc_choose(self->id, BC_NUMFILE, "pace"));
	EXPECT_STREQ("pace", shown(self->id, "numfile"));
	EXPECT_STREQ("classic", shown(self->id, "numproc"));
	EXPECT_STREQ("classic", shown(0, "numfile"));
	EXPECT_EQ(1, users("pace"));
	EXPECT_EQ(0, bc_choose(self->id, BC_NUMFILE, "pace"));
	EXPECT_EQ(1, users("pace"));
	EXPECT_EQ(0, bc_choose(self->id, BC_NUMPROC, "pace"));
	EXPECT_EQ(2, users("pace"));
	EXPECT_EQ(0, bc_choose(self->id, BC_NUMFILE, "burst"));
	EXPECT_STREQ("burst", shown(self->id, "numfile"));
	EXPECT_EQ(1, users("pace"));
	EXPECT_EQ(0, bc_choose(self->id, BC_NUMFILE, "classic"));
	EXPECT_STREQ("classic", shown(self->id, "numfile"));
	/* kept by a restart, gone with the beancounter */
	EXPECT_EQ(0, bc_make(self->id));
	EXPECT_STREQ("pace", shown(self->id, "numproc"));
	EXPECT_EQ(0, bc_destroy(self->id));
	EXPECT_EQ(0, wait_users("pace", 0));
	EXPECT_EQ(0, bc_make_excl(self->id));
	EXPECT_STREQ("classic", shown(self->id, "numproc"));
}

TEST_F(policy, refused_choices)
{
	struct bc_choose c = { .size = sizeof(c), .id = self->id, .resource = BC_NUMFILE };
	struct bc_row rows[BC_ROWS];
	int n, i;

	EXPECT_EQ(-ENOPKG, bc_choose(self->id, BC_NUMFILE, "no-such"));
	EXPECT_EQ(-ENOPKG, bc_choose(self->id, BC_NUMFILE, ""));
	EXPECT_EQ(-ENOPKG, bc_choose(self->id, BC_NUMFILE, "Observe"));
	EXPECT_EQ(-EINVAL, bc_choose(self->id, BC_NUMFILE, "0123456789abcdef"));
	EXPECT_EQ(-EINVAL, bc_choose(self->id, 4, "observe"));
	EXPECT_EQ(-EINVAL, bc_choose(self->id, BC_ROWS, "observe"));
	EXPECT_EQ(-EINVAL, bc_choose(0, BC_NUMFILE, "observe"));
	EXPECT_EQ(-ENOENT, bc_choose(BC_ID_MAX, BC_NUMFILE, "observe"));
	strcpy(c.policy, "observe");
	c.flags = 1;
	EXPECT_EQ(-1, ioctl(bc_dev(), BC_IOC_CHOOSE, &c));
	EXPECT_EQ(EINVAL, errno);
	n = bc_query(self->id, rows);
	ASSERT_LT(0, n);
	for (i = 0; i < n; i++) {
		if (rows[i].state == BC_STATE_ENFORCED)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, bc_choose(self->id, rows[i].resource, "observe"));
		EXPECT_STREQ("-", shown(self->id, rows[i].name));
	}
	EXPECT_STREQ("classic", shown(self->id, "numfile"));
}

TEST_F(policy, needs_the_capability)
{
	int status;
	pid_t pid;

	ASSERT_LE(0, bc_dev());
	pid = fork();
	if (!pid) {
		if (setuid(65534))
			bc_drop(1);
		if (bc_choose(self->id, BC_NUMFILE, "observe") != -EPERM)
			bc_drop(2);
		bc_drop(open("/proc/bc/policies", O_RDONLY) < 0 ? 0 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("classic", shown(self->id, "numfile"));
}

/* ---- observe ---- */

/* shm[0] files to open, shm[1] opened, shm[2] errno of the first that failed */
static void open_files(struct bc_box *box)
{
	box->shm[1] = box->shm[2] = 0;
	while (box->shm[1] < box->shm[0]) {
		if (open("/dev/null", O_RDONLY) < 0) {
			box->shm[2] = errno;
			break;
		}
		box->shm[1]++;
	}
}

static int opener(struct bc_box *box)
{
	for (;;) {
		BOX_CHECK(!bc_box_ready(box));
		if (!box->shm[0])
			return 0;
		open_files(box);
	}
}

/* Let it open @n more files. */
#define OPEN(n)                                                 \
	do {                                                    \
		self->box.shm[0] = (n);                         \
		ASSERT_EQ(0, bc_box_go(&self->box));            \
		ASSERT_EQ(0, bc_box_await(&self->box));         \
	} while (0)

TEST_F(policy, observe_records_and_does_not_refuse)
{
	struct bc_failure f[16];

	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 6, 8));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "observe"));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(&self->box, opener));
	ASSERT_EQ(0, bc_box_await(&self->box));
	OPEN(6);
	EXPECT_EQ(6, self->box.shm[1]);
	EXPECT_ROW(self->id, BC_NUMFILE, 6, 6, 0);
	EXPECT_EQ(0, bc_failures(self->id, f, 16));
	OPEN(14);
	EXPECT_EQ(14, self->box.shm[1]);
	EXPECT_ROW(self->id, BC_NUMFILE, 20, 20, 14);
	EXPECT_EQ(14, bc_trace_end(self->id, "numfile", NULL));
	ASSERT_EQ(8, bc_failures(self->id, f, 16));
	EXPECT_EQ(0, f[7].error);
	EXPECT_EQ(19, f[7].held);
	EXPECT_EQ(1, f[7].asked);
	EXPECT_EQ(6, f[7].barrier);
	EXPECT_EQ(8, f[7].limit);
	EXPECT_EQ(self->box.pid, f[7].pid);
	/* classic from the next charge on, what is held stays */
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "classic"));
	OPEN(1);
	EXPECT_EQ(ENFILE, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMFILE, 20, 20, 15);
	EXPECT_RECORDED(self->id, BC_NUMFILE, ENFILE);
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "observe"));
	OPEN(1);
	EXPECT_EQ(1, self->box.shm[1]);
	EXPECT_ROW(self->id, BC_NUMFILE, 21, 21, 16);
}

#define RACERS 4
#define EACH   50

static void open_fifty(void *arg)
{
	struct bc_box *box = arg;
	int i;

	for (i = 0; i < EACH; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			__atomic_fetch_add(&box->shm[2], 1, __ATOMIC_RELAXED);
}

static int racers(struct bc_box *box)
{
	box->shm[2] = 0;
	BOX_CHECK(!bc_threads(RACERS, open_fifty, box));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* As many are written down as the classic rule would have refused, with racing threads. */
TEST_F(policy, observe_counts_exactly)
{
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 70, 70));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "observe"));
	ASSERT_EQ(0, bc_box_start(&self->box, racers));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(0, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMFILE, RACERS * EACH, RACERS * EACH, RACERS * EACH - 70);
}

static int forker(struct bc_box *box)
{
	for (;;) {
		pid_t pid;

		BOX_CHECK(!bc_box_ready(box));
		if (!box->shm[0])
			return 0;
		pid = fork();
		if (!pid)
			bc_box_stay();
		box->shm[2] = pid < 0 ? errno : 0;
	}
}

#define FORK()	OPEN(1)

TEST_F(policy, observe_forks)
{
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 2, 2));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMPROC, "observe"));
	ASSERT_EQ(0, bc_box_start(&self->box, forker));
	ASSERT_EQ(0, bc_box_await(&self->box));
	FORK();
	FORK();
	EXPECT_EQ(0, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMPROC, 3, 3, 1);
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMPROC, "classic"));
	FORK();
	EXPECT_EQ(EAGAIN, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMPROC, 3, 3, 2);
}

static int mapper(struct bc_box *box)
{
	for (;;) {
		void *p;

		BOX_CHECK(!bc_box_ready(box));
		if (!box->shm[0])
			return 0;
		p = mmap(NULL, (size_t)box->shm[0] * 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		box->shm[2] = p == MAP_FAILED ? errno : 0;
		/* what is given back here is found by a recount only */
		if (p != MAP_FAILED && box->shm[3])
			munmap(p, (size_t)box->shm[0] * 4096);
	}
}

/* held of this row is an upper bound: nothing is written down before it was recounted. */
TEST_F(policy, observe_mappings)
{
	struct bc_row row;
	int64_t base;

	ASSERT_EQ(0, bc_choose(self->id, BC_PRIVVMPAGES, "observe"));
	ASSERT_EQ(0, bc_box_start(&self->box, mapper));
	ASSERT_EQ(0, bc_box_await(&self->box));
	base = bc_held(self->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(self->id, BC_PRIVVMPAGES, (uint64_t)base + 1500, BC_UNLIMITED));
	self->box.shm[3] = 1;
	OPEN(1000);
	OPEN(1000);
	EXPECT_EQ(0, self->box.shm[2]);
	ASSERT_EQ(0, bc_row(self->id, BC_PRIVVMPAGES, &row));
	EXPECT_EQ(base, (int64_t)row.held);
	EXPECT_EQ(0, (int64_t)row.failcnt);
	self->box.shm[3] = 0;
	OPEN(1000);
	OPEN(1000);
	EXPECT_EQ(0, self->box.shm[2]);
	ASSERT_EQ(0, bc_row(self->id, BC_PRIVVMPAGES, &row));
	EXPECT_EQ(base + 2000, (int64_t)row.held);
	EXPECT_EQ(1, (int64_t)row.failcnt);
	EXPECT_RECORDED(self->id, BC_PRIVVMPAGES, 0);
	ASSERT_EQ(0, bc_choose(self->id, BC_PRIVVMPAGES, "classic"));
	OPEN(1000);
	EXPECT_EQ(ENOMEM, self->box.shm[2]);
	EXPECT_EQ(base + 2000, bc_held(self->id, BC_PRIVVMPAGES));
}

/* ---- burst ---- */

TEST_F(policy, burst_up_to_the_limit)
{
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 4, 8));
	ASSERT_EQ(0, set_param(PARAM("burst_ms"), "3600000"));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "burst"));
	ASSERT_EQ(0, bc_box_start(&self->box, opener));
	ASSERT_EQ(0, bc_box_await(&self->box));
	OPEN(4);
	EXPECT_ROW(self->id, BC_NUMFILE, 4, 4, 0);
	OPEN(2);
	EXPECT_EQ(2, self->box.shm[1]);
	/* the time is over: the barrier holds, for what is above it, too */
	ASSERT_EQ(0, set_param(PARAM("burst_ms"), "0"));
	OPEN(1);
	EXPECT_EQ(ENFILE, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMFILE, 6, 6, 1);
	ASSERT_EQ(0, set_param(PARAM("burst_ms"), "3600000"));
	OPEN(3);
	EXPECT_EQ(2, self->box.shm[1]);
	EXPECT_EQ(ENFILE, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMFILE, 8, 8, 2);
}

/* shm[1]: milliseconds from before the first file above the barrier until the first refusal */
static int until_refused(struct bc_box *box)
{
	uint64_t begin, end;
	int i, fd;

	for (i = 0; i < 4; i++)
		BOX_CHECK(open("/dev/null", O_RDONLY) >= 0);
	begin = bc_now_ms();
	end = begin + BC_WAIT_SECONDS * 1000;
	/* below the barrier and above it again: that buys no time */
	while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
		close(fd);
		BOX_CHECK(bc_now_ms() < end);
	}
	box->shm[2] = errno;
	box->shm[1] = (long)(bc_now_ms() - begin);
	BOX_CHECK(!bc_box_ready(box));
	/* after the rest another one */
	fd = open("/dev/null", O_RDONLY);
	box->shm[3] = fd < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(policy, burst_ends_with_its_time)
{
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 4, 1000));
	ASSERT_EQ(0, set_param(PARAM("burst_ms"), "300"));
	ASSERT_EQ(0, set_param(PARAM("burst_rest_ms"), "3600000"));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "burst"));
	ASSERT_EQ(0, bc_box_start(&self->box, until_refused));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(ENFILE, self->box.shm[2]);
	EXPECT_LE(299, self->box.shm[1]);
	EXPECT_EQ(4, bc_held(self->id, BC_NUMFILE));
	EXPECT_RECORDED(self->id, BC_NUMFILE, ENFILE);
	ASSERT_EQ(0, set_param(PARAM("burst_rest_ms"), "0"));
	ASSERT_EQ(0, bc_box_go(&self->box));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(0, self->box.shm[3]);
}

/* ---- a policy of another module ---- */

TEST_F(policy, from_another_module)
{
	ASSERT_EQ(-2, users("pace"));
	EXPECT_EQ(-ENOPKG, bc_choose(self->id, BC_NUMPROC, "pace"));
	ASSERT_EQ(0, pace(true));
	EXPECT_EQ(0, users("pace"));
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 4, 4));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMPROC, "pace"));
	EXPECT_EQ(1, users("pace"));
	EXPECT_STREQ("pace", shown(self->id, "numproc"));
	ASSERT_EQ(0, bc_box_start(&self->box, forker));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(0, set_param(PACE, "3600000"));
	FORK();
	EXPECT_EQ(0, self->box.shm[2]);
	FORK();
	EXPECT_EQ(EAGAIN, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMPROC, 2, 2, 1);
	EXPECT_RECORDED(self->id, BC_NUMPROC, EAGAIN);
	/* asked about every charge, it keeps to the barrier all the same, also to a new one */
	EXPECT_EQ(0, set_param(PACE, "0"));
	ASSERT_EQ(0, bc_choose(self->id, BC_NUMPROC, "pace"));
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 3, 3));
	FORK();
	EXPECT_EQ(0, self->box.shm[2]);
	FORK();
	EXPECT_EQ(EAGAIN, self->box.shm[2]);
	/* gone: classic */
	EXPECT_EQ(0, set_param(PACE, "3600000"));
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 5, 5));
	EXPECT_EQ(0, pace(false));
	EXPECT_EQ(-2, users("pace"));
	EXPECT_STREQ("classic", shown(self->id, "numproc"));
	FORK();
	FORK();
	EXPECT_EQ(0, self->box.shm[2]);
	FORK();
	EXPECT_EQ(EAGAIN, self->box.shm[2]);
	EXPECT_ROW(self->id, BC_NUMPROC, 5, 5, 3);
}

static void busy_opener(void *arg)
{
	struct bc_box *box = arg;

	while (!box->shm[0]) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd >= 0)
			close(fd);
		else
			__atomic_fetch_add(&box->shm[2], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&box->shm[1], 1, __ATOMIC_RELAXED);
	}
}

static int busy_openers(struct bc_box *box)
{
	BOX_CHECK(!bc_box_say(box));
	BOX_CHECK(!bc_threads(2, busy_opener, box));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* Let some calls pass. */
static int some_calls(struct bc_box *box)
{
	long from = box->shm[1];
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (box->shm[1] < from + 100) {
		if (bc_now_ms() > end)
			return -ETIMEDOUT;
		bc_sleep_ms(2);
	}
	return 0;
}

TEST_F(policy, unloaded_while_asked)
{
	int i;

	ASSERT_EQ(0, bc_box_start(&self->box, busy_openers));
	ASSERT_EQ(0, bc_box_await(&self->box));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, pace(true));
		ASSERT_EQ(0, bc_choose(self->id, BC_NUMFILE, "pace"));
		ASSERT_EQ(0, some_calls(&self->box));
		EXPECT_STREQ("pace", shown(self->id, "numfile"));
		ASSERT_EQ(0, pace(false));
		EXPECT_STREQ("classic", shown(self->id, "numfile"));
	}
	/* switched back and forth, nothing was refused */
	for (i = 0; i < 200; i++) {
		EXPECT_EQ(0, bc_choose(self->id, BC_NUMFILE, i % 2 ? "observe" : "burst"));
	}
	ASSERT_EQ(0, some_calls(&self->box));
	self->box.shm[0] = 1;
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(0, self->box.shm[2]);
	EXPECT_EQ(0, bc_held(self->id, BC_NUMFILE));
}

TEST_HARNESS_MAIN
