// SPDX-License-Identifier: GPL-2.0
/* Removing and copying trees: see tree.h. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"

#define DIR_FLAGS	(O_RDONLY | O_DIRECTORY)
#define MAX_DEPTH	64		/* below that, directories are moved up to the top */
#define XATTR_MAX	65536

struct removal {
	int top;			/* the tree's own directory */
	unsigned long long moved;	/* names given to directories that were moved there */
	struct vz_err *e;
};

static int remove_entries(struct removal *r, int fd, int depth);

static int remove_dir(struct removal *r, int dirfd, const char *name, int depth)
{
	_cleanup_close_ int fd = -1;
	char to[40];
	int rc;

	if (!unlinkat(dirfd, name, AT_REMOVEDIR))
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return vz_err_errno(r->e, VZ_EXIT_DELETE, "remove directory %s", name);
	if (depth >= MAX_DEPTH) {
		/* An interrupted removal, or a tenant, may have left such names. */
		do
			snprintf(to, sizeof(to), ".vz-deep-%llu", r->moved++);
		while ((rc = renameat2(dirfd, name, r->top, to, RENAME_NOREPLACE)) &&
		       errno == EEXIST);
		return rc ? vz_err_errno(r->e, VZ_EXIT_DELETE, "move directory %s", name) : 1;
	}
	fd = vz_open_below(dirfd, name, DIR_FLAGS, 0);
	if (fd < 0)
		return vz_err_errno(r->e, VZ_EXIT_DELETE, "open directory %s", name);
	if (remove_entries(r, fd, depth + 1) < 0)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR))
		return vz_err_errno(r->e, VZ_EXIT_DELETE, "remove directory %s", name);
	return 0;
}

/* Empties fd. Return: 0; -1 with the error set. */
static int remove_entries(struct removal *r, int fd, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *d;
	int again, rc;

	dir = fdopendir(dup(fd));
	if (!dir)
		return vz_err_errno(r->e, VZ_EXIT_DELETE, "read a directory");
	/* Entries that are removed, or added to the top, while it is read: look again. */
	do {
		again = 0;
		rewinddir(dir);
		while ((d = readdir(dir))) {
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
				continue;
			again = 1;
			if (d->d_type != DT_DIR && !unlinkat(fd, d->d_name, 0))
				continue;
			if (d->d_type != DT_DIR && errno != EISDIR && errno != EPERM)
				return vz_err_errno(r->e, VZ_EXIT_DELETE, "remove %s", d->d_name);
			rc = remove_dir(r, fd, d->d_name, depth);
			if (rc < 0)
				return -1;
		}
	} while (again);
	return 0;
}

int vz_tree_remove(int dirfd, const char *name, struct vz_err *e)
{
	struct removal r = { .e = e };
	int rc;

	r.top = vz_open_below(dirfd, name, DIR_FLAGS, 0);
	if (r.top < 0)
		return errno == ENOENT ? 0 : vz_err_errno(e, VZ_EXIT_DELETE, "open %s", name);
	rc = remove_entries(&r, r.top, 0);
	close(r.top);
	if (!rc && unlinkat(dirfd, name, AT_REMOVEDIR))
		rc = vz_err_errno(e, VZ_EXIT_DELETE, "remove %s", name);
	return rc;
}

struct copy {
	struct vz_err *e;
	char *value;		/* room for one attribute */
};

static int copy_failed(struct copy *c, const char *name)
{
	return vz_err_errno(c->e,
			    errno == ENOSPC || errno == EDQUOT ? VZ_EXIT_NO_SPACE :
								 VZ_EXIT_CREATE_PRIVATE,
			    "copy %s", name);
}

static int copy_xattrs(struct copy *c, int from, int to)
{
	char names[4096];
	ssize_t len = flistxattr(from, names, sizeof(names)), n;

	for (char *p = names; len > 0 && p < names + len; p += strlen(p) + 1) {
		n = fgetxattr(from, p, c->value, XATTR_MAX);
		if (n < 0 || fsetxattr(to, p, c->value, n, 0))
			if (errno != ENOTSUP)
				return -1;
	}
	return len < 0 && errno != ENOTSUP ? -1 : 0;
}

/* Owner first: chown(2) clears setuid bits and file capabilities. */
static int copy_meta(struct copy *c, int from, int to, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	return fchown(to, st->st_uid, st->st_gid) || fchmod(to, st->st_mode & 07777) ||
			       copy_xattrs(c, from, to) || futimens(to, times) ?
		       -1 :
		       0;
}

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	_cleanup_close_ int in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_close_ int out = -1;
	off_t left = st->st_size;
	ssize_t n = 0;

	if (in >= 0)
		out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (out >= 0 && left > 0 && (n = copy_file_range(in, NULL, out, NULL, left, 0)) > 0)
		left -= n;
	if (in < 0 || out < 0 || n < 0 || copy_meta(c, in, out, st))
		return copy_failed(c, name);
	return 0;
}

static int copy_link(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return copy_failed(c, name);
	target[n] = 0;
	if (symlinkat(target, to, name) ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) ||
	    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW))
		return copy_failed(c, name);
	return 0;
}

static int copy_other(struct copy *c, int to, const char *name, const struct stat *st)
{
	if (!S_ISFIFO(st->st_mode))
		return 0;
	if (mknodat(to, name, st->st_mode, 0) ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return copy_failed(c, name);
	return 0;
}

static int copy_dir(struct copy *c, int from, int to, int depth)
{
	_cleanup_closedir_ DIR *dir = fdopendir(dup(from));
	struct dirent *d;
	struct stat st;
	int rc = 0;

	if (!dir || depth > MAX_DEPTH) {
		errno = dir ? ELOOP : errno;
		return copy_failed(c, "a directory");
	}
	rewinddir(dir);		/* the descriptor shares its offset with the caller's */
	while (!rc && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (fstatat(from, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			return copy_failed(c, d->d_name);
		if (S_ISREG(st.st_mode)) {
			rc = copy_file(c, from, to, d->d_name, &st);
		} else if (S_ISLNK(st.st_mode)) {
			rc = copy_link(c, from, to, d->d_name, &st);
		} else if (S_ISDIR(st.st_mode)) {
			_cleanup_close_ int in = vz_open_below(from, d->d_name, DIR_FLAGS, 0);
			_cleanup_close_ int out = -1;

			if (in >= 0 && !mkdirat(to, d->d_name, 0700))
				out = vz_open_below(to, d->d_name, DIR_FLAGS, 0);
			if (out < 0)
				return copy_failed(c, d->d_name);
			rc = copy_dir(c, in, out, depth + 1);
			if (!rc && copy_meta(c, in, out, &st))
				rc = copy_failed(c, d->d_name);
		} else {
			rc = copy_other(c, to, d->d_name, &st);
		}
	}
	return rc;
}

int vz_tree_copy(int from, int to, struct vz_err *e)
{
	_cleanup_free_ char *value = malloc(XATTR_MAX);
	struct copy c = { .e = e, .value = value };

	return value ? copy_dir(&c, from, to, 0) : vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
}
