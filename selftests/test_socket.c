// SPDX-License-Identifier: GPL-2.0
/*
 * numtcpsock and numothersock: sockets of every family, charged to the owner of
 * their network namespace. HARD: refused at the barrier with ENOMEM, or ENOBUFS
 * where the family says so. Connections: test_socket_tcp.
 */
#include "lib/bc_test.h"
#include "lib/bc_net.h"
#include "lib/bc_uring.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

FIXTURE(socket)
{
	struct bc_box box;
};

FIXTURE_SETUP(socket)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_NUMTCPSOCK));
	ASSERT_TRUE(bc_enforced(BC_NUMOTHERSOCK));
	ASSERT_EQ(0, bc_box_make(&self->box));
	ASSERT_EQ(0, bc_box_pair(&self->box));
}

FIXTURE_TEARDOWN(socket)
{
	struct bc_box *box = &self->box;

	bc_box_kill(box);
	bc_box_unpair(box);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
	EXPECT_EQ(0, bc_box_end(box));
}

static const struct kind {
	int family, type, protocol;
	int tcp, other;	/* how many it makes */
	int error;	/* when there is no room */
} kinds[] = {
	{ AF_INET, SOCK_STREAM, 0, 1, 0, ENOMEM },
	{ AF_INET6, SOCK_STREAM, 0, 1, 0, ENOBUFS },
	{ AF_INET, SOCK_DGRAM, 0, 0, 1, ENOMEM },
	{ AF_INET6, SOCK_DGRAM, 0, 0, 1, ENOBUFS },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, 0, 1, ENOMEM },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, 0, 1, ENOMEM },
	{ AF_INET, SOCK_RAW, IPPROTO_TCP, 0, 1, ENOMEM },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, 0, 1, ENOBUFS },
	{ AF_UNIX, SOCK_STREAM, 0, 0, 1, ENOMEM },
	{ AF_UNIX, SOCK_DGRAM, 0, 0, 1, ENOMEM },
	{ AF_UNIX, SOCK_SEQPACKET, 0, 0, 1, ENOMEM },
	{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0, 1, ENOMEM },
	{ AF_PACKET, SOCK_DGRAM, 0, 0, 1, ENOBUFS },
	{ -AF_UNIX, SOCK_STREAM, 0, 0, 2, ENOMEM }, /* a pair */
};

#define KINDS ((int)ARRAY_SIZE(kinds))

static int make(const struct kind *k, int fd[2])
{
	fd[0] = fd[1] = -1;
	if (k->family < 0)
		return socketpair(-k->family, k->type, k->protocol, fd);
	return fd[0] = socket(k->family, k->type, k->protocol);
}

static void unmake(const int fd[2])
{
	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
}

/* Each kind once, the host looks after each; then each again at the limit. */
static int every_kind(struct bc_box *box)
{
	int i, fd[2];

	for (i = 0; i < KINDS; i++) {
		BOX_CHECK(make(&kinds[i], fd) >= 0);
		box->shm[i] = bc_net_used();
		BOX_CHECK(!bc_box_ready(box));
		unmake(fd);
		BOX_CHECK(!bc_box_ready(box));
	}
	for (i = 0; i < KINDS; i++) {
		errno = 0;
		box->shm[i] = make(&kinds[i], fd) < 0 ? errno : 0;
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, every_kind_is_counted_and_refused)
{
	struct bc_box *box = &self->box;
	int i, tcp = 0;

	ASSERT_EQ(0, bc_box_start(box, every_kind));
	for (i = 0; i < KINDS; i++) {
		ASSERT_EQ(0, bc_box_await(box))
		TH_LOG("kind %d", i);
		EXPECT_EQ(kinds[i].tcp, bc_held(box->id, BC_NUMTCPSOCK))
		TH_LOG("kind %d", i);
		EXPECT_EQ(kinds[i].other, bc_held(box->id, BC_NUMOTHERSOCK))
		TH_LOG("kind %d", i);
		EXPECT_EQ(kinds[i].tcp + kinds[i].other, box->shm[i])
		TH_LOG("kind %d", i);
		ASSERT_EQ(0, bc_box_go(box));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
		if (i == KINDS - 1) {
			ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 0, 0));
			ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 0, 0));
		}
		tcp += kinds[i].tcp;
		ASSERT_EQ(0, bc_box_go(box));
	}
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < KINDS; i++) {
		EXPECT_EQ(kinds[i].error, box->shm[i])
		TH_LOG("kind %d", i);
	}
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 0, 1, tcp);
	EXPECT_ROW(box->id, BC_NUMOTHERSOCK, 0, 2, KINDS - tcp);
	EXPECT_RECORDED(box->id, BC_NUMOTHERSOCK, ENOMEM);
}

/* A pair needs two: with room for one nothing is left behind. */
static int pair(struct bc_box *box)
{
	int fd[2];

	box->shm[0] = socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, half_a_pair_is_given_back)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 1, 1));
	ASSERT_EQ(0, bc_box_start(box, pair));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_ROW(box->id, BC_NUMOTHERSOCK, 0, 1, 1);
}

static int try_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int try_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) < 0 ? -errno : 0;
}

static long until_refused(int (*attempt)(void))
{
	long n;

	for (n = 0; n < 1000 && !attempt(); n++)
		;
	return n;
}

/* The two rows do not know of each other. */
static int fill_both(struct bc_box *box)
{
	box->shm[0] = until_refused(try_tcp);
	box->shm[1] = errno;
	box->shm[2] = until_refused(try_unix);
	box->shm[3] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, stops_at_the_lower_bound)
{
	static const uint64_t bounds[][3] = {
		{ 50, 50, 50 }, { 20, 50, 20 }, { 50, 20, 20 }, { 1, 1, 1 }, { 0, 9, 0 },
	};
	struct bc_box *box = &self->box;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		const uint64_t *b = bounds[i];

		ASSERT_EQ(0, bc_clear(box->id));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, b[0], b[1]));
		ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, b[0] + 3, b[1] + 3));
		ASSERT_EQ(0, bc_box_start(box, fill_both));
		ASSERT_EQ(0, bc_box_await(box));
		EXPECT_EQ((long)b[2], box->shm[0]);
		EXPECT_EQ(ENOMEM, box->shm[1]);
		EXPECT_EQ((long)b[2] + 3, box->shm[2]);
		EXPECT_EQ(ENOMEM, box->shm[3]);
		EXPECT_ROW(box->id, BC_NUMTCPSOCK, (long)b[2], (long)b[2], 1);
		EXPECT_ROW(box->id, BC_NUMOTHERSOCK, (long)b[2] + 3, (long)b[2] + 3, 1);
		if (i % 2) {
			EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
		} else {
			EXPECT_EQ(0, bc_box_go(box));
			EXPECT_EQ(0, bc_box_wait(box));
		}
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
	}
}

#define THREADS 8

static int race_tcp(struct bc_box *box)
{
	box->shm[3] = ENOMEM;
	return bc_race(box, THREADS, try_tcp) ? 1 : 0;
}

static int race_unix(struct bc_box *box)
{
	box->shm[3] = ENOMEM;
	return bc_race(box, THREADS, try_unix) ? 1 : 0;
}

static void check_race(struct __test_metadata *_metadata, struct bc_box *box, enum bc_resource row,
		       bc_box_fn fn)
{
	ASSERT_EQ(0, bc_limit(box->id, row, 200, 200));
	box->shm[0] = box->shm[1] = box->shm[2] = 0;
	ASSERT_EQ(0, bc_box_start(box, fn));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(200, box->shm[0]);
	EXPECT_EQ(THREADS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, row, 200, 200, THREADS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_F(socket, threads_race_to_the_limit)
{
	check_race(_metadata, &self->box, BC_NUMTCPSOCK, race_tcp);
	check_race(_metadata, &self->box, BC_NUMOTHERSOCK, race_unix);
}

/* One of each goes to the host, and no descriptor stays. */
static int sender(struct bc_box *box)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), unix_ = socket(AF_UNIX, SOCK_DGRAM, 0);

	BOX_CHECK(tcp >= 0 && unix_ >= 0);
	BOX_CHECK(!bc_send_fd(box->sock, tcp) && !bc_send_fd(box->sock, unix_));
	close(tcp);
	close(unix_);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, passed_to_the_host_it_stays_charged)
{
	struct bc_box *box = &self->box;
	int tcp, other;

	ASSERT_EQ(0, bc_box_start(box, sender));
	ASSERT_EQ(0, bc_box_await(box));
	tcp = bc_recv_fd(box->peer);
	other = bc_recv_fd(box->peer);
	ASSERT_LE(0, tcp);
	ASSERT_LE(0, other);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMOTHERSOCK));
	EXPECT_EQ(BC_LIFE_STOPPED, bc_life(box->id, NULL));
	close(tcp);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 0));
	EXPECT_EQ(1, bc_held(box->id, BC_NUMOTHERSOCK));
	close(other);
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 0));
}

/* What the host has made stays the host's, and so does its namespace. */
static int receiver(struct bc_box *box)
{
	int fd = bc_recv_fd(box->sock), net = bc_recv_fd(box->sock);

	BOX_CHECK(fd >= 0 && net >= 0);
	box->shm[0] = setns(net, CLONE_NEWNET) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, passed_by_the_host_it_is_the_hosts)
{
	struct bc_box *box = &self->box;
	int fd = socket(AF_INET, SOCK_STREAM, 0), net = open("/proc/self/ns/net", O_RDONLY);

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 0, 0));
	ASSERT_EQ(0, bc_send_fd(box->peer, fd));
	ASSERT_EQ(0, bc_send_fd(box->peer, net));
	close(fd);
	close(net);
	ASSERT_EQ(0, bc_box_start(box, receiver));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(EPERM, box->shm[0]);
	EXPECT_EQ(0, bc_held(box->id, BC_NUMTCPSOCK));
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 0, 0, 0);
}

/* The host is the server: both ends belong to who calls. */
static int caller(struct bc_box *box)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/bc-socket-%u", box->id);
	BOX_CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	box->shm[0] = fd < 0 ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, both_ends_belong_to_who_calls)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct bc_box *box = &self->box;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), end;

	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/bc-socket-%u", box->id);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&a, sizeof(a)));
	ASSERT_EQ(0, chmod(a.sun_path, 0777));
	ASSERT_EQ(0, listen(fd, 5));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 2, 2));
	EXPECT_EQ(0, bc_box_start(box, caller));
	EXPECT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_ROW(box->id, BC_NUMOTHERSOCK, 2, 2, 1);
	end = accept(fd, NULL, NULL);
	EXPECT_LE(0, end);
	close(fd);
	unlink(a.sun_path);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMPROC, 0));
	EXPECT_EQ(2, bc_held(box->id, BC_NUMOTHERSOCK)); /* each end keeps the other */
	close(end);
}

/* A datagram holds the socket that sent it. */
static int unread(struct bc_box *box)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0to" };
	int in = socket(AF_UNIX, SOCK_DGRAM, 0), out = socket(AF_UNIX, SOCK_DGRAM, 0);
	char c = 0;

	BOX_CHECK(in >= 0 && out >= 0 && !bind(in, (struct sockaddr *)&a, sizeof(a)));
	BOX_CHECK(sendto(out, &c, 1, 0, (struct sockaddr *)&a, sizeof(a)) == 1);
	close(out);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(recv(in, &c, 1, 0) == 1);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, closed_it_stays_until_its_data_is_read)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_box_start(box, unread));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2, bc_held(box->id, BC_NUMOTHERSOCK));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMOTHERSOCK, 1));
}

static int nested(struct bc_box *box)
{
	long i;

	for (i = 0; i < box->arg; i++)
		BOX_CHECK(!bc_nest(i % 2 ? 0 : CLONE_NEWNET));
	return fill_both(box);
}

TEST_F(socket, no_escape_by_nesting)
{
	struct bc_box *box = &self->box;

	box->arg = 8;
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 20, 20));
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMOTHERSOCK, 10, 10));
	ASSERT_EQ(0, bc_box_start(box, nested));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(20, box->shm[0]);
	EXPECT_EQ(10, box->shm[2]);
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 20, 20, 1);
	EXPECT_ROW(box->id, BC_NUMOTHERSOCK, 10, 10, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int one_of_each(struct bc_box *box)
{
	BOX_CHECK(!try_tcp() && !try_unix());
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

/* The network namespace alone decides, whatever else the task is. */
TEST_F(socket, who_enters_from_the_host_is_charged)
{
	static const int flags[] = { CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET };
	struct bc_box *box = &self->box;
	int status;
	size_t i;
	pid_t pid;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 10, 10));
	ASSERT_EQ(0, bc_box_start(box, one_of_each));
	ASSERT_EQ(0, bc_box_await(box));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			if (try_tcp() || bc_box_enter(box, flags[i]))
				bc_drop(1);
			box->shm[0] = until_refused(try_tcp);
			box->shm[1] = errno;
			bc_drop(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_EQ(9, box->shm[0]);
		EXPECT_EQ(ENOMEM, box->shm[1]);
		EXPECT_EQ(0, bc_wait_held(box->id, BC_NUMTCPSOCK, 1));
	}
	EXPECT_EQ(1, bc_held(box->id, BC_NUMOTHERSOCK));
}

/* Direct descriptors are in no table of files. */
static int by_io_uring(struct bc_box *box)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM };
	struct bc_uring ring;
	long i, res = bc_uring_open(&ring, 0);

	box->shm[1] = -res;
	if (!res) {
		BOX_CHECK(!bc_uring_files(&ring, 32));
		for (i = 0; i < 32 && !res; i++) {
			sqe.file_index = (uint32_t)i + 1;
			res = bc_uring_do(&ring, &sqe);
		}
		box->shm[0] = i - 1;
		box->shm[1] = -res;
	}
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, no_escape_by_io_uring)
{
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 12, 12));
	ASSERT_EQ(0, bc_box_start(box, by_io_uring));
	ASSERT_EQ(0, bc_box_await(box));
	if (box->shm[1] == ENOSYS)
		SKIP(return, "io_uring is not in this kernel");
	EXPECT_EQ(12, box->shm[0]);
	EXPECT_EQ(ENOMEM, box->shm[1]);
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 12, 12, 1);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static int refused_often(struct bc_box *box)
{
	int i;

	for (i = 0; i < 4; i++)
		box->shm[0] += try_tcp() == -ENOMEM;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(socket, refusals_are_told)
{
	struct bc_box *box = &self->box;
	struct bc_failure list[64];
	char line[512] = "";
	int n;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMTCPSOCK, 1, 3));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_start(box, refused_often));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(3, box->shm[0]);
	EXPECT_EQ(3, bc_trace_end(box->id, "numtcpsock", line));
	EXPECT_NE(NULL, strstr(line, " asked=1 held=1 barrier=1 limit=3 errno=12 "))
	TH_LOG("%s", line);
	EXPECT_ROW(box->id, BC_NUMTCPSOCK, 1, 1, 3);
	n = bc_failures(box->id, list, 64);
	ASSERT_EQ(3, n);
	EXPECT_STREQ("numtcpsock", list[2].resource);
	EXPECT_EQ(ENOMEM, list[2].error);
	EXPECT_EQ(box->pid, list[2].pid);
}

TEST_HARNESS_MAIN
