/* SPDX-License-Identifier: GPL-2.0 */
/* The least of io_uring that the tests need, by plain system calls. */
#ifndef SELFTESTS_LIB_BC_URING_H
#define SELFTESTS_LIB_BC_URING_H

#include <linux/io_uring.h>
#include <stdint.h>

struct bc_uring {
	int fd;
	struct io_uring_params params;
	void *rings;
	struct io_uring_sqe *sqes;
};

/**
 * bc_uring_open() - make a ring of 8 entries
 * @flags: IORING_SETUP_*
 *
 * The mappings are shared memory of the kernel: no private pages.
 *
 * Return: 0 or a negative errno (-ENOSYS: not in this kernel).
 */
int bc_uring_open(struct bc_uring *ring, unsigned int flags);

/**
 * bc_uring_files() - register a table of @n empty slots for direct descriptors
 */
int bc_uring_files(struct bc_uring *ring, unsigned int n);

/**
 * bc_uring_do() - submit one request and wait for it
 *
 * Return: the result of the request, or a negative errno of io_uring_enter(2).
 */
int bc_uring_do(struct bc_uring *ring, const struct io_uring_sqe *sqe);

#endif
