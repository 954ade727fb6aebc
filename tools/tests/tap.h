/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests in one file: TEST(name) { ... } blocks, run in order by TAP_MAIN.
 * A failed check prints file and line and fails its test, which goes on.
 */
#ifndef VZ_TESTS_TAP_H
#define VZ_TESTS_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap_test {
	const char *name;
	void (*run)(void);
	struct tap_test *next;
};

static struct tap_test *tap_first, **tap_last = &tap_first;
static bool tap_failed;

/* clang-format off */
#define TEST(name_)								\
	static void test_##name_(void);						\
	__attribute__((constructor)) static void add_##name_(void)		\
	{									\
		static struct tap_test t = { #name_, test_##name_, NULL };	\
		*tap_last = &t;							\
		tap_last = &t.next;						\
	}									\
	static void test_##name_(void)

#define FAIL(...)								\
	do {									\
		printf("# %s:%d: ", __FILE__, __LINE__);			\
		printf(__VA_ARGS__);						\
		putchar('\n');							\
		tap_failed = true;						\
	} while (0)

#define CHECK(cond)	do { if (!(cond)) FAIL("not true: %s", #cond); } while (0)

#define CHECK_STR(got_, want_)							\
	do {									\
		const char *tap_got = (got_), *tap_want = (want_);			\
		if (!tap_got || !tap_want ? tap_got != tap_want : strcmp(tap_got, tap_want) != 0)	\
			FAIL("%s is \"%s\", not \"%s\"", #got_, tap_got ? tap_got : "(null)",	\
			     tap_want ? tap_want : "(null)");				\
	} while (0)

#define CHECK_U64(got_, want_)							\
	do {									\
		uint64_t tap_got = (got_), tap_want = (want_);				\
		if (tap_got != tap_want)						\
			FAIL("%s is %" PRIu64 ", not %" PRIu64, #got_, tap_got, tap_want);	\
	} while (0)

#define TAP_MAIN								\
	int main(void)								\
	{									\
		int n = 0, failed = 0;						\
		setvbuf(stdout, NULL, _IOLBF, 0);				\
		for (struct tap_test *t = tap_first; t; t = t->next)		\
			n++;							\
		printf("TAP version 13\n1..%d\n", n);				\
		n = 0;								\
		for (struct tap_test *t = tap_first; t; t = t->next) {		\
			tap_failed = false;					\
			t->run();						\
			failed += tap_failed;					\
			printf("%s %d %s\n", tap_failed ? "not ok" : "ok", ++n, t->name);	\
		}								\
		return failed ? 1 : 0;						\
	}

/* clang-format on */

#endif
