// SPDX-License-Identifier: GPL-2.0
/*
 * numconntrack: connections that the packet filter tracks.
 *
 * Charged when the first packet of one is seen in a network namespace, to the owner of the
 * namespace; released when the kernel frees it: closed, timed out, or its namespace gone.
 * HARD; at the barrier the packet is dropped, as at the kernel's own bound
 * (net.netfilter.nf_conntrack_max, which is one for each namespace while the hash table is one for
 * all): a local sender sees EPERM or nothing at all.
 *
 * In softirqs as well: atomics only. A module that may come and go while containers run.
 *
 * Known gaps: expectations of helpers are not counted; each belongs to a connection, which bounds
 * them.
 */
#include <net/netfilter/nf_conntrack.h>

#include "resource.h"

BC_DECLARE_ORIGINAL(struct nf_conn *, __nf_conntrack_alloc, struct net *net,
		    const struct nf_conntrack_zone *zone, const struct nf_conntrack_tuple *orig,
		    const struct nf_conntrack_tuple *repl, gfp_t gfp, u32 hash);

static struct nf_conn *notrace bc_wrap___nf_conntrack_alloc(struct net *net,
							    const struct nf_conntrack_zone *zone,
							    const struct nf_conntrack_tuple *orig,
							    const struct nf_conntrack_tuple *repl,
							    gfp_t gfp, u32 hash)
{
	struct nf_conn *ct = ERR_PTR(-ENOMEM);
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_ns(net->user_ns);
	if (!bc || bc_try_charge(bc, BC_NUMCONNTRACK, 1, BC_HARD, -ENOMEM)) {
		ct = bc_orig___nf_conntrack_alloc(net, zone, orig, repl, gfp, hash);
		if (bc && IS_ERR(ct))
			bc_uncharge(bc, BC_NUMCONNTRACK, 1);
	}
	bc_hook_leave();
	return ct;
}

BC_CALLBACK(bc_on___nf_conntrack_alloc)
{
	struct bc *bc = bc_of_ns(BC_ARG0(const struct net *)->user_ns);

	if (bc && bc_row_enforced(BC_NUMCONNTRACK))
		BC_REDIRECT(bc_wrap___nf_conntrack_alloc);
}

BC_CALLBACK(bc_on_nf_conntrack_free)
{
	struct bc *bc = bc_of_ns(nf_ct_net(BC_ARG0(const struct nf_conn *))->user_ns);

	if (bc && bc_row_enforced(BC_NUMCONNTRACK))
		bc_uncharge(bc, BC_NUMCONNTRACK, 1);
}

static struct bc_hook bc_hooks[] = {
	{
		.module = "nf_conntrack",
		.present = "nf_conntrack_free",
		.symbols = { "nf_conntrack_free" },
		.callback = bc_on_nf_conntrack_free,
		.rows = BIT(BC_NUMCONNTRACK),
		.missing = "numconntrack is not enforced",
	},
	{
		.module = "nf_conntrack",
		.present = "nf_conntrack_free",
		.symbols = { "__nf_conntrack_alloc" },
		.callback = bc_on___nf_conntrack_alloc,
		.original = &bc_addr___nf_conntrack_alloc,
		.rows = BIT(BC_NUMCONNTRACK),
		.missing = "numconntrack is not enforced",
	},
};

const struct bc_hook_group bc_conntrack_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks) };

struct bc_family bc_conntrack_family = {
	.name = "tracked connections",
	.rows = BIT(BC_NUMCONNTRACK),
};
