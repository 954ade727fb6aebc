// SPDX-License-Identifier: GPL-2.0
#include "bc_uring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 8

int bc_uring_open(struct bc_uring *ring, unsigned int flags)
{
	size_t rings, sqes;

	memset(ring, 0, sizeof(*ring));
	ring->params.flags = flags;
	ring->params.sq_thread_idle = 1000;
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		return -errno;
	/* One mapping for both rings (IORING_FEAT_SINGLE_MMAP, 5.4). */
	rings = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	sqes = ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t);
	if (sqes > rings)
		rings = sqes;
	sqes = ring->params.sq_entries * sizeof(struct io_uring_sqe);
	ring->rings = mmap(NULL, rings, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			   IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			  IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED)
		return -errno;
	return 0;
}

int bc_uring_files(struct bc_uring *ring, unsigned int n)
{
	int table[64];
	unsigned int i;

	for (i = 0; i < n && i < 64; i++)
		table[i] = -1;
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, table, i) < 0)
		return -errno;
	return 0;
}

static uint32_t *word(struct bc_uring *ring, uint32_t offset)
{
	return (uint32_t *)((char *)ring->rings + offset);
}

int bc_uring_do(struct bc_uring *ring, const struct io_uring_sqe *sqe)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	uint32_t tail = *word(ring, sq->tail), head;
	uint32_t i = tail & *word(ring, sq->ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)word(ring, cq->cqes);
	int res;

	ring->sqes[i] = *sqe;
	word(ring, sq->array)[i] = i;
	__atomic_store_n(word(ring, sq->tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	head = *word(ring, cq->head);
	if (head == __atomic_load_n(word(ring, cq->tail), __ATOMIC_ACQUIRE))
		return -ENODATA;
	res = cqes[head & *word(ring, cq->ring_mask)].res;
	__atomic_store_n(word(ring, cq->head), head + 1, __ATOMIC_RELEASE);
	return res;
}
