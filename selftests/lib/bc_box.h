/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Containers for tests: a function that runs as the first task of a fresh
 * container, below a beancounter, and talks with the test over two pipes and a
 * page of shared numbers.
 *
 * The first task is uid 0 of a user namespace with a range of 65,536 ids, pid 1
 * of a pid namespace, has an own /proc and all other namespaces. It is charged
 * from its first moment, and all its descriptors were opened by the host: it
 * begins with numproc 1 and numfile 0.
 */
#ifndef SELFTESTS_LIB_BC_BOX_H
#define SELFTESTS_LIB_BC_BOX_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bc_util.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define BC_SHM_LONGS 1024
#define BC_SHM_FAILED (BC_SHM_LONGS - 1) /* set by BOX_CHECK() */

/* First host uid of the range; containers of tests share it. */
#define BC_UID_BASE 1000000

struct bc_box;
typedef int (*bc_box_fn)(struct bc_box *box);

struct bc_box {
	unsigned int id;	/* 0: the same namespaces, charged to nobody */
	pid_t pid;		/* the first task as the host sees it, 0 if none */
	int pidfd;
	int up[2], down[2];	/* from and to the container */
	volatile long *shm;	/* BC_SHM_LONGS numbers, both see them */
	long arg;		/* for the function, set before the start */
	int sock;		/* a socket of the host, -1 if none: fd passing */
	int peer;		/* its other end, which the test keeps; with sock only */
	int cgroup;		/* directory of a cgroup to start in, 0 if none */
};

/**
 * bc_box_make() - make a beancounter with a fresh id and a box for it
 *
 * Return: 0 or a negative errno.
 */
int bc_box_make(struct bc_box *box);

/**
 * bc_box_start() - start the container
 * @fn: runs inside; what it returns is the exit status
 *
 * May be called again when the container has ended (restart).
 *
 * Return: 0 or a negative errno; that of clone3(2) if it refused.
 */
int bc_box_start(struct bc_box *box, bc_box_fn fn);

/**
 * bc_box_wait() - wait for the end of the first task
 *
 * Return: the exit status, 128 + signal, or a negative errno.
 */
int bc_box_wait(struct bc_box *box);

/**
 * bc_box_kill() - SIGKILL the first task, and with it all, and reap it
 */
int bc_box_kill(struct bc_box *box);

/**
 * bc_box_pair() - make sock and peer, before the start
 *
 * Return: 0 or a negative errno.
 */
int bc_box_pair(struct bc_box *box);

/* Closes both, and what is on its way in them. */
void bc_box_unpair(struct bc_box *box);

/**
 * bc_box_run() - start and wait
 */
int bc_box_run(struct bc_box *box, bc_box_fn fn);

/**
 * bc_box_end() - the end of a test: kill, wait until nothing is held, destroy
 *
 * Return: 0 when everything went back to zero.
 */
int bc_box_end(struct bc_box *box);

/*
 * The two ends of the conversation. Each returns 0, or -EPIPE when the other is
 * dead or has failed, -ETIMEDOUT after BC_WAIT_SECONDS.
 */
int bc_box_await(struct bc_box *box);	/* host: until the container said ready */
int bc_box_go(struct bc_box *box);	/* host: let it go on */
int bc_box_ready(struct bc_box *box);	/* container: tell the host and wait for it */
int bc_box_say(struct bc_box *box);	/* container: tell the host, go on */
void bc_box_stay(void);			/* container: sleep until killed */

/**
 * bc_box_enter() - the calling process joins namespaces of the container
 * @flags: CLONE_NEW* of the namespaces
 */
int bc_box_enter(const struct bc_box *box, int flags);

/**
 * struct bc_truth - what the kernel itself says about a container
 */
struct bc_truth {
	int64_t tasks;		/* threads, zombies included */
	int64_t pages;		/* sum of VmData and VmStk of its address spaces */
};

/**
 * bc_box_truth() - count what lives below the container's user namespace
 *
 * Walks /proc; the container should stand still. Address spaces shared by
 * processes (CLONE_VM) are counted once.
 */
int bc_box_truth(const struct bc_box *box, struct bc_truth *truth);

/**
 * bc_nest() - unshare a user and pid namespace and go on in its first task
 * @flags: further CLONE_NEW* flags
 *
 * The parent waits for the child and ends with its status, so that a depth of n
 * costs n tasks. Maps the caller's uid and gid to themselves.
 *
 * Return: 0 in the innermost task, or a negative errno.
 */
int bc_nest(int flags);

/**
 * bc_nest_nets() - bc_nest() @depth times, each other time with a network namespace
 *
 * Return: 0 in the innermost task, or a negative errno.
 */
int bc_nest_nets(long depth);

/**
 * bc_clone() - clone3(2) with a flag word; the child gets 0 as from fork(2)
 */
pid_t bc_clone(uint64_t flags, int cgroup);

/**
 * bc_drop() - _exit() without touching anything
 */
void bc_drop(int status) __attribute__((noreturn));

/**
 * bc_threads() - run a function in @n threads that start together
 *
 * Takes some private pages for stacks, all of them before the start.
 *
 * Return: 0 or a negative errno.
 */
int bc_threads(int n, void (*fn)(void *), void *arg);

/**
 * bc_race() - threads of a container race for the last units
 * @attempt: takes one unit; 0 or a negative errno
 *
 * Each thread repeats @attempt until it is refused for the first time. When all
 * are, the last one says so to the host (bc_box_await()) and all wait for
 * bc_box_go(), so that nothing is given back before the host has looked.
 * box->shm[0]: successes, box->shm[1]: refusals, box->shm[2]: refusals with
 * another errno than -box->shm[3].
 *
 * Return: 0 or a negative errno.
 */
int bc_race(struct bc_box *box, int threads, int (*attempt)(void));

int bc_send_fd(int sock, int fd);	/* 0 or a negative errno */
int bc_recv_fd(int sock);		/* descriptor or a negative errno */
int bc_pidfd_getfd(int pidfd, int fd);	/* descriptor or a negative errno */

#endif
