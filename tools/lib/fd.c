// SPDX-License-Identifier: GPL-2.0
/* Files, directories and messages by descriptor: see fd.h. */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "err.h"
#include "sys.h"

int vz_open_host(const char *path, int flags)
{
	return vz_openat2(AT_FDCWD, path, flags | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
}

int vz_open_below(int dirfd, const char *path, int flags, mode_t mode)
{
	return vz_openat2(dirfd, path, flags | O_CLOEXEC | O_NOFOLLOW, mode,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
				  RESOLVE_NO_XDEV);
}

int vz_mkdirs(const char *path, mode_t mode)
{
	char buf[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(buf, path, len + 1);
	if (!mkdir(buf, mode) || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -1;
	for (char *p = strchr(buf + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (mkdir(buf, 0755) && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return mkdir(buf, mode) && errno != EEXIST ? -1 : 0;
}

ssize_t vz_read_text(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += n;
	}
	buf[len] = 0;
	return len;
}

int vz_write_text(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t len = strlen(text), n;

	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	if (n >= 0 && n != len)
		errno = EIO;
	return n == len ? 0 : -1;
}

int vz_replace_text(int dirfd, const char *path, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = -1;
	char tmp[NAME_MAX];
	ssize_t len = strlen(text);

	snprintf(tmp, sizeof(tmp), ".%s.%d", path, getpid());
	unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -1;
	if (write(fd, text, len) == len && !renameat(dirfd, tmp, dirfd, path))
		return 0;
	len = errno;
	unlinkat(dirfd, tmp, 0);
	errno = len;
	return -1;
}

int vz_wait_input(int fd, int timeout_ms)
{
	int64_t end = vz_now_ms() + timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	for (;;) {
		n = poll(&p, 1, timeout_ms);
		if (n >= 0 || errno != EINTR)
			return n;
		if (timeout_ms >= 0) {
			timeout_ms = end - vz_now_ms();
			if (timeout_ms < 0)
				timeout_ms = 0;
		}
	}
}

int64_t vz_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

struct message {
	int type;
	struct vz_err err;
};

int vz_msg_pair(int sock[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock);
}

int vz_fds_send(int sock, const void *data, size_t len, const int *fds, unsigned int count)
{
	union {
		char buf[CMSG_SPACE(VZ_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} c = { { 0 } };
	struct iovec iov = { (void *)data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	ssize_t n;

	if (count) {
		h.msg_control = c.buf;
		h.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cm = CMSG_FIRSTHDR(&h);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, count * sizeof(int));
	}
	do
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

ssize_t vz_fds_recv(int sock, void *data, size_t size, int *fds, unsigned int max)
{
	union {
		char buf[CMSG_SPACE(VZ_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} c;
	struct iovec iov = { data, size };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = c.buf,
			    .msg_controllen = sizeof(c.buf) };
	unsigned int got = 0;
	struct cmsghdr *cm;
	ssize_t n;
	int fd;

	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	cm = n < 0 ? NULL : CMSG_FIRSTHDR(&h);
	if (cm && cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS)
		got = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (unsigned int i = 0; i < got || i < max; i++) {
		fd = -1;
		if (i < got)
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
		if (i < max)
			fds[i] = fd;
		else if (fd >= 0)
			close(fd);
	}
	return n;
}

int vz_msg_send(int sock, enum vz_msg_type type, int fd, const struct vz_err *e)
{
	struct message m = { .type = type };
	size_t len = offsetof(struct message, err);

	if (type == VZ_MSG_ERROR && e) {
		m.err = *e;
		len = sizeof(m);
	}
	return vz_fds_send(sock, &m, len, &fd, fd >= 0);
}

int vz_msg_recv(int sock, int *fd, struct vz_err *e)
{
	struct message m = { .type = VZ_MSG_EOF };
	ssize_t n = vz_fds_recv(sock, &m, sizeof(m), fd, fd ? 1 : 0);

	if (n < 0 && errno != ECONNRESET)
		return -1;
	if (n < (ssize_t)sizeof(m.type))
		return VZ_MSG_EOF;
	if (m.type == VZ_MSG_ERROR && e) {
		*e = m.err;
		e->msg[sizeof(e->msg) - 1] = 0;
	}
	return m.type;
}
