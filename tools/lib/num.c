// SPDX-License-Identifier: GPL-2.0
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

static int fail(int err)
{
	errno = err;
	return -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Digits at *s, at least one; *s is left behind them.
 * A number too large is ERANGE, with *s behind its digits nevertheless.
 */
static int digits(const char **s, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;

	if (!is_digit(**s))
		return fail(EINVAL);
	for (; is_digit(**s); ++*s) {
		over |= __builtin_mul_overflow(v, 10, &v);
		over |= __builtin_add_overflow(v, (uint64_t)(**s - '0'), &v);
	}
	*out = v;
	return over ? fail(ERANGE) : 0;
}

int vz_num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;
	bool over = digits(&s, &v) < 0;

	if (over && errno == EINVAL)
		return -1;
	if (*s)
		return fail(EINVAL);
	if (over || v < min || v > max)
		return fail(ERANGE);
	*out = v;
	return 0;
}

int vz_num_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool minus = *s == '-';
	uint64_t v;
	int64_t i;

	if (vz_num_u64(s + minus, 0, (uint64_t)INT64_MAX + minus, &v) < 0)
		return -1;
	i = minus ? (int64_t)(0 - v) : (int64_t)v;
	if (i < min || i > max)
		return fail(ERANGE);
	*out = i;
	return 0;
}

/* The factor of a suffix, 0 if it is none. */
static uint64_t factor_of(char suffix, uint64_t page)
{
	/* clang-format off */
	switch (suffix) {
	case 'B': return 1;
	case 'K': return 1ULL << 10;
	case 'M': return 1ULL << 20;
	case 'G': return 1ULL << 30;
	case 'T': return 1ULL << 40;
	case 'P': return page;
	default:  return 0;
	}
	/* clang-format on */
}

int vz_num_size(const char *s, uint64_t page, uint64_t *out, char *suffix)
{
	uint64_t whole, frac = 0, scale = 1, factor;
	unsigned __int128 v;
	bool over, point;
	char c;

	over = digits(&s, &whole) < 0;
	if (over && errno == EINVAL)
		return -1;
	point = *s == '.';
	if (point) {
		const char *start = ++s;

		if (digits(&s, &frac) < 0 || s - start > 18)
			return fail(EINVAL);
		for (; start < s; start++)
			scale *= 10;
	}
	c = toupper((unsigned char)*s);
	factor = c ? factor_of(c, page) : 1;
	if (!factor || (c && s[1]) || (point && !c))
		return fail(EINVAL);
	if (over)
		return fail(ERANGE);
	v = (unsigned __int128)whole * factor + (unsigned __int128)frac * factor / scale;
	if (v > INT64_MAX)
		return fail(ERANGE);
	*out = v;
	*suffix = c;
	return 0;
}

/* A number with at most @most digits behind a point, times 10^@most; @unit may follow. */
static int fixed(const char *s, unsigned int most, char unit, uint64_t max, uint64_t *out)
{
	unsigned int places = 0;
	bool over;
	uint64_t v;

	over = digits(&s, &v) < 0;
	if (over && errno == EINVAL)
		return -1;
	if (*s == '.') {
		while (is_digit(*++s) && places < most) {
			over |= __builtin_mul_overflow(v, 10, &v);
			over |= __builtin_add_overflow(v, *s - '0', &v);
			places++;
		}
		if (!places)
			return fail(EINVAL);
	}
	for (; places < most; places++)
		over |= __builtin_mul_overflow(v, 10, &v);
	if (unit && *s == unit)
		s++;
	if (*s)
		return fail(EINVAL);
	if (over || v > max)
		return fail(ERANGE);
	*out = v;
	return 0;
}

int vz_num_percent(const char *s, uint64_t max, uint64_t *out)
{
	return fixed(s, 2, '%', max, out);
}

int vz_num_milli(const char *s, uint64_t max, uint64_t *out)
{
	return fixed(s, 3, 0, max, out);
}
