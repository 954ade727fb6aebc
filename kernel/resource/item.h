/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Items: objects that are charged when they are made, to whoever makes them, and
 * released when they go, where nothing in the object says whose it is.
 */
#ifndef BC_RESOURCE_ITEM_H
#define BC_RESOURCE_ITEM_H

#include "record.h"

/**
 * struct bc_item - what is kept of an object
 * @record: first; unlinked when the object goes
 * @row: what is charged
 * @units: how much. Guarded by whatever guards the object's size.
 */
struct bc_item {
	struct bc_record	record;
	enum bc_resource	row;
	unsigned long		units;
};

struct bc_item *bc_item_charge(struct bc *bc, enum bc_resource row, unsigned long units,
			       enum bc_severity severity, int err);
void bc_item_cancel(struct bc_item *item);
void bc_item_made(struct bc_item *item, const void *object, struct user_namespace *owner);
void bc_item_gone(const void *object);

/**
 * bc_item_find() - the item of an object
 * @object: cannot end before the caller is done
 *
 * Context: any.
 * Return: NULL if it was not charged.
 */
static __always_inline struct bc_item *bc_item_find(const void *object)
{
	struct bc_record *r = bc_record_may_exist(object) ? bc_record_find(object) : NULL;

	return r ? container_of(r, struct bc_item, record) : NULL;
}

#endif
