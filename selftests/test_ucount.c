// SPDX-License-Identifier: GPL-2.0
/*
 * numinotify, numwatch and numns: instances (EMFILE), watches and namespaces
 * (ENOSPC), each refused at the barrier. A container begins with six namespaces.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define OWN_NS 6
#define THREADS 8

FIXTURE(ucount)
{
	struct bc_box box;
};

FIXTURE_SETUP(ucount)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMINOTIFY));
	ASSERT_TRUE(bc_enforced(BC_NUMWATCH));
	ASSERT_TRUE(bc_enforced(BC_NUMNS));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(ucount)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMINOTIFY, 0));
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMWATCH, 0));
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMNS, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* ---- instances ---- */

static int try_instance(void)
{
	return inotify_init1(0) < 0 ? -errno : 0;
}

/* What an unprivileged user may have. */
static int try_group(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY) < 0 ? -errno : 0;
}

static int instances(struct bc_box *box)
{
	while (!try_instance())
		box->shm[0]++;
	box->shm[1] = errno;
	box->shm[2] = -try_group();
	BOX_CHECK(!bc_box_ready(box));
	close_range(10, ~0U, 0);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[3] = -try_group();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(ucount, instances_are_refused_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMINOTIFY, 30, 50));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, instances));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(30, box->shm[0]);
	EXPECT_EQ(EMFILE, box->shm[1]);
	if (box->shm[2] != ENOSYS) {
		EXPECT_EQ(EMFILE, box->shm[2]);
		EXPECT_ROW(box->id, BC_NUMINOTIFY, 30, 30, 2);
	}
	EXPECT_RECORDED(box->id, BC_NUMINOTIFY, EMFILE);
	EXPECT_LE(1, bc_trace_end(box->id, "numinotify", line));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_LE(0, bc_held(box->id, BC_NUMINOTIFY));
	EXPECT_GT(30, bc_held(box->id, BC_NUMINOTIFY));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_TRUE(box->shm[3] == 0 || box->shm[3] == ENOSYS);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMINOTIFY, 0));
}

static int race_instances(struct bc_box *box)
{
	box->shm[3] = EMFILE;
	return bc_race(box, THREADS, try_instance) ? 1 : 0;
}

TEST_F(ucount, threads_race_for_instances)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMINOTIFY, 60, 60));
	ASSERT_EQ(0, bc_box_start(box, race_instances));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(60, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMINOTIFY, 60, 60, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* ---- watches ---- */

static int instance;

/* A new inode each time: a second watch of the same one is the first. */
static int try_watch(void)
{
	char path[64];
	int err, fd = (int)syscall(SYS_memfd_create, "bc", 0);

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = inotify_add_watch(instance, path, IN_MODIFY) < 0 ? -errno : 0;
	if (err)
		close(fd);
	return err;
}

static int try_mark(int group, const char *path)
{
	return fanotify_mark(group, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, path) ? -errno : 0;
}

static int watches(struct bc_box *box)
{
	int group;

	instance = inotify_init1(0);
	BOX_CHECK(instance >= 0);
	while (!try_watch())
		box->shm[0]++;
	box->shm[1] = errno;
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
	box->shm[2] = group < 0 ? errno : -try_mark(group, "/");
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!inotify_rm_watch(instance, 1) && !inotify_rm_watch(instance, 2));
	BOX_CHECK(!bc_box_ready(box));
	close(instance);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(ucount, watches_are_refused_at_the_barrier)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMWATCH, 40, 40));
	ASSERT_EQ(0, bc_box_start(box, watches));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(ENOSPC, box->shm[1]);
	EXPECT_TRUE(box->shm[2] == ENOSPC || box->shm[2] == ENOSYS || box->shm[2] == ENODEV ||
		    box->shm[2] == EXDEV || box->shm[2] == EOPNOTSUPP)
	TH_LOG("fanotify says %ld", box->shm[2]);
	EXPECT_EQ(40, bc_held(box->id, BC_NUMWATCH));
	EXPECT_RECORDED(box->id, BC_NUMWATCH, ENOSPC);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMWATCH, 38));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMWATCH, 0));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

static int race_watches(struct bc_box *box)
{
	instance = inotify_init1(0);
	box->shm[3] = ENOSPC;
	return bc_race(box, THREADS, try_watch) ? 1 : 0;
}

TEST_F(ucount, threads_race_for_watches)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMWATCH, 100, 100));
	ASSERT_EQ(0, bc_box_start(box, race_watches));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(100, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMWATCH, 100, 100, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* The host has the descriptor: the instance lives on, and so does its bound. */
static int give_away(struct bc_box *box)
{
	instance = inotify_init1(0);
	BOX_CHECK(!try_watch() && !try_watch());
	BOX_CHECK(!bc_send_fd(box->sock, instance));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(ucount, a_passed_instance_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMWATCH, 3, 3));
	ASSERT_EQ(0, bc_box_pair(box));
	ASSERT_EQ(0, bc_box_start(box, give_away));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMNS, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMINOTIFY));
	/* the two inodes are gone, and their watches with them */
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMWATCH, 0));
	EXPECT_LT(0, inotify_add_watch(fd, "/", IN_CREATE));
	EXPECT_LT(0, inotify_add_watch(fd, "/proc", IN_CREATE));
	EXPECT_LT(0, inotify_add_watch(fd, "/sys", IN_CREATE));
	errno = 0;
	EXPECT_GT(0, inotify_add_watch(fd, "/dev", IN_CREATE));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(3, bc_held(box->id, BC_NUMWATCH));
	close(fd);
}

/* ---- namespaces ---- */

static const struct {
	int flag;
	const char *name;
} kinds[] = {
	{ CLONE_NEWUSER, "user" },     { CLONE_NEWPID, "pid" }, { CLONE_NEWUTS, "uts" },
	{ CLONE_NEWIPC, "ipc" },       { CLONE_NEWNET, "net" }, { CLONE_NEWNS, "mnt" },
	{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
};

#define KINDS ((int)ARRAY_SIZE(kinds))

/* A child makes one of each kind, lives until the host has looked, and dies. */
static int every_kind(struct bc_box *box)
{
	int kind, status;
	pid_t pid;

	for (kind = 0; kind < 2 * KINDS; kind++) {
		pid = fork();
		BOX_CHECK(pid >= 0);
		if (!pid) {
			box->shm[kind] = unshare(kinds[kind % KINDS].flag) ? errno : 0;
			bc_drop(bc_box_ready(box) ? 1 : 0);
		}
		BOX_CHECK(waitpid(pid, &status, 0) == pid && !status);
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

TEST_F(ucount, every_kind_of_namespace)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	int kind;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, OWN_NS + 1, OWN_NS + 1));
	ASSERT_EQ(0, bc_box_start(box, every_kind));
	for (kind = 0; kind < 2 * KINDS; kind++) {
		bool refused = kind >= KINDS;

		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(refused ? ENOSPC : 0, box->shm[kind])
		TH_LOG("%s", kinds[kind % KINDS].name);
		EXPECT_EQ(refused ? OWN_NS : OWN_NS + 1, bc_held(box->id, BC_NUMNS))
		TH_LOG("%s", kinds[kind % KINDS].name);
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMNS, OWN_NS));
		if (kind == KINDS - 1) {
			ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, OWN_NS, OWN_NS));
		}
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_EQ(0, bc_box_wait(box));
	ASSERT_EQ(0, bc_row(box->id, BC_NUMNS, &row));
	EXPECT_EQ(OWN_NS + 1, (int)row.maxheld);
	EXPECT_LE(KINDS, (int)row.failcnt); /* IPC is tried again while dead ones are freed */
	EXPECT_RECORDED(box->id, BC_NUMNS, ENOSPC);
}

/* The descriptor keeps the one that is left behind. */
static int try_namespace(void)
{
	int fd = open("/proc/thread-self/ns/uts", O_RDONLY);

	if (fd < 0)
		return -errno;
	return unshare(CLONE_NEWUTS) ? -errno : 0;
}

static int race_namespaces(struct bc_box *box)
{
	box->shm[3] = ENOSPC;
	return bc_race(box, THREADS, try_namespace) ? 1 : 0;
}

TEST_F(ucount, threads_race_for_namespaces)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, OWN_NS + 40, OWN_NS + 40));
	ASSERT_EQ(0, bc_box_start(box, race_namespaces));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMNS, OWN_NS + 40, OWN_NS + 40, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Deep below, with namespaces of its own at each level: still the same account. */
static int nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWNS) && !bc_nest(0));
	box->shm[0] = unshare(CLONE_NEWUTS) ? errno : 0;
	box->shm[1] = unshare(CLONE_NEWUTS) ? errno : 0;
	box->shm[2] = unshare(CLONE_NEWUSER) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(ucount, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	/* user, pid, a mnt in place of the first; user, pid; uts */
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, OWN_NS + 5, OWN_NS + 5));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[0]);
	EXPECT_EQ(ENOSPC, box->shm[1]);
	EXPECT_EQ(ENOSPC, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMNS, OWN_NS + 5, OWN_NS + 5, 2);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int stay(struct bc_box *box)
{
	box->shm[0] = unshare(CLONE_NEWUTS) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(ucount, the_host_starts_it_at_any_limit)
{
	struct bc_box *box = &self->box;
	char path[64];
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, 2, 2));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOSPC, box->shm[0]);
	EXPECT_ROW(box->id, BC_NUMNS, OWN_NS, OWN_NS, 1);
	/* what the host keeps of it stays charged */
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)box->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMNS, 1));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMNS, 0));
}

/* Watches and namespaces made and dropped by four at once, until they are killed. */
static int storm(struct bc_box *box)
{
	int i;

	for (i = 0; i < 4; i++)
		if (!fork())
			break;
	if (i == 4) {
		BOX_CHECK(!bc_box_say(box));
		bc_box_stay();
	}
	for (;;) {
		instance = inotify_init1(0);
		while (!try_watch())
			;
		unshare(kinds[i % 2 ? 2 : 5].flag);
		try_namespace();
		close_range(10, ~0U, 0);
	}
}

TEST_F(ucount, killed_in_a_storm)
{
	struct bc_box *box = &self->box;
	int i;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMINOTIFY, 3, 3));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMWATCH, 20, 20));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMNS, OWN_NS + 5, OWN_NS + 5));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_start(box, storm));
		ASSERT_EQ(0, bc_box_await(box));
		bc_sleep_ms(200);
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMINOTIFY, 0));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMWATCH, 0));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMNS, 0));
	}
}

TEST_HARNESS_MAIN
