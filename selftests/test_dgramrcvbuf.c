// SPDX-License-Identifier: GPL-2.0
/*
 * dgramrcvbuf: datagrams of UDP that wait for a reader. HARD: at the barrier the
 * datagram is dropped, which the sender does not see.
 */
#include "lib/bc_test.h"
#include "lib/bc_net.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LIMIT	 65536
#define MESSAGES 200
#define SOCKETS	 4

FIXTURE(dgram)
{
	struct bc_box box;
};

FIXTURE_SETUP(dgram)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_DGRAMRCVBUF));
	ASSERT_EQ(0, bc_box_make(&self->box));
	ASSERT_EQ(0, bc_box_pair(&self->box));
}

FIXTURE_TEARDOWN(dgram)
{
	struct bc_box *box = &self->box;

	bc_box_kill(box);
	bc_box_unpair(box);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
	EXPECT_EQ(0, bc_box_end(box));
}

/* What @fd sends comes back to it. Loopback delivers before the call returns. */
static int fill(int fd, int messages)
{
	static char message[1000];

	while (messages--)
		if (send(fd, message, sizeof(message), 0) != sizeof(message))
			return -errno;
	return 0;
}

static int drain(int fd)
{
	char message[1000];
	int n = 0;

	while (recv(fd, message, sizeof(message), MSG_DONTWAIT) == sizeof(message))
		n++;
	return n;
}

/* shm[0]: what the kernel says; shm[1]: received in the end */
static int one_socket(struct bc_box *box)
{
	int fd;

	BOX_CHECK(!bc_net_up());
	fd = bc_net_datagram();
	BOX_CHECK(fd >= 0 && !fill(fd, MESSAGES));
	box->shm[0] = bc_net_memory(fd);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[1] = drain(fd);
	box->shm[0] = bc_net_memory(fd);
	BOX_CHECK(!bc_box_ready(box));
	close(fd);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(dgram, is_what_the_kernel_says)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};
	long full;

	ASSERT_EQ(0, bc_box_start(box, one_socket));
	ASSERT_EQ(0, bc_box_await(box));
	full = box->shm[0];
	EXPECT_LT(LIMIT, full);
	EXPECT_EQ(full, bc_held(box->id, BC_DGRAMRCVBUF));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_GE(4096, box->shm[0]);
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
	ASSERT_EQ(0, bc_row(box->id, BC_DGRAMRCVBUF, &row));
	EXPECT_EQ(full, (long)row.maxheld);
	EXPECT_EQ(0, (long)row.failcnt);
}

/* One that does not fit is one failure. */
TEST_F(dgram, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ LIMIT, LIMIT, LIMIT },
		{ LIMIT, 2 * LIMIT, LIMIT },
		{ 2 * LIMIT, LIMIT + 4095, LIMIT },
		{ 0, LIMIT, 0 },
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		const uint64_t *b = bounds[i];

		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, b[0], b[1]));
		ASSERT_EQ(0, bc_trace_begin());
		ASSERT_EQ(0, bc_box_start(box, one_socket));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ((long)b[2], bc_held(box->id, BC_DGRAMRCVBUF));
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(box->shm[0], bc_held(box->id, BC_DGRAMRCVBUF));
		EXPECT_EQ(b[2] > 0, box->shm[1] > 0);
		EXPECT_ROW(box->id, BC_DGRAMRCVBUF, box->shm[0], (long)b[2],
			   MESSAGES - box->shm[1]);
		EXPECT_EQ(MESSAGES - box->shm[1], bc_trace_end(box->id, "dgramrcvbuf", NULL));
		EXPECT_RECORDED(box->id, BC_DGRAMRCVBUF, ENOBUFS);
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_await(box));
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
	}
}

TEST_F(dgram, killed_with_a_full_queue)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, one_socket));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_LT(LIMIT, bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
}

static int nested(struct bc_box *box)
{
	BOX_CHECK(!bc_nest_nets(box->arg));
	return one_socket(box);
}

TEST_F(dgram, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	box->arg = 8;
	ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(LIMIT, bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* The descriptor goes to the host, which stuffs it. */
static int sender(struct bc_box *box)
{
	int fd;

	BOX_CHECK(!bc_net_up());
	fd = bc_net_datagram();
	BOX_CHECK(fd >= 0 && !bc_send_fd(box->sock, fd));
	close(fd);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(dgram, passed_to_the_host_it_stays_charged)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	fd = bc_recv_fd(box->peer);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fill(fd, MESSAGES));
	EXPECT_EQ(LIMIT, bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(LIMIT, bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(box->id, NULL));
	close(fd);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
}

/* What the host has made is the host's, whoever reads and writes it. */
static int receiver(struct bc_box *box)
{
	int fd = bc_recv_fd(box->sock);

	BOX_CHECK(fd >= 0 && !fill(fd, MESSAGES));
	box->shm[0] = bc_net_memory(fd);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(dgram, passed_by_the_host_it_is_the_hosts)
{
	struct bc_box *box = &self->box;
	int fd;

	ASSERT_EQ(0, bc_net_up());
	fd = bc_net_datagram();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, 0, 0));
	ASSERT_EQ(0, bc_send_fd(box->peer, fd));
	close(fd);
	ASSERT_EQ(0, bc_box_start(box, receiver));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_LT(LIMIT, box->shm[0]);
	EXPECT_ROW(box->id, BC_DGRAMRCVBUF, 0, 0, 0);
}

TEST_F(dgram, observe_never_drops_and_tells)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_choose(box->id, BC_DGRAMRCVBUF, "observe"));
	ASSERT_EQ(0, bc_box_start(box, one_socket));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(box->shm[0], bc_held(box->id, BC_DGRAMRCVBUF));
	EXPECT_LT(LIMIT, box->shm[0]);
	ASSERT_EQ(0, bc_row(box->id, BC_DGRAMRCVBUF, &row));
	EXPECT_LT(0, (long)row.failcnt);
	EXPECT_RECORDED(box->id, BC_DGRAMRCVBUF, 0);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* Tasks stuff a socket each, all at once, and one socket that all have. */
static int stuffers(struct bc_box *box)
{
	int shared, i;

	BOX_CHECK(!bc_net_up());
	shared = bc_net_datagram();
	BOX_CHECK(shared >= 0);
	for (i = 0; i < SOCKETS; i++) {
		int fd = bc_net_datagram();
		pid_t pid = fork();

		BOX_CHECK(fd >= 0 && pid >= 0);
		if (!pid)
			bc_drop(fill(i % 2 ? fd : shared, MESSAGES) ? 1 : 0);
	}
	for (i = 0; i < SOCKETS; i++) {
		int status;

		BOX_CHECK(wait(&status) > 0 && !status);
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(dgram, tasks_race_to_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_row row = {};

	ASSERT_EQ(0, bc_limit(box->id, BC_DGRAMRCVBUF, LIMIT, LIMIT));
	ASSERT_EQ(0, bc_box_start(box, stuffers));
	ASSERT_EQ(0, bc_box_await(box));
	ASSERT_EQ(0, bc_row(box->id, BC_DGRAMRCVBUF, &row));
	EXPECT_EQ(LIMIT, (long)row.held);
	EXPECT_EQ(LIMIT, (long)row.maxheld);
	EXPECT_LT(0, (long)row.failcnt);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

/* A datagram on its way meets a socket that ends: nothing stays behind. */
static int closers(struct bc_box *box)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int to, i;
	pid_t pid;

	BOX_CHECK(!bc_net_up());
	to = bc_net_datagram();
	BOX_CHECK(to >= 0 && !getsockname(to, (struct sockaddr *)&a, &len));
	close(to);
	pid = fork();
	BOX_CHECK(pid >= 0);
	if (!pid) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		for (;;)
			sendto(fd, &a, sizeof(a), 0, (struct sockaddr *)&a, len);
	}
	for (i = 0; i < 300; i++) {
		to = socket(AF_INET, SOCK_DGRAM, 0);
		BOX_CHECK(to >= 0 && !bind(to, (struct sockaddr *)&a, len));
		BOX_CHECK(recv(to, &a, sizeof(a), 0) == sizeof(a));
		close(to);
	}
	kill(pid, SIGKILL);
	BOX_CHECK(waitpid(pid, NULL, 0) == pid);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(dgram, closed_under_fire)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, closers));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_DGRAMRCVBUF, 0));
	EXPECT_EQ(0, bc_box_go(box));
	EXPECT_EQ(0, bc_box_wait(box));
}

TEST_HARNESS_MAIN
