// SPDX-License-Identifier: GPL-2.0
/* The readers of /proc take any text, and what they found can be printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vzlist/vzlist.h"

static void print_all(const struct cts *set)
{
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "w");
	for (unsigned int flags = 0; flags <= VZ_TABLE_JSON; flags += VZ_TABLE_JSON) {
		const struct vz_column *plain[256];
		struct vz_value cells[256];
		struct vz_table t = { .out = null, .flags = flags, .columns = plain };
		const struct column *col;
		size_t n = 0;

		for (; (col = column_at(n)); n++)
			plain[n] = &col->c;
		t.count = n;
		vz_table_begin(&t);
		for (size_t i = 0; i < set->count && i < 4; i++) {
			memset(cells, 0, sizeof(cells));
			for (size_t k = 0; k < n; k++)
				column_at(k)->get(&set->list[i], column_at(k), &cells[k]);
			vz_table_row(&t, cells);
		}
		if (vz_table_end(&t) < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cts set = { 0 };
	char *s = strndup((const char *)data, size);

	if (parse_veinfo(s, &set) < 0)
		abort();
	parse_fairsched(s, &set);
	for (size_t i = 0; i < set.count; i++)
		parse_cpu(s, &set.list[i]);
	parse_vzquota(s, &set);
	for (size_t i = 1; i < set.count; i++)
		if (set.list[i - 1].id >= set.list[i].id)
			abort();
	print_all(&set);
	cts_free(&set);
	free(s);
	return 0;
}
