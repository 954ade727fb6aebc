// SPDX-License-Identifier: GPL-2.0
/*
 * numflock: file locks: POSIX and open file description locks by range, flock,
 * leases. HARD: refused at the barrier with ENOLCK. Charged by the open file.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

FIXTURE(numflock)
{
	struct bc_box box;
};

FIXTURE_SETUP(numflock)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMFLOCK));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numflock)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int file(void)
{
	return (int)syscall(SYS_memfd_create, "bc", MFD_CLOEXEC);
}

static int range(int fd, int cmd, short type, long start, long len)
{
	struct flock lock = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &lock) ? -errno : 0;
}

static int set(int fd, short type, long start, long len)
{
	return range(fd, F_SETLK, type, start, len);
}

/* ---- counted: what each step leaves ---- */

static int a, b;

static const struct {
	const char *what;
	long held;
} steps[] = {
	{ "one range", 1 },
	{ "again the same", 1 },
	{ "one that touches it", 1 },
	{ "one apart", 2 },
	{ "the gap between them: one", 1 },
	{ "another type in the middle: three", 3 },
	{ "the middle unlocked", 2 },
	{ "all replaced by one", 1 },
	{ "nothing there to unlock", 1 },
	{ "split by unlocking", 2 },
	{ "whole file unlocked", 0 },
	{ "flock", 1 },
	{ "flock again", 1 },
	{ "flock converted", 1 },
	{ "flock of another open file", 2 },
	{ "conversion that fails", 1 },
	{ "unlocked twice", 0 },
	{ "open file description locks", 2 },
	{ "closed with its locks", 0 },
	{ "a lease", 1 },
	{ "the lease changed", 1 },
	{ "the lease given back", 0 },
	{ "a lease closed", 0 },
};

static int do_step(size_t i)
{
	char path[64];
	int c;

	switch (i) {
	case 0:
		a = file();
		return set(a, F_WRLCK, 100, 100);
	case 1:
		return set(a, F_WRLCK, 100, 100);
	case 2:
		return set(a, F_WRLCK, 200, 100);
	case 3:
		return set(a, F_WRLCK, 1000, 10);
	case 4:
		return set(a, F_WRLCK, 300, 700);
	case 5:
		return set(a, F_RDLCK, 500, 10);
	case 6:
		return set(a, F_UNLCK, 500, 10);
	case 7:
		return set(a, F_RDLCK, 0, 0);
	case 8:
		b = file();
		return set(b, F_UNLCK, 0, 100);
	case 9:
		return set(a, F_UNLCK, 500, 10);
	case 10:
		return set(a, F_UNLCK, 0, 0);
	case 11:
		return flock(a, LOCK_EX);
	case 12:
		return flock(a, LOCK_EX);
	case 13:
		return flock(a, LOCK_SH);
	case 14:
		snprintf(path, sizeof(path), "/proc/self/fd/%d", a);
		close(b);
		b = open(path, O_RDWR);
		return b < 0 ? -errno : flock(b, LOCK_SH);
	case 15: /* an old lock is dropped before the new one is tried */
		return flock(b, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK ? 0 : -1;
	case 16:
		return flock(a, LOCK_UN) | flock(a, LOCK_UN) | flock(b, LOCK_UN);
	case 17:
		return range(b, F_OFD_SETLK, F_RDLCK, 0, 1) | range(b, F_OFD_SETLK, F_WRLCK, 1, 1);
	case 18:
		close(b);
		return close(a);
	case 19:
		snprintf(path, sizeof(path), "/proc/self/fd/%d", c = file());
		a = open(path, O_RDONLY);
		close(c);
		return fcntl(a, F_SETLEASE, F_RDLCK);
	case 20:
		return fcntl(a, F_SETLEASE, F_RDLCK);
	case 21:
		return fcntl(a, F_SETLEASE, F_UNLCK);
	default:
		return fcntl(a, F_SETLEASE, F_RDLCK) | close(a);
	}
}

static int stepping(struct bc_box *box)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		errno = 0;
		if (do_step(i)) {
			fprintf(stderr, "# step '%s': errno %d\n", steps[i].what, errno);
			return 1;
		}
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

TEST_F(numflock, each_step_is_counted)
{
	struct bc_box *box = &self->box;
	size_t i;

	ASSERT_EQ(0, bc_box_start(box, stepping));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, steps[i].held))
		{
			TH_LOG("after '%s'", steps[i].what);
		}
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_EQ(0, bc_box_wait(box));
}

/* ---- refused at exactly the limit ---- */

static _Atomic long next_range;
static int race_fd;

static int try_range(void)
{
	return set(race_fd, F_WRLCK, 2 * next_range++, 1);
}

static int try_flock(void)
{
	return flock(file(), LOCK_EX) ? -errno : 0;
}

static int try_ofd(void)
{
	return range(file(), F_OFD_SETLK, F_WRLCK, 0, 0);
}

/* A lease needs a file that nobody has open for writing. */
static int try_lease(void)
{
	char path[64];
	int w = file(), r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", w);
	r = open(path, O_RDONLY);
	close(w);
	return fcntl(r, F_SETLEASE, F_RDLCK) ? -errno : 0;
}

static int (*const kinds[])(void) = { try_range, try_flock, try_ofd, try_lease };

#define THREADS 8
#define LIMIT 50

static int race(struct bc_box *box)
{
	race_fd = file();
	box->shm[3] = ENOLCK;
	return bc_race(box, (int)box->arg >> 8, kinds[box->arg & 255]) ? 1 : 0;
}

TEST_F(numflock, each_kind_stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	size_t i;
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFLOCK, LIMIT, 2 * LIMIT));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (n = 1; n <= THREADS; n += THREADS - 1) {
			ASSERT_EQ(0, bc_clear(box->id));
			box->shm[0] = box->shm[1] = box->shm[2] = 0;
			box->arg = n << 8 | (long)i;
			ASSERT_EQ(0, bc_box_start(box, race));
			ASSERT_EQ(0, bc_box_await(box));
			EXPECT_EQ(LIMIT, box->shm[0]);
			EXPECT_EQ(n, box->shm[1]);
			EXPECT_EQ(0, box->shm[2]);
			EXPECT_ROW(box->id, BC_NUMFLOCK, LIMIT, LIMIT, n);
			EXPECT_RECORDED(box->id, BC_NUMFLOCK, ENOLCK);
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
			EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 0));
		}
	}
}

/* At the limit: what adds nothing goes on, what would split is refused. */
static int at_the_limit(struct bc_box *box)
{
	int fd = file();

	BOX_CHECK(!set(fd, F_WRLCK, 0, 100) && !set(fd, F_WRLCK, 200, 100));
	box->shm[0] = set(fd, F_WRLCK, 1000, 1);
	box->shm[1] = set(fd, F_UNLCK, 50, 1);
	box->shm[2] = set(fd, F_RDLCK, 50, 1);
	box->shm[3] = set(fd, F_WRLCK, 100, 1);
	box->shm[4] = set(fd, F_RDLCK, 200, 100);
	box->shm[5] = set(fd, F_UNLCK, 0, 10);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[6] = set(fd, F_UNLCK, 0, 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numflock, unlocking_cannot_make_many_of_one)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFLOCK, 2, 2));
	ASSERT_EQ(0, bc_box_start(box, at_the_limit));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(-ENOLCK, box->shm[0]);
	EXPECT_EQ(-ENOLCK, box->shm[1]);
	EXPECT_EQ(-ENOLCK, box->shm[2]);
	EXPECT_EQ(0, box->shm[3]);
	EXPECT_EQ(0, box->shm[4]);
	EXPECT_EQ(0, box->shm[5]);
	EXPECT_ROW(box->id, BC_NUMFLOCK, 2, 2, 3);
	EXPECT_EQ(3, bc_trace_end(box->id, "numflock", NULL));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[6]);
	EXPECT_EQ(0, bc_held(box->id, BC_NUMFLOCK));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

/* ---- threads of one owner in a mess of ranges ---- */

static void mess(void *arg)
{
	uint64_t seed = 7919 * (uint64_t)(next_range++ + 1);
	long i, start, len;

	for (i = 0; i < *(long *)arg; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		start = (long)(seed >> 33) % 40;
		len = 1 + (long)(seed >> 45) % 10;
		switch (seed >> 60) {
		case 0 ... 4:
			set(race_fd, F_WRLCK, start, len);
			break;
		case 5 ... 8:
			set(race_fd, F_RDLCK, start, len);
			break;
		case 9 ... 12:
			set(race_fd, F_UNLCK, start, len);
			break;
		case 13:
			flock(race_fd, seed & 4096 ? LOCK_SH : LOCK_EX);
			break;
		default:
			flock(race_fd, LOCK_UN);
		}
	}
}

/* Locks as the kernel lists them for the descriptor. */
static long locks_of(int fd)
{
	char path[64], line[256];
	long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "lock:", 5);
	fclose(f);
	return n;
}

static int messing(struct bc_box *box)
{
	long rounds = 2000;

	race_fd = file();
	BOX_CHECK(!bc_threads(4, mess, &rounds));
	box->shm[0] = locks_of(race_fd);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numflock, a_mess_of_ranges_adds_up)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	int tight;

	for (tight = 0; tight < 2; tight++) {
		if (tight)
			ASSERT_EQ(0, bc_limit(box->id, BC_NUMFLOCK, 6, 6));
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_box_start(box, messing));
		ASSERT_EQ(0, bc_box_await(box));
		ASSERT_EQ(0, bc_row(box->id, BC_NUMFLOCK, &row));
		EXPECT_EQ(box->shm[0], (long)row.held);
		if (tight) {
			EXPECT_EQ(6, (long)row.maxheld);
			EXPECT_LT(0, (long)row.failcnt);
		}
		ASSERT_EQ(0, bc_box_go(box));
		EXPECT_EQ(0, bc_box_wait(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 0));
	}
}

/* ---- waiting, forking, passing ---- */

static int waiting(struct bc_box *box)
{
	int fd = file();
	pid_t pid;

	BOX_CHECK(!set(fd, F_WRLCK, 0, 1));
	pid = fork();
	if (!pid) { /* a child has none of its parent's POSIX locks, and waits for one */
		bc_box_say(box);
		_exit(range(fd, F_SETLKW, F_WRLCK, 0, 2) ? 1 : 0);
	}
	bc_box_stay();
	return 0;
}

TEST_F(numflock, who_waits_holds_nothing)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, waiting));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 1));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 0));
}

static int passing(struct bc_box *box)
{
	int fd = file();

	BOX_CHECK(!flock(fd, LOCK_EX) && !bc_send_fd(box->sock, fd));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numflock, a_lock_goes_with_its_file)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, passing));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFLOCK)); /* the container is gone, the host has it */
	EXPECT_EQ(0, flock(fd, LOCK_SH));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFLOCK));
	EXPECT_EQ(0, flock(fd, LOCK_UN));
	EXPECT_EQ(0, bc_held(box->id, BC_NUMFLOCK));
	EXPECT_EQ(0, set(fd, F_WRLCK, 0, 1));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMFLOCK));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 0));
	bc_box_unpair(box);
}

static int nested(struct bc_box *box)
{
	int n = 0;

	BOX_CHECK(!bc_nest(CLONE_NEWNS));
	while (n < 100 && !try_flock())
		n++;
	box->shm[0] = n;
	box->shm[1] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numflock, no_escape_through_nested_namespaces)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFLOCK, 7, 7));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(7, box->shm[0]);
	EXPECT_EQ(ENOLCK, box->shm[1]);
	EXPECT_EQ(7, bc_held(box->id, BC_NUMFLOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMFLOCK, 0));
}

TEST_HARNESS_MAIN
