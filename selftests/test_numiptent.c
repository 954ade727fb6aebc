// SPDX-License-Identifier: GPL-2.0
/*
 * numiptent: rules of nftables and entries of iptables are refused at the limit
 * with ENOMEM, a transaction as a whole, and fall with rules, tables and network
 * namespaces.
 */
#include "lib/bc_test.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define THREADS 4

/* ---- transactions of nftables, by hand ---- */

struct batch {
	char buf[65536] __attribute__((aligned(8)));
	size_t len;
	unsigned int seq;
	struct nlmsghdr *last;
};

static struct nlmsghdr *begin(struct batch *b, int type, int flags, int family, int res)
{
	struct nlmsghdr *h = (void *)(b->buf + b->len);
	struct nfgenmsg *g = (void *)(h + 1);

	*h = (struct nlmsghdr){ .nlmsg_len = sizeof(*h) + sizeof(*g),
				.nlmsg_type = (uint16_t)type,
				.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				.nlmsg_seq = ++b->seq };
	*g = (struct nfgenmsg){ .nfgen_family = (uint8_t)family, .res_id = htons((uint16_t)res) };
	b->len += h->nlmsg_len;
	b->last = h;
	return h;
}

static struct nlattr *put(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)(b->buf + b->len);

	*a = (struct nlattr){ .nla_type = (uint16_t)type, .nla_len = (uint16_t)(sizeof(*a) + len) };
	if (len)
		memcpy(a + 1, data, len);
	b->len += NLA_ALIGN(a->nla_len);
	b->last->nlmsg_len = (uint32_t)(b->buf + b->len - (char *)b->last);
	return a;
}

static void put_text(struct batch *b, int type, const char *text)
{
	put(b, type, text, strlen(text) + 1);
}

static void put_be32(struct batch *b, int type, int value)
{
	uint32_t be = htonl((uint32_t)value);

	put(b, type, &be, sizeof(be));
}

static void end(struct batch *b, struct nlattr *nest)
{
	nest->nla_type |= NLA_F_NESTED;
	nest->nla_len = (uint16_t)(b->buf + b->len - (char *)nest);
}

static void message(struct batch *b, int type, int flags, int family)
{
	begin(b, NFNL_SUBSYS_NFTABLES << 8 | type, flags, family, 0);
}

static void start(struct batch *b)
{
	b->len = 0;
	b->seq = 0;
	begin(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

static void new_table(struct batch *b, int family)
{
	message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, family);
	put_text(b, NFTA_TABLE_NAME, "t");
}

/* @device: NULL for a chain that is only jumped to; "" for one of input */
static void new_chain(struct batch *b, int family, const char *name, const char *device)
{
	struct nlattr *hook;

	message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
	put_text(b, NFTA_CHAIN_TABLE, "t");
	put_text(b, NFTA_CHAIN_NAME, name);
	if (!device)
		return;
	put_text(b, NFTA_CHAIN_TYPE, "filter");
	hook = put(b, NFTA_CHAIN_HOOK, NULL, 0);
	put_be32(b, NFTA_HOOK_HOOKNUM, *device ? NF_NETDEV_INGRESS : NF_INET_LOCAL_IN);
	put_be32(b, NFTA_HOOK_PRIORITY, 0);
	if (*device)
		put_text(b, NFTA_HOOK_DEV, device);
	end(b, hook);
}

/* @jump: to this chain, or NULL for a rule that does nothing */
static void new_rule(struct batch *b, int family, const char *chain, const char *jump)
{
	struct nlattr *list, *expr, *data, *value, *verdict;

	message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family);
	put_text(b, NFTA_RULE_TABLE, "t");
	put_text(b, NFTA_RULE_CHAIN, chain);
	if (!jump)
		return;
	list = put(b, NFTA_RULE_EXPRESSIONS, NULL, 0);
	expr = put(b, NFTA_LIST_ELEM, NULL, 0);
	put_text(b, NFTA_EXPR_NAME, "immediate");
	data = put(b, NFTA_EXPR_DATA, NULL, 0);
	put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = put(b, NFTA_IMMEDIATE_DATA, NULL, 0);
	verdict = put(b, NFTA_DATA_VERDICT, NULL, 0);
	put_be32(b, NFTA_VERDICT_CODE, NFT_JUMP);
	put_text(b, NFTA_VERDICT_CHAIN, jump);
	end(b, verdict);
	end(b, value);
	end(b, data);
	end(b, expr);
	end(b, list);
}

/* All rules of a chain. */
static void delete_rules(struct batch *b, int family, const char *chain)
{
	message(b, NFT_MSG_DELRULE, 0, family);
	put_text(b, NFTA_RULE_TABLE, "t");
	put_text(b, NFTA_RULE_CHAIN, chain);
}

/* Sends the transaction. 0, or the first error, negative. */
static int commit(struct batch *b)
{
	int err = 1, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	unsigned int last = b->seq;
	char answer[8192];

	b->last->nlmsg_flags |= NLM_F_ACK;
	begin(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	if (fd < 0 || sendto(fd, b->buf, b->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	while (err > 0) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		struct nlmsghdr *h = (void *)answer;

		if (n < 0)
			err = -errno;
		for (; err > 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type == NLMSG_ERROR && (e->error || h->nlmsg_seq == last))
				err = e->error;
		}
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static int make_chain(int family, const char *device)
{
	struct batch *b = malloc(sizeof(*b));
	int err;

	start(b);
	new_table(b, family);
	new_chain(b, family, "c", device);
	err = commit(b);
	free(b);
	return err;
}

static int add_rules(int family, int n)
{
	struct batch *b = malloc(sizeof(*b));
	int err;

	start(b);
	while (n--)
		new_rule(b, family, "c", NULL);
	err = commit(b);
	free(b);
	return err;
}

static int flush_rules(int family)
{
	struct batch *b = malloc(sizeof(*b));
	int err;

	start(b);
	delete_rules(b, family, "c");
	err = commit(b);
	free(b);
	return err;
}

static int add_rule(void)
{
	return add_rules(NFPROTO_INET, 1);
}

/* ---- the tests ---- */

FIXTURE(iptent)
{
	struct bc_box box;
};

FIXTURE_SETUP(iptent)
{
	ASSERT_LE(0, bc_dev());
	/* a container cannot load all of them itself */
	ASSERT_NE(-1, system("modprobe -aq nf_tables nft_chain_filter iptable_filter"));
	ASSERT_TRUE(bc_enforced(BC_NUMIPTENT));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(iptent)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMIPTENT, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int rules(struct bc_box *box)
{
	BOX_CHECK(!make_chain(NFPROTO_INET, NULL));
	while (!(box->shm[1] = add_rule()))
		box->shm[0]++;
	BOX_CHECK(!bc_box_ready(box));
	/* all or nothing, and what is removed makes room at once */
	BOX_CHECK(!flush_rules(NFPROTO_INET));
	BOX_CHECK(!add_rules(NFPROTO_INET, 20));
	BOX_CHECK(add_rules(NFPROTO_INET, 6) == -ENOMEM);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!add_rules(NFPROTO_INET, 5));
	BOX_CHECK(!flush_rules(NFPROTO_INET));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!add_rules(NFPROTO_INET, 3));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(iptent, rules_are_refused_at_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPTENT, 25, 25));
	ASSERT_EQ(0, bc_box_start(box, rules));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(25, box->shm[0]);
	EXPECT_EQ(-ENOMEM, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMIPTENT, 25, 25, 1);
	EXPECT_RECORDED(box->id, BC_NUMIPTENT, ENOMEM);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPTENT, 20));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPTENT, 0));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMIPTENT));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int race(struct bc_box *box)
{
	BOX_CHECK(!make_chain(NFPROTO_INET, NULL));
	box->shm[3] = ENOMEM;
	return bc_race(box, THREADS, add_rule) ? 1 : 0;
}

TEST_F(iptent, threads_race_for_the_last_rules)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPTENT, 40, 40));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(40, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMIPTENT, 40, 40, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A loop of jumps is found when its rules are already in the transaction. */
static int invalid(struct bc_box *box)
{
	struct batch *b = malloc(sizeof(*b));

	for (int i = 0; i < 3; i++) {
		start(b);
		new_table(b, NFPROTO_INET);
		new_chain(b, NFPROTO_INET, "base", "");
		new_chain(b, NFPROTO_INET, "c", NULL);
		new_rule(b, NFPROTO_INET, "c", NULL);
		new_rule(b, NFPROTO_INET, "c", "c");
		new_rule(b, NFPROTO_INET, "base", "c");
		new_rule(b, NFPROTO_INET, "c", NULL);
		box->shm[i] = commit(b);
		/* not even begun */
		start(b);
		new_rule(b, NFPROTO_INET, "nowhere", NULL);
		BOX_CHECK(commit(b) == -ENOENT);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(iptent, a_transaction_that_fails)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, invalid));
	ASSERT_EQ(0, bc_box_await(box));
	for (int i = 0; i < 3; i++)
		EXPECT_GT(0, box->shm[i]);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPTENT, 0));
	EXPECT_LT(0, (long)bc_held(box->id, BC_NUMPROC));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* In a namespace below, and in a chain that goes with its device. */
static int nested(struct bc_box *box)
{
	int err = bc_nest(CLONE_NEWNET);

	BOX_CHECK(!err);
	BOX_CHECK(!make_chain(NFPROTO_NETDEV, "lo"));
	BOX_CHECK(!add_rules(NFPROTO_NETDEV, 7));
	BOX_CHECK(!make_chain(NFPROTO_INET, ""));
	BOX_CHECK(!add_rules(NFPROTO_INET, 5));
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(iptent, nested_namespaces_and_devices)
{
	struct bc_box *box = &self->box;
	struct bc_row row = { 0 };

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPTENT, 12, 12));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(12, bc_held(box->id, BC_NUMIPTENT));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPTENT, 0));
	bc_row(box->id, BC_NUMIPTENT, &row);
	EXPECT_EQ(12, (long)row.maxheld);
}

/* ---- iptables ---- */

#define BUILT_IN 4 /* three policies and the end of the table */

struct rule {
	struct ipt_entry entry;
	struct xt_standard_target target;
};

struct last {
	struct ipt_entry entry;
	struct xt_error_target target;
};

static int entries(int sock)
{
	struct ipt_getinfo info = { .name = "filter" };
	socklen_t len = sizeof(info);

	if (getsockopt(sock, SOL_IP, IPT_SO_GET_INFO, &info, &len))
		return -errno;
	return (int)info.num_entries;
}

static void accept_all(struct rule *r)
{
	r->entry.target_offset = sizeof(r->entry);
	r->entry.next_offset = sizeof(*r);
	r->target.target.u.user.target_size = sizeof(r->target);
	r->target.verdict = -NF_ACCEPT - 1;
}

/* The table filter with @n rules in INPUT. */
static int replace(int sock, unsigned int n)
{
	size_t size = (n + 3) * sizeof(struct rule) + sizeof(struct last);
	struct ipt_replace *t = calloc(1, sizeof(*t) + size);
	struct rule *r = (void *)t->entries;
	struct last *last = (void *)(r + n + 3);
	int err, old = entries(sock);

	strcpy(t->name, "filter");
	t->valid_hooks = 1 << NF_INET_LOCAL_IN | 1 << NF_INET_FORWARD | 1 << NF_INET_LOCAL_OUT;
	t->num_entries = n + BUILT_IN;
	t->size = (unsigned int)size;
	t->num_counters = (unsigned int)old;
	t->counters = calloc((size_t)old, sizeof(*t->counters));
	t->underflow[NF_INET_LOCAL_IN] = n * sizeof(*r);
	for (unsigned int i = 1; i < 3; i++) {
		t->hook_entry[NF_INET_LOCAL_IN + i] = (n + i) * sizeof(*r);
		t->underflow[NF_INET_LOCAL_IN + i] = (n + i) * sizeof(*r);
	}
	for (unsigned int i = 0; i < n + 3; i++)
		accept_all(&r[i]);
	last->entry.target_offset = sizeof(last->entry);
	last->entry.next_offset = sizeof(*last);
	last->target.target.u.user.target_size = sizeof(last->target);
	strcpy(last->target.target.u.user.name, XT_ERROR_TARGET);
	strcpy(last->target.errorname, "ERROR");
	err = setsockopt(sock, SOL_IP, IPT_SO_SET_REPLACE, t, (socklen_t)(sizeof(*t) + size)) ?
		      -errno :
		      0;
	free(t->counters);
	free(t);
	return err;
}

static int tables(struct bc_box *box)
{
	int sock = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	BOX_CHECK(sock >= 0);
	box->shm[0] = entries(sock);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!replace(sock, 16));
	BOX_CHECK(replace(sock, 17) == -ENOMEM);
	BOX_CHECK(entries(sock) == 16 + BUILT_IN);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!replace(sock, 16));
	BOX_CHECK(!replace(sock, 2));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!replace(sock, 9));
	return 0;
}

TEST_F(iptent, tables_of_iptables)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPTENT, 20, 20));
	ASSERT_EQ(0, bc_box_start(box, tables));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[0] == -ENOENT || box->shm[0] == -ENOPROTOOPT)
		SKIP(return, "this kernel has no iptable_filter");
	EXPECT_EQ(BUILT_IN, box->shm[0]);
	EXPECT_EQ(BUILT_IN, bc_held(box->id, BC_NUMIPTENT));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_ROW(box->id, BC_NUMIPTENT, 20, 20, 1);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_ROW(box->id, BC_NUMIPTENT, 2 + BUILT_IN, 20, 1);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMIPTENT, 0));
}

/* A table for which there is no room is not even made. */
TEST_F(iptent, no_room_for_a_table)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMIPTENT, 3, 3));
	ASSERT_EQ(0, bc_box_start(box, tables));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[0] == -ENOENT || box->shm[0] == -ENOPROTOOPT)
		SKIP(return, "this kernel has no iptable_filter");
	EXPECT_EQ(-ENOMEM, box->shm[0]);
	EXPECT_EQ(0, bc_held(box->id, BC_NUMIPTENT));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
