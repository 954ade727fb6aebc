// SPDX-License-Identifier: GPL-2.0
/* Output of other programs: apt's list of sources, mmdebstrap's messages. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vztmpl/vztmpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
	if (!ok)
		abort();
}

static void try_sources(const char *s)
{
	char *copy = strdup(s), **lines = sources_parse(copy, "bookworm");

	/* What goes to mmdebstrap is an address or a source line, never an option. */
	for (size_t i = 0; lines && lines[i]; i++)
		must(lines[i][0] != '-' && !strpbrk(lines[i], "[]\"'\n"));
	must(!lines || lines[0]);
	sources_free(lines);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = strndup((const char *)data, size), *rest = s, *line;
	struct progress p;
	unsigned int last = 0;

	try_sources(s);
	progress_init(&p);
	while ((line = strsep(&rest, "\n"))) {
		progress_line(&p, line);
		must(p.percent >= last && p.percent <= 100 && p.stage);
		last = p.percent;
	}
	free(s);
	return 0;
}
