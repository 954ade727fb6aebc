// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees what in /proc: the host all, a container of ours its own block and
 * /proc/vz, other containers nothing; and that the content follows the reader.
 */
#include "lib/bc_test.h"
#include "lib/bc_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const entries[] = {
	"/proc/user_beancounters", "/proc/vz",	       "/proc/vz/veinfo",
	"/proc/vz/failures",	   "/proc/vz/vestat",  "/proc/vz/version",
	"/proc/vz/veip",	   "/proc/vz/vzquota", "/proc/bc",
	"/proc/bc/resources",	   "/proc/bc/0",       "/proc/bc/policies",
	"/proc/vz/vswap",
};

#define NR_ENTRIES ARRAY_SIZE(entries)
#define HOST_SEES  0x1fffUL
#define OURS_SEE   0x1fUL
#define TEXT_MAX   (64 << 10)

/* What a look at /proc found; in shared memory. */
struct look {
	unsigned long there;	/* bit for each entry: stat(2) finds it */
	unsigned long absent;	/* bit for each entry: ENOENT */
	unsigned long listed;	/* "user_beancounters" 1, "vz" 2, "bc" 4 in /proc */
	unsigned long vz_names;	/* names in /proc/vz */
	int ready;
	int fd_errno;
	char text[TEXT_MAX];
	char veinfo[4096];
};

FIXTURE(view)
{
	struct bc_box box;
	unsigned int id;
	struct look *look;
};

FIXTURE_SETUP(view)
{
	ASSERT_LE(0, bc_dev());
	self->look = mmap(NULL, sizeof(struct look), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->look);
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->id = self->box.id;
	self->box.arg = (long)self->look;
}

FIXTURE_TEARDOWN(view)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static unsigned long names_in(const char *path, unsigned long *known)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	unsigned long n = 0;

	if (!dir)
		return 0;
	while ((d = readdir(dir))) {
		n += d->d_name[0] != '.';
		if (!known)
			continue;
		*known |= strcmp(d->d_name, "user_beancounters") ? 0 : 1;
		*known |= strcmp(d->d_name, "vz") ? 0 : 2;
		*known |= strcmp(d->d_name, "bc") ? 0 : 4;
	}
	closedir(dir);
	return n;
}

static void look_around(struct look *look)
{
	struct stat st;
	size_t i;

	look->there = look->absent = look->listed = 0;
	for (i = 0; i < NR_ENTRIES; i++) {
		if (!stat(entries[i], &st))
			look->there |= 1UL << i;
		else if (errno == ENOENT)
			look->absent |= 1UL << i;
	}
	names_in("/proc", &look->listed);
	look->vz_names = names_in("/proc/vz", NULL);
	if (bc_slurp("/proc/vz/veinfo", look->veinfo, sizeof(look->veinfo)) < 0)
		look->veinfo[0] = '\0';
}

#define EXPECT_SEES(look, mask, names, nr_vz)                 \
	do {                                                  \
		EXPECT_EQ(mask, (look)->there);               \
		EXPECT_EQ(~(mask)&HOST_SEES, (look)->absent); \
		EXPECT_EQ(names, (look)->listed);             \
		EXPECT_EQ(nr_vz, (look)->vz_names);           \
	} while (0)

TEST_F(view, host)
{
	look_around(self->look);
	EXPECT_SEES(self->look, HOST_SEES, 7, 7);
}

/* Reads the file twice: what the host expects is made in between. */
static int reads_own_block(struct bc_box *box)
{
	struct look *look = (struct look *)box->arg;
	ssize_t n;
	int fd;

	look_around(look);
	fd = open("/proc/user_beancounters", O_RDONLY);
	BOX_CHECK(fd >= 0);
	BOX_CHECK(!bc_box_ready(box));
	n = read(fd, look->text, TEXT_MAX - 1);
	BOX_CHECK(n > 0);
	look->text[n] = '\0';
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static int nested_reader(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWNS));
	BOX_CHECK(!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	return reads_own_block(box);
}

static void own_block(struct __test_metadata *_metadata, struct bc_box *box, struct look *look,
		      bc_box_fn fn)
{
	static char expected[TEXT_MAX];
	char veinfo[64];
	unsigned int procs = 0;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMPROC, 77, 88));
	ASSERT_EQ(0, bc_box_start(box, fn));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_SEES(look, OURS_SEE, 3, 3);
	bc_text_table(expected, BC_TEXT_CLASSIC, &box->id, 1);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_text_compare("user_beancounters in the container", expected, look->text));
	EXPECT_EQ(BC_LIFE_RUNNING, bc_life(box->id, &procs));
	snprintf(veinfo, sizeof(veinfo), "%10u %5u %5u\n", box->id, 0, procs);
	EXPECT_STREQ(veinfo, look->veinfo);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

TEST_F(view, ours)
{
	own_block(_metadata, &self->box, self->look, reads_own_block);
}

/* shm[0] the pid in the container of the one who is refused; look->text the record. */
static int refused_reader(struct bc_box *box)
{
	struct look *look = (struct look *)box->arg;
	int fd, status;
	ssize_t n;
	pid_t pid;

	fd = open("/proc/vz/failures", O_RDONLY);
	BOX_CHECK(fd >= 0);
	pid = fork();
	if (!pid) {
		int refused = open("/dev/null", O_RDONLY) < 0 ? errno : 0;

		bc_drop(refused == ENFILE ? 0 : 1);
	}
	box->shm[0] = pid;
	BOX_CHECK(waitpid(pid, &status, 0) == pid && !status);
	n = read(fd, look->text, TEXT_MAX - 1);
	BOX_CHECK(n > 0);
	look->text[n] = '\0';
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* Whether @text has the line "ID:  RECORD". */
static bool has_record(const char *text, unsigned int id, const char *record)
{
	char line[544];

	snprintf(line, sizeof(line), "\n%9u:  %s\n", id, record);
	return strstr(text, line);
}

TEST_F(view, own_refusals)
{
	static const char head[] =
		"Version: 1.0\n       uid              time        seq resource            asked"
		"                 held              barrier                limit  errno        pid"
		" comm\n";
	static char one[TEXT_MAX], all[4 << 20];
	char path[64], *record, *pid_at, own[512];
	struct bc_failure f;

	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 1, 1));
	ASSERT_EQ(0, bc_box_start(&self->box, refused_reader));
	ASSERT_EQ(0, bc_box_await(&self->box));
	/* the host: the record as in the container's own directory, behind the id */
	ASSERT_EQ(1, bc_failures(self->id, &f, 1));
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", self->id);
	ASSERT_LT(0, bc_slurp(path, one, sizeof(one)));
	record = strchr(strchr(one, '\n') + 1, '\n') + 1;
	*strchr(record, '\n') = '\0';
	ASSERT_LT(0, bc_slurp("/proc/vz/failures", all, sizeof(all)));
	EXPECT_EQ(0, strncmp(all, head, strlen(head)));
	EXPECT_TRUE(has_record(all, self->id, record));
	/* the container: the same with the pid that it knows, and nothing else */
	pid_at = strstr(record, "test_view");
	ASSERT_NE(NULL, pid_at);
	pid_at -= 11;
	snprintf(own, sizeof(own), "%.*s%10ld test_view", (int)(pid_at - record), record,
		 self->box.shm[0]);
	EXPECT_EQ(0, strncmp(self->look->text, head, strlen(head)));
	EXPECT_TRUE(has_record(self->look->text, self->id, own))
	TH_LOG("%s in %s", own, self->look->text);
	EXPECT_EQ(strlen(head) + 12 + strlen(own) + 1, strlen(self->look->text));
	EXPECT_NE(self->box.shm[0], (long)f.pid);
}

TEST_F(view, nested_in_ours)
{
	own_block(_metadata, &self->box, self->look, nested_reader);
}

/* Other runtimes: a pid namespace of their own, with and without user namespace. */
static void foreign(struct __test_metadata *_metadata, struct look *look, uint64_t flags)
{
	int status;
	pid_t pid;

	pid = bc_clone(CLONE_NEWPID | CLONE_NEWNS | flags, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
			bc_drop(1);
		look_around(look);
		look->fd_errno = open("/proc/user_beancounters", O_RDONLY) < 0 ? errno : 0;
		bc_drop(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_SEES(look, 0UL, 0, 0);
	EXPECT_EQ(ENOENT, look->fd_errno);
}

TEST_F(view, foreign_containers)
{
	foreign(_metadata, self->look, 0);
	foreign(_metadata, self->look, CLONE_NEWUSER);
	foreign(_metadata, self->look, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC);
}

/* Nor does a foreign container read what it finds in the host's /proc. */
TEST_F(view, foreign_reader_of_the_hosts_proc)
{
	int status;
	pid_t pid = bc_clone(CLONE_NEWPID, 0);

	ASSERT_LE(0, pid);
	if (!pid) {
		int a = open("/proc/user_beancounters", O_RDONLY) < 0 ? errno : 0;
		int b = open("/proc/bc/resources", O_RDONLY) < 0 ? errno : 0;

		bc_drop((a == EACCES) + 2 * (b == EPERM));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(3, WEXITSTATUS(status));
}

static int stay(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The host through the container's own /proc: the container's block. */
TEST_F(view, host_looks_through_the_containers_proc)
{
	static char expected[TEXT_MAX], seen[TEXT_MAX];
	char path[96];
	struct stat st;

	ASSERT_EQ(0, bc_box_start(&self->box, stay));
	ASSERT_EQ(0, bc_box_await(&self->box));
	bc_text_table(expected, BC_TEXT_CLASSIC, &self->id, 1);
	snprintf(path, sizeof(path), "/proc/%d/root/proc/user_beancounters", self->box.pid);
	EXPECT_LT(0, bc_slurp(path, seen, sizeof(seen)));
	EXPECT_EQ(0, bc_text_compare(path, expected, seen));
	snprintf(path, sizeof(path), "/proc/%d/root/proc/bc", self->box.pid);
	EXPECT_EQ(-1, stat(path, &st));
	EXPECT_EQ(ENOENT, errno);
}

/*
 * A task of the container that holds the host's /proc, with the host's rights:
 * born in the container's pid namespace, nothing else joined.
 */
TEST_F(view, who_joined_reads_his_containers_block)
{
	static char expected[TEXT_MAX];
	struct look *look = self->look;
	int status;
	pid_t pid;

	ASSERT_EQ(0, bc_box_start(&self->box, stay));
	ASSERT_EQ(0, bc_box_await(&self->box));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (bc_box_enter(&self->box, CLONE_NEWPID))
			bc_drop(1);
		pid = fork();
		if (!pid) {
			int fd = open("/proc/user_beancounters", O_RDONLY);

			look->fd_errno = open("/proc/bc/resources", O_RDONLY) < 0 ? errno : 0;
			look->ready = 1;
			while (look->ready != 2)
				bc_sleep_ms(5);
			look->text[read(fd, look->text, TEXT_MAX - 1)] = '\0';
			bc_drop(fd < 0);
		}
		waitpid(pid, &status, 0);
		bc_drop(WEXITSTATUS(status));
	}
	while (!look->ready && !waitpid(pid, &status, WNOHANG))
		bc_sleep_ms(5);
	ASSERT_EQ(1, look->ready);
	bc_text_table(expected, BC_TEXT_CLASSIC, &self->id, 1);
	look->ready = 2;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(EPERM, look->fd_errno);
	EXPECT_EQ(0, bc_text_compare("joined reader", expected, look->text));
}

/* The host's /proc lies below the container's own: uncovered, it gives nothing away. */
static int uncovers(struct bc_box *box)
{
	struct look *look = (struct look *)box->arg;

	BOX_CHECK(!umount2("/proc", MNT_DETACH));
	look->fd_errno = open("/proc/user_beancounters", O_RDONLY) < 0 ? errno : 0;
	box->shm[0] = open("/proc/bc/resources", O_RDONLY) < 0 ? errno : 0;
	box->shm[1] = open("/proc/vz/veinfo", O_RDONLY) < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(view, the_hosts_proc_in_a_container)
{
	ASSERT_EQ(0, bc_box_start(&self->box, uncovers));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(EACCES, self->look->fd_errno);
	EXPECT_EQ(EACCES, self->box.shm[0]);
	EXPECT_EQ(EACCES, self->box.shm[1]);
}

/* Without the capabilities the container's root reads nothing either. */
static int other_user(struct bc_box *box)
{
	BOX_CHECK(!setgid(1000) && !setuid(1000));
	box->shm[0] = open("/proc/user_beancounters", O_RDONLY) < 0 ? errno : 0;
	BOX_CHECK(!unshare(CLONE_NEWUSER));
	box->shm[1] = open("/proc/user_beancounters", O_RDONLY) < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(view, other_users_of_the_container)
{
	ASSERT_EQ(0, bc_box_start(&self->box, other_user));
	ASSERT_EQ(0, bc_box_await(&self->box));
	EXPECT_EQ(EACCES, self->box.shm[0]);
	EXPECT_EQ(EACCES, self->box.shm[1]);
}

/* A superblock made before the beancounter was destroyed: no block of another. */
static int late_reader(struct bc_box *box)
{
	int fd = open("/proc/user_beancounters", O_RDONLY);

	BOX_CHECK(fd >= 0);
	BOX_CHECK(!bc_send_fd(box->sock, fd));
	return 0;
}

TEST_F(view, an_open_file_outlives_the_beancounter)
{
	static char seen[TEXT_MAX];
	unsigned int id = self->id;
	int fd, sock[2];
	ssize_t n;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	self->box.sock = sock[1];
	ASSERT_EQ(0, bc_box_start(&self->box, late_reader));
	fd = bc_recv_fd(sock[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, bc_box_wait(&self->box));
	EXPECT_EQ(0, bc_wait_held(id, BC_NUMPROC, 0));
	EXPECT_EQ(0, bc_destroy(id));
	n = read(fd, seen, sizeof(seen) - 1);
	if (n > 0) {
		seen[n] = '\0';
		EXPECT_EQ(NULL, strstr(seen, "        0:"));
	}
	close(fd);
	EXPECT_EQ(0, bc_make_excl(id));
}

/* Nor may the container's root change what all share with the host. */
static int changes(struct bc_box *box)
{
	const char *path = "/proc/user_beancounters";

	box->shm[0] = chmod(path, 0666) ? errno : 0;
	box->shm[1] = chown(path, 1, 1) ? errno : 0;
	box->shm[2] = chmod("/proc/vz/veinfo", 0666) ? errno : 0;
	box->shm[3] = unlink(path) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(view, the_entries_cannot_be_changed)
{
	struct stat st;
	int fd, i;

	ASSERT_EQ(0, bc_box_start(&self->box, changes));
	ASSERT_EQ(0, bc_box_await(&self->box));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(EPERM, self->box.shm[i])
		TH_LOG("change %d", i);
	}
	EXPECT_NE(0, self->box.shm[3]);
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	EXPECT_EQ(1, write(fd, "2", 1));
	close(fd);
	ASSERT_EQ(0, stat("/proc/user_beancounters", &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	ASSERT_EQ(0, stat("/proc/vz/veinfo", &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
}

TEST_HARNESS_MAIN
