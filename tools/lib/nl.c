// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"

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

static int request(struct nl_sock *sk, struct dump *d, struct vz_err *e)
{
	int family, rc;

	rc = genl_connect(sk);
	if (rc < 0)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "generic netlink: %s", nl_geterror(rc));
	family = genl_ctrl_resolve(sk, BC_GENL_NAME);
	if (family < 0)
		return vz_err_set(e, VZ_EXIT_NO_MODULE,
				  "netlink family \"%s\" is not there: modprobe beancounter",
				  BC_GENL_NAME);
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
