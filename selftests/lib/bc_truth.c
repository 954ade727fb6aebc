// SPDX-License-Identifier: GPL-2.0
/* The kernel's own count of a container, to compare with the beancounter's. */
#include "bc_box.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_SPACES 4096

static int same_ns(int fd, const struct stat *ns)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_dev == ns->st_dev && st.st_ino == ns->st_ino;
}

/* Whether the user namespace @fd is @ns or lies below it. Closes @fd. */
static bool below(int fd, const struct stat *ns)
{
	bool yes = false;
	int up;

	while (fd >= 0) {
		yes = same_ns(fd, ns);
		up = yes ? -1 : ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = up;
	}
	return yes;
}

/* The user namespace which owns the pid namespace of a process: what counts. */
static int owner_ns(int pid)
{
	char path[64];
	int fd, user;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	user = ioctl(fd, NS_GET_USERNS);
	close(fd);
	return user;
}

static int64_t count_tasks(int pid)
{
	char path[64];
	struct dirent *d;
	int64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((d = readdir(dir)))
		n += isdigit((unsigned char)d->d_name[0]) ? 1 : 0;
	closedir(dir);
	return n;
}

static int64_t count_pages(int pid)
{
	char path[64], buf[4096], *p;
	int64_t kb = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (bc_slurp(path, buf, sizeof(buf)) < 0)
		return 0;
	p = strstr(buf, "\nVmData:");
	if (p)
		kb += strtoll(p + 8, NULL, 10);
	p = strstr(buf, "\nVmStk:");
	if (p)
		kb += strtoll(p + 7, NULL, 10);
	return kb * 1024 / sysconf(_SC_PAGESIZE);
}

static bool seen(pid_t pid, const pid_t *others, int n)
{
	while (n--) {
		if (!syscall(SYS_kcmp, pid, others[n], KCMP_VM, 0, 0))
			return true;
	}
	return false;
}

int bc_box_truth(const struct bc_box *box, struct bc_truth *truth)
{
	static pid_t spaces[MAX_SPACES];
	struct dirent *d;
	struct stat ns;
	int n = 0, fd;
	DIR *dir;

	memset(truth, 0, sizeof(*truth));
	fd = owner_ns(box->pid);
	if (fd < 0 || fstat(fd, &ns))
		return -errno;
	close(fd);
	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while ((d = readdir(dir))) {
		int pid = atoi(d->d_name);
		int64_t pages;

		if (pid <= 0 || !below(owner_ns(pid), &ns))
			continue;
		truth->tasks += count_tasks(pid);
		pages = count_pages(pid);
		if (!pages || seen(pid, spaces, n))
			continue;
		truth->pages += pages;
		if (n < MAX_SPACES)
			spaces[n++] = pid;
	}
	closedir(dir);
	return 0;
}
