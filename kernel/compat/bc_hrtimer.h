/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A timer and its function are set up in one call on newer kernels, in two before.
 * Kbuild looks for the call. See compat/README.
 */
#ifndef BC_COMPAT_HRTIMER_H
#define BC_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>

#ifndef BC_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif
