// SPDX-License-Identifier: GPL-2.0
/* The resource table and the families behind it. Knows flags, not meanings. */
#include <linux/bug.h>
#include <linux/build_bug.h>

#include "bc.h"

#define BC_UNIT_OF_ITEMS	BC_UNIT_ITEMS
#define BC_UNIT_OF_PAGES	BC_UNIT_PAGES
#define BC_UNIT_OF_BYTES	BC_UNIT_BYTES

/* clang-format off */
const struct bc_resource_info bc_resource[BC_ROWS] = {
#define X(id, NAME, _name, _unit, kind, _meaning) \
	[id] = { .name = #_name, .unit = BC_UNIT_OF_##_unit, .meaning = _meaning },
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
