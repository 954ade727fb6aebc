// SPDX-License-Identifier: GPL-2.0
/* vzubc: options, and which way to look. */
#include "vzubc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/ct.h"
#include "lib/paths.h"
#include "lib/str.h"

/* Where the last run is remembered: gone at boot, as the counters are. */
#define STORE_DIR	VZ_RUN_DIR "/vzubc"

static int quiet, verbose, relative, incremental, color, live, differences, no_title, why, follow,
	clear_failcnt, clear_held;
static char *near_held, *near_maxheld, *interval;
static struct options options = { .near_held = 0.5,
				  .near_maxheld = 0.8,
				  .interval = 2,
				  .store = STORE_DIR };

#define ONEDASH	POPT_ARGFLAG_ONEDASH

static struct poptOption table[] = {
	{ "watch", 'w', POPT_ARG_NONE, &live, 0, "full screen, kept up to date; q ends it", NULL },
	{ "differences", 'd', POPT_ARG_NONE, &differences, 0, "-w: mark what has changed", NULL },
	{ "no-title", 't', POPT_ARG_NONE, &no_title, 0, "-w: no line of title", NULL },
	{ "interval", 'n', POPT_ARG_STRING, &interval, 0, "-w: how often (2)", "SECONDS" },
	{ "quiet", 'q', POPT_ARG_NONE, &quiet, 0, "only rows near their limit, or with refusals",
	  NULL },
	{ "qh", 0, POPT_ARG_STRING | ONEDASH, &near_held, 0,
	  "share of the barrier from which held is near (0.5)", "RATIO" },
	{ "qm", 0, POPT_ARG_STRING | ONEDASH, &near_maxheld, 0, "the same for maxheld (0.8)",
	  "RATIO" },
	{ "verbose", 'v', POPT_ARG_NONE, &verbose, 0, "rows that are unlimited, too", NULL },
	{ "relative", 'r', POPT_ARG_NONE, &relative, 0, "refusals since the last run with -r",
	  NULL },
	{ "rc", 0, POPT_ARG_NONE | ONEDASH, &clear_failcnt, 0, "forget the last run with -r first",
	  NULL },
	{ "rd", 0, POPT_ARG_STRING | ONEDASH, &options.store, 0,
	  "where the last run is kept (" STORE_DIR ")", "DIR" },
	{ "incremental", 'i', POPT_ARG_NONE, &incremental, 0,
	  "change of held since the last run with -i", NULL },
	{ "ic", 0, POPT_ARG_NONE | ONEDASH, &clear_held, 0, "forget the last run with -i first",
	  NULL },
	{ "id", 0, POPT_ARG_STRING | ONEDASH, &options.store, 0, "as -rd", "DIR" },
	{ "color", 'c', POPT_ARG_NONE, &color, 0, "colours", NULL },
	{ "file", 'f', POPT_ARG_STRING, &options.file, 0,
	  "read a copy of /proc/bc/resources, - is stdin", "FILE" },
	{ "why", 0, POPT_ARG_NONE, &why, 0, "say in words what was refused, and what to do", NULL },
	{ "follow", 0, POPT_ARG_NONE, &follow, 0, "print refusals as they happen", NULL },
	{ "count", 0, POPT_ARG_LONG, &options.count, 0, "--follow: end after so many", "N" },
	POPT_TABLEEND
};

/* "0.8", or percent: "80". */
static int ratio(const char *text, double *out, struct vz_err *e)
{
	char *end, shown[64];
	double v;

	if (!text)
		return 0;
	v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= 1000000))
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "\"%s\" is no ratio: 0.8, for instance",
				  vz_printable(text, shown, sizeof(shown)));
	*out = v > 1 ? v / 100 : v;
	return 0;
}

static int seconds(const char *text, double *out, struct vz_err *e)
{
	char *end, shown[64];
	double v;

	if (!text)
		return 0;
	v = strtod(text, &end);
	if (end == text || *end || !(v >= 0.1 && v <= 86400))
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "\"%s\" is no interval: seconds from 0.1 to 86400",
				  vz_printable(text, shown, sizeof(shown)));
	*out = v;
	return 0;
}

static int take_options(const struct vz_cli_args *a, struct vz_err *e)
{
	options.quiet = quiet;
	options.verbose = verbose;
	options.relative = relative;
	options.incremental = incremental;
	options.color = color;
	options.differences = differences;
	options.no_title = no_title;
	options.json = a->json;
	if (quiet && verbose)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "--quiet and --verbose exclude each other");
	if (live + why + follow > 1)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "--watch, --why and --follow exclude each other");
	if (live && (a->json || options.file))
		return vz_err_set(
			e, VZ_EXIT_BAD_OPTION,
			"--watch is for the eye and the kernel: neither --json nor --file");
	if (options.count < 0)
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "--count: a number from 1");
	if (options.file && (why || follow))
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "refusals are read from the kernel, not from --file");
	if (why && !a->count)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "--why needs a container: vzubc --why CTID");
	return ratio(near_held, &options.near_held, e) ||
			       ratio(near_maxheld, &options.near_maxheld, e) ||
			       seconds(interval, &options.interval, e) ?
		       -1 :
		       0;
}

static int take_ids(const struct vz_cli_args *a, struct vz_err *e)
{
	if (!a->count)
		return 0;
	options.ids = calloc(a->count, sizeof(*options.ids));
	if (!options.ids)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	for (int i = 0; i < a->count; i++) {
		uint32_t *id = &options.ids[options.n_ids++];

		if (!vz_streq(a->word[i], "0") && vz_ct_resolve(a->word[i], id, e) < 0)
			return -1;
	}
	return 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	if (take_options(a, e) < 0 || take_ids(a, e) < 0)
		return -1;
	if ((clear_failcnt || clear_held) &&
	    store_clear(&options, clear_failcnt, clear_held, e) < 0)
		return -1;
	if (follow)
		return show_follow(&options, e);
	if (why)
		return show_why(&options, e);
	if (live)
		return show_live(&options, e);
	return a->json ? show_json(&options, e) : show_table(&options, e);
}

static const struct vz_cli cli = {
	.name = "vzubc",
	.args = "[OPTION...] [CTID|NAME...]",
	.options = table,
	.json = "as JSON: counters, or refusals with --why and --follow",
	.root = true,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
