// SPDX-License-Identifier: GPL-2.0
/* vzlist: options, and from columns and containers to a table. */
#include "vzlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/str.h"

#define MAX_COLUMNS	256

/* Errors of vzlist have one exit code. */
#define FAILED		1

static int opt_all, opt_stopped, opt_names, opt_no_header, opt_no_trim, opt_ids, opt_list;
static bool opt_json;
static char *opt_output, *opt_sort;
static struct filter filter;

static struct poptOption table[] = {
	{ "all", 'a', POPT_ARG_NONE, &opt_all, 0, "stopped containers, too", NULL },
	{ "stopped", 'S', POPT_ARG_NONE, &opt_stopped, 0, "stopped containers only", NULL },
	{ "output", 'o', POPT_ARG_STRING, &opt_output, 0, "columns to show", "COLUMN[,COLUMN...]" },
	{ "no-header", 'H', POPT_ARG_NONE, &opt_no_header, 0, "no line of titles", NULL },
	{ "sort", 's', POPT_ARG_STRING, &opt_sort, 0, "sort by a column, - in front: descending",
	  "[-]COLUMN" },
	{ "name", 'n', POPT_ARG_NONE, &opt_names, 0, "names instead of ids", NULL },
	{ NULL, '1', POPT_ARG_NONE, &opt_ids, 0, "ids only, as -H -o ctid", NULL },
	{ "no-trim", 't', POPT_ARG_NONE, &opt_no_trim, 0, "keep blanks at the end of lines", NULL },
	{ "hostname", 'h', POPT_ARG_STRING, &filter.hostname, 0,
	  "whose host name matches a shell pattern", "PATTERN" },
	{ "name_filter", 'N', POPT_ARG_STRING, &filter.name, 0, "whose name matches", "PATTERN" },
	{ "description", 'd', POPT_ARG_STRING, &filter.description, 0, "whose description matches",
	  "PATTERN" },
	{ "list", 'L', POPT_ARG_NONE, &opt_list, 0, "show which columns there are", NULL },
	POPT_TABLEEND
};

static void list_columns(void)
{
	const struct column *col;

	for (size_t i = 0; (col = column_at(i)); i++)
		printf("%-15s %-15s %s\n", col->c.name, col->c.header, col->c.help);
}

static int unknown_column(const char *name, size_t len, struct vz_err *e)
{
	char part[64], shown[128];

	snprintf(part, sizeof(part), "%.*s", (int)len, name);
	return vz_err_set(e, FAILED, "Unknown field: \"%s\"; vzlist -L lists them",
			  vz_printable(part, shown, sizeof(shown)));
}

static int parse_columns(const char *text, const struct column **cols, size_t *n, struct vz_err *e)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (*n == MAX_COLUMNS)
			return vz_err_set(e, FAILED, "-o: more than %d columns", MAX_COLUMNS);
		cols[*n] = column_find(text, len);
		if (!cols[*n])
			return unknown_column(text, len, e);
		(*n)++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int choose_columns(const struct column **cols, size_t *n, struct vz_err *e)
{
	const struct column *col;

	*n = 0;
	if (opt_ids)
		return parse_columns("ctid", cols, n, e);
	if (opt_output)
		return parse_columns(opt_output, cols, n, e);
	if (!opt_json)
		return parse_columns(opt_names ? "smart_name,numproc,status,ip,hostname" :
						 "ctid,numproc,status,ip,hostname",
				     cols, n, e);
	for (size_t i = 0; (col = column_at(i)) && *n < MAX_COLUMNS; i++)
		cols[(*n)++] = col;
	return 0;
}

static int print_table(const struct ct **list, size_t count, const struct column **cols, size_t n)
{
	const struct vz_column *plain[MAX_COLUMNS];
	struct vz_value cells[MAX_COLUMNS];
	struct vz_table t = { .out = stdout, .columns = plain, .count = n };

	t.flags = (opt_no_header || opt_ids ? VZ_TABLE_NO_HEADER : 0) |
		  (opt_no_trim ? VZ_TABLE_NO_TRIM : 0) | (opt_json ? VZ_TABLE_JSON : 0);
	for (size_t i = 0; i < n; i++)
		plain[i] = &cols[i]->c;
	vz_table_begin(&t);
	for (size_t k = 0; k < count; k++) {
		memset(cells, 0, n * sizeof(cells[0]));
		for (size_t i = 0; i < n; i++)
			cols[i]->get(list[k], cols[i], &cells[i]);
		vz_table_row(&t, cells);
	}
	return vz_table_end(&t);
}

static int show(struct cts *set, struct vz_err *e)
{
	const struct column *cols[MAX_COLUMNS], *sort = NULL;
	bool reverse = opt_sort && *opt_sort == '-';
	unsigned int needs = 0;
	const struct ct **list;
	size_t n, count;
	int rc;

	if (choose_columns(cols, &n, e) < 0)
		return -1;
	if (opt_sort) {
		const char *name = opt_sort + reverse;

		sort = column_find(name, strlen(name));
		if (!sort)
			return unknown_column(name, strlen(name), e);
		needs = sort->needs;
	}
	for (size_t i = 0; i < n; i++)
		needs |= cols[i]->needs;
	if (source_read(set, needs, e) < 0)
		return -1;
	filter.all = opt_all;
	filter.stopped = opt_stopped;
	list = select_cts(set, &filter, sort, reverse, &count, e);
	if (!list)
		return -1;
	rc = print_table(list, count, cols, n);
	free(list);
	return rc < 0 ? vz_err_errno(e, FAILED, "cannot write the list") : 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	struct cts set = { 0 };
	int rc;

	if (opt_list) {
		list_columns();
		return 0;
	}
	opt_json = a->json;
	filter.ids = a->count ? a->word : NULL;
	rc = show(&set, e);
	cts_free(&set);
	return rc;
}

static const struct vz_cli cli = {
	.name = "vzlist",
	.args = "[OPTION...] [CTID|NAME...]",
	.options = table,
	.json = "as JSON; all columns unless -o is given",
	.root = true,
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
