// SPDX-License-Identifier: GPL-2.0
/*
 * The birth of a container: an armed task makes a user namespace.
 *
 * Charges nothing. The tag is written after the kernel has made the namespace
 * and before anything else can find it.
 */
#include <linux/slab.h>

#include "resource.h"

BC_DECLARE_ORIGINAL(int, create_user_ns, struct cred *cred);

static int notrace bc_wrap_create_user_ns(struct cred *cred)
{
	struct bc_ns *holder;
	int ret = -ENOMEM;

	bc_hook_enter();
	holder = kmalloc(sizeof(*holder), GFP_KERNEL);
	if (!holder)
		goto out;
	ret = bc_orig_create_user_ns(cred);
	/* a failure after the original's success: the caller drops cred, and the namespace with it */
	if (!ret)
		ret = bc_identify(cred->user_ns, holder);
	if (ret)
		kfree(holder);
out:
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_create_user_ns)
{
	if (unlikely(READ_ONCE(bc_nr_armings)) && bc_current_is_armed())
		BC_REDIRECT(bc_wrap_create_user_ns);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "create_user_ns" },
		.callback = bc_on_create_user_ns,
		.original = &bc_addr_create_user_ns,
		.required = true,
		.missing = "containers cannot be told from the host",
	},
};

const struct bc_hook_group bc_userns_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };
