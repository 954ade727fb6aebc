/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: whose an object of the kernel is, and what is charged for it, where
 * the object itself cannot tell. Found by the object's address.
 */
#ifndef BC_RESOURCE_RECORD_H
#define BC_RESOURCE_RECORD_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "resource.h"

/**
 * struct bc_record - first member of what a family keeps of an object
 * @hash: link in bc_record_hash
 * @list: link in &bc_record_list.list
 * @object: compared; followed only while the record is in the list
 * @bc: pinned by @owner
 * @lock: guards what is charged
 * @owner: namespace that pins @bc, referenced; NULL if something else does
 * @rcu: delays the free
 */
struct bc_record {
	struct hlist_node	hash;
	struct list_head	list;
	const void		*object;
	struct bc		*bc;
	spinlock_t		lock;
	struct user_namespace	*owner;
	struct rcu_head		rcu;
};

/**
 * struct bc_record_list - private state of a beancounter
 * @lock: guards @list; while it is held no object of the list can go
 * @list: all records of a family
 */
struct bc_record_list {
	spinlock_t		lock;
	struct list_head	list;
};

#define BC_RECORD_HASH_BITS 14

struct bc_record_bucket {
	struct hlist_head	head;
	spinlock_t		lock;
};

extern struct bc_record_bucket bc_record_hash[1 << BC_RECORD_HASH_BITS];

static __always_inline struct bc_record_bucket *bc_record_bucket(const void *object)
{
	return &bc_record_hash[hash_ptr(object, BC_RECORD_HASH_BITS)];
}

/**
 * bc_record_may_exist() - a cheap no for most objects of the host
 * @object: any address
 */
static __always_inline bool bc_record_may_exist(const void *object)
{
	return !hlist_empty(&bc_record_bucket(object)->head);
}

/**
 * bc_record_find() - the record of an object
 * @object: cannot end before the caller is done
 *
 * Context: any. Inline, and with preemption off for want of something cheaper: that
 * is a read section of RCU, too.
 * Return: the record, or NULL. It lives as long as the object.
 */
static __always_inline struct bc_record *bc_record_find(const void *object)
{
	struct bc_record *r;

	preempt_disable_notrace();
	hlist_for_each_entry_rcu_notrace(r, &bc_record_bucket(object)->head, hash) {
		if (r->object == object)
			break;
	}
	preempt_enable_notrace();
	return r;
}

struct bc_record *bc_record_add(struct bc_record *new, const void *object, struct bc *bc,
				struct user_namespace *owner, struct bc_record_list *list);
struct bc_record *bc_record_get(const void *object, struct bc *bc, struct user_namespace *owner,
				struct bc_record_list *list, size_t size);
bool bc_record_try_unlink(struct bc_record *record, struct bc_record_list *list);
void bc_record_unlink(struct bc_record *record, struct bc_record_list *list);
void bc_record_free(struct bc_record *record);

void bc_record_walk(struct bc_record_list *list, void (*fn)(struct bc_record *record, void *arg),
		    void *arg);

struct bc_record_list *bc_record_list_alloc(void);
void bc_record_list_free(struct bc_record_list *list);
void bc_records_init(void);

#endif
