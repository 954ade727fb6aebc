// SPDX-License-Identifier: GPL-2.0
/*
 * tcpsndbuf, tcprcvbuf, dgramrcvbuf: memory for data that TCP has not sent or has
 * not been acknowledged, that TCP has received and nobody has read, and for
 * datagrams of UDP that wait for a reader.
 *
 * Where the kernel itself keeps accounts: a socket gets its memory by the page and
 * uses that up before it asks for more (sk_forward_alloc). Charged when it asks,
 * given back when it gives back, or when the socket goes. Nothing is hooked
 * by the packet. UDP keeps one page until close.
 *
 * No connection is ever broken. tcpsndbuf: HARD, and from there to the limit for
 * sockets that have no more than their share; who sends waits, or has EAGAIN.
 * tcprcvbuf: SOFT; above the barrier windows do not grow any more, above the limit
 * segments are dropped and sent again. dgramrcvbuf: HARD; the datagram is dropped.
 *
 * So that every connection goes on, the kernel takes without asking what one
 * needs at least: tcp_wmem[0], 4 KiB, to send, one segment to receive, and what a FIN
 * takes. Charged by FORCE: held may exceed the limit by that much a socket.
 *
 * Whose it is follows from sock_net(). A record a socket says how much of its
 * memory is charged to which row: what it gives back does not tell.
 *
 * Known gaps: where sending and receiving share a page it counts for one of them;
 * queues of raw, packet and netlink sockets have no such accounts.
 */
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "socket.h"

BC_DECLARE_ORIGINAL(int, __sk_mem_raise_allocated, struct sock *sk, int size, int amt, int kind);
BC_DECLARE_ORIGINAL(int, sk_setsockopt, struct sock *sk, int level, int optname, sockptr_t optval,
		    unsigned int optlen);

#define BC_GONE (LONG_MIN / 2)

/* From here TCP takes without asking for what has been received. */
static struct bc_range bc_data_queue_range;

static __always_inline enum bc_resource bc_receive_row(const struct sock *sk)
{
	return bc_sock_is_tcp(sk) ? BC_TCPRCVBUF : BC_DGRAMRCVBUF;
}

/**
 * bc_sockbuf_forget() - the socket ends
 * @sk: has no user any more, but a datagram may just be on its way to it
 */
void bc_sockbuf_forget(const struct sock *sk)
{
	struct bc_record *r;
	struct bc_sockbuf *b;
	long bytes;

	if (!bc_record_may_exist(sk))
		return;
	rcu_read_lock();
	r = bc_record_find(sk);
	if (!r || !bc_record_try_unlink(r, bc_sockbufs_of(r->bc)->list))
		goto out;
	b = container_of(r, struct bc_sockbuf, record);
	bytes = atomic_long_xchg(&b->sent, BC_GONE);
	if (bytes)
		bc_uncharge(r->bc, BC_TCPSNDBUF, bytes);
	bytes = atomic_long_xchg(&b->received, BC_GONE);
	if (bytes)
		bc_uncharge(r->bc, bc_receive_row(sk), bytes);
	bytes = atomic_long_xchg(&b->other, BC_GONE);
	if (bytes)
		bc_uncharge(r->bc, BC_OTHERSOCKBUF, bytes);
	bc_record_free(r);
out:
	rcu_read_unlock();
}

/**
 * bc_sockbuf_make() - the record of a socket that has memory for the first time
 * @sk: of a container
 *
 * Return: NULL for want of memory, or nobody is going to read what the socket gets.
 */
struct bc_sockbuf *bc_sockbuf_make(struct sock *sk)
{
	struct bc *bc = bc_of_sock(sk);
	struct bc_record *r;

	r = bc_record_get(sk, bc, sock_net(sk)->user_ns, bc_sockbufs_of(bc)->list,
			  sizeof(struct bc_sockbuf));
	if (!r)
		return NULL;
	/* pairs with the decrement of the last reference: one of the two sees the other */
	smp_mb();
	if (unlikely(sock_flag(sk, SOCK_DEAD) && !bc_sock_is_tcp(sk))) {
		bc_sockbuf_forget(sk);
		return NULL;
	}
	return container_of(r, struct bc_sockbuf, record);
}

/* False: the socket has gone meanwhile. */
static bool bc_sockbuf_note(atomic_long_t *charged, long bytes)
{
	return atomic_long_add_return(bytes, charged) >= 0;
}

/* Take at most @bytes of what is charged. */
static __always_inline long bc_sockbuf_take(atomic_long_t *charged, long bytes)
{
	long old = atomic_long_read(charged), n;

	do {
		if (old <= 0 || bytes <= 0)
			return 0;
		n = min(old, bytes);
	} while (!atomic_long_try_cmpxchg(charged, &old, old - n));
	return n;
}

static __always_inline bool bc_charge_sent(struct bc_sockbuf *b, unsigned long bytes)
{
	struct bc *bc = b->record.bc;
	unsigned long held, own;

	if (likely(bc_charge_quietly(bc, BC_TCPSNDBUF, bytes, BC_HARD, &held))) {
		bc_counter_raise_max(&bc->row[BC_TCPSNDBUF], held);
		return true;
	}
	own = max(atomic_long_read(&b->sent), 0L) + bytes;
	return bc_try_charge(bc, BC_TCPSNDBUF, bytes,
			     own <= bc_socket_share(bc, BC_TCPSNDBUF, BC_NUMTCPSOCK) ? BC_SOFT :
										       BC_HARD,
			     -EAGAIN);
}

/* As the kernel does where all memory for TCP is about to be used up. */
static void bc_clamp_window(struct sock *sk, const struct bc_counter *c)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(atomic_long_read(&c->held) > READ_ONCE(c->barrier)) &&
	    sk->sk_protocol == IPPROTO_TCP)
		tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4U * tp->advmss);
}

static __always_inline bool bc_charge_received(struct bc_sockbuf *b, struct sock *sk,
					       unsigned long bytes)
{
	struct bc *bc = b->record.bc;

	if (!bc_sock_is_tcp(sk))
		return bc_try_charge(bc, BC_DGRAMRCVBUF, bytes, BC_HARD, -ENOBUFS);
	if (!bc_try_charge(bc, BC_TCPRCVBUF, bytes, BC_SOFT, -ENOBUFS))
		return false;
	bc_clamp_window(sk, &bc->row[BC_TCPRCVBUF]);
	return true;
}

static int notrace bc_wrap___sk_mem_raise_allocated(struct sock *sk, int size, int amt, int kind)
{
	unsigned long bytes = (unsigned long)amt << PAGE_SHIFT;
	struct bc_sockbuf *b;
	int ret = 0;
	bool send;

	bc_hook_enter();
	b = bc_sockbuf_get(sk);
	if (!b)
		goto out;
	send = kind == SK_MEM_SEND && bc_sock_is_tcp(sk);
	if (!(send ? bc_charge_sent(b, bytes) : bc_charge_received(b, sk, bytes)))
		goto out;
	ret = bc_orig___sk_mem_raise_allocated(sk, size, amt, kind);
	if (!ret || !bc_sockbuf_note(send ? &b->sent : &b->received, bytes))
		bc_uncharge(b->record.bc, send ? BC_TCPSNDBUF : bc_receive_row(sk), bytes);
out:
	bc_hook_leave();
	return ret;
}

/*
 * 0 is what the kernel says where all memory for a protocol is used up, and the
 * callers do then what has to be done.
 */
BC_CALLBACK(bc_on_raise)
{
	if (bc_sock_is_counted(BC_ARG0(const struct sock *)))
		BC_REDIRECT(bc_wrap___sk_mem_raise_allocated);
}

/* The same arithmetic as behind the hook. The socket is locked. */
BC_CALLBACK(bc_on_forced)
{
	struct sock *sk = BC_ARG0(struct sock *);
	int delta = BC_ARG1(int) - sk->sk_forward_alloc;
	enum bc_resource row = BC_TCPSNDBUF;
	struct bc_sockbuf *b;
	unsigned long bytes;

	if (delta <= 0 || !bc_sock_is_counted(sk))
		return;
	b = bc_sockbuf_get(sk);
	if (!b)
		return;
	bytes = PAGE_ALIGN(delta);
	if (bc_in_range(parent_ip, &bc_data_queue_range))
		row = BC_TCPRCVBUF;
	bc_try_charge(b->record.bc, row, bytes, BC_FORCE, 0);
	bc_sockbuf_note(row == BC_TCPSNDBUF ? &b->sent : &b->received, bytes);
}

/* First what is not needed for what has been received. */
BC_CALLBACK(bc_on_reduce)
{
	struct sock *sk = BC_ARG0(struct sock *);
	long bytes = (long)BC_ARG1(int) << PAGE_SHIFT;
	long needed, received, sent;
	struct bc_sockbuf *b;
	struct bc_record *r;

	if (!bc_of_sock(sk))
		return;
	r = bc_record_find(sk);
	if (!r)
		return;
	b = container_of(r, struct bc_sockbuf, record);
	needed = bc_sock_is_tcp(sk) ? PAGE_ALIGN((long)atomic_read(&sk->sk_rmem_alloc)) : 0;
	received = min(bytes, atomic_long_read(&b->received) - needed);
	received = bc_sockbuf_take(&b->received, received);
	sent = bc_sockbuf_take(&b->sent, bytes - received);
	if (unlikely(received + sent < bytes))
		received += bc_sockbuf_take(&b->received, bytes - received - sent);
	if (received)
		bc_uncharge(b->record.bc, bc_receive_row(sk), received);
	if (sent)
		bc_uncharge(b->record.bc, BC_TCPSNDBUF, sent);
}

/* ---- SO_RESERVE_MEM takes pages past all this, and nobody needs it ---- */

static int notrace bc_wrap_sk_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
					 unsigned int optlen)
{
	return -EOPNOTSUPP;
}

BC_CALLBACK(bc_on_sk_setsockopt)
{
	if (BC_ARG2(int) == SO_RESERVE_MEM && bc_sock_is_counted(BC_ARG0(const struct sock *)))
		BC_REDIRECT(bc_wrap_sk_setsockopt);
}

static int bc_sockbuf_bc_init(struct bc *bc)
{
	struct bc_sockbufs *sockbufs = kzalloc(sizeof(*sockbufs), GFP_KERNEL);

	if (!sockbufs)
		return -ENOMEM;
	sockbufs->bc = bc;
	INIT_DELAYED_WORK(&sockbufs->wake, bc_othersockbuf_wake);
	sockbufs->list = bc_record_list_alloc();
	if (!sockbufs->list) {
		kfree(sockbufs);
		return -ENOMEM;
	}
	bc->families[bc_sockbuf_family.index] = sockbufs;
	return 0;
}

static void bc_sockbuf_bc_exit(struct bc *bc)
{
	struct bc_sockbufs *sockbufs = bc_sockbufs_of(bc);

	cancel_delayed_work_sync(&sockbufs->wake);
	bc_record_list_free(sockbufs->list);
	kfree(sockbufs);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "__sk_mem_reduce_allocated" },
		.callback = bc_on_reduce,
		.rows = BC_SOCKMEM_ROWS,
		.missing = "tcpsndbuf, tcprcvbuf and dgramrcvbuf are not enforced",
	},
	{
		.symbols = { "sk_forced_mem_schedule" },
		.callback = bc_on_forced,
		.rows = BC_SOCKMEM_ROWS,
		.missing = "tcpsndbuf, tcprcvbuf and dgramrcvbuf are not enforced",
	},
	{
		.symbols = { "__sk_mem_raise_allocated" },
		.callback = bc_on_raise,
		.original = &bc_addr___sk_mem_raise_allocated,
		.rows = BC_SOCKMEM_ROWS,
		.missing = "tcpsndbuf, tcprcvbuf and dgramrcvbuf are not enforced",
	},
	{
		.symbols = { "sk_setsockopt" },
		.callback = bc_on_sk_setsockopt,
		.original = &bc_addr_sk_setsockopt,
		.rows = BC_SOCKMEM_ROWS,
		.missing = "tcpsndbuf, tcprcvbuf and dgramrcvbuf are not enforced",
	},
};

static void bc_sockbuf_hooks_init(void)
{
	bc_symbol_range("tcp_data_queue", &bc_data_queue_range);
}

const struct bc_hook_group bc_sockbuf_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks),
						bc_sockbuf_hooks_init };

struct bc_family bc_sockbuf_family = {
	.name = "socket buffers",
	.rows = BC_SOCKBUF_ROWS,
	.bc_init = bc_sockbuf_bc_init,
	.bc_exit = bc_sockbuf_bc_exit,
	.recount = bc_othersockbuf_recount,
};
