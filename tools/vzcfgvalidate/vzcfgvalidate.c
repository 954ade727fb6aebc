// SPDX-License-Identifier: GPL-2.0
/* vzcfgvalidate: do the limits of a configuration fit together? */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/host.h"
#include "lib/limitset.h"
#include "lib/memuse.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/rules.h"
#include "lib/table.h"

/* Exit codes of this program. */
#define FAILED		1	/* could not look */
#define INVALID		2	/* looked, and found something */

static int repair, interactive;
static char *view;

static struct poptOption options[] = {
	{ "repair", 'r', POPT_ARG_NONE, &repair, 0, "repair what is found", NULL },
	{ "interactive", 'i', POPT_ARG_NONE, &interactive, 0, "ask before each repair", NULL },
	{ "vswap", 'v', POPT_ARG_STRING, &view, 0,
	  "check as RAM and swap, or as classic limits; else by what physpages says", "yes|no" },
	POPT_TABLEEND
};

static const struct vz_column columns[] = {
	{ "severity", "", 0, false, "Error, Warning or Recommendation" },
	{ "parameter", "", 0, false, "whose limits are to change" },
	{ "message", "", 0, false, "the rule, and the value now" },
	{ "fix", "", 0, false, "barrier:limit that makes it hold" },
	{ "repaired", "", 0, false, "whether that was done" },
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

struct job {
	struct vz_limitset *limits;
	bool changed[VZ_SLOT_END];
	bool any;
	struct vz_table *json;		/* NULL: sentences */
};

/* Yes is the default; the end of the input is no. */
static bool ask(void)
{
	char line[256];

	for (;;) {
		fprintf(stderr, " (y/n) [y] ");
		if (!fgets(line, sizeof(line), stdin)) {
			fputc('\n', stderr);
			return false;
		}
		if (*line == 'y' || *line == '\n')
			return true;
		if (*line == 'n')
			return false;
	}
}

static bool on_finding(const struct vz_finding *f, void *arg)
{
	struct job *job = arg;
	char fix[VZ_LIMIT_TEXT] = "";
	bool fixed = false;

	if (f->has_fix)
		vz_limit_format(&f->fix, fix);
	if (!job->json)
		fprintf(stderr, "%s\n", f->text);
	if (f->has_fix && (repair || interactive)) {
		if (!job->json)
			fprintf(stderr, "set to %s%s", fix, interactive ? "" : "\n");
		fixed = !interactive || ask();
	}
	if (fixed)
		job->changed[f->row] = job->any = true;
	if (job->json) {
		struct vz_value cells[N_COLUMNS] = {
			{ .kind = VZ_STR, .str = vz_severity_name(f->severity) },
			{ .kind = VZ_STR, .str = vz_limitset_name(f->row) },
			{ .kind = VZ_STR, .str = strchr(f->text, ' ') + 1 },
			{ .kind = VZ_STR, .str = *fix ? fix : NULL },
			{ .kind = VZ_YESNO, .yes = fixed },
		};

		vz_table_row(job->json, cells);
	}
	return fixed;
}

/* A path, or the id of a container. */
static struct vz_conf *load(const char *arg, char *path, size_t size, struct vz_err *e)
{
	struct vz_conf *c;

	snprintf(path, size, "%s", arg);
	if (arg[strspn(arg, "0123456789")] == '\0' && access(arg, F_OK) != 0)
		snprintf(path, size, VZ_CT_CONF_DIR "/%s.conf", arg);
	c = vz_conf_load(path, e);
	if (!c && errno == ENOENT)
		vz_err_set(e, FAILED, "Container configuration file %s not found", path);
	return c;
}

/* DISK_QUOTA of the file, or of the host's defaults. */
static bool disk_quota(const struct vz_conf *c)
{
	_cleanup_(vz_conf_freep) struct vz_conf *global =
		vz_conf_loadat(vz_root(), &VZ_GLOBAL_CONF[1], NULL);
	const char *value = vz_conf_get(c, "DISK_QUOTA");

	if (!global)
		vz_cli_warn("cannot read %s: %s", VZ_GLOBAL_CONF, strerror(errno));
	if (!value)
		value = vz_conf_get(global, "DISK_QUOTA");
	return value && vz_param_yesno(value) > 0;
}

/* Return: errors and warnings that are left; -1 with @e set. */
static int check(struct job *job, const struct vz_conf *c, struct vz_err *e)
{
	bool vswap = vz_limitset_is_vswap(job->limits);
	uint64_t page = sysconf(_SC_PAGESIZE);
	struct vz_mem mem;

	if (view)
		vswap = vz_param_yesno(view) > 0;
	if (!vswap)
		return vz_rules_classic(job->limits, disk_quota(c), on_finding, job);
	if (vz_host_memory(&mem, e))
		return -1;
	return vz_rules_vswap(job->limits, mem.ram / page, mem.has_swap ? mem.swap / page : 0,
			      on_finding, job);
}

static int save(const struct job *job, struct vz_conf *c, const char *path, struct vz_err *e)
{
	for (int row = 0; row < VZ_SLOT_END; row++)
		if (job->changed[row] && vz_limitset_write(job->limits, row, c))
			return vz_err_errno(e, FAILED, "cannot change %s", path);
	return vz_conf_save(c, path, e);
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	const struct vz_column *plain[N_COLUMNS];
	struct vz_table table = {
		.out = stdout, .columns = plain, .count = N_COLUMNS, .flags = VZ_TABLE_JSON
	};
	_cleanup_(vz_conf_freep) struct vz_conf *c = NULL;
	struct vz_limitset limits;
	struct job job = { .limits = &limits, .json = a->json ? &table : NULL };
	char path[PATH_MAX];
	int left;

	if (a->count != 1)
		return vz_err_set(e, FAILED,
				  "one configuration file is needed; see "
				  "vzcfgvalidate --help");
	if (view && vz_param_yesno(view) < 0)
		return vz_err_set(e, FAILED, "Invalid argument for -v: %s", view);
	if (a->json && interactive)
		return vz_err_set(e, FAILED, "--json and -i exclude each other");
	c = load(a->word[0], path, sizeof(path), e);
	if (!c || vz_limitset_read(&limits, c, e))
		return -1;
	for (size_t i = 0; i < N_COLUMNS; i++)
		plain[i] = &columns[i];
	if (a->json)
		vz_table_begin(&table);
	left = check(&job, c, e);
	if (left < 0 || (a->json && vz_table_end(&table) < 0))
		return left < 0 ? -1 : vz_err_errno(e, FAILED, "cannot write");
	if (left)
		return INVALID;
	if (job.any && save(&job, c, path, e))
		return -1;
	if (!a->json)
		fprintf(stderr, "Validation completed: success\n");
	return 0;
}

static const struct vz_cli cli = {
	.name = "vzcfgvalidate",
	.args = "FILE|CTID",
	.options = options,
	.json = "the findings as JSON",
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
