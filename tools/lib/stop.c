// SPDX-License-Identifier: GPL-2.0
/* Stopping a container: see stop.h. */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "keeper.h"
#include "log.h"
#include "num.h"
#include "paths.h"
#include "sys.h"

#define KILL_MS		30000	/* SIGKILL works, or the kernel is stuck */
#define KEEPER_MS	40000	/* longer than the keeper itself waits */
#define DEAF_MS		1000	/* patience with an init that seems not to handle the signal */
#define MAX_S		86400

/*
 * What the tenant's init calls itself decides which signal its own init gets, so a
 * lie harms only the liar. systemd: SIGRTMIN+4 is poweroff.target; busybox: SIGUSR2;
 * sysvinit has no such signal but understands SIGPWR if inittab says so.
 */
static int default_signal(pid_t init, bool *sure)
{
	char path[32], comm[32], exe[256], *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", init);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = 0;
	base = strrchr(exe, '/');
	snprintf(path, sizeof(path), "/proc/%d/comm", init);
	if (vz_read_text(AT_FDCWD, path, comm, sizeof(comm)) < 0)
		*comm = 0;
	comm[strcspn(comm, "\n")] = 0;
	*sure = true;
	if (!strcmp(comm, "systemd") || (base && !strcmp(base, "/systemd")))
		return SIGRTMIN + 4;
	if (base && !strncmp(base, "/busybox", 8) && !strcmp(comm, "init"))
		return SIGUSR2;
	*sure = false;
	return !strcmp(comm, "init") ? SIGPWR : SIGTERM;
}

/* "TERM", "SIGTERM", "RTMIN+4" or a number; 0 if it is none. */
static int signal_by_name(const char *s)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "KILL", SIGKILL },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "TERM", SIGTERM }, { "PWR", SIGPWR },
	};
	uint64_t n;

	if (!vz_num_u64(s, 1, SIGRTMAX, &n))
		return n;
	if (!strncmp(s, "SIG", 3))
		s += 3;
	if (!strncmp(s, "RTMIN+", 6) && !vz_num_u64(s + 6, 0, SIGRTMAX - SIGRTMIN, &n))
		return SIGRTMIN + n;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(s, names[i].name))
			return names[i].number;
	return 0;
}

/*
 * The init of a pid namespace gets only signals that it handles, or reads while
 * blocked. One that waits in sigtimedwait(2) is not recognised.
 */
static bool would_notice(pid_t pid, int sig)
{
	static const char *const fields[] = { "\nSigBlk:", "\nSigCgt:" };
	char path[32], text[4096];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (vz_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		p = strstr(text, fields[i]);
		if (p && strtoull(p + strlen(fields[i]), NULL, 16) >> (sig - 1) & 1)
			return true;
	}
	return false;
}

/* 0: init is gone. */
static int ask(const struct vz_ct *ct, const struct vz_run *run)
{
	const char *name = vz_ct_get(ct, "STOP_SIGNAL", NULL);
	uint64_t seconds = vz_ct_number(ct, "STOP_TIMEOUT", VZ_STOP_TIMEOUT);
	int patience = seconds < MAX_S ? seconds * 1000 : MAX_S * 1000;
	int sig = name ? signal_by_name(name) : 0;
	bool sure = sig > 0;

	if (name && !sig)
		vz_log(VZ_LOG_WARN, "STOP_SIGNAL=%s is no signal", name);
	if (!sig)
		sig = default_signal(run->init, &sure);
	if (!sure && !would_notice(run->init, sig) && patience > DEAF_MS)
		patience = DEAF_MS;
	if (vz_pidfd_signal(run->pidfd, sig))
		return errno == ESRCH ? 0 : -1;
	if (vz_wait_input(run->pidfd, patience) == 1)
		return 0;
	if (patience != DEAF_MS)
		vz_log(VZ_LOG_WARN, "did not stop within %d seconds (STOP_TIMEOUT): killing",
		       patience / 1000);
	return -1;
}

static int kill_all(const struct vz_ct *ct, const struct vz_run *run, struct vz_err *e)
{
	if (vz_cgroup_kill(ct->id) && vz_pidfd_signal(run->pidfd, SIGKILL) && errno != ESRCH)
		return vz_err_errno(e, VZ_EXIT_STOP, "kill container %u", ct->id);
	if (vz_wait_input(run->pidfd, KILL_MS) != 1)
		return vz_err_set(e, VZ_EXIT_STOP,
				  "init of container %u (pid %d) does not die: it "
				  "is stuck in the kernel",
				  ct->id, run->init);
	return 0;
}

/* The keeper clears up; if there is none, or it is stuck, it is done here. */
static int clear_up(const struct vz_ct *ct, struct vz_err *e)
{
	_cleanup_close_ int dir = -1;

	vz_keeper_wait(ct->id, KEEPER_MS);
	if (vz_cgroup_remove(ct->id, KILL_MS, e))
		return -1;
	dir = vz_run_dir(ct->id, e);
	if (dir < 0)
		return -1;
	vz_run_forget(dir);
	return 0;
}

int vz_stop_reboot(const struct vz_run *run, struct vz_err *e)
{
	if (!run->rebooting)
		return 0;
	if (vz_pidfd_signal(run->keeper_fd, SIGKILL) && errno != ESRCH)
		return vz_err_errno(e, VZ_EXIT_STOP, "kill the keeper (pid %d)", run->keeper_pid);
	if (vz_wait_input(run->keeper_fd, KILL_MS) != 1)
		return vz_err_set(e, VZ_EXIT_STOP, "the keeper (pid %d) does not die",
				  run->keeper_pid);
	return 0;
}

int vz_stop_needed(const struct vz_ct *ct, struct vz_err *e)
{
	struct vz_run run;

	vz_run_get(ct->id, &run);
	vz_run_put(&run);
	if (run.rebooting)
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "Container %u is about to start again after a reboot. Stop it: "
				  "vzctl stop %u",
				  ct->id, ct->id);
	if (run.running)
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "Container %u is running; its files are in /proc/%d/root. Stop "
				  "it: vzctl stop %u",
				  ct->id, run.init, ct->id);
	/* The record may be lost; what lives in the cgroup still uses the files. */
	if (vz_cgroup_populated(ct->id))
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "Processes of container %u are alive, although nothing is "
				  "recorded in %s/%u/state. Stop them: vzctl stop %u",
				  ct->id, VZ_RUN_DIR, ct->id, ct->id);
	return 0;
}

int vz_stop(struct vz_ct *ct, bool fast, struct vz_err *e)
{
	struct vz_run run;
	int rc = 0;

	vz_run_get(ct->id, &run);
	if (!run.running) {
		if (!run.keeper && !vz_cgroup_populated(ct->id))
			return vz_err_set(e, VZ_EXIT_NOT_RUNNING, "Container %u is not running",
					  ct->id);
		rc = vz_stop_reboot(&run, e);
		vz_run_put(&run);
		/* With the record lost it may still run, and its keeper wait for that. */
		if (!run.keeper)
			vz_cgroup_kill(ct->id);
		return rc ? rc : clear_up(ct, e);
	}
	if (!run.keeper)
		vz_log(VZ_LOG_WARN, "its keeper is gone; clearing up without it");
	if (fast || ask(ct, &run))
		rc = kill_all(ct, &run, e);
	vz_run_put(&run);
	return rc ? rc : clear_up(ct, e);
}
