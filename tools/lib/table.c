// SPDX-License-Identifier: GPL-2.0
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "str.h"

/* ---- text --------------------------------------------------------------- */

static void add_list(struct vz_buf *b, const struct vz_value *v, char sep)
{
	for (size_t i = 0; i < v->list.count; i++) {
		if (i)
			vz_buf_addc(b, sep);
		vz_buf_adds(b, v->list.words[i]);
	}
}

static void add_uptime(struct vz_buf *b, uint64_t ms)
{
	uint64_t s = ms / 1000;

	vz_buf_addf(b, "%04" PRIu64 "d%02uh:%02um:%02us", s / 86400, (unsigned int)(s / 3600 % 24),
		    (unsigned int)(s / 60 % 60), (unsigned int)(s % 60));
}

static void add_text(struct vz_buf *b, const struct vz_value *v, char sep)
{
	switch (v->kind) {
	case VZ_STR:
		vz_buf_adds(b, v->str && *v->str ? v->str : "-");
		return;
	case VZ_U64:
		vz_buf_addf(b, "%" PRIu64, v->u64);
		return;
	case VZ_I64:
		vz_buf_addf(b, "%" PRId64, v->i64);
		return;
	case VZ_YESNO:
		vz_buf_adds(b, v->yes ? "yes" : "no");
		return;
	case VZ_LIST:
		if (v->list.count)
			add_list(b, v, sep);
		else
			vz_buf_addc(b, '-');
		return;
	case VZ_FIXED3:
		vz_buf_addf(b, "%" PRIu64 ".%03u", v->u64 / 1000, (unsigned int)(v->u64 % 1000));
		return;
	case VZ_REAL2:
		vz_buf_addf(b, "%.2f", v->real);
		return;
	case VZ_RECORD:
		if (v->record.shown == VZ_SHOW_NONE)
			break;
		vz_buf_addf(b, "%" PRIu64, v->record.values[v->record.shown]);
		return;
	case VZ_TRIPLE:
		for (int i = 0; i < 3; i++)
			vz_buf_addf(b, "%s%u.%02u", i ? "/" : "", v->triple[i] / 100,
				    v->triple[i] % 100);
		return;
	case VZ_UPTIME:
		add_uptime(b, v->u64);
		return;
	case VZ_NONE:
		break;
	}
	vz_buf_addc(b, '-');
}

static char *text_of(const struct vz_value *v, char sep)
{
	struct vz_buf b = { 0 };
	char *text;

	add_text(&b, v, sep);
	text = vz_buf_steal(&b, NULL);
	/*
	 * What a tenant chose (a host name) must not draw on the admin's terminal, nor
	 * make one row look like two.
	 */
	if (text)
		vz_blank_controls(text);
	return text;
}

void vz_value_text(const struct vz_value *v, char *buf, size_t size)
{
	char *text = text_of(v, ',');

	snprintf(buf, size, "%s", text ? text : "");
	free(text);
}

static void pad(struct vz_buf *b, const char *text, int width)
{
	vz_buf_addf(b, "%*s", width, text);
}

static void print_line(struct vz_table *t, struct vz_buf *b)
{
	size_t len;
	char *line = vz_buf_steal(b, &len);

	if (!line) {
		t->failed = true;
		return;
	}
	if (!(t->flags & VZ_TABLE_NO_TRIM))
		while (len && line[len - 1] == ' ')
			len--;
	fwrite(line, 1, len, t->out);
	fputc('\n', t->out);
	free(line);
}

static void text_row(struct vz_table *t, const struct vz_value *cells)
{
	struct vz_buf b = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		bool last = i + 1 == t->count;
		char *text = text_of(&cells[i], last ? ' ' : ',');

		if (i)
			vz_buf_addc(&b, ' ');
		if (text)
			pad(&b, text, t->columns[i]->width);
		else
			b.bad = true;
		free(text);
	}
	print_line(t, &b);
}

static void text_header(struct vz_table *t)
{
	struct vz_buf b = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		if (i)
			vz_buf_addc(&b, ' ');
		pad(&b, t->columns[i]->header, t->columns[i]->width);
	}
	print_line(t, &b);
}

/* ---- JSON --------------------------------------------------------------- */

static void json_value(FILE *f, const struct vz_value *v)
{
	size_t i;

	switch (v->kind) {
	case VZ_STR:
		if (!v->str && v->json_none)
			break;
		vz_json_string(f, v->str);
		return;
	case VZ_U64:
		fprintf(f, "%" PRIu64, v->u64);
		return;
	case VZ_I64:
		fprintf(f, "%" PRId64, v->i64);
		return;
	case VZ_YESNO:
		fputs(v->yes ? "true" : "false", f);
		return;
	case VZ_LIST:
		fputc('[', f);
		for (i = 0; i < v->list.count; i++) {
			fputs(i ? ", " : "", f);
			vz_json_string(f, v->list.words[i]);
		}
		fputc(']', f);
		return;
	case VZ_FIXED3:
	case VZ_UPTIME:
		fprintf(f, "%" PRIu64 ".%03u", v->u64 / 1000, (unsigned int)(v->u64 % 1000));
		return;
	case VZ_REAL2:
		if (!isfinite(v->real))
			break;
		fprintf(f, "%.2f", v->real);
		return;
	case VZ_RECORD:
		fputs("{\n", f);
		for (i = 0; i < v->record.count; i++)
			fprintf(f, "      \"%s\": %" PRIu64 "%s\n", v->record.names[i],
				v->record.values[i], i + 1 < v->record.count ? "," : "");
		fputs("    }", f);
		return;
	case VZ_TRIPLE:
		for (i = 0; i < 3; i++)
			fprintf(f, "%s%u.%02u", i ? ", " : "[", v->triple[i] / 100,
				v->triple[i] % 100);
		fputc(']', f);
		return;
	case VZ_NONE:
		break;
	}
	fputs(v->json_none ? v->json_none : "null", f);
}

static void json_row(struct vz_table *t, const struct vz_value *cells)
{
	bool first = true;

	fputs(t->rows ? ",\n  {\n" : "\n  {\n", t->out);
	for (size_t i = 0; i < t->count; i++) {
		if (t->columns[i]->text_only)
			continue;
		fputs(first ? "    " : ",\n    ", t->out);
		vz_json_string(t->out, t->columns[i]->name);
		fputs(": ", t->out);
		json_value(t->out, &cells[i]);
		first = false;
	}
	fputs("\n  }", t->out);
}

/* ---- both --------------------------------------------------------------- */

void vz_table_begin(struct vz_table *t)
{
	t->rows = 0;
	t->failed = false;
	if (t->flags & VZ_TABLE_JSON)
		fputc('[', t->out);
	else if (!(t->flags & VZ_TABLE_NO_HEADER))
		text_header(t);
}

void vz_table_row(struct vz_table *t, const struct vz_value *cells)
{
	if (t->flags & VZ_TABLE_JSON)
		json_row(t, cells);
	else
		text_row(t, cells);
	t->rows++;
}

int vz_table_end(struct vz_table *t)
{
	if (t->flags & VZ_TABLE_JSON)
		fputs("\n]\n", t->out);
	if (t->failed) {
		errno = ENOMEM;
		return -1;
	}
	return fflush(t->out) == 0 && !ferror(t->out) ? 0 : -1;
}
