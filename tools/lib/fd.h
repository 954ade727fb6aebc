/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files, directories and messages by descriptor. A path that a tenant can change
 * is opened below a directory descriptor and never followed through links.
 */
#ifndef VZ_LIB_FD_H
#define VZ_LIB_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vz_err;

/**
 * vz_open_host() - open a path that the configuration of the host names
 * @flags: of open(2); O_CLOEXEC is added
 *
 * Symbolic links are followed (an admin may have moved /vz), the magic ones of
 * /proc are not.
 */
int vz_open_host(const char *path, int flags);

/**
 * vz_open_below() - open something below a directory
 * @flags: of open(2); O_CLOEXEC and O_NOFOLLOW are added
 *
 * Refuses every symbolic link on the way (ELOOP), to leave the directory and to
 * cross into another mount (EXDEV).
 */
int vz_open_below(int dirfd, const char *path, int flags, mode_t mode);

/* mkdir(2) of each missing component, host paths only. 0, or -1 with errno. */
int vz_mkdirs(const char *path, mode_t mode);

/**
 * vz_read_text() - read a small file into a buffer
 *
 * Return: length, the text is NUL-terminated and cut off at @size - 1; -1 with errno.
 */
ssize_t vz_read_text(int dirfd, const char *path, char *buf, size_t size);

/* Writes text to an existing file in one write(2). 0, or -1 with errno. */
int vz_write_text(int dirfd, const char *path, const char *text);

/* As vz_write_text(), but creates or replaces the file so that no reader sees half of it. */
int vz_replace_text(int dirfd, const char *path, const char *text, mode_t mode);

/* poll(2) for input on one descriptor, again after signals. 1, 0 (timeout), -1. */
int vz_wait_input(int fd, int timeout_ms);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t vz_now_ms(void);

#define VZ_FDS_MAX	4	/* descriptors in one message */

/* One datagram with descriptors. 0, or -1 with errno. */
int vz_fds_send(int sock, const void *data, size_t len, const int *fds, unsigned int count);

/**
 * vz_fds_recv() - one datagram and the descriptors that come along (close-on-exec)
 * @fds: receives @max of them, -1 where there is none; more than @max are closed
 *
 * Return: bytes, 0 at the end; -1 with errno.
 */
ssize_t vz_fds_recv(int sock, void *data, size_t size, int *fds, unsigned int max);

/*
 * Messages between a program and the child that becomes part of a container: a
 * SOCK_SEQPACKET pair, so that text and descriptors cannot be mixed up, close-on-
 * exec, so that its end says: the program was started.
 */
enum vz_msg_type {
	VZ_MSG_EOF,		/* received: the other side is gone */
	VZ_MSG_TAKEN,		/* somebody works on it */
	VZ_MSG_GO,
	VZ_MSG_FD,		/* carries a descriptor: a terminal's master */
	VZ_MSG_PIDFD,		/* carries a descriptor: of a process */
	VZ_MSG_ERROR,		/* carries a struct vz_err */
};

int vz_msg_pair(int sock[2]);
int vz_msg_send(int sock, enum vz_msg_type type, int fd, const struct vz_err *e);

/**
 * vz_msg_recv() - wait for the next message
 * @fd: receives the descriptor that came along (close-on-exec), else -1; may be NULL
 * @e:  receives the error of VZ_MSG_ERROR; may be NULL
 *
 * Return: enum vz_msg_type; -1 with errno set.
 */
int vz_msg_recv(int sock, int *fd, struct vz_err *e);

#endif
