// SPDX-License-Identifier: GPL-2.0
/* The readers of counters and refusals take any text and keep their promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/counters.h"
#include "lib/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vz_counters_set set = { 0 };
	struct vz_refusals r = { 0 };
	char *s = strndup((const char *)data, size);

	if (vz_counters_parse(s, &set) < 0 || vz_counters_parse_states(s, &set) < 0 ||
	    vz_refusals_parse(s, 1, &r) < 0)
		abort();
	for (size_t i = 0; i < set.count; i++) {
		const struct vz_counters *c = &set.list[i];

		if ((i && set.list[i - 1].id >= c->id) || vz_counters_find(&set, c->id) != c)
			abort();
		for (size_t k = 0; k < c->count; k++)
			if (vz_counters_row(c, c->rows[k].name) != &c->rows[k])
				abort();
	}
	for (size_t i = 0; i < r.count; i++)
		if (!r.list[i].seq || strlen(r.list[i].comm) >= sizeof(r.list[i].comm))
			abort();
	vz_counters_free(&set);
	vz_refusals_free(&r);
	free(s);
	return 0;
}
