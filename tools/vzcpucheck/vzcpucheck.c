// SPDX-License-Identifier: GPL-2.0
/* vzcpucheck: CPU units that were given out, against the power of the host. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/err.h"
#include "lib/num.h"
#include "lib/root.h"
#include "lib/str.h"
#include "lib/table.h"

#define FAILED		1
#define UNITS_OF_ONE	500000	/* units = this / weight */
#define HOST_NODE	INT_MAX	/* what /proc/fairsched calls the host */
#define POWER_OF_BOGOMIPS 25

static int verbose;

static struct poptOption options[] = { { "verbose", 'v', POPT_ARG_NONE, &verbose, 0,
					 "a line for each container", NULL },
				       POPT_TABLEEND };

static const struct vz_column ctid = { "ctid", "VEID", 0, false, "the id, 0 is the host" };
static const struct vz_column units = { "cpuunits", "CPUUNITS", 0, false, "its units" };
static const struct vz_column *const columns[] = { &ctid, &units };

/* Where a column is, by its title; SIZE_MAX: it is not there. */
static size_t place(char **words, size_t n, const char *title)
{
	for (size_t i = 0; i < n; i++)
		if (vz_streq(words[i], title))
			return i;
	return SIZE_MAX;
}

struct places {
	size_t veid, id, weight;
};

/* A row that stands for a container or the host: one of an inner node does not. */
static bool take_row(char **words, size_t n, const struct places *at, uint64_t *id,
		     uint64_t *cpuunits)
{
	uint64_t veid, weight;

	if (at->veid >= n || at->id >= n || at->weight >= n ||
	    vz_num_u64(words[at->veid], 0, 0, &veid) < 0 ||
	    vz_num_u64(words[at->id], 1, UINT32_MAX, id) < 0 ||
	    vz_num_u64(words[at->weight], 1, UINT32_MAX, &weight) < 0)
		return false;
	if (*id == HOST_NODE)
		*id = 0;
	*cpuunits = UNITS_OF_ONE / weight;
	return true;
}

static void print_row(struct vz_table *t, uint64_t id, uint64_t cpuunits)
{
	const struct vz_value cells[] = {
		{ .kind = VZ_U64, .u64 = id },
		{ .kind = VZ_U64, .u64 = cpuunits },
	};

	if (t->flags & VZ_TABLE_JSON)
		vz_table_row(t, cells);
	else if (verbose)
		printf("%" PRIu64 "\t\t%" PRIu64 "\n", id, cpuunits);
}

/* Sum of the units; SIZE_MAX in @at until the line of titles was seen. */
static uint64_t walk(const char *text, struct vz_table *t)
{
	struct places at = { SIZE_MAX, SIZE_MAX, SIZE_MAX };
	uint64_t sum = 0, id, cpuunits;
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, " \t", &n))) {
		if (at.weight == SIZE_MAX) {
			at.veid = place(words, n, "veid");
			at.id = place(words, n, "id");
			at.weight = place(words, n, "weight");
		} else if (take_row(words, n, &at, &id, &cpuunits)) {
			print_row(t, id, cpuunits);
			sum += cpuunits;
		}
		free(words);
	}
	return sum;
}

/* Bogomips of all processors, times 25. */
static uint64_t power(const char *cpuinfo)
{
	double sum = 0;
	const char *p;

	for (p = cpuinfo; (p = strcasestr(p, "bogomips")); p++)
		if (p == cpuinfo || p[-1] == '\n')
			sum += strtod(p + strcspn(p, ":\n") + 1, NULL);
	return sum * POWER_OF_BOGOMIPS;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	struct vz_table t = {
		.out = stdout, .columns = columns, .count = 2, .flags = a->json ? VZ_TABLE_JSON : 0
	};
	_cleanup_free_ char *text = NULL, *cpuinfo = NULL;
	uint64_t sum;

	if (a->count)
		return vz_err_set(e, FAILED, "no argument is taken: %s", a->word[0]);
	text = vz_root_text("/proc/fairsched");
	if (!text) {
		int absent = errno == ENOENT;

		vz_err_errno(e, FAILED, "cannot read /proc/fairsched");
		return absent ? vz_err_hint(e, "The module that divides the CPU is not loaded") :
				-1;
	}
	cpuinfo = vz_root_text("/proc/cpuinfo");
	if (!cpuinfo)
		return vz_err_errno(e, FAILED, "cannot read /proc/cpuinfo");
	if (a->json)
		vz_table_begin(&t);
	else if (verbose)
		printf("VEID\t\tCPUUNITS\n-------------------------\n");
	sum = walk(text, &t);
	if (a->json)
		return vz_table_end(&t) < 0 ? vz_err_errno(e, FAILED, "cannot write") : 0;
	printf("Current CPU utilization: %" PRIu64 "\nPower of the node: %" PRIu64 "\n", sum,
	       power(cpuinfo));
	return 0;
}

static const struct vz_cli cli = {
	.name = "vzcpucheck",
	.options = options,
	.json = "the units of each container as JSON",
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
