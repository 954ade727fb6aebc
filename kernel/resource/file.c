// SPDX-License-Identifier: GPL-2.0
/*
 * numfile: open files of a container: regular files, sockets, pipes, devices,
 * anything that is a struct file, wherever it is referenced from.
 *
 * Charged when the struct file is made, to the credentials it is made with;
 * released with its last reference. The charge does not move when the file is
 * passed on. ENFILE at the barrier, for every call that makes a file.
 *
 * Known gaps: an overlay mounted inside of the container costs two files for
 * each open one (its own and the real one below).
 */
#include "resource.h"

BC_DECLARE_ORIGINAL(int, security_file_alloc, struct file *file);

/* security_file_alloc() calls security_file_free() when it fails half way. */
static struct bc_range bc_alloc_range;

static __always_inline struct bc *bc_of_file(const struct file *file)
{
	return bc_of_ns(file->f_cred->user_ns);
}

static int notrace bc_wrap_security_file_alloc(struct file *file)
{
	struct bc *bc;
	int ret;

	bc_hook_enter();
	bc = bc_of_file(file);
	if (bc && !bc_kmem_allows(bc, bc_hard_unless_sent(), -ENOMEM)) {
		ret = -ENOMEM;
	} else if (bc && !bc_try_charge(bc, BC_NUMFILE, 1, BC_HARD, -ENFILE)) {
		ret = -ENFILE;
	} else {
		ret = bc_orig_security_file_alloc(file);
		if (ret && bc)
			bc_uncharge(bc, BC_NUMFILE, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_security_file_alloc)
{
	if (bc_of_file(BC_ARG0(struct file *)))
		BC_REDIRECT(bc_wrap_security_file_alloc);
}

BC_CALLBACK(bc_on_security_file_free)
{
	struct bc *bc = bc_of_file(BC_ARG0(struct file *));

	if (bc && !bc_in_range(parent_ip, &bc_alloc_range))
		bc_uncharge(bc, BC_NUMFILE, 1);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "security_file_free" },
		.callback = bc_on_security_file_free,
		.rows = BIT(BC_NUMFILE),
		.missing = "numfile is not enforced",
	},
	{
		.symbols = { "security_file_alloc" },
		.callback = bc_on_security_file_alloc,
		.original = &bc_addr_security_file_alloc,
		.rows = BIT(BC_NUMFILE),
		.missing = "numfile is not enforced",
	},
};

static void bc_file_hooks_init(void)
{
	bc_symbol_range("security_file_alloc", &bc_alloc_range);
}

const struct bc_hook_group bc_file_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), bc_file_hooks_init };

struct bc_family bc_file_family = {
	.name = "open files",
	.rows = BIT(BC_NUMFILE),
};
