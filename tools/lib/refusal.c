// SPDX-License-Identifier: GPL-2.0
#include "refusal.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "num.h"
#include "root.h"
#include "str.h"

/* Columns of the file. */
enum { TIME, SEQ, RESOURCE, ASKED, HELD, BARRIER, LIMIT, ERRNO, PID, COMM };

/* "seconds.microseconds" */
static bool read_time(char *word, uint64_t *ns)
{
	char *point = strchr(word, '.');
	uint64_t s, us;

	if (!point || strlen(point + 1) != 6)
		return false;
	*point++ = '\0';
	if (vz_num_u64(word, 0, UINT64_MAX / 1000000000 - 1, &s) < 0 ||
	    vz_num_u64(point, 0, 999999, &us) < 0)
		return false;
	*ns = s * 1000000000 + us * 1000;
	return true;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The kernel escapes what is no printable character as \xNN. */
static void read_comm(const char *word, char *out, size_t size)
{
	size_t n = 0;

	while (*word && n + 1 < size) {
		if (word[0] == '\\' && word[1] == 'x' && hex(word[2]) >= 0 && hex(word[3]) >= 0) {
			out[n++] = hex(word[2]) << 4 | hex(word[3]);
			word += 4;
		} else {
			out[n++] = *word++;
		}
	}
	out[n] = '\0';
}

static bool read_line(char **words, size_t n, struct vz_refusal *r)
{
	uint64_t error, pid;

	/* A task may have an empty name. */
	if (n < COMM || strlen(words[RESOURCE]) >= sizeof(r->name))
		return false;
	if (!read_time(words[TIME], &r->time_ns) ||
	    vz_num_u64(words[SEQ], 1, UINT64_MAX, &r->seq) < 0 ||
	    vz_num_u64(words[ASKED], 0, UINT64_MAX, &r->asked) < 0 ||
	    vz_num_u64(words[HELD], 0, UINT64_MAX, &r->held) < 0 ||
	    vz_num_u64(words[BARRIER], 0, UINT64_MAX, &r->barrier) < 0 ||
	    vz_num_u64(words[LIMIT], 0, UINT64_MAX, &r->limit) < 0 ||
	    vz_num_u64(words[ERRNO], 0, INT_MAX, &error) < 0 ||
	    vz_num_u64(words[PID], 0, INT_MAX, &pid) < 0)
		return false;
	strcpy(r->name, words[RESOURCE]);
	r->error = error;
	r->pid = pid;
	read_comm(n > COMM ? words[COMM] : "", r->comm, sizeof(r->comm));
	return true;
}

static int add(struct vz_refusals *r, const struct vz_refusal *one)
{
	if (r->count == r->room) {
		size_t room = r->room ? r->room * 2 : 32;
		struct vz_refusal *list = reallocarray(r->list, room, sizeof(*list));

		if (!list)
			return -1;
		r->list = list;
		r->room = room;
	}
	r->list[r->count++] = *one;
	return 0;
}

int vz_refusals_parse(const char *text, uint32_t ctid, struct vz_refusals *r)
{
	char **words;
	size_t n;
	int rc = 0;

	while (rc == 0 && (words = vz_line_words(&text, " \t\r", &n))) {
		struct vz_refusal one = { .ctid = ctid };

		if (read_line(words, n, &one))
			rc = add(r, &one);
		free(words);
	}
	return rc;
}

int vz_refusals_read(uint32_t ctid, struct vz_refusals *r, struct vz_err *e)
{
	char path[64], *text;
	int rc;

	*r = (struct vz_refusals){ 0 };
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", ctid);
	text = vz_root_text(path);
	if (!text)
		return vz_err_errno(e,
				    errno == ENOENT			? VZ_EXIT_NO_MODULE :
				    errno == EACCES || errno == EPERM ? VZ_EXIT_PERMISSION :
									VZ_EXIT_SYSTEM,
				    "cannot read %s", path);
	rc = vz_refusals_parse(text, ctid, r);
	free(text);
	if (rc == 0)
		return 0;
	vz_refusals_free(r);
	return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
}

void vz_refusals_free(struct vz_refusals *r)
{
	free(r->list);
	*r = (struct vz_refusals){ 0 };
}

const struct vz_refusal *vz_refusals_last(const struct vz_refusals *r, const char *resource)
{
	for (size_t i = r->count; i; i--)
		if (!resource || vz_streq(r->list[i - 1].name, resource))
			return &r->list[i - 1];
	return NULL;
}

const char *vz_errno_name(int error, char *buf, size_t size)
{
	const char *name = strerrorname_np(error);

	if (name && error)
		return name;
	snprintf(buf, size, "errno %d", error);
	return buf;
}
