// SPDX-License-Identifier: GPL-2.0
/* The console of a container: see console.h. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "cleanup.h"
#include "fd.h"
#include "paths.h"

#define LOG_MAX		(64 * 1024)	/* the log, and once more what was before it */
#define WINDOW_MS	100		/* no more than LOG_MAX is copied in that time */

/*
 * By its name each time: one descriptor less for each idle container. @next begins a new log in
 * the file of the one before the last, and exchanges the two: whoever looks meanwhile, as
 * vz_run_seen() does, finds a console.log.
 */
static int open_log(struct vz_console *c, int flags, bool next)
{
	_cleanup_close_ int dir = -1;
	char path[64];
	int log;

	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u", c->id);
	dir = vz_open_host(path, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return -1;
	log = vz_open_below(dir, next ? "console.log.1" : "console.log", O_WRONLY | O_CREAT | flags,
			    0600);
	if (log >= 0 && next)
		renameat2(dir, "console.log.1", dir, "console.log", RENAME_EXCHANGE);
	return log;
}

void vz_console_open(struct vz_console *c, uint32_t id, int master, bool echo)
{
	_cleanup_close_ int log = -1;

	*c = (struct vz_console){ .id = id, .master = master, .slave = -1, .echo = echo };
	log = open_log(c, O_TRUNC, false);
	if (master >= 0)
		c->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void vz_console_close(struct vz_console *c)
{
	if (c->master >= 0)
		close(vz_steal_fd(&c->master));
	if (c->slave >= 0)
		close(vz_steal_fd(&c->slave));
}

int vz_console_copy(struct vz_console *c)
{
	_cleanup_close_ int log = -1;
	char buf[4096];
	ssize_t n = read(c->master, buf, sizeof(buf));
	bool full;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
	c->copied += n;
	if (c->echo && write(STDOUT_FILENO, buf, n) < 0)
		c->echo = false;
	full = c->logged + n > LOG_MAX;
	if (full)
		c->logged = 0;
	log = open_log(c, full ? O_TRUNC : O_APPEND, full);
	if (log >= 0 && write(log, buf, n) == n)
		c->logged += n;
	return n;
}

int vz_console_pause(struct vz_console *c)
{
	int64_t now = vz_now_ms();

	if (now - c->window >= WINDOW_MS) {
		c->window = now;
		c->copied = 0;
	}
	return c->copied < LOG_MAX ? 0 : WINDOW_MS - (now - c->window);
}
