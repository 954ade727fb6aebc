// SPDX-License-Identifier: GPL-2.0
/* vzctl set */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "lib/apply.h"
#include "lib/bc.h"
#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/cpuset.h"
#include "lib/implied.h"
#include "lib/join.h"
#include "lib/log.h"
#include "lib/name.h"
#include "lib/param.h"
#include "lib/rootfs.h"

static int save, reset_ub;
static char *applyconfig;

static const struct poptOption options[] = {
	{ "save", 0, POPT_ARG_NONE, &save, 0, "keep the settings in CTID.conf", NULL },
	{ "reset_ub", 0, POPT_ARG_NONE, &reset_ub, 0,
	  "apply the limits of CTID.conf again, and no other setting", NULL },
	{ "applyconfig", 0, POPT_ARG_STRING, &applyconfig, 0,
	  "take over the settings of a sample, /etc/vz/conf/ve-NAME.conf-sample", "NAME" },
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
	if (p && (p->resource >= 0 || p->type == VZ_TYPE_FACTOR))
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
	return vz_cpuset_check(ctx->ct.merged, ctx->overlay, e);
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

static int apply_cpu(const struct vz_ct *ct, const struct vz_conf *from, struct vz_err *e)
{
	_cleanup_close_ int bc = -1;

	if (!vz_ct_yes(ct, "BEANCOUNTERS", true)) {
		vz_log(VZ_LOG_WARN,
		       "BEANCOUNTERS=no: processor time is neither limited nor shared");
		return 0;
	}
	bc = vz_bc_open(e);
	return bc < 0 || vz_bc_cpu(bc, ct->id, from, false, e) ? -1 : 0;
}

/* The limits of the command line, and those that follow from them. */
static int apply_settings(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *c = vz_conf_new();

	if (!c || vz_conf_merge(c, ctx->overlay))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	return vz_implied(c, ctx->ct.merged, e) ? -1 : vz_apply_limits(&ctx->ct, c, e);
}

static int apply_all(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	if (vz_implied(ctx->ct.merged, ctx->ct.merged, e))
		return -1;
	return vz_apply_limits(&ctx->ct, ctx->ct.merged, e);
}

static bool sets_cpu(const struct vz_conf *o)
{
	return vz_conf_get(o, "CPULIMIT") || vz_conf_get(o, "CPUUNITS") || vz_conf_get(o, "CPUS") ||
	       vz_conf_get(o, "CPUCLASS");
}

static int apply(struct vz_cmd_ctx *ctx, const struct tally *t, bool running, struct vz_err *e)
{
	const struct vz_conf *o = ctx->overlay;
	const char *hostname = vz_conf_get(o, "HOSTNAME");
	struct vz_ct *ct = &ctx->ct;

	if (running && t->ubc && apply_settings(ctx, e))
		return -1;
	if (running && reset_ub && apply_all(ctx, e))
		return -1;
	if (running && vz_conf_get(o, "POLICY") && apply_policies(ct, o, e))
		return -1;
	if (running && sets_cpu(o) && apply_cpu(ct, o, e))
		return -1;
	if (running && vz_cpuset_apply(ct->id, ct->merged, o, e))
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

/* What says which container it is, and where it lies, is no matter of a sample. */
static bool from_sample(const char *key)
{
	static const char *const own[] = { "HOSTNAME",	 "NAME",    "DESCRIPTION",
					   "OSTEMPLATE", "VE_ROOT", "VE_PRIVATE" };
	const struct vz_param *p = vz_param_by_key(key);

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!strcmp(own[i], key))
			return false;
	return p && p->flags & VZ_PARAM_SET && (save || !(p->flags & VZ_PARAM_NEEDSAVE));
}

struct taking {
	struct vz_conf *to;
	struct vz_err *e;
};

static int take_one(const char *key, const char *value, void *arg)
{
	struct taking *t = arg;
	_cleanup_free_ char *text = NULL;

	if (!from_sample(key) || vz_conf_get(t->to, key))
		return 0;
	text = vz_param_canon(vz_param_by_key(key), value, t->e);
	if (!text)
		return -1;
	return vz_conf_set(t->to, key, text) ? vz_err_errno(t->e, VZ_EXIT_SYSTEM, "%s", key) : 0;
}

/* As if the sample's settings stood on the command line, before what does stand there. */
static int take_sample(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *c =
		vz_ct_sample(applyconfig, VZ_EXIT_APPLYCONFIG, e);
	struct taking t = { .to = ctx->overlay, .e = e };

	if (!c)
		return -1;
	if (vz_conf_each(c, take_one, &t))
		return vz_err_wrap(e, "sample %s", applyconfig);
	if (save && vz_conf_set(ctx->overlay, "ORIGIN_SAMPLE", applyconfig))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "ORIGIN_SAMPLE");
	return vz_ct_reload(&ctx->ct, ctx->overlay, e);
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct tally t = { 0 };
	struct vz_run state;

	if (applyconfig && take_sample(ctx, e))
		return -1;
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
