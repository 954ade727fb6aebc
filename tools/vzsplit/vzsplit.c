// SPDX-License-Identifier: GPL-2.0
/* vzsplit: a sample configuration for one of N equal containers of this host. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/host.h"
#include "lib/json.h"
#include "lib/limitset.h"
#include "lib/memuse.h"
#include "lib/num.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/split.h"
#include "lib/str.h"
#include "lib/table.h"

#define FAILED		1
#define MAX_CONTAINERS	100000

static char *name, *number, *swap, *vswap;

static struct poptOption options[] = {
	{ "name", 'f', POPT_ARG_STRING, &name, 0,
	  "write /etc/vz/conf/ve-NAME.conf-sample; else to stdout", "NAME" },
	{ "number", 'n', POPT_ARG_STRING, &number, 0, "how many containers", "N" },
	{ "swap", 's', POPT_ARG_STRING, &swap, 0, "KB of swap; else what the host has", "KB" },
	{ "vswap", 'v', POPT_ARG_STRING, &vswap, 0, "divide RAM and swap, not classic limits (no)",
	  "yes|no" },
	POPT_TABLEEND
};

static const struct vz_column parameter = { "parameter", "", 0, false, "key of the configuration" };
static const struct vz_column barrier = { "barrier", "", 0, false, "number" };
static const struct vz_column limit = { "limit", "", 0, false, "number" };
static const struct vz_column *const columns[] = { &parameter, &barrier, &limit };

/* In the order of the file; a group begins where title is set. */
static const struct {
	int row;
	const char *title;
} order[] = {
	{ VZ_SLOT_NUMPROC, "Primary parameters" },
	{ VZ_SLOT_AVNUMPROC, NULL },
	{ VZ_SLOT_NUMTCPSOCK, NULL },
	{ VZ_SLOT_NUMOTHERSOCK, NULL },
	{ VZ_SLOT_VMGUARPAGES, NULL },
	{ VZ_SLOT_KMEMSIZE, "Secondary parameters" },
	{ VZ_SLOT_TCPSNDBUF, NULL },
	{ VZ_SLOT_TCPRCVBUF, NULL },
	{ VZ_SLOT_OTHERSOCKBUF, NULL },
	{ VZ_SLOT_DGRAMRCVBUF, NULL },
	{ VZ_SLOT_OOMGUARPAGES, NULL },
	{ VZ_SLOT_PRIVVMPAGES, NULL },
	{ VZ_SLOT_LOCKEDPAGES, "Auxiliary parameters" },
	{ VZ_SLOT_SHMPAGES, NULL },
	{ VZ_SLOT_PHYSPAGES, NULL },
	{ VZ_SLOT_SWAPPAGES, NULL },
	{ VZ_SLOT_NUMFILE, NULL },
	{ VZ_SLOT_NUMFLOCK, NULL },
	{ VZ_SLOT_NUMPTY, NULL },
	{ VZ_SLOT_NUMSIGINFO, NULL },
	{ VZ_SLOT_DCACHESIZE, NULL },
	{ VZ_SLOT_NUMIPTENT, NULL },
	{ VZ_SLOT_DISKSPACE, "Disk: soft and hard limit" },
	{ VZ_SLOT_DISKINODES, NULL },
};

/* Size of the file system that private areas are on; stays 0 if it is not known. */
static void read_disk(struct vz_split_host *host)
{
	_cleanup_(vz_conf_freep) struct vz_conf *global =
		vz_conf_loadat(vz_root(), &VZ_GLOBAL_CONF[1], NULL);
	const char *private = vz_conf_get(global, "VE_PRIVATE");
	_cleanup_free_ char *path = strdup(private ? private : VZ_DEFAULT_PRIVATE);
	_cleanup_close_ int fd = -1;
	struct statvfs st;
	char *veid = path ? strstr(path, "$VEID") : NULL;

	if (veid)
		*veid = '\0';
	if (path)
		fd = openat(vz_root(), path[1] ? path + 1 : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatvfs(fd, &st)) {
		vz_cli_warn("cannot see the size of %s: %s; default disk limits are used",
			    path ? path : "VE_PRIVATE", strerror(errno));
		return;
	}
	host->disk_kb = (uint64_t)st.f_blocks * (st.f_frsize / 1024);
	host->inodes = st.f_files;
}

static int read_host(struct vz_split_host *host, struct vz_err *e)
{
	struct vz_mem mem;

	*host = (struct vz_split_host){ .page = sysconf(_SC_PAGESIZE) };
	if (vz_host_memory(&mem, e) || vz_host_threads(&host->threads, e))
		return -1;
	host->ram = mem.ram;
	host->low = mem.low;
	host->swap = mem.has_swap ? mem.swap : 0;
	if (swap) {
		if (vz_num_u64(swap, 0, BC_UNLIMITED >> 20, &host->swap))
			return vz_err_set(e, FAILED, "Invalid argument for -s: %s", swap);
		host->swap <<= 10;
	}
	read_disk(host);
	return 0;
}

static int read_number(uint64_t *n, struct vz_err *e)
{
	char line[32] = "";

	if (!number) {
		fprintf(stderr, "Enter the number of containers: ");
		if (!fgets(line, sizeof(line), stdin))
			line[0] = '\0';
		line[strcspn(line, "\n")] = '\0';
	}
	if (vz_num_u64(number ? number : line, 1, MAX_CONTAINERS, n) < 0)
		return vz_err_set(e, FAILED, "-n: a number from 1 to %d is needed", MAX_CONTAINERS);
	return 0;
}

/* RAM and twice as much swap, in place of all that bounds address space and kernel. */
static void make_vswap(struct vz_limitset *s, uint64_t ram)
{
	for (int row = 0; row < BC_ROWS; row++)
		if (s->has[row])
			vz_limitset_put(s, row, BC_UNLIMITED, BC_UNLIMITED);
	s->has[VZ_SLOT_AVNUMPROC] = false;
	vz_limitset_put(s, VZ_SLOT_VMGUARPAGES, 0, BC_UNLIMITED);
	vz_limitset_put(s, VZ_SLOT_OOMGUARPAGES, 0, BC_UNLIMITED);
	vz_limitset_put(s, VZ_SLOT_PHYSPAGES, 0, ram);
	vz_limitset_put(s, VZ_SLOT_SWAPPAGES, 0, 2 * ram);
}

static char *text_of(const struct vz_split_host *host, uint64_t n, const struct vz_limitset *s,
		     int level)
{
	struct vz_buf b = { 0 };
	char value[VZ_LIMIT_TEXT];

	vz_buf_addf(&b,
		    "# Configuration file generated by vzsplit for %" PRIu64 " containers\n"
		    "# on HN with total amount of physical memory %" PRIu64 " Mb,\n"
		    "# low memory %" PRIu64 " Mb, swap size %" PRIu64 " Mb, max threads %" PRIu64
		    ".\n# Resource commit level %d:\n# %s\n",
		    n, host->ram >> 20, host->low >> 20, host->swap >> 20, host->threads, level,
		    vz_split_level_text(level));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i].title)
			vz_buf_addf(&b, "\n# %s\n", order[i].title);
		if (!s->has[order[i].row])
			continue;
		vz_limit_format(&s->v[order[i].row], value);
		vz_buf_addf(&b, "%s=\"%s\"\n", vz_limitset_param(order[i].row)->key, value);
	}
	vz_buf_adds(&b, "\nCPUUNITS=\"1000\"\n");
	return vz_buf_steal(&b, NULL);
}

static int print_json(const struct vz_limitset *s, struct vz_err *e)
{
	struct vz_table t = {
		.out = stdout, .columns = columns, .count = 3, .flags = VZ_TABLE_JSON
	};

	vz_table_begin(&t);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int row = order[i].row;
		const struct vz_value cells[] = {
			{ .kind = VZ_STR, .str = vz_limitset_param(row)->key },
			{ .kind = VZ_U64, .u64 = s->v[row].barrier },
			{ .kind = VZ_U64, .u64 = s->v[row].limit },
		};

		if (s->has[row])
			vz_table_row(&t, cells);
	}
	return vz_table_end(&t) < 0 ? vz_err_errno(e, FAILED, "cannot write") : 0;
}

/* A sample that is there stays. */
static int write_sample(const char *text, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *c = NULL;
	char path[300];

	if (!*name || strlen(name) > 128 || strchr(name, '/') || *name == '.')
		return vz_err_set(e, FAILED, "Invalid argument for -f: %s", name);
	snprintf(path, sizeof(path), VZ_CT_CONF_DIR "/ve-%s.conf-sample", name);
	if (access(path, F_OK) == 0)
		return vz_err_set(e, FAILED, "File %s already exists", path);
	c = vz_conf_parse(text, strlen(text), path, e);
	if (!c || vz_conf_save(c, path, e))
		return -1;
	fprintf(stderr, "Config %s was created\n", path);
	return 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	_cleanup_free_ char *text = NULL;
	struct vz_split_host host;
	struct vz_limitset s;
	uint64_t n, ram;
	int level;

	if (a->count)
		return vz_err_set(e, FAILED, "no argument is taken: %s", a->word[0]);
	if (vswap && vz_param_yesno(vswap) < 0)
		return vz_err_set(e, FAILED, "Invalid argument for -v: %s", vswap);
	if (a->json && name)
		return vz_err_set(e, FAILED, "--json and -f exclude each other");
	if (read_number(&n, e) || read_host(&host, e))
		return -1;
	level = vz_split(&host, n, &s, &ram, e);
	if (level < 0)
		return -1;
	if (vswap && vz_param_yesno(vswap))
		make_vswap(&s, ram);
	if (a->json)
		return print_json(&s, e);
	text = text_of(&host, n, &s, level);
	if (!text)
		return vz_err_set(e, FAILED, "no memory");
	if (name)
		return write_sample(text, e);
	fputs(text, stdout);
	return 0;
}

static const struct vz_cli cli = {
	.name = "vzsplit",
	.options = options,
	.json = "the limits as JSON",
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
