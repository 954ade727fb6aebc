// SPDX-License-Identifier: GPL-2.0
/* Numbers for people, and the lines of the live view. */
#include "tap.h"

#include "vzubc/vzubc.h"

static const struct options opts = { .near_held = 0.5, .near_maxheld = 0.8 };

static struct vz_row row(const char *name, uint64_t held, uint64_t max, uint64_t barrier,
			 uint64_t limit, uint64_t fails)
{
	struct vz_row r = { .state = BC_STATE_ENFORCED,
			    .unit = BC_UNIT_ITEMS,
			    .n = { held, max, barrier, limit, fails } };

	snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static const char *text_of(void (*f)(int, uint64_t, char *), int unit, uint64_t v)
{
	static char buf[NUMBER_TEXT];

	f(unit, v, buf);
	return buf;
}

TEST(human_numbers)
{
	CHECK_STR(text_of(human, BC_UNIT_ITEMS, 0), "- ");
	CHECK_STR(text_of(human, BC_UNIT_ITEMS, BC_UNLIMITED), "- ");
	CHECK_STR(text_of(human, BC_UNIT_ITEMS, 12), "12 ");
	CHECK_STR(text_of(human, BC_UNIT_ITEMS, 1023), "1023 ");
	CHECK_STR(text_of(human, BC_UNIT_ITEMS, 9312), "9.09K");
	CHECK_STR(text_of(human, BC_UNIT_BYTES, 1500000), "1.43M");
	CHECK_STR(text_of(human, BC_UNIT_BYTES, 200000), "195K");
	CHECK_STR(text_of(human, BC_UNIT_BYTES, BC_UNLIMITED - 1), "8E");
	CHECK_STR(text_of(amount, BC_UNIT_ITEMS, 0), "0");
	CHECK_STR(text_of(amount, BC_UNIT_ITEMS, 9312), "9312");
	CHECK_STR(text_of(amount, BC_UNIT_ITEMS, BC_UNLIMITED), "unlim");
	/* None is wider than its column. */
	for (int unit = BC_UNIT_ITEMS; unit <= BC_UNIT_BYTES; unit++)
		for (uint64_t v = 1; v < BC_UNLIMITED / 3; v = v * 3 + 1) {
			CHECK(strlen(text_of(human, unit, v)) <= 5);
			CHECK(strlen(text_of(amount, unit, v)) <= 5);
		}
}

TEST(percents)
{
	char buf[NUMBER_TEXT];

	percent(3, 360, buf);
	CHECK_STR(buf, "0.8%");
	percent(5000, 65536, buf);
	CHECK_STR(buf, "7%");
	percent(96, 10000, buf);
	CHECK_STR(buf, "1%");
	percent(1, 100000, buf);
	CHECK_STR(buf, "- ");
	percent(1, 0, buf);
	CHECK_STR(buf, "- ");
	percent(1, BC_UNLIMITED, buf);
	CHECK_STR(buf, "- ");
	percent(BC_UNLIMITED, 1, buf);
	CHECK_STR(buf, "999999%");
}

TEST(what_matters)
{
	struct vz_row r = row("numproc", 10, 10, 100, 100, 5);

	CHECK(matter_of(&opts, &r, 0) == CALM);
	CHECK(matter_of(&opts, &r, 1) == OVER);
	r.n[VZ_HELD] = 51;
	CHECK(matter_of(&opts, &r, 0) == NEAR);
	r.n[VZ_HELD] = 101;
	CHECK(matter_of(&opts, &r, 0) == OVER);
	r = row("numproc", 10, 81, 100, 100, 0);
	CHECK(matter_of(&opts, &r, 0) == NEAR);
	r = row("physpages", 81, 81, 0, 100, 0);
	CHECK_U64(bound_of(&r), 100);
	r = row("numproc", 81, 81, BC_UNLIMITED, BC_UNLIMITED, 0);
	CHECK_U64(bound_of(&r), BC_UNLIMITED);
	CHECK(matter_of(&opts, &r, 0) == CALM && !is_idle(&r));
	r.state = VZ_UNKNOWN;
	CHECK(is_idle(&r));
}

static struct vz_row now_rows[] = { { 0 }, { 0 }, { 0 } }, then_rows[] = { { 0 } };
static struct vz_counters now_list[] = { { 7, 2, now_rows, 2 },
					 { 2147483644, 2, now_rows + 2, 1 } };
static struct vz_counters then_list[] = { { 7, 2, then_rows, 1 } };
static const struct vz_counters_set now_set = { now_list, 2, 2 }, then_set = { then_list, 1, 1 };

static void collect(struct lines *l, enum order order, bool reverse)
{
	now_rows[0] = row("numproc", 50, 60, 100, 100, 9);
	now_rows[1] = row("numfile", 1000, 1000, 1000, 1000, 12345678);
	now_rows[2] = row("a-long-resource-name", 1, 1, BC_UNLIMITED, BC_UNLIMITED, 1);
	then_rows[0] = row("numproc", 50, 60, 100, 100, 4);
	CHECK(lines_collect(l, &opts, &now_set, &then_set, &then_set) == 0);
	CHECK_U64(l->count, 3);
	lines_sort(l, order, reverse);
}

static const char *order_of(enum order order, bool reverse)
{
	static char text[8];
	struct lines l;

	collect(&l, order, reverse);
	for (size_t i = 0; i < l.count; i++)
		text[i] = '0' + (l.list[i].row - now_rows);
	text[l.count] = '\0';
	free(l.list);
	return text;
}

TEST(orders)
{
	CHECK_STR(order_of(BY_USE, false), "102");
	CHECK_STR(order_of(BY_USE, true), "201");
	CHECK_STR(order_of(BY_CONTAINER, false), "012");
	CHECK_STR(order_of(BY_RESOURCE, false), "210");
	CHECK_STR(order_of(BY_FAILS, false), "102");
	CHECK_STR(order_of(BY_NEW, false), "102");
}

TEST(changes)
{
	struct lines l;

	collect(&l, BY_CONTAINER, false);
	CHECK_U64(l.list[0].fails, 5);
	CHECK(l.list[0].changed && !l.list[1].changed);
	CHECK_U64(l.list[1].fails, 12345678);
	free(l.list);
}

TEST(text)
{
	char buf[256];
	struct lines l;

	collect(&l, BY_CONTAINER, false);
	line_title(&l, 80, buf, sizeof(buf));
	CHECK_STR(
		buf,
		"      CTID RESOURCE      HELD   MAX   BAR LIMIT  USE              REFUSED    NEW");
	line_text(&l, &l.list[0], 80, buf, sizeof(buf));
	CHECK_STR(
		buf,
		"         7 numproc         50    60   100   100  50% [####.    ]        9      5");
	line_text(&l, &l.list[1], 80, buf, sizeof(buf));
	CHECK_STR(
		buf,
		"         7 numfile       1000  1000  1000  1000 100% [#########]    11.8M  11.8M");
	line_text(&l, &l.list[2], 80, buf, sizeof(buf));
	CHECK_STR(
		buf,
		"2147483644 a-long-resou     1     1 unlim unlim    -                    1      1");
	/* Whatever the width, a line is no longer than the screen that it can fit. */
	for (int width = 69; width < 200; width++) {
		line_text(&l, &l.list[0], width, buf, sizeof(buf));
		CHECK((int)strlen(buf) <= width);
	}
	free(l.list);
}

TAP_MAIN
