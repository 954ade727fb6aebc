// SPDX-License-Identifier: GPL-2.0
/*
 * othersockbuf: what has been sent over UNIX sockets and nobody has read. At the
 * barrier who sends waits, or has EAGAIN and is told when there is room.
 */
#include "lib/bc_test.h"
#include "lib/bc_net.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LIMIT	100000
#define PAIRS	4
#define MESSAGE 1000
#define BULK	(1024 * 1024)

FIXTURE(other)
{
	struct bc_box box;
};

FIXTURE_SETUP(other)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_OTHERSOCKBUF));
	ASSERT_EQ(0, bc_box_make(&self->box));
	ASSERT_EQ(0, bc_box_pair(&self->box));
}

static int wait_zero(unsigned int id)
{
	return bc_wait_held(id, BC_OTHERSOCKBUF, 0) ?: bc_wait_held(id, BC_NUMOTHERSOCK, 0);
}

FIXTURE_TEARDOWN(other)
{
	struct bc_box *box = &self->box;

	bc_box_kill(box);
	bc_box_unpair(box);
	EXPECT_EQ(0, wait_zero(box->id));
	EXPECT_EQ(0, bc_box_end(box));
}

static char message[65536];

/* What the kernel says that a socket has sent and nobody has read. */
static long unread(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = {};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return -errno;
	return info[SK_MEMINFO_WMEM_ALLOC];
}

/* Messages until it would have to wait. */
static int stuff(int fd)
{
	int n = 0;

	while (send(fd, message, MESSAGE, MSG_DONTWAIT) == MESSAGE)
		n++;
	return errno == EAGAIN ? n : -errno;
}

static int drain(int fd)
{
	int n = 0;

	while (recv(fd, message, MESSAGE, MSG_DONTWAIT) == MESSAGE)
		n++;
	return n;
}

static int pair[PAIRS][2];

static int pairs(int type)
{
	int i;

	for (i = 0; i < PAIRS; i++)
		if (socketpair(AF_UNIX, type, 0, pair[i]))
			return -1;
	return 0;
}

static long unread_all(void)
{
	long sum = 0;
	int i;

	for (i = 0; i < PAIRS; i++)
		sum += unread(pair[i][0]);
	return sum;
}

/* shm[0]: what the kernel says; shm[1]: messages sent; shm[2]: sockets that took none */
static int full(struct bc_box *box)
{
	int i, n, sent[PAIRS];

	BOX_CHECK(!pairs(SOCK_STREAM));
	for (i = 0; i < PAIRS; i++) {
		n = sent[i] = stuff(pair[i][0]);
		BOX_CHECK(n >= 0);
		box->shm[1] += n;
		box->shm[2] += !n;
	}
	box->shm[0] = unread_all();
	BOX_CHECK(!bc_box_ready(box));
	for (i = 0; i < PAIRS; i++)
		BOX_CHECK(drain(pair[i][1]) == sent[i]);
	box->shm[0] = unread_all();
	/* what has been read is free at once */
	BOX_CHECK(send(pair[0][0], message, MESSAGE, MSG_DONTWAIT) == MESSAGE);
	BOX_CHECK(drain(pair[0][1]) == 1);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(other, is_what_the_kernel_says)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};
	long all;

	ASSERT_EQ(0, bc_box_start(box, full));
	ASSERT_EQ(0, bc_box_await(box));
	all = box->shm[0];
	EXPECT_LT(LIMIT, all);
	EXPECT_EQ(all, bc_held(box->id, BC_OTHERSOCKBUF));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[0]);
	EXPECT_EQ(0, bc_held(box->id, BC_OTHERSOCKBUF));
	ASSERT_EQ(0, bc_row(box->id, BC_OTHERSOCKBUF, &row));
	EXPECT_LE(all, (long)row.maxheld);
	EXPECT_GE(all + all / 64 + 4096, (long)row.maxheld);
	EXPECT_EQ(0, (long)row.failcnt);
	EXPECT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

TEST_F(other, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][2] = { { LIMIT, LIMIT }, { 2 * LIMIT, LIMIT } };
	struct bc_box *box = &self->box;
	struct bc_row row = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, bounds[i][0], bounds[i][1]));
		ASSERT_EQ(0, bc_trace_begin());
		box->shm[1] = box->shm[2] = 0;
		ASSERT_EQ(0, bc_box_start(box, full));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
		EXPECT_GE(LIMIT, box->shm[0]);
		EXPECT_LT(LIMIT - 4096, box->shm[0]);
		EXPECT_EQ(PAIRS - 1, box->shm[2]); /* the first one takes it all */
		ASSERT_EQ(0, bc_row(box->id, BC_OTHERSOCKBUF, &row));
		EXPECT_GE(LIMIT, (long)row.maxheld);
		EXPECT_EQ(PAIRS, (long)row.failcnt);
		EXPECT_RECORDED(box->id, BC_OTHERSOCKBUF, EAGAIN);
		EXPECT_EQ(PAIRS, bc_trace_end(box->id, "othersockbuf", NULL));
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_await(box));
			EXPECT_EQ(0, bc_held(box->id, BC_OTHERSOCKBUF));
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, wait_zero(box->id));
	}
}

/* Above the barrier each has room for one message, whatever others have. */
TEST_F(other, above_the_barrier_only_a_share)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT + 40 * 2560));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 40, 40));
	ASSERT_EQ(0, bc_box_start(box, full));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
	EXPECT_LT(LIMIT, box->shm[0]);
	EXPECT_GE(LIMIT + (PAIRS - 1) * 4096, box->shm[0]);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A writer that waits gets on, though it is another socket that has the room. */
static int bulk(struct bc_box *box)
{
	long sent, got;
	pid_t pid;

	BOX_CHECK(!pairs(SOCK_STREAM));
	BOX_CHECK(stuff(pair[0][0]) > 0);
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid) {
		BOX_CHECK(!bc_box_ready(box));
		drain(pair[0][1]);
		for (got = 0; got < BULK;) {
			ssize_t n = recv(pair[1][1], message, sizeof(message), 0);

			if (n <= 0)
				bc_drop(1);
			got += n;
		}
		bc_drop(0);
	}
	for (sent = 0; sent < BULK; sent += 8192)
		BOX_CHECK(send(pair[1][0], message, 8192, 0) == 8192);
	BOX_CHECK(waitpid(pid, (int *)&box->shm[0], 0) == pid && !(int)box->shm[0]);
	return 0;
}

TEST_F(other, who_waits_gets_on)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, bulk));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	ASSERT_EQ(0, bc_row(box->id, BC_OTHERSOCKBUF, &row));
	EXPECT_GE(LIMIT, (long)row.maxheld);
	EXPECT_LT(0, (long)row.failcnt);
}

/* Who waits is killed like anybody. */
static int stuck(struct bc_box *box)
{
	BOX_CHECK(!pairs(SOCK_STREAM));
	BOX_CHECK(stuff(pair[0][0]) > 0);
	BOX_CHECK(!bc_box_say(box));
	send(pair[1][0], message, MESSAGE, 0);
	return 1;
}

TEST_F(other, who_waits_can_be_killed)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, stuck));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

/* An edge comes when there is room, though nothing of this socket was under way. */
static int edge(struct bc_box *box)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int poll = epoll_create1(0);

	BOX_CHECK(!pairs(SOCK_STREAM));
	BOX_CHECK(poll >= 0 && !epoll_ctl(poll, EPOLL_CTL_ADD, pair[1][0], &e));
	BOX_CHECK(epoll_wait(poll, &e, 1, 0) == 1);
	BOX_CHECK(stuff(pair[0][0]) > 0);
	BOX_CHECK(!stuff(pair[1][0]));
	BOX_CHECK(!epoll_wait(poll, &e, 1, 0));
	BOX_CHECK(drain(pair[0][1]) > 0);
	BOX_CHECK(epoll_wait(poll, &e, 1, BC_WAIT_SECONDS * 1000) == 1);
	BOX_CHECK(send(pair[1][0], message, MESSAGE, MSG_DONTWAIT) == MESSAGE);
	return 0;
}

TEST_F(other, who_polls_is_told)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_run(box, edge));
}

/* Closed it stays charged until the message is read. */
static int closed(struct bc_box *box)
{
	BOX_CHECK(!pairs(SOCK_DGRAM));
	BOX_CHECK(send(pair[0][0], message, MESSAGE, 0) == MESSAGE);
	box->shm[0] = unread(pair[0][0]);
	close(pair[0][0]);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(recv(pair[0][1], message, MESSAGE, 0) == MESSAGE);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(other, closed_it_stays_until_it_is_read)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, closed));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_LT(MESSAGE, box->shm[0]);
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_OTHERSOCKBUF, 0));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* The host has the end that reads. */
static int sender(struct bc_box *box)
{
	BOX_CHECK(!pairs(SOCK_STREAM));
	BOX_CHECK(!bc_send_fd(box->sock, pair[0][1]));
	close(pair[0][1]);
	BOX_CHECK(stuff(pair[0][0]) > 0);
	box->shm[0] = unread(pair[0][0]);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(other, passed_to_the_host_it_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
	/* the other direction is the container's as well */
	EXPECT_EQ(0, stuff(fd));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_LT(0, bc_held(box->id, BC_OTHERSOCKBUF));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(box->id, NULL));
	close(fd);
	EXPECT_EQ(0, wait_zero(box->id));
}

/* Sockets that are only on their way to themselves, full. */
static int in_flight(struct bc_box *box)
{
	int i;

	BOX_CHECK(!pairs(SOCK_STREAM));
	for (i = 0; i < PAIRS; i++) {
		BOX_CHECK(!bc_send_fd(pair[i][0], pair[i][1]));
		BOX_CHECK(!bc_send_fd(pair[i][1], pair[i][0]));
		BOX_CHECK(stuff(pair[i][0]) >= 0);
		close(pair[i][0]);
		close(pair[i][1]);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The kernel looks for such sockets when one of UNIX is closed, whose does not matter. */
static void collect(unsigned int id)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	while (bc_held(id, BC_NUMOTHERSOCK) > 0 && bc_now_ms() < end) {
		close(socket(AF_UNIX, SOCK_STREAM, 0));
		bc_sleep_ms(20);
	}
}

TEST_F(other, killed_with_sockets_in_flight)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT + 100000));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 20, 20));
	ASSERT_EQ(0, bc_box_start(box, in_flight));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_GE(LIMIT + 100000, bc_held(box->id, BC_OTHERSOCKBUF));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	collect(box->id);
	EXPECT_EQ(0, wait_zero(box->id));
}

static int nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest_nets(4));
	return full(box);
}

TEST_F(other, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
	EXPECT_GE(LIMIT, box->shm[0]);
	EXPECT_LT(LIMIT - 4096, box->shm[0]);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(other, observe_never_refuses_and_tells)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_choose(box->id, BC_OTHERSOCKBUF, "observe"));
	ASSERT_EQ(0, bc_box_start(box, full));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_OTHERSOCKBUF));
	EXPECT_LT(LIMIT, box->shm[0]);
	ASSERT_EQ(0, bc_row(box->id, BC_OTHERSOCKBUF, &row));
	EXPECT_LT(0, (long)row.failcnt);
	EXPECT_RECORDED(box->id, BC_OTHERSOCKBUF, 0);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Two on each socket and many sockets: not one message too many. */
static int try_send(void)
{
	static int next;
	int i = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);

	return send(pair[i / 2 % PAIRS][0], message, MESSAGE, MSG_DONTWAIT) == MESSAGE ? 0 : -errno;
}

static int race(struct bc_box *box)
{
	int err;

	BOX_CHECK(!pairs(SOCK_STREAM));
	box->shm[3] = EAGAIN;
	err = bc_race(box, 8, try_send);
	return err ? 1 : 0;
}

TEST_F(other, threads_race_to_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, race));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_OTHERSOCKBUF, &row));
	EXPECT_GE(LIMIT, (long)row.held);
	EXPECT_GE(LIMIT, (long)row.maxheld);
	/* threads that were refused together counted each other */
	EXPECT_LT(LIMIT - 8 * 4096, (long)row.held);
	EXPECT_EQ(8, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_EQ(8, (long)row.failcnt);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Dumps that nobody reads are bounded by the socket, and go with it. */
static int dumps(struct bc_box *box)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = RTM_GETADDR,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int i;

	BOX_CHECK(!bc_net_up());
	for (i = 0; i < 50; i++) {
		int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

		BOX_CHECK(fd >= 0 && send(fd, &ask, sizeof(ask), 0) == sizeof(ask));
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(other, killed_with_dumps_nobody_reads)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_OTHERSOCKBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, dumps));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(50, bc_held(box->id, BC_NUMOTHERSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

TEST_HARNESS_MAIN
