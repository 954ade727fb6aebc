// SPDX-License-Identifier: GPL-2.0
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "err.h"

enum { OPT_HELP = 'h', OPT_VERSION = 'V', OPT_JSON = 'j' };

static const char *program = "vz";

void vz_cli_warn(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* The letter, unless the program has an option of that letter itself. */
static char letter(const struct vz_cli *cli, char c)
{
	const struct poptOption *o = cli->options;

	for (; o && (o->longName || o->shortName || o->arg); o++)
		if (o->shortName == c)
			return '\0';
	return c;
}

static struct poptOption common(const struct vz_cli *cli, const char *name, char c,
				const char *help, int *given)
{
	return (struct poptOption){ name, letter(cli, c), POPT_ARG_NONE, given, 0, help, NULL };
}

struct given {
	int help, version, json;
};

static void print_help(const struct vz_cli *cli, poptContext pc)
{
	printf("%s version %s\n", cli->name, VZ_VERSION);
	if (cli->help) {
		putchar('\n');
		cli->help(stdout);
		putchar('\n');
	}
	poptPrintHelp(pc, stdout, 0);
}

static int run(const struct vz_cli *cli, poptContext pc, const struct given *g, struct vz_err *e)
{
	static const char *none[] = { NULL };
	struct vz_cli_args a = { 0 };
	int rc = poptGetNextOpt(pc);

	if (rc < -1)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "%s: %s; see %s --help",
				  poptBadOption(pc, 0), poptStrerror(rc), cli->name);
	if (g->help) {
		print_help(cli, pc);
		return 0;
	}
	if (g->version) {
		printf("%s version %s\n", cli->name, VZ_VERSION);
		return 0;
	}
#ifndef VZ_TESTING
	if (cli->root && geteuid() != 0)
		return vz_err_set(e, VZ_EXIT_PERMISSION,
				  "This program can only be run under root.");
#endif
	a.json = g->json;
	a.word = poptGetArgs(pc);
	if (!a.word)
		a.word = none;
	while (a.word[a.count])
		a.count++;
	return cli->run(&a, e);
}

/* What was printed has arrived. */
static int finish(struct vz_err *e)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (!errno)
		errno = EIO;
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot write to stdout");
}

int vz_cli_main(const struct vz_cli *cli, int argc, char **argv)
{
	struct given g = { 0 };
	struct poptOption table[6] = { 0 };
	struct vz_err e = { 0 };
	size_t n = 0;
	poptContext pc;
	int rc = -1;

	program = cli->name;
	if (cli->options)
		table[n++] = (struct poptOption){ .argInfo = POPT_ARG_INCLUDE_TABLE,
						  .arg = (void *)cli->options,
						  .descrip = "Options:" };
	if (cli->json)
		table[n++] = common(cli, "json", OPT_JSON, cli->json, &g.json);
	table[n++] = common(cli, "help", OPT_HELP, "this text", &g.help);
	table[n++] = common(cli, "version", OPT_VERSION, "print the version", &g.version);
	pc = poptGetContext(cli->name, argc, (const char **)argv, table, 0);
	if (pc) {
		poptSetOtherOptionHelp(pc, cli->args ? cli->args : "");
		rc = run(cli, pc, &g, &e);
	} else {
		vz_err_set(&e, VZ_EXIT_SYSTEM, "no memory");
	}
	if (rc >= 0 && finish(&e) < 0)
		rc = -1;
	if (rc < 0) {
		fflush(stdout);
		vz_cli_warn("%s", e.msg);
		rc = cli->failure ? cli->failure : e.code;
	}
	poptFreeContext(pc);
	return rc;
}
