/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What test programs include: the harness, the vocabulary, shared checks.
 *
 * Functions that run in a container cannot use the harness' macros (they are
 * another process): they return a number which the test compares, or leave
 * numbers in box->shm.
 */
#ifndef SELFTESTS_LIB_BC_TEST_H
#define SELFTESTS_LIB_BC_TEST_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "bc_box.h"
#include "bc_util.h"

/* A debug kernel under emulation is slow; a hang is caught all the same. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/* In a container function: say what failed and leave; the host stops waiting. */
#define BOX_CHECK(cond)                                                                        \
	do {                                                                                   \
		if (!(cond)) {                                                                 \
			fprintf(stderr, "# %s:%d: in the container: %s: errno %d\n", __FILE__, \
				__LINE__, #cond, errno);                                       \
			box->shm[BC_SHM_FAILED] = __LINE__;                                    \
			return 119;                                                            \
		}                                                                              \
	} while (0)

/* held, maxheld and failcnt of a row, all three. */
#define EXPECT_ROW(id, res, want_held, want_max, want_fail)                    \
	do {                                                                   \
		struct bc_row row_ = {};                                       \
		EXPECT_EQ(0, bc_row(id, res, &row_));                          \
		EXPECT_EQ(want_held, (int64_t)row_.held);                      \
		EXPECT_EQ(want_max, (int64_t)row_.maxheld);                    \
		EXPECT_EQ(want_fail, (int64_t)row_.failcnt);                   \
	} while (0)

/* The last refusal on record names the resource and the errno. */
#define EXPECT_RECORDED(id, res, err)                                          \
	do {                                                                   \
		struct bc_failure list_[256];                                  \
		int n_ = bc_failures(id, list_, 256);                          \
		EXPECT_LT(0, n_);                                              \
		if (n_ > 0) {                                                  \
			EXPECT_STREQ(bc_name(res), list_[n_ - 1].resource);    \
			EXPECT_EQ(err, list_[n_ - 1].error);                   \
		}                                                              \
	} while (0)

#endif
