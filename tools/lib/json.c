// SPDX-License-Identifier: GPL-2.0
#include "json.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

static void put_escaped(FILE *f, unsigned int c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c < 0x80 ? strchr(from, c) : NULL;

	if (at)
		fprintf(f, "\\%c", to[at - from]);
	else
		fprintf(f, "\\u%04x", c);
}

void vz_json_string(FILE *f, const char *s)
{
	if (!s) {
		fputs("null", f);
		return;
	}
	fputc('"', f);
	while (*s) {
		uint32_t code;
		size_t len = vz_utf8(s, &code);

		if (len && (vz_is_control(code) || code == '"' || code == '\\'))
			put_escaped(f, code);
		else if (len)
			fwrite(s, 1, len, f);
		else
			fputs("\\ufffd", f);
		s += len ? len : 1;
	}
	fputc('"', f);
}
