// SPDX-License-Identifier: GPL-2.0
/* The table of OpenVZ's vzubc, byte for byte. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vzubc.h"

#define BRIGHT	"\033[1;32m"
#define RED	"\033[1;31m"
#define YELLOW	"\033[1;33m"
#define PLAIN	"\033[0;39m"

static const char *const colors[] = { [CALM] = PLAIN, [NEAR] = YELLOW, [OVER] = RED };

static void dashes(const struct options *o)
{
	printf("%.*s", o->incremental ? 75 : 68,
	       "---------------------------------------------------------------------------");
}

static void header(const struct options *o, uint32_t id)
{
	fputs(o->color ? BRIGHT : "", stdout);
	dashes(o);
	printf("\nCT %-10" PRIu32 "| HELD %s Bar%%  Lim%%| MAXH  Bar%%  Lim%%| BAR | LIM |%cFAIL\n",
	       id, o->incremental ? "  +/-  " : "", o->relative ? '+' : ' ');
	printf("-------------+-----------------%s+-----------------+-----+-----+------%s\n",
	       o->incremental ? "-------" : "", o->color ? PLAIN : "");
}

/* A row with what has happened since the last run. */
struct change {
	uint64_t fails;		/* refusals: since then, or all */
	int64_t held;
	bool known;		/* held then */
};

static struct change change_of(const struct options *o, const struct vz_row *row,
			       const struct before *was)
{
	struct change c = { .fails = row->n[VZ_FAILCNT] };

	/* A count that fell is a new one. */
	if (o->relative && was && was->failcnt <= c.fails)
		c.fails -= was->failcnt;
	if (o->incremental && was && was->held != UINT64_MAX) {
		c.held = (int64_t)(row->n[VZ_HELD] - was->held);
		c.known = true;
	}
	return c;
}

static void print_row(const struct options *o, const struct vz_row *row, const struct change *c)
{
	char t[8][NUMBER_TEXT], delta[NUMBER_TEXT] = "", sign[NUMBER_TEXT + 1] = "";
	const uint64_t *n = row->n;

	human(row->unit, n[VZ_HELD], t[0]);
	percent(n[VZ_HELD], n[VZ_BARRIER], t[1]);
	percent(n[VZ_HELD], n[VZ_LIMIT], t[2]);
	human(row->unit, n[VZ_MAXHELD], t[3]);
	percent(n[VZ_MAXHELD], n[VZ_BARRIER], t[4]);
	percent(n[VZ_MAXHELD], n[VZ_LIMIT], t[5]);
	human(row->unit, n[VZ_BARRIER], t[6]);
	human(row->unit, n[VZ_LIMIT], t[7]);
	printf("%s%13s|%5s", o->color ? colors[matter_of(o, row, c->fails)] : "", row->name, t[0]);
	if (o->incremental) {
		if (c->held) {
			human(row->unit, c->held < 0 ? 0 - (uint64_t)c->held : (uint64_t)c->held,
			      delta);
			snprintf(sign, sizeof(sign), "%c%s", c->held < 0 ? '-' : '+', delta);
		}
		printf("%7s", sign);
	}
	printf(" %5s %5s|%5s %5s %5s|%5s|%5s|", t[1], t[2], t[3], t[4], t[5], t[6], t[7]);
	human(BC_UNIT_ITEMS, c->fails, t[0]);
	printf(" %5s%s\n", t[0], o->color ? PLAIN : "");
}

static bool is_shown(const struct options *o, const struct vz_row *row, const struct change *c)
{
	if (c->held)
		return true;
	if (o->quiet && matter_of(o, row, c->fails) == CALM)
		return false;
	return o->verbose || !is_idle(row);
}

static int print_container(const struct options *o, const struct store *s,
			   const struct vz_counters *c, bool *printed, struct vz_err *e)
{
	struct before *old;
	bool begun = false;
	size_t n_old;
	int rc;

	old = store_get(s, c->id, &n_old);
	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *row = &c->rows[i];
		struct change ch = change_of(o, row, store_find(old, n_old, row->name));

		if (!is_shown(o, row, &ch))
			continue;
		if (!begun && *printed)
			putchar('\n');
		if (!begun)
			header(o, c->id);
		begun = *printed = true;
		print_row(o, row, &ch);
	}
	rc = store_put(s, o, c, old, n_old, e);
	free(old);
	return rc;
}

int show_table(const struct options *o, struct vz_err *e)
{
	struct vz_counters_set set;
	struct store s;
	bool printed = false;
	int rc;

	if (store_open(&s, o, e) < 0)
		return -1;
	rc = read_counters(o, &set, e);
	for (size_t i = 0; rc == 0 && i < set.count; i++)
		rc = print_container(o, &s, &set.list[i], &printed, e);
	if (printed) {
		dashes(o);
		putchar('\n');
	}
	vz_counters_free(&set);
	store_close(&s);
	return rc;
}
