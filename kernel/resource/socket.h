/* SPDX-License-Identifier: GPL-2.0 */
/* What sockets and their buffers know of each other. */
#ifndef BC_RESOURCE_SOCKET_H
#define BC_RESOURCE_SOCKET_H

#include <net/sock.h>

#include "record.h"
#include "resource.h"

/* Rows that follow the kernel's accounts; othersockbuf has hooks of its own. */
#define BC_SOCKMEM_ROWS (BIT(BC_TCPSNDBUF) | BIT(BC_TCPRCVBUF) | BIT(BC_DGRAMRCVBUF))
#define BC_SOCKBUF_ROWS (BC_SOCKMEM_ROWS | BIT(BC_OTHERSOCKBUF))

/* &sysctl_tcp_mem, which is not exported everywhere. */
extern const long *bc_tcp_mem;

static __always_inline bool bc_is_tcp(const struct proto *prot)
{
	return prot->sysctl_mem == bc_tcp_mem;
}

/*
 * A socket of the kernel's own, but for TCP's, is not even asked for its namespace:
 * it does not keep that alive, and some change it.
 */
static __always_inline bool bc_is_counted(const struct proto *prot, bool kern)
{
	return !kern || bc_is_tcp(prot);
}

/**
 * struct bc_sockbuf - what is charged for a socket
 * @record: of the socket
 * @sent: bytes charged to tcpsndbuf
 * @received: bytes charged to tcprcvbuf or dgramrcvbuf; all of what is no TCP
 * @other: bytes charged to othersockbuf
 * @flying: bytes that calls under way are going to add to what @other follows
 * @wants_room: somebody was refused, and did not wait
 *
 * Charged words are far below 0 when the socket has gone. The kernel's lock of the
 * socket or its queue keeps others away from @sent and @received, but MPTCP has
 * two such locks, and a datagram may meet a socket that ends.
 */
struct bc_sockbuf {
	struct bc_record	record;
	atomic_long_t		sent;
	atomic_long_t		received;
	atomic_long_t		other;
	atomic_long_t		flying;
	bool			wants_room;
};

/**
 * struct bc_sockbufs - private state of a beancounter
 * @list: records of its sockets
 * @wake: tells sockets of @wants_room that there is some
 * @bc: whose
 */
struct bc_sockbufs {
	struct bc_record_list	*list;
	struct delayed_work	wake;
	struct bc		*bc;
};

static inline struct bc_sockbufs *bc_sockbufs_of(const struct bc *bc)
{
	return bc->families[bc_sockbuf_family.index];
}

static __always_inline struct bc *bc_of_sock(const struct sock *sk)
{
	return bc_of_ns(sock_net(sk)->user_ns);
}

static __always_inline bool bc_sock_is_counted(const struct sock *sk)
{
	return bc_of_sock(sk) && bc_is_counted(READ_ONCE(sk->sk_prot), sk->sk_kern_sock);
}

static __always_inline bool bc_sock_is_tcp(const struct sock *sk)
{
	return bc_is_tcp(READ_ONCE(sk->sk_prot));
}

struct bc_sockbuf *bc_sockbuf_make(struct sock *sk);

/* NULL: for want of memory, or nobody is going to read what the socket gets. */
static __always_inline struct bc_sockbuf *bc_sockbuf_get(struct sock *sk)
{
	struct bc_record *r = bc_record_find(sk);

	return likely(r) ? container_of(r, struct bc_sockbuf, record) : bc_sockbuf_make(sk);
}

/* What lies between barrier and limit is for sockets that have little. */
static inline unsigned long bc_socket_share(const struct bc *bc, enum bc_resource row,
					    enum bc_resource sockets)
{
	const struct bc_counter *c = &bc->row[row];
	unsigned long barrier = READ_ONCE(c->barrier), limit = READ_ONCE(c->limit);
	unsigned long n = max(READ_ONCE(bc->row[sockets].limit), 1UL);

	return limit > barrier ? max((limit - barrier) / n, PAGE_SIZE) : 0;
}

void bc_othersockbuf_recount(struct bc *bc);
void bc_othersockbuf_wake(struct work_struct *work);

/* The socket ends: what is charged for its buffers is given back. */
void bc_sockbuf_forget(const struct sock *sk);

#endif
