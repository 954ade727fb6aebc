// SPDX-License-Identifier: GPL-2.0
/* Pseudo terminals and copying: see pty.h. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "sys.h"

#define MAX_STREAMS	3
#define DRAIN_READS	1024	/* what remains is more than any pipe holds */

static struct termios saved_mode;
static int saved_tty = -1;

int vz_pty_open(int pts, int *slave)
{
	_cleanup_close_ int master =
		openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	if (master < 0)
		return -1;
	/* A fifo or a file of the tenant's could sit in its place. */
	if (fstat(master, &st) || fstatfs(master, &fs) || !S_ISCHR(st.st_mode) ||
	    fs.f_type != DEVPTS_SUPER_MAGIC) {
		errno = EXDEV;
		return -1;
	}
	if (fcntl(master, F_SETFL, 0) || ioctl(master, TIOCSPTLCK, &unlock))
		return -1;
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave < 0 ? -1 : vz_steal_fd(&master);
}

int vz_pty_number(int master)
{
	int n = 0;

	return ioctl(master, TIOCGPTN, &n) ? -1 : n;
}

void vz_pty_resize(int from, int to)
{
	struct winsize w;

	if (!ioctl(from, TIOCGWINSZ, &w))
		ioctl(to, TIOCSWINSZ, &w);
}

void vz_pty_raw(int tty)
{
	struct termios raw;

	if (saved_tty >= 0 || tcgetattr(tty, &saved_mode))
		return;
	saved_tty = tty;
	raw = saved_mode;
	cfmakeraw(&raw);
	tcsetattr(tty, TCSADRAIN, &raw);
}

void vz_pty_restore(void)
{
	if (saved_tty >= 0)
		tcsetattr(saved_tty, TCSADRAIN, &saved_mode);
	saved_tty = -1;
}

/* The character that ends input on a terminal, or nothing. */
static void queue_eof(struct vz_stream *s)
{
	struct termios mode;

	if (s->eof_char && !tcgetattr(s->out, &mode)) {
		s->buf[0] = mode.c_cc[VEOF];
		s->pos = 0;
		s->len = 1;
	}
}

static void end_input(struct vz_stream *s)
{
	if (s->close_in)
		close(s->in);
	s->in = -1;
}

/* Nobody will read it. A program that goes on writing to a pipe learns that. */
static void end_output(struct vz_stream *s)
{
	s->pos = s->len = 0;
	if (s->discard)
		return;
	if (s->in >= 0)
		end_input(s);
	if (s->close_out)
		close(s->out);
	s->out = -1;
}

static void take(struct vz_stream *s)
{
	ssize_t n = read(s->in, s->buf, sizeof(s->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	s->pos = 0;
	s->len = n > 0 ? n : 0;
	/* EIO: every slave of the terminal is closed. */
	if (n <= 0) {
		end_input(s);
		queue_eof(s);
	}
}

static void give(struct vz_stream *s)
{
	size_t len = s->len - s->pos;
	ssize_t n;

	/* Where a write may block, poll(2) promises room for this much. */
	if (!s->nonblock && len > PIPE_BUF)
		len = PIPE_BUF;
	n = write(s->out, s->buf + s->pos, len);
	if (n >= 0)
		s->pos += n;
	else if (errno != EINTR && errno != EAGAIN)
		end_output(s);
	if (s->pos == s->len)
		s->pos = s->len = 0;
}

static bool waits_for_input(const struct vz_stream *s)
{
	return s->in >= 0 && !s->len;
}

/* Moves what moves without waiting, after poll(2) said so. */
static void move(struct vz_stream *s, const struct pollfd *p)
{
	if (p->revents && s->len)
		give(s);
	else if (p->revents && waits_for_input(s))
		take(s);
	if (s->in < 0 && !s->len && s->out >= 0) {
		if (s->close_out)
			close(s->out);
		s->out = -1;
	}
}

static void wanted(const struct vz_stream *s, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = -1 };
	if (s->len)
		*p = (struct pollfd){ .fd = s->out, .events = POLLOUT };
	else if (waits_for_input(s))
		*p = (struct pollfd){ .fd = s->in, .events = POLLIN };
}

/*
 * A way of our own to what the caller gave us: O_NONBLOCK would be the caller's, too.
 * Return: a new descriptor, -1: there is no such way.
 */
static int open_again(int fd)
{
	char path[32];
	struct stat st;
	int n;

	if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || (isatty(fd) && ioctl(fd, TIOCGPTN, &n))))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Our own ends never block; towards the caller as little as can be had. */
static void prepare(struct vz_stream *s)
{
	if (s->close_out || s->eof_char) {
		set_nonblock(s->out);
		s->nonblock = true;
		return;
	}
	set_nonblock(s->in);
	s->copy = open_again(s->out);
	if (s->copy >= 0) {
		s->out = s->copy;
		s->nonblock = true;
	}
}

static sigset_t forwarded;

void vz_pump_signals(sigset_t *old)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	struct sigaction sa;

	sigemptyset(&forwarded);
	/* What the caller ignores (nohup, a job in the background) stays ignored. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!sigaction(signals[i], NULL, &sa) && sa.sa_handler != SIG_IGN)
			sigaddset(&forwarded, signals[i]);
	sigprocmask(SIG_BLOCK, &forwarded, old);
	signal(SIGPIPE, SIG_IGN);
}

/* Return: true if it was one that ends programs. */
static bool handle_signal(int sigs, int pidfd, int master)
{
	struct signalfd_siginfo si;

	if (read(sigs, &si, sizeof(si)) != sizeof(si))
		return false;
	if (si.ssi_signo != SIGWINCH) {
		vz_pidfd_signal(pidfd, si.ssi_signo);
		return true;
	}
	if (master >= 0)
		vz_pty_resize(STDIN_FILENO, master);
	return false;
}

/*
 * After the child is gone: what lies in pipes and terminals, without waiting for more.
 * An output that is full is waited for, until somebody wants the end.
 */
static void drain(struct vz_stream *s, int sigs, bool hurry)
{
	struct pollfd p[2];

	if (s->close_out || s->eof_char)
		return;		/* towards the child */
	for (int n = 0; n < DRAIN_READS || s->len; n += !s->len) {
		wanted(s, &p[0]);
		if (p[0].fd < 0)
			return;
		p[1] = (struct pollfd){ .fd = sigs, .events = POLLIN };
		if (poll(p, 2, s->len && !hurry ? -1 : 0) < 0 && errno != EINTR)
			return;
		if (p[1].revents && handle_signal(sigs, -1, -1))
			hurry = true;
		if (!p[0].revents && (hurry || !s->len))
			return;
		move(s, &p[0]);
	}
}

int vz_pump(struct vz_stream *streams, size_t count, int pidfd, int master)
{
	_cleanup_close_ int sigs = signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK);
	struct pollfd p[MAX_STREAMS + 2];
	bool told = false;
	int rc = -1;

	if (sigs < 0 || count > MAX_STREAMS)
		return -1;
	for (size_t i = 0; i < count; i++)
		prepare(&streams[i]);
	for (;;) {
		p[0] = (struct pollfd){ .fd = pidfd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = sigs, .events = POLLIN };
		for (size_t i = 0; i < count; i++)
			wanted(&streams[i], &p[i + 2]);
		if (poll(p, count + 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		for (size_t i = 0; i < count; i++)
			move(&streams[i], &p[i + 2]);
		if (p[1].revents)
			told |= handle_signal(sigs, pidfd, master);
		if (p[0].revents) {
			rc = 0;
			break;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (!rc)
			drain(&streams[i], sigs, told);
		if (streams[i].copy >= 0)
			close(streams[i].copy);
	}
	return rc;
}
