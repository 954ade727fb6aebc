// SPDX-License-Identifier: GPL-2.0
#include "bc_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static int newer_first(const void *a, const void *b)
{
	const struct bc_entry *x = a, *y = b;

	return x->created_ns < y->created_ns ? 1 : x->created_ns > y->created_ns ? -1 : 0;
}

int bc_text_order(unsigned int *ids, int max)
{
	struct bc_entry *e = calloc((size_t)max, sizeof(*e));
	struct bc_list l = { .size = sizeof(l),
			     .count = (uint32_t)max - 1,
			     .entries = (uintptr_t)e };
	uint32_t i;

	if (!e)
		return -ENOMEM;
	if (ioctl(bc_dev(), BC_IOC_LIST, &l)) {
		free(e);
		return -errno;
	}
	qsort(e, l.count, sizeof(*e), newer_first);
	for (i = 0; i < l.count; i++)
		ids[i] = e[i].id;
	ids[i++] = 0;
	free(e);
	return (int)i;
}

static size_t row(char *out, const char *label, const char *name, const struct bc_row *r)
{
	return (size_t)sprintf(out, "%10s  %-12s %20llu %20llu %20llu %20llu %20llu\n", label, name,
			       (unsigned long long)r->held, (unsigned long long)r->maxheld,
			       (unsigned long long)r->barrier, (unsigned long long)r->limit,
			       (unsigned long long)r->failcnt);
}

size_t bc_text_rows(char *out, enum bc_text kind, unsigned int id, const char *label)
{
	static const struct bc_row dummy = { .barrier = BC_UNLIMITED, .limit = BC_UNLIMITED };
	struct bc_row rows[BC_ROWS];
	int n = bc_query(id, rows), i = 0;
	unsigned int r, last = kind == BC_TEXT_CLASSIC ? BC_CLASSIC_ROWS : BC_FIRST_EXTENDED;
	size_t len = 0;

	*out = '\0';
	for (r = 0; n > 0 && r < last; r++) {
		const char *first = r ? "" : label;

		if (i < n && rows[i].resource == r) {
			len += row(out + len, first, rows[i].name, &rows[i]);
			i++;
		} else if (kind == BC_TEXT_CLASSIC) {
			len += row(out + len, first, "dummy", &dummy);
		}
	}
	return len;
}

size_t bc_text_table(char *out, enum bc_text kind, const unsigned int *ids, int n)
{
	char label[16];
	size_t len;
	int i;

	len = (size_t)sprintf(out,
			      "Version: 2.5\n"
			      "       uid  resource                     held              maxheld"
			      "              barrier                limit              failcnt\n");
	for (i = 0; i < n; i++) {
		snprintf(label, sizeof(label), "%u:", ids[i]);
		len += bc_text_rows(out + len, kind, ids[i], label);
	}
	return len;
}

static const char *state_word(unsigned int state)
{
	switch (state) {
	case BC_STATE_NOT_ENFORCED:
		return "not-enforced";
	case BC_STATE_ENFORCED:
		return "enforced";
	case BC_STATE_SAMPLED:
		return "sampled";
	case BC_STATE_GUARANTEE:
		return "guarantee";
	case BC_STATE_RECLAIMED:
		return "reclaimed";
	}
	return "?";
}

size_t bc_text_extended(char *out, unsigned int id)
{
	struct bc_row rows[BC_ROWS];
	int n = bc_query(id, rows), i;
	size_t len;

	len = (size_t)sprintf(out, "%-12s %-13s %20s %20s %20s %20s %20s %s\n", "resource", "state",
			      "held", "maxheld", "barrier", "limit", "failcnt", "policy");
	for (i = 0; i < n; i++)
		len += (size_t)sprintf(
			out + len, "%-12s %-13s %20llu %20llu %20llu %20llu %20llu %s\n",
			rows[i].name, state_word(rows[i].state), (unsigned long long)rows[i].held,
			(unsigned long long)rows[i].maxheld, (unsigned long long)rows[i].barrier,
			(unsigned long long)rows[i].limit, (unsigned long long)rows[i].failcnt,
			rows[i].state == BC_STATE_ENFORCED ? "classic" : "-");
	return len;
}

size_t bc_text_veinfo(char *out, const unsigned int *ids, int n)
{
	unsigned int procs;
	size_t len = 0;
	int i;

	*out = '\0';
	for (i = 0; i < n; i++) {
		procs = 0;
		if (ids[i] && bc_life(ids[i], &procs) != BC_LIFE_RUNNING)
			continue;
		len += (size_t)sprintf(out + len, "%10u %5u %5u\n", ids[i], 0U, procs);
	}
	return len;
}

int bc_text_compare(const char *what, const char *expected, const char *seen)
{
	size_t i = 0, line = 1, start = 0;

	while (expected[i] && expected[i] == seen[i]) {
		if (expected[i++] == '\n') {
			line++;
			start = i;
		}
	}
	if (expected[i] == seen[i])
		return 0;
	fprintf(stderr, "# %s, line %zu, byte %zu of it:\n# expected |%.*s|\n# seen     |%.*s|\n",
		what, line, i - start, (int)strcspn(expected + start, "\n"), expected + start,
		(int)strcspn(seen + start, "\n"), seen + start);
	return 1;
}
