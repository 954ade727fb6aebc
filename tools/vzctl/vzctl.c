// SPDX-License-Identifier: GPL-2.0
/*
 * vzctl: global options, the list of verbs, exit codes. The only main() and the
 * only place that prints an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/ctid.h"
#include "lib/keeper.h"
#include "lib/log.h"
#include "lib/param.h"
#include "lib/paths.h"
#include "lib/sys.h"

static const struct vz_cmd *const commands[] = {
	&vz_cmd_create, &vz_cmd_start, &vz_cmd_stop, &vz_cmd_restart, &vz_cmd_destroy,
	&vz_cmd_mount, &vz_cmd_umount, &vz_cmd_set, &vz_cmd_status, &vz_cmd_exec,
	&vz_cmd_exec2, &vz_cmd_exec3, &vz_cmd_enter,
};

#define COMMANDS	(sizeof(commands) / sizeof(*commands))
#define MAX_OPTIONS	8	/* popt tables that one verb joins */

struct global_opts {
	int level;
	bool skiplock;
};

static void print_help(void)
{
	printf("vzctl version %s\n"
	       "Usage: vzctl [--quiet] [--verbose] [--skiplock] COMMAND CTID [OPTIONS]\n\n"
	       "Commands:\n",
	       VZ_VERSION);
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s CTID %-22s %s\n", commands[i]->name, commands[i]->args,
		       commands[i]->help);
	printf("\nCTID is a number from 1 to %u, or the name of a container.\n"
	       "vzctl COMMAND --help shows the options of a command; vzctl(8) explains them,\n"
	       "vzlist(8) shows the containers, vztmpl(8) makes templates.\n",
	       BC_ID_MAX);
}

static const struct vz_cmd *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i]->name) ||
		    (commands[i]->alias && !strcmp(name, commands[i]->alias)))
			return commands[i];
	return NULL;
}

/* Options before the verb. Return: index of the verb; 0: done; -1 with the error set. */
static int parse_global(int argc, char **argv, struct global_opts *g, struct vz_err *e)
{
	int i;

	for (i = 1; i < argc && *argv[i] == '-'; i++) {
		if (!strcmp(argv[i], "--quiet")) {
			g->level = VZ_LOG_ERR;
		} else if (!strcmp(argv[i], "--verbose")) {
			g->level++;
		} else if (!strcmp(argv[i], "--skiplock")) {
			g->skiplock = true;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_help();
			return 0;
		} else if (!strcmp(argv[i], "--version")) {
			printf("vzctl version %s\n", VZ_VERSION);
			return 0;
		} else if (!strcmp(argv[i], "--dump-params")) {
			vz_param_dump(stdout);
			return 0;
		} else {
			return vz_err_set(e, VZ_EXIT_BAD_OPTION,
					  "unknown option %s. See vzctl "
					  "--help",
					  argv[i]);
		}
	}
	if (i < argc)
		return i;
	return vz_err_set(e, VZ_EXIT_BAD_OPTION, "no command given. See vzctl --help");
}

static poptContext make_context(const struct vz_cmd *cmd, int argc, char **argv,
				struct poptOption *table)
{
	size_t n = 0;
	poptContext pc;
	char usage[64];

	if (cmd->options)
		table[n++] = (struct poptOption){ .argInfo = POPT_ARG_INCLUDE_TABLE,
						  .arg = (void *)cmd->options,
						  .descrip = "Options:" };
	if (cmd->params)
		table[n++] = (struct poptOption){ .argInfo = POPT_ARG_INCLUDE_TABLE,
						  .arg = vz_param_popt(cmd->params),
						  .descrip = "Settings:" };
	table[n++] = (struct poptOption){ .longName = "help", .val = '?', .descrip = "show this" };
	table[n] = (struct poptOption){ NULL };
	pc = poptGetContext("vzctl", argc, (const char **)argv, table, 0);
	if (pc) {
		snprintf(usage, sizeof(usage), "%s CTID %s", cmd->name, cmd->args);
		poptSetOtherOptionHelp(pc, usage);
	}
	return pc;
}

/* Return: 0; 1: help was shown; -1 with the error set. */
static int parse_options(const struct vz_cmd *cmd, int argc, char **argv, struct vz_conf *overlay,
			 struct vz_err *e)
{
	struct poptOption table[MAX_OPTIONS];
	poptContext pc = make_context(cmd, argc, argv, table);
	int rc, result = 0;

	if (!pc)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	while (!result && (rc = poptGetNextOpt(pc)) >= 0) {
		if (rc == '?') {
			poptPrintHelp(pc, stdout, 0);
			result = 1;
		} else if (vz_param_is_popt(rc)) {
			_cleanup_free_ char *arg = poptGetOptArg(pc);

			result = vz_param_take(rc, arg, overlay, e);
		}
	}
	if (!result && rc < -1)
		result = vz_err_set(e, VZ_EXIT_BAD_OPTION, "%s: %s. See vzctl %s --help",
				    poptBadOption(pc, POPT_BADOPTION_NOALIAS), poptStrerror(rc),
				    cmd->name);
	if (!result && poptPeekArg(pc))
		result = vz_err_set(e, VZ_EXIT_BAD_OPTION,
				    "%s takes no argument \"%s\". See vzctl "
				    "%s --help",
				    cmd->name, poptPeekArg(pc), cmd->name);
	poptFreeContext(pc);
	return result;
}

static int load_global(const struct vz_cmd *cmd, const struct global_opts *g,
		       struct vz_conf **global, struct vz_err *e)
{
	*global = vz_conf_load(VZ_GLOBAL_CONF, e);
	if (!*global) {
		if (errno == ENOENT)
			vz_err_set(e, VZ_EXIT_NO_CONFIG,
				   "%s does not exist; `make install` puts "
				   "one there",
				   VZ_GLOBAL_CONF);
		else
			e->code = VZ_EXIT_NO_CONFIG;
		return -1;
	}
	if (g->skiplock && vz_conf_set(*global, "SKIPLOCK", "yes"))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (!cmd->quick)
		vz_log_as_configured(*global);
	return 0;
}

static int run_command(const struct vz_cmd *cmd, int argc, char **argv, const struct global_opts *g,
		       struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *global = NULL, *overlay = vz_conf_new();
	struct vz_cmd_ctx ctx = { .overlay = overlay, .level = g->level };
	uint32_t id;
	int rc;

	if (argc < 2)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "vzctl %s needs a container: vzctl %s "
				  "CTID %s",
				  cmd->name, cmd->name, cmd->args);
	if (!strcmp(argv[1], "--help"))
		return parse_options(cmd, argc, argv, overlay, e) < 0 ? -1 : 0;
	if (vz_ct_resolve(argv[1], &id, e))
		return -1;
	vz_log_ctid(id);
	argv[1] = argv[0];
	ctx.args = argv + 2;
	rc = cmd->raw ? 0 : parse_options(cmd, argc - 1, argv + 1, overlay, e);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (!cmd->quick && geteuid())
		return vz_err_set(e, VZ_EXIT_PERMISSION, "vzctl %s needs root", cmd->name);
	if (load_global(cmd, g, &global, e))
		return -1;
	rc = vz_ct_open(&ctx.ct, id, global, overlay, e) ? -1 : cmd->run(&ctx, e);
	vz_ct_close(&ctx.ct);
	return rc;
}

/* Descriptors 0 to 2 exist and nothing else does, whatever the caller left open. */
static int clean_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= 2)
		fd = dup(fd);
	return fd < 0 || vz_close_range(3, ~0U, 0);
}

int main(int argc, char **argv)
{
	struct global_opts g = { .level = VZ_LOG_INFO };
	const struct vz_cmd *cmd;
	struct vz_err e = { 0 };
	int i, rc = -1;

	umask(022);
	if (argc == 2 && !strcmp(argv[1], VZ_KEEPER_VERB))
		return vz_keeper_main();
	if (clean_descriptors())
		return VZ_EXIT_SYSTEM;
	i = parse_global(argc, argv, &g, &e);
	vz_log_init("vzctl", g.level);
	if (!i)
		return VZ_EXIT_OK;
	cmd = i > 0 ? find_command(argv[i]) : NULL;
	if (cmd)
		rc = run_command(cmd, argc - i, argv + i, &g, &e);
	else if (i > 0)
		vz_err_set(&e, VZ_EXIT_BAD_OPTION, "unknown command %s. See vzctl --help", argv[i]);
	if (rc < 0)
		vz_log(VZ_LOG_ERR, "%s", e.msg);
	return rc < 0 ? e.code : rc;
}

int vz_cmd_lock(struct vz_cmd_ctx *ctx, const char *status, struct vz_err *e)
{
	if (vz_ct_must_exist(&ctx->ct, e) || vz_ct_lock(&ctx->ct, status, e) ||
	    vz_ct_refresh(&ctx->ct, ctx->overlay, e))
		return -1;
	return vz_ct_must_exist(&ctx->ct, e);
}
