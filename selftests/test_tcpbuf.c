// SPDX-License-Identifier: GPL-2.0
/*
 * tcpsndbuf and tcprcvbuf: what TCP keeps until it is acknowledged or read. At the
 * bound senders wait and segments are sent again; no connection breaks, and no byte
 * is lost. What every connection may take without asking is the only excess.
 */
#include "lib/bc_test.h"
#include "lib/bc_net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SO_RESERVE_MEM
#define SO_RESERVE_MEM 73
#endif

#define PAIRS  8
#define LIMIT  (256 * 1024)
#define SNDBUF 65536 /* the kernel doubles it */
#define FORCED 4096	     /* tcp_wmem[0]: to send, without asking */
#define SEGMENT (128 * 1024) /* no skb of loopback has more, overhead included */

FIXTURE(tcpbuf)
{
	struct bc_box box;
};

FIXTURE_SETUP(tcpbuf)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_TCPSNDBUF));
	ASSERT_TRUE(bc_enforced(BC_TCPRCVBUF));
	ASSERT_EQ(0, bc_box_make(&self->box));
	ASSERT_EQ(0, bc_box_pair(&self->box));
}

static int wait_zero(unsigned int id)
{
	return bc_wait_held(id, BC_TCPSNDBUF, 0)	 ?:
		       bc_wait_held(id, BC_TCPRCVBUF, 0) ?:
							   bc_wait_held(id, BC_NUMTCPSOCK, 0);
}

FIXTURE_TEARDOWN(tcpbuf)
{
	struct bc_box *box = &self->box;

	bc_box_kill(box);
	bc_box_unpair(box);
	EXPECT_EQ(0, wait_zero(box->id));
	EXPECT_EQ(0, bc_box_end(box));
}

static char chunk[65536];
static int client[PAIRS], server[PAIRS];

/* Connections within the container. */
static int pairs(void)
{
	int listener, i, size = SNDBUF;

	if (bc_net_up())
		return -1;
	listener = bc_net_listen(0, PAIRS);
	for (i = 0; i < PAIRS; i++) {
		client[i] = bc_net_call(listener);
		server[i] = accept(listener, NULL, NULL);
		if (client[i] < 0 || server[i] < 0 ||
		    setsockopt(client[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)))
			return -1;
	}
	close(listener);
	return 0;
}

/* Until it would have to wait. */
static long stuff(int fd)
{
	long sum = 0;
	ssize_t n;

	while ((n = send(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		sum += n;
	return errno == EAGAIN ? sum : -errno;
}

/* All that was sent comes, however long it takes; all together, for they share the limit. */
static int drain_all(const int *fd, long *bytes, int n)
{
	struct pollfd p[PAIRS];
	static char buf[65536];
	int i, left = n;

	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){ fd[i], POLLIN, 0 };
	while (left) {
		if (poll(p, n, BC_WAIT_SECONDS * 1000) <= 0)
			return -1;
		for (i = 0; i < n; i++) {
			ssize_t got = p[i].revents ? recv(fd[i], buf, sizeof(buf), 0) : 0;

			if (p[i].revents && (got <= 0 || got > bytes[i]))
				return -1;
			bytes[i] -= got;
			if (!bytes[i] && p[i].fd >= 0) {
				p[i].fd = -1;
				left--;
			}
		}
	}
	return 0;
}

static int drain(int fd, long bytes)
{
	return drain_all(&fd, &bytes, 1);
}

static long memory(void)
{
	long sum = 0;
	int i;

	for (i = 0; i < PAIRS; i++)
		sum += bc_net_memory(client[i]) + bc_net_memory(server[i]);
	return sum;
}

/* All of them full; shm[0]: what the kernel says, again whenever the host asks. */
static int full(struct bc_box *box)
{
	long sent[PAIRS];
	int i;

	BOX_CHECK(!pairs());
	for (i = 0; i < PAIRS; i++) {
		sent[i] = stuff(client[i]);
		BOX_CHECK(sent[i] > 0);
	}
	do {
		box->shm[0] = memory();
		BOX_CHECK(!bc_box_ready(box));
	} while (!box->shm[1]);
	BOX_CHECK(!drain_all(server, sent, PAIRS));
	do {
		box->shm[0] = memory();
		BOX_CHECK(!bc_box_ready(box));
	} while (box->shm[1] == 1);
	return 0;
}

/* Both together: timers may move a page between looks. */
static int wait_truth(struct bc_box *box)
{
	int i;

	for (i = 0; i < 1000; i++) {
		long held = bc_held(box->id, BC_TCPSNDBUF) + bc_held(box->id, BC_TCPRCVBUF);

		if (held == box->shm[0])
			return 0;
		if (bc_box_go(box) || bc_box_await(box))
			return -EPIPE;
	}
	fprintf(stderr, "# held %ld + %ld, the kernel has %ld\n",
		(long)bc_held(box->id, BC_TCPSNDBUF), (long)bc_held(box->id, BC_TCPRCVBUF),
		box->shm[0]);
	return -ETIMEDOUT;
}

TEST_F(tcpbuf, is_what_the_kernel_says)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, full));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, wait_truth(box));
	EXPECT_LT(LIMIT, bc_held(box->id, BC_TCPSNDBUF));
	EXPECT_LT(LIMIT, bc_held(box->id, BC_TCPRCVBUF));
	box->shm[1] = 1;
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, wait_truth(box));
	EXPECT_GE(PAIRS * 2 * 4096, bc_held(box->id, BC_TCPRCVBUF));
	box->shm[1] = 2;
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

/* Full to the bound, nothing above but what is never asked for, and all of it arrives. */
static void check_bound(struct __test_metadata *_metadata, struct bc_box *box, enum bc_resource row,
			long bound, long excess, int error)
{
	struct bc_row state = {};

	ASSERT_EQ(0, bc_box_start(box, full));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, wait_truth(box));
	ASSERT_EQ(0, bc_row(box->id, row, &state));
	EXPECT_LT(bound / 2, (long)state.maxheld);
	EXPECT_GE(bound + excess, (long)state.maxheld);
	EXPECT_LT(0, (long)state.failcnt);
	EXPECT_RECORDED(box->id, row, error);
	box->shm[1] = 1;
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, wait_truth(box));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

TEST_F(tcpbuf, senders_stop_at_the_bound)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_trace_begin());
	check_bound(_metadata, box, BC_TCPSNDBUF, LIMIT, PAIRS * FORCED, EAGAIN);
	EXPECT_LT(0, bc_trace_end(box->id, "tcpsndbuf", NULL));
}

/* Above the barrier only who has little; together they cannot pass the limit. */
TEST_F(tcpbuf, above_the_barrier_only_a_share)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, LIMIT, 4 * LIMIT));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 100, 100));
	check_bound(_metadata, box, BC_TCPSNDBUF, LIMIT, PAIRS * (3 * LIMIT / 100 + FORCED),
		    EAGAIN);
}

TEST_F(tcpbuf, receivers_stop_at_the_limit)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPRCVBUF, LIMIT / 2, LIMIT));
	check_bound(_metadata, box, BC_TCPRCVBUF, LIMIT, PAIRS * SEGMENT, ENOBUFS);
}

#define BULK (2L * 1024 * 1024)

/* A writer that waits gets on; shm[0]: done */
static int bulk(struct bc_box *box)
{
	long sent;
	pid_t pid;

	BOX_CHECK(!pairs());
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid)
		bc_drop(drain(server[0], BULK) ? 1 : 0);
	for (sent = 0; sent < BULK; sent += sizeof(chunk))
		BOX_CHECK(send(client[0], chunk, sizeof(chunk), 0) == sizeof(chunk));
	BOX_CHECK(waitpid(pid, (int *)&box->shm[1], 0) == pid && !(int)box->shm[1]);
	box->shm[0] = 1;
	return 0;
}

TEST_F(tcpbuf, who_waits_gets_on)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, 65536, 65536));
	ASSERT_EQ(0, bc_box_start(box, bulk));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(1, box->shm[0]);
	EXPECT_EQ(0, wait_zero(box->id));
}

/* With nothing at all to be had a connection still goes on, by what it may take. */
static int little(struct bc_box *box)
{
	int i;

	BOX_CHECK(!pairs());
	for (i = 0; i < PAIRS; i++) {
		BOX_CHECK(send(client[i], chunk, 1000, 0) == 1000);
		BOX_CHECK(!drain(server[i], 1000));
		BOX_CHECK(send(server[i], chunk, 1000, 0) == 1000);
		BOX_CHECK(!drain(client[i], 1000));
	}
	return 0;
}

TEST_F(tcpbuf, with_limits_of_nothing_it_goes_on)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, 0, 0));
	ASSERT_EQ(0, bc_limit(box->id, BC_TCPRCVBUF, 0, 0));
	ASSERT_EQ(0, bc_box_start(box, little));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, wait_zero(box->id));
	ASSERT_EQ(0, bc_row(box->id, BC_TCPSNDBUF, &row));
	EXPECT_LT(0, (long)row.maxheld);
	EXPECT_GE(2 * PAIRS * FORCED, (long)row.maxheld);
	ASSERT_EQ(0, bc_row(box->id, BC_TCPRCVBUF, &row));
	EXPECT_LT(0, (long)row.maxheld);
}

/* Connections that nobody accepts, with data in them. */
static int flood(struct bc_box *box)
{
	int listener, i;

	BOX_CHECK(!bc_net_up());
	listener = bc_net_listen(0, 4 * PAIRS);
	BOX_CHECK(listener >= 0);
	for (i = 0; i < PAIRS; i++) {
		client[i] = bc_net_call(listener);
		BOX_CHECK(client[i] >= 0 && stuff(client[i]) > 0);
	}
	BOX_CHECK(!bc_box_ready(box));
	close(listener);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcpbuf, a_flood_that_nobody_accepts)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPRCVBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_TCPRCVBUF, &row));
	EXPECT_LT(LIMIT / 2, (long)row.held);
	EXPECT_GE(LIMIT + PAIRS * SEGMENT, (long)row.maxheld);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_TCPRCVBUF, 0));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_TCPSNDBUF, 0));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(tcpbuf, killed_with_a_flood_that_nobody_accepts)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_LT(0, bc_held(box->id, BC_TCPRCVBUF));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

/* The host has one end, so that the other one cannot get rid of what it has sent. */
static int orphan(struct bc_box *box)
{
	BOX_CHECK(!pairs());
	BOX_CHECK(!bc_send_fd(box->sock, server[0]));
	close(server[0]);
	BOX_CHECK(stuff(client[0]) > 0);
	close(client[0]);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcpbuf, an_orphan_is_charged_until_it_is_gone)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_box_start(box, orphan));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 2));
	EXPECT_LT(0, bc_held(box->id, BC_TCPSNDBUF));
	EXPECT_LT(0, bc_held(box->id, BC_TCPRCVBUF));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(box->id, NULL));
	close(fd);
	EXPECT_EQ(0, wait_zero(box->id));
}

static int nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest_nets(4));
	return full(box);
}

TEST_F(tcpbuf, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_TCPSNDBUF, &row));
	EXPECT_LT(LIMIT / 2, (long)row.held);
	EXPECT_GE(LIMIT + PAIRS * FORCED, (long)row.maxheld);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int reserve(struct bc_box *box)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), bytes = 1 << 20;

	BOX_CHECK(fd >= 0);
	errno = 0;
	setsockopt(fd, SOL_SOCKET, SO_RESERVE_MEM, &bytes, sizeof(bytes));
	box->shm[0] = errno;
	box->shm[1] = bc_net_memory(fd);
	return 0;
}

TEST_F(tcpbuf, nothing_is_reserved)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_run(box, reserve));
	EXPECT_EQ(EOPNOTSUPP, box->shm[0]);
	EXPECT_EQ(0, box->shm[1]);
}

/* Two sockets of the kernel for each of the program's. */
static int multipath(struct bc_box *box)
{
	int listener, fd, end;
	long sent;

	BOX_CHECK(!bc_net_up());
	listener = bc_net_listen(IPPROTO_MPTCP, 1);
	box->shm[0] = listener < 0;
	if (listener < 0)
		return 0;
	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	BOX_CHECK(fd >= 0 && !bc_net_connect(fd, listener));
	end = accept(listener, NULL, NULL);
	BOX_CHECK(end >= 0);
	sent = stuff(fd);
	BOX_CHECK(sent > 0);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!drain(end, sent));
	return 0;
}

TEST_F(tcpbuf, multipath)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_TCPSNDBUF, 2 * LIMIT, 2 * LIMIT));
	ASSERT_EQ(0, bc_box_start(box, multipath));
	if (bc_box_await(box) && box->shm[0]) {
		bc_box_wait(box);
		SKIP(return, "no MPTCP");
	}
	EXPECT_LT(0, bc_held(box->id, BC_TCPSNDBUF));
	EXPECT_LT(0, bc_held(box->id, BC_TCPRCVBUF));
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, wait_zero(box->id));
}

TEST_HARNESS_MAIN
