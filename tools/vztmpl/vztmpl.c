// SPDX-License-Identifier: GPL-2.0
#include "vztmpl.h"

#include <popt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "lib/str.h"

static const struct command {
	const char *name, *args, *help;
	int (*run)(int argc, const char **argv, const struct options *o, struct vz_err *e);
} commands[] = {
	{ "create", "[options] NAME", "make a Debian tree from the apt sources of this machine",
	  cmd_create },
	{ "import", "NAME ARCHIVE|-|FOLDER", "take a tree from a tar archive, stdin or a folder",
	  cmd_import },
	{ "list", "[-H] [-j]", "show the templates", cmd_list },
	{ "delete", "NAME", "remove a template that no container uses", cmd_delete },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int help_wanted, version_wanted, bare, no_header, json, quiet;
static struct options options = { .suite = "bookworm", .variant = "minbase" };

static struct poptOption table[] = {
	{ "suite", 0, POPT_ARG_STRING, &options.suite, 0, "create: release of Debian (bookworm)",
	  "NAME" },
	{ "variant", 0, POPT_ARG_STRING, &options.variant, 0,
	  "create: package set of mmdebstrap (minbase)", "NAME" },
	{ "include", 0, POPT_ARG_STRING, &options.include, 0,
	  "create: more packages, separated by commas", "LIST" },
	{ "bare", 0, POPT_ARG_NONE, &bare, 0,
	  "create: without systemd and the other packages that a container boots with", NULL },
	{ "mirror", 0, POPT_ARG_STRING, &options.mirror, 0,
	  "create: archive to use instead of the apt sources of this machine", "URL" },
	{ "tarball", 0, POPT_ARG_STRING, &options.tarball, 0,
	  "create: write this .tar, .tar.gz, .tar.xz or .tar.zst and make no template", "FILE" },
	{ "no-header", 'H', POPT_ARG_NONE, &no_header, 0, "list: no line of titles", NULL },
	{ "json", 'j', POPT_ARG_NONE, &json, 0, "list: as JSON", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, &quiet, 0, "no progress", NULL },
	{ "help", 'h', POPT_ARG_NONE, &help_wanted, 0, "this text", NULL },
	{ "version", 'V', POPT_ARG_NONE, &version_wanted, 0, "print the version", NULL },
	POPT_TABLEEND
};

static void on_signal(int sig)
{
	(void)sig;
	vz_interrupted = 1;
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };

	for (size_t i = 0; i < 3; i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void print_help(poptContext pc)
{
	printf("vztmpl version %s\n\nTemplates: the trees that containers share.\n\n", VZ_VERSION);
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  vztmpl %-7s%-23s %s\n", commands[i].name, commands[i].args,
		       commands[i].help);
	putchar('\n');
	poptPrintHelp(pc, stdout, 0);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (vz_streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run(poptContext pc, struct vz_err *e)
{
	const struct command *cmd;
	const char **args, *none = NULL;
	int argc = 0, rc = poptGetNextOpt(pc);

	if (rc < -1)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "%s: %s; see vztmpl --help",
				  poptBadOption(pc, 0), poptStrerror(rc));
	if (help_wanted) {
		print_help(pc);
		return 0;
	}
	if (version_wanted) {
		printf("vztmpl version %s\n", VZ_VERSION);
		return 0;
	}
	options.bare = bare;
	options.no_header = no_header;
	options.json = json;
	options.quiet = quiet;
	args = poptGetArgs(pc);
	if (!args)
		args = &none;
	while (args[argc])
		argc++;
	if (!argc)
		return vz_err_set(
			e, VZ_EXIT_BAD_OPTION,
			"say what to do: create, import, list or delete; see vztmpl --help");
	cmd = find_command(args[0]);
	if (!cmd)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "\"%s\" is no command: create, import, list or delete", args[0]);
	if (geteuid() != 0)
		return vz_err_set(e, VZ_EXIT_PERMISSION, "only root can work on templates");
	catch_signals();
	return cmd->run(argc - 1, args + 1, &options, e);
}

int main(int argc, const char **argv)
{
	struct vz_err e = { 0 };
	poptContext pc;
	int rc;

	umask(022);
	pc = poptGetContext("vztmpl", argc, argv, table, 0);
	poptSetOtherOptionHelp(pc, "COMMAND [ARGUMENT...]");
	rc = run(pc, &e);
	poptFreeContext(pc);
	if (rc < 0)
		fprintf(stderr, "vztmpl: %s\n", e.msg);
	return rc < 0 ? e.code : 0;
}
