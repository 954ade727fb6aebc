// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <bc_resources.h>
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"
#include "fd.h"

struct dump {
	void (*f)(const struct vz_nl_bc *bc, void *arg);
	void *arg;
	bool bad;		/* a message was not understood */
	struct vz_nl_bc bc;
};

static struct nla_policy policy[BC_A_MAX + 1] = {
	[BC_A_ID] = { .type = NLA_U32 },
	[BC_A_LIFE] = { .type = NLA_U32 },
	[BC_A_BEANCOUNTER] = { .type = NLA_NESTED },
	[BC_A_ROW] = { .type = NLA_NESTED },
	[BC_A_RESOURCE] = { .type = NLA_U32 },
	[BC_A_NAME] = { .type = NLA_STRING, .maxlen = 64 },
	[BC_A_STATE] = { .type = NLA_U32 },
	[BC_A_UNIT] = { .type = NLA_U32 },
	[BC_A_HELD] = { .type = NLA_U64 },
	[BC_A_MAXHELD] = { .type = NLA_U64 },
	[BC_A_BARRIER] = { .type = NLA_U64 },
	[BC_A_LIMIT] = { .type = NLA_U64 },
	[BC_A_FAILCNT] = { .type = NLA_U64 },
	[BC_A_REFUSAL] = { .type = NLA_NESTED },
	[BC_A_ASKED] = { .type = NLA_U64 },
	[BC_A_TIME] = { .type = NLA_U64 },
	[BC_A_ERRNO] = { .type = NLA_U32 },
	[BC_A_PID] = { .type = NLA_U32 },
	[BC_A_COMM] = { .type = NLA_STRING, .maxlen = 64 },
};

static int parse_row(struct nlattr *nest, struct bc_row *row)
{
	struct nlattr *a[BC_A_MAX + 1];

	if (nla_parse_nested(a, BC_A_MAX, nest, policy) < 0 || !a[BC_A_RESOURCE] || !a[BC_A_HELD] ||
	    !a[BC_A_MAXHELD] || !a[BC_A_BARRIER] || !a[BC_A_LIMIT] || !a[BC_A_FAILCNT])
		return -1;
	*row = (struct bc_row){
		.resource = nla_get_u32(a[BC_A_RESOURCE]),
		.state = a[BC_A_STATE] ? nla_get_u32(a[BC_A_STATE]) : 0,
		.unit = a[BC_A_UNIT] ? nla_get_u32(a[BC_A_UNIT]) : 0,
		.held = nla_get_u64(a[BC_A_HELD]),
		.maxheld = nla_get_u64(a[BC_A_MAXHELD]),
		.barrier = nla_get_u64(a[BC_A_BARRIER]),
		.limit = nla_get_u64(a[BC_A_LIMIT]),
		.failcnt = nla_get_u64(a[BC_A_FAILCNT]),
	};
	if (a[BC_A_NAME])
		nla_strlcpy(row->name, a[BC_A_NAME], sizeof(row->name));
	return 0;
}

static int parse_beancounter(struct nlattr *nest, struct vz_nl_bc *bc)
{
	bool has_id = false;
	struct nlattr *a;
	int rest;

	memset(bc, 0, sizeof(*bc));
	nla_for_each_nested(a, nest, rest) {
		switch (nla_type(a)) {
		case BC_A_ID:
			if (nla_len(a) != sizeof(uint32_t))
				return -1;
			bc->id = nla_get_u32(a);
			has_id = true;
			break;
		case BC_A_LIFE:
			if (nla_len(a) != sizeof(uint32_t))
				return -1;
			bc->life = nla_get_u32(a);
			break;
		case BC_A_ROW:
			if (bc->count == VZ_NL_ROWS)
				break;
			if (parse_row(a, &bc->row[bc->count]) < 0)
				return -1;
			bc->count++;
			break;
		}
	}
	return has_id ? 0 : -1;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct dump *d = arg;
	struct nlattr *a[BC_A_MAX + 1];

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, BC_A_MAX, policy) < 0 || !a[BC_A_BEANCOUNTER] ||
	    parse_beancounter(a[BC_A_BEANCOUNTER], &d->bc) < 0) {
		d->bad = true;
		return NL_SKIP;
	}
	d->f(&d->bc, d->arg);
	return NL_OK;
}

/* Return: number of the family; -1 with @e set. */
static int connect_family(struct nl_sock *sk, struct vz_err *e)
{
	int family, rc = genl_connect(sk);

	if (rc < 0)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "generic netlink: %s", nl_geterror(rc));
	family = genl_ctrl_resolve(sk, BC_GENL_NAME);
	if (family < 0)
		return vz_err_set(e, VZ_EXIT_NO_MODULE,
				  "netlink family \"%s\" is not there: modprobe beancounter",
				  BC_GENL_NAME);
	return family;
}

static int request(struct nl_sock *sk, struct dump *d, struct vz_err *e)
{
	int family = connect_family(sk, e), rc;

	if (family < 0)
		return -1;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, d);
	rc = genl_send_simple(sk, family, BC_CMD_GET, BC_GENL_VERSION, NLM_F_DUMP);
	if (rc >= 0)
		rc = nl_recvmsgs_default(sk);
	if (rc < 0)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "beancounter dump: %s", nl_geterror(rc));
	if (d->bad)
		return vz_err_set(
			e, VZ_EXIT_SYSTEM,
			"beancounter dump: a message of another form: module and tools differ in version");
	return 0;
}

int vz_nl_dump(void (*f)(const struct vz_nl_bc *bc, void *arg), void *arg, struct vz_err *e)
{
	struct dump d = { .f = f, .arg = arg };
	struct nl_sock *sk = nl_socket_alloc();
	int rc;

	if (!sk)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "netlink: no memory");
	rc = request(sk, &d, e);
	nl_socket_free(sk);
	return rc;
}

/* ---- events ------------------------------------------------------------------ */

#define EVENT_BUFFER	(1 << 20)	/* bytes that wait while a reader is slow */
#define LOOK_MS		2000		/* how often to see whether the module is still there */

struct follower {
	bool (*f)(const struct vz_nl_event *event, void *arg);
	void *arg;
	bool done;
};

static int unit_of(uint32_t resource)
{
	switch (resource) {
#define ROW(id, NAME, name, unit, kind, meaning)	\
	case id:					\
		return BC_UNIT_##unit;
		BC_RESOURCES(ROW)
#undef ROW
	}
	return BC_UNIT_ITEMS;
}

static int parse_refusal(struct nlattr *nest, struct vz_nl_event *event)
{
	struct vz_refusal *r = &event->refusal;
	struct nlattr *a[BC_A_MAX + 1];

	if (nla_parse_nested(a, BC_A_MAX, nest, policy) < 0 || !a[BC_A_ID] || !a[BC_A_RESOURCE] ||
	    !a[BC_A_NAME] || !a[BC_A_ASKED] || !a[BC_A_HELD] || !a[BC_A_BARRIER] ||
	    !a[BC_A_LIMIT] || !a[BC_A_TIME] || !a[BC_A_ERRNO] || !a[BC_A_PID])
		return -1;
	r->ctid = nla_get_u32(a[BC_A_ID]);
	r->asked = nla_get_u64(a[BC_A_ASKED]);
	r->held = nla_get_u64(a[BC_A_HELD]);
	r->barrier = nla_get_u64(a[BC_A_BARRIER]);
	r->limit = nla_get_u64(a[BC_A_LIMIT]);
	r->time_ns = nla_get_u64(a[BC_A_TIME]);
	r->error = nla_get_u32(a[BC_A_ERRNO]);
	r->pid = nla_get_u32(a[BC_A_PID]);
	nla_strlcpy(r->name, a[BC_A_NAME], sizeof(r->name));
	if (a[BC_A_COMM])
		nla_strlcpy(r->comm, a[BC_A_COMM], sizeof(r->comm));
	event->unit = unit_of(nla_get_u32(a[BC_A_RESOURCE]));
	return 0;
}

static int on_refusal(struct nl_msg *msg, void *arg)
{
	struct vz_nl_event event = { .kind = VZ_NL_REFUSAL };
	struct follower *fl = arg;
	struct nlattr *a[BC_A_MAX + 1];

	if (fl->done)
		return NL_STOP;
	/* Events of a kind that these tools do not know are not for them. */
	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, BC_A_MAX, policy) < 0 || !a[BC_A_REFUSAL] ||
	    parse_refusal(a[BC_A_REFUSAL], &event) < 0)
		return NL_SKIP;
	fl->done = !fl->f(&event, fl->arg);
	return fl->done ? NL_STOP : NL_OK;
}

static int tell(struct follower *fl, int kind)
{
	struct vz_nl_event event = { .kind = kind };

	fl->done = !fl->f(&event, fl->arg);
	return 0;
}

static int join(struct nl_sock *sk, struct nl_sock *ctrl, struct follower *fl, struct vz_err *e)
{
	int group = genl_ctrl_resolve_grp(ctrl, BC_GENL_NAME, BC_GENL_GROUP);
	int rc = group < 0 ? group : genl_connect(sk);

	if (rc >= 0)
		rc = nl_socket_set_buffer_size(sk, EVENT_BUFFER, 0);
	if (rc >= 0)
		rc = nl_socket_add_membership(sk, group);
	if (rc < 0)
		return vz_err_set(e, rc == -NLE_PERM ? VZ_EXIT_PERMISSION : VZ_EXIT_SYSTEM,
				  "netlink group \"%s\": %s", BC_GENL_GROUP, nl_geterror(rc));
	nl_socket_disable_seq_check(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_refusal, fl);
	return tell(fl, VZ_NL_JOINED);
}

static int follow(struct nl_sock *sk, struct nl_sock *ctrl, struct follower *fl, struct vz_err *e)
{
	int family = connect_family(ctrl, e);

	if (family < 0 || join(sk, ctrl, fl, e) < 0)
		return -1;
	while (!fl->done) {
		int rc = vz_wait_input(nl_socket_get_fd(sk), LOOK_MS);

		if (rc < 0)
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "netlink");
		/* The socket of a family that is gone is silent for ever. */
		if (rc == 0 && genl_ctrl_resolve(ctrl, BC_GENL_NAME) != family)
			return vz_err_set(e, VZ_EXIT_NO_MODULE, "the module was unloaded");
		rc = rc ? nl_recvmsgs_default(sk) : 0;
		if (rc == -NLE_NOMEM)
			tell(fl, VZ_NL_LOST);
		else if (rc < 0 && rc != -NLE_INTR && rc != -NLE_AGAIN)
			return vz_err_set(e, VZ_EXIT_SYSTEM, "netlink: %s", nl_geterror(rc));
	}
	return 0;
}

int vz_nl_follow(bool (*f)(const struct vz_nl_event *event, void *arg), void *arg, struct vz_err *e)
{
	struct follower fl = { .f = f, .arg = arg };
	struct nl_sock *sk = nl_socket_alloc(), *ctrl = nl_socket_alloc();
	int rc = sk && ctrl ? follow(sk, ctrl, &fl, e) :
			      vz_err_set(e, VZ_EXIT_SYSTEM, "netlink: no memory");

	nl_socket_free(ctrl);
	nl_socket_free(sk);
	return rc;
}
