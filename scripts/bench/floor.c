// SPDX-License-Identifier: GPL-2.0
/*
 * floor ROOT COMMAND...: the least that can be called a container. One clone3()
 * with mount, pid, net, uts, ipc and cgroup namespaces, pivot_root into a bind
 * mount, /proc, exec, wait. No user namespace, limits, devices, capabilities,
 * filter, console: what a real start costs is to be compared with this.
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(char **argv)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(argv[0], argv[0], NULL, MS_BIND | MS_REC, NULL) || chdir(argv[0]) ||
	    syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ||
	    mount("proc", "/proc", "proc", 0, NULL)) {
		perror("floor");
		return 125;
	}
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}

int main(int argc, char **argv)
{
	struct clone_args a = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int status = 0;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = syscall(SYS_clone3, &a, sizeof(a));
	if (!pid)
		return child(argv + 1);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("floor");
		return 125;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
