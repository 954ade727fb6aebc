// SPDX-License-Identifier: GPL-2.0
/* The resource table and the families behind it. Knows flags, not meanings. */
#include <linux/bug.h>
#include <linux/build_bug.h>

#include "bc.h"

#define BC_UNIT_OF_ITEMS	BC_UNIT_ITEMS
#define BC_UNIT_OF_PAGES	BC_UNIT_PAGES
#define BC_UNIT_OF_BYTES	BC_UNIT_BYTES

#define BC_PROMISES_COUNT	false
#define BC_PROMISES_MEMORY	false
#define BC_PROMISES_GUARANTEE	true

/* clang-format off */
const struct bc_resource_info bc_resource[BC_ROWS] = {
#define X(id, NAME, _name, _unit, kind, _meaning) \
	[id] = { .name = #_name, .unit = BC_UNIT_OF_##_unit,					\
		 .promises = BC_PROMISES_##kind, .meaning = _meaning },
	BC_RESOURCES(X)
#undef X
};
/* clang-format on */

/* masks of rows are u64 */
static_assert(BC_ROWS <= 64);

u8 bc_row_states[BC_ROWS]; /* enum bc_state; BC_STATE_NOT_ENFORCED is 0 */

static struct bc_family *bc_families[ARRAY_SIZE(((struct bc *)NULL)->families)];
static unsigned int bc_nr_families;

/**
 * bc_rows_set_state() - settle what rows are worth on this kernel
 * @rows: mask of row numbers
 * @state: enum bc_state
 *
 * Context: load only, before the first beancounter exists.
 */
void bc_rows_set_state(u64 rows, enum bc_state state)
{
	unsigned int i;

	for (i = 0; i < BC_ROWS; i++)
		if (rows & BIT(i))
			bc_row_states[i] = state;
}

/**
 * bc_family_register() - a file that counts rows introduces itself
 * @family: lives as long as the module
 *
 * Context: load only.
 */
void bc_family_register(struct bc_family *family)
{
	if (WARN_ON(bc_nr_families == ARRAY_SIZE(bc_families)))
		return;
	family->index = bc_nr_families;
	bc_families[bc_nr_families++] = family;
}

/**
 * bc_families_init() - private state of a new beancounter
 * @bc: not yet visible
 * Return: 0 or -ENOMEM with nothing left behind.
 */
int bc_families_init(struct bc *bc)
{
	unsigned int i;
	int ret;

	for (i = 0; i < bc_nr_families; i++) {
		if (!bc_families[i]->bc_init)
			continue;
		ret = bc_families[i]->bc_init(bc);
		if (ret)
			goto err;
	}
	return 0;
err:
	while (i--)
		if (bc_families[i]->bc_exit)
			bc_families[i]->bc_exit(bc);
	return ret;
}

/**
 * bc_families_exit() - mirror of bc_families_init()
 * @bc: nothing is charged any more
 */
void bc_families_exit(struct bc *bc)
{
	unsigned int i = bc_nr_families;

	while (i--)
		if (bc_families[i]->bc_exit)
			bc_families[i]->bc_exit(bc);
}

/**
 * bc_families_recount() - see bc_recount()
 * @bc: referenced
 */
void bc_families_recount(struct bc *bc)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->recount)
			bc_families[i]->recount(bc);
}

/**
 * bc_families_read() - put right what the kernel itself counts of a row
 * @bc: referenced
 * @out: what our own counter says
 */
void bc_families_read(struct bc *bc, struct bc_row *out)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->read && (bc_families[i]->rows & BIT(out->resource)))
			bc_families[i]->read(bc, out);
}

/**
 * bc_families_clear() - a new period of what the kernel itself counts
 * @bc: referenced
 */
void bc_families_clear(struct bc *bc)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->clear)
			bc_families[i]->clear(bc);
}

/**
 * bc_families_apply() - limits have been set: tell the kernel where it enforces them
 * @bc: referenced
 * @rows: mask of rows
 *
 * Context: process; may take as long as reclaim takes.
 * Return: 0 or the first negative errno.
 */
int bc_families_apply(struct bc *bc, u64 rows)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < bc_nr_families && !ret; i++)
		if (bc_families[i]->apply && (bc_families[i]->rows & rows))
			ret = bc_families[i]->apply(bc, rows);
	return ret;
}

/**
 * bc_families_attach() - the container's cgroup is known
 * @bc: referenced
 * @fd: its directory
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno and no cgroup is attached; -EOPNOTSUPP: none can be.
 */
int bc_families_attach(struct bc *bc, int fd)
{
	int ret = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++) {
		if (!bc_families[i]->attach)
			continue;
		ret = bc_families[i]->attach(bc, fd);
		if (ret)
			break;
	}
	if (ret)
		bc_families_detach(bc);
	return ret;
}

/**
 * bc_families_detach() - mirror of bc_families_attach(); none need be attached
 * @bc: referenced
 */
void bc_families_detach(struct bc *bc)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->detach)
			bc_families[i]->detach(bc);
}

/**
 * bc_families_busy() - is something charged that pins no namespace
 * @bc: not freed before the caller is done
 *
 * Context: any.
 */
bool bc_families_busy(struct bc *bc)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->busy && bc_families[i]->busy(bc))
			return true;
	return false;
}

/**
 * bc_families_text() - read a file of the container's cgroup
 * @bc: referenced
 * @name: of the file
 * @text: filled in and terminated
 * @size: room there
 *
 * Return: the length, or a negative errno; -ENOENT if there is no cgroup.
 */
ssize_t bc_families_text(struct bc *bc, const char *name, char *text, size_t size)
{
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++)
		if (bc_families[i]->text)
			return bc_families[i]->text(bc, name, text, size);
	return -ENOENT;
}

/**
 * bc_families_settle() - states of all rows that families count
 * @lost: mask of rows that they cannot count on this kernel
 *
 * Context: load only.
 * Return: mask of rows that are counted.
 */
u64 bc_families_settle(u64 lost)
{
	u64 counted = 0;
	unsigned int i;

	for (i = 0; i < bc_nr_families; i++) {
		const struct bc_family *f = bc_families[i];
		u64 rows = f->rows & ~lost;

		if (f->usable && !f->usable())
			continue;
		bc_rows_set_state(rows, f->state ?: BC_STATE_ENFORCED);
		counted |= rows;
	}
	return counted;
}
