// SPDX-License-Identifier: GPL-2.0
/*
 * Arming and the life of a container: one shot, one thread, one open file;
 * created, armed, running, stopped, destroyed.
 */
#include "lib/bc_cgroup.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

FIXTURE(arm)
{
	struct bc_box box;
	unsigned int id;
};

FIXTURE_SETUP(arm)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
}

FIXTURE_TEARDOWN(arm)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int arm_by(int fd, unsigned int id, unsigned int flags)
{
	struct bc_arm a = { .size = sizeof(a), .id = id, .flags = flags };

	return ioctl(fd, BC_IOC_ARM, &a) ? -errno : 0;
}

/* A child in new user and pid namespaces; whether it is charged, then it is gone. */
static int64_t child_is_charged(unsigned int id, int64_t before)
{
	int status;
	int64_t held;
	pid_t pid = bc_clone(CLONE_NEWUSER | CLONE_NEWPID, 0);

	if (!pid)
		bc_box_stay();
	if (pid < 0)
		return pid;
	held = bc_held(id, BC_NUMPROC);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	bc_wait_held(id, BC_NUMPROC, before);
	return held - before;
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(arm, life)
{
	struct bc_box *box = &self->box;
	unsigned int procs = 99;

	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, &procs));
	EXPECT_EQ(0, procs);
	ASSERT_EQ(0, bc_arm(self->id));
	EXPECT_EQ(BC_LIFE_ARMED, bc_life(self->id, NULL));
	EXPECT_EQ(-EBUSY, bc_destroy(self->id));
	ASSERT_EQ(0, bc_arm_off(self->id));
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(BC_LIFE_RUNNING, bc_life(self->id, &procs));
	EXPECT_EQ(1, procs);
	EXPECT_EQ(-EBUSY, bc_destroy(self->id));
	EXPECT_EQ(-EBUSY, bc_arm(self->id));
	EXPECT_EQ(-EEXIST, bc_make(self->id));
	EXPECT_EQ(-EEXIST, bc_make_excl(self->id));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_zero(self->id));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(self->id, &procs));
	EXPECT_EQ(0, procs);
	EXPECT_EQ(-EEXIST, bc_make_excl(self->id));
	EXPECT_EQ(0, bc_make(self->id));
}

/* Limits and counters outlive the container, and the next start goes on with them. */
TEST_F(arm, last_words_and_restart)
{
	struct bc_box *box = &self->box;
	struct bc_row row;
	int i;

	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 50, 60));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, bc_box_start(box, stay));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(1, bc_held(self->id, BC_NUMPROC));
		EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		EXPECT_EQ(0, bc_wait_zero(self->id));
		ASSERT_EQ(0, bc_row(self->id, BC_NUMPROC, &row));
		EXPECT_EQ(1, (long)row.maxheld);
		EXPECT_EQ(50, (long)row.barrier);
		EXPECT_EQ(60, (long)row.limit);
		ASSERT_EQ(0, bc_make(self->id));
	}
	ASSERT_EQ(0, bc_clear(self->id));
	EXPECT_ROW(self->id, BC_NUMPROC, 0, 0, 0);
	ASSERT_EQ(0, bc_row(self->id, BC_NUMPROC, &row));
	EXPECT_EQ(50, (long)row.barrier);
}

TEST_F(arm, one_shot)
{
	ASSERT_EQ(0, bc_arm(self->id));
	EXPECT_EQ(1, child_is_charged(self->id, 0));
	EXPECT_EQ(0, child_is_charged(self->id, 0));
}

TEST_F(arm, off)
{
	EXPECT_EQ(0, bc_arm_off(self->id));
	ASSERT_EQ(0, bc_arm(self->id));
	EXPECT_EQ(0, bc_arm_off(self->id));
	EXPECT_EQ(0, child_is_charged(self->id, 0));
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
}

/* By unshare: the namespace is the container's, and so are its next children. */
TEST_F(arm, by_unshare)
{
	struct bc_box *box = &self->box;
	int status;
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		bc_dev_close();
		if (bc_arm(self->id) || unshare(CLONE_NEWUSER | CLONE_NEWPID))
			bc_drop(1);
		pid = fork();
		if (!pid)
			bc_box_stay();
		box->shm[0] = pid;
		if (open("/dev/null", O_RDONLY) < 0)
			bc_drop(2);
		box->shm[1] = 1;
		bc_box_stay();
	}
	while (!box->shm[1] && !waitpid(pid, &status, WNOHANG))
		bc_sleep_ms(5);
	ASSERT_EQ(1, box->shm[1]);
	EXPECT_EQ(1, bc_held(self->id, BC_NUMPROC));
	EXPECT_EQ(1, bc_held(self->id, BC_NUMFILE));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, bc_wait_held(self->id, BC_NUMFILE, 0));
	/* the child's parent is gone, the child is not */
	EXPECT_EQ(BC_LIFE_RUNNING, bc_life(self->id, NULL));
	EXPECT_EQ(1, bc_held(self->id, BC_NUMPROC));
	kill((pid_t)box->shm[0], SIGKILL);
	EXPECT_EQ((pid_t)box->shm[0], waitpid((pid_t)box->shm[0], &status, 0));
}

TEST_F(arm, other_threads_and_children_are_not_armed)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_arm(self->id));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		bc_drop((int)child_is_charged(self->id, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(BC_LIFE_ARMED, bc_life(self->id, NULL));
	EXPECT_EQ(1, child_is_charged(self->id, 0));
}

static void *arm_in_thread(void *arg)
{
	return (void *)(long)bc_arm(*(unsigned int *)arg);
}

TEST_F(arm, undone_by_the_end_of_the_thread)
{
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, pthread_create(&t, NULL, arm_in_thread, &self->id));
	ASSERT_EQ(0, pthread_join(t, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_EQ(0, child_is_charged(self->id, 0));
	/* replaced by the next one of the same file */
	EXPECT_EQ(0, bc_arm(self->id));
	EXPECT_EQ(1, child_is_charged(self->id, 0));
}

TEST_F(arm, undone_by_close)
{
	int fd = open(BC_DEVICE, O_RDWR | O_CLOEXEC), copy;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, arm_by(fd, self->id, 0));
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(BC_LIFE_ARMED, bc_life(self->id, NULL));
	close(copy);
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
	EXPECT_EQ(0, child_is_charged(self->id, 0));
}

/* The new program has a shell make the namespaces: it must not be armed. */
TEST_F(arm, undone_by_exec)
{
	int status, i;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = open(BC_DEVICE, O_RDWR); /* stays open in the new program */

		if (fd < 0 || arm_by(fd, self->id, 0))
			bc_drop(1);
		execlp("unshare", "unshare", "-Up", "--fork", "--kill-child", "sleep", "1000",
		       NULL);
		bc_drop(2);
	}
	for (i = 0; i < 20; i++) {
		bc_sleep_ms(50);
		EXPECT_EQ(0, bc_held(self->id, BC_NUMPROC));
	}
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_NE(BC_LIFE_RUNNING, bc_life(self->id, NULL));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST_F(arm, one_for_each_file)
{
	int a = open(BC_DEVICE, O_RDWR | O_CLOEXEC), b = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	unsigned int other = bc_fresh_id();

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, bc_make_excl(other));
	ASSERT_EQ(0, arm_by(a, self->id, 0));
	EXPECT_EQ(-EBUSY, arm_by(b, self->id, 0));
	EXPECT_EQ(0, arm_by(a, self->id, 0));
	/* replaced: the first is free again */
	EXPECT_EQ(0, arm_by(a, other, 0));
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
	EXPECT_EQ(BC_LIFE_ARMED, bc_life(other, NULL));
	EXPECT_EQ(1, child_is_charged(other, 0));
	/* an error changes nothing */
	EXPECT_EQ(0, arm_by(a, other, 0));
	EXPECT_EQ(-ENOENT, arm_by(a, BC_ID_MAX, 0));
	EXPECT_EQ(-EINVAL, arm_by(a, 0, 0));
	EXPECT_EQ(BC_LIFE_ARMED, bc_life(other, NULL));
	close(a);
	close(b);
	EXPECT_EQ(0, bc_gone(other));
}

/* Who is charged already: from inside the device says EPERM to everything. */
static int tries_device(struct bc_box *box)
{
	struct bc_arm a = { .size = sizeof(a), .id = box->id + 1 };

	box->shm[0] = ioctl((int)box->arg, BC_IOC_ARM, &a) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(arm, not_from_a_container)
{
	struct bc_box *box = &self->box;

	box->arg = open(BC_DEVICE, O_RDWR);
	ASSERT_LE(0, box->arg);
	ASSERT_EQ(0, bc_box_start(box, tries_device));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(EPERM, box->shm[0]);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	close((int)box->arg);
}

/* A host task with all rights, born in the container's pid namespace. */
TEST_F(arm, not_by_who_is_charged)
{
	struct bc_box *box = &self->box;
	unsigned int other = bc_fresh_id();
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_make_excl(other));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (bc_box_enter(box, CLONE_NEWPID))
			bc_drop(1);
		pid = fork();
		if (!pid)
			bc_drop(-bc_arm(other));
		waitpid(pid, &status, 0);
		bc_drop(WEXITSTATUS(status));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EPERM, WEXITSTATUS(status));
	EXPECT_EQ(0, bc_destroy(other));
}

/* When clone fails after all was charged, nothing is left behind. */
TEST_F(arm, start_that_fails)
{
	struct bc_box *box = &self->box;
	char dir[64];
	int i;

	snprintf(dir, sizeof(dir), BC_CGROUP_ROOT "/bctest-%u", self->id);
	if (bc_cgroup_put(BC_CGROUP_ROOT, "cgroup.subtree_control", "+pids"))
		SKIP(return, "no pids controller in " BC_CGROUP_ROOT);
	ASSERT_EQ(0, mkdir(dir, 0755));
	EXPECT_EQ(0, bc_cgroup_put(dir, "pids.max", "0"));
	box->cgroup = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LT(0, box->cgroup);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(-EAGAIN, bc_box_start(box, stay));
		EXPECT_EQ(0, bc_wait_zero(self->id));
		EXPECT_NE(BC_LIFE_RUNNING, bc_life(self->id, NULL));
		EXPECT_NE(BC_LIFE_ARMED, bc_life(self->id, NULL));
	}
	EXPECT_EQ(0, bc_cgroup_put(dir, "pids.max", "5"));
	EXPECT_EQ(0, bc_box_start(box, stay));
	EXPECT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(self->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	close(box->cgroup);
	EXPECT_EQ(0, rmdir(dir));
}

TEST_HARNESS_MAIN
