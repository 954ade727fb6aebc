// SPDX-License-Identifier: GPL-2.0
/* From the start of a container to the end of its init: see kept.h. */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "log.h"
#include "paths.h"
#include "sys.h"

#define DIE_MS		30000
#define QUICK_MS	10000		/* a container that reboots faster is slowed down */

static int take_lock(uint32_t id, int dir, struct vz_err *e)
{
	_cleanup_close_ int fd = vz_open_below(dir, "keeper", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "lock %s/%u/keeper", VZ_RUN_DIR, id);
	return vz_steal_fd(&fd);
}

int vz_kept_begin(struct vz_kept *k, struct vz_ct *ct, const struct vz_start_opts *o, pid_t keeper,
		  int *pidfd, struct vz_err *e)
{
	_cleanup_close_ int dir = vz_run_dir(ct->id, e), lock = -1;
	struct vz_launched l;

	if (dir < 0)
		return -1;
	lock = take_lock(ct->id, dir, e);
	if (lock < 0 || vz_launch(ct, o, &l, e))
		return -1;
	*k = (struct vz_kept){
		.id = ct->id, .pid = l.pid, .lock = -1, .started = vz_now_ms(), .rights = l.rights
	};
	if (vz_run_record(dir, l.pid, keeper, &l.rights)) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "record the container's state in %s/%u", VZ_RUN_DIR,
			     k->id);
		vz_cgroup_remove(k->id, DIE_MS, NULL);
		close(l.pidfd);
		if (l.console >= 0)
			close(l.console);
		return -1;
	}
	k->lock = vz_steal_fd(&lock);
	vz_console_open(&k->console, k->id, l.console, o->foreground);
	if (pidfd)
		*pidfd = l.pidfd;
	else
		close(l.pidfd);
	return 0;
}

static void log_end(const siginfo_t *si)
{
	if (si->si_code == CLD_EXITED)
		vz_log(VZ_LOG_INFO, "init exited with status %d", si->si_status);
	else if (si->si_status == SIGHUP)
		vz_log(VZ_LOG_INFO, "the container reboots");
	else if (si->si_status == SIGINT)
		vz_log(VZ_LOG_INFO, "the container was halted");
	else
		vz_log(VZ_LOG_INFO, "init was killed by signal %d", si->si_status);
}

/*
 * Starts the container again, as a fresh program: this one becomes it. Meanwhile the
 * record names nobody but this process, and whoever has the lock may kill that.
 */
static void start_again(const struct vz_kept *k)
{
	char *env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char id[16], *argv[] = { (char *)"vzctl", (char *)"--quiet", (char *)"start", id, NULL };
	int64_t lived = vz_now_ms() - k->started;

	if (lived < QUICK_MS)
		usleep((QUICK_MS - lived) * 1000);
	snprintf(id, sizeof(id), "%u", k->id);
	execve("/proc/self/exe", argv, env);
	vz_log(VZ_LOG_ERR, "start after reboot: %s", strerror(errno));
}

int vz_kept_end(struct vz_kept *k, const siginfo_t *si, bool again)
{
	_cleanup_close_ int dir = vz_run_dir(k->id, NULL);
	struct vz_err e = { 0 };

	log_end(si);
	if (vz_cgroup_remove(k->id, DIE_MS, &e))
		vz_log(VZ_LOG_ERR, "%s", e.msg);
	if (si->si_code != CLD_EXITED && si->si_status == SIGHUP && again && dir >= 0 &&
	    !vz_run_record(dir, 0, getpid(), &k->rights))
		start_again(k);
	if (dir >= 0)
		vz_run_forget(dir);
	return si->si_code == CLD_EXITED ? si->si_status : 128 + si->si_status;
}

void vz_kept_undo(struct vz_kept *k)
{
	_cleanup_close_ int dir = vz_run_dir(k->id, NULL);

	vz_cgroup_remove(k->id, DIE_MS, NULL);
	if (dir >= 0)
		vz_run_forget(dir);
}
