/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One description of columns, printed as aligned text or as JSON.
 *
 * A cell is a struct vz_value; each kind of value knows both of its forms, so
 * text and JSON cannot drift apart.
 */
#ifndef VZ_LIB_TABLE_H
#define VZ_LIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum vz_value_kind {
	VZ_NONE,	/* "-" and null */
	VZ_STR,		/* text; NULL is as VZ_NONE */
	VZ_U64,
	VZ_I64,
	VZ_YESNO,	/* yes, no; true, false */
	VZ_LIST,	/* words joined by commas (blanks in the last column); array of strings */
	VZ_FIXED3,	/* thousandths: 1.500 in both */
	VZ_REAL2,	/* two decimals: 1.50 in both; infinity: inf, and null */
	VZ_RECORD,	/* text: the number at shown; object of numbers */
	VZ_TRIPLE,	/* hundredths: 0.10/0.20/0.30; [0.10, 0.20, 0.30] */
	VZ_UPTIME,	/* milliseconds: 0001d02h:03m:04s; seconds with three decimals */
};

struct vz_value {
	enum vz_value_kind kind;
	union {
		const char *str;
		uint64_t u64;
		int64_t i64;
		bool yes;
		double real;
		struct {
			const char *const *words;
			size_t count;
		} list;
		struct {
			const char *const *names;	/* members of the object */
			const uint64_t *values;
			size_t count;
			size_t shown;			/* which one text shows */
#define VZ_SHOW_NONE	SIZE_MAX			/* none: "-" */
		} record;
		uint32_t triple[3];
	};
	/* What JSON prints for VZ_NONE instead of null, NULL: null. */
	const char *json_none;
};

struct vz_column {
	const char *name;	/* as in -o and as JSON key */
	const char *header;
	int width;		/* positive: right-aligned; negative: left-aligned */
	bool text_only;		/* no member of the JSON object */
	const char *help;	/* one line, for -L and the manual */
};

enum vz_table_flags {
	VZ_TABLE_NO_HEADER = 1,
	VZ_TABLE_NO_TRIM = 2,	/* keep trailing blanks and cells at their full length */
	VZ_TABLE_JSON = 4,
};

struct vz_table {
	FILE *out;
	unsigned int flags;		/* enum vz_table_flags */
	const struct vz_column *const *columns;
	size_t count;
	size_t rows;			/* printed so far */
	bool failed;			/* a row was lost for want of memory */
};

/* Prints the header, or opens the array. */
void vz_table_begin(struct vz_table *t);

/* Prints one row; @cells has one value for each column. */
void vz_table_row(struct vz_table *t, const struct vz_value *cells);

/* Closes the array. Return: 0; -1 with errno set if writing failed at any point. */
int vz_table_end(struct vz_table *t);

/* The text form of a value in @buf; always NUL-terminated. */
void vz_value_text(const struct vz_value *v, char *buf, size_t size);

#endif
