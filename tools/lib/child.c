// SPDX-License-Identifier: GPL-2.0
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "str.h"

#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

volatile int vz_interrupted;

/* Passed on because the network may not be reachable without. */
static const char *const kept[] = { "http_proxy", "https_proxy", "no_proxy", "TMPDIR", NULL };

static char **make_env(void)
{
	static char *env[16];
	size_t n = 0;

	env[n++] = (char *)PATH;
	env[n++] = (char *)"LC_ALL=C.UTF-8";
	env[n++] = (char *)"HOME=/root";
	env[n++] = (char *)"DEBIAN_FRONTEND=noninteractive";
	for (size_t i = 0; kept[i]; i++) {
		const char *value = getenv(kept[i]);

		if (value && asprintf(&env[n], "%s=%s", kept[i], value) >= 0)
			n++;
	}
	env[n] = NULL;
	return env;
}

/* In the child: never returns; a failure goes into the report pipe as errno. */
static void become(const char *const *argv, char **env, unsigned int flags, int in, int out,
		   int report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(in >= 0 ? in : null, 0) < 0)
		goto fail;
	if (out >= 0 && dup2(out, 1) < 0)
		goto fail;
	if (out >= 0 && flags & VZ_CHILD_OUT && dup2(out, 2) < 0)
		goto fail;
	if (flags & VZ_CHILD_MOUNTS &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		goto fail;
	execvpe(argv[0], (char *const *)argv, env);
fail:
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

static void close_pipe(int p[2])
{
	for (int i = 0; i < 2; i++)
		if (p[i] >= 0)
			close(p[i]);
}

int vz_child_start(struct vz_child *c, const char *const *argv, unsigned int flags,
		   struct vz_err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, report[2] = { -1, -1 };
	bool want_out = flags & (VZ_CHILD_OUT | VZ_CHILD_STDOUT);
	char **env = make_env();
	int err = 0;

	*c = (struct vz_child){ -1, -1, -1 };
	if (pipe2(report, O_CLOEXEC) < 0 || (flags & VZ_CHILD_IN && pipe2(in, O_CLOEXEC) < 0) ||
	    (want_out && pipe2(out, O_CLOEXEC) < 0))
		goto fail;
	c->pid = fork();
	if (c->pid < 0)
		goto fail;
	if (c->pid == 0)
		become(argv, env, flags, in[0], out[1], report[1]);
	close(report[1]);
	report[1] = -1;
	if (read(report[0], &err, sizeof(err)) == sizeof(err)) {
		waitpid(c->pid, NULL, 0);
		errno = err;
		goto fail;
	}
	close(report[0]);
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	c->in = in[1];
	c->out = out[0];
	return 0;
fail:
	err = errno;
	close_pipe(in);
	close_pipe(out);
	close_pipe(report);
	errno = err;
	if (err == ENOENT)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "%s is not installed: apt-get install %s",
				  argv[0], vz_streq(argv[0], "apt-get") ? "apt" : argv[0]);
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot run %s", argv[0]);
}

int vz_child_wait(struct vz_child *c)
{
	int status;

	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	c->in = c->out = -1;
	/* From a terminal the child got the signal as well; else it has to be told. */
	if (vz_interrupted)
		kill(c->pid, SIGTERM);
	while (waitpid(c->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
		if (vz_interrupted)
			kill(c->pid, SIGTERM);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

char *vz_child_output(const char *const *argv, struct vz_err *e)
{
	struct vz_buf b = { 0 };
	struct vz_child c;
	char block[4096], *text;
	ssize_t n;
	int status;

	if (vz_child_start(&c, argv, VZ_CHILD_STDOUT, e) < 0)
		return NULL;
	while ((n = read(c.out, block, sizeof(block))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			vz_buf_add(&b, block, n);
	status = vz_child_wait(&c);
	text = vz_buf_steal(&b, NULL);
	if (status == 0 && text)
		return text;
	free(text);
	vz_err_set(e, VZ_EXIT_SYSTEM, "%s %s ended with status %d", argv[0], argv[1] ? argv[1] : "",
		   status);
	return NULL;
}
