// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/ctid.h"
#include "lib/paths.h"
#include "lib/str.h"
#include "vztmpl.h"

static int make_dirs(const char *path, mode_t last)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, i == len ? last : 0755) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

int store_open(struct store *s, struct vz_err *e)
{
	struct vz_conf *host = vz_conf_load(VZ_GLOBAL_CONF, e);
	const char *base;

	if (!host && errno != ENOENT)
		return -1;
	base = vz_conf_get(host, "TEMPLATE");
	snprintf(s->path, sizeof(s->path), "%s/tree", base && *base ? base : VZ_DEFAULT_TEMPLATE);
	vz_conf_free(host);
	if (s->path[0] != '/')
		return vz_err_set(e, VZ_EXIT_NO_TEMPLATE,
				  "TEMPLATE=\"%s\" in %s is no absolute path", base,
				  VZ_GLOBAL_CONF);
	/* Old setuid programs of all tenants: nobody on the host has business there. */
	if (make_dirs(s->path, 0700) < 0)
		return vz_err_errno(e, VZ_EXIT_MKDIR, "cannot make %s", s->path);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot open %s", s->path);
	return 0;
}

void store_close(struct store *s)
{
	close(s->dir);
}

static bool ends_with(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && vz_streq(s + a - b, end);
}

int store_check_name(const char *name, struct vz_err *e)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	char shown[VZTMPL_NAME_MAX];

	if (*name && *name != '.' && *name != '-' && *name != '+' && *name != '_' &&
	    strlen(name) < VZTMPL_NAME_MAX && !name[strspn(name, chars)] &&
	    !ends_with(name, ".tmp") && !ends_with(name, ".conf"))
		return 0;
	return vz_err_set(
		e, VZ_EXIT_BAD_VALUE,
		"\"%s\" cannot name a template: give 1 to %d letters, digits and _ . + -, a letter or digit first, not ending in .tmp or .conf",
		vz_printable(name, shown, sizeof(shown)), VZTMPL_NAME_MAX - 1);
}

/* The directory that is called so now is the one we hold. */
static bool still_named(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Return: the locked directory, -1 with errno EWOULDBLOCK if another holds it. */
static int lock_dir(int dir, const char *name)
{
	for (;;) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int err = errno;

			close(fd);
			errno = err;
			return -1;
		}
		if (still_named(dir, name, fd))
			return fd;
		close(fd);
	}
}

int store_claim(struct store *s, const char *name, struct claim *c, struct vz_err *e)
{
	if (store_check_name(name, e) < 0)
		return -1;
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->temp, sizeof(c->temp), "%s.tmp", name);
	do {
		if (mkdirat(s->dir, c->temp, 0755) < 0 && errno != EEXIST)
			return vz_err_errno(e, VZ_EXIT_MKDIR, "cannot make %s/%s", s->path,
					    c->temp);
		c->fd = lock_dir(s->dir, c->temp);
	} while (c->fd < 0 && errno == ENOENT);
	if (c->fd < 0 && errno == EWOULDBLOCK)
		return vz_err_set(e, VZ_EXIT_LOCKED,
				  "template %s is being made by another vztmpl: wait for it", name);
	if (c->fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot lock %s/%s", s->path, c->temp);
	if (faccessat(s->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		store_drop(s, c);
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "template %s exists: `vztmpl delete %s` or take another name",
				  name, name);
	}
	if (tree_empty(c->fd, e) < 0 || fchmod(c->fd, 0755) < 0 || fchown(c->fd, 0, 0) < 0) {
		close(c->fd);
		return vz_err_wrap(e, "leftovers in %s/%s", s->path, c->temp);
	}
	return 0;
}

void store_drop(struct store *s, struct claim *c)
{
	if (tree_empty(c->fd, NULL) == 0)
		unlinkat(s->dir, c->temp, AT_REMOVEDIR);
	close(c->fd);
}

int store_publish(struct store *s, struct claim *c, const struct vz_conf *meta, struct vz_err *e)
{
	char path[sizeof(s->path) + VZTMPL_NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s.conf", s->path, c->name);
	if (syncfs(c->fd) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot sync %s/%s", s->path, c->temp);
	if (vz_conf_save(meta, path, e) < 0)
		return -1;
	if (renameat2(s->dir, c->temp, s->dir, c->name, RENAME_NOREPLACE) < 0) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot rename %s/%s to %s", s->path, c->temp,
			     c->name);
		unlink(path);
		return -1;
	}
	fsync(s->dir);
	close(c->fd);
	return 0;
}

int store_users(const char *name, unsigned int *first, struct vz_err *e)
{
	_cleanup_closedir_ DIR *d = opendir(VZ_CT_CONF_DIR);
	struct dirent *entry;
	int users = 0;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot list %s", VZ_CT_CONF_DIR);
	while ((entry = readdir(d))) {
		struct vz_conf *conf;
		const char *used;
		uint32_t id;

		if (vz_ctid_from_conf_name(entry->d_name, &id) < 0)
			continue;
		conf = vz_conf_loadat(dirfd(d), entry->d_name, e);
		if (!conf && errno == ENOENT)
			continue;
		if (!conf)
			return -1;
		used = vz_conf_get(conf, "OSTEMPLATE");
		if (used && vz_streq(used, name)) {
			if (!users || id < *first)
				*first = id;
			users++;
		}
		vz_conf_free(conf);
	}
	return users;
}
