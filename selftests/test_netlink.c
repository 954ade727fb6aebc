// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family "beancounter": one beancounter, all of them, refusals
 * as they happen, and who may ask.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

FIXTURE(netlink)
{
	struct bc_box box;
	struct nl_sock *sk;
	int family;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_EQ(0, bc_box_make(&self->box));
	self->sk = nl_socket_alloc();
	ASSERT_NE(NULL, self->sk);
	ASSERT_EQ(0, genl_connect(self->sk));
	self->family = genl_ctrl_resolve(self->sk, BC_GENL_NAME);
	ASSERT_LT(0, self->family);
}

FIXTURE_TEARDOWN(netlink)
{
	nl_socket_free(self->sk);
	EXPECT_EQ(0, bc_box_end(&self->box));
}

/* What was received: the beancounters in order, the rows of one of them. */
struct answer {
	unsigned int want;	/* whose rows to keep */
	unsigned int nr;
	unsigned int ids[8192];
	unsigned int life;
	unsigned int nr_rows;
	struct bc_row rows[BC_ROWS];
	int error;
	int done;
};

static uint64_t u64_of(struct nlattr *const *tb, int attr)
{
	return tb[attr] ? nla_get_u64(tb[attr]) : UINT64_MAX - 1;
}

static void take_row(struct answer *a, struct nlattr *nest)
{
	struct nlattr *tb[BC_A_MAX + 1];
	struct bc_row *row = &a->rows[a->nr_rows];

	if (a->nr_rows == BC_ROWS || nla_parse_nested(tb, BC_A_MAX, nest, NULL) ||
	    !tb[BC_A_RESOURCE] || !tb[BC_A_NAME] || !tb[BC_A_STATE] || !tb[BC_A_UNIT] ||
	    !tb[BC_A_POLICY])
		return;
	a->nr_rows++;
	memset(row, 0, sizeof(*row));
	row->resource = nla_get_u32(tb[BC_A_RESOURCE]);
	row->state = (uint16_t)nla_get_u32(tb[BC_A_STATE]);
	row->unit = (uint16_t)nla_get_u32(tb[BC_A_UNIT]);
	nla_strlcpy(row->name, tb[BC_A_NAME], sizeof(row->name));
	row->held = u64_of(tb, BC_A_HELD);
	row->maxheld = u64_of(tb, BC_A_MAXHELD);
	row->barrier = u64_of(tb, BC_A_BARRIER);
	row->limit = u64_of(tb, BC_A_LIMIT);
	row->failcnt = u64_of(tb, BC_A_FAILCNT);
}

static int on_beancounter(struct nl_msg *msg, void *arg)
{
	struct nlattr *top[BC_A_MAX + 1], *tb[BC_A_MAX + 1], *nest;
	struct answer *a = arg;
	unsigned int id;
	int rem;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, top, BC_A_MAX, NULL) || !top[BC_A_BEANCOUNTER] ||
	    nla_parse_nested(tb, BC_A_MAX, top[BC_A_BEANCOUNTER], NULL) || !tb[BC_A_ID] ||
	    !tb[BC_A_LIFE] || a->nr == 8192)
		return NL_STOP;
	id = nla_get_u32(tb[BC_A_ID]);
	a->ids[a->nr++] = id;
	if (id != a->want)
		return NL_OK;
	a->life = nla_get_u32(tb[BC_A_LIFE]);
	nla_for_each_nested(nest, top[BC_A_BEANCOUNTER], rem) {
		if (nla_type(nest) == BC_A_ROW)
			take_row(a, nest);
	}
	return NL_OK;
}

static int on_error(struct sockaddr_nl *nla, struct nlmsgerr *err, void *arg)
{
	struct answer *a = arg;

	(void)nla;
	a->error = err->error;
	a->done = 1;
	return NL_STOP;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	(void)msg;
	a->done = 1;
	return NL_STOP;
}

/* Ask for @id, or for all when it is 0. Returns 0 or the kernel's negative errno. */
static int ask(struct nl_sock *sk, int family, unsigned int id, int with_id, int flags,
	       struct answer *a)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	struct nl_msg *msg = nlmsg_alloc();
	int err = -ENOMEM;

	a->nr = a->nr_rows = 0;
	a->error = a->done = 0;
	if (!cb || !msg)
		goto out;
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, BC_CMD_GET, BC_GENL_VERSION);
	if (with_id)
		nla_put_u32(msg, BC_A_ID, id);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_beancounter, a);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, a);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, a);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, a);
	err = nl_send_auto(sk, msg);
	while (err >= 0 && !a->done)
		err = nl_recvmsgs(sk, cb);
	err = a->error;
out:
	nlmsg_free(msg);
	nl_cb_put(cb);
	return err;
}

static int stay(struct bc_box *box)
{
	int i;

	for (i = 0; i < 5; i++)
		open("/dev/null", O_RDONLY);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static void same_rows(struct __test_metadata *_metadata, const struct answer *a, unsigned int id)
{
	struct bc_row rows[BC_ROWS];
	int i, n = bc_query(id, rows);

	ASSERT_EQ(BC_NR_RESOURCES, n);
	ASSERT_EQ(BC_NR_RESOURCES, (int)a->nr_rows);
	for (i = 0; i < n; i++) {
		EXPECT_EQ(rows[i].resource, a->rows[i].resource);
		EXPECT_EQ(rows[i].state, a->rows[i].state);
		EXPECT_EQ(rows[i].unit, a->rows[i].unit);
		EXPECT_STREQ(rows[i].name, a->rows[i].name);
		EXPECT_EQ(rows[i].held, a->rows[i].held)
		TH_LOG("%s", rows[i].name);
		EXPECT_EQ(rows[i].maxheld, a->rows[i].maxheld);
		EXPECT_EQ(rows[i].barrier, a->rows[i].barrier);
		EXPECT_EQ(rows[i].limit, a->rows[i].limit);
		EXPECT_EQ(rows[i].failcnt, a->rows[i].failcnt);
	}
}

TEST_F(netlink, one)
{
	static struct answer a;
	struct bc_box *box = &self->box;

	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 3, 9));
	ASSERT_EQ(0, bc_box_start(box, stay));
	ASSERT_EQ(0, bc_box_await(box));
	a.want = box->id;
	ASSERT_EQ(0, ask(self->sk, self->family, box->id, 1, NLM_F_ACK, &a));
	ASSERT_EQ(1, (int)a.nr);
	EXPECT_EQ(box->id, a.ids[0]);
	EXPECT_EQ(BC_LIFE_RUNNING, a.life);
	same_rows(_metadata, &a, box->id);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_zero(box->id));
	ASSERT_EQ(0, ask(self->sk, self->family, box->id, 1, NLM_F_ACK, &a));
	EXPECT_EQ(BC_LIFE_STOPPED, a.life);
	same_rows(_metadata, &a, box->id);
}

TEST_F(netlink, errors)
{
	static struct answer a;

	EXPECT_EQ(-ENOENT, ask(self->sk, self->family, BC_ID_MAX, 1, NLM_F_ACK, &a));
	EXPECT_EQ(-EINVAL, ask(self->sk, self->family, 0, 0, NLM_F_ACK, &a));
	EXPECT_GT(0, ask(self->sk, self->family, 0, 1, NLM_F_ACK, &a));
	EXPECT_GT(0, ask(self->sk, self->family, UINT32_MAX, 1, NLM_F_ACK, &a));
	EXPECT_EQ(0, (int)a.nr);
}

static int by_number(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

#define MANY 1000

TEST_F(netlink, all_in_one_walk)
{
	static struct answer a;
	static struct bc_entry entries[8192];
	struct bc_list l = { .size = sizeof(l), .count = 8192, .entries = (uintptr_t)entries };
	unsigned int base = 0x60000000, i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, bc_make_excl(base + i));
	}
	a.want = base + MANY / 2;
	EXPECT_EQ(0, ask(self->sk, self->family, 0, 0, NLM_F_DUMP, &a));
	ASSERT_EQ(0, ioctl(bc_dev(), BC_IOC_LIST, &l));
	EXPECT_EQ(l.count, a.nr);
	qsort(a.ids, a.nr, sizeof(a.ids[0]), by_number);
	for (i = 0; i < l.count && i < a.nr; i++) {
		EXPECT_EQ(entries[i].id, a.ids[i]);
	}
	same_rows(_metadata, &a, a.want);
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(0, bc_destroy(base + i));
	}
}

/* ---- permission ---- */

/* Asks in a child that has given something up. Returns the positive errno. */
static int ask_as(int family, unsigned int id, int uid, int unshare_flags)
{
	static struct answer a;
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct nl_sock *sk = nl_socket_alloc();

		if (uid && (setgid((gid_t)uid) || setuid((uid_t)uid)))
			bc_drop(250);
		if (unshare_flags && unshare(unshare_flags))
			bc_drop(251);
		if (genl_connect(sk))
			bc_drop(252);
		bc_drop(-ask(sk, family, id, 1, NLM_F_ACK, &a));
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

TEST_F(netlink, not_for_users)
{
	EXPECT_EQ(0, ask_as(self->family, self->box.id, 0, 0));
	EXPECT_EQ(EPERM, ask_as(self->family, self->box.id, 65534, 0));
	EXPECT_EQ(EPERM, ask_as(self->family, self->box.id, 65534, CLONE_NEWUSER));
	EXPECT_NE(0, ask_as(self->family, self->box.id, 65534, CLONE_NEWUSER | CLONE_NEWNET));
}

/* ---- events ---- */

struct events {
	unsigned int want, nr, bad;
	int64_t last_time;
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *top[BC_A_MAX + 1], *tb[BC_A_MAX + 1];
	struct events *e = arg;

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd != BC_CMD_EVENT ||
	    genlmsg_parse(nlmsg_hdr(msg), 0, top, BC_A_MAX, NULL))
		return NL_OK;
	if (!top[BC_A_REFUSAL] || nla_parse_nested(tb, BC_A_MAX, top[BC_A_REFUSAL], NULL)) {
		e->bad++;
		return NL_OK;
	}
	if ((tb[BC_A_ID] && nla_get_u32(tb[BC_A_ID]) != e->want) ||
	    (top[BC_A_ID] && nla_get_u32(top[BC_A_ID]) != e->want))
		return NL_OK;
	e->nr++;
	e->bad += !tb[BC_A_RESOURCE] || nla_get_u32(tb[BC_A_RESOURCE]) != BC_NUMFILE;
	e->bad += u64_of(tb, BC_A_HELD) != 2 || u64_of(tb, BC_A_BARRIER) != 2 ||
		  u64_of(tb, BC_A_LIMIT) != 5 || u64_of(tb, BC_A_ASKED) != 1;
	e->bad += !tb[BC_A_ERRNO] || nla_get_u32(tb[BC_A_ERRNO]) != ENFILE;
	e->bad += !tb[BC_A_PID] || !tb[BC_A_COMM] ||
		  strcmp(nla_get_string(tb[BC_A_COMM]), "test_netlink") != 0;
	e->bad += (int64_t)u64_of(tb, BC_A_TIME) < e->last_time;
	e->last_time = (int64_t)u64_of(tb, BC_A_TIME);
	return NL_OK;
}

/* arg refusals */
static int refused(struct bc_box *box)
{
	long n = 0;

	while (n < box->arg)
		n += open("/dev/null", O_RDONLY) < 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static struct nl_sock *listener(int *err)
{
	struct nl_sock *sk = nl_socket_alloc();
	int group;

	*err = genl_connect(sk);
	if (*err)
		return sk;
	group = genl_ctrl_resolve_grp(sk, BC_GENL_NAME, BC_GENL_GROUP);
	*err = group < 0 ? group : nl_socket_add_membership(sk, group);
	nl_socket_disable_seq_check(sk);
	nl_socket_set_nonblocking(sk);
	return sk;
}

static void listen_for(struct nl_sock *sk, struct events *e, unsigned int enough)
{
	uint64_t end = bc_now_ms() + (enough ? BC_WAIT_SECONDS * 1000 : 1500);
	struct pollfd p = { .fd = nl_socket_get_fd(sk), .events = POLLIN };

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, e);
	while (bc_now_ms() < end && (!enough || e->nr < enough)) {
		if (poll(&p, 1, 100) > 0)
			nl_recvmsgs_default(sk);
	}
}

TEST_F(netlink, refusals_are_sent)
{
	struct bc_box *box = &self->box;
	struct events e = { .want = box->id };
	struct nl_sock *sk;
	int err;

	sk = listener(&err);
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 2, 5));
	box->arg = 5;
	ASSERT_EQ(0, bc_box_start(box, refused));
	ASSERT_EQ(0, bc_box_await(box));
	listen_for(sk, &e, 5);
	EXPECT_EQ(5, e.nr);
	EXPECT_EQ(0, e.bad);
	nl_socket_free(sk);
}

/* A tenant that is refused all the time does not flood the listeners. */
TEST_F(netlink, a_flood_is_thinned)
{
	struct bc_box *box = &self->box;
	struct events e = { .want = box->id };
	uint64_t begin = bc_now_ms();
	struct nl_sock *sk;
	int err;

	sk = listener(&err);
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, bc_limit(box->id, BC_NUMFILE, 2, 5));
	box->arg = 2000;
	ASSERT_EQ(0, bc_box_start(box, refused));
	ASSERT_EQ(0, bc_box_await(box));
	listen_for(sk, &e, 0);
	EXPECT_LT(0, e.nr);
	EXPECT_GE((bc_now_ms() - begin) / 1000 * BC_EVENT_BURST + 2 * BC_EVENT_BURST, e.nr);
	EXPECT_EQ(0, e.bad);
	nl_socket_free(sk);
}

TEST_F(netlink, users_may_not_listen)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int err;

		if (setgid(65534) || setuid(65534))
			bc_drop(2);
		listener(&err);
		bc_drop(err ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_HARNESS_MAIN
