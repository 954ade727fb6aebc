// SPDX-License-Identifier: GPL-2.0
/* vzexport: counters of all containers as text for Prometheus. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/counters.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/str.h"

static int opt_all, opt_openmetrics;
static char *opt_output;

static struct poptOption table[] = {
	{ "output", 'o', POPT_ARG_STRING, &opt_output, 0,
	  "write this file, whole or not at all; - is stdout", "FILE" },
	{ "all", 'a', POPT_ARG_NONE, &opt_all, 0, "rows that are not enforced, too", NULL },
	{ "openmetrics", 0, POPT_ARG_NONE, &opt_openmetrics, 0,
	  "name counters as OpenMetrics wants it, not as node_exporter does", NULL },
	POPT_TABLEEND
};

static const struct metric {
	const char *name;	/* behind beanpod_resource_ */
	bool counter;		/* its samples end in _total */
	const char *help;
} metrics[VZ_NUMBERS] = {
	[VZ_HELD] = { "held", false, "What the container has now, in bytes or items." },
	[VZ_MAXHELD] = { "maxheld", false,
			 "The most it ever had since the counters were cleared." },
	[VZ_BARRIER] = { "barrier", false,
			 "Where requests stop that a program can be told no about." },
	[VZ_LIMIT] = { "limit", false, "Where requests stop whose failure would hurt." },
	[VZ_FAILCNT] = { "failures", true, "Requests that were refused." },
};

/* A label's value: no content can end it, and it is UTF-8. */
static void add_label(struct vz_buf *b, const char *value)
{
	while (*value) {
		uint32_t code;
		size_t len = vz_utf8(value, &code);

		if (*value == '\n')
			vz_buf_adds(b, "\\n");
		else if (*value == '"' || *value == '\\')
			vz_buf_addf(b, "\\%c", *value);
		else if (!len)
			vz_buf_adds(b, "\xef\xbf\xbd");
		else
			vz_buf_add(b, value, len);
		value += len ? len : 1;
	}
}

static void add_head(struct vz_buf *b, const char *name, bool counter, const char *help)
{
	const char *total = counter && !opt_openmetrics ? "_total" : "";

	vz_buf_addf(b, "# HELP beanpod_%s%s %s\n# TYPE beanpod_%s%s %s\n", name, total, help, name,
		    total, counter ? "counter" : "gauge");
}

static bool is_exported(const struct vz_row *row)
{
	return opt_all || row->state != BC_STATE_NOT_ENFORCED;
}

static void add_value(struct vz_buf *b, const struct vz_row *row, int k)
{
	uint64_t v = row->n[k];

	if (k != VZ_FAILCNT && v == BC_UNLIMITED)
		vz_buf_adds(b, "+Inf\n");
	else if (k != VZ_FAILCNT && row->unit == BC_UNIT_PAGES)
		/* Exact as long as a double is. */
		vz_buf_addf(b, "%.0f\n", (double)v * sysconf(_SC_PAGESIZE));
	else
		vz_buf_addf(b, "%" PRIu64 "\n", v);
}

static void add_metric(struct vz_buf *b, const struct vz_counters_set *set, int k)
{
	const struct metric *m = &metrics[k];
	char name[32];

	snprintf(name, sizeof(name), "resource_%s", m->name);
	add_head(b, name, m->counter, m->help);
	for (size_t i = 0; i < set->count; i++) {
		const struct vz_counters *c = &set->list[i];

		for (size_t n = 0; n < c->count; n++) {
			const struct vz_row *row = &c->rows[n];

			if (!is_exported(row))
				continue;
			vz_buf_addf(b, "beanpod_%s%s{ctid=\"%" PRIu32 "\",resource=\"", name,
				    m->counter ? "_total" : "", c->id);
			add_label(b, row->name);
			vz_buf_addf(b, "\",unit=\"%s\"} ",
				    row->unit == BC_UNIT_ITEMS || k == VZ_FAILCNT ? "items" :
										    "bytes");
			add_value(b, row, k);
		}
	}
}

static void add_info(struct vz_buf *b, uint32_t id)
{
	_cleanup_(vz_conf_freep) struct vz_conf *conf = NULL;
	const char *name, *host;
	char path[64];

	snprintf(path, sizeof(path), "%s/%" PRIu32 ".conf", &VZ_CT_CONF_DIR[1], id);
	conf = vz_conf_loadat(vz_root(), path, NULL);
	name = vz_conf_get(conf, "NAME");
	host = vz_conf_get(conf, "HOSTNAME");
	vz_buf_addf(b, "beanpod_container_info{ctid=\"%" PRIu32 "\",name=\"", id);
	add_label(b, name ? name : "");
	vz_buf_adds(b, "\",hostname=\"");
	add_label(b, host ? host : "");
	vz_buf_adds(b, "\"} 1\n");
}

static void add_containers(struct vz_buf *b, const struct vz_counters_set *set)
{
	add_head(b, "container_info", false, "Name and host name of a container.");
	for (size_t i = 0; i < set->count; i++)
		add_info(b, set->list[i].id);
	/* The files under /proc do not tell who runs. */
	if (!set->count || set->list[0].life == VZ_UNKNOWN)
		return;
	add_head(b, "container_running", false, "1 if a task lives in the container.");
	for (size_t i = 0; i < set->count; i++)
		vz_buf_addf(b, "beanpod_container_running{ctid=\"%" PRIu32 "\"} %d\n",
			    set->list[i].id, set->list[i].life == BC_LIFE_RUNNING);
}

static int write_output(const char *text, struct vz_err *e)
{
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *path = NULL;
	char *slash;
	const char *base;

	if (!opt_output || vz_streq(opt_output, "-")) {
		fputs(text, stdout);
		return 0;
	}
	path = strdup(opt_output);
	if (!path)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	slash = strrchr(path, '/');
	base = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	dir = open(!slash ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!*base || dir < 0 || vz_replace_text(dir, base, text, 0644) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot write %s", opt_output);
	return 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	_cleanup_free_ char *text = NULL;
	struct vz_counters_set set;
	struct vz_buf b = { 0 };
	struct vz_err written;
	int up;

	if (a->count)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "takes no argument: the output has all containers");
	up = vz_counters_read(&set, e) == 0;
	add_head(&b, "up", false, "1 if the counters could be read.");
	vz_buf_addf(&b, "beanpod_up %d\n", up);
	if (up) {
		add_containers(&b, &set);
		for (int k = 0; k < VZ_NUMBERS; k++)
			add_metric(&b, &set, k);
		vz_counters_free(&set);
	}
	vz_buf_adds(&b, "# EOF\n");
	text = vz_buf_steal(&b, NULL);
	if (!text)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	/* A file of yesterday would look like news: it says that nothing could be read. */
	if (write_output(text, up ? e : &written) < 0 && up)
		return -1;
	return up ? 0 : -1;
}

static const struct vz_cli cli = {
	.name = "vzexport",
	.args = "[OPTION...]",
	.options = table,
	.root = true,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
