// SPDX-License-Identifier: GPL-2.0
/* Ranges of uids: see uid.h. */
#include "uid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "conf.h"
#include "ct.h"
#include "ctid.h"
#include "err.h"
#include "num.h"
#include "paths.h"

#define SLOTS	((VZ_UID_LAST - VZ_UID_FIRST + 1) / VZ_UID_RANGE)

struct map {
	unsigned char used[SLOTS];
	uint32_t owner;		/* container that overlaps want, 0: none */
	uint64_t want;		/* first uid asked about */
};

static void mark(struct map *m, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	if (!count || end <= VZ_UID_FIRST || first > VZ_UID_LAST)
		return;
	for (uint64_t i = 0; i < SLOTS; i++) {
		uint64_t slot = VZ_UID_FIRST + i * VZ_UID_RANGE;

		if (first < slot + VZ_UID_RANGE && end > slot)
			m->used[i] = 1;
	}
}

static int mark_containers(struct map *m, uint32_t self, struct vz_err *e)
{
	_cleanup_closedir_ DIR *dir = opendir(VZ_CT_CONF_DIR);
	struct dirent *d;

	if (!dir)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", VZ_CT_CONF_DIR);
	while ((d = readdir(dir))) {
		struct vz_conf *c;
		const char *text;
		uint64_t first;
		uint32_t id;

		if (vz_ctid_from_conf_name(d->d_name, &id) || id == self)
			continue;
		c = vz_conf_loadat(dirfd(dir), d->d_name, NULL);
		text = c ? vz_conf_get(c, "LOCAL_UID") : NULL;
		if (text && !vz_num_u64(text, 1, UINT32_MAX, &first)) {
			mark(m, first, VZ_UID_RANGE);
			if (first < m->want + VZ_UID_RANGE && m->want < first + VZ_UID_RANGE)
				m->owner = id;
		}
		vz_conf_free(c);
	}
	return 0;
}

/* name:first:count, as useradd(8) keeps it; lines that are not so are skipped. */
static void mark_subids(struct map *m, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	unsigned long long first, count;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*[^:]:%llu:%llu", &first, &count) == 2)
			mark(m, first, count);
}

int vz_uid_allocate(uint32_t ctid, uid_t *base, struct vz_err *e)
{
	struct map m = { .want = UINT64_MAX / 2 };

	if (mark_containers(&m, ctid, e))
		return -1;
	mark_subids(&m, "/etc/subuid");
	mark_subids(&m, "/etc/subgid");
	for (size_t i = 0; i < SLOTS; i++)
		if (!m.used[i]) {
			*base = VZ_UID_FIRST + i * VZ_UID_RANGE;
			return 0;
		}
	return vz_err_set(e, VZ_EXIT_NO_RESOURCES,
			  "all %u uid ranges are in use. Destroy containers, or give this one a "
			  "range by --local_uid",
			  SLOTS);
}

int vz_uid_check(uint32_t ctid, uid_t base, struct vz_err *e)
{
	struct map m = { .want = base };

	if (mark_containers(&m, ctid, e))
		return -1;
	if (m.owner)
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "uids %u to %u overlap those of container %u; each container "
				  "needs its own",
				  base, base + VZ_UID_RANGE - 1, m.owner);
	return 0;
}
