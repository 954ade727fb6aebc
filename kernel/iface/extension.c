// SPDX-License-Identifier: GPL-2.0
/*
 * Where our other modules come in and go: their data in core/, their file in
 * /proc/bc/ID, both or neither.
 */
#include "../compat/bc_export.h"
#include "extension.h"
#include "iface.h"

/**
 * bc_extension_register() - a module takes its slot
 * @slot: the slot
 * @ext: valid until bc_extension_unregister()
 *
 * Context: process; takes bc_mutex.
 * Return: 0, -EBUSY or -ENOMEM.
 */
int bc_extension_register(enum bc_extension_slot slot, const struct bc_extension *ext)
{
	int ret;

	mutex_lock(&bc_mutex);
	ret = bc_extension_add(slot, ext);
	if (!ret) {
		ret = bc_proc_add_extension(slot);
		if (ret)
			bc_extension_drop(slot);
	}
	mutex_unlock(&bc_mutex);
	return ret;
}
BC_EXPORT(bc_extension_register);

/**
 * bc_extension_unregister() - mirror; nobody calls or looks into the module after it
 * @slot: of the caller
 *
 * Context: process; takes bc_mutex.
 */
void bc_extension_unregister(enum bc_extension_slot slot)
{
	mutex_lock(&bc_mutex);
	bc_proc_remove_extension(slot);
	bc_extension_drop(slot);
	mutex_unlock(&bc_mutex);
}
BC_EXPORT(bc_extension_unregister);
