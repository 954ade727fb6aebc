// SPDX-License-Identifier: GPL-2.0
/* vzadvise: limits that would suit a container, with reasons. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/advise.h"
#include "lib/apply.h"
#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/conf.h"
#include "lib/counters.h"
#include "lib/ct.h"
#include "lib/err.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/refusal.h"
#include "lib/table.h"

static int lower, apply;

static struct poptOption options[] = {
	{ "lower", 'l', POPT_ARG_NONE, &lower, 0,
	  "propose less, too, where a limit is far above what was held", NULL },
	{ "apply", 0, POPT_ARG_NONE, &apply, 0,
	  "set what is proposed, live if the container runs, and in CTID.conf", NULL },
	POPT_TABLEEND
};

static const struct vz_column columns[] = {
	{ "resource", "RESOURCE", -13, false, "row of the counters" },
	{ "maxheld", "MAXHELD", 10, false, "most that was ever held" },
	{ "failcnt", "FAILCNT", 8, false, "refused requests" },
	{ "barrier", "BARRIER", 10, false, "now" },
	{ "limit", "LIMIT", 10, false, "now" },
	{ "new_barrier", "NEW BAR", 10, false, "proposed" },
	{ "new_limit", "NEW LIM", 10, false, "proposed" },
	{ "reason", "REASON", -1, false, "one sentence" },
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))

static struct vz_value number(uint64_t v, bool json)
{
	if (v == BC_UNLIMITED && !json)
		return (struct vz_value){ .kind = VZ_STR, .str = "unlimited" };
	return (struct vz_value){ .kind = VZ_U64, .u64 = v };
}

static void print_advice(struct vz_table *t, const struct vz_row *row, const struct vz_advice *a)
{
	bool json = t->flags & VZ_TABLE_JSON;
	struct vz_value cells[N_COLUMNS] = {
		{ .kind = VZ_STR, .str = row->name }, number(row->n[VZ_MAXHELD], json),
		number(row->n[VZ_FAILCNT], json),     number(row->n[VZ_BARRIER], json),
		number(row->n[VZ_LIMIT], json),	      number(a->want.barrier, json),
		number(a->want.limit, json),	      { .kind = VZ_STR, .str = a->reason },
	};

	if (!t->rows)
		vz_table_begin(t);
	vz_table_row(t, cells);
}

/* Puts a proposal among those to be applied. */
static int collect(struct vz_conf *to, const struct vz_row *row, const struct vz_advice *a,
		   struct vz_err *e)
{
	const struct vz_param *p = vz_param_by_option(row->name);
	char text[VZ_LIMIT_TEXT];

	vz_limit_format(&a->want, text);
	return p && vz_conf_set(to, p->key, text) ? vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", p->key) :
						    0;
}

/* Prints what is proposed and puts it into @to. Return: how many; -1 with @e set. */
static int propose(const struct vz_counters *c, const struct vz_refusals *refusals, bool json,
		   struct vz_conf *to, struct vz_err *e)
{
	const struct vz_column *plain[N_COLUMNS];
	struct vz_table t = { .out = stdout,
			      .columns = plain,
			      .count = N_COLUMNS,
			      .flags = json ? VZ_TABLE_JSON : 0 };
	struct vz_advice a;

	for (size_t i = 0; i < N_COLUMNS; i++)
		plain[i] = &columns[i];
	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *row = &c->rows[i];

		if (!vz_advise(row, vz_refusals_last(refusals, row->name), lower, &a))
			continue;
		print_advice(&t, row, &a);
		if (collect(to, row, &a, e))
			return -1;
	}
	if (!t.rows && !json)
		printf("CT %" PRIu32 ": no limit needs to change\n", c->id);
	if (!t.rows && json)
		vz_table_begin(&t);
	return vz_table_end(&t) < 0 ? vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot write") : (int)t.rows;
}

static int set_limits(struct vz_ct *ct, const struct vz_conf *limits, struct vz_err *e)
{
	struct vz_run state;

	if (vz_ct_must_exist(ct, e) || vz_ct_lock(ct, "changing", e) ||
	    vz_ct_refresh(ct, NULL, e) || vz_ct_must_exist(ct, e))
		return -1;
	vz_run_get(ct->id, &state);
	vz_run_put(&state);
	if (state.running && vz_apply_limits(ct, limits, e))
		return -1;
	if (vz_conf_merge(ct->conf, limits))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", vz_ct_conf_path(ct));
	return vz_conf_save(ct->conf, vz_ct_conf_path(ct), e);
}

/* As `vzctl set --save` does it. */
static int put_in_force(uint32_t id, const struct vz_conf *limits, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *global = vz_conf_load(VZ_GLOBAL_CONF, e);
	struct vz_ct ct;
	int rc;

	if (!global)
		return -1;
	rc = vz_ct_open(&ct, id, global, NULL, e) ? -1 : set_limits(&ct, limits, e);
	vz_ct_close(&ct);
	return rc;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *limits = vz_conf_new();
	struct vz_counters_set set = { 0 };
	struct vz_refusals refusals = { 0 };
	const struct vz_counters *c;
	uint32_t id;
	int rc = -1;

	if (!limits)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (a->count != 1)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "one container is needed; see vzadvise --help");
	if (vz_ct_resolve(a->word[0], &id, e) || vz_counters_read(&set, e))
		return -1;
	c = vz_counters_find(&set, id);
	if (c) {
		/* Without the record the counters have to do. */
		if (vz_refusals_read(id, &refusals, NULL) < 0)
			refusals = (struct vz_refusals){ 0 };
		rc = propose(c, &refusals, a->json, limits, e);
		vz_refusals_free(&refusals);
		if (rc > 0)
			rc = apply ? put_in_force(id, limits, e) : 0;
	} else {
		vz_err_set(e, VZ_EXIT_NOT_RUNNING,
			   "Container %" PRIu32 " has not run since the host booted: nothing is "
			   "known of it",
			   id);
	}
	vz_counters_free(&set);
	return rc;
}

static const struct vz_cli cli = {
	.name = "vzadvise",
	.args = "CTID|NAME",
	.options = options,
	.json = "the proposals as JSON",
	.root = true,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
