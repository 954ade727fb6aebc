// SPDX-License-Identifier: GPL-2.0
#include "limit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "err.h"
#include "num.h"
#include "str.h"

_Static_assert(BC_UNLIMITED == INT64_MAX, "vz_num_size() stops where the counters do");

/* How a plain number and one with a suffix become units. */
struct scale {
	uint64_t divide;	/* by this, if there was a suffix */
	bool suffix;		/* may there be one? */
	const char *range;
};

static struct scale scale_of(enum bc_unit unit)
{
	switch (unit) {
	case BC_UNIT_BYTES:
		return (struct scale){ 1, true,
				       "bytes, or a number with suffix T, G, M, K, P or B" };
	case BC_UNIT_PAGES:
		return (struct scale){ sysconf(_SC_PAGESIZE), true,
				       "pages, or bytes with suffix T, G, M, K, P or B" };
	default:
		return (struct scale){ 1, false, "items, without suffix" };
	}
}

static int parse_one(const char *s, const struct scale *scale, uint64_t *out)
{
	uint64_t v;
	char suffix;

	if (strcasecmp(s, "unlimited") == 0) {
		*out = BC_UNLIMITED;
		return 0;
	}
	if (vz_num_size(s, sysconf(_SC_PAGESIZE), &v, &suffix) < 0)
		return -1;
	if (suffix && !scale->suffix) {
		errno = EINVAL;
		return -1;
	}
	*out = suffix ? v / scale->divide : v;
	return 0;
}

static int parse_pair(const char *s, const struct scale *scale, struct vz_limit *out,
		      struct vz_err *e)
{
	const char *colon = strchr(s, ':');
	char first[64], shown[96];
	struct vz_limit l;
	size_t len = colon ? (size_t)(colon - s) : strlen(s);

	errno = EINVAL;
	if (len >= sizeof(first))
		goto bad;
	memcpy(first, s, len);
	first[len] = '\0';
	if (parse_one(first, scale, &l.barrier) < 0)
		goto bad;
	l.limit = l.barrier;
	if (colon && parse_one(colon + 1, scale, &l.limit) < 0)
		goto bad;
	*out = l;
	return 0;
bad:
	return vz_err_set(e, VZ_EXIT_BAD_VALUE,
			  "\"%s\" %s: give N or N:N, each 0 to %llu %s, or \"unlimited\"",
			  vz_printable(s, shown, sizeof(shown)),
			  errno == ERANGE ? "is too large" : "is no barrier:limit", BC_UNLIMITED,
			  scale->range);
}

int vz_limit_parse(const char *s, enum bc_unit unit, struct vz_limit *out, struct vz_err *e)
{
	struct scale scale = scale_of(unit);

	return parse_pair(s, &scale, out, e);
}

int vz_limit_parse_kb(const char *s, struct vz_limit *out, struct vz_err *e)
{
	struct scale scale = { 1024, true, "kilobytes, or bytes with suffix T, G, M, K, P or B" };

	return parse_pair(s, &scale, out, e);
}

void vz_limit_format(const struct vz_limit *l, char buf[VZ_LIMIT_TEXT])
{
	const uint64_t v[2] = { l->barrier, l->limit };
	size_t n = 0;
	int i;

	for (i = 0; i < 2; i++) {
		if (i)
			buf[n++] = ':';
		if (v[i] == BC_UNLIMITED)
			n += sprintf(buf + n, "unlimited");
		else
			n += sprintf(buf + n, "%" PRIu64, v[i]);
	}
}
