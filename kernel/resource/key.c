// SPDX-License-Identifier: GPL-2.0
/*
 * numkey: keys and keyrings.
 *
 * Charged when a key is made (add_key(2), request_key(2), keyctl(2), the keyrings that the kernel
 * makes of its own accord for a thread, process, session, user or namespace), to the credentials
 * of the task; released when the kernel has collected it, a moment after its last link. HARD:
 * EDQUOT at the barrier, as at the kernel's own quota; FORCE for what the host sends in.
 *
 * The kernel's quota (kernel.keys.maxkeys, maxbytes) is one for each user, of which a container has
 * 65,536; its bytes bound what a key can be filled with.
 *
 * A user namespace has keyrings, which may have any key: a key must not pin a namespace. The
 * beancounter of a container that is gone is kept for them: see bc_key_busy().
 */
#include <linux/key.h>

#include "item.h"

BC_DECLARE_ORIGINAL(struct key *, key_alloc, struct key_type *type, const char *desc, kuid_t uid,
		    kgid_t gid, const struct cred *cred, key_perm_t perm, unsigned long flags,
		    struct key_restriction *restrict_link);

static struct key *notrace bc_wrap_key_alloc(struct key_type *type, const char *desc, kuid_t uid,
					     kgid_t gid, const struct cred *cred, key_perm_t perm,
					     unsigned long flags,
					     struct key_restriction *restrict_link)
{
	struct bc_item *item = NULL;
	struct key *key;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_cred();
	if (bc)
		item = bc_item_charge(bc, BC_NUMKEY, 1, bc_hard_unless_sent(), -EDQUOT);
	if (IS_ERR(item)) {
		key = ERR_CAST(item);
	} else {
		key = bc_orig_key_alloc(type, desc, uid, gid, cred, perm, flags, restrict_link);
		if (item && IS_ERR(key))
			bc_item_cancel(item);
		else if (item)
			bc_item_made(item, key, NULL);
	}
	bc_hook_leave();
	return key;
}

BC_CALLBACK(bc_on_key_alloc)
{
	if (bc_of_cred())
		BC_REDIRECT(bc_wrap_key_alloc);
}

BC_CALLBACK(bc_on_security_key_free)
{
	bc_item_gone(BC_ARG0(const struct key *));
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "security_key_free" },
		.callback = bc_on_security_key_free,
		.rows = BIT(BC_NUMKEY),
		.missing = "numkey is not enforced",
	},
	{
		.symbols = { "key_alloc" },
		.callback = bc_on_key_alloc,
		.original = &bc_addr_key_alloc,
		.rows = BIT(BC_NUMKEY),
		.missing = "numkey is not enforced",
	},
};

const struct bc_hook_group bc_key_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

/* No namespace of it is left: nobody can make another one. */
static bool bc_key_busy(struct bc *bc)
{
	return atomic_long_read(&bc->row[BC_NUMKEY].held) > 0;
}

struct bc_family bc_key_family = {
	.name = "keys",
	.rows = BIT(BC_NUMKEY),
	.busy = bc_key_busy,
};
