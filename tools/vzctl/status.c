// SPDX-License-Identifier: GPL-2.0
/* vzctl status: one line that programs parse. */
#include <stdio.h>
#include <sys/stat.h>

#include "cmd.h"
#include "lib/log.h"

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_ct *ct = &ctx->ct;
	struct vz_run state;

	(void)e;
	vz_run_get(ct->id, &state);
	vz_run_put(&state);
	/* The root of a running container is mounted, if only where the container sees it. */
	printf("CTID %u %s %s %s\n", ct->id, ct->conf ? "exist" : "deleted",
	       state.running || vz_ct_mounted(ct) ? "mounted" : "unmounted",
	       state.running ? "running" : "down");
	if (state.running && !state.keeper)
		vz_log(VZ_LOG_WARN,
		       "the keeper of container %u is gone: it will not come back "
		       "after a reboot, and its console is not logged",
		       ct->id);
	return 0;
}

const struct vz_cmd vz_cmd_status = {
	.name = "status",
	.args = "",
	.help = "print: CTID N exist|deleted mounted|unmounted running|down",
	.quick = true,
	.run = run,
};
