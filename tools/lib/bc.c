// SPDX-License-Identifier: GPL-2.0
/* Typed calls above /dev/vzctl: see bc.h. */
#include "bc.h"

#include <bc_resources.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cleanup.h"
#include "conf.h"
#include "err.h"
#include "fd.h"
#include "limit.h"
#include "memory.h"
#include "num.h"
#include "param.h"
#include "policy.h"
#include "str.h"

#define LIST_TRIES	8

int vz_bc_open(struct vz_err *e)
{
	_cleanup_close_ int fd = open(BC_DEVICE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct bc_version v = { .size = sizeof(v) };

	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return vz_err_errno(e, VZ_EXIT_PERMISSION,
				    "%s needs root and CAP_SYS_ADMIN on the host", BC_DEVICE);
	if (fd < 0) {
		vz_err_errno(e, VZ_EXIT_NO_MODULE, "%s", BC_DEVICE);
		return vz_err_hint(e, "The kernel module is not loaded: modprobe beancounter "
				      "(or BEANCOUNTERS=no in vz.conf: no limits at all)");
	}
	if (ioctl(fd, BC_IOC_VERSION, &v)) {
		vz_err_errno(e, VZ_EXIT_NO_MODULE, "%s does not belong to Beanpod", BC_DEVICE);
		return vz_err_hint(e, "Load the module: modprobe beancounter");
	}
	if (v.abi < BC_ABI)
		return vz_err_set(e, VZ_EXIT_NO_MODULE,
				  "the loaded module has ABI %u, these tools need %u or newer. "
				  "Reload it: rmmod beancounter; modprobe beancounter",
				  v.abi, BC_ABI);
	return vz_steal_fd(&fd);
}

int vz_bc_create(int bc, uint32_t id, struct vz_err *e)
{
	struct bc_create c = { .size = sizeof(c), .id = id };

	if (!ioctl(bc, BC_IOC_CREATE, &c))
		return 0;
	if (errno == EEXIST)
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "beancounter %u belongs to a container that runs", id);
	if (errno == ENOSPC)
		return vz_err_set(e, VZ_EXIT_NO_RESOURCES,
				  "no room for beancounter %u: too many exist. Destroy containers "
				  "that are no longer needed",
				  id);
	return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "create beancounter %u", id);
}

int vz_bc_arm(int bc, uint32_t id, struct vz_err *e)
{
	struct bc_arm a = { .size = sizeof(a), .id = id };

	if (!ioctl(bc, BC_IOC_ARM, &a))
		return 0;
	if (errno == EBUSY)
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "beancounter %u belongs to a container that runs or starts", id);
	return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "arm beancounter %u", id);
}

int vz_bc_attach(int bc, uint32_t id, int cgroup)
{
	struct bc_attach a = { .size = sizeof(a), .id = id, .cgroup = cgroup };

	return ioctl(bc, BC_IOC_ATTACH, &a);
}

int vz_bc_set(int bc, uint32_t id, const struct bc_limit *limits, size_t count, struct vz_err *e)
{
	struct bc_set s = {
		.size = sizeof(s), .id = id, .count = count, .limits = (uintptr_t)limits
	};

	if (!count || !ioctl(bc, BC_IOC_SET, &s))
		return 0;
	return vz_err_errno(e, VZ_EXIT_SET_UBC, "set limits of beancounter %u", id);
}

int vz_bc_query(int bc, uint32_t id, struct bc_row *rows, struct vz_err *e)
{
	struct bc_query q = {
		.size = sizeof(q), .id = id, .count = BC_ROWS, .rows = (uintptr_t)rows
	};

	if (ioctl(bc, BC_IOC_QUERY, &q))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "read beancounter %u", id);
	return q.count;
}

int vz_bc_list(int bc, struct bc_entry **list, struct vz_err *e)
{
	struct bc_list l = { .size = sizeof(l) };
	struct bc_entry *room;

	*list = NULL;
	for (int i = 0; i < LIST_TRIES; i++) {
		if (!ioctl(bc, BC_IOC_LIST, &l))
			return l.count;
		if (errno != ENOSPC)
			break;
		l.count += 16;		/* some may be made meanwhile */
		room = realloc(*list, l.count * sizeof(*room));
		if (!room)
			break;
		*list = room;
		l.entries = (uintptr_t)room;
	}
	vz_err_errno(e, VZ_EXIT_SYSTEM, "list beancounters");
	free(vz_steal_ptr(list));
	return -1;
}

int vz_bc_clear(int bc, uint32_t id, struct vz_err *e)
{
	struct bc_clear c = { .size = sizeof(c), .id = id };

	return !ioctl(bc, BC_IOC_CLEAR, &c) ?
		       0 :
		       vz_err_errno(e, VZ_EXIT_SYSTEM, "clear beancounter %u", id);
}

int vz_bc_destroy(int bc, uint32_t id, int timeout_ms, struct vz_err *e)
{
	struct bc_destroy d = { .size = sizeof(d), .id = id };
	int64_t end = vz_now_ms() + timeout_ms;

	do {
		if (!ioctl(bc, BC_IOC_DESTROY, &d) || errno == ENOENT)
			return 0;
	} while (errno == EBUSY && vz_now_ms() < end && !usleep(5000));
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "destroy beancounter %u", id);
}

static const struct bc_row *find_row(const struct bc_row *rows, int n, int resource)
{
	for (int i = 0; i < n; i++)
		if ((int)rows[i].resource == resource)
			return &rows[i];
	return NULL;
}

int vz_bc_apply(int bc, uint32_t id, const struct vz_conf *c, char *skipped, size_t size,
		struct vz_err *e)
{
	struct bc_limit set[BC_ROWS];
	struct bc_row rows[BC_ROWS];
	const struct vz_param *params;
	const struct bc_row *row;
	struct vz_limit limit;
	size_t n, count = 0, used = 0;
	int nrows, rc;

	if (size)
		*skipped = 0;
	nrows = vz_bc_query(bc, id, rows, e);
	if (nrows < 0)
		return -1;
	params = vz_params(&n);
	for (size_t i = 0; i < n; i++) {
		if (params[i].resource < 0)
			continue;
		rc = vz_param_limit(&params[i], c, &limit, e);
		if (rc < 0)
			return -1;
		if (!rc)
			continue;
		row = find_row(rows, nrows, params[i].resource);
		if (row && row->state != BC_STATE_NOT_ENFORCED && count < BC_ROWS) {
			set[count++] = (struct bc_limit){ .resource = params[i].resource,
							  .barrier = limit.barrier,
							  .limit = limit.limit };
			continue;
		}
		if (vz_memory_limits(params[i].option))
			continue;	/* by the cgroup */
		if ((limit.barrier != BC_UNLIMITED || limit.limit != BC_UNLIMITED) && used < size)
			used += snprintf(skipped + used, size - used, "%s%s", used ? " " : "",
					 params[i].option);
	}
	return vz_bc_set(bc, id, set, count, e);
}

static int choose(int bc, uint32_t id, int resource, const char *policy)
{
	struct bc_choose c = { .size = sizeof(c), .id = id, .resource = resource };

	memcpy(c.policy, policy, strnlen(policy, sizeof(c.policy) - 1));
	return ioctl(bc, BC_IOC_CHOOSE, &c);
}

/* "resource:policy", behind what is there. */
static void add_choice(char *list, size_t size, const struct bc_row *row, const char *policy)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s:%s", used ? " " : "", row->name, policy);
}

int vz_bc_choose(int bc, uint32_t id, const struct vz_conf *c, char *missing, char *skipped,
		 size_t size, struct vz_err *e)
{
	const char *text = vz_conf_get(c, "POLICY");
	struct vz_policies policies;
	struct bc_row rows[BC_ROWS];
	int n;

	*skipped = 0;
	if (missing)
		*missing = 0;
	if (vz_policies_parse(text ? text : "", &policies, e))
		return vz_err_wrap(e, "POLICY");
	n = vz_bc_query(bc, id, rows, e);
	for (int i = 0; i < n; i++) {
		const char *policy = policies.name[rows[i].resource];

		if (rows[i].state != BC_STATE_ENFORCED) {
			if (*policy)
				add_choice(skipped, size, &rows[i], policy);
			continue;
		}
		if (!choose(bc, id, rows[i].resource, *policy ? policy : "classic"))
			continue;
		if (errno != ENOPKG || !missing)
			return vz_err_errno(e, VZ_EXIT_SET_UBC, "policy %s of %s", policy,
					    rows[i].name);
		add_choice(missing, size, &rows[i], policy);
		if (choose(bc, id, rows[i].resource, "classic"))
			return vz_err_errno(e, VZ_EXIT_SET_UBC, "policy classic of %s",
					    rows[i].name);
	}
	return n < 0 ? -1 : 0;
}

/* A number, or a percentage in its hundredths. Returns 1 if it is set to something. */
static int cpu_value(const struct vz_conf *c, const char *key, uint32_t min, uint32_t max,
		     bool percent, uint32_t *out, struct vz_err *e)
{
	const char *text = vz_conf_get(c, key);
	uint64_t value = 0;
	char shown[64];
	int bad;

	*out = 0;
	if (!text || !*text)
		return 0;
	bad = percent ? vz_num_percent(text, max, &value) : vz_num_u64(text, 0, max, &value);
	if (bad || (value && value < min))
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "%s: \"%s\" is not allowed: give a %s from %u to %u", key,
				  vz_printable(text, shown, sizeof(shown)),
				  percent ? "percentage" : "number", min,
				  percent ? max / 100 : max);
	*out = value;
	return value != 0;
}

int vz_bc_cpu(int bc, uint32_t id, const struct vz_conf *c, bool all, struct vz_err *e)
{
	static const char *const keys[] = { "CPULIMIT", "CPUUNITS", "CPUS", "CPUCLASS" };
	struct bc_cpu cpu = { .size = sizeof(cpu), .id = id };
	const char *class = vz_conf_get(c, keys[3]);
	int set[4], first = 0;

	set[0] = cpu_value(c, keys[0], 0, BC_CPU_LIMIT_MAX, true, &cpu.limit, e);
	set[1] = cpu_value(c, keys[1], BC_CPU_UNITS_MIN, BC_CPU_UNITS_MAX, false, &cpu.units, e);
	set[2] = cpu_value(c, keys[2], 0, BC_CPU_CPUS_MAX, false, &cpu.cpus, e);
	set[3] = cpu_value(c, keys[3], 0, BC_CPU_CLASS_MAX, false, &cpu.cpuclass, e);
	if (!class || !*class)
		cpu.cpuclass = BC_CPU_CLASS_DEFAULT;
	for (int i = 0; i < 4; i++) {
		if (set[i] < 0)
			return -1;
		if (all || vz_conf_get(c, keys[i]))
			cpu.flags |= BC_CPU_LIMIT << i;
	}
	if (!cpu.flags || !ioctl(bc, BC_IOC_CPU, &cpu))
		return 0;
	if (errno == ENOPKG || errno == EOPNOTSUPP) {
		const char *why =
			errno == ENOPKG ?
				"the module fairsched is not loaded (modprobe fairsched)" :
				"this kernel does not let tasks be held, see its log";

		/* with none of the others it is the class, which may be 0 */
		while (first < 3 && !set[first])
			first++;
		vz_err_set(e, VZ_EXIT_FAIRSCHED, "%s=%s is not enforced: %s", keys[first],
			   vz_conf_get(c, keys[first]), why);
		return 1;
	}
	return vz_err_errno(e, VZ_EXIT_FAIRSCHED, "bound the processor time of container %u", id);
}
