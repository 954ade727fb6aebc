// SPDX-License-Identifier: GPL-2.0
/*
 * Items, see item.h: charged and given a record before the object is made, so that
 * there is no object without one. Knows neither the objects nor the errnos.
 */
#include <linux/slab.h>

#include "item.h"

static struct bc_record_list *bc_items_of(const struct bc *bc)
{
	return bc->families[bc_item_family.index];
}

/**
 * bc_item_charge() - before an object is made
 * @bc: whose it is going to be
 * @row: what is charged
 * @units: how much
 * @severity: which bound applies
 * @err: errno that the caller is going to see if it is refused, negative
 *
 * Context: process; may sleep.
 * Return: an item for bc_item_made() or bc_item_cancel(); @err, or -ENOMEM.
 */
struct bc_item *bc_item_charge(struct bc *bc, enum bc_resource row, unsigned long units,
			       enum bc_severity severity, int err)
{
	struct bc_item *item;

	if (!bc_try_charge(bc, row, units, severity, err))
		return ERR_PTR(err);
	item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item) {
		bc_uncharge(bc, row, units);
		return ERR_PTR(-ENOMEM);
	}
	item->record.bc = bc;
	item->row = row;
	item->units = units;
	return item;
}

/**
 * bc_item_cancel() - the object was not made after all
 * @item: of bc_item_charge()
 */
void bc_item_cancel(struct bc_item *item)
{
	bc_uncharge(item->record.bc, item->row, item->units);
	kfree(item);
}

/**
 * bc_item_made() - the object is there, and nobody else can end it yet
 * @item: of bc_item_charge()
 * @object: known by its address
 * @owner: namespace that pins the beancounter; NULL if a namespace may pin the object:
 *	the family is then busy as long as something is charged
 *
 * Context: any that a spinlock allows.
 */
void bc_item_made(struct bc_item *item, const void *object, struct user_namespace *owner)
{
	struct bc *bc = item->record.bc;
	enum bc_resource row = item->row;
	unsigned long units = item->units;

	/* an end that was missed; there is none that we know of */
	if (bc_record_add(&item->record, object, bc, owner, bc_items_of(bc)) != &item->record)
		bc_uncharge(bc, row, units);
}

/**
 * bc_item_gone() - the object goes; nobody can find it any more
 * @object: charged or not
 *
 * Nothing of the beancounter is looked at after the uncharge but what RCU protects: it
 * may have been the last that it was kept for.
 *
 * Context: any that a spinlock allows.
 */
void bc_item_gone(const void *object)
{
	struct bc_item *item = bc_item_find(object);

	if (likely(!item))
		return;
	rcu_read_lock();
	bc_record_unlink(&item->record, bc_items_of(item->record.bc));
	bc_uncharge(item->record.bc, item->row, item->units);
	rcu_read_unlock();
	bc_record_free(&item->record);
}

static int bc_item_init(struct bc *bc)
{
	struct bc_record_list *list = bc_record_list_alloc();

	bc->families[bc_item_family.index] = list;
	return list ? 0 : -ENOMEM;
}

static void bc_item_exit(struct bc *bc)
{
	bc_record_list_free(bc_items_of(bc));
}

/* No row: the families of those who charge have them. */
struct bc_family bc_item_family = {
	.name = "items",
	.bc_init = bc_item_init,
	.bc_exit = bc_item_exit,
};
