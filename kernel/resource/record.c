// SPDX-License-Identifier: GPL-2.0
/*
 * Records of objects, see record.h. Knows neither the objects nor what is
 * charged for them.
 *
 * Lock order: bc_record_list.lock, bc_record.lock; the lock of a bucket is
 * innermost.
 */
#include <linux/slab.h>

#include "record.h"

/* Records that a walk looks at before it lets others have the lock. */
#define BC_WALK_BATCH 64

struct bc_record_bucket bc_record_hash[1 << BC_RECORD_HASH_BITS];

/**
 * bc_record_free() - after bc_record_unlink()
 * @record: nothing is charged for it any more
 */
void bc_record_free(struct bc_record *record)
{
	put_user_ns(record->owner);
	kfree_rcu(record, rcu);
}

/**
 * bc_record_add() - an object has a record from now on
 * @new: made before, zeroed
 * @object: known by its address
 * @bc: whose it is, if it has no other record yet
 * @owner: namespace that pins @bc, or NULL
 * @list: of @bc
 *
 * Context: any that a spinlock allows.
 * Return: the record, which may be another beancounter's; then @new is freed.
 */
struct bc_record *bc_record_add(struct bc_record *new, const void *object, struct bc *bc,
				struct user_namespace *owner, struct bc_record_list *list)
{
	struct bc_record_bucket *bucket = bc_record_bucket(object);
	struct bc_record *r;

	new->object = object;
	new->bc = bc;
	new->owner = owner ? get_user_ns(owner) : NULL;
	spin_lock_init(&new->lock);
	spin_lock_bh(&list->lock);
	spin_lock(&bucket->lock);
	r = bc_record_find(object);
	if (!r) {
		hlist_add_head_rcu(&new->hash, &bucket->head);
		list_add(&new->list, &list->list);
	}
	spin_unlock(&bucket->lock);
	spin_unlock_bh(&list->lock);
	if (!r)
		return new;
	bc_record_free(new);
	return r;
}

/**
 * bc_record_get() - find the record of an object, or make it
 * @object: as above
 * @bc: whose it is from now on, if nobody's yet
 * @owner: namespace that pins @bc
 * @list: of @bc
 * @size: of the family's structure, which is zeroed
 *
 * Context: any that a spinlock allows.
 * Return: the record, which may be another beancounter's, or NULL for want of memory.
 */
struct bc_record *bc_record_get(const void *object, struct bc *bc, struct user_namespace *owner,
				struct bc_record_list *list, size_t size)
{
	struct bc_record *r = bc_record_find(object);

	if (r)
		return r;
	r = kzalloc(size, GFP_ATOMIC | __GFP_ACCOUNT);
	return r ? bc_record_add(r, object, bc, owner, list) : NULL;
}

/**
 * bc_record_try_unlink() - the object ends, and others may see that
 * @record: found under RCU, which is still held
 * @list: of its beancounter
 *
 * Return: true for one caller, who frees it.
 */
bool bc_record_try_unlink(struct bc_record *record, struct bc_record_list *list)
{
	struct bc_record_bucket *bucket = bc_record_bucket(record->object);
	bool linked;

	spin_lock_bh(&list->lock);
	linked = !hlist_unhashed(&record->hash);
	if (linked) {
		list_del(&record->list);
		spin_lock(&bucket->lock);
		hlist_del_init_rcu(&record->hash);
		spin_unlock(&bucket->lock);
	}
	spin_unlock_bh(&list->lock);
	return linked;
}

/**
 * bc_record_unlink() - the object ends
 * @record: only the object's end takes it away, once; the caller's to free
 * @list: of its beancounter
 */
void bc_record_unlink(struct bc_record *record, struct bc_record_list *list)
{
	bc_record_try_unlink(record, list);
}

/**
 * bc_record_walk() - look at each record of a list
 * @list: of a beancounter
 * @fn: called with the list's lock held; no object can end meanwhile
 * @arg: for @fn
 *
 * Lets go of the lock now and then: a mark in the list keeps the place. What
 * comes new stands in front of it and is not seen.
 *
 * Context: any that a spinlock allows.
 */
void bc_record_walk(struct bc_record_list *list, void (*fn)(struct bc_record *record, void *arg),
		    void *arg)
{
	struct bc_record mark = { .object = NULL };
	unsigned int seen = 0;

	spin_lock_bh(&list->lock);
	list_add(&mark.list, &list->list);
	while (!list_is_last(&mark.list, &list->list)) {
		struct bc_record *r = list_next_entry(&mark, list);

		list_move(&mark.list, &r->list);
		if (r->object)
			fn(r, arg);
		if (++seen % BC_WALK_BATCH == 0) {
			spin_unlock_bh(&list->lock);
			cpu_relax();
			spin_lock_bh(&list->lock);
		}
	}
	list_del(&mark.list);
	spin_unlock_bh(&list->lock);
}

/**
 * bc_record_list_alloc() - of a new beancounter
 * Return: NULL for want of memory.
 */
struct bc_record_list *bc_record_list_alloc(void)
{
	struct bc_record_list *list = kmalloc(sizeof(*list), GFP_KERNEL);

	if (!list)
		return NULL;
	spin_lock_init(&list->lock);
	INIT_LIST_HEAD(&list->list);
	return list;
}

/**
 * bc_record_list_free() - of a beancounter that goes
 * @list: records are left only when the module goes: they pin the beancounter
 */
void bc_record_list_free(struct bc_record_list *list)
{
	struct bc_record *r, *next;

	list_for_each_entry_safe(r, next, &list->list, list) {
		bc_record_unlink(r, list);
		bc_record_free(r);
	}
	kfree(list);
}

/**
 * bc_records_init() - before the first hook
 */
void bc_records_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bc_record_hash); i++)
		spin_lock_init(&bc_record_hash[i].lock);
}
