// SPDX-License-Identifier: GPL-2.0
/* Reaching the keeper, and starting it: see keeper_call.h. */
#include "keeper_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cgroup.h"
#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "keeper.h"
#include "paths.h"
#include "sys.h"

#define DIR_PATH	VZ_RUN_DIR "/keepers"
#define CALL_MS		30000
#define MAX_STARTS	16	/* then it is no accident that none stays */
#define AGAIN_US	5000

const char *vz_keeper_path(const char *suffix)
{
	static char path[2][sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *out = path[*suffix ? 1 : 0];
	struct stat exe, ns;

	if (stat("/proc/self/exe", &exe) || stat("/proc/self/ns/mnt", &ns))
		return NULL;
	snprintf(out, sizeof(path[0]), DIR_PATH "/%llx-%llx-%llx-%llx%s",
		 (unsigned long long)exe.st_dev, (unsigned long long)exe.st_ino,
		 (unsigned long long)exe.st_ctim.tv_sec * 1000000000 + exe.st_ctim.tv_nsec,
		 (unsigned long long)ns.st_ino, suffix);
	return out;
}

/* Whoever holds it is the keeper, or about to be. -1 with errno; EWOULDBLOCK: another is. */
static int take_lock(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat mine, named;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return -1;
	/* The last keeper may have removed the file between open and lock. */
	if (fstat(fd, &mine) || stat(path, &named) || mine.st_ino != named.st_ino) {
		errno = EWOULDBLOCK;
		return -1;
	}
	return vz_steal_fd(&fd);
}

static void become_keeper(int sock, int lock)
{
	char *argv[] = { (char *)"vzctl", (char *)VZ_KEEPER_VERB, NULL };
	char *env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int top = VZ_KEEPER_LOCK + 1;

	setsid();
	/* Out of the way first: each may be where another is to go. */
	sock = fcntl(sock, F_DUPFD_CLOEXEC, top);
	lock = fcntl(lock, F_DUPFD_CLOEXEC, top);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (null >= 0 && chdir("/") == 0 && dup2(sock, VZ_KEEPER_SOCKET) >= 0 &&
	    dup2(lock, VZ_KEEPER_LOCK) >= 0 && !vz_close_range(top, ~0U, 0))
		execve("/proc/self/exe", argv, env);
	_exit(VZ_EXIT_SYSTEM);
}

static pid_t fork_keeper(void)
{
	_cleanup_close_ int cgroup = vz_cgroup_keepers();
	struct clone_args a = { .exit_signal = SIGCHLD };

	/* Out of the caller's cgroup: a service that starts containers may be stopped. */
	if (cgroup >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = cgroup;
	}
	return vz_clone3(&a);
}

/* The socket listens before the keeper runs, so that nobody has to wait for that. */
static int start_keeper(const struct sockaddr_un *at, int lock, struct vz_err *e)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid;

	unlink(at->sun_path);
	if (sock < 0 || bind(sock, (const struct sockaddr *)at, sizeof(*at)) ||
	    listen(sock, SOMAXCONN))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", at->sun_path);
	pid = fork_keeper();
	if (!pid)
		become_keeper(sock, lock);
	return pid < 0 ? vz_err_errno(e, VZ_EXIT_SYSTEM, "start the keeper") : 0;
}

int vz_keeper_call(struct vz_err *e)
{
	const char *path = vz_keeper_path(""), *lock_path = vz_keeper_path(".lock");
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int64_t end = vz_now_ms() + CALL_MS;
	int starts = 0;

	if (sock < 0 || !path || !lock_path)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "look for the keeper");
	strcpy(at.sun_path, path);
	while (connect(sock, (struct sockaddr *)&at, sizeof(at))) {
		_cleanup_close_ int lock = -1;

		if (errno != ENOENT && errno != ECONNREFUSED && errno != EINTR)
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "reach the keeper at %s", path);
		if (vz_mkdirs(DIR_PATH, 0700))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "make %s", DIR_PATH);
		lock = take_lock(lock_path);
		if (lock >= 0) {
			if (starts++ == MAX_STARTS)
				return vz_err_set(e, VZ_EXIT_SYSTEM,
						  "the keeper of containers ends at once. The log "
						  "file and dmesg may know why");
			if (start_keeper(&at, lock, e))
				return -1;
			continue;
		}
		if (errno != EWOULDBLOCK && errno != ENOENT)
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "lock %s", lock_path);
		if (vz_now_ms() >= end)
			return vz_err_set(e, VZ_EXIT_TIMEOUT,
					  "the keeper of containers does not answer at %s; its "
					  "lock is held: fuser -v %s",
					  path, lock_path);
		usleep(AGAIN_US);
	}
	return vz_steal_fd(&sock);
}
