// SPDX-License-Identifier: GPL-2.0
/*
 * What a container sees of its processors agrees with how many it may use at a time:
 * /proc/cpuinfo, /proc/stat, /sys and sched_getaffinity(2); what it binds tasks to by
 * these numbers is its part of all processors; the host sees the truth, others theirs.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_cpu.h"
#include "lib/bc_test.h"

#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define TEXT_MAX (256 << 10)
#define MASK_MAX 64

/* What a look at the processors found; in shared memory. */
struct look {
	uint64_t affinity;	/* sched_getaffinity(2) */
	uint64_t cpuinfo;	/* "processor : N" in /proc/cpuinfo */
	uint64_t stat;		/* cpuN in /proc/stat */
	int cpuinfo_lines;	/* ... of such lines */
	int stat_lines;
	bool stat_sums;		/* the total is the sum of the lines */
	bool stat_rest;		/* intr, ctxt, btime, softirq follow, and nothing is cut */
	long onln, conf;	/* sysconf(3) */
	char online[128];	/* in /sys */
	char possible[128];
	char text[TEXT_MAX];
};

FIXTURE(cpuview)
{
	struct bc_box box;
	struct look *look;
	struct look host;
	int n;		/* processors of the machine, all online */
	uint64_t all;
};

static uint64_t first(int n)
{
	return n >= 64 ? ~0ULL : (1ULL << n) - 1;
}

static uint64_t mask_of(pid_t pid)
{
	cpu_set_t set;
	uint64_t mask = 0;
	int i;

	if (sched_getaffinity(pid, sizeof(set), &set))
		return 0;
	for (i = 0; i < MASK_MAX; i++)
		mask |= CPU_ISSET(i, &set) ? 1ULL << i : 0;
	return mask;
}

static int bind_to(pid_t pid, uint64_t mask)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < MASK_MAX; i++)
		if (mask >> i & 1)
			CPU_SET(i, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? errno : 0;
}

/* Read with calls of @step bytes, 0: in one. */
static int slurp_in_steps(const char *path, char *text, size_t step)
{
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	if (!step)
		return bc_slurp(path, text, TEXT_MAX) < 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 1;
	while (n > 0 && len + step < TEXT_MAX) {
		n = read(fd, text + len, step);
		len += n > 0 ? n : 0;
	}
	text[len] = '\0';
	close(fd);
	return n < 0;
}

static void parse_cpuinfo(struct look *l, const char *text)
{
	const char *p = text;
	int number;

	l->cpuinfo = l->cpuinfo_lines = 0;
	while ((p = strstr(p, "processor\t: "))) {
		number = atoi(p += 12);
		l->cpuinfo |= 1ULL << number;
		l->cpuinfo_lines++;
	}
}

static void parse_stat(struct look *l, const char *text)
{
	unsigned long long total[10] = {}, sum[10] = {}, v[10];
	const char *line, *p = text;
	int i, cpu;

	l->stat = l->stat_lines = 0;
	for (line = text; line && !strncmp(line, "cpu", 3); line = p ? p + 1 : NULL) {
		p = strchr(line, '\n');
		cpu = -1;
		if (line[3] == ' ' ?
			    sscanf(line, "cpu  %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
				   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
				   &v[9]) != 10 :
			    sscanf(line,
				   "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
				   &cpu, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7],
				   &v[8], &v[9]) != 11)
			cpu = MASK_MAX;
		for (i = 0; i < 10; i++)
			*(cpu < 0 ? &total[i] : &sum[i]) += v[i];
		if (cpu >= 0) {
			l->stat |= cpu < MASK_MAX ? 1ULL << cpu : 0;
			l->stat_lines++;
		}
	}
	l->stat_sums = !memcmp(total, sum, sizeof(total)) && total[3] + total[4];
	l->stat_rest = line && !strncmp(line, "intr ", 5) && strstr(line, "\nctxt ") &&
		       strstr(line, "\nbtime ") && strstr(line, "\nprocs_blocked ") &&
		       strstr(line, "\nsoftirq ") && text[strlen(text) - 1] == '\n';
}

static int look_at(struct look *l, const char *proc, size_t step)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/cpuinfo", proc);
	if (slurp_in_steps(path, l->text, step))
		return 1;
	parse_cpuinfo(l, l->text);
	snprintf(path, sizeof(path), "%s/stat", proc);
	if (slurp_in_steps(path, l->text, step))
		return 1;
	parse_stat(l, l->text);
	if (bc_slurp("/sys/devices/system/cpu/online", l->online, sizeof(l->online)) < 0 ||
	    bc_slurp("/sys/devices/system/cpu/possible", l->possible, sizeof(l->possible)) < 0)
		return 1;
	l->affinity = mask_of(0);
	l->onln = sysconf(_SC_NPROCESSORS_ONLN);
	l->conf = sysconf(_SC_NPROCESSORS_CONF);
	return 0;
}

static void range_text(char *text, int n)
{
	sprintf(text, n > 1 ? "0-%d\n" : "0\n", n - 1);
}

/* Everything agrees on the numbers 0 to n - 1. */
static void sees(struct __test_metadata *_metadata, const struct look *l, int n)
{
	char online[32];

	range_text(online, n);
	EXPECT_EQ(first(n), l->affinity);
	EXPECT_EQ(first(n), l->cpuinfo);
	EXPECT_EQ(n, l->cpuinfo_lines);
	EXPECT_EQ(first(n), l->stat);
	EXPECT_EQ(n, l->stat_lines);
	EXPECT_TRUE(l->stat_rest);
	EXPECT_STREQ(online, l->online);
	EXPECT_EQ(n, l->onln);
}

/* ... and a view is one whose total is that of what is shown. */
static void sees_view(struct __test_metadata *_metadata, const struct look *l, int n)
{
	sees(_metadata, l, n);
	EXPECT_TRUE(l->stat_sums);
}

FIXTURE_SETUP(cpuview)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_fairsched_load());
	self->look = mmap(NULL, sizeof(struct look), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->look);
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->box.arg = (long)self->look;
	ASSERT_EQ(0, look_at(&self->host, "/proc", 0));
	self->n = self->host.onln;
	self->all = first(self->n);
	ASSERT_GT(MASK_MAX, self->n);
}

FIXTURE_TEARDOWN(cpuview)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
	EXPECT_EQ(0, bc_fairsched_unload());
}

/* Looks each time it is let go, and says so. */
static int looks(struct bc_box *box)
{
	for (;;) {
		BOX_CHECK(!look_at((struct look *)box->arg, "/proc", box->shm[0]));
		BOX_CHECK(!bc_box_ready(box));
	}
}

static int now_sees(struct bc_box *box, unsigned int cpus)
{
	return bc_cpu_cpus(box->id, cpus) ?: bc_box_go(box) ?: bc_box_await(box);
}

/* ---- what is seen ---- */

TEST_F(cpuview, follows_what_is_set)
{
	struct bc_box *box = &self->box;
	unsigned int cpus;

	sees(_metadata, &self->host, self->n);
	ASSERT_EQ(0, bc_cpu_cpus(box->id, 1));
	ASSERT_EQ(0, bc_box_start(box, looks));
	ASSERT_EQ(0, bc_box_await(box));
	sees_view(_metadata, self->look, 1);
	for (cpus = 1; cpus <= (unsigned int)self->n + 1; cpus++) {
		ASSERT_EQ(0, now_sees(box, cpus));
		sees_view(_metadata, self->look, (int)cpus < self->n ? (int)cpus : self->n);
	}
	ASSERT_EQ(0, now_sees(box, 1024));
	sees_view(_metadata, self->look, self->n);
	ASSERT_EQ(0, now_sees(box, 0));
	sees(_metadata, self->look, self->n);
	/* whose tables have a place for each processor that one may be on */
	ASSERT_EQ(0, now_sees(box, 1));
	EXPECT_STREQ(self->host.possible, self->look->possible);
	EXPECT_EQ(self->host.conf, self->look->conf);
}

TEST_F(cpuview, read_in_pieces)
{
	static const int steps[] = { 1, 7, 100, 4096 };
	struct bc_box *box = &self->box;
	unsigned int i;

	ASSERT_EQ(0, bc_cpu_cpus(box->id, 1));
	ASSERT_EQ(0, bc_box_start(box, looks));
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		box->shm[0] = steps[i];
		ASSERT_EQ(0, now_sees(box, 1));
		sees_view(_metadata, self->look, 1);
		ASSERT_EQ(0, now_sees(box, self->n));
		sees_view(_metadata, self->look, self->n);
	}
}

/* Times go forward, and not faster than those of the processors shown. */
TEST_F(cpuview, times_of_processors)
{
	unsigned long long user[2], host_most = 0;
	struct bc_box *box = &self->box;
	int i, cpu;
	char *p;

	ASSERT_EQ(0, bc_cpu_cpus(box->id, 1));
	ASSERT_EQ(0, bc_box_start(box, looks));
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, now_sees(box, 1));
		ASSERT_EQ(1, sscanf(self->look->text, "cpu  %llu", &user[i]));
		bc_cpu_burn(50 * BC_MS);
	}
	EXPECT_LE(user[0], user[1]);
	ASSERT_EQ(0, look_at(&self->host, "/proc", 0));
	for (p = strchr(self->host.text, '\n') + 1; !strncmp(p, "cpu", 3);
	     p = strchr(p, '\n') + 1) {
		unsigned long long v;

		ASSERT_EQ(2, sscanf(p, "cpu%d %llu", &cpu, &v));
		host_most = v > host_most ? v : host_most;
	}
	EXPECT_LE(user[1], host_most);
}

/* Below it, and through its /proc, it is the same. */
static int looks_nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWNS));
	BOX_CHECK(!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	return looks(box);
}

TEST_F(cpuview, nested)
{
	ASSERT_EQ(0, bc_cpu_cpus(self->box.id, 1));
	ASSERT_EQ(0, bc_box_start(&self->box, looks_nested));
	ASSERT_EQ(0, bc_box_await(&self->box));
	sees_view(_metadata, self->look, 1);
}

TEST_F(cpuview, host_and_others_see_the_truth)
{
	struct bc_box *box = &self->box;
	struct look *look = &self->host;
	char path[64], status[4096], line[64];
	int st;
	pid_t pid;

	ASSERT_EQ(0, bc_cpu_cpus(box->id, 1));
	ASSERT_EQ(0, bc_box_start(box, looks));
	ASSERT_EQ(0, bc_box_await(box));
	sees_view(_metadata, self->look, 1);
	/* the host, of itself and of the container's task */
	ASSERT_EQ(0, look_at(look, "/proc", 0));
	sees(_metadata, look, self->n);
	EXPECT_EQ(self->all, mask_of(box->pid));
	snprintf(path, sizeof(path), "/proc/%d/status", box->pid);
	ASSERT_LT(0, bc_slurp(path, status, sizeof(status)));
	strcpy(line, "Cpus_allowed_list:\t");
	range_text(line + strlen(line), self->n);
	EXPECT_NE(NULL, strstr(status, line));
	/* the host through the container's /proc: the container's, the rest is its own */
	snprintf(path, sizeof(path), "/proc/%d/root/proc", box->pid);
	ASSERT_EQ(0, look_at(look, path, 0));
	EXPECT_EQ(1, look->cpuinfo);
	EXPECT_EQ(1, look->cpuinfo_lines);
	EXPECT_EQ(1, look->stat);
	EXPECT_TRUE(look->stat_sums);
	EXPECT_EQ(self->all, look->affinity);
	EXPECT_EQ(self->n, look->onln);
	/* a container of somebody else */
	pid = bc_clone(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
			bc_drop(1);
		bc_drop(look_at(self->look, "/proc", 0));
	}
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	ASSERT_EQ(0, st);
	sees(_metadata, self->look, self->n);
}

/* ---- binding ---- */

/*
 * What the host sees of a task that is bound to @numbers where it sees 0 to n - 1: each
 * stands for every n-th processor; numbers that it does not see are themselves.
 */
static uint64_t truth(int n, int online, uint64_t numbers)
{
	uint64_t mask = 0;
	int i;

	for (i = 0; i < online; i++)
		if (numbers >> (i % n) & 1 || (i >= n && numbers >> i & 1))
			mask |= 1ULL << i;
	return mask;
}

/* Does what the host asks for: shm[1] whom to bind to shm[2]; shm[3] errno, shm[4] is seen. */
static int binds(struct bc_box *box)
{
	pid_t child = fork();

	BOX_CHECK(child >= 0);
	if (!child)
		bc_box_stay();
	for (;;) {
		BOX_CHECK(!bc_box_ready(box));
		box->shm[3] = bind_to(box->shm[1] == 1 ? child : box->shm[1], box->shm[2]);
		box->shm[4] = mask_of(box->shm[1] == 1 ? child : box->shm[1]);
		if (box->shm[1] != 1)
			continue;
		/* not where it is, but the one that it did */
		BOX_CHECK(mask_of(0) != 0);
	}
}

static int told_to_bind(struct bc_box *box, pid_t who, uint64_t mask)
{
	box->shm[1] = who;
	box->shm[2] = mask;
	return bc_box_go(box) ?: bc_box_await(box);
}

TEST_F(cpuview, bound_to_its_numbers)
{
	struct bc_box *box = &self->box;
	uint64_t union_of;
	int n, i;

	ASSERT_EQ(0, bc_box_start(box, binds));
	ASSERT_EQ(0, bc_box_await(box));
	for (n = 1; n <= self->n; n++) {
		ASSERT_EQ(0, bc_cpu_cpus(box->id, n));
		union_of = 0;
		for (i = 0; i < n; i++) {
			ASSERT_EQ(0, told_to_bind(box, 0, 1ULL << i));
			EXPECT_EQ(0, box->shm[3]);
			EXPECT_EQ(1ULL << i, (uint64_t)box->shm[4]);
			EXPECT_EQ(truth(n, self->n, 1ULL << i), mask_of(box->pid));
			EXPECT_EQ(0, union_of & mask_of(box->pid));
			union_of |= mask_of(box->pid);
		}
		/* workers on each number have the machine */
		EXPECT_EQ(self->all, union_of);
		/* what is seen and set again changes nothing */
		ASSERT_EQ(0, told_to_bind(box, 0, first(n)));
		EXPECT_EQ(0, box->shm[3]);
		EXPECT_EQ(self->all, mask_of(box->pid));
		/* another task of it */
		ASSERT_EQ(0, told_to_bind(box, 1, 1));
		EXPECT_EQ(0, box->shm[3]);
		EXPECT_EQ(1, box->shm[4]);
		EXPECT_EQ(self->all, mask_of(box->pid));
	}
}

TEST_F(cpuview, bound_to_numbers_of_the_host)
{
	struct bc_box *box = &self->box;
	int n, i;

	ASSERT_EQ(0, bc_box_start(box, binds));
	ASSERT_EQ(0, bc_box_await(box));
	for (n = 1; n < self->n; n++) {
		ASSERT_EQ(0, bc_cpu_cpus(box->id, n));
		for (i = n; i < self->n; i++) {
			ASSERT_EQ(0, told_to_bind(box, 0, 1ULL << i));
			EXPECT_EQ(0, box->shm[3]);
			EXPECT_EQ(1ULL << i, mask_of(box->pid));
			EXPECT_EQ(1ULL << i % n, (uint64_t)box->shm[4]);
		}
		ASSERT_EQ(0, told_to_bind(box, 0, ~0ULL >> 1));
		EXPECT_EQ(0, box->shm[3]);
		EXPECT_EQ(self->all, mask_of(box->pid));
	}
	/* and what is bound shows as it should when the number is another */
	ASSERT_EQ(0, bc_cpu_cpus(box->id, 0));
	ASSERT_EQ(0, told_to_bind(box, 0, 1ULL << (self->n - 1)));
	EXPECT_EQ(1ULL << (self->n - 1), mask_of(box->pid));
	EXPECT_EQ(1ULL << (self->n - 1), (uint64_t)box->shm[4]);
}

TEST_F(cpuview, refusals_are_the_kernels)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_cpu_cpus(box->id, 1));
	ASSERT_EQ(0, bc_box_start(box, binds));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, told_to_bind(box, 0, 0));
	EXPECT_EQ(EINVAL, box->shm[3]);
	ASSERT_EQ(0, told_to_bind(box, 0, 1ULL << 62));
	EXPECT_EQ(EINVAL, box->shm[3]);
	ASSERT_EQ(0, told_to_bind(box, 77777, 1));
	EXPECT_EQ(ESRCH, box->shm[3]);
	EXPECT_EQ(0, box->shm[4]);
	ASSERT_EQ(0, told_to_bind(box, -1, 1));
	EXPECT_NE(0, box->shm[3]);
	EXPECT_EQ(self->all, mask_of(box->pid));
}

/* ---- with a cpuset ---- */

/* The numbers are those of what it may use, whatever the host calls them. */
TEST_F(cpuview, in_a_cpuset)
{
	struct bc_box *box = &self->box;
	char dir[64], last[16], all[16];
	int ret;

	if (self->n < 2)
		SKIP(return, "for two processors");
	snprintf(dir, sizeof(dir), BC_CGROUP_ROOT "/bctest-cpuview-%u", box->id);
	snprintf(last, sizeof(last), "%d", self->n - 1);
	snprintf(all, sizeof(all), "0-%d", self->n - 1);
	ASSERT_EQ(0, bc_cgroup_put(BC_CGROUP_ROOT, "cgroup.subtree_control", "+cpuset"));
	ASSERT_EQ(0, bc_cgroup_make(box, dir));
	ASSERT_EQ(0, bc_cgroup_put(dir, "cpuset.cpus", last));
	ASSERT_EQ(0, bc_cpu_cpus(box->id, self->n));
	ret = bc_box_start(box, looks) ?: bc_box_await(box);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(1ULL << (self->n - 1), mask_of(box->pid));
	sees_view(_metadata, self->look, 1);
	/* more, while it runs */
	EXPECT_EQ(0, bc_cgroup_put(dir, "cpuset.cpus", all));
	EXPECT_EQ(0, now_sees(box, self->n));
	sees_view(_metadata, self->look, self->n);
	bc_box_kill(box);
	/* bound: none but what it may use */
	EXPECT_EQ(0, bc_cgroup_put(dir, "cpuset.cpus", last));
	ret = bc_box_start(box, binds) ?: bc_box_await(box);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, told_to_bind(box, 0, 1));
	EXPECT_EQ(0, box->shm[3]);
	EXPECT_EQ(1, box->shm[4]);
	EXPECT_EQ(1ULL << (self->n - 1), mask_of(box->pid));
	bc_box_kill(box);
	EXPECT_EQ(0, bc_cgroup_drop(box, dir));
}

TEST_F(cpuview, processors_go_and_come)
{
	struct bc_box *box = &self->box;

	if (self->n < 2)
		SKIP(return, "for two processors");
	ASSERT_EQ(0, bc_cpu_cpus(box->id, self->n));
	ASSERT_EQ(0, bc_box_start(box, looks));
	ASSERT_EQ(0, bc_box_await(box));
	sees_view(_metadata, self->look, self->n);
	ASSERT_EQ(0, bc_cpu_online(1, false));
	EXPECT_EQ(0, now_sees(box, self->n));
	ASSERT_EQ(0, bc_cpu_online(1, true));
	sees_view(_metadata, self->look, self->n - 1);
	ASSERT_EQ(0, now_sees(box, self->n));
	sees_view(_metadata, self->look, self->n);
}

TEST_HARNESS_MAIN
