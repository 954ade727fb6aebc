// SPDX-License-Identifier: GPL-2.0
#include "bc_box.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

#define UID_RANGE 65536

pid_t bc_clone(uint64_t flags, int cgroup)
{
	struct clone_args a = {
		.flags = flags,
		.exit_signal = flags & (CLONE_THREAD | CLONE_PARENT) ? 0 : SIGCHLD,
	};
	long ret;

	if (cgroup > 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)cgroup;
	}
	ret = syscall(SYS_clone3, &a, sizeof(a));
	return ret < 0 ? -errno : (pid_t)ret;
}

void bc_drop(int status)
{
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

int bc_box_make(struct bc_box *box)
{
	memset(box, 0, sizeof(*box));
	box->pidfd = -1;
	box->sock = -1;
	box->peer = -1;
	box->shm = mmap(NULL, BC_SHM_LONGS * sizeof(long), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (box->shm == MAP_FAILED)
		return -errno;
	box->id = bc_fresh_id();
	return bc_make_excl(box->id);
}

static int write_map(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, err = 0;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void first_task(struct bc_box *box, bc_box_fn fn)
{
	char c;

	bc_dev_close();
	close(box->up[0]);
	close(box->down[1]);
	if (read(box->down[0], &c, 1) != 1)
		bc_drop(120);
	/* A change of ids takes the right to one's own /proc/self away: take it back. */
	if (setgid(0) || setuid(0) || prctl(PR_SET_DUMPABLE, 1))
		bc_drop(121);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		bc_drop(122);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		bc_drop(123);
	bc_drop(fn(box));
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct bc_box *box)
{
	shut(&box->up[0]);
	shut(&box->up[1]);
	shut(&box->down[0]);
	shut(&box->down[1]);
}

static int write_maps(pid_t pid)
{
	char text[48];
	int err;

	snprintf(text, sizeof(text), "0 %u %u", BC_UID_BASE, UID_RANGE);
	err = write_map(pid, "uid_map", text);
	return err ? err : write_map(pid, "gid_map", text);
}

int bc_box_start(struct bc_box *box, bc_box_fn fn)
{
	struct clone_args a = { .flags = NAMESPACES | CLONE_PIDFD, .exit_signal = SIGCHLD };
	int err, pidfd = -1;
	long pid;

	if (pipe2(box->up, O_CLOEXEC))
		return -errno;
	if (pipe2(box->down, O_CLOEXEC)) {
		err = -errno;
		shut(&box->up[0]);
		shut(&box->up[1]);
		return err;
	}
	if (box->cgroup) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)box->cgroup;
	}
	a.pidfd = (uintptr_t)&pidfd;
	box->shm[BC_SHM_FAILED] = 0;
	fflush(NULL);
	err = box->id ? bc_arm(box->id) : 0;
	if (err)
		goto out;
	pid = syscall(SYS_clone3, &a, sizeof(a));
	if (pid < 0) {
		err = -errno;
		if (box->id)
			bc_arm_off(box->id);
		goto out;
	}
	if (!pid)
		first_task(box, fn);
	box->pid = (pid_t)pid;
	box->pidfd = pidfd;
	shut(&box->up[1]);
	shut(&box->down[0]);
	err = write_maps(box->pid);
	if (!err)
		err = bc_box_go(box);
	if (err)
		bc_box_kill(box);
	return err;
out:
	close_pipes(box);
	return err;
}

int bc_box_wait(struct bc_box *box)
{
	int status;

	if (!box->pid)
		return -ECHILD;
	while (waitpid(box->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	box->pid = 0;
	shut(&box->pidfd);
	close_pipes(box);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int bc_box_kill(struct bc_box *box)
{
	if (!box->pid)
		return 0;
	kill(box->pid, SIGKILL);
	return bc_box_wait(box);
}

int bc_box_run(struct bc_box *box, bc_box_fn fn)
{
	int err = bc_box_start(box, fn);

	return err ? err : bc_box_wait(box);
}

int bc_box_pair(struct bc_box *box)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -errno;
	box->peer = pair[0];
	box->sock = pair[1];
	return 0;
}

void bc_box_unpair(struct bc_box *box)
{
	if (box->sock < 0)
		return;
	shut(&box->peer);
	shut(&box->sock);
}

int bc_box_end(struct bc_box *box)
{
	bc_box_kill(box);
	bc_box_unpair(box);
	return box->id ? bc_gone(box->id) : 0;
}

static int hear(struct bc_box *box, int fd, bool forever)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	char c;

	while (forever || bc_now_ms() < end) {
		if (poll(&p, 1, 200) > 0)
			return read(fd, &c, 1) == 1 ? 0 : -EPIPE;
		if (!forever && box->shm[BC_SHM_FAILED])
			return -EPIPE;
	}
	return -ETIMEDOUT;
}

static int tell(int fd)
{
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	ssize_t n = write(fd, "", 1);

	signal(SIGPIPE, old);
	return n == 1 ? 0 : -EPIPE;
}

int bc_box_await(struct bc_box *box)
{
	return hear(box, box->up[0], false);
}

int bc_box_go(struct bc_box *box)
{
	return tell(box->down[1]);
}

int bc_box_say(struct bc_box *box)
{
	return tell(box->up[1]);
}

int bc_box_ready(struct bc_box *box)
{
	int err = bc_box_say(box);

	return err ? err : hear(box, box->down[0], true);
}

void bc_box_stay(void)
{
	for (;;)
		pause();
}

int bc_box_enter(const struct bc_box *box, int flags)
{
	return syscall(SYS_setns, box->pidfd, flags) ? -errno : 0;
}

int bc_nest(int flags)
{
	char map[48];
	unsigned int uid = geteuid(), gid = getegid();
	int status, err;
	pid_t pid;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | flags))
		return -errno;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	err = write_map(0, "uid_map", map);
	if (!err)
		err = write_map(0, "setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	if (!err)
		err = write_map(0, "gid_map", map);
	if (err)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	bc_drop(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int bc_nest_nets(long depth)
{
	int err = 0;

	for (long i = 0; i < depth && !err; i++)
		err = bc_nest(i % 2 ? CLONE_NEWNET : 0);
	return err;
}
