// SPDX-License-Identifier: GPL-2.0
/*
 * The text of /proc/user_beancounters, /proc/bc and /proc/vz, byte for byte, and
 * who may open them on the host. What containers see: test_view.c.
 */
#include "lib/bc_test.h"
#include "lib/bc_text.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define TEXT_SIZE (32 << 20)

static char expected[TEXT_SIZE], seen[TEXT_SIZE];

FIXTURE(proc)
{
	struct bc_box box;
	unsigned int id, other[2];
};

static int busy(struct bc_box *box)
{
	int i;

	for (i = 0; i < 7; i++)
		open("/dev/null", O_RDONLY);
	for (i = 0; i < 3; i++)
		if (!fork())
			bc_box_stay();
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* A container that stands still with something in each counter, and two that are none. */
FIXTURE_SETUP(proc)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMPROC, 4, 5));
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 6, BC_UNLIMITED));
	self->other[0] = bc_fresh_id();
	self->other[1] = bc_fresh_id();
	ASSERT_EQ(0, bc_make_excl(self->other[0]));
	ASSERT_EQ(0, bc_box_start(&self->box, busy));
	ASSERT_EQ(0, bc_make_excl(self->other[1]));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_ROW(self->id, BC_NUMFILE, 6, 6, 1);
	EXPECT_EQ(4, bc_held(self->id, BC_NUMPROC));
}

FIXTURE_TEARDOWN(proc)
{
	EXPECT_EQ(0, bc_destroy(self->other[0]));
	EXPECT_EQ(0, bc_destroy(self->other[1]));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

#define EXPECT_FILE(path)                                                          \
	do {                                                                       \
		EXPECT_LT(0, bc_slurp(path, seen, sizeof(seen)));                  \
		EXPECT_EQ(0, bc_text_compare(path, expected, seen));               \
	} while (0)

TEST_F(proc, user_beancounters)
{
	unsigned int ids[8192];
	int n = bc_text_order(ids, 8192);

	/* newest first, the host last */
	ASSERT_LE(4, n);
	EXPECT_EQ(self->other[1], ids[0]);
	EXPECT_EQ(self->other[0], ids[1]);
	EXPECT_EQ(self->id, ids[2]);
	EXPECT_EQ(0, ids[n - 1]);
	bc_text_table(expected, BC_TEXT_CLASSIC, ids, n);
	EXPECT_FILE("/proc/user_beancounters");
}

TEST_F(proc, all_resources)
{
	unsigned int ids[8192];
	int n = bc_text_order(ids, 8192);

	bc_text_table(expected, BC_TEXT_FULL, ids, n);
	EXPECT_FILE("/proc/bc/resources");
}

TEST_F(proc, one_resources)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/bc/%u/resources", self->id);
	bc_text_rows(expected, BC_TEXT_FULL, self->id, "");
	EXPECT_FILE(path);
	bc_text_rows(expected, BC_TEXT_FULL, 0, "");
	EXPECT_FILE("/proc/bc/0/resources");
}

TEST_F(proc, extended)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/bc/%u/resources.ext", self->id);
	bc_text_extended(expected, self->id);
	EXPECT_FILE(path);
	EXPECT_NE(NULL, strstr(seen, "\nnumproc      enforced "));
	EXPECT_NE(NULL, strstr(seen, "\nnumns        enforced "));
	bc_text_extended(expected, 0);
	EXPECT_FILE("/proc/bc/0/resources.ext");
}

TEST_F(proc, failures)
{
	static const char head[] =
		"Version: 1.0\n"
		"            time        seq resource            asked                 held"
		"              barrier                limit  errno        pid comm\n";
	struct bc_failure f;
	char path[64], line[512];

	EXPECT_LT(0, bc_slurp("/proc/bc/0/failures", seen, sizeof(seen)));
	EXPECT_EQ(0, bc_text_compare("/proc/bc/0/failures", head, seen));
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", self->id);
	ASSERT_EQ(1, bc_failures(self->id, &f, 1));
	EXPECT_STREQ("numfile", f.resource);
	EXPECT_EQ(ENFILE, f.error);
	EXPECT_EQ(self->box.pid, f.pid);
	snprintf(line, sizeof(line), "%s%16.6f %10ld %-12s %12d %20d %20d %20llu %6d %10d %s\n",
		 head, f.time, f.seq, "numfile", 1, 6, 6, BC_UNLIMITED, ENFILE, self->box.pid,
		 "test_proc");
	EXPECT_LT(0, bc_slurp(path, seen, sizeof(seen)));
	EXPECT_EQ(0, bc_text_compare(path, line, seen));
}

/* Nothing of this is counted: the layout of OpenVZ, and zeros. */
TEST_F(proc, layouts_without_numbers)
{
	static const char *const vmaux[] = { "tmpfs_respages", "swapin",       "swapout",
					     "vswapin",	       "vswapout",     "ram",
					     "shadow",	       "swap_entries", "hugetlb" };
	static const char *const ioacct[] = {
		"read",
		"write",
		"dirty",
		"cancel",
		"missed",
		"syncs_total",
		"fsyncs_total",
		"fdatasyncs_total",
		"range_syncs_total",
		"syncs_active",
		"fsyncs_active",
		"fdatasyncs_active",
		"range_syncs_active",
		"io_pbs",
		"fuse_requests",
		"fuse_bytes",
	};
	char path[64];
	size_t i, len;

	for (i = 0, len = 0; i < ARRAY_SIZE(vmaux); i++)
		len += (size_t)sprintf(expected + len, "\t%-20s %21d\n", vmaux[i], 0);
	snprintf(path, sizeof(path), "/proc/bc/%u/vmaux", self->id);
	EXPECT_FILE(path);
	EXPECT_FILE("/proc/bc/0/vmaux");
	for (i = 0, len = 0; i < ARRAY_SIZE(ioacct); i++)
		len += (size_t)sprintf(expected + len, "\t%-20s %21d\n", ioacct[i], 0);
	snprintf(path, sizeof(path), "/proc/bc/%u/ioacct", self->id);
	EXPECT_FILE(path);
	strcpy(expected, "Version: 2.5\n");
	EXPECT_FILE("/proc/vz/veip");
	strcpy(expected, "qid: path            usage      softlimit      hardlimit       time"
			 "     expire\n");
	EXPECT_FILE("/proc/vz/vzquota");
	strcpy(expected, "Version: 1.0\n");
	EXPECT_FILE("/proc/vz/vswap");
}

TEST_F(proc, vestat)
{
	uint64_t before = bc_now_ms(), ticks, ns, zeros[9];
	char line[300], row[300], *at;
	unsigned int i;

	snprintf(line, sizeof(line), "%-251s\n", "Version: 2.2");
	ASSERT_LT(0, bc_slurp("/proc/vz/vestat", seen, sizeof(seen)));
	ASSERT_EQ(0, strncmp(seen, line, 252));
	snprintf(line, sizeof(line),
		 "%20s %20s %20s %20s %20s %20s %20s %20s %20s %20s %20s %20s\n", "VEID", "user",
		 "nice", "system", "uptime", "idle", "strv", "uptime", "used", "maxlat", "totlat",
		 "numsched");
	ASSERT_EQ(0, strncmp(seen + 252, line, 252));
	/* the running one, and not the others */
	snprintf(line, sizeof(line), "\n%20u ", self->id);
	at = strstr(seen, line);
	ASSERT_NE(NULL, at);
	ASSERT_EQ(11, sscanf(at + 21, "%lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", &zeros[0],
			     &zeros[1], &zeros[2], &ticks, &zeros[3], &zeros[4], &ns, &zeros[5],
			     &zeros[6], &zeros[7], &zeros[8]));
	for (i = 0; i < 9; i++) {
		EXPECT_EQ(0, zeros[i]);
	}
	EXPECT_EQ(ns / 10000000, ticks);
	EXPECT_LT(0, ns);
	snprintf(row, sizeof(row),
		 "%20u %20d %20d %20d %20lu %20d %20d %20lu %20d %20d %20d %20d\n", self->id, 0, 0,
		 0, ticks, 0, 0, ns, 0, 0, 0, 0);
	EXPECT_EQ(0, strncmp(at + 1, row, strlen(row)));
	snprintf(line, sizeof(line), "\n%20u ", self->other[0]);
	EXPECT_EQ(NULL, strstr(seen, line));
	/* it goes on, no faster than the clock */
	at[0] = '\0';
	bc_sleep_ms(20);
	ASSERT_LT(0, bc_slurp("/proc/vz/vestat", seen, sizeof(seen)));
	snprintf(line, sizeof(line), "\n%20u ", self->id);
	at = strstr(seen, line);
	ASSERT_NE(NULL, at);
	ASSERT_EQ(2, sscanf(at + 21, "%*u %*u %*u %lu %*u %*u %lu", &ticks, &zeros[0]));
	EXPECT_LT(ns, zeros[0]);
	EXPECT_GE((bc_now_ms() - before + 2) * 1000000, zeros[0] - ns);
}

TEST_F(proc, veinfo_and_version)
{
	unsigned int ids[8192];
	int n = bc_text_order(ids, 8192);

	bc_text_veinfo(expected, ids, n);
	EXPECT_FILE("/proc/vz/veinfo");
	EXPECT_LT(0, bc_slurp("/proc/vz/version", seen, sizeof(seen)));
	EXPECT_EQ('\n', seen[strlen(seen) - 1]);
}

/* The program's name is the tenant's choice: it must not forge lines or columns. */
static int evil_name(struct bc_box *box)
{
	int fd = open("/proc/self/comm", O_WRONLY);

	BOX_CHECK(fd >= 0 && write(fd, "a\n1 2\x1b[\\\xff", 9) > 0);
	close(fd);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(proc, names_are_escaped)
{
	struct bc_box box;
	struct bc_failure f[4];
	char path[64];
	const char *p;

	ASSERT_EQ(0, bc_box_make(&box));
	EXPECT_EQ(0, bc_limit(box.id, BC_NUMFILE, 2, 2));
	EXPECT_EQ(0, bc_box_start(&box, evil_name));
	EXPECT_EQ(0, bc_box_await(&box));
	EXPECT_EQ(1, bc_failures(box.id, f, 4));
	EXPECT_EQ(NULL, strchr(f[0].comm, ' '));
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", box.id);
	EXPECT_LT(0, bc_slurp(path, seen, sizeof(seen)));
	for (p = seen; *p; p++) {
		EXPECT_TRUE(*p == '\n' || (*p >= ' ' && *p <= '~'))
		TH_LOG("byte %#x", (unsigned char)*p);
	}
	EXPECT_EQ(0, bc_box_end(&box));
}

/* ---- who may ---- */

static unsigned int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

TEST_F(proc, modes)
{
	char path[64];

	EXPECT_EQ(0400, mode_of("/proc/user_beancounters"));
	EXPECT_EQ(0500, mode_of("/proc/bc"));
	EXPECT_EQ(0400, mode_of("/proc/bc/resources"));
	EXPECT_EQ(0400, mode_of("/proc/bc/policies"));
	EXPECT_EQ(0500, mode_of("/proc/bc/0"));
	EXPECT_EQ(0400, mode_of("/proc/vz/veinfo"));
	EXPECT_EQ(0400, mode_of("/proc/vz/failures"));
	EXPECT_EQ(0400, mode_of("/proc/vz/vestat"));
	EXPECT_EQ(0400, mode_of("/proc/vz/veip"));
	EXPECT_EQ(0400, mode_of("/proc/vz/vzquota"));
	EXPECT_EQ(0400, mode_of("/proc/vz/vswap"));
	EXPECT_EQ(0444, mode_of("/proc/vz/version"));
	snprintf(path, sizeof(path), "/proc/bc/%u/resources", self->id);
	EXPECT_EQ(0400, mode_of(path));
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", self->id);
	EXPECT_EQ(0400, mode_of(path));
}

static int without_cap(int cap, const char *path)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (syscall(SYS_capget, &h, d))
			bc_drop(255);
		d[0].effective &= ~(1U << cap);
		if (syscall(SYS_capset, &h, d))
			bc_drop(255);
		bc_drop(open(path, O_RDONLY) < 0 ? errno : 0);
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

TEST_F(proc, both_capabilities_are_needed)
{
	static const int caps[] = { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH };
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/bc/%u/resources", self->id);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		EXPECT_EQ(EACCES, without_cap(caps[i], "/proc/user_beancounters"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/bc/resources"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/bc/policies"));
		EXPECT_EQ(EPERM, without_cap(caps[i], path));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/bc/0/failures"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/bc/0/vmaux"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/bc/0/ioacct"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/vz/veip"));
		EXPECT_EQ(EPERM, without_cap(caps[i], "/proc/vz/vzquota"));
	}
	EXPECT_EQ(EACCES, without_cap(CAP_DAC_OVERRIDE, "/proc/vz/failures"));
	EXPECT_EQ(0, without_cap(CAP_SYS_PTRACE, "/proc/user_beancounters"));
}

/* ---- files that live and die ---- */

TEST_F(proc, directories_come_and_go)
{
	unsigned int id = bc_fresh_id();
	char path[64], small[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/bc/%u/resources", id);
	EXPECT_EQ(-1, access(path, F_OK));
	ASSERT_EQ(0, bc_make_excl(id));
	EXPECT_EQ(0, access(path, F_OK));
	fd = open(path, O_RDONLY);
	EXPECT_LE(0, fd);
	EXPECT_EQ(10, read(fd, small, 10));
	ASSERT_EQ(0, bc_destroy(id));
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(-1, open(path, O_RDONLY));
	/* Who has it open still may read or gets an error, no more. */
	EXPECT_GE(64, read(fd, small, sizeof(small)));
	close(fd);
	ASSERT_EQ(0, bc_make_excl(id));
	EXPECT_EQ(0, access(path, F_OK));
	ASSERT_EQ(0, bc_destroy(id));
}

TEST_F(proc, in_small_pieces_and_from_the_middle)
{
	unsigned int base = 0x50000000, i;
	ssize_t len, got = 0, n;
	int fd;

	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, bc_make_excl(base + i));
	}
	len = bc_slurp("/proc/user_beancounters", expected, sizeof(expected));
	EXPECT_LT(300 * 24 * 130, len);
	fd = open("/proc/user_beancounters", O_RDONLY);
	while ((n = read(fd, seen + got, 1 + (size_t)got % 977)) > 0)
		got += n;
	EXPECT_EQ(0, n);
	EXPECT_EQ(len, got);
	EXPECT_EQ(0, memcmp(expected, seen, (size_t)len));
	for (i = 0; i < 50; i++) {
		off_t at = (off_t)i * (len / 50);

		EXPECT_EQ(333, pread(fd, seen, 333, at) + (at + 333 > len ? 333 : 0));
		EXPECT_EQ(0, memcmp(expected + at, seen, 333));
	}
	close(fd);
	for (i = 0; i < 300; i++) {
		EXPECT_EQ(0, bc_destroy(base + i));
	}
}

TEST_HARNESS_MAIN
