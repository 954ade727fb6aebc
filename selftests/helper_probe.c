// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile program for inside a container: tries what must not work and says what
 * happened. Static; the tests of vzctl put it into their template.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

struct watch {
	long seen, traced, opened, foreign;
};

/* A newcomer that still runs the tool has a program that is not in this tree. */
static int is_foreign(const char *exe)
{
	return strstr(exe, "vzctl") != NULL;
}

static void try_one(int pid, struct watch *w)
{
	static const char *const files[] = { "exe", "root", "cwd", "mem", "environ" };
	char path[64], link[256];
	ssize_t n;

	w->seen++;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = 0;
		w->foreign += is_foreign(link);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		int fd = open(path, O_RDONLY | O_NONBLOCK);

		if (fd >= 0) {
			w->opened++;
			close(fd);
		}
	}
	if (!ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		n = readlink(path, link, sizeof(link) - 1);
		if (n > 0) {
			link[n] = 0;
			w->foreign += is_foreign(link);
		}
		w->traced++;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
}

/* As init: attacks every process that appears, and reports every second. */
static void __attribute__((noreturn)) watch(const char *report)
{
	struct watch w = { 0 };
	double next = now() + 1;

	for (;;) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d))) {
			int pid = atoi(e->d_name);

			if (pid > 1)
				try_one(pid, &w);
		}
		if (d)
			closedir(d);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (now() >= next) {
			FILE *f = fopen("/report.tmp", "w");

			if (f) {
				fprintf(f, "seen %ld traced %ld opened %ld foreign %ld\n", w.seen,
					w.traced, w.opened, w.foreign);
				fclose(f);
				rename("/report.tmp", report);
			}
			next = now() + 1;
		}
	}
}

/* Descriptors beyond the standard ones, and where the current directory is. */
static int fds(void)
{
	char path[64], link[256];
	int extra = 0;

	for (int fd = 3; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = 0;
		printf("fd %d is %s\n", fd, link);
		extra++;
	}
	printf("extra %d cwd %s\n", extra, getcwd(link, sizeof(link)) ? link : "none");
	return extra != 0;
}

static void say(const char *what, long rc)
{
	printf("%s %s\n", what, rc < 0 ? strerrorname_np(errno) : "ok");
}

/* System calls that the filter refuses, some that it must not, and other ABIs. */
static int syscalls(void)
{
	long rc;

	say("init_module", syscall(SYS_init_module, NULL, 0, NULL));
	say("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	say("bpf", syscall(SYS_bpf, 0, NULL, 0));
	say("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	say("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, NULL, 0));
	say("userfaultfd", syscall(SYS_userfaultfd, 0));
	say("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
	say("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
	say("getpid", syscall(SYS_getpid));
	say("unshare", syscall(SYS_unshare, 0));
	say("x32", syscall(0x40000000 + SYS_getpid));
#ifdef __x86_64__
	/* getpid of i386: 64-bit programs reach that table by int 0x80. */
	asm volatile("int $0x80" : "=a"(rc) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	errno = rc < 0 ? -rc : 0;
	say("i386", rc < 0 ? -1 : rc);
#else
	(void)rc;
#endif
	return 0;
}

static int tiocsti(void)
{
	char c = 'x';

	printf("tty %s\n", isatty(0) ? ttyname(0) ? ttyname(0) : "unnamed" : "none");
	say("TIOCSTI", ioctl(0, TIOCSTI, &c));
	return 0;
}

/* Mount tricks of container root. */
static int mounts(void)
{
	say("remount-dev", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	mount(NULL, "/sys/firmware", NULL, MS_REMOUNT | MS_BIND, NULL);
	say("write-firmware", mkdir("/sys/firmware/x", 0700));
	say("remount-sys-rw", mount(NULL, "/sys", NULL, MS_REMOUNT, NULL));
	say("mount-ext4", mount("/dev/vda", "/tmp", "ext4", 0, NULL));
	say("mount-debugfs", mount("debugfs", "/tmp", "debugfs", 0, NULL));
	say("mount-tmpfs", mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
	say("mknod", mknod("/tmp/mem", S_IFCHR | 0600, 0x101));
	return 0;
}

/* Stays until killed, ignoring every signal that can be ignored. */
static void __attribute__((noreturn)) deaf(void)
{
	for (int i = 1; i < 65; i++)
		signal(i, SIG_IGN);
	for (;;)
		pause();
}

/* Handles every signal and does nothing: a stop has to run into its timeout. */
static void nothing(int sig)
{
	(void)sig;
}

static void __attribute__((noreturn)) stubborn(void)
{
	for (int i = 1; i < 65; i++)
		signal(i, nothing);
	for (;;)
		pause();
}

/* Leaves a maze of cgroups behind, as root of a delegated tree can. */
static int cgroups(void)
{
	char path[4096] = "/sys/fs/cgroup";
	int depth = 0, wide = 0;

	while (depth < 200) {
		strcat(path, "/d");
		if (mkdir(path, 0755))
			break;
		depth++;
	}
	for (wide = 0; wide < 2000; wide++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/w%d", wide);
		if (mkdir(path, 0755))
			break;
	}
	printf("depth %d wide %d\n", depth, wide);
	return 0;
}

/* A tree that recursive removal would choke on. */
static int maze(void)
{
	int depth;

	if (chdir("/root"))
		return 1;
	for (depth = 0; depth < 3000; depth++) {
		if (mkdir("d", 0755) || symlink("/../../../../etc", "link") || chdir("d"))
			break;
	}
	printf("depth %d\n", depth);
	return 0;
}

static void __attribute__((noreturn)) bomb(void)
{
	int n = 0;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid)
			for (;;)
				pause();
		n++;
	}
	printf("children %d %s\n", n, strerrorname_np(errno));
	fflush(stdout);
	/* Takes any slot that becomes free, as a real one does. */
	for (;;) {
		pid_t pid = fork();

		if (!pid)
			for (;;)
				pause();
		if (pid < 0)
			usleep(1000);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1 && argc < 2) {
		/* As init its name is the command: /sbin/probe-watch */
		const char *name = strrchr(argv[0], '/');

		what = name && strchr(name, '-') ? strchr(name, '-') + 1 : "";
	}
	if (!strcmp(what, "watch"))
		watch("/report");
	if (!strcmp(what, "fds"))
		return fds();
	if (!strcmp(what, "syscalls"))
		return syscalls();
	if (!strcmp(what, "tiocsti"))
		return tiocsti();
	if (!strcmp(what, "mounts"))
		return mounts();
	if (!strcmp(what, "deaf"))
		deaf();
	if (!strcmp(what, "stubborn"))
		stubborn();
	if (!strcmp(what, "reboot"))
		return reboot(RB_AUTOBOOT);
	if (!strcmp(what, "cgroups"))
		return cgroups();
	if (!strcmp(what, "maze"))
		return maze();
	if (!strcmp(what, "bomb"))
		bomb();
	fprintf(stderr, "probe: what?\n");
	return 2;
}
