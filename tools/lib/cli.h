/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line that the programs share, and what main() does with it. The one
 * part of the library that prints and knows argv: a program hands its description
 * over and gets its arguments back.
 *
 *	static const struct vz_cli cli = {
 *		.name = "vzthing", .args = "[CTID...]", .options = table, .run = run,
 *	};
 *
 *	int main(int argc, char **argv)
 *	{
 *		return vz_cli_main(&cli, argc, argv);
 *	}
 *
 * Every program has --help (-h), --version (-V) and, if it says so, --json (-j). A
 * short option that the program has itself is the program's. Errors go to stderr,
 * behind the name of the program; what could not be written to stdout is one. Exit
 * codes are those of err.h.
 */
#ifndef VZ_LIB_CLI_H
#define VZ_LIB_CLI_H

#include <popt.h>
#include <stdbool.h>
#include <stdio.h>

struct vz_err;

struct vz_cli_args {
	int count;
	const char **word;	/* what is no option; ends with NULL */
	bool json;		/* --json was given */
};

struct vz_cli {
	const char *name;
	const char *args;		/* what may follow, for --help */
	const struct poptOption *options; /* own ones, or NULL */
	const char *json;		/* what --json gives; NULL: no such option */
	void (*help)(FILE *out);	/* more of --help, above the options; or NULL */
	bool root;			/* nobody else may run it */
	int failure;			/* exit code of all failures; 0: that of the error */

	/* Return: the exit status; -1 with @e set. */
	int (*run)(const struct vz_cli_args *a, struct vz_err *e);
};

/* Return: exit status for main(). */
int vz_cli_main(const struct vz_cli *cli, int argc, char **argv);

/* A message to stderr that is no failure, behind the name of the program. */
void vz_cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
