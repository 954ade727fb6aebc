// SPDX-License-Identifier: GPL-2.0
#include "ctid.h"

#include <string.h>

#include <beanpod/beancounter.h>

#include "err.h"
#include "num.h"
#include "str.h"

static int parse(const char *s, uint32_t *out)
{
	uint64_t v;

	if (*s == '0' || vz_num_u64(s, 1, BC_ID_MAX, &v) < 0)
		return -1;
	*out = v;
	return 0;
}

int vz_ctid_parse(const char *s, uint32_t *out, struct vz_err *e)
{
	char text[64];

	if (parse(s, out) == 0)
		return 0;
	return vz_err_set(e, VZ_EXIT_BAD_VALUE, "\"%s\" is no container id: a number from 1 to %u",
			  vz_printable(s, text, sizeof(text)), BC_ID_MAX);
}

int vz_ctid_from_conf_name(const char *name, uint32_t *out)
{
	static const char suffix[] = ".conf";
	size_t len = strlen(name);
	char id[16];

	if (len <= strlen(suffix) || len - strlen(suffix) >= sizeof(id))
		return -1;
	len -= strlen(suffix);
	if (!vz_streq(name + len, suffix))
		return -1;
	memcpy(id, name, len);
	id[len] = '\0';
	return parse(id, out);
}
