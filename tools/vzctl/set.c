// SPDX-License-Identifier: GPL-2.0
/* vzctl set */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "lib/bc.h"
#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/join.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/name.h"
#include "lib/param.h"
#include "lib/rootfs.h"

static int save, reset_ub;

static const struct poptOption options[] = {
	{ "save", 0, POPT_ARG_NONE, &save, 0, "keep the settings in CTID.conf", NULL },
	{ "reset_ub", 0, POPT_ARG_NONE, &reset_ub, 0,
	  "apply the limits of CTID.conf again, and no other setting", NULL },
	POPT_TABLEEND
};

struct tally {
	int settings, ubc, needsave;
	const char *first_needsave;
};

static int count(const char *key, const char *value, void *arg)
{
	const struct vz_param *p = vz_param_by_key(key);
	struct tally *t = arg;

	(void)value;
	t->settings++;
	if (p && p->resource >= 0)
		t->ubc++;
	if (p && p->flags & VZ_PARAM_NEEDSAVE && !t->needsave++)
		t->first_needsave = p->option;
	return 0;
}

static int check(const struct vz_cmd_ctx *ctx, const struct tally *t, bool running,
		 struct vz_err *e)
{
	if (reset_ub && t->settings)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "--reset_ub stands alone");
	if (!reset_ub && !t->settings)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "nothing to set. See vzctl set --help");
	if (t->needsave && !save)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "--%s acts through CTID.conf: add --save",
				  t->first_needsave);
	if (!running && !save)
		return vz_err_set(e, VZ_EXIT_NOT_RUNNING,
				  "Container %u is not running: nothing "
				  "can be changed now. Use --save",
				  ctx->ct.id);
	return 0;
}

static int apply_limits(const struct vz_ct *ct, const struct vz_conf *from, struct vz_err *e)
{
	_cleanup_close_ int bc = -1;
	char skipped[512];

	if (vz_memory_apply(ct->id, from, e))
		return -1;
	if (!vz_ct_yes(ct, "BEANCOUNTERS", true)) {
		vz_log(VZ_LOG_WARN, "BEANCOUNTERS=no: limits are not enforced");
		return 0;
	}
	bc = vz_bc_open(e);
	if (bc < 0 || vz_bc_apply(bc, ct->id, from, skipped, sizeof(skipped), e))
		return -1;
	if (*skipped)
		vz_log(VZ_LOG_WARN, "not enforced by the loaded module: %s", skipped);
	return 0;
}

static int apply_policies(const struct vz_ct *ct, const struct vz_conf *from, struct vz_err *e)
{
	_cleanup_close_ int bc = -1;
	char skipped[512];

	if (!vz_ct_yes(ct, "BEANCOUNTERS", true))
		return 0;
	bc = vz_bc_open(e);
	if (bc < 0 || vz_bc_choose(bc, ct->id, from, NULL, skipped, sizeof(skipped), e))
		return -1;
	if (*skipped)
		vz_log(VZ_LOG_WARN, "not enforced by the loaded module: %s", skipped);
	return 0;
}

static int apply(struct vz_cmd_ctx *ctx, const struct tally *t, bool running, struct vz_err *e)
{
	const struct vz_conf *o = ctx->overlay;
	const char *hostname = vz_conf_get(o, "HOSTNAME");
	struct vz_ct *ct = &ctx->ct;

	if (running && t->ubc && apply_limits(ct, o, e))
		return -1;
	if (running && reset_ub && apply_limits(ct, ct->merged, e))
		return -1;
	if (running && vz_conf_get(o, "POLICY") && apply_policies(ct, o, e))
		return -1;
	/* Disk limits live in the file system, whether the container runs or not. */
	if ((vz_conf_get(o, "DISKSPACE") || vz_conf_get(o, "DISKINODES")) && vz_rootfs_quota(ct, e))
		return -1;
	if (running && hostname && *hostname && vz_join_hostname(ct, hostname, e))
		return -1;
	return 0;
}

static int save_conf(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;
	const char *name = vz_conf_get(ctx->overlay, "NAME");

	if (name && vz_name_set(ct->id, vz_conf_get(ct->conf, "NAME"), name, e))
		return -1;
	if (vz_param_add_up(ctx->overlay, ct->conf, e))
		return -1;
	if (vz_conf_merge(ct->conf, ctx->overlay))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (vz_conf_save(ct->conf, vz_ct_conf_path(ct), e))
		return -1;
	vz_log(VZ_LOG_INFO, "CT configuration saved to %s", vz_ct_conf_path(ct));
	return 0;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct tally t = { 0 };
	struct vz_run state;

	vz_conf_each(ctx->overlay, count, &t);
	if (vz_cmd_lock(ctx, "changing", e))
		return -1;
	vz_run_get(ctx->ct.id, &state);
	vz_run_put(&state);
	if (check(ctx, &t, state.running, e) || apply(ctx, &t, state.running, e))
		return -1;
	if (save)
		return t.settings ? save_conf(ctx, e) : 0;
	if (t.settings)
		vz_log(VZ_LOG_WARN, "Settings were not saved and will be reset to original values "
				    "on next start (use --save flag)");
	return 0;
}

const struct vz_cmd vz_cmd_set = {
	.name = "set",
	.args = "SETTINGS [--save]",
	.help = "change settings, live and in the configuration",
	.options = options,
	.params = VZ_PARAM_SET,
	.run = run,
};
