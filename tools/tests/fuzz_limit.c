// SPDX-License-Identifier: GPL-2.0
/* What is accepted is in range, and its canonical text means the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctid.h"
#include "lib/err.h"
#include "lib/ids.h"
#include "lib/limit.h"
#include "lib/num.h"
#include "lib/param.h"

static void must(int ok)
{
	if (!ok)
		abort();
}

static void try_unit(const char *s, enum bc_unit unit)
{
	struct vz_limit l = { 1, 2 }, again;
	struct vz_err e = { 0 };
	char text[VZ_LIMIT_TEXT];

	if (vz_limit_parse(s, unit, &l, &e) < 0) {
		must(l.barrier == 1 && l.limit == 2 && e.code == VZ_EXIT_BAD_VALUE && *e.msg);
		return;
	}
	must(l.barrier <= BC_UNLIMITED && l.limit <= BC_UNLIMITED);
	vz_limit_format(&l, text);
	must(strlen(text) < sizeof(text));
	must(vz_limit_parse(text, unit, &again, &e) == 0);
	must(again.barrier == l.barrier && again.limit == l.limit);
}

static void try_ids(const char *s)
{
	struct vz_ids ids = { { 1 } }, again, rest;
	char *text;

	if (vz_ids_parse(s, 500, &ids)) {
		must(ids.word[0] == 1 && !ids.word[VZ_IDS / 64 - 1]);
		return;
	}
	must(!vz_ids_empty(&ids) && !ids.word[501 / 64 + 1]);
	text = vz_ids_format(&ids);
	must(text && vz_ids_parse(text, 500, &again) == 0);
	must(memcmp(&ids, &again, sizeof(ids)) == 0);
	rest = ids;
	vz_ids_drop(&rest, &again);
	must(vz_ids_empty(&rest));
	free(text);
}

/* A canonical value is one of its key, whichever option it came by, and does not change. */
static void try_param(const struct vz_param *p, const char *s)
{
	struct vz_err e = { 0 };
	char *text = vz_param_canon(p, s, &e), *again;

	if (!text) {
		must(e.code != 0);
		return;
	}
	again = vz_param_canon(vz_param_by_key(p->key), text, &e);
	must(again && strcmp(text, again) == 0);
	free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = strndup((const char *)data, size);
	const struct vz_param *p;
	uint64_t v;
	int64_t i;
	uint32_t id;
	size_t n;

	try_unit(s, BC_UNIT_BYTES);
	try_unit(s, BC_UNIT_PAGES);
	try_unit(s, BC_UNIT_ITEMS);
	try_ids(s);
	if (vz_num_u64(s, 5, 500, &v) == 0)
		must(v >= 5 && v <= 500);
	if (vz_num_i64(s, -5, 5, &i) == 0)
		must(i >= -5 && i <= 5);
	if (vz_ctid_parse(s, &id, NULL) == 0)
		must(id >= 1 && id <= BC_ID_MAX);
	if (vz_ctid_from_conf_name(s, &id) == 0)
		must(id >= 1 && id <= BC_ID_MAX);
	p = vz_params(&n);
	for (size_t k = 0; k < n; k++)
		try_param(&p[k], s);
	free(s);
	return 0;
}
