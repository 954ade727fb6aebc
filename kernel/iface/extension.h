/* SPDX-License-Identifier: GPL-2.0 */
/* How our other modules come in and go. */
#ifndef BC_IFACE_EXTENSION_H
#define BC_IFACE_EXTENSION_H

#include "../core/bc.h"

int bc_extension_register(enum bc_extension_slot slot, const struct bc_extension *ext);
void bc_extension_unregister(enum bc_extension_slot slot);

#endif
