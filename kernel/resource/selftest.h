/* SPDX-License-Identifier: GPL-2.0 */
/* The self test at load. */
#ifndef BC_RESOURCE_SELFTEST_H
#define BC_RESOURCE_SELFTEST_H

#include "resource.h"

u64 bc_selftest(u64 rows);

#endif
