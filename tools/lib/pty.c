// SPDX-License-Identifier: GPL-2.0
/* Pseudo terminals and copying: see pty.h. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "sys.h"

#define MAX_STREAMS	3

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

static int write_all(int fd, const char *buf, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
	return 0;
}

static void end_stream(struct vz_stream *s)
{
	struct termios mode;

	if (s->eof_char && !tcgetattr(s->out, &mode))
		write_all(s->out, (char *)&mode.c_cc[VEOF], 1);
	if (s->close_out)
		close(s->out);
	s->in = -1;
}

static void copy_some(struct vz_stream *s)
{
	char buf[16384];
	ssize_t n = read(s->in, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* EIO: every slave of the terminal is closed. */
	if (n <= 0 || write_all(s->out, buf, n))
		end_stream(s);
}

static void signal_set(sigset_t *set)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(set, forwarded[i]);
}

void vz_pump_signals(sigset_t *old)
{
	sigset_t set;

	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, old);
	signal(SIGPIPE, SIG_IGN);
}

static void handle_signal(int sigs, int pidfd, int master)
{
	struct signalfd_siginfo si;

	if (read(sigs, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo != SIGWINCH)
		vz_pidfd_signal(pidfd, si.ssi_signo);
	else if (master >= 0)
		vz_pty_resize(STDIN_FILENO, master);
}

/* After the child is gone: what lies in pipes and terminals, without waiting for more. */
static void drain(struct vz_stream *streams, size_t count)
{
	struct pollfd p;

	for (size_t i = 0; i < count; i++) {
		if (streams[i].eof_char || streams[i].close_out)
			continue;	/* towards the child */
		for (int n = 0; n < 1024 && streams[i].in >= 0; n++) {
			p = (struct pollfd){ .fd = streams[i].in, .events = POLLIN };
			if (poll(&p, 1, 0) <= 0)
				break;
			copy_some(&streams[i]);
		}
	}
}

int vz_pump(struct vz_stream *streams, size_t count, int pidfd, int master)
{
	_cleanup_close_ int sigs = -1;
	struct pollfd p[MAX_STREAMS + 2];
	sigset_t set;

	signal_set(&set);
	sigs = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigs < 0 || count > MAX_STREAMS)
		return -1;
	for (;;) {
		p[0] = (struct pollfd){ .fd = pidfd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = sigs, .events = POLLIN };
		for (size_t i = 0; i < count; i++)
			p[i + 2] = (struct pollfd){ .fd = streams[i].in, .events = POLLIN };
		if (poll(p, count + 2, -1) < 0 && errno != EINTR)
			return -1;
		for (size_t i = 0; i < count; i++)
			if (p[i + 2].revents)
				copy_some(&streams[i]);
		if (p[1].revents)
			handle_signal(sigs, pidfd, master);
		if (p[0].revents)
			break;
	}
	drain(streams, count);
	return 0;
}
