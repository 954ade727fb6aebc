// SPDX-License-Identifier: GPL-2.0
/*
 * Several containers and the host fork, open, map and nest at random and at
 * tight limits; containers are killed and started again, limits change, files
 * are read. Now and then a container is frozen and its counters are compared
 * with what the kernel itself says. In the end every counter must be zero.
 *
 * usage: test_storm [-s SECONDS] [-c CONTAINERS] [-w WORKERS] [-S SEED]
 *                   [-h HOSTWORKERS] [-n]
 *   -n   the host's workers alone; the module need not be there
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/bc_box.h"
#include "lib/bc_chaos.h"

#define MAX_BOXES 64
#define CGROUPS	  "/sys/fs/cgroup"

static struct options {
	unsigned int seconds, boxes, workers, host;
	uint64_t seed;
	int host_only;
} opt = { 10, 8, 3, 2, 0, 0 };

static struct bc_box boxes[MAX_BOXES];
static char cgroups[MAX_BOXES][64];
static unsigned long starts, checks, failures;
static int64_t refusals;

#define FAIL(fmt, ...)                                                         \
	do {                                                                   \
		printf("# FAIL: " fmt "\n", ##__VA_ARGS__);                    \
		failures++;                                                    \
	} while (0)

/* On a slow machine the one who kills and compares must get a turn as well. */
static void give_way(void)
{
	errno = 0;
	if (nice(15) < 0 && errno)
		printf("# nice: %s\n", strerror(errno));
}

/* The first task: reaps, and keeps the workers going. */
static int in_the_box(struct bc_box *box)
{
	uint64_t seed = (uint64_t)box->arg;
	unsigned int i;

	give_way();
	for (i = 0; i < opt.workers; i++) {
		if (!fork())
			bc_chaos_run(seed * 31 + i, 0);
	}
	bc_box_say(box);
	for (;;) {
		if (wait(NULL) < 0)
			bc_sleep_ms(10);
		if (++seed % 64 == 0 && !fork())
			bc_chaos_run(seed * 17, 0);
	}
	return 0;
}

static void set_limits(struct bc_box *box, uint64_t *seed)
{
	uint64_t procs = 4 + bc_chaos_random(seed) % 24;
	uint64_t fds = 10 + bc_chaos_random(seed) % 120;
	uint64_t pages = 600 + bc_chaos_random(seed) % 4000;

	if (bc_limit(box->id, BC_NUMPROC, procs, procs + 2) ||
	    bc_limit(box->id, BC_NUMFILE, fds, fds) ||
	    bc_limit(box->id, BC_PRIVVMPAGES, pages, pages + 64))
		FAIL("%u: cannot set limits", box->id);
}

static void start(unsigned int i, uint64_t *seed)
{
	struct bc_box *box = &boxes[i];
	int err;

	if (box->cgroup > 0)
		close(box->cgroup);
	box->cgroup = open(cgroups[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	box->arg = (long)bc_chaos_random(seed);
	set_limits(box, seed);
	err = bc_box_start(box, in_the_box);
	if (err)
		FAIL("%u: start: %s", box->id, strerror(-err));
	else
		bc_box_await(box);
	starts++;
}

static int freeze(unsigned int i, int on)
{
	char path[96], text[256];
	int fd, n;

	snprintf(path, sizeof(path), "%s/cgroup.freeze", cgroups[i]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1) {
		close(fd);
		return -1;
	}
	close(fd);
	snprintf(path, sizeof(path), "%s/cgroup.events", cgroups[i]);
	for (n = 0; n < 3000; n++) {
		if (bc_slurp(path, text, sizeof(text)) > 0 && !!strstr(text, "frozen 1") == on)
			return 0;
		bc_sleep_ms(10);
	}
	return -1;
}

/*
 * What exits while the others stand still needs a moment: tasks are released
 * and memory is given back a little later than /proc forgets them.
 */
static void compare(unsigned int i)
{
	struct bc_box *box = &boxes[i];
	struct bc_truth truth = {};
	int64_t procs = 0, pages = 0;
	int n;

	if (freeze(i, 1)) {
		FAIL("%u: does not freeze", box->id);
		return;
	}
	for (n = 0; n < 500; n++) {
		if (bc_box_truth(box, &truth))
			break; /* the first task is dead: killed by itself */
		procs = bc_held(box->id, BC_NUMPROC);
		pages = bc_held(box->id, BC_PRIVVMPAGES);
		if (procs == truth.tasks && pages == truth.pages)
			break;
		bc_sleep_ms(10);
	}
	if (n == 500)
		FAIL("%u: numproc %lld, the kernel says %lld; privvmpages %lld, the kernel says %lld",
		     box->id, (long long)procs, (long long)truth.tasks, (long long)pages,
		     (long long)truth.pages);
	checks++;
	freeze(i, 0);
}

static void check_bounds(struct bc_box *box)
{
	struct bc_row rows[BC_ROWS];
	int i, n = bc_query(box->id, rows);

	for (i = 0; i < n; i++) {
		if ((int64_t)rows[i].held < 0 || (int64_t)rows[i].maxheld < (int64_t)rows[i].held)
			FAIL("%u: %s held %lld maxheld %lld", box->id, rows[i].name,
			     (long long)rows[i].held, (long long)rows[i].maxheld);
	}
}

static void count_refusals(struct bc_box *box)
{
	struct bc_row row;
	int i;

	for (i = 0; i < BC_NR_COUNTED; i++)
		if (!bc_row(box->id, bc_counted[i], &row))
			refusals += (int64_t)row.failcnt;
}

static void stop(unsigned int i)
{
	struct bc_box *box = &boxes[i];

	bc_box_kill(box);
	/* whoever was forked meanwhile has a pidfd of it, which pins its pid namespace */
	if (bc_wait_counted(box->id))
		FAIL("%u: something is still held", box->id);
	count_refusals(box);
	bc_clear(box->id);
}

static void read_files(void)
{
	static char buf[1 << 20];
	char path[64];

	bc_slurp("/proc/user_beancounters", buf, sizeof(buf));
	bc_slurp("/proc/bc/resources", buf, sizeof(buf));
	bc_slurp("/proc/vz/veinfo", buf, sizeof(buf));
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", boxes[0].id);
	bc_slurp(path, buf, sizeof(buf));
}

static void control(uint64_t *seed)
{
	uint64_t end = bc_now_ms() + opt.seconds * 1000ULL;

	while (bc_now_ms() < end) {
		unsigned int i = bc_chaos_random(seed) % opt.boxes;
		uint32_t what = bc_chaos_random(seed) % 16;

		if (what < 3) {
			stop(i);
			start(i, seed);
		} else if (what < 6) {
			compare(i);
		} else if (what < 9) {
			set_limits(&boxes[i], seed);
		} else if (what < 11) {
			read_files();
		} else {
			check_bounds(&boxes[i]);
		}
		bc_sleep_ms(bc_chaos_random(seed) % 60);
	}
}

static void parse(int argc, char **argv)
{
	int c;

	opt.seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
	while ((c = getopt(argc, argv, "s:c:w:S:h:n")) != -1) {
		unsigned long long v = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (c) {
		case 's':
			opt.seconds = (unsigned int)v;
			break;
		case 'c':
			opt.boxes = v < MAX_BOXES ? (unsigned int)v : MAX_BOXES;
			break;
		case 'w':
			opt.workers = (unsigned int)v;
			break;
		case 'S':
			opt.seed = v;
			break;
		case 'h':
			opt.host = (unsigned int)v;
			break;
		case 'n':
			opt.host_only = 1;
			break;
		default:
			fprintf(stderr,
				"usage: test_storm [-s SECONDS] [-c CONTAINERS] [-w WORKERS] [-S SEED] [-h HOSTWORKERS] [-n]\n");
			exit(2);
		}
	}
}

/* Workers of the host are in a process group of their own, to be stopped together. */
static pid_t host_workers(uint64_t seed)
{
	unsigned int i;
	pid_t leader = 0;

	for (i = 0; i < opt.host; i++) {
		pid_t pid = fork();

		if (!pid) {
			setpgid(0, leader);
			give_way();
			bc_chaos_run(seed + i, 0);
		}
		setpgid(pid, leader);
		if (!leader)
			leader = pid;
	}
	return leader;
}

static void end_host_workers(pid_t leader)
{
	if (!leader)
		return;
	kill(-leader, SIGKILL);
	while (waitpid(-leader, NULL, 0) > 0)
		;
}

int main(int argc, char **argv)
{
	unsigned int i;
	pid_t host;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	if (opt.host_only) {
		host = host_workers(opt.seed);
		bc_sleep_ms(opt.seconds * 1000);
		end_host_workers(host);
		return 0;
	}
	printf("TAP version 13\n1..1\n# seed %llu, %u s, %u containers of %u workers, %u on the host\n",
	       (unsigned long long)opt.seed, opt.seconds, opt.boxes, opt.workers, opt.host);
	if (bc_dev() < 0) {
		printf("not ok 1 storm # %s: %s\n", BC_DEVICE, strerror(-bc_dev()));
		return 1;
	}
	for (i = 0; i < opt.boxes; i++) {
		if (bc_box_make(&boxes[i]))
			FAIL("cannot make a beancounter");
		snprintf(cgroups[i], sizeof(cgroups[i]), CGROUPS "/bcstorm-%u", boxes[i].id);
		mkdir(cgroups[i], 0755);
		start(i, &opt.seed);
	}
	host = host_workers(opt.seed);
	control(&opt.seed);
	end_host_workers(host);
	for (i = 0; i < opt.boxes; i++) {
		compare(i);
		stop(i);
		if (bc_destroy(boxes[i].id))
			FAIL("%u: cannot be destroyed", boxes[i].id);
		if (rmdir(cgroups[i]))
			FAIL("%s: %s", cgroups[i], strerror(errno));
	}
	printf("# %lu starts, %lu comparisons, %lld refusals\n", starts, checks,
	       (long long)refusals);
	if (!failures && (!refusals || !checks))
		FAIL("nothing was refused or nothing compared: this was no storm");
	printf("%sok 1 storm\n", failures ? "not " : "");
	return failures ? 1 : 0;
}
