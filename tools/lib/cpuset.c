// SPDX-License-Identifier: GPL-2.0
/* Processors and nodes of a container: see cpuset.h. */
#include "cpuset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cleanup.h"
#include "conf.h"
#include "err.h"
#include "ids.h"
#include "param.h"
#include "root.h"
#include "str.h"

/* Nodes first: which processors are meant may follow from them. */
enum mask { NODES, CPUS, MASKS };

#define HAS_MEMORY	"/sys/devices/system/node/has_memory"

/* What is allowed is that of @host; all is that of @most. */
static const struct {
	const char *key, *file, *host, *most, *what;
} masks[MASKS] = {
	[NODES] = { "NODEMASK", "cpuset.mems", HAS_MEMORY, HAS_MEMORY, "nodes with memory" },
	[CPUS] = { "CPUMASK", "cpuset.cpus", "/sys/devices/system/cpu/online",
		   "/sys/devices/system/cpu/possible", "processors" },
};

#define AUTO	"auto"

/* @without: what is there if the kernel does not say; NULL: it must. */
static int read_ids(const char *path, const char *without, struct vz_ids *ids, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_root_text(path);

	*ids = (struct vz_ids){};
	if (!text && errno == ENOENT && without)
		return vz_ids_parse(without, VZ_IDS - 1, ids);
	if (!text)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read %s", path);
	text[strcspn(text, "\n")] = '\0';
	return *text && vz_ids_parse(text, VZ_IDS - 1, ids) ?
		       vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", path) :
		       0;
}

/* A kernel without nodes has one of them. */
static int host_has(enum mask m, struct vz_ids *ids, struct vz_err *e)
{
	return read_ids(masks[m].host, m == NODES ? "0" : NULL, ids, e);
}

/* Is it set to something else than all? */
static const char *setting(const struct vz_conf *c, enum mask m)
{
	const char *text = vz_conf_get(c, masks[m].key);

	return text && *text && !vz_streq(text, "all") ? text : NULL;
}

static int not_there(enum mask m, const char *value, const struct vz_ids *excess,
		     const struct vz_ids *host, struct vz_err *e)
{
	_cleanup_free_ char *no = vz_ids_format(excess), *has = vz_ids_format(host);

	if (!no || !has)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	return vz_err_set(e, VZ_EXIT_BAD_VALUE,
			  "%s=\"%s\" is not allowed: %s is not there, this host has %s %s",
			  masks[m].key, value, no, masks[m].what, has);
}

/* The numbers that a list names, all of them of this host. */
static int listed(enum mask m, const char *value, struct vz_ids *ids, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_param_canon(vz_param_by_key(masks[m].key), value, e);
	struct vz_ids host, excess;

	if (!text || host_has(m, &host, e))
		return -1;
	if (vz_ids_parse(text, VZ_IDS - 1, ids))
		return vz_err_errno(e, VZ_EXIT_BAD_VALUE, "%s", masks[m].key);
	excess = *ids;
	vz_ids_drop(&excess, &host);
	return vz_ids_empty(&excess) ? 0 : not_there(m, text, &excess, &host, e);
}

/* The processors of the nodes. */
static int follow_nodes(const struct vz_ids *nodes, struct vz_ids *cpus, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_ids_format(nodes);
	struct vz_ids online, of_node;
	char path[64];

	if (!text)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	*cpus = (struct vz_ids){};
	if (host_has(CPUS, &online, e))
		return -1;
	for (uint32_t n = 0; n < VZ_IDS; n++) {
		if (!(nodes->word[n / 64] >> n % 64 & 1))
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", n);
		if (read_ids(path, "0-8191", &of_node, e))
			return -1;
		vz_ids_add(cpus, &of_node);
	}
	vz_ids_keep(cpus, &online);
	return vz_ids_empty(cpus) ?
		       vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "CPUMASK=\"" AUTO "\" is not allowed: NODEMASK=\"%s\" "
				  "has no processors",
				  text) :
		       0;
}

/* Return: 1 and @ids, 0 if all are meant, -1 with @e set. */
static int wanted(const struct vz_conf *c, enum mask m, struct vz_ids *ids, struct vz_err *e)
{
	const char *value = setting(c, m);
	struct vz_ids nodes;

	if (!value)
		return 0;
	if (m != CPUS || !vz_streq(value, AUTO))
		return listed(m, value, ids, e) ? -1 : 1;
	value = setting(c, NODES);
	if (!value)
		return 0;
	return listed(NODES, value, &nodes, e) || follow_nodes(&nodes, ids, e) ? -1 : 1;
}

static bool is_touched(const struct vz_conf *all, const struct vz_conf *changed, enum mask m)
{
	if (!changed)
		return vz_conf_get(all, masks[m].key);
	if (vz_conf_get(changed, masks[m].key))
		return true;
	return m == CPUS && vz_conf_get(changed, masks[NODES].key) &&
	       vz_streq(vz_conf_get(all, masks[CPUS].key) ?: "", AUTO);
}

int vz_cpuset_check(const struct vz_conf *all, const struct vz_conf *changed, struct vz_err *e)
{
	struct vz_ids ids;

	for (enum mask m = 0; m < MASKS; m++)
		if (is_touched(all, changed, m) && wanted(all, m, &ids, e) < 0)
			return -1;
	return 0;
}

/* As long as tasks live in the cgroup, its list can be any but none. */
static int set_all(uint32_t ctid, enum mask m, struct vz_err *e)
{
	_cleanup_free_ char *text = NULL;
	struct vz_ids most;

	if (!vz_cgroup_set(ctid, masks[m].file, "\n") || errno == ENOENT)
		return 0;
	if (errno == ENOSPC && !read_ids(masks[m].most, "0", &most, e))
		text = vz_ids_format(&most);
	return text && !vz_cgroup_set(ctid, masks[m].file, text) ?
		       0 :
		       vz_err_errno(e, VZ_EXIT_FAIRSCHED, "set %s of container %u to all",
				    masks[m].file, ctid);
}

static int set_some(uint32_t ctid, enum mask m, const struct vz_ids *ids, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_ids_format(ids);

	if (!text)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (!vz_cgroup_set(ctid, masks[m].file, text))
		return 0;
	if (errno == ENOENT && vz_cgroup_enable("cpuset")) {
		vz_err_set(
			e, VZ_EXIT_FAIRSCHED,
			"%s=%s is not enforced: the unified cgroup hierarchy of this host has no "
			"cpuset controller",
			masks[m].key, text);
		return 1;
	}
	return vz_cgroup_set(ctid, masks[m].file, text) ?
		       vz_err_errno(e, VZ_EXIT_FAIRSCHED, "set %s of container %u to %s",
				    masks[m].file, ctid, text) :
		       0;
}

int vz_cpuset_apply(uint32_t ctid, const struct vz_conf *all, const struct vz_conf *changed,
		    struct vz_err *e)
{
	int rc = 0;

	for (enum mask m = 0; !rc && m < MASKS; m++) {
		struct vz_ids ids;

		if (!is_touched(all, changed, m))
			continue;
		rc = wanted(all, m, &ids, e);
		if (rc >= 0)
			rc = rc ? set_some(ctid, m, &ids, e) : set_all(ctid, m, e);
	}
	return rc;
}
