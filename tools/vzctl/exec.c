// SPDX-License-Identifier: GPL-2.0
/* vzctl exec, exec2, exec3: programs in a running container. */
#include <string.h>

#include "cmd.h"
#include "lib/cleanup.h"
#include "lib/join.h"
#include "lib/str.h"

static int need_args(const struct vz_cmd_ctx *ctx, const char *verb, struct vz_err *e)
{
	if (*ctx->args)
		return vz_ct_must_exist(&ctx->ct, e);
	return vz_err_set(e, VZ_EXIT_BAD_OPTION, "vzctl %s %u: what shall be executed?", verb,
			  ctx->ct.id);
}

/* The words joined by blanks, as ssh(1) does; "-" alone: the shell reads its input. */
static int run_shell(struct vz_cmd_ctx *ctx, const char *verb, int *status, struct vz_err *e)
{
	struct vz_command c = { .script = NULL };
	_cleanup_free_ char *script = NULL;
	struct vz_buf b = { 0 };

	if (need_args(ctx, verb, e))
		return -1;
	if (strcmp(ctx->args[0], "-") || ctx->args[1]) {
		for (char **a = ctx->args; *a; a++) {
			if (a != ctx->args)
				vz_buf_addc(&b, ' ');
			vz_buf_adds(&b, *a);
		}
		c.script = script = vz_buf_steal(&b, NULL);
		if (!script)
			return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	}
	return vz_join(&ctx->ct, &c, status, e);
}

static int run_exec(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	int status;

	if (run_shell(ctx, "exec", &status, e))
		return -1;
	return status ? VZ_EXIT_COMMAND : 0;
}

static int run_exec2(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	int status;

	return run_shell(ctx, "exec2", &status, e) ? -1 : status;
}

static int run_exec3(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_command c = { .argv = ctx->args };
	int status;

	if (need_args(ctx, "exec3", e) || vz_join(&ctx->ct, &c, &status, e))
		return -1;
	return status;
}

const struct vz_cmd vz_cmd_exec = {
	.name = "exec",
	.args = "COMMAND... | -",
	.help = "run a shell command; exit status 8 if it fails",
	.raw = true,
	.run = run_exec,
};

const struct vz_cmd vz_cmd_exec2 = {
	.name = "exec2",
	.args = "COMMAND... | -",
	.help = "the same, but exit with the command's status",
	.raw = true,
	.run = run_exec2,
};

const struct vz_cmd vz_cmd_exec3 = {
	.name = "exec3",
	.args = "PROGRAM [ARGUMENT...]",
	.help = "run a program without a shell; exit with its status",
	.raw = true,
	.run = run_exec3,
};
