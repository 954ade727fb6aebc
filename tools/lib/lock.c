// SPDX-License-Identifier: GPL-2.0
/* Locks: see lock.h. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "sys.h"

static int open_lock(const char *dir, const char *name, struct vz_err *e)
{
	_cleanup_close_ int dirfd = -1;
	int fd;

	dirfd = vz_open_host(dir, O_PATH | O_DIRECTORY);
	if (dirfd < 0 && errno == ENOENT && !vz_mkdirs(dir, 0755))
		dirfd = vz_open_host(dir, O_PATH | O_DIRECTORY);
	if (dirfd < 0)
		return vz_err_errno(e, VZ_EXIT_LOCKDIR, "lock directory %s (LOCKDIR in vz.conf)",
				    dir);
	fd = vz_open_below(dirfd, name, O_RDWR | O_CREAT, 0644);
	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "lock file %s/%s", dir, name);
	return fd;
}

static int locked_error(int fd, uint32_t ctid, struct vz_err *e)
{
	char text[128], status[64] = "";
	ssize_t n;
	int pid = 0;

	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	if (sscanf(text, "%d\n%63[a-z ]", &pid, status) < 1)
		return vz_err_set(e, VZ_EXIT_LOCKED, "Container %u is locked by another process",
				  ctid);
	return vz_err_set(e, VZ_EXIT_LOCKED,
			  "Container %u is locked: process %d is %s it. Try again later", ctid, pid,
			  *status ? status : "changing");
}

int vz_lock(const char *dir, uint32_t ctid, const char *status, struct vz_err *e)
{
	char name[32], path[4096], text[96];
	struct stat mine, named;
	int fd, len;

	snprintf(name, sizeof(name), "%u.lck", ctid);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (;;) {
		fd = open_lock(dir, name, e);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			if (errno == EWOULDBLOCK)
				locked_error(fd, ctid, e);
			else
				vz_err_errno(e, VZ_EXIT_SYSTEM, "lock %s", path);
			close(fd);
			return -1;
		}
		/* The last holder may have removed the file between open and lock. */
		if (!fstat(fd, &mine) && !stat(path, &named) && mine.st_ino == named.st_ino &&
		    mine.st_dev == named.st_dev)
			break;
		close(fd);
	}
	len = snprintf(text, sizeof(text), "%d\n%s\n", getpid(), status);
	if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != len)
		vz_err_set(e, 0, "%s", "");	/* the text is a courtesy */
	return fd;
}

void vz_unlock(const char *dir, uint32_t ctid, int fd)
{
	char path[4096];

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "%s/%u.lck", dir, ctid);
	unlink(path);
	close(fd);
}

int vz_lock_host(const char *dir, const char *name, struct vz_err *e)
{
	_cleanup_close_ int fd = open_lock(dir, name, e);

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "lock %s/%s", dir, name);
	return vz_steal_fd(&fd);
}
