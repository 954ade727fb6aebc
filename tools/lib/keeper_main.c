// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper itself: see keeper.h. One loop over
 *   - its socket: each caller is served by a child, which starts the container;
 *   - what these children hand over: containers that run;
 *   - SIGCHLD: a child's child that is left becomes the keeper's own, so that it is init's
 *     parent as soon as the child that started it is gone;
 *   - consoles.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "conf.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "keeper.h"
#include "keeper_call.h"
#include "kept.h"
#include "log.h"
#include "paths.h"
#include "priv.h"
#include "sys.h"

#define LINGER_MS 2000 /* without anything to keep */
#define MAX_FILES (1 << 20) /* three for each container */
#define DRAIN_MAX (128 * 1024) /* of a console, after the end */

/* A child's descriptors. */
enum child_fds {
	CHILD_CALLER = 3,	/* or the lock of the container that ended */
	CHILD_HANDOVER,
};

enum { HAND_LOCK, HAND_MASTER, HAND_SLAVE, HAND_FDS };

struct keeper {
	pid_t pid;
	int epoll, children, in, out;	/* in, out: of the handover */
	struct vz_kept **kept;
	size_t count, room;
	size_t paused;			/* consoles that are left alone for a moment */
	sigset_t mask;			/* as children are to have it */
};

/* ---- children -------------------------------------------------------------------- */

/*
 * A child, with @fd and, unless it is -1, @other as its only descriptors besides standard
 * ones: locks and consoles of all others are none of its business.
 */
static pid_t fork_child(struct keeper *l, int fd, int other)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, &l->mask, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	/* Neither is 3 or 4: these are the keeper's socket and lock. */
	if (dup3(fd, CHILD_CALLER, O_CLOEXEC) < 0 ||
	    (other >= 0 && dup3(other, CHILD_HANDOVER, O_CLOEXEC) < 0) ||
	    vz_close_range(CHILD_CALLER + 1 + (other >= 0), ~0U, 0))
		_exit(VZ_EXIT_SYSTEM);
	return 0;
}

static struct vz_conf *load_global(uint32_t id, struct vz_err *e)
{
	struct vz_conf *global = vz_conf_load(VZ_GLOBAL_CONF, e);

	vz_log_ctid(id);
	if (global)
		vz_log_as_configured(global);
	return global;
}

static int hand_over(struct vz_kept *k)
{
	int fds[HAND_FDS] = { k->lock, k->console.master, k->console.slave };

	int n = fds[HAND_MASTER] < 0 ? HAND_MASTER : fds[HAND_SLAVE] < 0 ? HAND_SLAVE : HAND_FDS;

	return vz_fds_send(CHILD_HANDOVER, k, sizeof(*k), fds, n);
}

static int start(struct vz_ct *ct, const struct vz_keeper_request *r, pid_t keeper,
		 struct vz_err *e)
{
	struct vz_start_opts o = { .init = *r->init ? r->init : NULL };
	struct vz_kept k;

	if (vz_ct_must_exist(ct, e) || vz_kept_begin(&k, ct, &o, keeper, NULL, e))
		return -1;
	if (!hand_over(&k))
		return 0;
	vz_err_errno(e, VZ_EXIT_ENV_CREATE, "hand the container over to its keeper");
	vz_kept_undo(&k);
	return -1;
}

static int is_root(int sock)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	return !getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &c, &len) && !c.uid;
}

/* Serves the caller on CHILD_CALLER. */
static void serve(pid_t keeper)
{
	struct vz_keeper_request r;
	struct vz_conf *global;
	struct vz_err e = { 0 };
	int fds[VZ_REQUEST_FDS], rc = -1;
	struct vz_ct ct;

	signal(SIGPIPE, SIG_IGN);
	if (!is_root(CHILD_CALLER) ||
	    vz_fds_recv(CHILD_CALLER, &r, sizeof(r), fds, VZ_REQUEST_FDS) != sizeof(r) ||
	    vz_msg_send(CHILD_CALLER, VZ_MSG_TAKEN, -1, NULL))
		return;
	r.init[sizeof(r.init) - 1] = 0;
	dup2(fds[VZ_REQUEST_OUT], STDOUT_FILENO);
	dup2(fds[VZ_REQUEST_ERR], STDERR_FILENO);
	vz_log_init("vzctl", r.level);
	global = load_global(r.id, &e);
	if (global && !vz_ct_open(&ct, r.id, global, NULL, &e)) {
		ct.lock = fds[VZ_REQUEST_LOCK];
		rc = start(&ct, &r, keeper, &e);
	}
	vz_msg_send(CHILD_CALLER, rc ? VZ_MSG_ERROR : VZ_MSG_GO, -1, &e);
}

static void accept_caller(struct keeper *l)
{
	_cleanup_close_ int sock = accept4(VZ_KEEPER_SOCKET, NULL, NULL, SOCK_CLOEXEC);

	/* A caller that cannot be served sees the end of its connection, and tries again. */
	if (sock < 0 || fork_child(l, sock, l->out))
		return;
	serve(l->pid);
	_exit(0);
}

/* ---- consoles -------------------------------------------------------------------- */

static void watch(struct keeper *l, struct vz_kept *k, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = k };

	if (k->console.master >= 0)
		epoll_ctl(l->epoll, op, k->console.master, &ev);
}

/* Before the close: a child may have a copy, which would keep it in the set. */
static void unwatch(struct keeper *l, struct vz_kept *k)
{
	watch(l, k, EPOLL_CTL_DEL, 0);
	vz_console_close(&k->console);
}

static void copy(struct keeper *l, struct vz_kept *k)
{
	if (!vz_console_pause(&k->console)) {
		if (vz_console_copy(&k->console) < 0)
			unwatch(l, k);
		return;
	}
	watch(l, k, EPOLL_CTL_MOD, 0);
	k->paused = true;
	l->paused++;
}

/* Those whose time has come. Return: milliseconds until the next one's. */
static int resume(struct keeper *l)
{
	int pause, next = -1;

	for (size_t i = 0; i < l->count && l->paused; i++) {
		struct vz_kept *k = l->kept[i];

		if (!k->paused)
			continue;
		pause = vz_console_pause(&k->console);
		if (!pause) {
			k->paused = false;
			l->paused--;
			watch(l, k, EPOLL_CTL_MOD, EPOLLIN);
		} else if (next < 0 || pause < next) {
			next = pause;
		}
	}
	return next;
}

/* ---- what is kept ---------------------------------------------------------------- */

static void add(struct keeper *l, const struct vz_kept *from, const int *fds)
{
	struct vz_kept *k = malloc(sizeof(*k)), **more;
	size_t room = l->room ? 2 * l->room : 16;

	if (k && l->count == l->room) {
		more = reallocarray(l->kept, room, sizeof(*more));
		if (more) {
			l->kept = more;
			l->room = room;
		}
	}
	if (!k || l->count == l->room) {
		/* It runs on without a keeper, as if that had been killed. */
		vz_log(VZ_LOG_ERR, "out of memory: container %u is not kept", from->id);
		for (int i = 0; i < HAND_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		free(k);
		return;
	}
	*k = *from;
	k->lock = fds[HAND_LOCK];
	k->console.master = fds[HAND_MASTER];
	k->console.slave = fds[HAND_SLAVE];
	if (k->console.master >= 0)
		fcntl(k->console.master, F_SETFL, O_NONBLOCK);
	l->kept[l->count++] = k;
	watch(l, k, EPOLL_CTL_ADD, EPOLLIN);
}

static void take_over(struct keeper *l)
{
	int fds[HAND_FDS];
	struct vz_kept k;

	while (vz_fds_recv(l->in, &k, sizeof(k), fds, HAND_FDS) == sizeof(k))
		add(l, &k, fds);
}

static void end(struct keeper *l, size_t i, const siginfo_t *si)
{
	struct vz_kept *k = l->kept[i];
	long long left = DRAIN_MAX;
	pid_t pid;

	while (k->console.master >= 0 && left > 0) {
		int n = vz_console_copy(&k->console);

		if (n <= 0)
			break;
		left -= n;
	}
	pid = fork_child(l, k->lock, -1);
	if (pid <= 0) {
		vz_conf_free(load_global(k->id, NULL));
		vz_kept_end(k, si, !pid);	/* no child: a reboot is a halt */
		vz_log_file(NULL);
		if (!pid)
			_exit(0);
	}
	if (k->paused)
		l->paused--;
	unwatch(l, k);
	close(k->lock);
	free(k);
	l->kept[i] = l->kept[--l->count];
}

/* Return: false if there are no children at all. */
static bool reap(struct keeper *l)
{
	siginfo_t si;
	size_t i;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT))
			return errno != ECHILD;
		if (!si.si_pid)
			return true;
		/* It became a child here after it was handed over. */
		take_over(l);
		waitid(P_PID, si.si_pid, &si, WEXITED);
		for (i = 0; i < l->count && l->kept[i]->pid != si.si_pid; i++)
			;
		if (i < l->count)
			end(l, i, &si);
	}
}

/* ---- the loop -------------------------------------------------------------------- */

/* Nothing of the one who happened to start it is passed on to containers. */
static void forget_caller(void)
{
	static const struct rlimit files = { MAX_FILES, MAX_FILES };
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	syscall(SYS_ioprio_set, 1, 0, 0);
	vz_rlimits_default();
	vz_priv_fresh();
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	/* Children have 0 again when they start a container. */
	vz_write_text(AT_FDCWD, "/proc/self/oom_score_adj", "-900");
}

static int open_all(struct keeper *l)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int pair[2], *fds[] = { &l->children, &l->in };
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &chld, &l->mask) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ||
	    vz_msg_pair(pair) || fcntl(pair[0], F_SETFL, O_NONBLOCK) ||
	    fcntl(VZ_KEEPER_SOCKET, F_SETFL, O_NONBLOCK))
		return -1;
	l->in = pair[0];
	l->out = pair[1];
	l->children = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		ev.data.ptr = fds[i];
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, *fds[i], &ev))
			return -1;
	}
	ev.data.ptr = l;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, VZ_KEEPER_SOCKET, &ev);
}

static void handle(struct keeper *l, void *what)
{
	struct signalfd_siginfo si;

	if (what == l)
		accept_caller(l);
	else if (what == &l->in)
		take_over(l);
	else if (what == &l->children)
		while (read(l->children, &si, sizeof(si)) > 0)
			;
	else
		copy(l, what);
}

static void keep(struct keeper *l)
{
	struct epoll_event ev[64];
	int n, next;
	bool busy;

	do {
		next = resume(l);
		busy = reap(l);
		n = epoll_wait(l->epoll, ev, sizeof(ev) / sizeof(*ev),
			       busy || next >= 0 ? next : LINGER_MS);
		for (int i = 0; i < n; i++)
			handle(l, ev[i].data.ptr);
	} while (n || busy || next >= 0);
}

int vz_keeper_main(void)
{
	struct keeper l = { .pid = getpid() };
	const char *path, *lock;
	struct stat st;

	if (geteuid() || fstat(VZ_KEEPER_SOCKET, &st) || !S_ISSOCK(st.st_mode) ||
	    fstat(VZ_KEEPER_LOCK, &st) || !S_ISREG(st.st_mode))
		return VZ_EXIT_BAD_OPTION;
	path = vz_keeper_path("");
	lock = vz_keeper_path(".lock");
	if (!path || !lock)
		return VZ_EXIT_SYSTEM;
	fcntl(VZ_KEEPER_SOCKET, F_SETFD, FD_CLOEXEC);
	fcntl(VZ_KEEPER_LOCK, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, "vzkeeper");
	vz_log_detach();
	forget_caller();
	if (open_all(&l))
		return VZ_EXIT_SYSTEM;
	keep(&l);
	/* Callers that came too late for accept4() try again, and find nobody. */
	unlink(path);
	close(VZ_KEEPER_SOCKET);
	unlink(lock);
	return 0;
}
