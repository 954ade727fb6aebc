// SPDX-License-Identifier: GPL-2.0
/*
 * What other modules of ours keep for each beancounter: made and dropped with it,
 * found by a look-up that costs no more than that of the beancounter itself.
 *
 * A slot is one module's. bc_mutex guards who has it and orders that against birth
 * and death of beancounters; look-ups use RCU.
 */
#include <linux/rcupdate.h>

#include "../compat/bc_export.h"
#include "bc.h"

static const struct bc_extension *bc_extensions[BC_EXTENSIONS];

/**
 * bc_extension_of() - who has a slot
 * @slot: the slot
 *
 * Context: process, bc_mutex held.
 * Return: NULL if nobody.
 */
const struct bc_extension *bc_extension_of(enum bc_extension_slot slot)
{
	lockdep_assert_held(&bc_mutex);
	return bc_extensions[slot];
}

static void *bc_extension_data(struct bc *bc, unsigned int slot)
{
	return rcu_dereference_protected(bc->extension[slot], lockdep_is_held(&bc_mutex));
}

static int bc_extension_create(struct bc *bc, unsigned int slot)
{
	void *data = bc_extensions[slot]->create(bc);

	if (!data)
		return -ENOMEM;
	rcu_assign_pointer(bc->extension[slot], data);
	return 0;
}

static void bc_extension_destroy(struct bc *bc, unsigned int slot)
{
	void *data = bc_extension_data(bc, slot);

	if (!data)
		return;
	RCU_INIT_POINTER(bc->extension[slot], NULL);
	bc_extensions[slot]->destroy(data);
}

/* A namespace of it that somebody else refers to: a task lives there, or can. */
static bool bc_is_inhabited(struct bc *bc)
{
	struct bc_ns *holder;

	lockdep_assert_held(&bc_mutex);
	list_for_each_entry(holder, &bc->namespaces, node)
		if (refcount_read(&holder->ns->ns.count) > 1)
			return true;
	return false;
}

/**
 * bc_extension_add() - a module takes its slot
 * @slot: free
 * @ext: valid until bc_extension_drop()
 *
 * Makes its data for the beancounters that exist; those that are inhabited start.
 *
 * Context: process, bc_mutex held.
 * Return: 0, -EBUSY or -ENOMEM.
 */
int bc_extension_add(enum bc_extension_slot slot, const struct bc_extension *ext)
{
	unsigned long order;
	struct bc *bc;
	int ret = 0;

	lockdep_assert_held(&bc_mutex);
	if (bc_extensions[slot])
		return -EBUSY;
	WRITE_ONCE(bc_extensions[slot], ext);
	bc_for_each(bc, order) {
		ret = bc_extension_create(bc, slot);
		if (ret) {
			bc_put(bc);
			bc_extension_drop(slot);
			break;
		}
		if (bc_is_inhabited(bc))
			ext->start(bc);
	}
	return ret;
}

/**
 * bc_extension_drop() - mirror of bc_extension_add()
 * @slot: of the caller
 *
 * Context: process, bc_mutex held. What RCU still delays is the caller's to wait for.
 */
void bc_extension_drop(enum bc_extension_slot slot)
{
	unsigned long order;
	struct bc *bc;

	lockdep_assert_held(&bc_mutex);
	bc_for_each(bc, order)
		bc_extension_destroy(bc, slot);
	WRITE_ONCE(bc_extensions[slot], NULL);
	/* bc_extension_times() may still be using it */
	synchronize_rcu();
}

/**
 * bc_extensions_create() - a beancounter is made
 * @bc: not visible yet
 *
 * Context: process, bc_mutex held.
 * Return: 0, or -ENOMEM with nothing left behind.
 */
int bc_extensions_create(struct bc *bc)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&bc_mutex);
	for (i = 0; i < BC_EXTENSIONS; i++) {
		if (!bc_extensions[i])
			continue;
		ret = bc_extension_create(bc, i);
		if (ret) {
			bc_extensions_destroy(bc);
			return ret;
		}
	}
	return 0;
}

/**
 * bc_extensions_destroy() - a beancounter is forgotten: mirror of bc_extensions_create()
 * @bc: of a container without tasks
 *
 * Context: process, bc_mutex held.
 */
void bc_extensions_destroy(struct bc *bc)
{
	unsigned int i;

	lockdep_assert_held(&bc_mutex);
	for (i = 0; i < BC_EXTENSIONS; i++)
		bc_extension_destroy(bc, i);
}

/**
 * bc_extensions_start() - a container is about to have a first task
 * @bc: of the container
 *
 * Context: process, bc_mutex held.
 */
void bc_extensions_start(struct bc *bc)
{
	unsigned int i;

	lockdep_assert_held(&bc_mutex);
	for (i = 0; i < BC_EXTENSIONS; i++)
		if (bc_extensions[i] && bc_extension_data(bc, i))
			bc_extensions[i]->start(bc);
}

/**
 * bc_extension_times() - processor time of a container
 * @bc: referenced
 * @times: out; zeros if nobody counts
 *
 * Context: process.
 */
void bc_extension_times(struct bc *bc, struct bc_times *times)
{
	const struct bc_extension *ext;
	void *data;

	*times = (struct bc_times){};
	rcu_read_lock();
	ext = READ_ONCE(bc_extensions[BC_EXTENSION_FAIRSCHED]);
	data = rcu_dereference(bc->extension[BC_EXTENSION_FAIRSCHED]);
	if (ext && data)
		ext->times(bc, data, times);
	rcu_read_unlock();
}

/**
 * bc_extension_bound() - other bounds of processor time
 * @bc: referenced
 * @bounds: from now on
 *
 * 0 is always possible, and what stays as it is. Kept while the module is away.
 *
 * Context: process, bc_mutex held.
 * Return: 0; -ENOENT if it was destroyed, -ENOPKG if nobody enforces it, -EOPNOTSUPP if
 * this kernel does not let them. Unchanged on error.
 */
int bc_extension_bound(struct bc *bc, const struct bc_cpu_bounds *bounds)
{
	const struct bc_extension *ext = bc_extensions[BC_EXTENSION_FAIRSCHED];
	void *data = bc_extension_data(bc, BC_EXTENSION_FAIRSCHED);
	const struct bc_cpu_bounds before = bc->cpu;
	int ret = 0;

	lockdep_assert_held(&bc_mutex);
	if (bc->dead)
		return -ENOENT;
	if (!ext && ((bounds->limit && bounds->limit != before.limit) ||
		     (bounds->units && bounds->units != before.units) ||
		     (bounds->cpus && bounds->cpus != before.cpus) ||
		     (bounds->cpuclass && bounds->cpuclass != before.cpuclass)))
		return -ENOPKG;
	bc->cpu = *bounds;
	if (ext)
		ret = ext->bound(bc, data);
	if (ret)
		bc->cpu = before;
	return ret;
}

/**
 * bc_unless_inhabited() - do something if no container can have tasks
 * @fn: called with bc_mutex held, so that none starts meanwhile
 *
 * Context: process; takes bc_mutex.
 * Return: true if @fn was called.
 */
bool bc_unless_inhabited(void (*fn)(void))
{
	unsigned long order;
	bool inhabited = false;
	struct bc *bc;

	mutex_lock(&bc_mutex);
	bc_for_each(bc, order)
		inhabited |= bc_is_inhabited(bc);
	if (!inhabited)
		fn();
	mutex_unlock(&bc_mutex);
	return !inhabited;
}
BC_EXPORT(bc_unless_inhabited);
