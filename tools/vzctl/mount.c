// SPDX-License-Identifier: GPL-2.0
/* vzctl mount and vzctl umount: the root of a stopped container, for the host. */
#include "cmd.h"
#include "lib/log.h"
#include "lib/rootfs.h"
#include "lib/stop.h"

static int do_mount(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;

	if (vz_cmd_lock(ctx, "mounting", e) || vz_stop_needed(ct, e))
		return -1;
	if (vz_ct_mounted(ct))
		return vz_err_set(e, VZ_EXIT_MOUNTED, "Container %u is already mounted on %s",
				  ct->id, ct->root);
	if (vz_rootfs_check(ct, e) || vz_rootfs_mount(ct, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Container is mounted on %s", ct->root);
	return 0;
}

static int do_umount(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;

	if (vz_cmd_lock(ctx, "unmounting", e) || vz_stop_needed(ct, e))
		return -1;
	if (!vz_ct_mounted(ct))
		return vz_err_set(e, VZ_EXIT_NOT_MOUNTED, "Container %u is not mounted", ct->id);
	if (vz_rootfs_umount(ct, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Container is unmounted");
	return 0;
}

const struct vz_cmd vz_cmd_mount = {
	.name = "mount",
	.args = "",
	.help = "mount the root of a stopped container on VE_ROOT",
	.run = do_mount,
};

const struct vz_cmd vz_cmd_umount = {
	.name = "umount",
	.args = "",
	.help = "unmount it",
	.run = do_umount,
};
