// SPDX-License-Identifier: GPL-2.0
/*
 * Running a program in a container, on the host's side: see join.h.
 *
 * Three processes: this one, a helper that enters the namespaces (and stays in the
 * host's pid namespace, so nobody inside sees it), and the program, which the
 * helper makes as our child (CLONE_PARENT).
 */
#include "join.h"

#include <bc_resources.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bc.h"
#include "cgroup.h"
#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "lock.h"
#include "newcomer.h"
#include "ns.h"
#include "priv.h"
#include "pty.h"
#include "sys.h"

#define HEADROOM_TRIES	16
#define CGROUP_TRIES	16
#define START_MS	60000	/* for a newcomer to execute its program */

struct join {
	const struct vz_ct *ct;
	const struct vz_command *c;
	struct vz_err *e;
	struct vz_run run;
	struct vz_newcomer in;		/* what the program is told */
	struct vz_stream stream[3];
	size_t streams;
	int sock, pidfd, master;
	char leaf[VZ_CGROUP_LEAF_MAX];
};

static int open_container(struct join *j)
{
	vz_run_get(j->ct->id, &j->run);
	if (j->run.running && vz_cgroup_has(j->ct->id, j->run.init))
		return 0;
	return vz_err_set(j->e, VZ_EXIT_NOT_RUNNING,
			  "Container %u is not running. Start it: "
			  "vzctl start %u",
			  j->ct->id, j->ct->id);
}

/*
 * A pipe of the container's root, in place of a terminal or a pipe of the caller's: what
 * the program may do with it ends there.
 */
static int pipe_for(struct join *j, int fd, uid_t base)
{
	struct vz_stream *s = &j->stream[j->streams];
	int p[2];

	if (pipe2(p, O_CLOEXEC) || fchown(p[0], base, base))
		return vz_err_errno(j->e, VZ_EXIT_SYSTEM, "make a pipe");
	if (fd == STDIN_FILENO) {
		*s = (struct vz_stream){ .in = fd, .out = p[1], .close_out = true, .copy = -1 };
		j->in.stdio[fd] = p[0];
	} else {
		*s = (struct vz_stream){ .in = p[0], .out = fd, .close_in = true, .copy = -1 };
		j->in.stdio[fd] = p[1];
	}
	j->streams++;
	return 0;
}

static int prepare_stdio(struct join *j, uid_t base)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		j->in.stdio[fd] = fd;
		if (fstat(fd, &st))
			return vz_err_errno(j->e, VZ_EXIT_SYSTEM, "descriptor %d", fd);
		if (S_ISDIR(st.st_mode))
			return vz_err_set(j->e, VZ_EXIT_BAD_OPTION,
					  "descriptor %d is a directory of the host; it would "
					  "lead out of the container",
					  fd);
		/*
		 * So that /dev/stdout can be opened inside: for a pipe its owner is checked.
		 * One to read from goes as it is: what the program leaves in it belongs to
		 * the caller's next program.
		 */
		if ((isatty(fd) || (fd != STDIN_FILENO && S_ISFIFO(st.st_mode))) &&
		    pipe_for(j, fd, base))
			return -1;
	}
	return 0;
}

/* The helper: never returns. */
static void help(struct join *j, int sock)
{
	struct clone_args a = { .flags = CLONE_PARENT | CLONE_PIDFD };
	struct vz_err e = { 0 };
	int pidfd = -1;
	pid_t pid;

	/*
	 * Before the namespaces: mm->user_ns stays the host's, and without dumpable
	 * nobody who is root only inside may trace this process or its child.
	 */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	vz_rlimits_default();
	if (vz_ns_join(j->run.pidfd, &e))
		goto err;
	a.pidfd = (uintptr_t)&pidfd;
	pid = vz_clone3(&a);
	if (!pid)
		vz_newcomer_run(&j->in, sock);
	if (pid < 0) {
		vz_err_errno(&e, errno == EAGAIN ? VZ_JOIN_NO_PROC : VZ_EXIT_SYSTEM,
			     "make a process in the container");
		goto err;
	}
	_exit(vz_msg_send(sock, VZ_MSG_PIDFD, pidfd, NULL) ? 1 : 0);
err:
	vz_msg_send(sock, VZ_MSG_ERROR, -1, &e);
	_exit(1);
}

/* Return: a pidfd. */
static int start_helper(struct join *j)
{
	int sock[2], pidfd = -1;
	struct clone_args a = { .flags = CLONE_INTO_CGROUP | CLONE_PIDFD,
				.pidfd = (uintptr_t)&pidfd,
				.exit_signal = SIGCHLD };
	pid_t pid = -1;

	if (vz_msg_pair(sock))
		return vz_err_errno(j->e, VZ_EXIT_SYSTEM, "socketpair");
	/*
	 * Below the container's cgroup, as that one's own may neither have tasks when the
	 * tenant's init turns controllers on, nor afterwards. What the tenant has made of
	 * its subtree may forbid either, but not both; it may change that meanwhile.
	 */
	for (int i = 0; i < CGROUP_TRIES && pid < 0; i++) {
		_cleanup_close_ int cgroup = i % 2 ? vz_cgroup_dir(j->ct->id) :
						     vz_cgroup_leaf(j->ct->id, j->leaf, j->e);

		if (cgroup < 0)
			continue;
		a.cgroup = cgroup;
		pid = vz_clone3(&a);
		if (!pid) {
			close(sock[0]);
			help(j, sock[1]);
		}
		if (pid < 0)
			vz_err_errno(j->e, VZ_EXIT_SYSTEM, "enter the container's cgroup");
	}
	close(sock[1]);
	if (pid < 0)
		close(sock[0]);
	else
		j->sock = sock[0];
	return pid < 0 ? -1 : pidfd;
}

/* Follows helper and program until the program is executed or has failed. */
static int follow_start(struct join *j)
{
	int type, fd;

	for (;;) {
		/* Root inside may send it SIGSTOP; our own caller must not hang with it. */
		if (vz_wait_input(j->sock, START_MS) == 0)
			return vz_err_set(j->e, VZ_EXIT_TIMEOUT,
					  "the process for the container did not start within %d "
					  "seconds; something inside may have stopped it",
					  START_MS / 1000);
		type = vz_msg_recv(j->sock, &fd, j->e);
		if (type == VZ_MSG_PIDFD && j->pidfd < 0)
			j->pidfd = fd;
		else if (type == VZ_MSG_FD && j->master < 0)
			j->master = fd;
		else if (type == VZ_MSG_EOF && j->pidfd >= 0)
			return 0;
		else if (type == VZ_MSG_ERROR)
			return -1;
		else
			return vz_err_set(j->e, VZ_EXIT_SYSTEM,
					  "the process for the container died before it started");
	}
}

static int reap(int pidfd, int *status)
{
	siginfo_t si = { 0 };

	while (waitid(P_PIDFD, pidfd, &si, WEXITED | __WALL))
		if (errno != EINTR)
			return -1;
	*status = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	return 0;
}

static int try_join(struct join *j)
{
	_cleanup_close_ int helper = start_helper(j);
	int rc, status;

	if (helper < 0)
		return -1;
	rc = follow_start(j);
	if (rc)		/* it may hang somewhere, with a container that was killed meanwhile */
		vz_pidfd_signal(helper, SIGKILL);
	reap(helper, &status);
	close(vz_steal_fd(&j->sock));
	if (rc && j->pidfd >= 0) {
		vz_pidfd_signal(j->pidfd, SIGKILL);
		reap(j->pidfd, &status);
		close(vz_steal_fd(&j->pidfd));
	}
	if (rc && j->master >= 0)
		close(vz_steal_fd(&j->master));
	return rc;
}

static bool numproc_row(int bc, uint32_t id, struct bc_limit *l)
{
	struct bc_row rows[BC_ROWS];
	int n = vz_bc_query(bc, id, rows, NULL);

	for (int i = 0; i < n; i++)
		if (!strcmp(rows[i].name, "numproc")) {
			*l = (struct bc_limit){ .resource = rows[i].resource,
						.barrier = rows[i].barrier,
						.limit = rows[i].limit };
			return rows[i].limit < BC_UNLIMITED - 1024 ||
			       rows[i].barrier < BC_UNLIMITED - 1024;
		}
	return false;
}

/*
 * The container is at its limit of processes, perhaps by a fork bomb that the admin
 * wants to look at: lift the limit by a few for the moment of one clone.
 */
static int join_with_headroom(struct join *j)
{
	_cleanup_close_ int bc = -1, lock = -1;
	struct bc_limit old, lifted;
	int rc = -1;

	bc = vz_bc_open(NULL);
	if (bc < 0)
		return -1;
	lock = vz_lock_host(j->ct->lockdir, "headroom.lck", NULL);
	if (lock < 0 || !numproc_row(bc, j->ct->id, &old))
		return -1;
	lifted = old;
	for (int i = 0; i < HEADROOM_TRIES && rc; i++) {
		lifted.barrier = old.barrier < BC_UNLIMITED - 1024 ? lifted.barrier + 2 :
								     BC_UNLIMITED;
		lifted.limit = old.limit < BC_UNLIMITED - 1024 ? lifted.limit + 2 : BC_UNLIMITED;
		if (vz_bc_set(bc, j->ct->id, &lifted, 1, j->e))
			break;
		rc = try_join(j);
		if (rc && j->e->code != VZ_JOIN_NO_PROC)
			break;
	}
	vz_bc_set(bc, j->ct->id, &old, 1, NULL);
	return rc;
}

static int join_pty(struct join *j)
{
	int slave = -1, rc;

	if (!j->c->pty)
		return try_join(j);
	j->in.pty = true;
	/* Known before the program starts; later changes follow by SIGWINCH. */
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &j->in.size))
		j->in.size = (struct winsize){ 0 };
	rc = try_join(j);
	if (!rc || j->e->code != VZ_JOIN_NO_PTY)
		return rc;
	/* Its terminals are used up: one of the host's, newly made, in between. */
	_cleanup_close_ int pts = vz_open_host("/dev/pts", O_PATH | O_DIRECTORY);

	j->master = pts < 0 ? -1 : vz_pty_open(pts, &slave);
	if (j->master < 0)
		return rc;
	j->in.tty = slave;
	rc = try_join(j);
	close(slave);
	return rc;
}

static void close_given(struct join *j)
{
	for (int i = 0; i < 3; i++)
		if (j->in.stdio[i] > 2)
			close(j->in.stdio[i]);
}

static int pump_and_wait(struct join *j, int *status)
{
	int rc;

	if (j->master >= 0) {
		bool tty = isatty(STDIN_FILENO);

		j->stream[0] = (struct vz_stream){
			.in = STDIN_FILENO, .out = j->master, .eof_char = true, .copy = -1
		};
		j->stream[1] = (struct vz_stream){
			.in = j->master, .out = STDOUT_FILENO, .discard = true, .copy = -1
		};
		j->streams = 2;
		vz_pty_resize(STDIN_FILENO, j->master);
		if (tty)
			vz_pty_raw(STDIN_FILENO);
	}
	rc = vz_pump(j->stream, j->streams, j->pidfd, j->master);
	vz_pty_restore();
	if (rc || reap(j->pidfd, status))
		return vz_err_errno(j->e, VZ_EXIT_SYSTEM, "wait for the command");
	return 0;
}

int vz_join(const struct vz_ct *ct, const struct vz_command *c, int *status, struct vz_err *e)
{
	struct join j = { .ct = ct,
			  .c = c,
			  .e = e,
			  .sock = -1,
			  .pidfd = -1,
			  .master = -1,
			  .in = { .c = c, .stdio = { 0, 1, 2 }, .tty = -1 } };
	sigset_t old;
	struct vz_err local;
	uid_t base;
	int rc;

	if (!e)
		j.e = e = &local;
	if (vz_ct_base(ct, &base, e) || open_container(&j))
		return -1;
	j.in.rights = &j.run.rights;
	vz_pump_signals(&old);
	rc = c->pty ? 0 : prepare_stdio(&j, base);
	if (!rc)
		rc = join_pty(&j);
	if (rc && e->code == VZ_JOIN_NO_PROC)
		rc = join_with_headroom(&j);
	if (rc && e->code >= VZ_JOIN_NO_PTY)
		e->code = VZ_EXIT_NO_RESOURCES;
	close_given(&j);
	if (!rc)
		rc = pump_and_wait(&j, status);
	if (j.pidfd >= 0)
		close(j.pidfd);
	if (j.master >= 0)
		close(j.master);
	vz_cgroup_leaf_done(ct->id, j.leaf);
	vz_run_put(&j.run);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int vz_join_hostname(const struct vz_ct *ct, const char *name, struct vz_err *e)
{
	struct clone_args a = { .exit_signal = SIGCHLD };
	struct vz_run run;
	int status = 1;
	pid_t pid;

	vz_run_get(ct->id, &run);
	pid = run.running ? vz_clone3(&a) : -1;
	if (!pid) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		_exit(setns(run.pidfd, CLONE_NEWUSER | CLONE_NEWUTS) ||
				      sethostname(name, strlen(name)) ?
			      1 :
			      0);
	}
	vz_run_put(&run);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? vz_err_set(e, VZ_EXIT_SYSTEM, "set the host name of container %u to %s",
				   ct->id, name) :
			0;
}
