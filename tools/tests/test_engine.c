// SPDX-License-Identifier: GPL-2.0
/* The parts of the container engine that need no container: errors, locks, trees, messages. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/lock.h"
#include "lib/tree.h"

static struct vz_err err;

static char top[] = "/tmp/test_engine.XXXXXX";

/* A directory of its own for each test. */
static const char *place(void)
{
	static char path[64];
	static int count;

	if (!count && !mkdtemp(top))
		return NULL;
	snprintf(path, sizeof(path), "%s/%d", top, count++);
	return mkdir(path, 0700) ? NULL : path;
}

static pid_t owner;

__attribute__((constructor)) static void remember_owner(void)
{
	owner = getpid();
}

__attribute__((destructor)) static void remove_places(void)
{
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY);

	if (getpid() == owner && vz_tree_remove(fd, top + strlen("/tmp/"), &err))
		printf("# %s\n", err.msg);
	close(fd);
}

TEST(errors)
{
	char long_text[3000];

	errno = ENOENT;
	CHECK(vz_err_errno(&err, VZ_EXIT_MOUNT, "mount %s", "/x") == -1);
	CHECK(errno == ENOENT);
	CHECK(err.code == VZ_EXIT_MOUNT);
	CHECK_STR(err.msg, "mount /x: No such file or directory");
	vz_err_wrap(&err, "Container %d", 5);
	vz_err_hint(&err, "Try %s", "again");
	CHECK_STR(err.msg, "Container 5: mount /x: No such file or directory. Try again");
	CHECK(err.code == VZ_EXIT_MOUNT);
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	vz_err_set(&err, 3, "%s", long_text);
	CHECK_U64(strlen(err.msg), VZ_ERR_MSG - 1);
	vz_err_wrap(&err, "front");
	CHECK_U64(strlen(err.msg), VZ_ERR_MSG - 1);
	CHECK(!strncmp(err.msg, "front: xxx", 10));
	vz_err_hint(&err, "no room");
	CHECK_U64(strlen(err.msg), VZ_ERR_MSG - 1);
	vz_err_set(NULL, 3, "nobody listens");
	/* Arguments may lie in the message itself. */
	vz_err_set(&err, 3, "inner");
	vz_err_set(&err, 4, "outer: %s", err.msg);
	CHECK_STR(err.msg, "outer: inner");
	errno = EPERM;
	vz_err_errno(&err, 4, "%s again", err.msg);
	CHECK_STR(err.msg, "outer: inner again: Operation not permitted");
	vz_err_set(&err, 4, "x");
	vz_err_hint(&err, "%s and %s", err.msg, err.msg);
	CHECK_STR(err.msg, "x. x and x");
}

TEST(lock)
{
	char dir[80], path[128];
	int fd, status;
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/a/b", place());
	fd = vz_lock(dir, 101, "starting", &err);
	CHECK(fd >= 0);
	snprintf(path, sizeof(path), "%s/101.lck", dir);
	CHECK(!access(path, F_OK));
	CHECK(vz_lock(dir, 101, "stopping", &err) < 0);
	CHECK(err.code == VZ_EXIT_LOCKED);
	CHECK(strstr(err.msg, "starting"));
	vz_unlock(dir, 101, fd);
	CHECK(access(path, F_OK));

	/* Whoever dies with it, leaves a stale file and no lock. */
	pid = fork();
	if (!pid) {
		vz_lock(dir, 101, "starting", NULL);
		raise(SIGKILL);
	}
	waitpid(pid, &status, 0);
	CHECK(!access(path, F_OK));
	fd = vz_lock(dir, 101, "stopping", &err);
	CHECK(fd >= 0);

	/* A child that shares it keeps it until it is done. */
	pid = fork();
	if (!pid) {
		usleep(200000);
		_exit(0);
	}
	close(fd);
	CHECK(vz_lock(dir, 101, "starting", &err) < 0);
	waitpid(pid, &status, 0);
	fd = vz_lock(dir, 101, "starting", &err);
	CHECK(fd >= 0);
	vz_unlock(dir, 101, fd);
	CHECK(vz_lock("/proc/none", 101, "starting", &err) < 0);
	CHECK(err.code == VZ_EXIT_LOCKDIR);
}

/* Many processes, one lock: never two holders, though the file comes and goes. */
TEST(lock_race)
{
	const char *dir = place();
	char path[96];
	int status, bad = 0, won = 0;

	snprintf(path, sizeof(path), "%s/held", dir);
	for (int i = 0; i < 8; i++) {
		if (fork())
			continue;
		for (int n = 0; n < 200; n++) {
			int fd = vz_lock(dir, 7, "racing", NULL), held;

			if (fd < 0)
				continue;
			held = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
			if (held < 0)
				_exit(1);
			close(held);
			unlink(path);
			vz_unlock(dir, 7, fd);
			won = 2;
		}
		_exit(won);
	}
	while (wait(&status) > 0) {
		bad += WEXITSTATUS(status) == 1;
		won += WEXITSTATUS(status) == 2;
	}
	CHECK(!bad);
	CHECK(won > 0);
}

static void make_maze(const char *dir, int depth)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY), next;

	for (int i = 0; i < depth; i++) {
		symlinkat("../../../outside", fd, "up");
		next = openat(fd, "file", O_CREAT | O_WRONLY, 0600);
		close(next);
		mkdirat(fd, "side", 0000);
		mkdirat(fd, "down", 0700);
		next = openat(fd, "down", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
}

TEST(remove_tree)
{
	const char *dir = place();
	char path[96];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	mkdirat(fd, "outside", 0700);
	close(openat(fd, "outside/keep", O_CREAT | O_WRONLY, 0600));
	mkdirat(fd, "tree", 0700);
	symlinkat("../outside", fd, "tree/link");
	snprintf(path, sizeof(path), "%s/tree", dir);
	/* Names that an interrupted removal left are no obstacle. */
	for (int i = 0; i < 20; i++) {
		char left[64];

		snprintf(left, sizeof(left), "tree/.vz-deep-%d", i);
		mkdirat(fd, left, 0700);
		strcat(left, "/full");
		mkdirat(fd, left, 0700);
	}
	make_maze(path, 2000);
	CHECK(!vz_tree_remove(fd, "tree", &err));
	CHECK(faccessat(fd, "tree", F_OK, AT_SYMLINK_NOFOLLOW));
	CHECK(!faccessat(fd, "outside/keep", F_OK, 0));
	CHECK(!vz_tree_remove(fd, "tree", &err));
	/* A link in place of the tree is not followed. */
	symlinkat("outside", fd, "tree");
	CHECK(vz_tree_remove(fd, "tree", &err) < 0);
	CHECK(!faccessat(fd, "outside/keep", F_OK, 0));
	close(fd);
}

TEST(copy_tree)
{
	int fd = open(place(), O_RDONLY | O_DIRECTORY), from, to, file;
	char text[64];
	struct stat st;

	mkdirat(fd, "from", 0700);
	mkdirat(fd, "to", 0700);
	mkdirat(fd, "from/dir", 0700);
	fchmodat(fd, "from/dir", 01775, 0);
	file = openat(fd, "from/dir/program", O_CREAT | O_WRONLY, 0600);
	CHECK(write(file, "#!/bin/sh\n", 10) == 10);
	fchmod(file, 04755);
	close(file);
	symlinkat("/etc/passwd", fd, "from/link");
	mkfifoat(fd, "from/pipe", 0600);
	from = openat(fd, "from", O_RDONLY | O_DIRECTORY);
	to = openat(fd, "to", O_RDONLY | O_DIRECTORY);
	CHECK(!vz_tree_copy(from, to, &err));
	CHECK(!fstatat(to, "dir", &st, 0) && (st.st_mode & 07777) == 01775);
	CHECK(!fstatat(to, "dir/program", &st, 0) && (st.st_mode & 07777) == 04755);
	CHECK(vz_read_text(to, "dir/program", text, sizeof(text)) == 10);
	CHECK(readlinkat(to, "link", text, sizeof(text)) == 11);
	CHECK(!fstatat(to, "pipe", &st, 0) && S_ISFIFO(st.st_mode));
	/* Never into something that is there. */
	CHECK(vz_tree_copy(from, to, &err) < 0);
	close(from);
	close(to);
	close(fd);
}

TEST(open_below)
{
	const char *dir = place();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	mkdirat(fd, "d", 0700);
	symlinkat("d", fd, "l");
	CHECK(vz_open_below(fd, "l", O_RDONLY, 0) < 0 && errno == ELOOP);
	CHECK(vz_open_below(fd, "l/x", O_RDONLY, 0) < 0 && errno == ELOOP);
	CHECK(vz_open_below(fd, "..", O_RDONLY, 0) < 0 && errno == EXDEV);
	CHECK(vz_open_below(fd, "d/../..", O_RDONLY, 0) < 0 && errno == EXDEV);
	CHECK(vz_open_below(fd, "/etc", O_RDONLY, 0) < 0 && errno == EXDEV);
	close(vz_open_below(fd, "d", O_RDONLY | O_DIRECTORY, 0));
	close(fd);
}

TEST(messages)
{
	struct vz_err sent = { .code = 43 }, got = { 0 };
	int sock[2], fd;

	snprintf(sent.msg, sizeof(sent.msg), "why");
	CHECK(!vz_msg_pair(sock));
	CHECK(!vz_msg_send(sock[0], VZ_MSG_FD, sock[0], NULL));
	CHECK(!vz_msg_send(sock[0], VZ_MSG_ERROR, -1, &sent));
	CHECK(vz_msg_recv(sock[1], &fd, &got) == VZ_MSG_FD);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	CHECK(vz_msg_recv(sock[1], &fd, &got) == VZ_MSG_ERROR);
	CHECK(fd == -1 && got.code == 43);
	CHECK_STR(got.msg, "why");
	/* A descriptor that nobody wants is closed, not leaked. */
	CHECK(!vz_msg_send(sock[0], VZ_MSG_PIDFD, 1, NULL));
	fd = dup(0);
	close(fd);
	CHECK(vz_msg_recv(sock[1], NULL, NULL) == VZ_MSG_PIDFD);
	CHECK(dup(0) == fd);
	close(fd);
	/* Rubbish, and the end. */
	CHECK(write(sock[0], "x", 1) == 1);
	CHECK(vz_msg_recv(sock[1], &fd, &got) == VZ_MSG_EOF);
	close(sock[0]);
	CHECK(vz_msg_recv(sock[1], &fd, &got) == VZ_MSG_EOF);
	close(sock[1]);
}

TAP_MAIN
