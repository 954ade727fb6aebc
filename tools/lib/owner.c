// SPDX-License-Identifier: GPL-2.0
#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "ct.h"
#include "ctid.h"
#include "err.h"
#include "paths.h"

/* Namespaces nest 32 deep. */
#define MAX_DEPTH	64

static int add(struct vz_owners *o, uint32_t id)
{
	struct vz_owner *list;
	struct vz_run run;
	char path[64];
	struct stat st;
	int rc = 0;

	vz_run_get(id, &run);
	if (run.running) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", run.init);
		if (stat(path, &st) == 0) {
			list = reallocarray(o->list, o->count + 1, sizeof(*list));
			rc = list ? 0 : -1;
			if (list) {
				o->list = list;
				list[o->count++] = (struct vz_owner){ st.st_dev, st.st_ino, id };
			}
		}
	}
	vz_run_put(&run);
	return rc;
}

int vz_owners_read(struct vz_owners *o, struct vz_err *e)
{
	_cleanup_closedir_ DIR *d = opendir(VZ_RUN_DIR);
	struct dirent *entry;

	*o = (struct vz_owners){ 0 };
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot list %s", VZ_RUN_DIR);
	while ((entry = readdir(d))) {
		uint32_t id;

		if (vz_ctid_parse(entry->d_name, &id, NULL) == 0 && add(o, id) < 0) {
			vz_owners_free(o);
			return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
		}
	}
	return 0;
}

void vz_owners_free(struct vz_owners *o)
{
	free(o->list);
	*o = (struct vz_owners){ 0 };
}

static const struct vz_owner *find(const struct vz_owners *o, int ns)
{
	struct stat st;

	if (fstat(ns, &st) < 0)
		return NULL;
	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].ino == st.st_ino && o->list[i].dev == st.st_dev)
			return &o->list[i];
	return NULL;
}

int vz_owner_of(const struct vz_owners *o, int proc, uint32_t *id)
{
	_cleanup_close_ int ns = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		return -1;
	*id = 0;
	for (int i = 0; i < MAX_DEPTH; i++) {
		const struct vz_owner *owner = find(o, ns);
		int parent;

		if (owner) {
			*id = owner->id;
			return 0;
		}
		parent = ioctl(ns, NS_GET_PARENT);
		/* EPERM: above the first namespace there is none. */
		if (parent < 0)
			return errno == EPERM ? 0 : -1;
		close(ns);
		ns = parent;
	}
	return 0;
}
