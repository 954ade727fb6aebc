// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vzubc.h"

bool is_unlimited(uint64_t value)
{
	/* INT_MAX: what old tools wrote for it. */
	return value == BC_UNLIMITED || value == INT_MAX;
}

static void scaled(int unit, uint64_t value, char buf[NUMBER_TEXT])
{
	static const char suffix[] = " KMGTPEZ";
	double v = value;
	int i = 0;

	if (unit == BC_UNIT_PAGES)
		v *= sysconf(_SC_PAGESIZE);
	for (; v >= 1024 && suffix[i + 1]; i++)
		v /= 1024;
	if (v < 100)
		snprintf(buf, NUMBER_TEXT, "%.3g%c", v, suffix[i]);
	else
		snprintf(buf, NUMBER_TEXT, "%d%c", (int)v, suffix[i]);
}

/* Numbers without a suffix keep its place. */
void human(int unit, uint64_t value, char buf[NUMBER_TEXT])
{
	if (!value || is_unlimited(value))
		strcpy(buf, "- ");
	else
		scaled(unit, value, buf);
}

void amount(int unit, uint64_t value, char buf[NUMBER_TEXT])
{
	if (is_unlimited(value))
		strcpy(buf, "unlim");
	else if (unit == BC_UNIT_ITEMS && value < 100000)
		snprintf(buf, NUMBER_TEXT, "%" PRIu64, value);
	else
		scaled(unit, value, buf);
	if (buf[strlen(buf) - 1] == ' ')
		buf[strlen(buf) - 1] = '\0';
}

void percent(uint64_t value, uint64_t bound, char buf[NUMBER_TEXT])
{
	double p = bound ? value * 100.0 / bound : 0;

	if (!bound || is_unlimited(bound) || p < 0.05)
		strcpy(buf, "- ");
	else if (p < 0.95)
		snprintf(buf, NUMBER_TEXT, "%.1f%%", p);
	else
		snprintf(buf, NUMBER_TEXT, "%.0f%%", p < 1 ? 1 : p < 1e6 ? (double)(int)p : 999999);
}

uint64_t bound_of(const struct vz_row *row)
{
	uint64_t barrier = row->n[VZ_BARRIER] ? row->n[VZ_BARRIER] : BC_UNLIMITED;
	uint64_t bound = barrier < row->n[VZ_LIMIT] ? barrier : row->n[VZ_LIMIT];

	return is_unlimited(bound) ? BC_UNLIMITED : bound;
}

bool is_idle(const struct vz_row *row)
{
	return is_unlimited(row->n[VZ_BARRIER]) && row->state != BC_STATE_ENFORCED;
}

enum matter matter_of(const struct options *o, const struct vz_row *row, uint64_t fails)
{
	uint64_t bound = bound_of(row);

	if (fails)
		return OVER;
	if (bound == BC_UNLIMITED)
		return CALM;
	if (row->n[VZ_HELD] > bound)
		return OVER;
	return row->n[VZ_HELD] > bound * o->near_held ||
			       row->n[VZ_MAXHELD] > bound * o->near_maxheld ?
		       NEAR :
		       CALM;
}
