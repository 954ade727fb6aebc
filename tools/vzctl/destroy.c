// SPDX-License-Identifier: GPL-2.0
/* vzctl destroy */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/bc.h"
#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/name.h"
#include "lib/quota.h"
#include "lib/tree.h"

static int check(const struct vz_ct *ct, struct vz_err *e)
{
	struct vz_run state;

	vz_run_get(ct->id, &state);
	vz_run_put(&state);
	if (state.running)
		return vz_err_set(e, VZ_EXIT_RUNNING,
				  "Container %u is running. Stop it: vzctl "
				  "stop %u",
				  ct->id, ct->id);
	if (vz_ct_mounted(ct))
		return vz_err_set(e, VZ_EXIT_MOUNTED,
				  "Container %u is mounted. Unmount it: vzctl "
				  "umount %u",
				  ct->id, ct->id);
	return 0;
}

/* Renamed first: what is half removed is never taken for a container. */
static int remove_private(const struct vz_ct *ct, struct vz_err *e)
{
	_cleanup_close_ int parent = -1;
	char path[PATH_MAX], gone[NAME_MAX], *name;

	snprintf(path, sizeof(path), "%s", ct->private);
	name = strrchr(path, '/');
	*name++ = 0;
	parent = vz_open_host(*path ? path : "/", O_RDONLY | O_DIRECTORY);
	if (parent < 0 && errno == ENOENT)
		return 0;
	if (parent < 0)
		return vz_err_errno(e, VZ_EXIT_DELETE, "%s", path);
	snprintf(gone, sizeof(gone), ".vzctl-rm-me.%u", ct->id);
	if (vz_tree_remove(parent, gone, e))
		return -1;
	if (renameat(parent, name, parent, gone))
		return errno == ENOENT ? 0 :
					 vz_err_errno(e, VZ_EXIT_DELETE, "rename %s", ct->private);
	if (vz_tree_remove(parent, gone, e))
		return vz_err_wrap(e, "%s/%s", path, gone);
	vz_quota_drop(parent, ct->id);
	return 0;
}

static int retire_conf(const struct vz_ct *ct, struct vz_err *e)
{
	char to[PATH_MAX];

	vz_name_set(ct->id, vz_conf_get(ct->conf, "NAME"), NULL, NULL);
	snprintf(to, sizeof(to), "%s.destroyed", vz_ct_conf_path(ct));
	if (rename(vz_ct_conf_path(ct), to))
		return vz_err_errno(e, VZ_EXIT_SAVE_CONFIG, "rename %s", vz_ct_conf_path(ct));
	return 0;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;
	_cleanup_close_ int bc = -1;

	if (vz_cmd_lock(ctx, "destroying", e) || check(ct, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Destroying container private area: %s", ct->private);
	if (remove_private(ct, e))
		return -1;
	rmdir(ct->root);
	bc = vz_bc_open(NULL);
	if (bc >= 0 && vz_bc_destroy(bc, ct->id, e))
		vz_log(VZ_LOG_WARN, "%s", e->msg);
	vz_run_remove(ct->id);
	if (retire_conf(ct, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Container private area was destroyed");
	return 0;
}

const struct vz_cmd vz_cmd_destroy = {
	.name = "destroy",
	.alias = "delete",
	.args = "",
	.help = "delete a stopped container and its files",
	.run = run,
};
