// SPDX-License-Identifier: GPL-2.0
/* vzctl start */
#include <stdio.h>

#include "cmd.h"
#include "lib/keeper.h"
#include "lib/log.h"
#include "lib/rootfs.h"
#include "lib/stop.h"
#include "lib/uid.h"

#define TEARDOWN_MS	35000	/* the keeper of the last run may be clearing up still */

static int foreground;
static char *init;

static const struct poptOption options[] = {
	{ "foreground", 0, POPT_ARG_NONE, &foreground, 0,
	  "stay, show the console, return the exit status of init", NULL },
	{ "init", 0, POPT_ARG_STRING, &init, 0, "run this program instead of /sbin/init", "PATH" },
	POPT_TABLEEND
};

static int check(struct vz_ct *ct, struct vz_err *e)
{
	struct vz_run run;
	uid_t base;
	int rc;

	if (vz_ct_yes(ct, "DISABLED", false))
		return vz_err_set(e, VZ_EXIT_DISABLED,
				  "Container %u is disabled. Enable it: vzctl "
				  "set %u --disabled no --save",
				  ct->id, ct->id);
	vz_run_get(ct->id, &run);
	rc = run.running ?
		     vz_err_set(e, VZ_EXIT_RUNNING, "Container %u is already running", ct->id) :
		     vz_stop_reboot(&run, e);
	vz_run_put(&run);
	/* With the record lost it may run; a start would begin by killing that. */
	if (rc || (!run.keeper && vz_stop_needed(ct, e)))
		return -1;
	if (vz_keeper_wait(ct->id, TEARDOWN_MS))
		return vz_err_set(e, VZ_EXIT_TIMEOUT,
				  "the last run of container %u is still being "
				  "cleared up (see the keeper, pid %d)",
				  ct->id, run.keeper_pid);
	if (vz_ct_base(ct, &base, e))
		return -1;
	if (!vz_ct_mounted(ct))
		return 0;
	vz_log(VZ_LOG_INFO, "Unmounting %s", ct->root);
	return vz_rootfs_umount(ct, e);
}

int vz_cmd_do_start(struct vz_ct *ct, const struct vz_start_opts *o, int *status, struct vz_err *e)
{
	if (check(ct, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Starting container...");
	if (vz_start(ct, o, status, e))
		return vz_err_wrap(e, "Container %u was not started", ct->id);
	vz_log(VZ_LOG_INFO, o->foreground ? "Container ended" : "Container start in progress...");
	return 0;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_start_opts o = { .init = init, .foreground = foreground };
	int status = 0;

	if (init && *init != '/')
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "--init %s: an absolute path is needed",
				  init);
	if (vz_cmd_lock(ctx, "starting", e))
		return -1;
	return vz_cmd_do_start(&ctx->ct, &o, &status, e) ? -1 : status;
}

const struct vz_cmd vz_cmd_start = {
	.name = "start",
	.args = "",
	.help = "start a container",
	.options = options,
	.run = run,
};
