// SPDX-License-Identifier: GPL-2.0
/*
 * numconntrack: tracked connections. HARD: refused at the barrier, the packet dropped.
 */
#include "lib/bc_test.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>

#define THREADS 4

/* ---- entries made by hand ---- */

struct message {
	struct nlmsghdr head;
	struct nfgenmsg family;
	char attributes[512] __attribute__((aligned(4)));
};

static struct nlattr *put(struct message *m, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)m + m->head.nlmsg_len);

	*a = (struct nlattr){ .nla_type = (uint16_t)type, .nla_len = (uint16_t)(sizeof(*a) + len) };
	if (len)
		memcpy(a + 1, data, len);
	m->head.nlmsg_len += NLA_ALIGN(a->nla_len);
	return a;
}

static struct nlattr *begin(struct message *m, int type)
{
	return put(m, type | NLA_F_NESTED, NULL, 0);
}

static void end(struct message *m, struct nlattr *nest)
{
	nest->nla_len = (uint16_t)((char *)m + m->head.nlmsg_len - (char *)nest);
}

static void put_tuple(struct message *m, int type, uint16_t from, uint16_t to)
{
	struct nlattr *tuple = begin(m, type), *part = begin(m, CTA_TUPLE_IP);
	uint32_t address = htonl(INADDR_LOOPBACK);
	uint16_t port;

	put(m, CTA_IP_V4_SRC, &address, sizeof(address));
	put(m, CTA_IP_V4_DST, &address, sizeof(address));
	end(m, part);
	part = begin(m, CTA_TUPLE_PROTO);
	put(m, CTA_PROTO_NUM, &(uint8_t){ IPPROTO_UDP }, 1);
	port = htons(from);
	put(m, CTA_PROTO_SRC_PORT, &port, sizeof(port));
	port = htons(to);
	put(m, CTA_PROTO_DST_PORT, &port, sizeof(port));
	end(m, part);
	end(m, tuple);
}

/* 0 or a negative errno, the kernel's answer. */
static int ask(struct message *m)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char more[512];
	} answer = {};
	int ret;

	if (fd < 0)
		return -errno;
	m->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	m->family.nfgen_family = AF_INET;
	if (send(fd, m, m->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		ret = -errno;
	else
		ret = answer.head.nlmsg_type == NLMSG_ERROR ? answer.err.error : -EBADMSG;
	close(fd);
	return ret;
}

static int track(uint16_t port)
{
	struct message m = { .head = { .nlmsg_len = offsetof(struct message, attributes),
				       .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
				       .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
	uint32_t seconds = htonl(600);

	put_tuple(&m, CTA_TUPLE_ORIG, port, 9);
	put_tuple(&m, CTA_TUPLE_REPLY, 9, port);
	put(&m, CTA_TIMEOUT, &seconds, sizeof(seconds));
	return ask(&m);
}

static int forget_all(void)
{
	struct message m = { .head = { .nlmsg_len = offsetof(struct message, attributes),
				       .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 |
						     IPCTNL_MSG_CT_DELETE } };

	return ask(&m);
}

/* ---- */

FIXTURE(numconntrack)
{
	struct bc_box box;
};

FIXTURE_SETUP(numconntrack)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_NE(-1, system("modprobe -q nf_conntrack_netlink"));
	ASSERT_TRUE(bc_enforced(BC_NUMCONNTRACK));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(numconntrack)
{
	bc_box_kill(&self->box);
	EXPECT_EQ(0, bc_wait_held(self->box.id, BC_NUMCONNTRACK, 0));
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static int try_connection(void)
{
	static uint16_t port = 1000;

	return track(__atomic_add_fetch(&port, 1, __ATOMIC_RELAXED));
}

static int until_refused(struct bc_box *box)
{
	while (!(box->shm[1] = try_connection()))
		box->shm[0]++;
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!forget_all());
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!try_connection());
	return 0;
}

TEST_F(numconntrack, stops_at_the_barrier)
{
	struct bc_box *box = &self->box;
	char line[512];

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMCONNTRACK, 30, 40));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, until_refused));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(30, box->shm[0]);
	EXPECT_EQ(-ENOMEM, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMCONNTRACK, 30, 30, 1);
	EXPECT_RECORDED(box->id, BC_NUMCONNTRACK, ENOMEM);
	EXPECT_EQ(1, bc_trace_end(box->id, "numconntrack", line));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMCONNTRACK, 0));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	/* with the namespace */
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMCONNTRACK, 0));
}

/* In a network namespace below. */
static int race(struct bc_box *box)
{
	BOX_CHECK(!bc_nest(CLONE_NEWNET));
	box->shm[3] = ENOMEM;
	return bc_race(box, THREADS, try_connection) ? 1 : 0;
}

TEST_F(numconntrack, nested_threads_race)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMCONNTRACK, 60, 60));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(60, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMCONNTRACK, 60, 60, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
