// SPDX-License-Identifier: GPL-2.0
#include "vztmpl.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli.h"
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

static int bare, no_header, quiet;
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
	{ "quiet", 'q', POPT_ARG_NONE, &quiet, 0, "no progress", NULL },
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

static void help(FILE *out)
{
	fprintf(out, "Templates: the trees that containers share.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  vztmpl %-7s%-23s %s\n", commands[i].name, commands[i].args,
			commands[i].help);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (vz_streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	const struct command *cmd;

	options.bare = bare;
	options.no_header = no_header;
	options.json = a->json;
	options.quiet = quiet;
	if (!a->count)
		return vz_err_set(
			e, VZ_EXIT_BAD_OPTION,
			"say what to do: create, import, list or delete; see vztmpl --help");
	cmd = find_command(a->word[0]);
	if (!cmd)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "\"%s\" is no command: create, import, list or delete",
				  a->word[0]);
	if (geteuid() != 0)
		return vz_err_set(e, VZ_EXIT_PERMISSION, "only root can work on templates");
	umask(022);
	catch_signals();
	return cmd->run(a->count - 1, a->word + 1, &options, e);
}

static const struct vz_cli cli = {
	.name = "vztmpl",
	.args = "COMMAND [ARGUMENT...]",
	.options = table,
	.json = "list: as JSON",
	.help = help,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
