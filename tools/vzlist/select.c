// SPDX-License-Identifier: GPL-2.0
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/num.h"
#include "lib/str.h"
#include "vzlist.h"

static bool matches(const struct ct *ct, const char *key, const char *pattern)
{
	const char *value = vz_conf_get(ct->conf, key);

	return !pattern || (value && fnmatch(pattern, value, 0) == 0);
}

static bool is_called(const struct ct *ct, const char *id)
{
	const char *name = vz_conf_get(ct->conf, "NAME");
	uint64_t n;

	if (vz_num_u64(id, 0, UINT32_MAX, &n) == 0 && n == ct->id)
		return true;
	return name && *name && vz_streq(name, id);
}

static bool is_chosen(const struct ct *ct, const struct filter *f)
{
	if (f->ids) {
		bool named = false;

		for (size_t i = 0; f->ids[i]; i++)
			named |= is_called(ct, f->ids[i]);
		if (!named)
			return false;
	}
	if (f->stopped ? ct->running : !f->all && !f->ids && !ct->running)
		return false;
	return matches(ct, "HOSTNAME", f->hostname) && matches(ct, "NAME", f->name) &&
	       matches(ct, "DESCRIPTION", f->description);
}

static int check_ids(const struct cts *set, const struct filter *f, struct vz_err *e)
{
	char shown[128];

	for (size_t i = 0; f->ids && f->ids[i]; i++) {
		bool found = false;

		for (size_t k = 0; k < set->count && !found; k++)
			found = is_called(&set->list[k], f->ids[i]);
		if (!found)
			return vz_err_set(e, 1, "Container(s) not found: %s",
					  vz_printable(f->ids[i], shown, sizeof(shown)));
	}
	return 0;
}

/* ---- order ---------------------------------------------------------------------- */

struct order {
	const struct column *column;
	bool reverse;
};

/* 0: unknown, sorts first; 1: number; 2: text */
static int sort_class(const struct vz_value *v)
{
	switch (v->kind) {
	case VZ_NONE:
		return 0;
	case VZ_U64:
	case VZ_I64:
	case VZ_FIXED3:
	case VZ_UPTIME:
	case VZ_YESNO:
		return 1;
	case VZ_RECORD:
		return v->record.shown == VZ_SHOW_NONE ? 0 : 1;
	default:
		return 2;
	}
}

static uint64_t sort_number(const struct vz_value *v)
{
	if (v->kind == VZ_RECORD)
		return v->record.values[v->record.shown];
	return v->kind == VZ_YESNO ? v->yes : v->u64;
}

static int compare_values(const struct vz_value *a, const struct vz_value *b)
{
	char x[512], y[512];
	int ca = sort_class(a), cb = sort_class(b);

	if (ca != cb)
		return ca < cb ? -1 : 1;
	if (ca == 1) {
		uint64_t m = sort_number(a), n = sort_number(b);

		return m < n ? -1 : m > n;
	}
	if (ca == 0)
		return 0;
	vz_value_text(a, x, sizeof(x));
	vz_value_text(b, y, sizeof(y));
	return strcmp(x, y);
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct ct *a = *(const struct ct *const *)pa, *b = *(const struct ct *const *)pb;
	const struct order *o = arg;
	struct vz_value va = { 0 }, vb = { 0 };
	int rc = 0;

	if (o->column) {
		o->column->get(a, o->column, &va);
		o->column->get(b, o->column, &vb);
		rc = compare_values(&va, &vb);
	}
	if (!rc)
		return a->id < b->id ? -1 : a->id > b->id;
	return o->reverse ? -rc : rc;
}

const struct ct **select_cts(const struct cts *set, const struct filter *f,
			     const struct column *sort, bool reverse, size_t *count,
			     struct vz_err *e)
{
	struct order o = { sort, reverse };
	const struct ct **list;

	*count = 0;
	if (check_ids(set, f, e) < 0)
		return NULL;
	list = calloc(set->count + 1, sizeof(*list));
	if (!list) {
		vz_err_set(e, 1, "no memory");
		return NULL;
	}
	for (size_t i = 0; i < set->count; i++)
		if (is_chosen(&set->list[i], f))
			list[(*count)++] = &set->list[i];
	qsort_r(list, *count, sizeof(*list), compare, &o);
	return list;
}
