/* SPDX-License-Identifier: GPL-2.0 */
/* The self test at load. */
#ifndef BC_RESOURCE_SELFTEST_H
#define BC_RESOURCE_SELFTEST_H

#include "resource.h"

u32 bc_selftest(u32 rows);

#endif
