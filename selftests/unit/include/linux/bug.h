/* SPDX-License-Identifier: GPL-2.0 */
/* Warnings are counted, so that a test can demand one or none. */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

extern long unit_warnings;

#define WARN_ONCE(cond, ...)							\
	({									\
		bool warn_ = (cond);						\
		if (warn_)							\
			__atomic_fetch_add(&unit_warnings, 1, __ATOMIC_RELAXED);	\
		warn_;								\
	})

#endif
