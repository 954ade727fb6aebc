// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <string.h>
#include <strings.h>

#include <beanpod/beancounter.h>

#include "lib/conf.h"
#include "lib/num.h"
#include "lib/param.h"
#include "lib/str.h"
#include "vzlist.h"

/* The text a container's file gives for a key; NULL if there is none. */
static const char *setting(const struct ct *ct, const char *key)
{
	const char *value = vz_conf_get(ct->conf, key);

	return value && *value ? value : NULL;
}

static void put_str(struct vz_value *v, const char *s)
{
	v->kind = s ? VZ_STR : VZ_NONE;
	v->str = s;
}

static void put_u64(struct vz_value *v, uint64_t n)
{
	v->kind = VZ_U64;
	v->u64 = n;
}

static void get_ctid(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_u64(v, ct->id);
}

static void get_status(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_str(v, ct->running ? "running" : ct->mounted ? "mounted" : "stopped");
}

static void get_setting(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	put_str(v, setting(ct, col->key));
}

static void get_private(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_str(v, ct->private);
}

static void get_root(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_str(v, ct->root);
}

static void get_smart_name(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	const char *name = setting(ct, col->key);

	if (name)
		put_str(v, name);
	else
		put_u64(v, ct->id);
}

static void put_list(struct vz_value *v, char **words, size_t n)
{
	v->kind = VZ_LIST;
	v->list.words = (const char *const *)words;
	v->list.count = n;
}

static void get_ip(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	if (ct->running)
		put_list(v, ct->ips, ct->n_ips);
	else
		put_list(v, ct->conf_ips, ct->n_conf_ips);
}

static void get_nameserver(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_list(v, ct->nameservers, ct->n_nameservers);
}

static void get_searchdomain(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_list(v, ct->searchdomains, ct->n_searchdomains);
}

static const char *const disk_names[N_DISK] = { "usage", "softlimit", "hardlimit" };

/*
 * Of a stopped container nothing is held; its limits are those of the file, its
 * highest use and failures those that the kernel still remembers.
 */
static void get_ubc(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	bool limits = col->value == VZ_BARRIER || col->value == VZ_LIMIT;

	if (!ct->has_row[col->which])
		return;
	v->kind = VZ_RECORD;
	v->record.names = vz_number_names;
	v->record.values = ct->row[col->which];
	v->record.count = VZ_NUMBERS;
	v->record.shown = col->value;
	if (!ct->running && !limits && (col->value == VZ_HELD || !ct->has_rows))
		v->record.shown = VZ_SHOW_NONE;
}

static void get_disk(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	if (!ct->has_disk)
		return;
	v->kind = VZ_RECORD;
	v->record.names = disk_names;
	v->record.values = ct->disk[col->which];
	v->record.count = N_DISK;
	v->record.shown = col->value;
}

static void get_uptime(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	v->json_none = "0.000";
	if (!ct->started_ns)
		return;
	v->kind = VZ_UPTIME;
	v->u64 = ct->uptime_ms;
}

/* The kernel does not average the load of a container. */
static void get_nothing(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)ct;
	(void)col;
	v->kind = VZ_NONE;
}

static void put_number(struct vz_value *v, const char *text)
{
	uint64_t n;

	if (text && vz_num_u64(text, 0, UINT64_MAX, &n) == 0)
		put_u64(v, n);
}

static void put_percent(struct vz_value *v, const char *text)
{
	uint64_t n;

	if (text && vz_num_percent(text, BC_CPU_LIMIT_MAX, &n) == 0)
		put_u64(v, whole_percent(n));
}

static void get_cpulimit(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	if (ct->has_cpulimit)
		put_u64(v, ct->cpulimit);
	else if (!ct->running)
		put_percent(v, setting(ct, col->key));
}

static void get_cpuunits(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	if (ct->has_cpuunits)
		put_u64(v, ct->cpuunits);
	else if (!ct->running)
		put_number(v, setting(ct, col->key));
}

static void get_cpus(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	if (ct->has_cpus)
		put_u64(v, ct->cpus);
	else
		put_number(v, setting(ct, col->key));
}

static void get_cpuclass(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	if (ct->has_cpuclass)
		put_u64(v, ct->cpuclass);
	else if (!ct->running)
		put_number(v, setting(ct, col->key));
}

/* Numbers that old programs expect as 0 in JSON when they are not set. */
static void get_number0(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	v->json_none = "0";
	put_number(v, setting(ct, col->key));
}

static void get_number(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	put_number(v, setting(ct, col->key));
}

static void get_yesno(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	const char *text = setting(ct, col->key);
	int yes = text ? vz_param_yesno(text) : -1;

	if (yes < 0)
		return;
	v->kind = VZ_YESNO;
	v->yes = yes;
}

static void get_disabled(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	get_yesno(ct, col, v);
	v->kind = VZ_YESNO;
}

/* A memory size, not a classic set of limits: physpages is finite. */
static void get_vswap(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	struct vz_limit l;

	(void)col;
	v->kind = VZ_YESNO;
	v->yes = ct->conf && vz_param_limit(vz_param_by_key("PHYSPAGES"), ct->conf, &l, NULL) > 0 &&
		 l.limit != BC_UNLIMITED && l.limit != INT_MAX;
}

static void get_overcommit(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	const char *text = setting(ct, col->key);
	uint64_t whole;

	v->json_none = "0";
	if (!text)
		return;
	if (vz_num_u64(text, 0, UINT32_MAX, &whole) == 0)
		put_u64(v, whole);
	else
		put_str(v, text);
}

static void get_layout(const struct ct *ct, const struct column *col, struct vz_value *v)
{
	(void)col;
	put_str(v, ct->layout);
}

/* ---- the table ------------------------------------------------------------------ */

/* clang-format off */
#define COL(name_, header_, width_, get_, key_, help_, ...)			\
	{ .c = { name_, header_, width_, false, help_ }, .get = get_, .key = key_, __VA_ARGS__ },

/* Titles of the classic vzlist. */
#define T_KMEMSIZE	"KMEMSIZE"
#define T_LOCKEDPAGES	"LOCKEDP"
#define T_PRIVVMPAGES	"PRIVVMP"
#define T_SHMPAGES	"SHMP"
#define T_NUMPROC	"NPROC"
#define T_PHYSPAGES	"PHYSP"
#define T_VMGUARPAGES	"VMGUARP"
#define T_OOMGUARPAGES	"OOMGUARP"
#define T_NUMTCPSOCK	"NTCPSOCK"
#define T_NUMFLOCK	"NFLOCK"
#define T_NUMPTY	"NPTY"
#define T_NUMSIGINFO	"NSIGINFO"
#define T_TCPSNDBUF	"TCPSNDB"
#define T_TCPRCVBUF	"TCPRCVB"
#define T_OTHERSOCKBUF	"OTHSOCKB"
#define T_DGRAMRCVBUF	"DGRAMRB"
#define T_NUMOTHERSOCK	"NOTHSOCK"
#define T_DCACHESIZE	"DCACHESZ"
#define T_NUMFILE	"NFILE"
#define T_NUMIPTENT	"NIPTENT"
#define T_SWAPPAGES	"SWAPP"
/* Extended rows. */
#define T_NUMINOTIFY	"NINOTIFY"
#define T_NUMWATCH	"NWATCH"
#define T_NUMNS		"NNS"
#define T_NUMMOUNT	"NMOUNT"
#define T_PIPEPAGES	"PIPEP"
#define T_NUMKEY	"NKEY"
#define T_NUMIPC	"NIPC"
#define T_NUMCONNTRACK	"NCONNTR"

#define UBC_COL(id, title, name_, suffix, number, text_only_, help_)		\
	{ .c = { name_ suffix, title, 10, text_only_, help_ }, .get = get_ubc,	\
	  .which = id, .value = number, .needs = NEED_UBC },
#define UBC(id, NAME, name, unit, kind, meaning)				\
	UBC_COL(id, T_##NAME, #name, "", VZ_HELD, false, meaning)			\
	UBC_COL(id, T_##NAME ".M", #name, ".m", VZ_MAXHELD, true, "highest use")	\
	UBC_COL(id, T_##NAME ".B", #name, ".b", VZ_BARRIER, true, "barrier")	\
	UBC_COL(id, T_##NAME ".L", #name, ".l", VZ_LIMIT, true, "limit")		\
	UBC_COL(id, T_##NAME ".F", #name, ".f", VZ_FAILCNT, true, "refusals")

#define DISK_COL(name_, title, which_, number, text_only_, help_)		\
	{ .c = { name_, title, 10, text_only_, help_ }, .get = get_disk,	\
	  .which = which_, .value = number, .needs = NEED_DISK },

static const struct column columns[] = {
	COL("ctid", "CTID", 10, get_ctid, NULL, "container id")
	COL("veid", "CTID", 10, get_ctid, NULL, "the same")
	COL("vpsid", "CTID", 10, get_ctid, NULL, "the same")
	COL("private", "PRIVATE", -32, get_private, NULL, "where its files are kept")
	COL("root", "ROOT", -32, get_root, NULL, "where its root is mounted")
	COL("mount_opts", "MOUNT_OPTS", -16, get_setting, "MOUNT_OPTS", "mount options")
	COL("origin_sample", "ORIGIN_SAMPLE", -32, get_setting, "ORIGIN_SAMPLE",
	    "sample configuration it was made from")
	COL("hostname", "HOSTNAME", -32, get_setting, "HOSTNAME", "host name")
	COL("name", "NAME", -32, get_setting, "NAME", "second name")
	COL("smart_name", "SMARTNAME", 10, get_smart_name, "NAME", "name, or id if it has none")
	COL("description", "DESCRIPTION", -32, get_setting, "DESCRIPTION", "one line for people")
	COL("ostemplate", "OSTEMPLATE", -32, get_setting, "OSTEMPLATE", "template it was made from")
	COL("ip", "IP_ADDR", -15, get_ip, NULL, "addresses")
	COL("nameserver", "NAMESERVER", -15, get_nameserver, NULL, "name servers")
	COL("searchdomain", "SEARCHDOMAIN", -15, get_searchdomain, NULL, "search domains")
	COL("status", "STATUS", -9, get_status, NULL, "running, stopped or mounted")
	BC_RESOURCES(UBC)
	DISK_COL("diskspace", "DSPACE", 0, USAGE, false, "disk space in use, KB")
	DISK_COL("diskspace.s", "DSPACE.S", 0, SOFT, true, "soft limit of it")
	DISK_COL("diskspace.h", "DSPACE.H", 0, HARD, true, "hard limit of it")
	DISK_COL("diskinodes", "DINODES", 1, USAGE, false, "inodes in use")
	DISK_COL("diskinodes.s", "DINODES.S", 1, SOFT, true, "soft limit of it")
	DISK_COL("diskinodes.h", "DINODES.H", 1, HARD, true, "hard limit of it")
	COL("laverage", "LAVERAGE", 14, get_nothing, NULL, "load average")
	COL("uptime", "UPTIME", 15, get_uptime, NULL, "time since it was started",
	    .needs = NEED_UPTIME)
	COL("cpulimit", "CPULIM", 7, get_cpulimit, "CPULIMIT", "CPU limit, percent of one CPU, rounded",
	    .needs = NEED_CPU)
	COL("cpuunits", "CPUUNI", 7, get_cpuunits, "CPUUNITS", "CPU weight", .needs = NEED_CPU)
	COL("cpus", "CPUS", 5, get_cpus, "CPUS", "number of CPUs", .needs = NEED_CPU)
	COL("cpuclass", "CLASS", 5, get_cpuclass, "CPUCLASS", "class under the CPU policy strict",
	    .needs = NEED_CPU)
	COL("ioprio", "IOP", 3, get_number0, "IOPRIO", "I/O priority")
	COL("iolimit", "IOLIMIT", 10, get_number0, "IOLIMIT", "I/O limit, bytes a second")
	COL("iopslimit", "IOPS", 4, get_number0, "IOPSLIMIT", "I/O operations a second")
	COL("onboot", "ONBOOT", 6, get_yesno, "ONBOOT", "started with the host")
	COL("bootorder", "BOOTORDER", 10, get_number, "BOOTORDER", "higher starts earlier")
	COL("layout", "LAYOUT", 6, get_layout, "VE_LAYOUT", "how the root is put together")
	COL("features", "FEATURES", -15, get_setting, "FEATURES", "features")
	COL("vswap", "VSWAP", 5, get_vswap, NULL, "physpages is limited")
	COL("disabled", "DISABL", 6, get_disabled, "DISABLED", "must not be started")
	COL("vm_overcommit", "VM_OVC", 6, get_overcommit, "VM_OVERCOMMIT", "memory overcommit factor")
	COL("netfilter", "NETFILTER", -9, get_setting, "NETFILTER", "packet filter")
	COL("capability", "CAPABILITY", -15, get_setting, "CAPABILITY", "capabilities")
};
/* clang-format on */

const struct column *column_at(size_t i)
{
	return i < sizeof(columns) / sizeof(columns[0]) ? &columns[i] : NULL;
}

const struct column *column_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strlen(columns[i].c.name) == len &&
		    strncasecmp(columns[i].c.name, name, len) == 0)
			return &columns[i];
	return NULL;
}
