// SPDX-License-Identifier: GPL-2.0
/* Names of containers: see name.h. */
#include "name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ct.h"
#include "err.h"
#include "fd.h"
#include "paths.h"

/* Is the name a link to this container's configuration? */
static int belongs_to(const char *name, uint32_t ctid)
{
	uint32_t id;

	return name && *name && !vz_ct_resolve(name, &id, NULL) && id == ctid;
}

/* Left by a create that was interrupted: it leads to no configuration. */
static bool dangling(const char *path)
{
	struct stat st;
	int saved = errno;
	bool yes = errno == EEXIST && !lstat(path, &st) && S_ISLNK(st.st_mode) && stat(path, &st) &&
		   errno == ENOENT;

	errno = saved;
	return yes;
}

static int replace(const char *target, const char *path)
{
	return unlink(path) || symlink(target, path) ? -1 : 0;
}

static void drop(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), VZ_NAMES_DIR "/%s", name);
	unlink(path);
}

int vz_name_set(uint32_t ctid, const char *old, const char *name, struct vz_err *e)
{
	char path[PATH_MAX], target[PATH_MAX];

	if (name && *name && !belongs_to(name, ctid)) {
		snprintf(path, sizeof(path), VZ_NAMES_DIR "/%s", name);
		snprintf(target, sizeof(target), VZ_CT_CONF_DIR "/%u.conf", ctid);
		if (vz_mkdirs(VZ_NAMES_DIR, 0755))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "make %s", VZ_NAMES_DIR);
		if (symlink(target, path) && (!dangling(path) || replace(target, path)))
			return errno == EEXIST ? vz_err_set(e, VZ_EXIT_BAD_NAME,
							    "name %s is in use (%s)", name, path) :
						 vz_err_errno(e, VZ_EXIT_SYSTEM, "make %s", path);
	}
	if (belongs_to(old, ctid) && (!name || strcmp(old, name)))
		drop(old);
	return 0;
}
