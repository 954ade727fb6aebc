// SPDX-License-Identifier: GPL-2.0
/*
 * Progress of mmdebstrap --verbose. It has no percentage of its own: stages get
 * a fixed share (measured on small and on large package lists), and inside one
 * the lines of apt and dpkg are counted against the number of packages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/str.h"
#include "vztmpl.h"

static const struct stage {
	const char *line;	/* how the line begins that opens the stage */
	const char *name;
	unsigned int from, to;	/* percent */
	unsigned int each;	/* lines for each package */
} stages[] = {
	{ "I: running apt-get update", "reading package lists", 1, 5, 0 },
	{ "I: downloading packages", "downloading packages", 5, 25, 1 },
	{ "I: extracting archives", "unpacking the base", 25, 30, 0 },
	{ "I: installing essential packages", "installing the base", 30, 55, 2 },
	{ "I: installing remaining packages", "installing packages", 55, 97, 3 },
	{ "I: cleaning package lists", "cleaning up", 97, 99, 0 },
	{ "I: creating tarball", "writing the tarball", 98, 99, 0 },
	{ "I: success", "complete", 100, 100, 0 },
};

void progress_init(struct progress *p)
{
	*p = (struct progress){ .stage = "starting" };
}

static bool counts(const char *line)
{
	return vz_startswith(line, "Get:") || vz_startswith(line, "Unpacking ") ||
	       vz_startswith(line, "Setting up ");
}

/* "N upgraded, M newly installed, ..." gives M. */
static unsigned int new_packages(const char *line)
{
	const char *at = strstr(line, " upgraded, ");
	unsigned long n;

	if (!at || !strstr(at, " newly installed"))
		return 0;
	n = strtoul(at + strlen(" upgraded, "), NULL, 10);
	return n < 100000 ? n : 0;
}

static bool advance(struct progress *p, unsigned int percent)
{
	if (percent <= p->percent)
		return false;
	p->percent = percent;
	return true;
}

bool progress_line(struct progress *p, const char *line)
{
	unsigned int n;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		const struct stage *s = &stages[i];

		if (!vz_startswith(line, s->line))
			continue;
		p->stage = s->name;
		p->from = s->from;
		p->to = s->to;
		p->each = s->each;
		p->done = 0;
		advance(p, s->from);
		return true;
	}
	n = new_packages(line);
	if (n) {
		p->packages = n;
		p->done = 0;
		return false;
	}
	if (!p->each || !p->packages || !counts(line))
		return false;
	if (p->done < p->packages * p->each)
		p->done++;
	return advance(p, p->from + (p->to - p->from) * p->done / (p->packages * p->each));
}

void meter_init(struct meter *m, bool quiet)
{
	*m = (struct meter){ .tty = isatty(STDERR_FILENO), .quiet = quiet };
}

void meter_show(struct meter *m, unsigned int percent, const char *stage)
{
	bool new_stage = !m->stage || !vz_streq(stage, m->stage);

	if (m->quiet)
		return;
	if (m->tty) {
		int filled = percent / 4;

		fprintf(stderr, "\r[%.*s%*s] %3u%% %-28s", filled,
			"=========================", 25 - filled, "", percent, stage);
		fflush(stderr);
	} else if (new_stage || percent >= m->last + 10) {
		fprintf(stderr, "%3u%% %s\n", percent, stage);
		m->last = percent;
	}
	m->stage = stage;
}

void meter_end(struct meter *m)
{
	if (m->tty && !m->quiet && m->stage)
		fputc('\n', stderr);
}
