// SPDX-License-Identifier: GPL-2.0
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "str.h"

static const char *const names[BC_ROWS] = {
#define X(id, NAME, name, unit, kind, meaning) [id] = #name,
	BC_RESOURCES(X)
#undef X
};

static int find_row(const char *name, size_t len)
{
	for (int i = 0; i < BC_ROWS; i++)
		if (names[i] && strlen(names[i]) == len && !memcmp(names[i], name, len))
			return i;
	return -1;
}

static int parse_one(const char *word, struct vz_policies *out, struct vz_err *e)
{
	const char *colon = strchr(word, ':');
	char shown[64];
	size_t len;
	int row;

	vz_printable(word, shown, sizeof(shown));
	if (!colon)
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "\"%s\" is not allowed: give RESOURCE:POLICY[,...]", shown);
	row = find_row(word, colon - word);
	if (row < 0)
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "\"%s\": there is no such resource", shown);
	if (*out->name[row])
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "\"%s\": %s is named twice", shown,
				  names[row]);
	len = strspn(colon + 1, "abcdefghijklmnopqrstuvwxyz0123456789-_");
	if (!len || len >= BC_POLICY_NAME || colon[1 + len])
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "\"%s\": a policy has 1 to %d of a-z, 0-9, - and _", shown,
				  BC_POLICY_NAME - 1);
	memcpy(out->name[row], colon + 1, len);
	return 0;
}

int vz_policies_parse(const char *s, struct vz_policies *out, struct vz_err *e)
{
	size_t n;
	char **words = vz_words(s, ",", &n);
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!words)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	for (size_t i = 0; i < n && !rc; i++)
		rc = parse_one(words[i], out, e);
	free(words);
	return rc;
}

char *vz_policies_format(const struct vz_policies *p)
{
	struct vz_buf b = { 0 };

	for (int i = 0; i < BC_ROWS; i++)
		if (*p->name[i])
			vz_buf_addf(&b, "%s%s:%s", b.len ? "," : "", names[i], p->name[i]);
	return vz_buf_steal(&b, NULL);
}
