// SPDX-License-Identifier: GPL-2.0
/* The keeper of a container: see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bc.h"
#include "cgroup.h"
#include "cleanup.h"
#include "conf.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "log.h"
#include "paths.h"
#include "sys.h"

#define DIE_MS		30000
#define CONSOLE_MAX	(64 * 1024)	/* the log, and once more what was before it */
#define CONSOLE_WINDOW_MS 100		/* no more than CONSOLE_MAX is copied in that time */
#define QUICK_MS	10000		/* a container that reboots faster is slowed down */

struct keeper {
	uint32_t id;
	int dir, lock;
	int console, slave;
	int log;
	long long logged;
	bool foreground;
	int64_t started;
	int64_t window;		/* when the current CONSOLE_WINDOW_MS began */
	long long copied;	/* since then */
};

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

static int take_lock(struct keeper *k, struct vz_err *e)
{
	k->lock = vz_open_below(k->dir, "keeper", O_RDWR | O_CREAT, 0600);
	if (k->lock < 0 || flock(k->lock, LOCK_EX | LOCK_NB))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "lock %s/%u/keeper", VZ_RUN_DIR, k->id);
	return 0;
}

static void open_log(struct keeper *k, bool next)
{
	if (k->log >= 0)
		close(k->log);
	if (next)
		renameat(k->dir, "console.log", k->dir, "console.log.1");
	k->log = openat(k->dir, "console.log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	k->logged = 0;
}

static void copy_console(struct keeper *k)
{
	char buf[4096];
	ssize_t n = read(k->console, buf, sizeof(buf));

	if (n <= 0) {
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		close(vz_steal_fd(&k->console));
		return;
	}
	k->copied += n;
	if (k->foreground && write(STDOUT_FILENO, buf, n) < 0)
		k->foreground = false;
	if (k->logged + n > CONSOLE_MAX)
		open_log(k, true);
	if (k->log >= 0 && write(k->log, buf, n) == n)
		k->logged += n;
}

/* In the foreground the container ends with its terminal. */
static int open_signals(struct keeper *k)
{
	sigset_t set;

	if (!k->foreground)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/*
 * Milliseconds for which the console is left alone, 0: none. A tenant that floods it
 * is slowed down by the full terminal, and burns no CPU that is not its own.
 */
static int pause_console(struct keeper *k)
{
	int64_t now = vz_now_ms();

	if (now - k->window >= CONSOLE_WINDOW_MS) {
		k->window = now;
		k->copied = 0;
	}
	return k->copied < CONSOLE_MAX ? 0 : CONSOLE_WINDOW_MS - (now - k->window);
}

static void follow(struct keeper *k, int pidfd)
{
	int pause;

	_cleanup_close_ int sigs = open_signals(k);
	struct signalfd_siginfo si;
	struct pollfd p[3];

	/*
	 * With no slave open the master hangs up whenever nobody inside has the console
	 * open, for good; with one it never does.
	 */
	k->slave = k->console < 0 ? -1 :
				    ioctl(k->console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	for (;;) {
		p[0] = (struct pollfd){ .fd = pidfd, .events = POLLIN };
		pause = pause_console(k);
		p[1] = (struct pollfd){ .fd = pause ? -1 : k->console, .events = POLLIN };
		p[2] = (struct pollfd){ .fd = sigs, .events = POLLIN };
		if (poll(p, 3, pause ? pause : -1) < 0)
			continue;
		if (p[2].revents && read(sigs, &si, sizeof(si)) == sizeof(si))
			vz_cgroup_kill(k->id);
		if (p[1].revents)
			copy_console(k);
		else if (p[0].revents)
			return;
	}
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
 * record names nobody but the keeper, and whoever has the lock may kill that.
 */
static void start_again(struct keeper *k)
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

/* Nothing of the caller's session stays: its terminal, pipes, directory. */
static void detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	vz_log_detach();
	for (int i = 0; i < 3; i++)
		if (fd >= 0)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static int keep(struct keeper *k, struct vz_launched *l)
{
	siginfo_t si = { 0 };
	struct vz_err e = { 0 };

	follow(k, l->pidfd);
	while (waitid(P_PIDFD, l->pidfd, &si, WEXITED) && errno == EINTR)
		;
	log_end(&si);
	if (vz_cgroup_remove(k->id, DIE_MS, &e))
		vz_log(VZ_LOG_ERR, "%s", e.msg);
	if (si.si_code != CLD_EXITED && si.si_status == SIGHUP && !k->foreground &&
	    !vz_run_record(k->dir, 0, getpid(), &l->rights))
		start_again(k);
	vz_run_forget(k->dir);
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

/* Launches and records; the lock file goes with the caller, this copy of it ends. */
static int begin(struct keeper *k, struct vz_ct *ct, const struct vz_start_opts *o,
		 struct vz_launched *l, struct vz_err *e)
{
	k->dir = vz_run_dir(ct->id, e);
	if (k->dir < 0 || take_lock(k, e) || vz_launch(ct, o, l, e))
		return -1;
	k->started = vz_now_ms();
	k->console = l->console;
	if (vz_run_record(k->dir, l->pid, getpid(), &l->rights)) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "record the container's state in %s/%u", VZ_RUN_DIR,
			     k->id);
		vz_cgroup_remove(k->id, DIE_MS, NULL);
		return -1;
	}
	open_log(k, false);
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

static int keeper_main(struct vz_ct *ct, const struct vz_start_opts *o, int sock)
{
	struct keeper k = {
		.id = ct->id, .dir = -1, .lock = -1, .console = -1, .slave = -1, .log = -1
	};
	struct vz_err e = { 0 };
	struct vz_launched l;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	if (chdir("/") || begin(&k, ct, o, &l, &e)) {
		vz_msg_send(sock, VZ_MSG_ERROR, -1, &e);
		return e.code;
	}
	if (ct->lock >= 0)
		close(vz_steal_fd(&ct->lock));
	vz_msg_send(sock, VZ_MSG_GO, -1, NULL);
	close(sock);
	detach();
	vz_conf_free(vz_steal_ptr(&ct->global));
	vz_ct_close(ct);
	malloc_trim(0);
	return keep(&k, &l);
}

/* That of a container that was not started before is the failed start's own. */
static void undo_beancounter(uint32_t id)
{
	_cleanup_close_ int bc = vz_run_seen(id) ? -1 : vz_bc_open(NULL);

	if (bc >= 0)
		vz_bc_destroy(bc, id, DIE_MS, NULL);
}

/* The caller is the keeper: nobody else is needed, and it ends with its container. */
static int run_foreground(struct vz_ct *ct, const struct vz_start_opts *o, int *status,
			  struct vz_err *e)
{
	struct keeper k = { .id = ct->id,
			    .dir = -1,
			    .lock = -1,
			    .console = -1,
			    .slave = -1,
			    .log = -1,
			    .foreground = true };
	struct vz_launched l;

	signal(SIGPIPE, SIG_IGN);
	if (begin(&k, ct, o, &l, e)) {
		forget_start(ct->id);
		return -1;
	}
	vz_ct_unlock(ct);
	*status = keep(&k, &l);
	return 0;
}

static pid_t fork_keeper(int *pidfd)
{
	_cleanup_close_ int cgroup = vz_cgroup_keepers();
	struct clone_args a = { .flags = CLONE_PIDFD,
				.pidfd = (uintptr_t)pidfd,
				.exit_signal = SIGCHLD };

	/* Out of the caller's cgroup: a service that starts containers may be stopped. */
	if (cgroup >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = cgroup;
	}
	return vz_clone3(&a);
}

int vz_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e)
{
	_cleanup_close_ int pidfd = -1;
	int sock[2], type;
	pid_t pid;

	if (o->foreground)
		return run_foreground(ct, o, status, e);
	if (vz_msg_pair(sock))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "socketpair");
	pid = fork_keeper(&pidfd);
	if (!pid) {
		close(sock[0]);
		_exit(keeper_main(ct, o, sock[1]));
	}
	close(sock[1]);
	if (pid < 0) {
		close(sock[0]);
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "start the keeper");
	}
	type = vz_msg_recv(sock[0], NULL, e);
	close(sock[0]);
	if (type == VZ_MSG_GO)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (type != VZ_MSG_ERROR) {
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
