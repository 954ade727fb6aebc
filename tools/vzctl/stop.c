// SPDX-License-Identifier: GPL-2.0
/* vzctl stop */
#include "cmd.h"
#include "lib/log.h"
#include "lib/stop.h"

static int fast;

static const struct poptOption options[] = { { "fast", 0, POPT_ARG_NONE, &fast, 0,
					       "do not ask the container, kill it", NULL },
					     POPT_TABLEEND };

int vz_cmd_do_stop(struct vz_ct *ct, bool kill, struct vz_err *e)
{
	vz_log(VZ_LOG_INFO, "Stopping container...");
	if (vz_stop(ct, kill, e))
		return -1;
	vz_log(VZ_LOG_INFO, "Container was stopped");
	return 0;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	return vz_cmd_lock(ctx, "stopping", e) ? -1 : vz_cmd_do_stop(&ctx->ct, fast, e);
}

const struct vz_cmd vz_cmd_stop = {
	.name = "stop",
	.args = "[--fast]",
	.help = "stop a container; what does not stop in time is killed",
	.options = options,
	.run = run,
};
