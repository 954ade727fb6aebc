// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/bc.h"
#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/ctid.h"
#include "lib/fd.h"
#include "lib/num.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/quota.h"
#include "lib/root.h"
#include "lib/str.h"
#include "vzlist.h"

/* ---- the kernel ------------------------------------------------------------------ */

static int read_veinfo(struct cts *set, bool *absent)
{
	char *text = vz_root_text("/proc/vz/veinfo");
	int rc;

	if (!text) {
		vz_cli_warn(
			"cannot read /proc/vz/veinfo: %s; all containers are shown as stopped%s",
			strerror(errno), errno == ENOENT ? " (modprobe beancounter)" : "");
		*absent = true;
		return 0;
	}
	rc = parse_veinfo(text, set);
	free(text);
	return rc;
}

static int take_counters(struct cts *set, const struct vz_counters *c)
{
	struct ct *ct = cts_get(set, c->id);

	if (!ct)
		return -1;
	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *r = &c->rows[i];

		if (r->resource >= BC_ROWS)
			continue;
		memcpy(ct->row[r->resource], r->n, sizeof(r->n));
		ct->has_row[r->resource] = ct->has_rows = true;
	}
	return 0;
}

static int read_resources(struct cts *set, bool absent)
{
	struct vz_counters_set counters;
	struct vz_err inner;
	int rc = 0;

	if (vz_counters_read(&counters, &inner) < 0) {
		/* One message is enough when it is all missing. */
		if (!absent)
			vz_cli_warn("%s; no counters are shown", inner.msg);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < counters.count; i++)
		rc = take_counters(set, &counters.list[i]);
	vz_counters_free(&counters);
	return rc;
}

static void read_cpu(struct cts *set)
{
	char *text = vz_root_text("/proc/fairsched");
	char path[64];

	/* The CPU scheduler is a module of its own: not loaded is no news. */
	if (text)
		parse_fairsched(text, set);
	free(text);
	for (size_t i = 0; i < set->count; i++) {
		struct ct *ct = &set->list[i];

		snprintf(path, sizeof(path), "/proc/bc/%u/cpu", ct->id);
		/* exact, where /proc/fairsched rounds */
		text = ct->running ? vz_root_text(path) : NULL;
		if (text)
			parse_cpu(text, ct);
		free(text);
		snprintf(path, sizeof(path), "/proc/vz/fairsched/%u/cpu.nr_cpus", ct->id);
		text = vz_root_text(path);
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		ct->has_cpus = vz_num_u64(text, 0, UINT32_MAX, &ct->cpus) == 0;
		free(text);
	}
}

static void read_disk_of(struct ct *ct)
{
	_cleanup_close_ int fd = -1;
	struct vz_quota q;

	if (!ct->private)
		return;
	fd = vz_open_host(ct->private, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || vz_quota_get(fd, ct->id, &q, NULL) < 0)
		return;
	ct->has_disk = true;
	ct->disk[0][USAGE] = q.space;
	ct->disk[0][SOFT] = q.space_soft;
	ct->disk[0][HARD] = q.space_hard;
	ct->disk[1][USAGE] = q.inodes;
	ct->disk[1][SOFT] = q.inodes_soft;
	ct->disk[1][HARD] = q.inodes_hard;
}

static void read_disk(struct cts *set)
{
	char *text = vz_root_text("/proc/vz/vzquota");

	if (text)
		parse_vzquota(text, set);
	free(text);
	for (size_t i = 0; i < set->count; i++)
		if (!set->list[i].has_disk && !vz_root_moved())
			read_disk_of(&set->list[i]);
}

static void read_uptime(struct cts *set)
{
	_cleanup_free_ struct bc_entry *list = NULL;
	_cleanup_close_ int bc = vz_root_moved() ? -1 : vz_bc_open(NULL);
	int n = bc < 0 ? 0 : vz_bc_list(bc, &list, NULL);
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_BOOTTIME, &now);
	ns = (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	for (int i = 0; i < n; i++) {
		struct ct *ct = cts_find(set, list[i].id);

		if (!ct || !ct->running || !list[i].started_ns || list[i].started_ns > ns)
			continue;
		ct->started_ns = list[i].started_ns;
		ct->uptime_ms = (ns - ct->started_ns) / 1000000;
	}
}

/* ---- configuration ----------------------------------------------------------------- */

/* $VEID and ${VEID} replaced by the id. */
static char *expand(const char *value, uint32_t id)
{
	struct vz_buf b = { 0 };

	while (*value) {
		size_t len = vz_startswith(value, "${VEID}") ? 7 :
			     vz_startswith(value, "$VEID")   ? 5 :
							       0;

		if (len)
			vz_buf_addf(&b, "%u", id);
		else
			vz_buf_addc(&b, *value), len = 1;
		value += len;
	}
	return vz_buf_steal(&b, NULL);
}

static char **words_of(const struct vz_conf *c, const char *key, size_t *n)
{
	const char *value = vz_conf_get(c, key);

	*n = 0;
	return value ? vz_words(value, " \t\n", n) : NULL;
}

/* Limits of a container without a beancounter are those that it would start with. */
static void take_limits(struct ct *ct)
{
	for (int row = 0; row < BC_ROWS; row++) {
		const struct vz_param *p = vz_param_by_resource(row);
		struct vz_limit l;

		if (!p || vz_param_limit(p, ct->conf, &l, NULL) <= 0)
			continue;
		ct->row[row][VZ_BARRIER] = l.barrier;
		ct->row[row][VZ_LIMIT] = l.limit;
		ct->has_row[row] = true;
	}
}

/* Of the container's file, else of the host's. */
static char *expanded(const struct vz_conf *host, const struct ct *ct, const char *key,
		      const char *standard)
{
	const char *value = vz_conf_get(ct->conf, key);

	if (!value || !*value)
		value = vz_conf_get(host, key);
	if (!value || !*value)
		value = standard;
	return value ? expand(value, ct->id) : NULL;
}

static int below_root(const char *path, struct stat *st)
{
	return path && *path == '/' ? fstatat(vz_root(), path + 1, st, 0) : -1;
}

/* Mounted: on another device than its parent, or a bind of the private area. */
static bool is_mounted(const struct ct *ct)
{
	struct stat root, parent, private;
	char up[4096];

	if (!ct->root || strlen(ct->root) + 4 > sizeof(up) || below_root(ct->root, &root) < 0)
		return false;
	snprintf(up, sizeof(up), "%s/..", ct->root);
	if (below_root(up, &parent) == 0 && parent.st_dev != root.st_dev)
		return true;
	return below_root(ct->private, &private) == 0 && private.st_dev == root.st_dev &&
	       private.st_ino == root.st_ino;
}

static int read_configs(struct cts *set, struct vz_err *e)
{
	int fd = openat(vz_root(), &VZ_CT_CONF_DIR[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct vz_err inner;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (!d)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot list %s", VZ_CT_CONF_DIR);
	while ((entry = readdir(d))) {
		struct vz_conf *conf;
		struct ct *ct;
		uint32_t id;

		if (vz_ctid_from_conf_name(entry->d_name, &id) < 0)
			continue;
		conf = vz_conf_loadat(dirfd(d), entry->d_name, &inner);
		if (!conf && errno != ENOENT)
			vz_cli_warn("%s/%s", VZ_CT_CONF_DIR, inner.msg);
		if (!conf)
			continue;
		ct = cts_get(set, id);
		if (!ct) {
			vz_conf_free(conf);
			return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
		}
		vz_conf_free(ct->conf);
		ct->conf = conf;
	}
	return 0;
}

static void complete(struct ct *ct, const struct vz_conf *host)
{
	ct->private = expanded(host, ct, "VE_PRIVATE", VZ_DEFAULT_PRIVATE);
	ct->root = expanded(host, ct, "VE_ROOT", VZ_DEFAULT_ROOT);
	ct->layout = expanded(host, ct, "VE_LAYOUT", NULL);
	ct->conf_ips = words_of(ct->conf, "IP_ADDRESS", &ct->n_conf_ips);
	ct->nameservers = words_of(ct->conf, "NAMESERVER", &ct->n_nameservers);
	ct->searchdomains = words_of(ct->conf, "SEARCHDOMAIN", &ct->n_searchdomains);
	ct->mounted = !ct->running && is_mounted(ct);
	if (ct->conf && !ct->running)
		take_limits(ct);
}

/* Nothing of it is left but a file: neither running nor with a private area. */
static bool is_hidden(const struct ct *ct)
{
	struct stat st;

	return !ct->running && (!ct->conf || below_root(ct->private, &st) < 0);
}

static void drop_hidden(struct cts *set)
{
	struct cts kept = *set, gone = *set;

	kept.count = 0;
	gone.list = calloc(set->count + 1, sizeof(*gone.list));
	gone.count = 0;
	if (!gone.list)
		return;
	for (size_t i = 0; i < set->count; i++) {
		if (is_hidden(&set->list[i]))
			gone.list[gone.count++] = set->list[i];
		else
			kept.list[kept.count++] = set->list[i];
	}
	*set = kept;
	cts_free(&gone);
}

/* A file that is not understood is said; one that is not there stands for defaults. */
static struct vz_conf *read_host_config(void)
{
	struct vz_err inner;
	struct vz_conf *host = vz_conf_loadat(vz_root(), &VZ_GLOBAL_CONF[1], &inner);

	if (!host && errno != ENOENT)
		vz_cli_warn("%s", inner.msg);
	return host;
}

int source_read(struct cts *set, unsigned int needs, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *host = read_host_config();
	bool absent = false;

	if (read_veinfo(set, &absent) < 0 || (needs & NEED_UBC && read_resources(set, absent) < 0))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	if (read_configs(set, e) < 0)
		return -1;
	for (size_t i = 0; i < set->count; i++)
		complete(&set->list[i], host);
	drop_hidden(set);
	if (needs & NEED_CPU)
		read_cpu(set);
	if (needs & NEED_DISK)
		read_disk(set);
	if (needs & NEED_UPTIME)
		read_uptime(set);
	return 0;
}
