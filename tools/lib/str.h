/* SPDX-License-Identifier: GPL-2.0 */
/* Strings: a growing buffer, splitting, escaping. Pure. */
#ifndef VZ_LIB_STR_H
#define VZ_LIB_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A string that grows. All zeros is an empty one. A failed allocation makes it
 * bad for good: further calls do nothing, vz_buf_steal() gives NULL.
 */
struct vz_buf {
	char *data;
	size_t len, room;
	bool bad;
};

void vz_buf_add(struct vz_buf *b, const char *data, size_t len);
void vz_buf_adds(struct vz_buf *b, const char *s);
void vz_buf_addc(struct vz_buf *b, char c);
void vz_buf_addf(struct vz_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vz_buf_free(struct vz_buf *b);

/* The NUL-terminated text, to be freed; @b is empty afterwards. NULL: no memory. */
char *vz_buf_steal(struct vz_buf *b, size_t *len);

/**
 * vz_words() - split at any of the characters in @sep, empty words left out
 * @count: number of words
 *
 * Return: NULL-terminated array, one allocation, to be freed; NULL: no memory.
 */
char **vz_words(const char *s, const char *sep, size_t *count);

/**
 * vz_line_words() - the next line of a text as words
 * @p: where the line begins; moved behind it
 *
 * Return: as vz_words(); NULL at the end of the text, or for no memory.
 */
char **vz_line_words(const char **p, const char *sep, size_t *count);

bool vz_streq(const char *a, const char *b);
bool vz_startswith(const char *s, const char *prefix);

/**
 * vz_utf8() - the character at @s
 *
 * Return: its length; 0 at the end, or if there is no well-formed UTF-8 sequence.
 */
size_t vz_utf8(const char *s, uint32_t *code);

/* What terminals obey, C1 (0x80 to 0x9f) included. */
bool vz_is_control(uint32_t code);

/*
 * Length of what is at @s if a terminal just shows it: a character of UTF-8 or one byte
 * of another encoding; 0 if it is a control character, in whichever form, or the end.
 */
size_t vz_harmless(const char *s);

/* Question marks in place of control characters. */
void vz_blank_controls(char *s);

/* Text from outside for messages: control characters and quotes become \xNN. */
char *vz_printable(const char *s, char *buf, size_t size);

#endif
