// SPDX-License-Identifier: GPL-2.0
#include "counters.h"

#include <bc_resources.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "nl.h"
#include "num.h"
#include "root.h"
#include "str.h"

#define BLANKS	" \t\r"

const char *const vz_number_names[VZ_NUMBERS] = { "held", "maxheld", "barrier", "limit",
						  "failcnt" };

static const char *const state_words[] = {
	[BC_STATE_NOT_ENFORCED] = "not-enforced", [BC_STATE_ENFORCED] = "enforced",
	[BC_STATE_SAMPLED] = "sampled",		  [BC_STATE_GUARANTEE] = "guarantee",
	[BC_STATE_RECLAIMED] = "reclaimed",
};

#define N_STATES	((int)(sizeof(state_words) / sizeof(state_words[0])))

const char *vz_state_word(int state)
{
	return state >= 0 && state < N_STATES ? state_words[state] : "unknown";
}

/* ---- the set ----------------------------------------------------------------- */

/* A new member at the end; set_close() puts it where it belongs. NULL: no memory. */
static struct vz_counters *set_add(struct vz_counters_set *set, uint32_t id)
{
	struct vz_counters *c;

	if (set->count == set->room) {
		size_t room = set->room ? set->room * 2 : 64;

		c = reallocarray(set->list, room, sizeof(*c));
		if (!c)
			return NULL;
		set->list = c;
		set->room = room;
	}
	c = &set->list[set->count++];
	*c = (struct vz_counters){ .id = id, .life = VZ_UNKNOWN };
	return c;
}

static struct vz_row *row_add(struct vz_counters *c)
{
	struct vz_row *rows;

	/* Room is doubled at each power of two. */
	if (c->count && (c->count & (c->count - 1)))
		return &c->rows[c->count++];
	rows = reallocarray(c->rows, c->count ? c->count * 2 : 1, sizeof(*rows));
	if (!rows)
		return NULL;
	c->rows = rows;
	return &rows[c->count++];
}

static int by_id(const void *a, const void *b)
{
	const struct vz_counters *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* In order; of two with one id (made again while the kernel was read) one stays. */
static void set_close(struct vz_counters_set *set)
{
	size_t kept = 0;

	if (!set->count)
		return;
	qsort(set->list, set->count, sizeof(*set->list), by_id);
	for (size_t i = 1; i < set->count; i++) {
		if (set->list[i].id == set->list[kept].id)
			free(set->list[i].rows);
		else
			set->list[++kept] = set->list[i];
	}
	set->count = kept + 1;
}

void vz_counters_free(struct vz_counters_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->list[i].rows);
	free(set->list);
	*set = (struct vz_counters_set){ 0 };
}

const struct vz_counters *vz_counters_find(const struct vz_counters_set *set, uint32_t id)
{
	struct vz_counters key = { .id = id };

	return set->count ? bsearch(&key, set->list, set->count, sizeof(key), by_id) : NULL;
}

static struct vz_row *find_row(const struct vz_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (vz_streq(c->rows[i].name, name))
			return &c->rows[i];
	return NULL;
}

const struct vz_row *vz_counters_row(const struct vz_counters *c, const char *name)
{
	return find_row(c, name);
}

/* ---- text -------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && vz_streq(s + len - n, end);
}

/* Number and unit of a name. Of one that is not listed the name tells the unit. */
static void identify(struct vz_row *row)
{
	static const struct {
		uint32_t id;
		int unit;
		const char *name;
	} known[] = {
#define ROW(id, NAME, name, unit, kind, meaning)	{ id, BC_UNIT_##unit, #name },
		BC_RESOURCES(ROW)
#undef ROW
	};

	row->state = VZ_UNKNOWN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!vz_streq(row->name, known[i].name))
			continue;
		row->resource = known[i].id;
		row->unit = known[i].unit;
		return;
	}
	row->resource = VZ_NO_RESOURCE;
	row->unit = ends_with(row->name, "pages") ? BC_UNIT_PAGES :
		    ends_with(row->name, "size") || ends_with(row->name, "buf") ? BC_UNIT_BYTES :
										  BC_UNIT_ITEMS;
}

/* Words from the name on. Return: 0, also for a line that is none; -1: no memory. */
static int take_row(struct vz_counters *c, char **words, size_t n)
{
	struct vz_row row = { 0 }, *room;

	if (n < VZ_NUMBERS + 1 || strlen(words[0]) >= sizeof(row.name) ||
	    vz_streq(words[0], "dummy"))
		return 0;
	for (int i = 0; i < VZ_NUMBERS; i++)
		if (vz_num_u64(words[1 + i], 0, UINT64_MAX, &row.n[i]) < 0)
			return 0;
	if (find_row(c, words[0]))
		return 0;
	strcpy(row.name, words[0]);
	identify(&row);
	room = row_add(c);
	if (!room)
		return -1;
	*room = row;
	return 0;
}

/* "ID:" in front of a beancounter's first row. */
static bool is_label(const char *word)
{
	return word[strlen(word) - 1] == ':';
}

static bool read_label(char *word, uint32_t *id)
{
	uint64_t v;

	word[strlen(word) - 1] = '\0';
	if (vz_num_u64(word, 0, BC_ID_MAX, &v) < 0)
		return false;
	*id = v;
	return true;
}

int vz_counters_parse(const char *text, struct vz_counters_set *set)
{
	struct vz_counters *c = NULL;
	char **words;
	size_t n;
	int rc = 0;

	while (rc == 0 && (words = vz_line_words(&text, BLANKS, &n))) {
		uint32_t id;

		if (n && is_label(words[0])) {
			/* Rows behind an id that is not understood belong to nobody. */
			c = NULL;
			if (n >= VZ_NUMBERS + 2 && read_label(words[0], &id)) {
				c = set_add(set, id);
				rc = c ? take_row(c, words + 1, n - 1) : -1;
			}
		} else if (c) {
			rc = take_row(c, words, n);
		}
		free(words);
	}
	set_close(set);
	return rc;
}

static int state_of_word(const char *word)
{
	for (int i = 0; i < N_STATES; i++)
		if (vz_streq(word, state_words[i]))
			return i;
	return VZ_UNKNOWN;
}

int vz_counters_parse_states(const char *text, struct vz_counters_set *set)
{
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, BLANKS, &n))) {
		for (size_t i = 0; n >= 2 && i < set->count; i++) {
			struct vz_row *row = find_row(&set->list[i], words[0]);

			if (row)
				row->state = state_of_word(words[1]);
		}
		free(words);
	}
	return 0;
}

/* ---- the kernel -------------------------------------------------------------- */

struct dump {
	struct vz_counters_set *set;
	bool no_memory;
};

static void on_beancounter(const struct vz_nl_bc *bc, void *arg)
{
	struct dump *d = arg;
	struct vz_counters *c = bc->id ? set_add(d->set, bc->id) : NULL;

	if (!c) {
		d->no_memory |= bc->id != 0;
		return;
	}
	c->life = bc->life;
	for (uint32_t i = 0; i < bc->count; i++) {
		const struct bc_row *r = &bc->row[i];
		struct vz_row *row = row_add(c);

		if (!row) {
			d->no_memory = true;
			return;
		}
		*row = (struct vz_row){
			.resource = r->resource,
			.state = r->state,
			.unit = r->unit,
			.n = { r->held, r->maxheld, r->barrier, r->limit, r->failcnt },
		};
		snprintf(row->name, sizeof(row->name), "%.*s", (int)sizeof(r->name), r->name);
	}
}

static int no_memory(struct vz_err *e)
{
	return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
}

static void drop_host(struct vz_counters_set *set)
{
	if (!set->count || set->list[0].id)
		return;
	free(set->list[0].rows);
	memmove(set->list, set->list + 1, --set->count * sizeof(*set->list));
}

/* Rows beyond the classic ones: as there, with a state behind the name. */
static int take_extended(struct vz_counters *c, const char *text)
{
	char **words;
	size_t n;
	int rc = 0;

	while (rc == 0 && (words = vz_line_words(&text, BLANKS, &n))) {
		if (n > VZ_NUMBERS + 1) {
			words[1] = words[0];
			rc = take_row(c, words + 1, n - 1);
		}
		free(words);
	}
	return rc;
}

/* A beancounter that has gone meanwhile keeps the rows that were read. */
static int read_extended(struct vz_counters_set *set)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < set->count; i++) {
		char path[64], *text;

		snprintf(path, sizeof(path), "/proc/bc/%u/resources.ext", set->list[i].id);
		text = vz_root_text(path);
		if (text)
			rc = take_extended(&set->list[i], text);
		free(text);
	}
	return rc;
}

static int read_proc(struct vz_counters_set *set, struct vz_err *e)
{
	static const char *const files[] = { "/proc/bc/resources", "/proc/user_beancounters" };
	char *text = NULL;
	int rc;

	for (size_t i = 0; !text && i < 2; i++)
		text = vz_root_text(files[i]);
	if (!text && errno == ENOENT) {
		vz_err_errno(e, VZ_EXIT_NO_MODULE, "cannot read %s", files[1]);
		return vz_err_hint(e, "The kernel module is not loaded: modprobe beancounter");
	}
	if (!text)
		return vz_err_errno(
			e, errno == EACCES || errno == EPERM ? VZ_EXIT_PERMISSION : VZ_EXIT_SYSTEM,
			"cannot read %s", files[1]);
	rc = vz_counters_parse(text, set);
	free(text);
	drop_host(set);
	if (rc == 0)
		rc = read_extended(set);
	/* States are the kernel's, the same for every beancounter. */
	text = rc < 0 ? NULL : vz_root_text("/proc/bc/0/resources.ext");
	if (text)
		rc = vz_counters_parse_states(text, set);
	free(text);
	return rc < 0 ? no_memory(e) : 0;
}

int vz_counters_read(struct vz_counters_set *set, struct vz_err *e)
{
	struct dump d = { .set = set };
	int rc;

	*set = (struct vz_counters_set){ 0 };
	if (!vz_root_moved() && vz_nl_dump(on_beancounter, &d, NULL) == 0) {
		rc = d.no_memory ? no_memory(e) : 0;
		set_close(set);
	} else {
		vz_counters_free(set);
		rc = read_proc(set, e);
	}
	if (rc < 0)
		vz_counters_free(set);
	return rc;
}

int vz_counters_read_file(const char *path, struct vz_counters_set *set, struct vz_err *e)
{
	char *text = vz_root_text(path), shown[256];
	int rc;

	*set = (struct vz_counters_set){ 0 };
	if (!text)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read %s",
				    vz_printable(path, shown, sizeof(shown)));
	if (!vz_startswith(text, "Version: 2.5\n")) {
		free(text);
		return vz_err_set(e, VZ_EXIT_SYSTEM,
				  "%s: does not begin with \"Version: 2.5\": no table of counters",
				  vz_printable(path, shown, sizeof(shown)));
	}
	rc = vz_counters_parse(text, set);
	free(text);
	if (rc == 0)
		return 0;
	vz_counters_free(set);
	return no_memory(e);
}
