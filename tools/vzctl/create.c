// SPDX-License-Identifier: GPL-2.0
/* vzctl create */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/cpuset.h"
#include "lib/fd.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/name.h"
#include "lib/num.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/rootfs.h"
#include "lib/tree.h"
#include "lib/uid.h"

static char *local_uid;

static const struct poptOption options[] = {
	{ "local_uid", 0, POPT_ARG_STRING, &local_uid, 0,
	  "first uid of the range, a multiple of 65536; else a free one is taken", "UID" },
	{ "local_gid", 0, POPT_ARG_STRING | POPT_ARGFLAG_DOC_HIDDEN, &local_uid, 0, NULL, NULL },
	POPT_TABLEEND
};

/* CTID.conf as it will be: the sample, what is there already, the command line. */
static struct vz_conf *make_conf(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	const char *sample = vz_ct_get(&ctx->ct, "ORIGIN_SAMPLE", NULL);
	_cleanup_(vz_conf_freep) struct vz_conf *c = NULL;

	if (!sample)
		sample = vz_ct_get(&ctx->ct, "CONFIGFILE", NULL);
	if (ctx->ct.conf) {
		c = vz_conf_load(vz_ct_conf_path(&ctx->ct), e);
	} else if (sample) {
		c = vz_ct_sample(sample, VZ_EXIT_COPY_CONFIG, e);
		if (c && vz_conf_set(c, "ORIGIN_SAMPLE", sample))
			return NULL;
	} else {
		c = vz_conf_new();
	}
	if (!c || vz_param_add_up(ctx->overlay, c, e) || vz_conf_merge(c, ctx->overlay))
		return NULL;
	return vz_steal_ptr(&c);
}

static int set_layout(struct vz_cmd_ctx *ctx, struct vz_conf *c, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;
	const char *tmpl = vz_conf_get(c, "OSTEMPLATE");

	if (!tmpl)
		tmpl = vz_ct_get(ct, "OSTEMPLATE", vz_ct_get(ct, "DEF_OSTEMPLATE", NULL));
	if (!tmpl)
		return vz_err_set(e, VZ_EXIT_NO_OSTEMPLATE,
				  "--ostemplate NAME is needed; vztmpl list shows the templates");
	if (vz_conf_set(c, "OSTEMPLATE", tmpl) ||
	    vz_conf_set(c, "VE_ROOT",
			vz_conf_get(c, "VE_ROOT") ?: vz_ct_get(ct, "VE_ROOT", VZ_DEFAULT_ROOT)) ||
	    vz_conf_set(c, "VE_PRIVATE",
			vz_conf_get(c, "VE_PRIVATE") ?:
				vz_ct_get(ct, "VE_PRIVATE", VZ_DEFAULT_PRIVATE)) ||
	    vz_conf_set(c, "VE_LAYOUT",
			vz_conf_get(c, "VE_LAYOUT") ?: vz_ct_get(ct, "VE_LAYOUT", "overlay")))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	return 0;
}

/* Under the host lock, until the configuration is saved. */
static int set_uids(struct vz_ct *ct, struct vz_conf *c, struct vz_err *e)
{
	struct vz_err ignored = {};
	char text[16];
	uint64_t n;
	uid_t base;

	if (local_uid) {
		if (vz_num_u64(local_uid, VZ_UID_RANGE, INT32_MAX - VZ_UID_RANGE + 1, &n) ||
		    n % VZ_UID_RANGE)
			return vz_err_set(e, VZ_EXIT_BAD_VALUE,
					  "--local_uid %s: a multiple of %u "
					  "up to %u is needed",
					  local_uid, VZ_UID_RANGE, INT32_MAX - VZ_UID_RANGE + 1);
		base = n;
		if (vz_uid_check(ct->id, base, e))
			return -1;
	} else if (vz_conf_get(ct->conf, "LOCAL_UID") &&
		   !vz_num_u64(vz_conf_get(ct->conf, "LOCAL_UID"), VZ_UID_RANGE, INT32_MAX, &n) &&
		   !vz_uid_check(ct->id, n, &ignored)) {
		return 0; /* not that of another container whose configuration was copied */
	} else if (vz_uid_allocate(ct->id, &base, e)) {
		return -1;
	}
	snprintf(text, sizeof(text), "%u", base);
	return vz_conf_set(c, "LOCAL_UID", text) || vz_conf_set(c, "LOCAL_GID", text) ?
		       vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory") :
		       0;
}

/*
 * The configuration before the area has its name: whenever this is interrupted, another
 * create finishes it and destroy removes it.
 */
static int finish(struct vz_cmd_ctx *ctx, struct vz_conf *c, struct vz_err *e)
{
	_cleanup_close_ int lock = vz_lock_host(ctx->ct.lockdir, "uid.lck", e);
	const char *name = vz_conf_get(c, "NAME");

	if (lock < 0 || set_uids(&ctx->ct, c, e) ||
	    (name && vz_name_set(ctx->ct.id, NULL, name, e)))
		return -1;
	if (!vz_conf_save(c, vz_ct_conf_path(&ctx->ct), e)) {
		if (!vz_rootfs_commit(&ctx->ct, e))
			return 0;
		if (!ctx->ct.conf)
			unlink(vz_ct_conf_path(&ctx->ct));
	}
	if (name)
		vz_name_set(ctx->ct.id, name, NULL, NULL);
	return -1;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *c = NULL;
	struct vz_ct *ct = &ctx->ct;

	if (vz_ct_lock(ct, "creating", e) || vz_ct_reload(ct, ctx->overlay, e))
		return -1;
	c = make_conf(ctx, e);
	if (!c)
		return e->code ? -1 : vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (vz_cpuset_check(c, ctx->overlay, e))
		return -1;
	/* Seen from here on as it will be: paths, template, quota. */
	if (set_layout(ctx, c, e) || vz_ct_reload(ct, c, e))
		return -1;
	if (!access(ct->private, F_OK))
		return vz_err_set(e, VZ_EXIT_PRIVATE_EXISTS,
				  "Container %u: private area %s "
				  "already exists",
				  ct->id, ct->private);
	vz_log(VZ_LOG_INFO, "Creating container private area (%s)",
	       vz_ct_get(ct, "OSTEMPLATE", "?"));
	if (vz_rootfs_create(ct, ct->id, e))
		return -1;
	if (vz_rootfs_mount_point(ct)) {
		vz_err_errno(e, VZ_EXIT_MKDIR, "make %s (VE_ROOT)", ct->root);
		vz_rootfs_abandon(ct);
		return -1;
	}
	if (finish(ctx, c, e)) {
		vz_rootfs_abandon(ct);
		return -1;
	}
	vz_log(VZ_LOG_INFO, "Container private area was created");
	return 0;
}

const struct vz_cmd vz_cmd_create = {
	.name = "create",
	.args = "[SETTINGS]",
	.help = "make a container from a template",
	.options = options,
	.params = VZ_PARAM_CREATE,
	.run = run,
};
