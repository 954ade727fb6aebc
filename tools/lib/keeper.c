// SPDX-License-Identifier: GPL-2.0
/* Starting a container, alone or through the keeper: see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "bc.h"
#include "cgroup.h"
#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "keeper_call.h"
#include "kept.h"
#include "log.h"
#include "paths.h"
#include "sys.h"

#define DIE_MS		30000
#define MAX_CALLS	16	/* of a keeper that ends while it is called */

int vz_keeper_wait(uint32_t id, int timeout_ms)
{
	int64_t end = vz_now_ms() + timeout_ms;
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), VZ_RUN_DIR "/%u/keeper", id);
	fd = vz_open_host(path, O_RDONLY);
	while (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB)) {
		if (errno != EWOULDBLOCK || vz_now_ms() >= end)
			return -1;
		usleep(5000);
	}
	return 0;
}

/*
 * After a failed start: of a container that was not started before nothing stays.
 * Later runs keep the log and the last words of the beancounter.
 */
static void forget_start(uint32_t id)
{
	if (!vz_run_seen(id))
		vz_run_remove(id);
}

/* ---- in the foreground ---------------------------------------------------------- */

/* The container ends with its terminal. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void follow(struct vz_kept *k, int pidfd)
{
	_cleanup_close_ int sigs = open_signals();
	struct signalfd_siginfo si;
	struct pollfd p[3];
	int pause;

	for (;;) {
		p[0] = (struct pollfd){ .fd = pidfd, .events = POLLIN };
		pause = vz_console_pause(&k->console);
		p[1] = (struct pollfd){ .fd = pause ? -1 : k->console.master, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = sigs, .events = POLLIN };
		if (poll(p, 3, pause ? pause : -1) < 0)
			continue;
		if (p[2].revents && read(sigs, &si, sizeof(si)) == sizeof(si))
			vz_cgroup_kill(k->id);
		if (p[1].revents && vz_console_copy(&k->console) < 0)
			vz_console_close(&k->console);
		else if (p[1].revents)
			continue;
		else if (p[0].revents)
			return;
	}
}

/* The caller is the parent: nobody else is needed, and it ends with its container. */
static int run_foreground(struct vz_ct *ct, const struct vz_start_opts *o, int *status,
			  struct vz_err *e)
{
	_cleanup_close_ int pidfd = -1;
	siginfo_t si = { 0 };
	struct vz_kept k;

	signal(SIGPIPE, SIG_IGN);
	if (vz_kept_begin(&k, ct, o, getpid(), &pidfd, e)) {
		forget_start(ct->id);
		return -1;
	}
	vz_ct_unlock(ct);
	follow(&k, pidfd);
	while (waitid(P_PIDFD, pidfd, &si, WEXITED) && errno == EINTR)
		;
	*status = vz_kept_end(&k, &si, false);
	vz_console_close(&k.console);
	close(k.lock);
	return 0;
}

/* ---- through the keeper --------------------------------------------------------- */

/* That of a container that was not started before is the failed start's own. */
static void undo_beancounter(uint32_t id)
{
	_cleanup_close_ int bc = vz_run_seen(id) ? -1 : vz_bc_open(NULL);

	if (bc >= 0)
		vz_bc_destroy(bc, id, DIE_MS, NULL);
}

/* Return: what came last, enum vz_msg_type; @taken: somebody had begun. */
static int request(const struct vz_ct *ct, const struct vz_start_opts *o, bool *taken,
		   struct vz_err *e)
{
	_cleanup_close_ int sock = vz_keeper_call(e);
	struct vz_keeper_request r = { .id = ct->id, .level = vz_log_level() };
	int fds[VZ_REQUEST_FDS] = { STDOUT_FILENO, STDERR_FILENO, ct->lock }, type;

	*taken = false;
	if (sock < 0)
		return VZ_MSG_ERROR;
	if (o->init && snprintf(r.init, sizeof(r.init), "%s", o->init) >= (int)sizeof(r.init)) {
		vz_err_set(e, VZ_EXIT_BAD_VALUE, "--init: the path is longer than %d bytes",
			   PATH_MAX - 1);
		return VZ_MSG_ERROR;
	}
	if (vz_fds_send(sock, &r, sizeof(r), fds, VZ_REQUEST_FDS - (ct->lock < 0)))
		return VZ_MSG_EOF;
	type = vz_msg_recv(sock, NULL, e);
	if (type != VZ_MSG_TAKEN)
		return type < 0 ? VZ_MSG_EOF : type;
	*taken = true;
	return vz_msg_recv(sock, NULL, e);
}

int vz_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e)
{
	bool taken;
	int type, calls = 0;

	if (o->foreground)
		return run_foreground(ct, o, status, e);
	do
		type = request(ct, o, &taken, e);
	while (type == VZ_MSG_EOF && !taken && ++calls < MAX_CALLS);
	if (type == VZ_MSG_GO)
		return 0;
	if (type != VZ_MSG_ERROR && !taken) {
		vz_err_set(e, VZ_EXIT_SYSTEM,
			   "the keeper of containers cannot make a process to start it. Is the "
			   "host out of memory or of process ids?");
	} else if (type != VZ_MSG_ERROR) {
		/* Killed while it worked: what it made is found by name. */
		vz_cgroup_remove(ct->id, DIE_MS, NULL);
		undo_beancounter(ct->id);
		vz_err_set(e, VZ_EXIT_ENV_CREATE,
			   "the keeper died while it started the "
			   "container (killed by somebody, or out of memory)");
	}
	forget_start(ct->id);
	return -1;
}
