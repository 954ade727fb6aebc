// SPDX-License-Identifier: GPL-2.0
/* vztmpl delete */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "vztmpl.h"

static int delete_one(struct store *s, const char *name, struct vz_err *e)
{
	_cleanup_close_ int fd = -1;
	char temp[VZTMPL_NAME_MAX + 8], meta[VZTMPL_NAME_MAX + 8];
	unsigned int first;
	int users;

	snprintf(temp, sizeof(temp), "%s.tmp", name);
	snprintf(meta, sizeof(meta), "%s.conf", name);
	fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return vz_err_set(e, VZ_EXIT_NO_TEMPLATE_TREE,
				  "there is no template %s in %s: see `vztmpl list`", name,
				  s->path);
	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot open %s/%s", s->path, name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return vz_err_set(e, VZ_EXIT_LOCKED,
				  "template %s is in use by a command that runs: try again", name);
	users = store_users(name, &first, e);
	if (users < 0)
		return -1;
	if (users > 0)
		return vz_err_set(
			e, VZ_EXIT_BAD_VALUE,
			"template %s is in use by %d container%s (%u%s): destroy them first", name,
			users, users > 1 ? "s" : "", first, users > 1 ? ", ..." : "");
	/* Under the name of a tree in the making: what a crash leaves, the next run clears. */
	if (renameat2(s->dir, name, s->dir, temp, RENAME_NOREPLACE) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot rename %s/%s to %s", s->path, name,
				    temp);
	unlinkat(s->dir, meta, 0);
	if (tree_empty(fd, e) < 0)
		return vz_err_wrap(e, "%s/%s", s->path, temp);
	if (unlinkat(s->dir, temp, AT_REMOVEDIR) < 0)
		return vz_err_errno(e, VZ_EXIT_DELETE, "cannot remove %s/%s", s->path, temp);
	return 0;
}

int cmd_delete(int argc, const char **argv, const struct options *o, struct vz_err *e)
{
	struct store s;
	int rc;

	(void)o;
	if (argc != 1)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "usage: vztmpl delete NAME");
	if (store_check_name(argv[0], e) < 0 || store_open(&s, e) < 0)
		return -1;
	rc = delete_one(&s, argv[0], e);
	store_close(&s);
	return rc;
}
