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

char *vz_printable(const char *s, char *buf, size_t size)
{
	size_t n = 0;

	for (; *s; s++) {
		unsigned char c = *s;
		bool plain = c >= 0x20 && c != 0x7f && c != '"' && c != '\\';

		if (n + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			buf[n++] = c;
		else
			n += sprintf(buf + n, "\\x%02x", c);
	}
	if (size)
		buf[n] = '\0';
	return buf;
}
