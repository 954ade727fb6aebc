// SPDX-License-Identifier: GPL-2.0
/*
 * othersockbuf: memory for data that has been sent and has not arrived: with a
 * reader where sockets are UNIX, on the wire where they are UDP, raw, packet or
 * others; not TCP. Counted for the sender, as the kernel counts it (sk_wmem_alloc).
 *
 * The kernel's count of each socket is the truth, charged before it grows. Nothing
 * is hooked where it shrinks: a record a socket says how much of it is charged, so
 * that held is an upper bound, recounted before it is read, before a charge is
 * refused, and before maxheld would grow by more than 1/64. A socket that sends
 * and is read in turn costs a comparison.
 *
 * HARD, and from there to the limit for sockets that have no more than their share.
 * Who sends waits until there is room, or has EAGAIN and is told by poll(2) later.
 *
 * Known gaps: what is appended to a message after its first piece (UDP, and
 * sendfile to a UNIX socket) is not asked for; it counts from the next look at
 * the socket on. poll(2) does not know of the row and may say that a socket is
 * writable which is not.
 *
 * Lock order: bc_record_list.lock; nothing is taken below it but what wakes
 * who waits for the socket.
 */
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>
#include <linux/wait.h>

#include "socket.h"

BC_DECLARE_ORIGINAL(struct sk_buff *, sock_alloc_send_pskb, struct sock *sk,
		    unsigned long header_len, unsigned long data_len, int noblock, int *errcode,
		    int max_page_order);

/* Who waits looks again that often, and so does who tells others. */
#define BC_LOOK (HZ / 50)

/* The least that the head of a message takes. */
#define BC_HEAD_MIN 1024UL

/* No less than what the message is going to have. */
static __always_inline long bc_message_bound(unsigned long header_len, unsigned long data_len)
{
	unsigned long head =
		SKB_DATA_ALIGN(header_len) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	return roundup_pow_of_two(max(head, BC_HEAD_MIN)) + SKB_DATA_ALIGN(sizeof(struct sk_buff)) +
	       PAGE_ALIGN(data_len);
}

static __always_inline const struct sock *bc_sock_of(const struct bc_sockbuf *b)
{
	return b->record.object;
}

static __always_inline long bc_wmem(const struct sock *sk)
{
	int bytes = refcount_read(&sk->sk_wmem_alloc);

	return bytes > 0 ? bytes - 1 : 0; /* one is for the socket itself */
}

/*
 * What the socket has, and what it is going to have if all calls under way succeed.
 * A call adds to sk_wmem_alloc before it leaves @flying: read the other way
 * round, no byte is missed.
 */
static __always_inline long bc_other_bound(const struct bc_sockbuf *b, const struct sock *sk)
{
	long flying = atomic_long_read(&b->flying);

	smp_rmb(); /* pairs with the full barrier of leaving @flying */
	return flying + bc_wmem(sk);
}

/* ---- the recount ---- */

static void bc_other_raise(struct bc_sockbuf *b, long charged, long bytes)
{
	unsigned long held;

	if (bytes <= charged)
		return;
	bc_charge_quietly(b->record.bc, BC_OTHERSOCKBUF, bytes - charged, BC_FORCE, &held);
	if (atomic_long_cmpxchg(&b->other, charged, bytes) != charged)
		bc_uncharge(b->record.bc, BC_OTHERSOCKBUF, bytes - charged);
}

/*
 * Between what the socket has and what it is going to have. A call that has compared
 * itself with what was charged before counts on that: it shows in the second look.
 */
static void bc_other_settle(struct bc_record *record, void *unused)
{
	struct bc_sockbuf *b = container_of(record, struct bc_sockbuf, record);
	const struct sock *sk = bc_sock_of(b);
	long charged, bound;

	if (bc_sock_is_tcp(sk))
		return;
	charged = atomic_long_read(&b->other);
	bound = bc_other_bound(b, sk);
	if (charged > bound) {
		if (atomic_long_cmpxchg(&b->other, charged, bound) != charged)
			return; /* a call has just settled it */
		bc_uncharge(record->bc, BC_OTHERSOCKBUF, charged - bound);
		bc_other_raise(b, bound, min(charged, bc_other_bound(b, sk)));
	} else if (charged >= 0) {
		bc_other_raise(b, charged, bc_wmem(sk));
	}
}

static void bc_other_settle_all(struct bc *bc)
{
	bc_record_walk(bc_sockbufs_of(bc)->list, bc_other_settle, NULL);
}

/**
 * bc_othersockbuf_recount() - make held exact
 * @bc: referenced
 */
void bc_othersockbuf_recount(struct bc *bc)
{
	struct bc_counter *c = &bc->row[BC_OTHERSOCKBUF];

	if (!bc_row_enforced(BC_OTHERSOCKBUF))
		return;
	bc_other_settle_all(bc);
	bc_counter_raise_max(c, max(atomic_long_read(&c->held), 0L));
}

/* maxheld follows held, but not an upper bound that nobody has looked at lately. */
static void bc_other_note_max(struct bc *bc, unsigned long held)
{
	struct bc_counter *c = &bc->row[BC_OTHERSOCKBUF];
	unsigned long max = atomic_long_read(&c->maxheld);

	if (likely(held <= max))
		return;
	if (held - max > max / 64) {
		bc_other_settle_all(bc);
		held = min_t(long, held, max(atomic_long_read(&c->held), 0L));
	}
	bc_counter_raise_max(c, held);
}

/* ---- sending ---- */

/* @finally: held has been recounted, and what does not fit is asked of the policy. */
static bool bc_other_charge(struct bc_sockbuf *b, const struct sock *sk, bool finally,
			    unsigned long *held)
{
	struct bc *bc = b->record.bc;

	for (;;) {
		long charged = atomic_long_read(&b->other);
		long bytes = bc_other_bound(b, sk);
		enum bc_severity severity = BC_HARD;

		*held = 0;
		if (bytes <= charged)
			return true;
		if (bytes <= bc_socket_share(bc, BC_OTHERSOCKBUF, BC_NUMOTHERSOCK))
			severity = BC_SOFT;
		if (finally ? !bc_charge_finally(bc, BC_OTHERSOCKBUF, bytes - charged, severity,
						 held) :
			      !bc_charge_quietly(bc, BC_OTHERSOCKBUF, bytes - charged, severity,
						 held))
			return false;
		if (atomic_long_cmpxchg(&b->other, charged, bytes) == charged)
			return true;
		bc_uncharge(bc, BC_OTHERSOCKBUF, bytes - charged);
	}
}

static bool bc_other_grow(struct bc_sockbuf *b, const struct sock *sk, unsigned long *held)
{
	struct bc *bc = b->record.bc;

	if (!bc_other_charge(b, sk, false, held)) {
		bc_other_settle_all(bc);
		if (!bc_other_charge(b, sk, true, held))
			return false;
	}
	bc_other_note_max(bc, *held);
	return true;
}

/* What the kernel does when a socket has no room of its own. */
static void bc_note_no_space(struct sock *sk)
{
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	if (sk->sk_socket)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
}

/* 0: there is room, or the original is going to find what is wrong. */
static int bc_other_wait(struct bc_sockbuf *b, struct sock *sk, long bytes, long timeout)
{
	unsigned long held;
	DEFINE_WAIT(wait);
	int ret = 0;

	for (;;) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(sk->sk_err) || (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN) ||
		    bc_other_grow(b, sk, &held))
			break;
		ret = -EAGAIN;
		if (!timeout)
			break;
		ret = sock_intr_errno(timeout);
		if (signal_pending(current))
			break;
		ret = 0;
		/* who waits is in nobody's way */
		atomic_long_sub(bytes, &b->flying);
		schedule_timeout(min_t(long, timeout, BC_LOOK));
		atomic_long_add(bytes, &b->flying);
		smp_mb__after_atomic(); /* as in the wrapper */
		if (timeout != MAX_SCHEDULE_TIMEOUT)
			timeout -= min_t(long, timeout, BC_LOOK);
	}
	finish_wait(sk_sleep(sk), &wait);
	return ret;
}

/* No room: 0 when there is after all, else what the caller sees. */
static noinline int bc_other_refuse(struct bc_sockbuf *b, struct sock *sk, long bytes, int noblock)
{
	struct bc *bc = b->record.bc;
	unsigned long held;

	if (bc_other_grow(b, sk, &held))
		return 0;
	if (READ_ONCE(sk->sk_err) || (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
		return 0;
	bc_refuse(bc, BC_OTHERSOCKBUF, bytes, held, -EAGAIN);
	bc_note_no_space(sk);
	if (sock_sndtimeo(sk, noblock))
		return bc_other_wait(b, sk, bytes, sock_sndtimeo(sk, noblock));
	WRITE_ONCE(b->wants_room, true);
	schedule_delayed_work(&bc_sockbufs_of(bc)->wake, BC_LOOK);
	return -EAGAIN;
}

static struct sk_buff *notrace bc_wrap_sock_alloc_send_pskb(struct sock *sk,
							    unsigned long header_len,
							    unsigned long data_len, int noblock,
							    int *errcode, int max_page_order)
{
	long bytes = bc_message_bound(header_len, data_len);
	struct sk_buff *skb = NULL;
	struct bc_sockbuf *b;
	int err = -ENOBUFS;

	bc_hook_enter();
	b = bc_sockbuf_get(sk);
	if (b) {
		atomic_long_add(bytes, &b->flying);
		smp_mb__after_atomic(); /* pairs with the recount's second look */
		err = likely(bc_other_bound(b, sk) <= atomic_long_read(&b->other)) ?
			      0 :
			      bc_other_refuse(b, sk, bytes, noblock);
		if (!err)
			skb = bc_orig_sock_alloc_send_pskb(sk, header_len, data_len, noblock,
							   errcode, max_page_order);
		smp_mb__before_atomic(); /* pairs with bc_other_bound() */
		atomic_long_sub(bytes, &b->flying);
	}
	if (err)
		*errcode = err;
	bc_hook_leave();
	return skb;
}

BC_CALLBACK(bc_on_sock_alloc_send_pskb)
{
	const struct sock *sk = BC_ARG0(const struct sock *);

	if (bc_sock_is_counted(sk) && !bc_sock_is_tcp(sk))
		BC_REDIRECT(bc_wrap_sock_alloc_send_pskb);
}

/* ---- who did not wait is told ---- */

static void bc_other_tell(struct bc_record *record, void *unused)
{
	struct bc_sockbuf *b = container_of(record, struct bc_sockbuf, record);
	struct sock *sk = (struct sock *)record->object;

	if (!READ_ONCE(b->wants_room))
		return;
	WRITE_ONCE(b->wants_room, false);
	READ_ONCE(sk->sk_write_space)(sk);
}

static void bc_other_see_want(struct bc_record *record, void *wanted)
{
	if (READ_ONCE(container_of(record, struct bc_sockbuf, record)->wants_room))
		*(bool *)wanted = true;
}

/**
 * bc_othersockbuf_wake() - tell sockets when there is room
 * @work: of a beancounter; comes again until there is, or nobody wants it
 */
void bc_othersockbuf_wake(struct work_struct *work)
{
	struct bc_sockbufs *sockbufs =
		container_of(to_delayed_work(work), struct bc_sockbufs, wake);
	struct bc_counter *c = &sockbufs->bc->row[BC_OTHERSOCKBUF];
	bool wanted = false;

	bc_other_settle_all(sockbufs->bc);
	if (atomic_long_read(&c->held) < (long)READ_ONCE(c->barrier)) {
		bc_record_walk(sockbufs->list, bc_other_tell, NULL);
		return;
	}
	bc_record_walk(sockbufs->list, bc_other_see_want, &wanted);
	if (wanted)
		schedule_delayed_work(&sockbufs->wake, BC_LOOK);
}

static struct bc_hook bc_hooks[] = {
	{
		.symbols = { "sock_alloc_send_pskb" },
		.callback = bc_on_sock_alloc_send_pskb,
		.original = &bc_addr_sock_alloc_send_pskb,
		.rows = BIT(BC_OTHERSOCKBUF),
		.missing = "othersockbuf is not enforced",
	},
};

const struct bc_hook_group bc_othersockbuf_hooks = { bc_hooks, ARRAY_SIZE(bc_hooks), NULL };
