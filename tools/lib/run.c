// SPDX-License-Identifier: GPL-2.0
/*
 * Run state of a container, in /run/beanpod/CTID:
 *   state	"init PID START\nkeeper PID START\n", START as in /proc/PID/stat;
 *		then "rights DROPPED FEATURES", masks in hexadecimal;
 *		init is "0 0" while the keeper waits before it starts the container again
 *   keeper	locked by the keeper as long as it lives
 *   console.log, console.log.1
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "paths.h"
#include "sys.h"

/* Field 22 of /proc/PID/stat: clock ticks from boot to the start of the process. */
static unsigned long long start_time(pid_t pid)
{
	char path[32], text[1024];
	unsigned long long start;
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (vz_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	p = strrchr(text, ')'); /* the name before it is anybody's choice */
	if (!p || sscanf(p + 1,
			 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			 "%*s %*s %*s %*s %*s %llu",
			 &start) != 1)
		return 0;
	return start;
}

/* A pidfd first, the check after: what was checked is what the pidfd means. */
static int open_process(pid_t pid, unsigned long long start)
{
	_cleanup_close_ int fd = pid > 0 ? vz_pidfd_open(pid, 0) : -1;

	if (fd < 0 || !start || start_time(pid) != start || vz_wait_input(fd, 0) != 0)
		return -1;
	return vz_steal_fd(&fd);
}

void vz_run_get(uint32_t id, struct vz_run *run)
{
	unsigned long long init_start = 0, keeper_start = 0, drop = vz_rights_default.drop,
			   features = vz_rights_default.features;
	int init = 0, keeper = 0;
	char path[64], text[256];

	*run = (struct vz_run){ .pidfd = -1, .keeper_fd = -1 };
	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u/state", id);
	if (vz_read_text(AT_FDCWD, path, text, sizeof(text)) < 0 ||
	    sscanf(text, "init %d %llu\nkeeper %d %llu\nrights %llx %llx", &init, &init_start,
		   &keeper, &keeper_start, &drop, &features) < 4)
		return;
	run->rights = (struct vz_rights){ drop, features };
	run->pidfd = open_process(init, init_start);
	if (run->pidfd >= 0) {
		run->running = true;
		run->init = init;
	}
	/* After a reboot the keeper itself has become the start. */
	run->keeper_fd = keeper == getpid() ? -1 : open_process(keeper, keeper_start);
	if (run->keeper_fd >= 0) {
		run->keeper = true;
		run->keeper_pid = keeper;
		run->rebooting = !init;
	}
}

void vz_run_put(struct vz_run *run)
{
	if (run->pidfd >= 0)
		close(run->pidfd);
	if (run->keeper_fd >= 0)
		close(run->keeper_fd);
	run->pidfd = run->keeper_fd = -1;
}

int vz_run_dir(uint32_t id, struct vz_err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u", id);
	if (vz_mkdirs(path, 0700))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "make %s", path);
	fd = vz_open_host(path, O_RDONLY | O_DIRECTORY);
	return fd >= 0 ? fd : vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", path);
}

int vz_run_record(int dirfd, pid_t init, pid_t keeper, const struct vz_rights *rights)
{
	char text[128];

	snprintf(text, sizeof(text), "init %d %llu\nkeeper %d %llu\nrights %llx %llx\n", init,
		 init ? start_time(init) : 0, keeper, start_time(keeper),
		 (unsigned long long)rights->drop, (unsigned long long)rights->features);
	return vz_replace_text(dirfd, "state", text, 0600);
}

void vz_run_forget(int dirfd)
{
	unlinkat(dirfd, "state", 0);
}

bool vz_run_seen(uint32_t id)
{
	char path[64];

	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u/console.log", id);
	return !access(path, F_OK);
}

void vz_run_remove(uint32_t id)
{
	static const char *const files[] = { "state", "keeper", "console.log", "console.log.1" };
	char path[64];

	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u", id);
	{
		_cleanup_close_ int dir = vz_open_host(path, O_RDONLY | O_DIRECTORY);

		if (dir < 0)
			return;
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
			unlinkat(dir, files[i], 0);
	}
	rmdir(path);
}
