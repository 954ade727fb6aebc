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

struct bc_record_bucket bc_record_hash[1 << BC_RECORD_HASH_BITS];

/* RCU, or the bucket's lock. */
static struct bc_record *bc_record_search(const struct bc_record_bucket *bucket, const void *object)
{
	struct bc_record *r;

	hlist_for_each_entry_rcu(r, &bucket->head, hash, lockdep_is_held(&bucket->lock))
		if (r->object == object)
			return r;
	return NULL;
}

/**
 * bc_record_find() - the record of an object
 * @object: cannot end before the caller is done
 *
 * Context: any; takes its own RCU section.
 * Return: the record, or NULL. It lives as long as the object.
 */
struct bc_record *bc_record_find(const void *object)
{
	struct bc_record *r;

	rcu_read_lock();
	r = bc_record_search(bc_record_bucket(object), object);
	rcu_read_unlock();
	return r;
}

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
	struct bc_record_bucket *bucket = bc_record_bucket(object);
	struct bc_record *r = bc_record_find(object);
	struct bc_record *new;

	if (r)
		return r;
	new = kzalloc(size, GFP_ATOMIC | __GFP_ACCOUNT);
	if (!new)
		return NULL;
	new->object = object;
	new->bc = bc;
	new->owner = get_user_ns(owner);
	spin_lock_init(&new->lock);
	spin_lock(&list->lock);
	spin_lock(&bucket->lock);
	r = bc_record_search(bucket, object);
	if (!r) {
		hlist_add_head_rcu(&new->hash, &bucket->head);
		list_add(&new->list, &list->list);
	}
	spin_unlock(&bucket->lock);
	spin_unlock(&list->lock);
	if (!r)
		return new;
	bc_record_free(new);
	return r;
}

/**
 * bc_record_unlink() - the object ends
 * @record: only the object's end takes it away, once; the caller's to free
 * @list: of its beancounter
 */
void bc_record_unlink(struct bc_record *record, struct bc_record_list *list)
{
	struct bc_record_bucket *bucket = bc_record_bucket(record->object);

	spin_lock(&list->lock);
	list_del(&record->list);
	spin_lock(&bucket->lock);
	hlist_del_rcu(&record->hash);
	spin_unlock(&bucket->lock);
	spin_unlock(&list->lock);
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
