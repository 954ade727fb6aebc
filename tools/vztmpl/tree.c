// SPDX-License-Identifier: GPL-2.0
/*
 * Trees come from archives that anybody may have made. Every name is looked up
 * below an open directory, one component at a time or by openat2() with RESOLVE
 * flags; no symbolic link is followed out of the tree and no mount is entered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/str.h"
#include "lib/sys.h"
#include "vztmpl.h"

/* Nothing that is a root file system is as deep as that. */
#define MAX_DEPTH	256
/* From here on tree_empty() moves directories up instead of following them down. */
#define FLATTEN_DEPTH	64

static int open_below(int dir, const char *name, int flags)
{
	return vz_openat2(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static bool is_dot(const char *name)
{
	return vz_streq(name, ".") || vz_streq(name, "..");
}

static int bad_entry(struct vz_err *e, const char *what, const char *name)
{
	char shown[128];

	vz_printable(name, shown, sizeof(shown));
	if (errno == EXDEV)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "\"%s\" is a mount point: umount it first",
				  shown);
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot %s \"%s\"", what, shown);
}

/* A stream over a duplicate, from the beginning: @dir stays the caller's. */
static DIR *list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

/* ---- remove ------------------------------------------------------------------ */

struct emptying {
	int top;		/* where deep directories are moved */
	unsigned int moved;
};

static int empty(struct emptying *m, int dir, int depth, bool *found, struct vz_err *e);

static int remove_dir(struct emptying *m, int dir, const char *name, int depth, struct vz_err *e)
{
	_cleanup_close_ int sub = -1;
	bool found;
	char up[32];

	if (depth >= FLATTEN_DEPTH) {
		snprintf(up, sizeof(up), ".moved-up.%u", m->moved++);
		if (renameat(dir, name, m->top, up) < 0)
			return bad_entry(e, "move", name);
		return 0;
	}
	sub = open_below(dir, name, O_RDONLY | O_DIRECTORY);
	if (sub < 0)
		return bad_entry(e, "open", name);
	if (empty(m, sub, depth + 1, &found, e) < 0)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0)
		return bad_entry(e, "remove", name);
	return 0;
}

static int empty(struct emptying *m, int dir, int depth, bool *found, struct vz_err *e)
{
	_cleanup_closedir_ DIR *d = list(dir);
	struct dirent *entry;

	*found = false;
	if (!d)
		return bad_entry(e, "list", ".");
	while ((entry = readdir(d))) {
		if (is_dot(entry->d_name))
			continue;
		*found = true;
		if (unlinkat(dir, entry->d_name, 0) == 0)
			continue;
		if (errno != EISDIR)
			return bad_entry(e, "remove", entry->d_name);
		if (remove_dir(m, dir, entry->d_name, depth, e) < 0)
			return -1;
	}
	return 0;
}

int tree_empty(int dir, struct vz_err *e)
{
	struct emptying m = { .top = dir };
	bool found;

	/* What was moved up may have been missed by the listing under way. */
	do {
		if (empty(&m, dir, 0, &found, e) < 0)
			return -1;
	} while (found);
	return 0;
}

/* ---- strip ------------------------------------------------------------------- */

struct size {
	unsigned long long kb, files;
};

static int sweep(int dir, int depth, struct size *size, struct vz_err *e);

static int sweep_entry(int dir, const char *name, int depth, struct size *size, struct vz_err *e)
{
	_cleanup_close_ int sub = -1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return bad_entry(e, "look at", name);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		if (unlinkat(dir, name, 0) < 0)
			return bad_entry(e, "remove", name);
		return 0;
	}
	size->files++;
	size->kb += st.st_blocks / 2;
	if (!S_ISDIR(st.st_mode))
		return 0;
	sub = open_below(dir, name, O_RDONLY | O_DIRECTORY);
	if (sub < 0)
		return bad_entry(e, "open", name);
	return sweep(sub, depth + 1, size, e);
}

/* Removes device nodes, adds up the rest. */
static int sweep(int dir, int depth, struct size *size, struct vz_err *e)
{
	_cleanup_closedir_ DIR *d = list(dir);
	struct dirent *entry;

	if (depth > MAX_DEPTH)
		return vz_err_set(e, VZ_EXIT_BAD_TEMPLATE,
				  "directories deeper than %d levels: this is no root file system",
				  MAX_DEPTH);
	if (!d)
		return bad_entry(e, "list", ".");
	while ((entry = readdir(d)))
		if (!is_dot(entry->d_name) && sweep_entry(dir, entry->d_name, depth, size, e) < 0)
			return -1;
	return 0;
}

/* Removes @name in the directory @path, or what begins with it if it ends in *. */
static int remove_in(int root, const char *path, const char *name, struct vz_err *e)
{
	_cleanup_close_ int dir = open_below(root, path, O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *d = NULL;
	size_t len = strlen(name);
	struct dirent *entry;

	if (dir < 0)
		return 0;
	if (name[len - 1] != '*') {
		if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			return bad_entry(e, "remove", name);
		return 0;
	}
	d = list(dir);
	if (!d)
		return bad_entry(e, "list", path);
	while ((entry = readdir(d)))
		if (strncmp(entry->d_name, name, len - 1) == 0 && !is_dot(entry->d_name) &&
		    unlinkat(dir, entry->d_name, 0) < 0)
			return bad_entry(e, "remove", entry->d_name);
	return 0;
}

/* An empty machine-id makes each container write its own at its first start. */
static void empty_machine_id(int root)
{
	_cleanup_close_ int fd = open_below(root, "etc/machine-id", O_WRONLY | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size &&
	    ftruncate(fd, 0) < 0)
		unlinkat(root, "etc/machine-id", 0);
}

static const struct {
	const char *dir, *name;
} secrets[] = {
	{ "etc/ssh", "ssh_host_*" },
	{ "etc/dropbear", "dropbear_*" },
	{ "etc", "hostname" },
	{ "etc", "resolv.conf" },
	{ "etc/apt/apt.conf.d", "99mmdebstrap" },
	{ "var/lib/dbus", "machine-id" },
	{ "var/lib/systemd", "random-seed" },
	{ "var/lib/systemd", "credential.secret" },
	{ "root", ".bash_history" },
};

int tree_strip(int root, unsigned long long *kb, unsigned long long *files, struct vz_err *e)
{
	static const char *const mounts[] = { "dev", "proc", "sys", "run", "tmp" };
	struct size size = { 0 };
	size_t i;

	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (remove_in(root, secrets[i].dir, secrets[i].name, e) < 0)
			return -1;
	empty_machine_id(root);
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		_cleanup_close_ int dir = -1;

		if (mkdirat(root, mounts[i], i == 4 ? 01777 : 0755) < 0 && errno != EEXIST)
			return bad_entry(e, "make", mounts[i]);
		dir = open_below(root, mounts[i], O_RDONLY | O_DIRECTORY);
		if (dir < 0)
			return vz_err_errno(e, VZ_EXIT_BAD_TEMPLATE,
					    "/%s of the tree is no directory", mounts[i]);
		if (tree_empty(dir, e) < 0)
			return vz_err_wrap(e, "/%s", mounts[i]);
	}
	if (sweep(root, 0, &size, e) < 0)
		return -1;
	*kb = size.kb;
	*files = size.files;
	return 0;
}

int tree_identify(int root, struct vz_conf *meta, struct vz_err *e)
{
	static const struct {
		const char *from, *to;
	} keys[] = { { "PRETTY_NAME", "OS" }, { "ID", "DIST" }, { "VERSION_ID", "DIST_VERSION" } };
	_cleanup_close_ int fd = vz_openat2(root, "etc/os-release",
					    O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0,
					    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct vz_conf *release;
	char path[32];

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	release = vz_conf_load(path, e);
	if (!release)
		return vz_err_wrap(e, "/etc/os-release of the tree");
	for (size_t i = 0; i < 3; i++) {
		const char *value = vz_conf_get(release, keys[i].from);

		if (value && vz_conf_set(meta, keys[i].to, value) < 0) {
			vz_conf_free(release);
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "metadata");
		}
	}
	vz_conf_free(release);
	return 0;
}

/* ---- id-mapped mounts ---------------------------------------------------------- */

static int write_map(pid_t pid, const char *file)
{
	static const char map[] = "0 100000 65536\n";
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map) ? 0 : -1;
}

/* A user namespace with a map, held by nothing but the descriptor. */
static int make_userns(void)
{
	int ready[2], done[2], ns = -1;
	char path[64], byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(done, O_CLOEXEC) < 0) {
		close(ready[0]);
		close(ready[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		close(done[1]);
		if (unshare(CLONE_NEWUSER) == 0 && write(ready[1], "", 1) == 1)
			pid = read(done[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(done[0]);
	if (pid > 0 && read(ready[0], &byte, 1) == 1 && write_map(pid, "uid_map") == 0 &&
	    write_map(pid, "gid_map") == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
	}
	close(ready[0]);
	close(done[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ns;
}

int tree_check_idmap(int dir, const char *path, struct vz_err *e)
{
	_cleanup_close_ int ns = make_userns();
	_cleanup_close_ int tree = -1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = ns };

	if (ns < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot make a user namespace");
	tree = vz_open_tree(dir, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "open_tree %s", path);
	if (vz_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) == 0)
		return 0;
	vz_err_errno(
		e, VZ_EXIT_BAD_TEMPLATE,
		"%s cannot be mounted id-mapped, so no container could use a template there: set TEMPLATE in vz.conf to a folder on ext4, xfs or btrfs",
		path);
	errno = EOPNOTSUPP;
	return -1;
}
