// SPDX-License-Identifier: GPL-2.0
/* vzmemcheck: memory of the host that running containers use and were promised. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/counters.h"
#include "lib/err.h"
#include "lib/host.h"
#include "lib/limitset.h"
#include "lib/memuse.h"
#include "lib/table.h"

#define FAILED	1
#define MB	(1024.0 * 1024.0)

static int verbose, absolute;

static struct poptOption options[] = {
	{ "verbose", 'v', POPT_ARG_NONE, &verbose, 0, "a line for each container", NULL },
	{ "absolute", 'A', POPT_ARG_NONE, &absolute, 0, "in megabytes, not in percent", NULL },
	POPT_TABLEEND
};

static const struct vz_column columns[] = {
	{ "ctid", "CTID", -10, false, "the id; null is the sum" },
	{ "lowmem_util", "", 7, false, "kernel memory and socket buffers in use" },
	{ "lowmem_commit", "", 7, false, "the same at their limits" },
	{ "ram_util", "", 7, false, "RAM in use" },
	{ "memswap_util", "", 7, false, "RAM and swap in use" },
	{ "memswap_commit", "", 7, false, "RAM and swap promised" },
	{ "alloc_util", "", 7, false, "address space in use" },
	{ "alloc_commit", "", 7, false, "address space promised" },
	{ "alloc_limit", "", 7, false, "address space at most" },
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

_Static_assert(N_COLUMNS == VZ_MEMUSE_N + 1, "one column for each number");

/* The classic layout: the first column is there with -v, and in JSON. */
static size_t first_column(const struct vz_table *t)
{
	return verbose || t->flags & VZ_TABLE_JSON ? 0 : 1;
}

static void print_numbers(struct vz_table *t, const struct vz_value *id, const double *n)
{
	struct vz_value cells[N_COLUMNS];

	cells[0] = *id;
	for (int i = 0; i < VZ_MEMUSE_N; i++)
		cells[1 + i] = (struct vz_value){ .kind = VZ_REAL2, .real = n[i] };
	vz_table_row(t, cells + first_column(t));
}

static void print_use(struct vz_table *t, const struct vz_value *id, const double *use,
		      const struct vz_mem *mem)
{
	double n[VZ_MEMUSE_N];

	for (int i = 0; i < VZ_MEMUSE_N; i++)
		n[i] = absolute ? use[i] / MB : use[i] * 100 / vz_memuse_base(mem, i);
	print_numbers(t, id, n);
}

static void header(void)
{
	printf("Output values in %s\n", absolute ? "Mbytes" : "%");
	printf("%s LowMem  LowMem     RAM MemSwap MemSwap   Alloc   Alloc   Alloc\n",
	       verbose ? "CTID       " : "");
	printf("%s   util  commit    util    util  commit    util  commit   limit\n",
	       verbose ? "           " : "");
}

static void add_container(const struct vz_counters *c, double use[VZ_MEMUSE_N])
{
	uint64_t held[BC_ROWS] = { 0 }, page = sysconf(_SC_PAGESIZE);
	struct vz_limitset limits = { 0 };

	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *row = &c->rows[i];

		if (row->resource >= BC_ROWS)
			continue;
		held[row->resource] = row->n[VZ_HELD];
		vz_limitset_put(&limits, row->resource, row->n[VZ_BARRIER], row->n[VZ_LIMIT]);
	}
	vz_memuse_held(held, page, use);
	vz_memuse_limits(&limits, page, use);
}

static void print_sum(struct vz_table *t, const double *sum, const struct vz_mem *mem)
{
	bool json = t->flags & VZ_TABLE_JSON;
	struct vz_value id = { .kind = VZ_STR, .str = json ? NULL : "Summary:" };
	double base[VZ_MEMUSE_N];

	if (!json && verbose)
		printf("----------------------------------------------------------------------"
		       "----\n");
	print_use(t, &id, sum, mem);
	if (!absolute || json)
		return;
	for (int i = 0; i < VZ_MEMUSE_N; i++)
		base[i] = floor(vz_memuse_base(mem, i) / MB);
	id.str = " ";
	print_numbers(t, &id, base);
}

static int show(const struct vz_counters_set *set, const struct vz_mem *mem, bool json,
		struct vz_err *e)
{
	const struct vz_column *plain[N_COLUMNS];
	struct vz_table t = { .out = stdout,
			      .count = N_COLUMNS,
			      .flags = VZ_TABLE_NO_HEADER | (json ? VZ_TABLE_JSON : 0) };
	double sum[VZ_MEMUSE_N] = { 0 };

	for (size_t i = 0; i < N_COLUMNS; i++)
		plain[i] = &columns[i];
	t.columns = plain + first_column(&t);
	t.count -= first_column(&t);
	if (!json)
		header();
	vz_table_begin(&t);
	for (size_t i = 0; i < set->count; i++) {
		const struct vz_counters *c = &set->list[i];
		double use[VZ_MEMUSE_N];

		if (!c->id || !vz_host_runs(c))
			continue;
		add_container(c, use);
		for (int k = 0; k < VZ_MEMUSE_N; k++)
			sum[k] += use[k];
		if (verbose || json)
			print_use(&t, &(struct vz_value){ .kind = VZ_U64, .u64 = c->id }, use, mem);
	}
	print_sum(&t, sum, mem);
	return vz_table_end(&t) < 0 ? vz_err_errno(e, FAILED, "cannot write") : 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	struct vz_counters_set set;
	struct vz_mem mem;
	int rc;

	if (a->count)
		return vz_err_set(e, FAILED, "no argument is taken: %s", a->word[0]);
	if (vz_host_memory(&mem, e) || vz_counters_read(&set, e))
		return -1;
	rc = show(&set, &mem, a->json, e);
	vz_counters_free(&set);
	return rc;
}

static const struct vz_cli cli = {
	.name = "vzmemcheck",
	.options = options,
	.json = "as JSON: containers, and the sum last",
	.root = true,
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
