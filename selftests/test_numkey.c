// SPDX-License-Identifier: GPL-2.0
/*
 * numkey: keys and keyrings. HARD: refused at the barrier with EDQUOT. Released when the
 * kernel has collected them, also those that a user namespace itself keeps.
 */
#include "lib/bc_test.h"

#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#define THREADS 8

FIXTURE(numkey)
{
	struct bc_box box;
};

FIXTURE_SETUP(numkey)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMKEY));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numkey)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMKEY, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static long key_number;

/* A new one each time, in @ring. */
static int add_key(int ring)
{
	char name[32];

	snprintf(name, sizeof(name), "bc:%ld",
		 __atomic_add_fetch(&key_number, 1, __ATOMIC_RELAXED));
	return syscall(SYS_add_key, "user", name, "x", 1, ring) < 0 ? -errno : 0;
}

static int try_key(void)
{
	return add_key(KEY_SPEC_PROCESS_KEYRING);
}

static int new_ring(int ring)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, ring, 1) < 0 ? -errno : 0;
}

static int until_refused(struct bc_box *box)
{
	BOX_CHECK(!new_ring(KEY_SPEC_PROCESS_KEYRING));
	BOX_CHECK(!bc_box_ready(box));
	while (!try_key())
		box->shm[0]++;
	box->shm[1] = errno;
	box->shm[2] = new_ring(KEY_SPEC_THREAD_KEYRING);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!syscall(SYS_keyctl, KEYCTL_CLEAR, KEY_SPEC_PROCESS_KEYRING));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numkey, stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMKEY, 30, 40));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, until_refused));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMKEY));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(29, box->shm[0]);
	EXPECT_EQ(EDQUOT, box->shm[1]);
	EXPECT_EQ(-EDQUOT, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMKEY, 30, 30, 2);
	EXPECT_RECORDED(box->id, BC_NUMKEY, EDQUOT);
	EXPECT_EQ(2, bc_trace_end(box->id, "numkey", line));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMKEY, 1));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMKEY, 0));
}

/* From a user namespace two levels below. */
static int race(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(0) && !bc_nest(0));
	BOX_CHECK(!new_ring(KEY_SPEC_PROCESS_KEYRING));
	box->shm[3] = EDQUOT;
	return bc_race(box, THREADS, try_key) ? 1 : 0;
}

TEST_F(numkey, nested_threads_race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMKEY, 61, 61));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(60, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMKEY, 61, 61, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* In the keyring of a user, which hangs on the namespace, at two levels. */
static int in_namespaces(struct bc_box *box)
{
	BOX_CHECK(!add_key(KEY_SPEC_USER_KEYRING) && !add_key(KEY_SPEC_USER_KEYRING));
	BOX_CHECK(!bc_nest(0) && !add_key(KEY_SPEC_USER_KEYRING));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(numkey, keys_of_a_namespace_end_with_it)
{
	struct bc_box *box = &self->box, other;

	ASSERT_EQ(0, bc_box_start(box, in_namespaces));
	ASSERT_EQ(0, bc_box_await(box));
	/* two registers, two keyrings and three keys at least */
	EXPECT_LE(7, bc_held(box->id, BC_NUMKEY));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMKEY, 0));
	/* another life: nothing of the first one is in the way */
	ASSERT_EQ(0, bc_box_start(box, in_namespaces));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	/* one that is destroyed while its keys are still collected */
	ASSERT_EQ(0, bc_box_make(&other));
	ASSERT_EQ(0, bc_box_start(&other, in_namespaces));
	ASSERT_EQ(0, bc_box_await(&other));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&other));
	EXPECT_EQ(0, bc_box_end(&other));
}

TEST_HARNESS_MAIN
