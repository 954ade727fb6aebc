// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "vzubc.h"

bool wanted(const struct options *o, uint32_t id)
{
	for (size_t i = 0; i < o->n_ids; i++)
		if (o->ids[i] == id)
			return true;
	return !o->n_ids;
}

int read_counters(const struct options *o, struct vz_counters_set *set, struct vz_err *e)
{
	size_t kept = 0;

	if ((o->file ? vz_counters_read_file(o->file, set, e) : vz_counters_read(set, e)) < 0)
		return -1;
	for (size_t i = 0; i < set->count; i++) {
		if (wanted(o, set->list[i].id))
			set->list[kept++] = set->list[i];
		else
			free(set->list[i].rows);
	}
	set->count = kept;
	return 0;
}
