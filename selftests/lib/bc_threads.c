// SPDX-License-Identifier: GPL-2.0
/* Threads that start together, and descriptors on their way between processes. */
#include "bc_box.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE (128 << 10)
#define MAX_THREADS 64

struct job {
	pthread_barrier_t *start;
	void (*fn)(void *arg);
	void *arg;
};

static void *work(void *arg)
{
	struct job *job = arg;

	pthread_barrier_wait(job->start);
	job->fn(job->arg);
	return NULL;
}

/* Stacks from one mapping: all is taken before the start, nothing during the race. */
int bc_threads(int n, void (*fn)(void *), void *arg)
{
	pthread_barrier_t start;
	struct job job = { .start = &start, .fn = fn, .arg = arg };
	pthread_t t[MAX_THREADS];
	pthread_attr_t attr;
	char *stacks;
	int i, err = 0;

	if (n > MAX_THREADS)
		return -EINVAL;
	stacks = mmap(NULL, (size_t)n * STACK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED)
		return -errno;
	pthread_attr_init(&attr);
	pthread_barrier_init(&start, NULL, (unsigned int)n);
	for (i = 0; i < n && !err; i++) {
		pthread_attr_setstack(&attr, stacks + (size_t)i * STACK_SIZE, STACK_SIZE);
		err = pthread_create(&t[i], &attr, work, &job);
	}
	/* A barrier that not all can reach would hang: there is no way on. */
	if (err)
		return -err;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	munmap(stacks, (size_t)n * STACK_SIZE);
	return 0;
}

struct race {
	struct bc_box *box;
	int (*attempt)(void);
	int threads, refused, over;
};

static void racer(void *arg)
{
	struct race *race = arg;
	long *shm = (long *)race->box->shm;
	int err;

	do {
		err = race->attempt();
		__atomic_fetch_add(&shm[err ? 1 : 0], 1, __ATOMIC_SEQ_CST);
	} while (!err);
	if (err != -shm[3])
		__atomic_fetch_add(&shm[2], 1, __ATOMIC_SEQ_CST);
	if (__atomic_add_fetch(&race->refused, 1, __ATOMIC_SEQ_CST) == race->threads) {
		bc_box_ready(race->box);
		__atomic_store_n(&race->over, 1, __ATOMIC_SEQ_CST);
	}
	while (!__atomic_load_n(&race->over, __ATOMIC_SEQ_CST))
		bc_sleep_ms(5);
}

int bc_race(struct bc_box *box, int threads, int (*attempt)(void))
{
	struct race race = { .box = box, .attempt = attempt, .threads = threads };

	return bc_threads(threads, racer, &race);
}

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

int bc_send_fd(int sock, int fd)
{
	union control c = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec v = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};

	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

int bc_recv_fd(int sock)
{
	union control c;
	char byte;
	struct iovec v = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};
	struct cmsghdr *h;
	int fd;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	h = CMSG_FIRSTHDR(&m);
	if (!h || h->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

int bc_pidfd_getfd(int pidfd, int fd)
{
	long ret = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return ret < 0 ? -errno : (int)ret;
}
