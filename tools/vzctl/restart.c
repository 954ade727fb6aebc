// SPDX-License-Identifier: GPL-2.0
/* vzctl restart */
#include "cmd.h"
#include "lib/keeper.h"

static int fast;

static const struct poptOption options[] = { { "fast", 0, POPT_ARG_NONE, &fast, 0,
					       "do not ask the container, kill it", NULL },
					     POPT_TABLEEND };

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_start_opts o = { .foreground = false };
	struct vz_run state;
	int status;

	if (vz_cmd_lock(ctx, "restarting", e))
		return -1;
	vz_run_get(ctx->ct.id, &state);
	vz_run_put(&state);
	if (state.running && vz_cmd_do_stop(&ctx->ct, fast, e))
		return -1;
	return vz_cmd_do_start(&ctx->ct, &o, &status, e);
}

const struct vz_cmd vz_cmd_restart = {
	.name = "restart",
	.args = "[--fast]",
	.help = "stop a container if it runs, and start it",
	.options = options,
	.run = run,
};
