// SPDX-License-Identifier: GPL-2.0
/* From a process in a container's namespaces to its program: see newcomer.h. */
#include "newcomer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "inside.h"
#include "priv.h"
#include "pty.h"
#include "rights.h"
#include "sys.h"

#define SOCK_FD	3	/* where the message socket is moved to */

static int make_tty(int sock, struct vz_err *e)
{
	_cleanup_close_ int pts = vz_openat2(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC,
					     0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	_cleanup_close_ int master = -1;
	int slave = -1;

	master = pts < 0 ? -1 : vz_pty_open(pts, &slave);
	if (master < 0)
		return vz_err_errno(e, VZ_JOIN_NO_PTY, "pty of the container");
	if (vz_msg_send(sock, VZ_MSG_FD, master, NULL))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "hand out the terminal");
	/* As login(1) does: owned by the user, group tty. */
	if (fchown(slave, 0, 5))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "own the terminal");
	return slave;
}

static int set_stdio(const struct vz_newcomer *in, int sock, struct vz_err *e)
{
	int fd[3], tty;

	memcpy(fd, in->stdio, sizeof(fd));
	if (in->pty) {
		tty = in->tty >= 0 ? in->tty : make_tty(sock, e);
		if (tty < 0)
			return -1;
		if (ioctl(tty, TIOCSCTTY, 0))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "take the terminal");
		if (in->size.ws_row || in->size.ws_col)
			ioctl(tty, TIOCSWINSZ, &in->size);
		fd[0] = fd[1] = fd[2] = tty;
	}
	for (int i = 0; i < 3; i++)
		if (fd[i] != i && dup2(fd[i], i) < 0)
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "standard input and output");
	return 0;
}

/*
 * Only then a directory of the container's choosing may be entered: /root could be
 * a link to /proc/self/fd/N, and N one of the host.
 */
static int close_rest(int sock, struct vz_err *e)
{
	if (sock != SOCK_FD && dup3(sock, SOCK_FD, O_CLOEXEC) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "dup3");
	if (vz_close_range(SOCK_FD + 1, ~0U, 0))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "close_range");
	return 0;
}

static int enter_home(struct vz_err *e)
{
	char cwd[4096];

	if (chdir("/root") && chdir("/"))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "enter the root directory");
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0 || *cwd != '/')
		return vz_err_set(e, VZ_EXIT_SYSTEM, "the home directory is outside the container");
	return 0;
}

static void make_env(const struct vz_command *c, char *term, size_t size, char **env, size_t max)
{
	size_t n = 0;

	for (; n < max - 1 && vz_inside_env[n]; n++) {
		env[n] = vz_inside_env[n];
		if (c->pty && c->term && !strncmp(env[n], "TERM=", 5)) {
			snprintf(term, size, "TERM=%s", c->term);
			env[n] = term;
		}
	}
	env[n] = NULL;
}

static int exec_shell(const struct vz_command *c, char *const *env, struct vz_err *e)
{
	static const char *const shells[] = { "bash", "sh" };
	char path[32], name[32], *argv[4];

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		snprintf(path, sizeof(path), "/bin/%s", shells[i]);
		snprintf(name, sizeof(name), "%s%s", c->login ? "-" : "", shells[i]);
		argv[0] = name;
		argv[1] = (char *)(c->script ? "-c" : NULL);
		argv[2] = (char *)c->script;
		argv[3] = NULL;
		execve(path, argv, env);
		if (errno != ENOENT)
			break;
	}
	return vz_err_errno(e, VZ_EXIT_COMMAND, "execute a shell in the container");
}

static int exec_argv(const struct vz_command *c, char *const *env, struct vz_err *e)
{
	execvpe(c->argv[0], c->argv, env);
	return vz_err_errno(e, VZ_EXIT_COMMAND, "execute %s in the container", c->argv[0]);
}

void vz_newcomer_run(const struct vz_newcomer *in, int sock)
{
	char *env[16], term[64];
	struct vz_err e = { 0 };

	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, 0, 0, 0) ||
	    syscall(SYS_setresuid, 0, 0, 0)) {
		vz_err_errno(&e, VZ_EXIT_SYSTEM, "become root of the container");
		goto fail;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);	/* a change of ids may have set it */
	setsid();
	if (set_stdio(in, sock, &e) || close_rest(sock, &e))
		goto fail;
	sock = SOCK_FD;
	vz_priv_fresh();
	if (enter_home(&e) || vz_seccomp_load(in->rights->features, &e) ||
	    vz_caps_drop(in->rights->drop, &e))
		goto fail;
	make_env(in->c, term, sizeof(term), env, sizeof(env) / sizeof(*env));
	environ = env;				/* PATH that execvpe() searches */
	if (in->c->argv)
		exec_argv(in->c, env, &e);
	else
		exec_shell(in->c, env, &e);
fail:
	vz_msg_send(sock, VZ_MSG_ERROR, -1, &e);
	_exit(1);
}
