// SPDX-License-Identifier: GPL-2.0
#include "str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct vz_buf *b, size_t more)
{
	size_t room = b->room ? b->room : 64;
	char *data;

	if (b->bad || more > SIZE_MAX / 4 - b->len)
		goto bad;
	while (room < b->len + more + 1)
		room *= 2;
	if (room == b->room)
		return true;
	data = realloc(b->data, room);
	if (!data)
		goto bad;
	b->data = data;
	b->room = room;
	return true;
bad:
	b->bad = true;
	return false;
}

void vz_buf_add(struct vz_buf *b, const char *data, size_t len)
{
	if (!grow(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void vz_buf_adds(struct vz_buf *b, const char *s)
{
	vz_buf_add(b, s, strlen(s));
}

void vz_buf_addc(struct vz_buf *b, char c)
{
	vz_buf_add(b, &c, 1);
}

void vz_buf_addf(struct vz_buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !grow(b, len)) {
		b->bad = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, len + 1, fmt, ap);
	va_end(ap);
	b->len += len;
}

void vz_buf_free(struct vz_buf *b)
{
	free(b->data);
	*b = (struct vz_buf){ 0 };
}

char *vz_buf_steal(struct vz_buf *b, size_t *len)
{
	char *data;

	vz_buf_add(b, "", 0);
	if (b->bad) {
		vz_buf_free(b);
		return NULL;
	}
	data = b->data;
	if (len)
		*len = b->len;
	*b = (struct vz_buf){ 0 };
	return data;
}

char **vz_words(const char *s, const char *sep, size_t *count)
{
	size_t len = strlen(s), n = 0, max = len / 2 + 1;
	char **words, *text;

	/* The pointers and, behind them, the text they point into. */
	words = malloc((max + 1) * sizeof(*words) + len + 1);
	if (!words)
		return NULL;
	text = memcpy(words + max + 1, s, len + 1);
	for (;;) {
		text += strspn(text, sep);
		if (!*text)
			break;
		words[n++] = text;
		text += strcspn(text, sep);
		if (!*text)
			break;
		*text++ = '\0';
	}
	words[n] = NULL;
	if (count)
		*count = n;
	return words;
}

char **vz_line_words(const char **p, const char *sep, size_t *count)
{
	const char *end = strchrnul(*p, '\n');
	char *line, **words;

	if (!**p)
		return NULL;
	line = strndup(*p, end - *p);
	*p = *end ? end + 1 : end;
	words = line ? vz_words(line, sep, count) : NULL;
	free(line);
	return words;
}

bool vz_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool vz_startswith(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

size_t vz_utf8(const char *text, uint32_t *code)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c, min;
	size_t len, i;

	if (s[0] < 0x80) {
		*code = s[0];
		return s[0] ? 1 : 0;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2, c = s[0] & 0x1f, min = 0x80;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3, c = s[0] & 0x0f, min = 0x800;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4, c = s[0] & 0x07, min = 0x10000;
	else
		return 0;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)	/* the final NUL, too */
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

bool vz_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

size_t vz_harmless(const char *s)
{
	uint32_t code = (unsigned char)*s;
	size_t len = vz_utf8(s, &code);

	if (!*s || vz_is_control(code))
		return 0;
	return len ? len : 1;
}

void vz_blank_controls(char *s)
{
	for (size_t len; *s; s += len ? len : 1) {
		len = vz_harmless(s);
		if (!len)
			*s = '?';
	}
}

char *vz_printable(const char *s, char *buf, size_t size)
{
	size_t n = 0, len;

	for (; *s; s += len ? len : 1) {
		len = *s == '"' || *s == '\\' ? 0 : vz_harmless(s);
		if (n + (len ? len : 4) >= size)
			break;
		if (len)
			memcpy(buf + n, s, len);
		else
			sprintf(buf + n, "\\x%02x", (unsigned char)*s);
		n += len ? len : 4;
	}
	if (size)
		buf[n] = '\0';
	return buf;
}
