// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vzubc.h"

#define FIXED	58	/* columns beside the id and the gauge */

const char *const order_names[N_ORDERS] = { "use", "container", "resource", "refused", "new" };

static const struct vz_row *same(const struct vz_counters_set *set, uint32_t id, const char *name)
{
	const struct vz_counters *c = vz_counters_find(set, id);

	return c ? vz_counters_row(c, name) : NULL;
}

static void take(struct lines *l, const struct vz_counters *c, const struct vz_row *row,
		 const struct vz_row *first, const struct vz_row *last)
{
	uint64_t bound = bound_of(row), fails = row->n[VZ_FAILCNT];

	/* A container that is new, or whose count began anew, was refused all of it now. */
	if (first && first->n[VZ_FAILCNT] <= fails)
		fails -= first->n[VZ_FAILCNT];
	l->list[l->count++] = (struct line){
		.id = c->id,
		.row = row,
		.fails = fails,
		.changed = last && memcmp(last->n, row->n, sizeof(row->n)) != 0,
		.use = bound == BC_UNLIMITED ? -1 : (double)row->n[VZ_HELD] / (bound ? bound : 1),
	};
}

int lines_collect(struct lines *l, const struct options *o, const struct vz_counters_set *now,
		  const struct vz_counters_set *first, const struct vz_counters_set *last)
{
	size_t room = 1;

	*l = (struct lines){ .id_width = 4 };
	for (size_t i = 0; i < now->count; i++)
		room += now->list[i].count;
	l->list = calloc(room, sizeof(*l->list));
	if (!l->list)
		return -1;
	for (size_t i = 0; i < now->count; i++) {
		const struct vz_counters *c = &now->list[i];
		int width = snprintf(NULL, 0, "%" PRIu32, c->id);

		if (width > l->id_width)
			l->id_width = width;
		for (size_t k = 0; k < c->count; k++) {
			const struct vz_row *row = &c->rows[k];

			if (!o->verbose && is_idle(row))
				continue;
			if (o->quiet && matter_of(o, row, row->n[VZ_FAILCNT]) == CALM)
				continue;
			take(l, c, row, same(first, c->id, row->name),
			     same(last, c->id, row->name));
		}
	}
	return 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_place(const struct line *x, const struct line *y)
{
	int d = compare(x->id, y->id);

	return d ? d : x->row < y->row ? -1 : x->row > y->row;
}

static int by_use(const struct line *x, const struct line *y)
{
	return x->use < y->use ? 1 : x->use > y->use ? -1 : 0;
}

static int sort_lines(const void *a, const void *b, void *arg)
{
	const struct line *x = a, *y = b;
	const int *how = arg;
	int d = 0;

	switch ((enum order)(how[0])) {
	case BY_USE:
		d = by_use(x, y);
		break;
	case BY_RESOURCE:
		d = strcmp(x->row->name, y->row->name);
		break;
	case BY_FAILS:
		d = compare(y->row->n[VZ_FAILCNT], x->row->n[VZ_FAILCNT]);
		break;
	case BY_NEW:
		d = compare(y->fails, x->fails);
		break;
	case BY_CONTAINER:
	case N_ORDERS:
		break;
	}
	d = d ? d : by_place(x, y);
	return how[1] ? -d : d;
}

void lines_sort(struct lines *l, enum order order, bool reverse)
{
	int how[] = { order, reverse };

	qsort_r(l->list, l->count, sizeof(*l->list), sort_lines, how);
}

static int gauge_width(const struct lines *l, int width)
{
	int room = width - FIXED - l->id_width - 1;

	return room < 4 ? 0 : room > 40 ? 40 : room;
}

void line_title(const struct lines *l, int width, char *buf, size_t size)
{
	snprintf(buf, size, "%*s %-12s %5s %5s %5s %5s %4s %*s%8s %6s", l->id_width, "CTID",
		 "RESOURCE", "HELD", "MAX", "BAR", "LIMIT", "USE", gauge_width(l, width) + 1, "",
		 "REFUSED", "NEW");
}

/* Bars for held, a mark for maxheld. */
static void gauge(const struct line *line, int width, char *buf)
{
	uint64_t bound = bound_of(line->row);
	int inside = width - 2, full, most;

	buf[0] = '\0';
	if (inside < 2)
		return;
	memset(buf, ' ', width);
	buf[width] = '\0';
	if (line->use < 0)
		return;
	full = line->use >= 1 ? inside : (int)(line->use * inside);
	most = bound && line->row->n[VZ_MAXHELD] < bound ?
		       (int)((double)line->row->n[VZ_MAXHELD] / bound * inside) :
		       inside;
	buf[0] = '[';
	memset(buf + 1, '#', full);
	if (most > full)
		buf[most] = '.';
	buf[width - 1] = ']';
}

static void count_text(uint64_t n, char buf[NUMBER_TEXT], int width)
{
	snprintf(buf, NUMBER_TEXT, "%" PRIu64, n <= 9999999 ? n : 0);
	if (!n)
		strcpy(buf, "-");
	else if (n > 9999999 || (int)strlen(buf) > width)
		amount(BC_UNIT_ITEMS, n, buf);
}

void line_text(const struct lines *l, const struct line *line, int width, char *buf, size_t size)
{
	const struct vz_row *row = line->row;
	char t[4][NUMBER_TEXT], use[NUMBER_TEXT] = "-", fails[NUMBER_TEXT], more[NUMBER_TEXT],
				bars[64];

	for (int k = 0; k < 4; k++)
		amount(row->unit, row->n[k], t[k]);
	if (line->use >= 0)
		snprintf(use, sizeof(use), "%d%%", line->use < 9.99 ? (int)(line->use * 100) : 999);
	gauge(line, gauge_width(l, width), bars);
	count_text(row->n[VZ_FAILCNT], fails, 8);
	count_text(line->fails, more, 6);
	snprintf(buf, size, "%*" PRIu32 " %-12.12s %5s %5s %5s %5s %4s %s%s%8s %6s", l->id_width,
		 line->id, row->name, t[VZ_HELD], t[VZ_MAXHELD], t[VZ_BARRIER], t[VZ_LIMIT], use,
		 bars, " ", fails, more);
}
