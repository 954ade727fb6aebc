// SPDX-License-Identifier: GPL-2.0
#include "tap.h"

#include "lib/json.h"
#include "lib/str.h"
#include "lib/table.h"

static char *output;
static size_t output_len;

static const char *json(const char *s)
{
	FILE *f;

	free(output);
	f = open_memstream(&output, &output_len);
	vz_json_string(f, s);
	fclose(f);
	return output;
}

TEST(json_strings)
{
	CHECK_STR(json(NULL), "null");
	CHECK_STR(json(""), "\"\"");
	CHECK_STR(json("a\"b\\c"), "\"a\\\"b\\\\c\"");
	CHECK_STR(json("\n\t\b\f\r"), "\"\\n\\t\\b\\f\\r\"");
	CHECK_STR(json("\x01\x1f\x7f"), "\"\\u0001\\u001f\\u007f\"");
	CHECK_STR(json("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		  "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	CHECK_STR(json("\xc2\x9b"), "\"\\u009b\"");	/* C1 */
	CHECK_STR(json("\xff"), "\"\\ufffd\"");
	CHECK_STR(json("\xc3"), "\"\\ufffd\"");
	CHECK_STR(json("\xc0\xaf"), "\"\\ufffd\\ufffd\"");	/* overlong */
	CHECK_STR(json("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");	/* surrogate */
	CHECK_STR(json("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	CHECK_STR(json("\xe2\x82"), "\"\\ufffd\\ufffd\"");
}

static const char *const names[] = { "held", "limit" };
static const uint64_t values[] = { 7, 9 };
static const char *const words[] = { "a", "b" };

static const struct vz_column right = { "id", "ID", 5, false, "" };
static const struct vz_column left = { "name", "NAME", -6, false, "" };
static const struct vz_column sub = { "id.l", "ID.L", 5, true, "" };
static const struct vz_column *const columns[] = { &right, &left, &sub };

static const char *table(unsigned int flags, const struct vz_value *cells, size_t rows)
{
	struct vz_table t = { .flags = flags, .columns = columns, .count = 3 };

	free(output);
	t.out = open_memstream(&output, &output_len);
	vz_table_begin(&t);
	for (size_t i = 0; i < rows; i++)
		vz_table_row(&t, cells);
	CHECK(vz_table_end(&t) == 0);
	fclose(t.out);
	return output;
}

TEST(text)
{
	struct vz_value cells[3] = {
		{ .kind = VZ_RECORD, .record = { names, values, 2, 0 } },
		{ .kind = VZ_STR, .str = "x" },
		{ .kind = VZ_NONE },
	};

	CHECK_STR(table(0, cells, 1), "   ID NAME    ID.L\n    7 x          -\n");
	CHECK_STR(table(VZ_TABLE_NO_HEADER, cells, 2), "    7 x          -\n    7 x          -\n");
	cells[0].record.shown = VZ_SHOW_NONE;
	cells[1].str = "a\nb\033[2J";
	cells[2] = (struct vz_value){ .kind = VZ_STR, .str = "too long for it" };
	CHECK_STR(table(VZ_TABLE_NO_HEADER, cells, 1), "    - a?b?[2J too long for it\n");
}

TEST(trimming)
{
	static const struct vz_column *const two[] = { &right, &left };
	struct vz_value cells[2] = { { .kind = VZ_U64, .u64 = 1 }, { .kind = VZ_STR, .str = "" } };
	struct vz_table t = { .columns = two, .count = 2, .flags = VZ_TABLE_NO_TRIM };

	free(output);
	t.out = open_memstream(&output, &output_len);
	vz_table_begin(&t);
	vz_table_row(&t, cells);
	t.flags = 0;
	vz_table_row(&t, cells);
	fclose(t.out);
	CHECK_STR(output, "   ID NAME  \n    1 -     \n    1 -\n");
}

TEST(json_table)
{
	struct vz_value cells[3] = {
		{ .kind = VZ_RECORD, .record = { names, values, 2, 1 } },
		{ .kind = VZ_LIST, .list = { words, 2 } },
		{ .kind = VZ_U64, .u64 = 1 },
	};

	CHECK_STR(table(VZ_TABLE_JSON, cells, 2),
		  "[\n  {\n    \"id\": {\n      \"held\": 7,\n      \"limit\": 9\n    },\n"
		  "    \"name\": [\"a\", \"b\"]\n  },\n"
		  "  {\n    \"id\": {\n      \"held\": 7,\n      \"limit\": 9\n    },\n"
		  "    \"name\": [\"a\", \"b\"]\n  }\n]\n");
	CHECK_STR(table(VZ_TABLE_JSON, cells, 0), "[\n]\n");
}

static const char *text(struct vz_value v)
{
	static char buf[128];

	vz_value_text(&v, buf, sizeof(buf));
	return buf;
}

TEST(kinds)
{
	CHECK_STR(text((struct vz_value){ .kind = VZ_I64, .i64 = -5 }), "-5");
	CHECK_STR(text((struct vz_value){ .kind = VZ_YESNO, .yes = true }), "yes");
	CHECK_STR(text((struct vz_value){ .kind = VZ_LIST, .list = { words, 2 } }), "a,b");
	CHECK_STR(text((struct vz_value){ .kind = VZ_LIST }), "-");
	CHECK_STR(text((struct vz_value){ .kind = VZ_FIXED3, .u64 = 1050 }), "1.050");
	CHECK_STR(text((struct vz_value){ .kind = VZ_TRIPLE, .triple = { 10, 205, 3 } }),
		  "0.10/2.05/0.03");
	CHECK_STR(text((struct vz_value){ .kind = VZ_UPTIME, .u64 = 93784999 }),
		  "0001d02h:03m:04s");
	CHECK_STR(text((struct vz_value){ .kind = VZ_STR, .str = NULL }), "-");
}

TEST(write_errors_are_seen)
{
	struct vz_value cells[3] = { 0 };
	struct vz_table t = { .columns = columns, .count = 3, .out = fopen("/dev/full", "w") };

	vz_table_begin(&t);
	vz_table_row(&t, cells);
	CHECK(vz_table_end(&t) < 0);
	fclose(t.out);
}

TEST(strings)
{
	struct vz_buf b = { 0 };
	char **list, *s, buf[32];
	size_t n;

	vz_buf_addf(&b, "%d-%s", 5, "x");
	vz_buf_addc(&b, '!');
	s = vz_buf_steal(&b, &n);
	CHECK_STR(s, "5-x!");
	CHECK_U64(n, 4);
	free(s);
	list = vz_words("  a\tbb  c ", " \t", &n);
	CHECK(n == 3 && list[3] == NULL);
	CHECK_STR(list[1], "bb");
	free(list);
	list = vz_words("", " ", &n);
	CHECK(n == 0 && !list[0]);
	free(list);
	list = vz_words("a b c d e", " ", &n);
	CHECK(n == 5);
	CHECK_STR(list[4], "e");
	free(list);
	CHECK_STR(vz_printable("a\"\n", buf, sizeof(buf)), "a\\x22\\x0a");
	CHECK_STR(vz_printable("abcdefgh", buf, 4), "abc");
	CHECK_STR(vz_printable("\n\n", buf, 6), "\\x0a");
	CHECK_STR(vz_printable("\xc3\xa4\xc2\x9b!", buf, sizeof(buf)), "\xc3\xa4\\xc2\\x9b!");
}

/* C1 controls act on a terminal as ESC does, alone and as UTF-8. */
TEST(controls)
{
	char text[] = "a\233b\302\233c\303\244\344\177\033\342\202\254\342";

	vz_blank_controls(text);
	CHECK_STR(text, "a?b??c\303\244\344??\342\202\254\342");
	CHECK_U64(vz_harmless("\xc2\xa0"), 2);
	CHECK_U64(vz_harmless("\xc2\x85"), 0);
	CHECK_U64(vz_harmless("\xe4"), 1);
	CHECK_U64(vz_harmless(""), 0);
}

__attribute__((destructor)) static void free_output(void)
{
	free(output);
}

TAP_MAIN
