// SPDX-License-Identifier: GPL-2.0
/* vzubc --follow: refusals as the kernel sends them. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "lib/cli.h"
#include "lib/nl.h"
#include "lib/str.h"
#include "vzubc.h"

struct follow {
	const struct options *o;
	long seen;
};

/* The wall clock of a time since boot. */
static void clock_of(uint64_t boot_ns, char *buf, size_t size)
{
	struct timespec boot, real;
	int64_t then;
	time_t s;
	struct tm tm;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	then = (int64_t)real.tv_sec - boot.tv_sec + (int64_t)(boot_ns / 1000000000);
	s = then;
	buf[0] = '\0';
	if (localtime_r(&s, &tm))
		strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
}

static void print_line(const struct vz_refusal *r, int unit)
{
	char when[32], asked[NUMBER_TEXT], held[NUMBER_TEXT], bound[NUMBER_TEXT], comm[128],
		name[32];

	clock_of(r->time_ns, when, sizeof(when));
	amount(unit, r->asked, asked);
	amount(unit, r->held, held);
	amount(unit, r->barrier < r->limit ? r->barrier : r->limit, bound);
	printf("%s CT %" PRIu32 " %s: %s (%" PRIu32 ") asked %s, held %s of %s: %s\n", when,
	       r->ctid, r->name, vz_printable(r->comm, comm, sizeof(comm)), r->pid, asked, held,
	       bound, vz_errno_name(r->error, name, sizeof(name)));
}

static bool on_event(const struct vz_nl_event *event, void *arg)
{
	struct follow *f = arg;

	switch (event->kind) {
	case VZ_NL_JOINED:
		vz_cli_warn("waiting for refusals; Ctrl-C ends this");
		return true;
	case VZ_NL_LOST:
		vz_cli_warn("refusals came faster than they could be read; some are missing here, "
			    "none in failcnt");
		return true;
	case VZ_NL_REFUSAL:
		break;
	}
	if (!wanted(f->o, event->refusal.ctid))
		return true;
	if (f->o->json) {
		json_refusal(&event->refusal);
		putchar('\n');
	} else {
		print_line(&event->refusal, event->unit);
	}
	/* Whoever reads a pipe is to see it now; one that is gone ends it. */
	if (fflush(stdout) != 0)
		return false;
	return !f->o->count || ++f->seen < f->o->count;
}

int show_follow(const struct options *o, struct vz_err *e)
{
	struct follow f = { .o = o };

	return vz_nl_follow(on_event, &f, e);
}
