// SPDX-License-Identifier: GPL-2.0
/* The readers of counters and of the record of refusals: text that is parsed. */
#include "tap.h"

#include <errno.h>

#include "lib/counters.h"
#include "lib/refusal.h"

static const char table[] =
	"Version: 2.5\n"
	"       uid  resource  held maxheld barrier limit failcnt\n"
	"      102:  kmemsize  1 2 3 4 5\n"
	"            dummy     0 0 0 0 0\n"
	"            numproc   10 20 30 9223372036854775807 6\n"
	"      101:  kmemsize  7 8 9 10 11\n"
	"            keystone  1 2 3 4 5 observe\n"		/* a column and a row of tomorrow */
	"            hugepages 1 2 3 4 5\n"
	"        0:  kmemsize  0 0 0 0 0\n";

TEST(table)
{
	struct vz_counters_set set = { 0 };
	const struct vz_counters *c;
	const struct vz_row *r;

	CHECK(vz_counters_parse(table, &set) == 0);
	CHECK_U64(set.count, 3);
	CHECK_U64(set.list[0].id, 0);
	c = vz_counters_find(&set, 102);
	CHECK(c && c->count == 2 && c->life == VZ_UNKNOWN);
	r = c ? vz_counters_row(c, "numproc") : NULL;
	CHECK(r && r->resource == 5 && r->unit == BC_UNIT_ITEMS && r->state == VZ_UNKNOWN);
	if (r) {
		CHECK_U64(r->n[VZ_HELD], 10);
		CHECK_U64(r->n[VZ_MAXHELD], 20);
		CHECK_U64(r->n[VZ_BARRIER], 30);
		CHECK_U64(r->n[VZ_LIMIT], BC_UNLIMITED);
		CHECK_U64(r->n[VZ_FAILCNT], 6);
	}
	CHECK(!vz_counters_find(&set, 103));
	vz_counters_free(&set);
	CHECK(!vz_counters_find(&set, 102));
}

TEST(rows_of_tomorrow)
{
	struct vz_counters_set set = { 0 };
	const struct vz_counters *c;
	const struct vz_row *r;

	CHECK(vz_counters_parse(table, &set) == 0);
	c = vz_counters_find(&set, 101);
	CHECK(c && c->count == 3);
	r = c ? vz_counters_row(c, "keystone") : NULL;
	CHECK(r && r->resource == VZ_NO_RESOURCE && r->unit == BC_UNIT_ITEMS);
	r = c ? vz_counters_row(c, "hugepages") : NULL;
	CHECK(r && r->unit == BC_UNIT_PAGES && r->n[VZ_FAILCNT] == 5);
	vz_counters_free(&set);
}

TEST(states)
{
	struct vz_counters_set set = { 0 };
	const struct vz_counters *c;

	CHECK(vz_counters_parse(table, &set) == 0);
	CHECK(vz_counters_parse_states("resource state held\n"
				       "kmemsize not-enforced 0 0 0 0 0\n"
				       "numproc enforced 0 0 0 0 0 classic\n"
				       "keystone haunted 0\n"
				       "nobody enforced 0\n",
				       &set) == 0);
	c = vz_counters_find(&set, 102);
	CHECK(vz_counters_row(c, "numproc")->state == BC_STATE_ENFORCED);
	CHECK(vz_counters_row(c, "kmemsize")->state == BC_STATE_NOT_ENFORCED);
	c = vz_counters_find(&set, 101);
	CHECK(vz_counters_row(c, "kmemsize")->state == BC_STATE_NOT_ENFORCED);
	CHECK(vz_counters_row(c, "keystone")->state == VZ_UNKNOWN);
	CHECK_STR(vz_state_word(BC_STATE_GUARANTEE), "guarantee");
	CHECK_STR(vz_state_word(VZ_UNKNOWN), "unknown");
	CHECK_STR(vz_state_word(99), "unknown");
	vz_counters_free(&set);
}

TEST(bad_lines)
{
	struct vz_counters_set set = { 0 };

	CHECK(vz_counters_parse("      x:  kmemsize 1 2 3 4 5\n"	/* no id: nor what follows */
				"          numproc 1 2 3 4 5\n"
				"     99999999999: numfile 1 2 3 4 5\n"
				"     101: numfile 1 2 3 4\n"
				"     102: numfile 1 2 -3 4 5\n"
				"     103: numfile 1 2 3 4 5\n"
				"          numfile 6 7 8 9 10\n"
				"          a-name-that-no-resource-may-ever-have 1 2 3 4 5\n"
				":\n"
				"     104:",
				&set) == 0);
	CHECK_U64(set.count, 2);
	CHECK(vz_counters_find(&set, 102) && vz_counters_find(&set, 102)->count == 0);
	CHECK(vz_counters_find(&set, 103) && vz_counters_find(&set, 103)->count == 1);
	CHECK_U64(vz_counters_find(&set, 103)->rows[0].n[VZ_HELD], 1);
	vz_counters_free(&set);
}

TEST(one_id_twice)
{
	struct vz_counters_set set = { 0 };

	CHECK(vz_counters_parse(
		      "7: numfile 1 2 3 4 5\n6: numfile 1 2 3 4 5\n7: numfile 1 2 3 4 5\n", &set) ==
	      0);
	CHECK_U64(set.count, 2);
	CHECK_U64(set.list[1].id, 7);
	vz_counters_free(&set);
}

static const char record[] =
	"Version: 1.0\n"
	"            time        seq resource  asked held barrier limit errno pid comm\n"
	"       93.231505          1 numproc       1   60   60    61     11    438 perl\n"
	"       96.767012          7 numfile       1 1200 1200  1200     23    829 a\\x20b\\x5c\\x1b[2J tomorrow\n"
	"      109.027619          9 numproc       1   60   60    61     11    854\n";

TEST(record)
{
	struct vz_refusals r = { 0 };
	const struct vz_refusal *x;

	CHECK(vz_refusals_parse(record, 101, &r) == 0);
	CHECK_U64(r.count, 3);
	x = &r.list[1];
	CHECK_U64(x->ctid, 101);
	CHECK_U64(x->seq, 7);
	CHECK_U64(x->time_ns, 96767012000);
	CHECK_STR(x->name, "numfile");
	CHECK_U64(x->asked, 1);
	CHECK_U64(x->held, 1200);
	CHECK_U64(x->barrier, 1200);
	CHECK_U64(x->limit, 1200);
	CHECK_U64(x->error, ENFILE);
	CHECK_U64(x->pid, 829);
	CHECK_STR(x->comm, "a b\\\x1b[2J");
	CHECK_STR(r.list[2].comm, "");
	CHECK(vz_refusals_last(&r, NULL) == &r.list[2]);
	CHECK(vz_refusals_last(&r, "numproc") == &r.list[2]);
	CHECK(vz_refusals_last(&r, "numfile") == &r.list[1]);
	CHECK(!vz_refusals_last(&r, "numflock"));
	vz_refusals_free(&r);
	CHECK(!vz_refusals_last(&r, NULL));
}

TEST(bad_record)
{
	struct vz_refusals r = { 0 };

	CHECK(vz_refusals_parse("1 2 numproc 1 2 3 4 5 6 x\n"		/* no microseconds */
				"1.000001 0 numproc 1 2 3 4 5 6 x\n"	/* they begin at 1 */
				"1.000001 1 numproc 1 2 3 4 5\n"
				"1.000001 1 numproc 1 2 3 4 5 -6 x\n"
				"99999999999999999999.000001 1 numproc 1 2 3 4 5 6 x\n",
				1, &r) == 0);
	CHECK_U64(r.count, 0);
	vz_refusals_free(&r);
}

TEST(errno_names)
{
	char buf[32];

	CHECK_STR(vz_errno_name(EAGAIN, buf, sizeof(buf)), "EAGAIN");
	CHECK_STR(vz_errno_name(ENFILE, buf, sizeof(buf)), "ENFILE");
	CHECK_STR(vz_errno_name(9999, buf, sizeof(buf)), "errno 9999");
	CHECK_STR(vz_errno_name(0, buf, sizeof(buf)), "errno 0");
}

TAP_MAIN
