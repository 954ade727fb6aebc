// SPDX-License-Identifier: GPL-2.0
/* Cgroups of a container: see cgroup.h. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "paths.h"
#include "sys.h"

#define PARENT		"beanpod"
#define DIR_FLAGS	(O_RDONLY | O_DIRECTORY)

/* Bounds on what a tenant can build, so that removing it is bounded too. */
#define MAX_DESCENDANTS	1000
#define MAX_DEPTH	32

#define LEAF		"enter"
#define LEAF_TRIES	16

static const char *const controllers[] = { "memory", "pids", "cpu", "io" };

static int open_hierarchy(struct vz_err *e)
{
	_cleanup_close_ int fd = vz_open_host(VZ_CGROUP_ROOT, DIR_FLAGS);
	struct statfs fs;

	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", VZ_CGROUP_ROOT);
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		return vz_err_set(e, VZ_EXIT_SYSTEM,
				  "%s is not the unified cgroup hierarchy. Boot with "
				  "systemd.unified_cgroup_hierarchy=1, or: mount -t cgroup2 "
				  "cgroup2 %s",
				  VZ_CGROUP_ROOT, VZ_CGROUP_ROOT);
	return vz_steal_fd(&fd);
}

/* One at a time: a controller that this kernel has not, or that v1 holds, is left out. */
static void enable_controllers(int dirfd)
{
	char word[32];

	if (!vz_write_text(dirfd, "cgroup.subtree_control", "+memory +pids +cpu +io"))
		return;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++) {
		snprintf(word, sizeof(word), "+%s", controllers[i]);
		vz_write_text(dirfd, "cgroup.subtree_control", word);
	}
}

static int open_parent(struct vz_err *e)
{
	_cleanup_close_ int fd = vz_open_host(VZ_CGROUP_ROOT "/" PARENT, DIR_FLAGS);
	_cleanup_close_ int root = -1;

	if (fd >= 0)
		return vz_steal_fd(&fd);
	root = open_hierarchy(e);
	if (root < 0)
		return -1;
	enable_controllers(root);
	if (mkdirat(root, PARENT, 0755) && errno != EEXIST)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "make cgroup %s/%s", VZ_CGROUP_ROOT, PARENT);
	fd = vz_open_below(root, PARENT, DIR_FLAGS, 0);
	if (fd >= 0)
		enable_controllers(fd);
	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cgroup %s/%s", VZ_CGROUP_ROOT, PARENT);
	return vz_steal_fd(&fd);
}

int vz_cgroup_dir(uint32_t ctid)
{
	char path[64];

	snprintf(path, sizeof(path), VZ_CGROUP_ROOT "/" PARENT "/%u", ctid);
	return vz_open_host(path, DIR_FLAGS);
}

/*
 * What makes a subtree one's own, and nothing that limits: a limit in the directory of its
 * root is the parent's. memory.oom.group stays the host's, too.
 */
static int delegate(int fd, uid_t base, struct vz_err *e)
{
	static const char *const files[] = {
		"cgroup.procs",
		"cgroup.subtree_control",
		"cgroup.threads",
	};

	if (fchown(fd, base, base))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "give the cgroup to uid %u", base);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (fchownat(fd, files[i], base, base, AT_SYMLINK_NOFOLLOW))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "give %s to uid %u", files[i], base);
	return 0;
}

static int write_number(int dirfd, const char *file, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return vz_write_text(dirfd, file, text);
}

int vz_cgroup_make(uint32_t ctid, uid_t base, struct vz_err *e)
{
	_cleanup_close_ int parent = -1, dir = -1;
	char name[16];

	if (vz_cgroup_remove(ctid, 5000, e) < 0)
		return vz_err_wrap(e, "remains of an earlier run");
	parent = open_parent(e);
	if (parent < 0)
		return -1;
	snprintf(name, sizeof(name), "%u", ctid);
	if (mkdirat(parent, name, 0755))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "make cgroup %s/%s", PARENT, name);
	dir = vz_open_below(parent, name, DIR_FLAGS, 0);
	if (dir < 0) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "cgroup %s/%s", PARENT, name);
		goto err_remove;
	}
	write_number(dir, "cgroup.max.descendants", MAX_DESCENDANTS);
	write_number(dir, "cgroup.max.depth", MAX_DEPTH);
	if (delegate(dir, base, e) < 0)
		goto err_remove;
	return vz_steal_fd(&dir);

err_remove:
	vz_cgroup_remove(ctid, 0, NULL);
	return -1;
}

static int populated(int dirfd)
{
	char text[256];

	return vz_read_text(dirfd, "cgroup.events", text, sizeof(text)) > 0 &&
	       strstr(text, "populated 1");
}

int vz_cgroup_populated(uint32_t ctid)
{
	_cleanup_close_ int dir = vz_cgroup_dir(ctid);

	return dir >= 0 && populated(dir);
}

int vz_cgroup_has(uint32_t ctid, pid_t pid)
{
	char path[64], text[4096], want[64];
	const char *p;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (vz_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	len = snprintf(want, sizeof(want), "/" PARENT "/%u", ctid);
	p = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	if (!p)
		return 0;
	p = strchr(p, ':') + 2;
	return !strncmp(p, want, len) && (p[len] == '/' || p[len] == '\n');
}

int vz_cgroup_kill(uint32_t ctid)
{
	_cleanup_close_ int dir = vz_cgroup_dir(ctid);

	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	return vz_write_text(dir, "cgroup.kill", "1");
}

int vz_cgroup_set(uint32_t ctid, const char *file, const char *text)
{
	_cleanup_close_ int dir = vz_cgroup_dir(ctid);

	return dir < 0 ? -1 : vz_write_text(dir, file, text);
}

int vz_cgroup_enable(const char *controller)
{
	static const char *const dirs[] = { VZ_CGROUP_ROOT, VZ_CGROUP_ROOT "/" PARENT };
	char word[32];

	snprintf(word, sizeof(word), "+%s", controller);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		_cleanup_close_ int dir = vz_open_host(dirs[i], DIR_FLAGS);

		if (dir < 0 || vz_write_text(dir, "cgroup.subtree_control", word))
			return -1;
	}
	return 0;
}

/* Waits until no task is left: cgroup.events is polled for POLLPRI. */
static int wait_empty(int dirfd, int timeout_ms)
{
	_cleanup_close_ int events = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end = vz_now_ms() + timeout_ms;
	struct pollfd p = { .fd = events, .events = POLLPRI };
	char text[256];

	if (events < 0)
		return -1;
	for (;;) {
		ssize_t n = pread(events, text, sizeof(text) - 1, 0);
		int64_t left = end - vz_now_ms();

		if (n < 0 && errno == ENODEV)
			return 0;	/* somebody else has removed it */
		text[n > 0 ? n : 0] = 0;
		if (strstr(text, "populated 0"))
			return 0;
		if (left <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		poll(&p, 1, left);
	}
}

/*
 * Removes one directory below dirfd/name, or that one itself if it has no child:
 * goes down the first child until one can be removed. No recursion; the kernel
 * bounds number and depth (MAX_DESCENDANTS, MAX_DEPTH).
 * Return: 0: name itself is gone, 1: a child is gone, -1 with errno.
 */
static int remove_one_leaf(int dirfd, const char *name)
{
	_cleanup_close_ int fd = vz_open_below(dirfd, name, DIR_FLAGS, 0);
	char child[256];
	struct dirent *d;
	DIR *dir;
	int next;

	for (;;) {
		if (fd < 0)
			return -1;
		next = dup(fd);
		dir = next < 0 ? NULL : fdopendir(next);
		if (!dir) {
			if (next >= 0)
				close(next);
			return -1;
		}
		*child = 0;
		while ((d = readdir(dir)))
			if (d->d_type == DT_DIR && strcmp(d->d_name, ".") &&
			    strcmp(d->d_name, "..")) {
				snprintf(child, sizeof(child), "%s", d->d_name);
				break;
			}
		closedir(dir);
		if (!*child && dirfd >= 0)
			return unlinkat(dirfd, name, AT_REMOVEDIR);
		if (!*child) {
			errno = EBUSY;	/* no child is in the way, so a task is */
			return -1;
		}
		if (!unlinkat(fd, child, AT_REMOVEDIR))
			return 1;
		if (errno != EBUSY)
			return -1;
		next = vz_open_below(fd, child, DIR_FLAGS, 0);
		close(fd);
		fd = next;
		dirfd = -1;	/* below the first level only children are removed */
	}
}

int vz_cgroup_remove(uint32_t ctid, int timeout_ms, struct vz_err *e)
{
	_cleanup_close_ int parent = -1, dir = vz_cgroup_dir(ctid);
	int64_t end = vz_now_ms() + timeout_ms;
	char name[16];
	int rc;

	if (dir < 0)
		return errno == ENOENT ?
			       0 :
			       vz_err_errno(e, VZ_EXIT_SYSTEM, "cgroup %s/%u", PARENT, ctid);
	if (populated(dir)) {
		if (vz_write_text(dir, "cgroup.kill", "1"))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "kill cgroup %s/%u", PARENT, ctid);
		if (wait_empty(dir, timeout_ms))
			return vz_err_errno(e, VZ_EXIT_STOP,
					    "tasks in cgroup %s/%u do not die (stuck in the "
					    "kernel?)",
					    PARENT, ctid);
	}
	parent = open_parent(e);
	if (parent < 0)
		return -1;
	snprintf(name, sizeof(name), "%u", ctid);
	/* Most containers leave no cgroups of their own: nothing has to be looked for. */
	if (!unlinkat(parent, name, AT_REMOVEDIR))
		return 0;
	for (;;) {
		rc = remove_one_leaf(parent, name);
		if (!rc || (rc < 0 && errno == ENOENT))
			return 0;
		if (rc < 0 && (errno != EBUSY || vz_now_ms() >= end))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "remove cgroup %s/%s", PARENT, name);
		if (rc < 0)
			usleep(2000);	/* a dead task may linger for a moment */
	}
}

/* The tenant may have used up its number of cgroups: one more, for the moment of this. */
static int make_leaf(int dir, const char *name)
{
	char text[32];
	int max, rc = mkdirat(dir, name, 0755);

	if (!rc || errno != EAGAIN ||
	    vz_read_text(dir, "cgroup.max.descendants", text, sizeof(text)) < 0 ||
	    sscanf(text, "%d", &max) != 1)
		return rc;
	for (int i = 1; i <= LEAF_TRIES && rc && errno == EAGAIN; i++) {
		write_number(dir, "cgroup.max.descendants", max + i);
		rc = mkdirat(dir, name, 0755);
	}
	write_number(dir, "cgroup.max.descendants", max);
	return rc;
}

/* Only its owner can freeze a cgroup: one that the tenant made may be a trap. */
static int open_leaf(int dir, const char *name)
{
	_cleanup_close_ int fd = vz_open_below(dir, name, DIR_FLAGS, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (st.st_uid) {
		errno = EEXIST;
		return -1;
	}
	return vz_steal_fd(&fd);
}

int vz_cgroup_leaf(uint32_t ctid, char name[VZ_CGROUP_LEAF_MAX], struct vz_err *e)
{
	_cleanup_close_ int dir = vz_cgroup_dir(ctid);
	uint64_t salt;
	int fd = -1;

	if (dir < 0)
		return vz_err_errno(e, VZ_EXIT_NOT_RUNNING, "cgroup of container %u", ctid);
	if (!*name)
		strcpy(name, LEAF);
	for (int i = 0; i < LEAF_TRIES; i++) {
		fd = open_leaf(dir, name);
		if (fd >= 0)
			return fd;
		if (errno == ENOENT && (!make_leaf(dir, name) || errno == EEXIST))
			continue;
		/* The next name is one that the tenant cannot foresee. */
		if (errno != EEXIST || getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
			break;
		snprintf(name, VZ_CGROUP_LEAF_MAX, LEAF "-%016llx", (unsigned long long)salt);
	}
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "make a cgroup in %s/%u", PARENT, ctid);
}

void vz_cgroup_leaf_done(uint32_t ctid, const char *name)
{
	_cleanup_close_ int dir = -1;

	if (!*name || !strcmp(name, LEAF))
		return;
	dir = vz_cgroup_dir(ctid);
	if (dir >= 0)
		unlinkat(dir, name, AT_REMOVEDIR);
}

int vz_cgroup_keepers(void)
{
	static const char path[] = VZ_CGROUP_ROOT "/" PARENT "/keepers";
	int fd = vz_open_host(path, DIR_FLAGS);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open_parent(NULL);
	if (fd < 0)
		return -1;
	close(fd);
	return mkdir(path, 0755) && errno != EEXIST ? -1 : vz_open_host(path, DIR_FLAGS);
}
