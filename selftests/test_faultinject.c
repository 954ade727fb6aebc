// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations on the way of every charge fail, one at a time: what was charged is
 * given back, and the counters equal what the kernel says.
 *
 * /proc/self/fail-nth makes the n-th allocation of the calling thread fail.
 * Needs CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE	 4096UL
#define MAX_NTH	 4000
#define PROGRAM	 "/tmp/bc-faultinject-true"

static int put(const char *dir, const char *file, const char *text)
{
	char path[128];
	int fd, ok;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok ? 0 : -EIO;
}

static const char *unavailable(void)
{
	static const char *const dirs[] = { "failslab", "fail_page_alloc" };
	size_t i;

	if (access("/proc/self/fail-nth", F_OK))
		return "no /proc/self/fail-nth: the kernel has no CONFIG_FAULT_INJECTION";
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (put(dirs[i], "ignore-gfp-wait", "N"))
			return "no failslab or fail_page_alloc in debugfs";
		put(dirs[i], "verbose", "0");
		put(dirs[i], "cache-filter", "N");
	}
	/* Pages come through slabs as well; failing them by themselves floods the console. */
	put("fail_page_alloc", "min-order", "10");
	return NULL;
}

static int nth_fd = -1;

static void arm_nth(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(nth_fd, text, (size_t)len, 0) != len)
		bc_drop(99);
}

/* Whether the failure armed before has happened; disarms. */
static bool happened(void)
{
	char text[16] = "";
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	arm_nth(0);
	return n > 0 && atoi(text) == 0;
}

enum op {
	FORK,
	NAMESPACES,
	THREAD,
	VFORK_EXEC,
	OPEN,
	PIPE,
	SOCKETS,
	MEMFD,
	MMAP,
	BRK,
	MREMAP,
	MPROTECT,
	READ_OWN,
	UNSHARE_FILES,
	OPS
};

static const char *const op_names[] = {
	"fork",
	"namespaces",
	"thread",
	"vfork and exec",
	"open",
	"pipe",
	"socketpair",
	"memfd",
	"mmap",
	"brk",
	"mremap",
	"mprotect",
	"read own counters",
	"share of the table",
};

static int thread_fn(void *unused)
{
	(void)unused;
	syscall(SYS_exit, 0);
	return 0;
}

static char thread_stack[16384] __attribute__((aligned(16)));
static char *area;

static pid_t fork_by(uint64_t flags)
{
	pid_t pid = bc_clone(flags, 0);

	if (!pid)
		bc_drop(0);
	return pid;
}

static pid_t vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(PROGRAM, "true", NULL);
		_exit(0);
	}
	return pid;
}

/* One operation; what it made is in pid and fd and goes away afterwards. */
static void operate(enum op op, pid_t *pid, int fd[2])
{
	char text[64];
	void *p;

	switch (op) {
	case FORK:
		*pid = fork_by(0);
		break;
	case NAMESPACES:
		*pid = fork_by(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
			       CLONE_NEWUTS);
		break;
	case THREAD:
		clone(thread_fn, thread_stack + sizeof(thread_stack),
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM,
		      NULL);
		break;
	case VFORK_EXEC:
		*pid = vfork_exec();
		break;
	case OPEN:
		fd[0] = open("/dev/null", O_RDONLY);
		break;
	case PIPE:
		if (pipe(fd))
			fd[0] = fd[1] = -1;
		break;
	case SOCKETS:
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
			fd[0] = fd[1] = -1;
		break;
	case MEMFD:
		fd[0] = (int)syscall(SYS_memfd_create, "bc", 0);
		break;
	case MMAP:
		p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		if (p != MAP_FAILED)
			munmap(p, 16 * PAGE);
		break;
	case BRK:
		if (sbrk(8 * PAGE) != (void *)-1)
			sbrk(-8 * (long)PAGE);
		break;
	case MREMAP:
		p = mremap(area, 64 * PAGE, 128 * PAGE, MREMAP_MAYMOVE);
		if (p != MAP_FAILED) {
			area = p;
			munmap(area + 64 * PAGE, 64 * PAGE);
		}
		break;
	case MPROTECT:
		mprotect(area + 8 * PAGE, 16 * PAGE, PROT_READ);
		mprotect(area + 4 * PAGE, 16 * PAGE, PROT_READ | PROT_WRITE);
		break;
	case READ_OWN:
		fd[0] = open("/proc/user_beancounters", O_RDONLY);
		if (fd[0] >= 0 && read(fd[0], text, sizeof(text)) < 0)
			errno = 0;
		break;
	case UNSHARE_FILES:
		*pid = fork_by(CLONE_FILES);
		break;
	case OPS:
		break;
	}
}

/* Make the n-th allocation of an operation fail. False: it has fewer. */
static bool try_nth(struct bc_box *box, enum op op, int n)
{
	int fd[2] = { -1, -1 };
	bool failed;
	pid_t pid = -1;

	arm_nth(n);
	operate(op, &pid, fd);
	failed = happened();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	close(fd[0]);
	close(fd[1]);
	box->shm[0] += failed;
	box->shm[10 + op] += failed;
	return failed;
}

/* Of many allocations the first, the last, and some of those between. */
static int next_nth(int n)
{
	return n + 1 + n / 40;
}

#define LAST 60

/* shm[0] injected failures, shm[2] n, shm[10 + op] failures; waits after each. */
static int inject(struct bc_box *box)
{
	int op, n, last;

	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	area = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	BOX_CHECK(nth_fd >= 0 && area != MAP_FAILED);
	/* A page fault that reads a file must not meet a failure. */
	BOX_CHECK(!mlockall(MCL_CURRENT));
	for (op = 0; op < OPS; op++) {
		n = 1;
		while (n < MAX_NTH && try_nth(box, (enum op)op, n))
			n = next_nth(n);
		last = n;
		for (n = last > LAST ? last - LAST : last; n < last; n++)
			try_nth(box, (enum op)op, n);
		box->shm[2] = last;
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

/* A tiny static program on tmpfs: an allocation failure inside of 9p kills its mount. */
static int make_program(void)
{
	static const char *const from[] = { "/bin/busybox", "/usr/bin/busybox" };
	static char buf[4 << 20];
	ssize_t len = -1;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(from) && len <= 0; i++)
		len = bc_slurp(from[i], buf, sizeof(buf));
	if (len <= 0)
		return -ENOENT;
	fd = open(PROGRAM, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (fd < 0 || write(fd, buf, (size_t)len) != len)
		return -EIO;
	return close(fd);
}

FIXTURE(inject)
{
	struct bc_box box;
	const char *skip;
};

FIXTURE_SETUP(inject)
{
	ASSERT_LE(0, bc_dev());
	self->skip = unavailable();
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(inject)
{
	unlink(PROGRAM);
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int64_t settled(unsigned int id, enum bc_resource r, int64_t want)
{
	bc_wait_held(id, r, want);
	return bc_held(id, r);
}

TEST_F_TIMEOUT(inject, in_the_container, 1500)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int op, err, slow = 0;

	if (self->skip)
		SKIP(return, "%s", self->skip);
	ASSERT_EQ(0, make_program());
	ASSERT_EQ(0, bc_box_start(box, inject));
	for (op = 0; op < OPS; op++) {
		do {
			err = bc_box_await(box);
		} while (err == -ETIMEDOUT && ++slow < 10);
		ASSERT_EQ(0, err)
		TH_LOG("%s", op_names[op]);
		EXPECT_GT(MAX_NTH, box->shm[2])
		TH_LOG("%s: never came through", op_names[op]);
		/* pid 1 and its fail-nth file */
		EXPECT_EQ(1, settled(box->id, BC_NUMPROC, 1))
		TH_LOG("%s", op_names[op]);
		EXPECT_EQ(1, settled(box->id, BC_NUMFILE, 1))
		TH_LOG("%s", op_names[op]);
		ASSERT_EQ(0, bc_box_truth(box, &truth));
		EXPECT_EQ(truth.pages, settled(box->id, BC_PRIVVMPAGES, truth.pages))
		TH_LOG("%s", op_names[op]);
		EXPECT_EQ(1, truth.tasks);
		ksft_print_msg("%s: %ld failures\n", op_names[op], box->shm[10 + op]);
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_LT(100, box->shm[0]);
	EXPECT_EQ(0, bc_box_wait(box));
}

/* arg: n, shm[0] refused, shm[1] an allocation failed */
static int refuse_nth(struct bc_box *box)
{
	nth_fd = open("/proc/self/fail-nth", O_RDWR);
	BOX_CHECK(nth_fd >= 0 && !mlockall(MCL_CURRENT));
	BOX_CHECK(!bc_box_ready(box));
	arm_nth((int)box->arg);
	box->shm[0] = open("/dev/null", O_RDONLY) < 0 && errno == ENFILE;
	box->shm[1] = happened();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* A row's first refusal, and no memory to write it down: it is counted all the same. */
TEST_F(inject, in_a_refusal)
{
	struct bc_box *box = &self->box;
	struct bc_failure list[2];
	bool failed = true;
	long lost = 0;

	if (self->skip)
		SKIP(return, "%s", self->skip);
	for (box->arg = 1; box->arg < 100 && failed; box->arg++) {
		ASSERT_EQ(0, bc_box_start(box, refuse_nth));
		ASSERT_EQ(0, bc_box_await(box));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 1, 1));
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(box->shm[0], (long)bc_row_of(box->id, BC_NUMFILE).failcnt);
		lost += box->shm[0] - bc_failures(box->id, list, 2);
		failed = box->shm[1];
		ASSERT_EQ(0, bc_box_go(box));
		EXPECT_EQ(0, bc_box_wait(box));
		/* as good as new: another beancounter */
		EXPECT_EQ(0, bc_gone(box->id));
		ASSERT_EQ(0, bc_make(box->id));
	}
	EXPECT_FALSE(failed);
	EXPECT_EQ(1, lost);
}

/* The start itself: arm, then a clone that fails at its n-th allocation. */
TEST_F_TIMEOUT(inject, at_the_start, 900)
{
	struct bc_box *box = &self->box;
	int n, failures = 0;

	if (self->skip)
		SKIP(return, "%s", self->skip);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, nth_fd);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	for (n = 1; n < MAX_NTH; n = next_nth(n)) {
		bool failed;
		pid_t pid;

		arm_nth(n);
		if (bc_arm(box->id)) {
			EXPECT_TRUE(happened());
			failures++;
			continue;
		}
		pid = bc_clone(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
				       CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
			       0);
		if (!pid)
			bc_box_stay();
		failed = happened();
		failures += failed;
		if (pid > 0) {
			EXPECT_EQ(1, bc_held(box->id, BC_NUMPROC));
			EXPECT_EQ(BC_LIFE_RUNNING, bc_life(box->id, NULL));
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		} else {
			EXPECT_TRUE(failed);
			bc_arm_off(box->id);
		}
		EXPECT_EQ(0, bc_wait_zero(box->id))
		TH_LOG("failure %d", n);
		EXPECT_NE(BC_LIFE_RUNNING, bc_life(box->id, NULL));
		if (!failed)
			break;
	}
	EXPECT_GT(MAX_NTH, n);
	EXPECT_LT(10, failures);
	ksft_print_msg("%d failures\n", failures);
}

/* The ioctls: what fails has changed nothing. */
TEST_F_TIMEOUT(inject, in_the_ioctls, 900)
{
	static struct bc_row rows[BC_ROWS];
	unsigned int id = bc_fresh_id();
	int n, err, failures = 0;

	if (self->skip)
		SKIP(return, "%s", self->skip);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, nth_fd);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	for (n = 1; n < MAX_NTH; n++) {
		arm_nth(n);
		err = bc_make_excl(id);
		if (!happened())
			break;
		failures++;
		if (!err) {
			EXPECT_EQ(0, bc_destroy(id));
			continue;
		}
		EXPECT_EQ(-ENOMEM, err);
		EXPECT_EQ(-ENOENT, bc_destroy(id));
	}
	EXPECT_EQ(0, err);
	EXPECT_LT(2, failures);
	for (n = 1; n < MAX_NTH; n++) {
		arm_nth(n);
		err = bc_query(id, rows);
		if (!happened())
			break;
		EXPECT_TRUE(err == -ENOMEM || err == BC_NR_RESOURCES);
	}
	EXPECT_EQ(BC_NR_RESOURCES, err);
	for (n = 1; n < MAX_NTH; n++) {
		arm_nth(n);
		err = bc_life(id, NULL);
		if (!happened())
			break;
		EXPECT_TRUE(err == -ENOMEM || err == BC_LIFE_NEW);
	}
	EXPECT_EQ(BC_LIFE_NEW, err);
	EXPECT_EQ(0, bc_destroy(id));
}

TEST_HARNESS_MAIN
