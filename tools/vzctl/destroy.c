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
#include "lib/log.h"
#include "lib/name.h"
#include "lib/rootfs.h"
#include "lib/stop.h"

#define COUNTED_MS	10000	/* processes that have just died may be counted still */

static int check(const struct vz_ct *ct, struct vz_err *e)
{
	if (vz_stop_needed(ct, e))
		return -1;
	if (vz_ct_mounted(ct))
		return vz_err_set(e, VZ_EXIT_MOUNTED,
				  "Container %u is mounted. Unmount it: vzctl "
				  "umount %u",
				  ct->id, ct->id);
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
	if (vz_rootfs_remove(ct, e))
		return -1;
	rmdir(ct->root);
	bc = vz_bc_open(NULL);
	if (bc >= 0 && vz_bc_destroy(bc, ct->id, COUNTED_MS, e))
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
