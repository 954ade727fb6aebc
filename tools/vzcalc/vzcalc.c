// SPDX-License-Identifier: GPL-2.0
/* vzcalc: what share of the host one container uses, was promised, and may take. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/counters.h"
#include "lib/ct.h"
#include "lib/err.h"
#include "lib/host.h"
#include "lib/limitset.h"
#include "lib/memuse.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/table.h"

#define FAILED	1

static int verbose;

static struct poptOption options[] = { { "verbose", 'v', POPT_ARG_NONE, &verbose, 0,
					 "each resource, not only the highest", NULL },
				       POPT_TABLEEND };

static const struct vz_column resource = { "resource", "", -10, false, "what is shared" };
static const struct vz_column current = { "current", "", 10, false, "percent in use" };
static const struct vz_column promised = { "promised", "", 10, false, "percent promised" };
static const struct vz_column maximum = { "max", "", 10, false, "percent at most" };
static const struct vz_column *const columns[] = { &resource, &current, &promised, &maximum };

/* A share that does not exist. */
#define NOT_THERE	NAN

struct line {
	const char *name;
	double part[3];		/* current, promised, at most; of 1 */
};

enum { LOW, RAM, MEMSWAP, ALLOC, PROCS, N_LINES };

/* Limits without which nothing can be computed. */
static int check_needed(const struct vz_limitset *s, const char *path, struct vz_err *e)
{
	static const int needed[] = {
		VZ_SLOT_NUMPROC,   VZ_SLOT_VMGUARPAGES,	 VZ_SLOT_KMEMSIZE,    VZ_SLOT_TCPSNDBUF,
		VZ_SLOT_TCPRCVBUF, VZ_SLOT_OTHERSOCKBUF, VZ_SLOT_DGRAMRCVBUF, VZ_SLOT_PRIVVMPAGES,
	};
	int missing = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!s->has[needed[i]] && !missing++)
			vz_err_set(e, FAILED, "%s: parameter %s not found", path,
				   vz_limitset_param(needed[i])->key);
	if (missing > 1)
		vz_err_hint(e, "%d parameters are missing", missing);
	if (missing && vz_limitset_is_vswap(s))
		vz_err_hint(e, "The configuration divides RAM and swap; vzcalc knows classic ones");
	return missing ? -1 : 0;
}

/* What the counters of a container that runs tell. */
static void take_current(const struct vz_counters *c, double use[VZ_MEMUSE_N], double *procs)
{
	uint64_t held[BC_ROWS] = { 0 };

	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].resource < BC_ROWS)
			held[c->rows[i].resource] = c->rows[i].n[VZ_HELD];
	vz_memuse_held(held, sysconf(_SC_PAGESIZE), use);
	*procs = held[VZ_SLOT_NUMPROC];
}

static double amount_of(uint64_t v)
{
	return v == BC_UNLIMITED ? INFINITY : (double)v;
}

static void compute(struct line line[N_LINES], const struct vz_limitset *limits,
		    const struct vz_counters *c, const struct vz_mem *mem, uint64_t threads)
{
	double use[VZ_MEMUSE_N], procs = NOT_THERE;

	for (int i = 0; i < VZ_MEMUSE_N; i++)
		use[i] = NOT_THERE;
	if (c)
		take_current(c, use, &procs);
	vz_memuse_limits(limits, sysconf(_SC_PAGESIZE), use);
	for (int i = 0; i < VZ_MEMUSE_N; i++)
		use[i] /= vz_memuse_base(mem, i);
	line[LOW] = (struct line){ "Low Mem",
				   { use[VZ_LOW_UTIL], use[VZ_LOW_COMMIT], use[VZ_LOW_COMMIT] } };
	line[RAM] = (struct line){ "Total RAM", { use[VZ_RAM_UTIL], NOT_THERE, NOT_THERE } };
	line[MEMSWAP] =
		(struct line){ "Mem + Swap",
			       { use[VZ_MEMSWAP_UTIL], use[VZ_MEMSWAP_COMMIT], NOT_THERE } };
	line[ALLOC] =
		(struct line){ "Alloc. Mem",
			       { use[VZ_ALLOC_UTIL], use[VZ_ALLOC_COMMIT], use[VZ_ALLOC_LIMIT] } };
	line[PROCS] = (struct line){ "Num. Proc",
				     { procs / (double)threads, NOT_THERE,
				       amount_of(limits->v[VZ_SLOT_NUMPROC].barrier) /
					       (double)threads } };
}

static void print_line(struct vz_table *t, const struct line *line)
{
	struct vz_value cells[4] = { { .kind = VZ_STR, .str = line->name } };

	for (int i = 0; i < 3; i++)
		if (!isnan(line->part[i]))
			cells[1 + i] =
				(struct vz_value){ .kind = VZ_REAL2, .real = line->part[i] * 100 };
		else if (!(t->flags & VZ_TABLE_JSON))
			cells[1 + i] = (struct vz_value){ .kind = VZ_STR, .str = "n/a" };
	vz_table_row(t, cells);
}

static int show(const struct line line[N_LINES], bool json, struct vz_err *e)
{
	struct vz_table t = { .out = stdout,
			      .columns = columns,
			      .count = 4,
			      .flags = VZ_TABLE_NO_HEADER | (json ? VZ_TABLE_JSON : 0) };
	struct line highest = { "Memory", { NOT_THERE, NOT_THERE, NOT_THERE } };

	/* fmax() passes over what is not there. */
	for (int i = 0; i < N_LINES; i++)
		for (int k = 0; k < 3; k++)
			highest.part[k] = fmax(highest.part[k], line[i].part[k]);
	if (!json)
		printf("Resource     Current(%%)  Promised(%%)  Max(%%)\n");
	vz_table_begin(&t);
	for (int i = 0; i < N_LINES && (verbose || json); i++)
		print_line(&t, &line[i]);
	if (verbose && !json)
		printf("--------------------------------------------\n");
	print_line(&t, &highest);
	return vz_table_end(&t) < 0 ? vz_err_errno(e, FAILED, "cannot write") : 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *c = NULL;
	struct vz_counters_set set = { 0 };
	const struct vz_counters *counters = NULL;
	struct line line[N_LINES];
	struct vz_limitset limits;
	char path[64];
	struct vz_mem mem;
	uint64_t threads;
	uint32_t id;
	int rc;

	if (a->count != 1)
		return vz_err_set(e, FAILED, "one container is needed; see vzcalc --help");
	if (vz_ct_resolve(a->word[0], &id, e))
		return -1;
	snprintf(path, sizeof(path), VZ_CT_CONF_DIR "/%" PRIu32 ".conf", id);
	c = vz_conf_loadat(vz_root(), path + 1, e);
	if (!c || vz_limitset_read(&limits, c, e) || check_needed(&limits, path, e) ||
	    vz_host_memory(&mem, e) || vz_host_threads(&threads, e))
		return -1;
	/* Without the module nothing runs, and the rest can still be told. */
	if (vz_counters_read(&set, NULL) == 0)
		counters = vz_counters_find(&set, id);
	if (counters && !vz_host_runs(counters))
		counters = NULL;
	compute(line, &limits, counters, &mem, threads);
	rc = show(line, a->json, e);
	vz_counters_free(&set);
	return rc;
}

static const struct vz_cli cli = {
	.name = "vzcalc",
	.args = "CTID|NAME",
	.options = options,
	.json = "as JSON: each resource, the highest last",
	.root = true,
	.failure = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
