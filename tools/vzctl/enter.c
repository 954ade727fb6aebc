// SPDX-License-Identifier: GPL-2.0
/* vzctl enter: a login shell on a terminal of the container. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lib/cleanup.h"
#include "lib/join.h"
#include "lib/log.h"
#include "lib/str.h"

/* The caller's TERM, if it looks like one; it ends up in the container's environment. */
static const char *terminal_type(void)
{
	const char *term = getenv("TERM");

	if (!term || !*term || strlen(term) > 32)
		return "linux";
	for (const char *p = term; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("+-._", *p))
			return "linux";
	return term;
}

static int run(struct vz_cmd_ctx *ctx, struct vz_err *e)
{
	struct vz_command c = { .pty = true, .login = true, .term = terminal_type() };
	_cleanup_free_ char *script = NULL;
	struct vz_buf b = { 0 };
	int status;

	if (vz_ct_must_exist(&ctx->ct, e))
		return -1;
	if (*ctx->args && (strcmp(*ctx->args, "--exec") || !ctx->args[1]))
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "vzctl enter %u [--exec COMMAND...]: "
				  "unexpected \"%s\"",
				  ctx->ct.id, *ctx->args);
	if (*ctx->args) {
		for (char **a = ctx->args + 1; *a; a++) {
			if (a != ctx->args + 1)
				vz_buf_addc(&b, ' ');
			vz_buf_adds(&b, *a);
		}
		c.script = script = vz_buf_steal(&b, NULL);
		if (!script)
			return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	}
	vz_log(VZ_LOG_INFO, "entered into CT %u", ctx->ct.id);
	if (vz_join(&ctx->ct, &c, &status, e))
		return -1;
	vz_log(VZ_LOG_INFO, "exited from CT %u", ctx->ct.id);
	return status;
}

const struct vz_cmd vz_cmd_enter = {
	.name = "enter",
	.args = "[--exec COMMAND...]",
	.help = "a login shell, on a terminal of the container",
	.raw = true,
	.run = run,
};
