// SPDX-License-Identifier: GPL-2.0
/* Memory and swap of a container: see memory.h. */
#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroup.h"
#include "err.h"
#include "limit.h"
#include "log.h"
#include "param.h"
#include "str.h"

static const struct {
	const char *resource, *file;
} limits[] = {
	{ "physpages", "memory.max" },
	{ "swappages", "memory.swap.max" },
};

#define LIMITS	(sizeof(limits) / sizeof(*limits))

int vz_memory_limits(const char *resource)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (vz_streq(limits[i].resource, resource))
			return 1;
	return 0;
}

static int apply_one(uint32_t ctid, size_t i, const struct vz_limit *l, struct vz_err *e)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	char text[32] = "max";

	if (l->limit < BC_UNLIMITED / page)
		snprintf(text, sizeof(text), "%" PRIu64, l->limit * page);
	if (!vz_cgroup_set(ctid, limits[i].file, text))
		return 0;
	if (errno != ENOENT)
		return vz_err_errno(e, VZ_EXIT_SET_UBC, "set %s of container %u to %s",
				    limits[i].file, ctid, text);
	if (l->limit != BC_UNLIMITED)
		vz_log(VZ_LOG_WARN,
		       "%s is not enforced: this host has no %s in its unified cgroups",
		       limits[i].resource, limits[i].file);
	return 0;
}

int vz_memory_apply(uint32_t ctid, const struct vz_conf *c, struct vz_err *e)
{
	struct vz_limit l;
	int rc;

	for (size_t i = 0; i < LIMITS; i++) {
		rc = vz_param_limit(vz_param_by_option(limits[i].resource), c, &l, e);
		if (rc < 0 || (rc && apply_one(ctid, i, &l, e)))
			return -1;
	}
	return 0;
}
