// SPDX-License-Identifier: GPL-2.0
/*
 * Policies of the processor scheduler (fairsched.ko): chosen and switched while containers
 * compete, what strict and lottery do, and one that comes from another module
 * (Documentation/examples/policy-robin) and goes while it decides.
 *
 * What containers use in the same time is compared, and nothing else.
 */
#include "lib/bc_cpu.h"
#include "lib/bc_hogs.h"
#include "lib/bc_shares.h"
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/klog.h>
#include <sys/wait.h>

#define BOXES	 3
#define SWITCHES 200
#define POLICY	 "/sys/module/fairsched/parameters/policy"
#define ROBIN	 "/sys/module/policy_robin"

FIXTURE(fairpolicy)
{
	struct bc_box box[BOXES];
	int made;
};

FIXTURE_SETUP(fairpolicy)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_fairsched_load());
	for (self->made = 0; self->made < BOXES; self->made++)
		ASSERT_EQ(0, bc_box_make(&self->box[self->made]));
}

FIXTURE_TEARDOWN(fairpolicy)
{
	int i;

	if (!access(ROBIN, F_OK)) {
		EXPECT_EQ(0, bc_command("rmmod policy_robin"));
	}
	for (i = 0; i < self->made; i++)
		bc_box_kill(&self->box[i]);
	for (i = 0; i < self->made; i++)
		EXPECT_EQ(0, bc_box_end(&self->box[i]));
	EXPECT_EQ(0, bc_fairsched_unload());
}

static int choose(const char *name)
{
	int fd = open(POLICY, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, name, strlen(name)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static const char *shown(void)
{
	static char text[4096];

	return bc_slurp(POLICY, text, sizeof(text)) < 0 ? "?" : text;
}

/* Does the kernel log have it? */
static bool logged(const char *text)
{
	static char log[1 << 18];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	log[n < 0 ? 0 : n] = '\0';
	return strstr(log, text);
}

/* ---- choosing ---- */

TEST_F(fairpolicy, chosen_and_shown)
{
	EXPECT_STREQ("[fair] lottery strict\n", shown());
	EXPECT_EQ(0, choose("strict"));
	EXPECT_STREQ("fair lottery [strict]\n", shown());
	EXPECT_EQ(0, choose("lottery\n"));
	EXPECT_EQ(0, choose("lottery"));
	EXPECT_STREQ("fair [lottery] strict\n", shown());
	EXPECT_EQ(0, choose("fair\n"));
	EXPECT_STREQ("[fair] lottery strict\n", shown());
}

TEST_F(fairpolicy, bad_names)
{
	static const char *const bad[] = {
		"no-such",	"\n",	    "Fair",	"fair ",
		" fair",	"[fair]",   "fai",	"fairfairfairfair",
		"strictstrict", "%s%s%s%s", "\n\nfair",
	};
	char *long_one = malloc(3000);
	size_t i;

	ASSERT_NE(NULL, long_one);
	memset(long_one, 'f', 2999);
	long_one[2999] = '\0';
	EXPECT_EQ(0, choose("strict"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EINVAL, choose(bad[i]))
		TH_LOG("\"%s\"", bad[i]);
	}
	EXPECT_EQ(-EINVAL, choose(long_one));
	free(long_one);
	EXPECT_STREQ("fair lottery [strict]\n", shown());
	EXPECT_TRUE(logged("policy \"no-such\" is not there: choose one of fair lottery strict\n"));
}

TEST_F(fairpolicy, chosen_at_load)
{
	ASSERT_EQ(0, choose("lottery"));
	ASSERT_EQ(0, bc_fairsched_unload());
	EXPECT_NE(0, bc_command("modprobe fairsched policy=no-such 2>/dev/null"));
	EXPECT_NE(0, access(POLICY, F_OK));
	ASSERT_EQ(0, bc_command("modprobe fairsched policy=strict"));
	EXPECT_STREQ("fair lottery [strict]\n", shown());
	/* of one load only */
	ASSERT_EQ(0, bc_fairsched_unload());
	ASSERT_EQ(0, bc_fairsched_load());
	EXPECT_STREQ("[fair] lottery strict\n", shown());
}

/* ---- what each does ---- */

TEST_F(fairpolicy, switched_while_they_compete)
{
	static const char *const policies[] = { "lottery", "strict", "fair", "strict", "lottery" };
	struct bc_box *box = self->box;
	size_t i;

	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 3000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		ASSERT_EQ(0, choose(policies[i]));
		EXPECT_TRUE(bc_gets(box, 2, 0, 25))
		TH_LOG("%s", policies[i]);
		EXPECT_EQ(0, bc_wait_steps(&box[0], 4));
		EXPECT_EQ(0, bc_wait_steps(&box[1], 4));
	}
}

TEST_F(fairpolicy, strict_classes)
{
	struct bc_box *box = self->box;

	/* the heaviest is last */
	ASSERT_EQ(0, bc_cpu_class(box[0].id, 0));
	ASSERT_EQ(0, bc_cpu_class(box[1].id, 3));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 9000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[1], 4));
	/* fair knows no classes */
	EXPECT_TRUE(bc_gets(box, 2, 0, 10));
	ASSERT_EQ(0, choose("strict"));
	EXPECT_EQ(0, bc_wait_turns(box[1].id, 4));
	EXPECT_TRUE(bc_gets(box, 2, 0, 100));
	/* live */
	ASSERT_EQ(0, bc_cpu_class(box[1].id, 0));
	EXPECT_TRUE(bc_gets(box, 2, 0, 10));
	ASSERT_EQ(0, bc_cpu_class(box[1].id, 1));
	EXPECT_TRUE(bc_gets(box, 2, 0, 100));
	/* who is first goes: all others go on */
	ASSERT_EQ(128 + SIGKILL, bc_box_kill(&box[0]));
	EXPECT_EQ(0, bc_wait_turns(box[1].id, 0));
	EXPECT_EQ(0, bc_wait_steps(&box[1], 4));
}

TEST_F(fairpolicy, strict_is_fair_inside)
{
	struct bc_box *box = self->box;
	int i;

	for (i = 0; i < BOXES; i++) {
		ASSERT_EQ(0, bc_cpu_class(box[i].id, i == 2 ? 3 : 2));
		ASSERT_EQ(0, bc_cpu_units(box[i].id, i == 1 ? 3000 : 1000));
		ASSERT_EQ(0, bc_start_with(&box[i], bc_hogs, 4));
	}
	ASSERT_EQ(0, choose("strict"));
	EXPECT_EQ(0, bc_wait_turns(box[2].id, 4));
	EXPECT_TRUE(bc_gets(box, 3, 0, 25));
	EXPECT_TRUE(bc_gets(box, 3, 1, 75));
	EXPECT_TRUE(bc_gets(box, 3, 2, 0));
}

/* However few tickets. */
TEST_F(fairpolicy, lottery_forgets_nobody)
{
	struct bc_box *box = self->box;
	int i, round;

	ASSERT_EQ(0, bc_cpu_units(box[0].id, 100));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[2].id, 4000));
	ASSERT_EQ(0, choose("lottery"));
	for (i = 0; i < BOXES; i++) {
		ASSERT_EQ(0, bc_start_with(&box[i], bc_hogs, 4));
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < BOXES; i++) {
			ASSERT_EQ(0, bc_wait_steps(&box[i], 4));
		}
	}
}

/* ---- one of somebody else ---- */

TEST_F(fairpolicy, of_another_module)
{
	struct bc_box *box = self->box;

	ASSERT_EQ(0, bc_command("modprobe policy-robin"));
	EXPECT_STREQ("[fair] lottery strict robin\n", shown());
	ASSERT_EQ(0, bc_cpu_units(box[0].id, 1000));
	ASSERT_EQ(0, bc_cpu_units(box[1].id, 3000));
	ASSERT_EQ(0, bc_start_with(&box[0], bc_hogs, 4));
	ASSERT_EQ(0, bc_start_with(&box[1], bc_hogs, 4));
	ASSERT_EQ(0, bc_wait_steps(&box[0], 4));
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
	ASSERT_EQ(0, choose("robin"));
	EXPECT_STREQ("fair lottery strict [robin]\n", shown());
	EXPECT_TRUE(bc_gets(box, 2, 0, 50));
	EXPECT_TRUE(bc_gets(box, 2, 1, 50));
	/* what it uses stays */
	EXPECT_NE(0, bc_command("rmmod fairsched 2>/dev/null"));
	/* it goes while it decides */
	ASSERT_EQ(0, bc_command("rmmod policy_robin"));
	EXPECT_STREQ("[fair] lottery strict\n", shown());
	EXPECT_TRUE(logged("policy robin is gone: fair decides\n"));
	EXPECT_EQ(-EINVAL, choose("robin"));
	EXPECT_TRUE(bc_gets(box, 2, 0, 25));
	EXPECT_EQ(0, bc_wait_steps(&box[0], 4));
	EXPECT_EQ(0, bc_wait_steps(&box[1], 4));
	/* and one that does not decide leaves all as it is */
	ASSERT_EQ(0, choose("strict"));
	ASSERT_EQ(0, bc_command("modprobe policy-robin"));
	ASSERT_EQ(0, bc_command("rmmod policy_robin"));
	EXPECT_STREQ("fair lottery [strict]\n", shown());
}

TEST_F(fairpolicy, names_that_are_refused)
{
	static const char *const bad[] = { "fair",	"strict", "Robin", "ro.bin",
					   "[robin]",	"\"\"", "0123456789abcdef" };
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "modprobe policy-robin name=%s 2>/dev/null", bad[i]);
		/* modprobe takes EEXIST for success */
		EXPECT_GE(1, bc_command(line));
		EXPECT_NE(0, access(ROBIN, F_OK))
		TH_LOG("%s", bad[i]);
		EXPECT_STREQ("[fair] lottery strict\n", shown());
	}
	ASSERT_EQ(0, bc_command("modprobe policy-robin name=0123456789-_xyz"));
	EXPECT_EQ(0, choose("0123456789-_xyz"));
	EXPECT_STREQ("fair lottery strict [0123456789-_xyz]\n", shown());
}

/* ---- all at once ---- */

/* Wakes and sleeps, forks and is gone, beside tasks that never do. */
static int bustle(struct bc_box *box)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (fork())
			continue;
		for (;;) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
			bc_sleep_ms(1);
		}
	}
	return bc_hogs(box);
}

static int come_and_go(unsigned int i)
{
	int ret = bc_command("modprobe policy-robin");

	ret = ret ? ret : choose("robin");
	if (i % 2)
		bc_sleep_ms(10);
	return ret ? ret : bc_command("rmmod policy_robin");
}

TEST_F(fairpolicy, switched_in_a_storm)
{
	static const char *const policies[] = { "lottery", "strict", "fair" };
	struct bc_box *box = self->box;
	unsigned int i;

	for (i = 0; i < BOXES; i++) {
		ASSERT_EQ(0, bc_cpu_units(box[i].id, 1000));
		ASSERT_EQ(0, bc_start_with(&box[i], bustle, 4));
	}
	/* the first one is never behind, so that it can start again */
	ASSERT_EQ(0, bc_cpu_class(box[0].id, 0));
	for (i = 0; i < SWITCHES; i++) {
		ASSERT_EQ(0, choose(policies[i % 3]));
		ASSERT_EQ(0, bc_cpu_class(box[1 + i % 2].id, i / 2 % 4));
		ASSERT_EQ(0, bc_cpu_units(box[i % BOXES].id, 500 + i * 10));
		ASSERT_EQ(0, bc_cpu_cpus(box[i % BOXES].id, i / 3 % 3));
		bc_sleep_ms(3);
		if (i % 20 == 10) {
			ASSERT_EQ(0, come_and_go(i / 20));
		}
		if (i % 40 == 30) {
			ASSERT_EQ(128 + SIGKILL, bc_box_kill(&box[0]));
			ASSERT_EQ(0, bc_start_with(&box[0], bustle, 4));
		}
	}
	ASSERT_EQ(0, choose("fair"));
	for (i = 0; i < BOXES; i++) {
		ASSERT_EQ(0, bc_cpu_cpus(box[i].id, 0));
		EXPECT_EQ(0, bc_cpu_units(box[i].id, 1000));
	}
	for (i = 0; i < BOXES; i++) {
		EXPECT_EQ(0, bc_wait_steps(&box[i], 4));
	}
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&box[0]));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(&box[1]));
	EXPECT_EQ(0, bc_wait_turns(box[0].id, 0));
	EXPECT_EQ(0, bc_wait_turns(box[1].id, 0));
	EXPECT_EQ(0, bc_wait_turns(box[2].id, 0));
	EXPECT_EQ(0, bc_wait_steps(&box[2], 4));
}

TEST_HARNESS_MAIN
