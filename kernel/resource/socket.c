// SPDX-License-Identifier: GPL-2.0
/*
 * numtcpsock, numothersock: sockets of a container, by what they are and not by
 * who has them open.
 *
 * TCP is what has TCP's memory limits: TCP over IPv4 and IPv6, MPTCP, and the
 * subflows that the kernel makes for an MPTCP or SMC socket, each of which is a
 * connection of its own. All else is "other", but for sockets that the kernel
 * makes for its own use.
 *
 * Charged when the socket is made, to the owner of its network namespace:
 * socket(), socketpair(), connect() of UNIX (the server's end belongs to the
 * namespace of the client), and the last packet of TCP's handshake, before
 * anybody accepts. Released when the socket itself goes: after close(), but not
 * before its last data has left, been acknowledged, or been read by the
 * receiver. What remains of a connection in TIME_WAIT is no socket any more.
 *
 * HARD. At the barrier the call fails with ENOMEM, or ENOBUFS where the family
 * says so (IPv6, packet); a connection that comes in is not accepted, the peer
 * sends again, and gets in when there is room.
 *
 * Whose it is follows from sock_net(), class from the protocol it was made with.
 * Neither changes. sk_kern_sock is no such thing for TCP: accept() clears it in what
 * a listener of MPTCP has got. A network namespace that the host lends to a
 * container is the host's, and so are the sockets in it.
 */
#include <net/sock.h>
#include <net/tcp.h>

#include "socket.h"

BC_DECLARE_ORIGINAL(struct sock *, sk_alloc, struct net *net, int family, gfp_t priority,
		    struct proto *prot, int kern);
BC_DECLARE_ORIGINAL(struct sock *, sk_clone_lock, const struct sock *sk, const gfp_t priority);

const long *bc_tcp_mem;

/*
 * sk_clone_lock() may fail with a socket already made: then it frees it, and says
 * NULL as if there had been none. Bottom halves are off from before the call to
 * behind it, for it returns with a spinlock of theirs held.
 */
static DEFINE_PER_CPU(bool, bc_clone_freed);

static __always_inline enum bc_resource bc_socket_row(const struct proto *prot)
{
	return bc_is_tcp(prot) ? BC_NUMTCPSOCK : BC_NUMOTHERSOCK;
}

/* What socket(2) makes of a socket that could not be had. */
static int bc_socket_errno(int family)
{
	return family == PF_INET6 || family == PF_PACKET ? -ENOBUFS : -ENOMEM;
}

/* A socket that an interrupt makes is not asked for: looking may sleep. */
static bool bc_socket_kmem_allows(struct bc *bc, int family, gfp_t priority)
{
	return !gfpflags_allow_blocking(priority) ||
	       bc_kmem_allows(bc, bc_hard_unless_sent(), bc_socket_errno(family));
}

static struct sock *notrace bc_wrap_sk_alloc(struct net *net, int family, gfp_t priority,
					     struct proto *prot, int kern)
{
	enum bc_resource row = bc_socket_row(prot);
	struct sock *sk = NULL;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_ns(net->user_ns);
	if (!bc || (bc_socket_kmem_allows(bc, family, priority) &&
		    bc_try_charge(bc, row, 1, BC_HARD, bc_socket_errno(family)))) {
		sk = bc_orig_sk_alloc(net, family, priority, prot, kern);
		if (!sk && bc)
			bc_uncharge(bc, row, 1);
	}
	bc_hook_leave();
	return sk;
}

BC_CALLBACK(bc_on_sk_alloc)
{
	const struct net *net = BC_ARG0(struct net *);

	if (bc_of_ns(net->user_ns) && bc_is_counted(BC_ARG3(struct proto *), BC_ARG4(int)))
		BC_REDIRECT(bc_wrap_sk_alloc);
}

static struct sock *notrace bc_wrap_sk_clone_lock(const struct sock *sk, const gfp_t priority)
{
	enum bc_resource row = bc_socket_row(READ_ONCE(sk->sk_prot));
	struct sock *newsk = NULL;
	struct bc *bc;

	bc_hook_enter();
	bc = bc_of_sock(sk);
	if (!bc || bc_try_charge(bc, row, 1, BC_HARD, -ENOMEM)) {
		__this_cpu_write(bc_clone_freed, false);
		newsk = bc_orig_sk_clone_lock(sk, priority);
		if (!newsk && bc && !__this_cpu_read(bc_clone_freed))
			bc_uncharge(bc, row, 1);
	}
	bc_hook_leave();
	return newsk;
}

BC_CALLBACK(bc_on_sk_clone_lock)
{
	const struct sock *sk = BC_ARG0(struct sock *);

	if (bc_is_counted(READ_ONCE(sk->sk_prot), sk->sk_kern_sock) && bc_of_sock(sk))
		BC_REDIRECT(bc_wrap_sk_clone_lock);
}

/* Once for each socket, and at once; what comes behind may wait for RCU. */
BC_CALLBACK(bc_on_sk_free)
{
	const struct sock *sk = BC_ARG0(struct sock *);
	enum bc_resource row;
	struct bc *bc;

	if (!bc_is_counted(sk->sk_prot_creator, sk->sk_kern_sock))
		return;
	bc = bc_of_sock(sk);
	if (!bc)
		return;
	bc_sockbuf_forget(sk);
	row = bc_socket_row(sk->sk_prot_creator);
	if (bc_row_enforced(row))
		bc_uncharge(bc, row, 1);
	this_cpu_write(bc_clone_freed, true);
}

#define BC_SOCKET_ROWS (BIT(BC_NUMTCPSOCK) | BIT(BC_NUMOTHERSOCK))

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "__sk_free" },
		.callback = bc_on_sk_free,
		.rows = BC_SOCKET_ROWS | BC_SOCKBUF_ROWS,
		.missing = "sockets and their buffers are not counted",
	},
	{
		.symbols = { "sk_clone_lock" },
		.callback = bc_on_sk_clone_lock,
		.original = &bc_addr_sk_clone_lock,
		.rows = BC_SOCKET_ROWS,
		.missing = "numtcpsock and numothersock are not enforced",
	},
	{
		.symbols = { "sk_alloc" },
		.callback = bc_on_sk_alloc,
		.original = &bc_addr_sk_alloc,
		.rows = BC_SOCKET_ROWS,
		.missing = "numtcpsock and numothersock are not enforced",
	},
};

static void bc_socket_hooks_init(void)
{
	bc_tcp_mem = tcp_prot.sysctl_mem;
}

const struct bc_hook_group bc_socket_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks),
					       bc_socket_hooks_init };

struct bc_family bc_socket_family = {
	.name = "sockets",
	.rows = BC_SOCKET_ROWS,
};
