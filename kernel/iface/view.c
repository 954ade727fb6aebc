// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees which entry of /proc.
 *
 * Entries that a module makes appear in every procfs. Programs decide by them
 * where they are: /proc/vz without /proc/bc means "inside of a container",
 * both mean "on the host". So the host sees all; a container of ours sees
 * /proc/vz/veinfo, /proc/vz/failures and its own /proc/user_beancounters; other containers see
 * nothing. The answer depends on the pid namespace that the procfs belongs to
 * and never changes for one superblock, so cached dentries stay true.
 *
 * A host's /proc that is bind-mounted into a container shows the names; what
 * the files say depends on the reader as well, see bc_view().
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "../hook/hook.h"
#include "iface.h"

static bool hide_on_host;
module_param(hide_on_host, bool, 0444);
MODULE_PARM_DESC(hide_on_host,
		 "hide /proc/vz and /proc/user_beancounters on the host too (default off)");

BC_DECLARE_ORIGINAL(struct dentry *, proc_lookup, struct inode *dir, struct dentry *dentry,
		    unsigned int flags);
BC_DECLARE_ORIGINAL(int, proc_readdir, struct file *file, struct dir_context *ctx);

/**
 * struct bc_entry_rule - an entry that not everybody sees
 * @name: in /proc, or in /proc/vz
 * @in_vz: which of them
 * @container: containers of ours see it, as their own root's
 */
struct bc_entry_rule {
	const char	*name;
	bool		in_vz;
	bool		container;
};

/* clang-format off */
static const struct bc_entry_rule bc_entry_rules[] = {
	{ "vz", false, true },
	{ "user_beancounters", false, true },
	{ "bc", false, false },
	{ "fairsched", false, false },
	{ "veinfo", true, true },
	{ "vestat", true, true },
	{ "failures", true, true },
	{ "veip", true, false },
	{ "vzquota", true, false },
	{ "vswap", true, false },
	{ "version", true, false },
};
/* clang-format on */

static enum bc_viewer bc_view_of_sb(struct super_block *sb, struct bc **bc)
{
	struct pid_namespace *ns = proc_pid_ns(sb);

	if (ns == &init_pid_ns)
		return BC_VIEW_HOST;
	*bc = bc_of_ns(ns->user_ns);
	return *bc ? BC_VIEW_CONTAINER : BC_VIEW_FOREIGN;
}

/**
 * bc_view() - what the calling task may read through an entry
 * @inode: of the opened file
 * @bc: out: whose counters, if BC_VIEW_CONTAINER; valid as long as the caller
 *	holds the file and has not changed its credentials
 *
 * A charged task gets its own container's, wherever it reads. A task of the
 * host that reads through a container's /proc gets that container's.
 */
enum bc_viewer bc_view(const struct inode *inode, struct bc **bc)
{
	enum bc_viewer viewer;

	*bc = bc_of_cred();
	if (!*bc)
		*bc = bc_of_task(current);
	if (*bc)
		return BC_VIEW_CONTAINER;
	viewer = bc_view_of_sb(inode->i_sb, bc);
	if (viewer == BC_VIEW_HOST &&
	    (current_user_ns() != &init_user_ns || task_active_pid_ns(current) != &init_pid_ns))
		return BC_VIEW_FOREIGN;
	return viewer;
}

static const struct bc_entry_rule *bc_find_rule(bool in_vz, const char *name, unsigned int len)
{
	unsigned int i;

	if (!strchr("vubf", name[0]))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(bc_entry_rules); i++) {
		const struct bc_entry_rule *rule = &bc_entry_rules[i];

		if (rule->in_vz == in_vz && strlen(rule->name) == len &&
		    !memcmp(rule->name, name, len))
			return rule;
	}
	return NULL;
}

static bool bc_rule_hides(const struct bc_entry_rule *rule, enum bc_viewer viewer)
{
	switch (viewer) {
	case BC_VIEW_HOST:
		return hide_on_host && rule->container && !rule->in_vz;
	case BC_VIEW_CONTAINER:
		return !rule->container;
	default:
		return true;
	}
}

/* Is it /proc (0), /proc/vz (1), or another directory (-1)? */
static int bc_which_dir(const struct inode *dir, const struct dentry *dentry)
{
	if (dir == d_inode(dir->i_sb->s_root))
		return 0;
	if (dentry->d_name.len == 2 && !memcmp(dentry->d_name.name, "vz", 2) &&
	    dentry->d_parent == dir->i_sb->s_root)
		return 1;
	return -1;
}

/*
 * Files are 0400: inside, they belong to the container's root. Who owns an inode
 * of procfs could change mode and owner, which procfs keeps for all mounts:
 * immutable, so that it can only be read.
 */
static void bc_give_to_container(struct inode *inode)
{
	struct user_namespace *ns = proc_pid_ns(inode->i_sb)->user_ns;
	kuid_t uid = make_kuid(ns, 0);
	kgid_t gid = make_kgid(ns, 0);

	if (S_ISREG(inode->i_mode) && uid_valid(uid) && gid_valid(gid)) {
		inode->i_flags |= S_IMMUTABLE;
		inode->i_uid = uid;
		inode->i_gid = gid;
	}
}

static struct dentry *notrace bc_wrap_proc_lookup(struct inode *dir, struct dentry *dentry,
						  unsigned int flags)
{
	const struct bc_entry_rule *rule = NULL;
	enum bc_viewer viewer;
	struct dentry *ret;
	struct bc *bc;
	int which;

	bc_hook_enter();
	viewer = bc_view_of_sb(dir->i_sb, &bc);
	which = bc_which_dir(dir, dentry->d_parent);
	if (which >= 0)
		rule = bc_find_rule(which, dentry->d_name.name, dentry->d_name.len);
	if (rule && bc_rule_hides(rule, viewer)) {
		ret = ERR_PTR(-ENOENT);
	} else {
		ret = bc_orig_proc_lookup(dir, dentry, flags);
		if (rule && viewer == BC_VIEW_CONTAINER && !ret && d_really_is_positive(dentry))
			bc_give_to_container(d_inode(dentry));
	}
	bc_hook_leave();
	return ret;
}

/**
 * struct bc_filter - readdir's sink with some names taken out
 * @ctx: what procfs fills
 * @to: what the caller gave
 * @viewer: for whom
 * @in_vz: which directory
 */
struct bc_filter {
	struct dir_context	ctx;
	struct dir_context	*to;
	enum bc_viewer		viewer;
	bool			in_vz;
};

static bool bc_filter_name(struct dir_context *ctx, const char *name, int len, loff_t offset,
			   u64 ino, unsigned int type)
{
	struct bc_filter *filter = container_of(ctx, struct bc_filter, ctx);
	const struct bc_entry_rule *rule = bc_find_rule(filter->in_vz, name, len);

	if (rule && bc_rule_hides(rule, filter->viewer))
		return true; /* go on with the next */
	filter->to->pos = ctx->pos;
	return filter->to->actor(filter->to, name, len, offset, ino, type);
}

static int notrace bc_wrap_proc_readdir(struct file *file, struct dir_context *ctx)
{
	int which, ret;

	bc_hook_enter();
	which = bc_which_dir(file_inode(file), file->f_path.dentry);
	if (which < 0) {
		ret = bc_orig_proc_readdir(file, ctx);
	} else {
		struct bc *bc;
		struct bc_filter filter = {
			.ctx = { .actor = bc_filter_name, .pos = ctx->pos },
			.to = ctx,
			.viewer = bc_view_of_sb(file_inode(file)->i_sb, &bc),
			.in_vz = which,
		};

		ret = bc_orig_proc_readdir(file, &filter.ctx);
		ctx->pos = filter.ctx.pos;
	}
	bc_hook_leave();
	return ret;
}

static __always_inline bool bc_filters(struct super_block *sb)
{
	return proc_pid_ns(sb) != &init_pid_ns || hide_on_host;
}

BC_CALLBACK(bc_on_proc_lookup)
{
	if (bc_filters(BC_ARG0(struct inode *)->i_sb))
		BC_REDIRECT(bc_wrap_proc_lookup);
}

BC_CALLBACK(bc_on_proc_readdir)
{
	if (bc_filters(file_inode(BC_ARG0(struct file *))->i_sb))
		BC_REDIRECT(bc_wrap_proc_readdir);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "proc_lookup" },
		.callback = bc_on_proc_lookup,
		.original = &bc_addr_proc_lookup,
		.missing =
			"containers see the names of the host's /proc entries and cannot read their own counters",
	},
	{
		.symbols = { "proc_readdir" },
		.callback = bc_on_proc_readdir,
		.original = &bc_addr_proc_readdir,
		.missing = "containers see the names of the host's /proc entries in listings",
	},
};

const struct bc_hook_group bc_view_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };
