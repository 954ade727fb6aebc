// SPDX-License-Identifier: GPL-2.0
/*
 * What the beancounters cost each call, in instructions.
 *
 * For a machine with an instruction-count clock (scripts/vm -i), where the time
 * stamp counter ticks once an instruction. Prints a line for each operation:
 * name, lowest and median count of the rounds.
 *
 *   cost host          as a task of the host
 *   cost container     as a task of a container with every limit set
 */
#define _GNU_SOURCE
#include <beanpod/beancounter.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include <bc_resources.h>

#define ROUNDS 600
#define WARMUP 100
#define BATCH 8 /* cheap calls in one measurement, so that rdtsc weighs little */
#define ID 2000000000U

static void op_getpid(void)
{
	syscall(SYS_getpid);
}

static void op_open(void)
{
	close(open("/tmp/cost", O_RDONLY));
}

static void op_mmap(void)
{
	munmap(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	       65536);
}

static void op_brk(void)
{
	static char *top;

	if (!top)
		top = sbrk(0);
	syscall(SYS_brk, top + 65536);
	syscall(SYS_brk, top);
}

static void op_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static int lock_file, shm_file;

static void op_flock(void)
{
	flock(lock_file, LOCK_EX);
	flock(lock_file, LOCK_UN);
}

static void op_fcntl(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };

	fcntl(lock_file, F_SETLK, &lock);
	lock.l_type = F_UNLCK;
	fcntl(lock_file, F_SETLK, &lock);
}

static void op_mlock(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	mlock(page, sizeof(page));
	munlock(page, sizeof(page));
}

static void op_shm(void)
{
	static char page[4096];

	if (pwrite(shm_file, page, sizeof(page), 0) != sizeof(page) || ftruncate(shm_file, 0))
		exit(1);
}

#define SMALL 1024
#define LARGE 65000 /* the most that fits into a datagram */

static int tcp[2], udp[2], stream[2], dgram[2];

static void transfer(const int fd[2], size_t len)
{
	static char buf[65536];

	if (send(fd[0], buf, len, 0) != (ssize_t)len ||
	    recv(fd[1], buf, len, MSG_WAITALL) != (ssize_t)len)
		exit(1);
}

static void op_tcp_small(void)
{
	transfer(tcp, SMALL);
}

static void op_tcp_large(void)
{
	transfer(tcp, LARGE);
}

static void op_udp_small(void)
{
	transfer(udp, SMALL);
}

static void op_udp_large(void)
{
	transfer(udp, LARGE);
}

static void op_stream_small(void)
{
	transfer(stream, SMALL);
}

static void op_stream_large(void)
{
	transfer(stream, LARGE);
}

static void op_dgram_small(void)
{
	transfer(dgram, SMALL);
}

static void op_dgram_large(void)
{
	transfer(dgram, LARGE);
}

static void op_nothing(void)
{
}

/* clang-format off */
static const struct {
	const char *name;
	void (*run)(void);
	int batch;
} ops[] = {
	{ "nothing", op_nothing, BATCH },
	{ "getpid", op_getpid, BATCH },
	{ "open+close", op_open, BATCH },
	{ "mmap+munmap", op_mmap, BATCH },
	{ "brk+brk", op_brk, BATCH },
	{ "fork+exit+wait", op_fork, 1 },
	{ "flock+unlock", op_flock, BATCH },
	{ "fcntl+unlock", op_fcntl, BATCH },
	{ "mlock+munlock", op_mlock, BATCH },
	{ "memfd-write+cut", op_shm, BATCH },
	{ "tcp-1k", op_tcp_small, BATCH },
	{ "tcp-64k", op_tcp_large, 1 },
	{ "udp-1k", op_udp_small, BATCH },
	{ "udp-64k", op_udp_large, 1 },
	{ "unix-stream-1k", op_stream_small, BATCH },
	{ "unix-stream-64k", op_stream_large, 1 },
	{ "unix-dgram-1k", op_dgram_small, BATCH },
	{ "unix-dgram-64k", op_dgram_large, 1 },
};
/* clang-format on */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(unsigned int op)
{
	static uint64_t count[ROUNDS];

	for (int i = -WARMUP; i < ROUNDS; i++) {
		uint64_t begin = __rdtsc();

		for (int j = 0; j < ops[op].batch; j++)
			ops[op].run();
		if (i >= 0)
			count[i] = (__rdtsc() - begin) / ops[op].batch;
	}
	qsort(count, ROUNDS, sizeof(*count), compare);
	printf("%s %lu %lu\n", ops[op].name, count[0], count[ROUNDS / 2]);
}

/* Room for a message that nobody reads yet. */
static int roomy(int type)
{
	int fd = socket(AF_INET, type, 0), bytes = 400000;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

/* Over the loopback interface of the network namespace. */
static int connect_pair(int type, int pair[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = roomy(type);
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair[0] = roomy(type);
	if (bind(fd, (struct sockaddr *)&a, len) || (type == SOCK_STREAM && listen(fd, 1)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len) ||
	    connect(pair[0], (struct sockaddr *)&a, len))
		return -1;
	pair[1] = type == SOCK_STREAM ? accept(fd, NULL, NULL) : fd;
	return pair[1] < 0 ? -1 : 0;
}

static int make_sockets(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(fd, SIOCSIFFLAGS, &r) || connect_pair(SOCK_STREAM, tcp) ||
	    connect_pair(SOCK_DGRAM, udp) || socketpair(AF_UNIX, SOCK_STREAM, 0, stream) ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram))
		return perror("sockets"), -1;
	return close(fd);
}

static int measure_all(void)
{
	int fd;

	/* one that has been locked is slower to close ever after */
	unlink("/tmp/cost");
	fd = open("/tmp/cost", O_RDWR | O_CREAT, 0666);
	if (fd < 0)
		return perror("/tmp/cost"), 1;
	lock_file = fd;
	shm_file = memfd_create("cost", 0);
	if (shm_file < 0)
		return perror("memfd_create"), 1;
	if (make_sockets())
		return 1;
	for (unsigned int i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		measure(i);
	return fflush(stdout) != 0;
}

/* Finite limits that are never reached: what a hosted container has. */
static void set_limits(int dev)
{
	struct bc_limit limit = { .barrier = 1000000, .limit = 1000000 };
	struct bc_set set = { sizeof(set), ID, 0, 1, (uintptr_t)&limit };

#define X(id, NAME, name, unit, kind, meaning) \
	limit.resource = id;                   \
	ioctl(dev, BC_IOC_SET, &set);
	BC_RESOURCES(X) /* rows that are not enforced refuse: nothing to measure there */
#undef X
}

static void write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

/* Become the container's first task's parent, and give up the host's rights with it. */
static int enter_and_measure(int dev)
{
	struct bc_arm arm = { sizeof(arm), ID, 0, 0 };
	int status;
	pid_t pid;

	if (ioctl(dev, BC_IOC_ARM, &arm) || unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))
		return perror("container"), 1;
	write_map("/proc/self/setgroups", "deny");
	write_map("/proc/self/uid_map", "0 0 1");
	write_map("/proc/self/gid_map", "0 0 1");
	pid = fork();
	if (!pid)
		_exit(measure_all());
	waitpid(pid, &status, 0);
	return status ? 1 : 0;
}

static int in_container(void)
{
	struct bc_create create = { sizeof(create), ID, 0, 0 };
	struct bc_destroy destroy = { sizeof(destroy), ID, 0, 0 };
	int dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	int status;
	pid_t pid;

	if (dev < 0 || ioctl(dev, BC_IOC_CREATE, &create))
		return perror(BC_DEVICE), 1;
	set_limits(dev);
	pid = fork();
	if (!pid)
		_exit(enter_and_measure(dev));
	waitpid(pid, &status, 0);
	if (ioctl(dev, BC_IOC_DESTROY, &destroy))
		return perror("destroy"), 1;
	return status ? 1 : 0;
}

/* Two generations down as well: what a process has in its page tables counts. */
static int on_host(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		pid = fork();
		if (!pid)
			_exit(measure_all());
		waitpid(pid, &status, 0);
		_exit(status ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "host"))
		return on_host();
	if (argc == 2 && !strcmp(argv[1], "container"))
		return in_container();
	fprintf(stderr, "usage: cost host|container\n");
	return 2;
}
