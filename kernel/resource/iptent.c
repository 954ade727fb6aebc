// SPDX-License-Identifier: GPL-2.0
/*
 * numiptent: rules of the packet filter: those of nftables, and the entries of the
 * tables of iptables, ip6tables and arptables, the built-in ones included.
 *
 * Charged to the owner of the network namespace. A rule of nftables when it is
 * asked for; released when it is destroyed: a moment after the transaction that
 * removed it, with its chain or table, or with the namespace. A table of iptables when
 * it is made, which is at the first look at it, and by the difference when it is replaced;
 * released with the namespace or the module.
 *
 * SOFT: the limit is the bound; FORCE for what the host makes there. ENOMEM; a
 * transaction of nftables is refused as a whole.
 *
 * Both are modules that may come and go while containers run.
 *
 * Known gaps: within a transaction the old rules count until it is done: one
 * that replaces them all needs room for both. ebtables are not counted; elements of
 * sets are no rules.
 */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_tables.h>
#include <net/netns/generic.h>

#include "record.h"

#ifdef BC_XT_TEMPLATE_OPS
#define BC_XT_OPS	const struct nf_hook_ops *ops,
#define BC_XT_PASS_OPS	ops,
#else
#define BC_XT_OPS
#define BC_XT_PASS_OPS
#endif

BC_DECLARE_ORIGINAL(int, nf_tables_newrule, struct sk_buff *skb, const struct nfnl_info *info,
		    const struct nlattr *const nla[]);
BC_DECLARE_ORIGINAL(struct xt_table *, xt_register_table, struct net *net,
		    const struct xt_table *input, BC_XT_OPS struct xt_table_info *bootstrap,
		    struct xt_table_info *info);
BC_DECLARE_ORIGINAL(struct xt_table_info *, xt_replace_table, struct xt_table *table,
		    unsigned int num_counters, struct xt_table_info *info, int *error);

static bool bc_charge_rules(struct bc *bc, unsigned long n)
{
	return bc_try_charge(bc, BC_NUMIPTENT, n, bc_severity_of_current(BC_SOFT), -ENOMEM);
}

static struct bc *bc_of_net(const struct net *net)
{
	struct bc *bc = bc_of_ns(net->user_ns);

	return bc && bc_row_enforced(BC_NUMIPTENT) ? bc : NULL;
}

/* ---- nftables ---- */

/* Where a rule is destroyed that newrule made in vain, or that is counted with others. */
static struct bc_range bc_newrule, bc_release_table, bc_release_chain, bc_release_rule;

static unsigned long bc_flush_destroyed;
static unsigned int *bc_nft_net_id;

static void bc_nft_resolve(void)
{
	bc_symbol_range("nf_tables_newrule", &bc_newrule);
	bc_symbol_range("__nft_release_table", &bc_release_table);
	bc_symbol_range("__nft_release_basechain_now", &bc_release_chain);
	if (!bc_release_chain.start)
		bc_symbol_range("__nft_release_basechain", &bc_release_chain);
	bc_symbol_range("nf_tables_rule_release", &bc_release_rule);
	bc_flush_destroyed = bc_symbol_address("nf_tables_trans_destroy_flush_work");
	bc_nft_net_id = (unsigned int *)bc_symbol_address("nf_tables_net_id");
}

/* The last step of the transaction that is being put together, or NULL. commit_mutex. */
static const struct nft_trans *bc_last_step(const struct net *net)
{
	const struct nftables_pernet *nft = net_generic(net, *bc_nft_net_id);

	return list_empty(&nft->commit_list) ?
		       NULL :
		       list_last_entry(&nft->commit_list, struct nft_trans, list);
}

/* Rules that were removed are destroyed a little later: not before we refuse. */
static bool bc_charge_rule(struct bc *bc, struct net *net)
{
	unsigned long held;

	if (!bc_charge_quietly(bc, BC_NUMIPTENT, 1, bc_severity_of_current(BC_SOFT), &held)) {
		if (bc_flush_destroyed)
			bc_call(bc_flush_destroyed, (unsigned long)net, 0, 0);
		return bc_charge_rules(bc, 1);
	}
	bc_counter_raise_max(&bc->row[BC_NUMIPTENT], held);
	return true;
}

/*
 * It may fail with the rule already in the transaction, which then destroys it like
 * any other.
 */
static int notrace bc_wrap_nf_tables_newrule(struct sk_buff *skb, const struct nfnl_info *info,
					     const struct nlattr *const nla[])
{
	const struct nft_trans *before, *after;
	int ret = -ENOMEM;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_net(info->net);
	if (!bc) {
		ret = bc_orig_nf_tables_newrule(skb, info, nla);
	} else if (bc_charge_rule(bc, info->net)) {
		before = bc_last_step(info->net);
		ret = bc_orig_nf_tables_newrule(skb, info, nla);
		after = bc_last_step(info->net);
		if (ret < 0 && (after == before || after->msg_type != NFT_MSG_NEWRULE))
			bc_uncharge(bc, BC_NUMIPTENT, 1);
	}
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_nf_tables_newrule)
{
	if (bc_of_ns(BC_ARG1(const struct nfnl_info *)->net->user_ns))
		BC_REDIRECT(bc_wrap_nf_tables_newrule);
}

BC_CALLBACK(bc_on_nf_tables_rule_destroy)
{
	struct bc *bc = bc_of_net(BC_ARG0(const struct nft_ctx *)->net);

	if (!bc || bc_in_range(parent_ip, &bc_newrule) ||
	    bc_in_range(parent_ip, &bc_release_table) ||
	    bc_in_range(parent_ip, &bc_release_chain) || bc_in_range(parent_ip, &bc_release_rule))
		return;
	bc_uncharge(bc, BC_NUMIPTENT, 1);
}

static unsigned long bc_rules_of(const struct nft_chain *chain)
{
	const struct list_head *rule;
	unsigned long n = 0;

	list_for_each(rule, &chain->rules)
		n++;
	return n;
}

/* A table that goes as a whole. The rules of bound chains go with those that bind them. */
BC_CALLBACK(bc_on_nft_release_table)
{
	struct bc *bc = bc_of_net(BC_ARG0(const struct net *));
	const struct nft_chain *chain;
	unsigned long n = 0;

	if (!bc)
		return;
	list_for_each_entry(chain, &BC_ARG1(struct nft_table *)->chains, list)
		if (!(chain->flags & NFT_CHAIN_BINDING))
			n += bc_rules_of(chain);
	bc_uncharge(bc, BC_NUMIPTENT, n);
}

/* A chain that goes with its device. */
BC_CALLBACK(bc_on_nft_release_basechain)
{
	const struct nft_ctx *ctx = BC_ARG0(const struct nft_ctx *);
	struct bc *bc = bc_of_net(ctx->net);

	if (bc)
		bc_uncharge(bc, BC_NUMIPTENT, bc_rules_of(ctx->chain));
}

/* ---- iptables ---- */

struct bc_family bc_iptent_family;

/**
 * struct bc_table - the record of a table of iptables
 * @record: object is the struct xt_table
 * @entries: charged; guarded by the mutex of the table's address family
 */
struct bc_table {
	struct bc_record	record;
	unsigned long		entries;
};

static struct bc_table *bc_table_find(const struct xt_table *table)
{
	struct bc_record *r = bc_record_may_exist(table) ? bc_record_find(table) : NULL;

	return r ? container_of(r, struct bc_table, record) : NULL;
}

static void bc_table_record(struct bc *bc, struct net *net, const struct xt_table *table,
			    unsigned long entries)
{
	struct bc_record *r = bc_record_get(table, bc, net->user_ns,
					    bc->families[bc_iptent_family.index],
					    sizeof(struct bc_table));

	if (r)
		container_of(r, struct bc_table, record)->entries = entries;
	else
		bc_uncharge(bc, BC_NUMIPTENT, entries);
}

static struct xt_table *notrace bc_wrap_xt_register_table(struct net *net,
							  const struct xt_table *input,
							  BC_XT_OPS struct xt_table_info *bootstrap,
							  struct xt_table_info *info)
{
	struct xt_table *table = ERR_PTR(-ENOMEM);
	unsigned long n = info->number;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_net(net);
	if (!bc || bc_charge_rules(bc, n)) {
		table = bc_orig_xt_register_table(net, input, BC_XT_PASS_OPS bootstrap, info);
		if (bc && IS_ERR(table))
			bc_uncharge(bc, BC_NUMIPTENT, n);
		else if (bc)
			bc_table_record(bc, net, table, n);
	}
	bc_hook_leave();
	return table;
}

BC_CALLBACK(bc_on_xt_register_table)
{
	if (bc_of_ns(BC_ARG0(const struct net *)->user_ns))
		BC_REDIRECT(bc_wrap_xt_register_table);
}

static struct xt_table_info *bc_replace_counted(struct bc_table *t, struct xt_table *table,
						unsigned int num_counters,
						struct xt_table_info *info, int *error)
{
	unsigned long n = info->number, old = t->entries;
	struct bc *bc = t->record.bc;
	struct xt_table_info *ret;

	if (n > old && !bc_charge_rules(bc, n - old)) {
		*error = -ENOMEM;
		return NULL;
	}
	ret = bc_orig_xt_replace_table(table, num_counters, info, error);
	if (ret)
		t->entries = n;
	if (ret && n < old)
		bc_uncharge(bc, BC_NUMIPTENT, old - n);
	else if (!ret && n > old)
		bc_uncharge(bc, BC_NUMIPTENT, n - old);
	return ret;
}

/*
 * A table that is just being registered, and has no entry yet, is none to be replaced.
 * One of a container that has no record is not yet recorded, or there was no memory for
 * that: try again.
 */
static struct xt_table_info *notrace bc_wrap_xt_replace_table(struct xt_table *table,
							      unsigned int num_counters,
							      struct xt_table_info *info,
							      int *error)
{
	struct xt_table_info *ret = NULL;
	struct bc_table *t;

	bc_hook_enter();
	t = bc_table_find(table);
	if (t && bc_row_enforced(BC_NUMIPTENT))
		ret = bc_replace_counted(t, table, num_counters, info, error);
	else if (!bc_of_cred() || !table->private->number || !bc_row_enforced(BC_NUMIPTENT))
		ret = bc_orig_xt_replace_table(table, num_counters, info, error);
	else
		*error = -EAGAIN;
	bc_hook_leave();
	return ret;
}

BC_CALLBACK(bc_on_xt_replace_table)
{
	if (bc_of_cred() || bc_record_may_exist(BC_ARG0(struct xt_table *)))
		BC_REDIRECT(bc_wrap_xt_replace_table);
}

BC_CALLBACK(bc_on_xt_unregister_table)
{
	struct bc_table *t = bc_table_find(BC_ARG0(struct xt_table *));
	struct bc *bc;

	if (!t)
		return;
	bc = t->record.bc;
	if (bc_row_enforced(BC_NUMIPTENT))
		bc_uncharge(bc, BC_NUMIPTENT, t->entries);
	bc_record_unlink(&t->record, bc->families[bc_iptent_family.index]);
	bc_record_free(&t->record);
}

/* ---- both ---- */

static struct bc_hook bc_hooks[] = {
	{
		.module = "nf_tables",
		.present = "nft_register_expr",
		.symbols = { "nf_tables_rule_destroy" },
		.callback = bc_on_nf_tables_rule_destroy,
		.resolve = bc_nft_resolve,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "nf_tables",
		.present = "nft_register_expr",
		.symbols = { "__nft_release_table" },
		.callback = bc_on_nft_release_table,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "nf_tables",
		.present = "nft_register_expr",
		.symbols = { "__nft_release_basechain" },
		.only_with = "__nft_release_basechain",
		.callback = bc_on_nft_release_basechain,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "nf_tables",
		.present = "nft_register_expr",
		.symbols = { "nf_tables_newrule" },
		.callback = bc_on_nf_tables_newrule,
		.original = &bc_addr_nf_tables_newrule,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "x_tables",
		.present = "xt_register_match",
		.symbols = { "xt_unregister_table" },
		.callback = bc_on_xt_unregister_table,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "x_tables",
		.present = "xt_register_match",
		.symbols = { "xt_replace_table" },
		.callback = bc_on_xt_replace_table,
		.original = &bc_addr_xt_replace_table,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
	{
		.module = "x_tables",
		.present = "xt_register_match",
		.symbols = { "xt_register_table" },
		.callback = bc_on_xt_register_table,
		.original = &bc_addr_xt_register_table,
		.rows = BIT(BC_NUMIPTENT),
		.missing = "numiptent is not enforced",
	},
};

const struct bc_hook_group bc_iptent_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

static int bc_iptent_init(struct bc *bc)
{
	struct bc_record_list *list = bc_record_list_alloc();

	bc->families[bc_iptent_family.index] = list;
	return list ? 0 : -ENOMEM;
}

static void bc_iptent_exit(struct bc *bc)
{
	bc_record_list_free(bc->families[bc_iptent_family.index]);
}

struct bc_family bc_iptent_family = {
	.name = "packet filter rules",
	.rows = BIT(BC_NUMIPTENT),
	.bc_init = bc_iptent_init,
	.bc_exit = bc_iptent_exit,
};
