// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family "beancounter": all counters in one walk, and refusals
 * as they happen. include/uapi/beanpod/beancounter.h is the contract.
 */
#include <linux/ratelimit.h>
#include <net/genetlink.h>

#include "../core/policy.h"
#include "../core/refusal.h"
#include "iface.h"

static struct genl_family bc_genl;

/* Room for a beancounter: of each row three u32, a name and five u64. */
#define BC_ROW_SPACE                                                    \
	(nla_total_size(0) + 3 * nla_total_size(sizeof(u32)) +          \
	 nla_total_size(sizeof_field(struct bc_row, name)) +            \
	 5 * nla_total_size_64bit(sizeof(u64)))
#define BC_MESSAGE_SPACE \
	(nla_total_size(0) + 2 * nla_total_size(sizeof(u32)) + BC_NR_RESOURCES * BC_ROW_SPACE)

static int bc_put_row(struct sk_buff *skb, struct bc *bc, unsigned int i)
{
	struct nlattr *nest = nla_nest_start(skb, BC_A_ROW);
	char policy[BC_POLICY_NAME];
	struct bc_row row;

	if (!nest)
		return -EMSGSIZE;
	bc_read_row(bc, i, &row);
	bc_policy_name(bc, &row, policy);
	if (nla_put_u32(skb, BC_A_RESOURCE, row.resource) ||
	    nla_put_string(skb, BC_A_NAME, row.name) || nla_put_u32(skb, BC_A_STATE, row.state) ||
	    nla_put_u32(skb, BC_A_UNIT, row.unit) ||
	    nla_put_u64_64bit(skb, BC_A_HELD, row.held, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_MAXHELD, row.maxheld, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_BARRIER, row.barrier, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_LIMIT, row.limit, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_FAILCNT, row.failcnt, BC_A_PAD) ||
	    nla_put_string(skb, BC_A_POLICY, policy))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int bc_put_beancounter(struct sk_buff *skb, struct bc *bc)
{
	struct nlattr *nest = nla_nest_start(skb, BC_A_BEANCOUNTER);
	unsigned int i;

	if (!nest || nla_put_u32(skb, BC_A_ID, bc->id) || nla_put_u32(skb, BC_A_LIFE, bc_life(bc)))
		return -EMSGSIZE;
	for (i = 0; i < BC_ROWS; i++)
		if (bc_resource[i].name && bc_put_row(skb, bc, i))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int bc_put_message(struct sk_buff *skb, struct bc *bc, u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(skb, portid, seq, &bc_genl, flags, BC_CMD_GET);

	if (!header)
		return -EMSGSIZE;
	bc_recount(bc);
	if (bc_put_beancounter(skb, bc)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int bc_get_do(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct bc *bc;
	int ret;

	if (!info->attrs[BC_A_ID]) {
		GENL_SET_ERR_MSG(info, "BC_A_ID is missing");
		return -EINVAL;
	}
	bc = bc_get(nla_get_u32(info->attrs[BC_A_ID]));
	if (!bc) {
		GENL_SET_ERR_MSG(info, "no beancounter has this id");
		return -ENOENT;
	}
	reply = genlmsg_new(BC_MESSAGE_SPACE, GFP_KERNEL);
	ret = reply ? bc_put_message(reply, bc, info->snd_portid, info->snd_seq, 0) : -ENOMEM;
	bc_put(bc);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	return genlmsg_reply(reply, info);
}

static int bc_get_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = nlmsg_total_size(genlmsg_total_size(BC_MESSAGE_SPACE));
	return 0;
}

/* Newest first, like the files: ids are not an order that a walk can keep cheaply. */
static int bc_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long order = cb->args[0];
	struct bc *bc;
	int ret = 0;

	while ((bc = bc_get_next(&order))) {
		ret = bc_put_message(skb, bc, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				     NLM_F_MULTI);
		bc_put(bc);
		if (ret)
			break;
		order++;
	}
	cb->args[0] = order;
	return skb->len ?: ret;
}

static void bc_send_refusal(const struct bc *bc, const struct bc_refusal *r)
{
	struct sk_buff *skb;
	struct nlattr *nest;
	void *header;

	if (!genl_has_listeners(&bc_genl, &init_net, 0))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &bc_genl, 0, BC_CMD_EVENT);
	nest = header ? nla_nest_start(skb, BC_A_REFUSAL) : NULL;
	if (!nest || nla_put_u32(skb, BC_A_ID, bc->id) || nla_put_u32(skb, BC_A_RESOURCE, r->row) ||
	    nla_put_string(skb, BC_A_NAME, bc_resource[r->row].name) ||
	    nla_put_u64_64bit(skb, BC_A_ASKED, r->asked, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_HELD, r->held, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_BARRIER, r->barrier, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_LIMIT, r->limit, BC_A_PAD) ||
	    nla_put_u64_64bit(skb, BC_A_TIME, r->time_ns, BC_A_PAD) ||
	    nla_put_u32(skb, BC_A_ERRNO, r->err) || nla_put_u32(skb, BC_A_PID, r->pid) ||
	    nla_put_string(skb, BC_A_COMM, r->comm)) {
		nlmsg_free(skb);
		return;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, header);
	genlmsg_multicast(&bc_genl, skb, 0, 0, GFP_KERNEL);
}

static const struct nla_policy bc_policy[BC_A_MAX + 1] = {
	[BC_A_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct genl_ops bc_genl_ops[] = {
	{
		.cmd = BC_CMD_GET,
		.doit = bc_get_do,
		.start = bc_get_start,
		.dumpit = bc_get_dump,
		.flags = GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group bc_genl_groups[] = {
	{ .name = BC_GENL_GROUP, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static struct genl_family bc_genl __ro_after_init = {
	.name = BC_GENL_NAME,
	.version = BC_GENL_VERSION,
	.maxattr = BC_A_MAX,
	.policy = bc_policy,
	.module = THIS_MODULE,
	.ops = bc_genl_ops,
	.n_ops = ARRAY_SIZE(bc_genl_ops),
	.resv_start_op = __BC_CMD_MAX,
	.mcgrps = bc_genl_groups,
	.n_mcgrps = ARRAY_SIZE(bc_genl_groups),
};

/**
 * bc_netlink_init() - offer the family
 */
int bc_netlink_init(void)
{
	int ret = genl_register_family(&bc_genl);

	if (!ret)
		bc_refusal_listen(bc_send_refusal);
	return ret;
}

/**
 * bc_netlink_exit() - mirror of bc_netlink_init()
 *
 * Event works that run end before their beancounters are released; from now on
 * they find no listener, and the family is gone when they send: the core
 * rejects that cleanly, so wait for them first.
 */
void bc_netlink_exit(void)
{
	bc_refusal_listen(NULL);
	bc_refusal_flush();
	genl_unregister_family(&bc_genl);
}
