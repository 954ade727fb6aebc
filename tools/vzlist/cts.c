// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "vzlist.h"

/* Where the id is, or has to be put. */
static size_t position(const struct cts *set, uint32_t id)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->list[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct ct *cts_find(const struct cts *set, uint32_t id)
{
	size_t at = position(set, id);

	return at < set->count && set->list[at].id == id ? &set->list[at] : NULL;
}

struct ct *cts_get(struct cts *set, uint32_t id)
{
	size_t at = position(set, id);
	struct ct *list;

	if (at < set->count && set->list[at].id == id)
		return &set->list[at];
	if (set->count == set->room) {
		size_t room = set->room ? set->room * 2 : 64;

		list = reallocarray(set->list, room, sizeof(*list));
		if (!list)
			return NULL;
		set->list = list;
		set->room = room;
	}
	list = set->list + at;
	memmove(list + 1, list, (set->count - at) * sizeof(*list));
	set->count++;
	*list = (struct ct){ .id = id };
	return list;
}

void cts_free(struct cts *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct ct *ct = &set->list[i];

		vz_conf_free(ct->conf);
		free(ct->ips);
		free(ct->private);
		free(ct->root);
		free(ct->layout);
		free(ct->conf_ips);
		free(ct->nameservers);
		free(ct->searchdomains);
	}
	free(set->list);
	*set = (struct cts){ 0 };
}
