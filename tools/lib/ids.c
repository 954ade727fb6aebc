// SPDX-License-Identifier: GPL-2.0
#include "ids.h"

#include <errno.h>

#include "str.h"

#define WORDS	(VZ_IDS / 64)

static bool has(const struct vz_ids *ids, uint32_t id)
{
	return ids->word[id / 64] >> id % 64 & 1;
}

/* Digits at *s; *s is left behind them. What is above VZ_IDS is VZ_IDS. */
static bool number(const char **s, uint32_t *out)
{
	uint32_t v = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; ++*s) {
		v = v * 10 + (uint32_t)(**s - '0');
		if (v > VZ_IDS)
			v = VZ_IDS;
	}
	*out = v;
	return true;
}

int vz_ids_parse(const char *s, uint32_t max, struct vz_ids *out)
{
	struct vz_ids ids = {};
	bool over = false;
	uint32_t id, last;

	do {
		if (!number(&s, &id))
			goto err_invalid;
		last = id;
		if (*s == '-') {
			s++;
			if (!number(&s, &last) || last < id)
				goto err_invalid;
		}
		over |= last > max;
		for (; id <= last && id < VZ_IDS; id++)
			ids.word[id / 64] |= 1ULL << id % 64;
	} while (*s++ == ',');
	if (s[-1])
		goto err_invalid;
	if (over) {
		errno = ERANGE;
		return -1;
	}
	*out = ids;
	return 0;

err_invalid:
	errno = EINVAL;
	return -1;
}

char *vz_ids_format(const struct vz_ids *ids)
{
	struct vz_buf b = {};
	uint32_t last;

	vz_buf_adds(&b, "");
	for (uint32_t id = 0; id < VZ_IDS; id++) {
		if (!has(ids, id))
			continue;
		for (last = id; last + 1 < VZ_IDS && has(ids, last + 1); last++)
			;
		vz_buf_addf(&b, "%s%u", b.len ? "," : "", id);
		if (last > id)
			vz_buf_addf(&b, "-%u", last);
		id = last;
	}
	return vz_buf_steal(&b, NULL);
}

bool vz_ids_empty(const struct vz_ids *ids)
{
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= ids->word[i];
	return !any;
}

void vz_ids_add(struct vz_ids *to, const struct vz_ids *more)
{
	for (int i = 0; i < WORDS; i++)
		to->word[i] |= more->word[i];
}

void vz_ids_keep(struct vz_ids *to, const struct vz_ids *also)
{
	for (int i = 0; i < WORDS; i++)
		to->word[i] &= also->word[i];
}

void vz_ids_drop(struct vz_ids *to, const struct vz_ids *less)
{
	for (int i = 0; i < WORDS; i++)
		to->word[i] &= ~less->word[i];
}
