// SPDX-License-Identifier: GPL-2.0
/* The error object: pure, see err.h. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int vz_err_set(struct vz_err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (e) {
		e->code = code;
		va_start(ap, fmt);
		vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return -1;
}

int vz_err_errno(struct vz_err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	size_t len;
	va_list ap;

	if (e) {
		e->code = code;
		va_start(ap, fmt);
		vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
		va_end(ap);
		len = strlen(e->msg);
		snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(saved));
	}
	errno = saved;
	return -1;
}

int vz_err_wrap(struct vz_err *e, const char *fmt, ...)
{
	int saved = errno;
	char old[VZ_ERR_MSG];
	size_t len;
	va_list ap;

	if (e) {
		memcpy(old, e->msg, sizeof(old));
		va_start(ap, fmt);
		vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
		va_end(ap);
		len = strlen(e->msg);
		snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", old);
	}
	errno = saved;
	return -1;
}

int vz_err_hint(struct vz_err *e, const char *fmt, ...)
{
	int saved = errno;
	size_t len;
	va_list ap;

	if (e) {
		len = strlen(e->msg);
		len += snprintf(e->msg + len, sizeof(e->msg) - len, ". ");
		if (len < sizeof(e->msg)) {
			va_start(ap, fmt);
			vsnprintf(e->msg + len, sizeof(e->msg) - len, fmt, ap);
			va_end(ap);
		}
	}
	errno = saved;
	return -1;
}
