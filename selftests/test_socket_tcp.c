// SPDX-License-Identifier: GPL-2.0
/*
 * numtcpsock: connections. What comes in is charged before anybody accepts it;
 * what is closed stays charged until the connection is over.
 */
#include "lib/bc_test.h"
#include "lib/bc_net.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define TIME_WAIT 6 /* in /proc/net/tcp */
#define OPTMEM	  "/proc/sys/net/core/optmem_max"

FIXTURE(tcp)
{
	struct bc_box box;
	char optmem[32];
};

static int put_optmem(const char *text)
{
	int fd = open(OPTMEM, O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

FIXTURE_SETUP(tcp)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMTCPSOCK));
	ASSERT_LT(0, bc_slurp(OPTMEM, self->optmem, sizeof(self->optmem)));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(tcp)
{
	struct bc_box *box = &self->box;

	EXPECT_EQ(0, put_optmem(self->optmem));
	bc_box_kill(box);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
	EXPECT_EQ(0, bc_box_end(box));
}

#define CLIENTS 8

/* Sockets first, so that it is the connections that find no room. */
static int flood(struct bc_box *box)
{
	int fd[CLIENTS], i, server;

	BOX_CHECK(!bc_net_up());
	server = bc_net_listen(0, 128);
	BOX_CHECK(server >= 0);
	for (i = 0; i < CLIENTS; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		BOX_CHECK(fd[i] >= 0);
	}
	for (i = 0; i < CLIENTS; i++)
		BOX_CHECK(!bc_net_connect(fd[i], server));
	BOX_CHECK(!bc_box_ready(box));
	close(server);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, a_flood_that_nobody_accepts_is_counted)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 1 + 2 * CLIENTS, 1 + 2 * CLIENTS, 0);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, CLIENTS));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(tcp, killed_with_connections_nobody_accepted)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1 + 2 * CLIENTS, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
}

TEST_F(tcp, a_flood_stops_at_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};
	struct bc_failure list[64];
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 1 + CLIENTS + 3, 1 + CLIENTS + 3));
	ASSERT_EQ(0, bc_box_start(box, flood));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_NUMTCPSOCK, &row));
	EXPECT_EQ(1 + CLIENTS + 3, (int)row.held);
	EXPECT_EQ(1 + CLIENTS + 3, (int)row.maxheld);
	/* once each at least; who is refused asks again */
	EXPECT_LE(CLIENTS - 3, (int)row.failcnt);
	n = bc_failures(box->id, list, 64);
	ASSERT_LT(0, n);
	EXPECT_STREQ("numtcpsock", list[n - 1].resource);
	EXPECT_EQ(ENOMEM, list[n - 1].error);
	/* no task has asked: the one that was interrupted may be anybody's */
	EXPECT_EQ(0, list[n - 1].pid);
	EXPECT_STREQ("-", list[n - 1].comm);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, CLIENTS));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* One too many; the host makes room. */
static int late(struct bc_box *box)
{
	struct pollfd p = { .events = POLLIN };
	int client;

	BOX_CHECK(!bc_net_up());
	p.fd = bc_net_listen(0, 8);
	BOX_CHECK(p.fd >= 0);
	client = bc_net_call(p.fd);
	BOX_CHECK(client >= 0 && write(client, "x", 1) == 1);
	BOX_CHECK(!poll(&p, 1, 0));
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(poll(&p, 1, BC_WAIT_SECONDS * 1000) == 1);
	BOX_CHECK(accept(p.fd, NULL, NULL) >= 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, refused_it_gets_in_when_there_is_room)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 2, 2));
	ASSERT_EQ(0, bc_box_start(box, late));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2, bc_held(box->id, BC_NUMTCPSOCK));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 3, 3));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A socket already made is given up inside of the kernel, which says "none". */
static int half_made(struct bc_box *box)
{
	struct sock_filter code = { .code = BPF_RET, .k = 0xffff };
	struct sock_fprog prog = { .len = 1, .filter = &code };
	struct pollfd p = { .events = POLLIN };

	BOX_CHECK(!bc_net_up());
	p.fd = bc_net_listen(0, 8);
	BOX_CHECK(p.fd >= 0);
	BOX_CHECK(!setsockopt(p.fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	box->shm[0] = put_optmem("1"); /* of the namespace, on kernels that have it there */
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(bc_net_call(p.fd) >= 0);
	box->shm[1] = poll(&p, 1, 0);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, a_clone_that_fails_half_way_is_given_back)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, half_made));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[0]) {
		ASSERT_EQ(0, put_optmem("1"));
	}
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_EQ(2, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Who closes first keeps the connection's address for a minute, and no socket. */
static int time_wait(struct bc_box *box)
{
	int server, client, end;

	BOX_CHECK(!bc_net_up());
	server = bc_net_listen(0, 8);
	BOX_CHECK(server >= 0);
	client = bc_net_call(server);
	end = accept(server, NULL, NULL);
	BOX_CHECK(client >= 0 && end >= 0);
	BOX_CHECK(!bc_box_ready(box));
	close(client);
	close(end);
	while (!bc_net_state(TIME_WAIT))
		bc_sleep_ms(5);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, time_wait_is_no_socket)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, time_wait));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMTCPSOCK));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 1));
}

/* Closed with data that the other end has no room for. */
static int orphan(struct bc_box *box)
{
	static char data[4096];
	int server, client, end;

	BOX_CHECK(!bc_net_up());
	server = bc_net_listen(0, 8);
	BOX_CHECK(server >= 0);
	client = bc_net_call(server);
	end = accept(server, NULL, NULL);
	BOX_CHECK(client >= 0 && end >= 0);
	while (send(client, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	close(client);
	BOX_CHECK(!bc_box_ready(box));
	while (read(end, data, sizeof(data)) > 0)
		;
	close(end);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, an_orphan_stays_charged_until_it_ends)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, orphan));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMTCPSOCK));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 1));
}

TEST_F(tcp, killed_with_an_orphan)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, orphan));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
}

/*
 * The kernel's own listener below an MPTCP one hands out plain TCP sockets to
 * plain clients: they are as good as any other.
 */
static int mptcp(struct bc_box *box)
{
	int server, i;

	BOX_CHECK(!bc_net_up());
	server = bc_net_listen(IPPROTO_MPTCP, 8);
	box->shm[0] = server;
	if (server >= 0) {
		BOX_CHECK(!bc_box_ready(box));
		for (i = 0; i < 3; i++)
			BOX_CHECK(bc_net_call(server) >= 0);
		BOX_CHECK(!bc_box_ready(box));
		BOX_CHECK(accept(server, NULL, NULL) >= 0);
		close(accept(server, NULL, NULL));
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, no_escape_by_mptcp)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, mptcp));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[0] < 0)
		SKIP(return, "MPTCP is not in this kernel");
	EXPECT_EQ(2, bc_held(box->id, BC_NUMTCPSOCK)); /* it and the flow below */
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2 + 2 * 3, bc_held(box->id, BC_NUMTCPSOCK));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 2 + 2 * 3 - 1));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Both ends speak it: a connection is two sockets at each end. */
static int mptcp_both(struct bc_box *box)
{
	int server, client, end;

	BOX_CHECK(!bc_net_up());
	server = bc_net_listen(IPPROTO_MPTCP, 8);
	box->shm[0] = server;
	if (server >= 0) {
		client = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
		BOX_CHECK(client >= 0 && !bc_net_connect(client, server));
		end = accept(server, NULL, NULL);
		BOX_CHECK(end >= 0 && write(client, "x", 1) == 1);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(tcp, mptcp_is_given_back)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, mptcp_both));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[0] < 0)
		SKIP(return, "MPTCP is not in this kernel");
	EXPECT_EQ(6, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
}

TEST_HARNESS_MAIN
