// SPDX-License-Identifier: GPL-2.0
/* The error object: pure, see err.h. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Formats in a buffer of its own: arguments may point into the message. */
__attribute__((format(printf, 5, 0))) static void put(struct vz_err *e, const char *before,
						      const char *between, const char *after,
						      const char *fmt, va_list ap)
{
	char text[VZ_ERR_MSG], whole[VZ_ERR_MSG];

	vsnprintf(text, sizeof(text), fmt, ap);
	/* What is too long is cut at the end. */
	if (snprintf(whole, sizeof(whole), "%s%s%s%s", before, text, between, after) < 0)
		*whole = 0;
	memcpy(e->msg, whole, sizeof(whole));
}

int vz_err_set(struct vz_err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		put(e, "", "", "", fmt, ap);
		va_end(ap);
		e->code = code;
	}
	errno = saved;
	return -1;
}

int vz_err_errno(struct vz_err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		put(e, "", ": ", strerror(saved), fmt, ap);
		va_end(ap);
		e->code = code;
	}
	errno = saved;
	return -1;
}

int vz_err_wrap(struct vz_err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		put(e, "", ": ", e->msg, fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return -1;
}

int vz_err_hint(struct vz_err *e, const char *fmt, ...)
{
	char before[VZ_ERR_MSG + 2];
	int saved = errno;
	va_list ap;

	if (e) {
		snprintf(before, sizeof(before), "%s. ", e->msg);
		va_start(ap, fmt);
		put(e, before, "", "", fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return -1;
}
