// SPDX-License-Identifier: GPL-2.0
/* vzubc --why: what was refused, to whom, what stood against it, and what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bc_resources.h>

#include "lib/root.h"
#include "lib/str.h"
#include "vzubc.h"

#define RULE	"--------------------------------------------------------------------"

/* What people should know of a resource beyond its list entry. */
static const struct advice {
	const char *name;
	const char *one, *many;	/* of what was asked for */
	const char *find;	/* run inside: shows what holds it */
} advices[] = {
	{ "numproc", "process or thread", "processes or threads",
	  "ps -eLo pid,nlwp,args --sort=-nlwp" },
	{ "numfile", "open file", "open files",
	  "sh -c 'for p in /proc/[0-9]*; do echo $(ls $p/fd | wc -l) $(cat $p/comm); "
	  "done | sort -n'" },
	{ "privvmpages", "of address space", "of address space",
	  "ps -eo pid,vsz,args --sort=-vsz" },
	{ "numtcpsock", "TCP socket", "TCP sockets", "ss -tanp" },
	{ "numothersock", "socket", "sockets", "ss -uxwnp" },
	{ "numflock", "file lock", "file locks", "cat /proc/locks" },
	{ "numpty", "terminal", "terminals", "ls /dev/pts" },
	{ "numsiginfo", "queued signal", "queued signals", "grep -H SigQ /proc/[0-9]*/status" },
	{ "lockedpages", "of locked memory", "of locked memory",
	  "grep -H VmLck /proc/[0-9]*/status" },
	{ "shmpages", "of shared memory", "of shared memory", "ipcs -m" },
};

static const struct advice *advice_for(const char *name)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (vz_streq(advices[i].name, name))
			return &advices[i];
	return NULL;
}

static const char *meaning_of(const char *name)
{
#define ROW(id, NAME, name_, unit, kind, meaning)	\
	if (vz_streq(name, #name_))			\
		return meaning;
	BC_RESOURCES(ROW)
#undef ROW
	return NULL;
}

/* Seconds since boot, as the kernel dates refusals. */
static bool now(double *s)
{
	char *text = vz_root_text("/proc/uptime"), *end;

	if (!text)
		return false;
	*s = strtod(text, &end);
	free(text);
	return end != text;
}

static void print_ago(uint64_t time_ns)
{
	static const struct {
		double s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	double t, then = time_ns / 1e9;
	size_t i = 0;
	long n;

	if (!now(&t) || t < then) {
		printf("%.3f seconds after the host booted", then);
		return;
	}
	t -= then;
	if (t < 1) {
		printf("just now");
		return;
	}
	while (i < 3 && t < units[i].s)
		i++;
	n = (long)(t / units[i].s);
	printf("%ld %s%s ago", n, units[i].name, n == 1 ? "" : "s");
}

/* What the request met: the bound that it would have gone past. */
static const char *stopped_by(const struct vz_refusal *r, uint64_t *bound)
{
	bool past_limit = r->asked > r->limit || r->held > r->limit - r->asked;

	if (r->barrier == r->limit || r->barrier > r->limit) {
		*bound = r->limit;
		return "limit";
	}
	/* Past the barrier already: it was one of those that only the limit stops. */
	if (past_limit && r->held > r->barrier) {
		*bound = r->limit;
		return "limit";
	}
	*bound = r->barrier;
	return "barrier";
}

/* A quarter more than what was needed, in round numbers as vzctl takes them. */
static void suggest(const struct vz_refusal *r, int unit)
{
	uint64_t gap = r->limit > r->barrier ? r->limit - r->barrier : 0;
	uint64_t need = r->held + r->asked, barrier;
	long page = sysconf(_SC_PAGESIZE);
	uint64_t mega = (1 << 20) / (unit == BC_UNIT_PAGES ? page : 1);

	if (need < r->barrier)
		need = r->barrier;
	if (need > BC_UNLIMITED / 2 || is_unlimited(r->limit)) {
		printf("vzctl set %" PRIu32 " --%s unlimited --save", r->ctid, r->name);
		return;
	}
	barrier = need + need / 4 + 1;
	if (unit == BC_UNIT_ITEMS || barrier < 4 * mega) {
		printf("vzctl set %" PRIu32 " --%s %" PRIu64 ":%" PRIu64 " --save", r->ctid,
		       r->name, barrier, barrier + gap);
		return;
	}
	barrier = barrier / mega + 1;
	printf("vzctl set %" PRIu32 " --%s %" PRIu64 "M:%" PRIu64 "M --save", r->ctid, r->name,
	       barrier, barrier + (gap + mega - 1) / mega);
}

static void print_asked(const struct vz_refusal *r, int unit, const struct advice *a)
{
	char n[NUMBER_TEXT];

	amount(unit, r->asked, n);
	printf("asked for %s", n);
	if (a)
		printf(" %s%s", unit == BC_UNIT_ITEMS ? "more " : "",
		       r->asked == 1 ? a->one : a->many);
	else
		printf(" more");
}

static void explain(const struct vz_refusal *r, const struct vz_row *row, uint64_t recorded)
{
	const struct advice *a = advice_for(r->name);
	const char *meaning = meaning_of(r->name), *what;
	char held[NUMBER_TEXT], bound_text[NUMBER_TEXT], comm[128], name[32], most[NUMBER_TEXT];
	int unit = row ? row->unit : BC_UNIT_ITEMS;
	uint64_t fails = row ? row->n[VZ_FAILCNT] : recorded, bound;

	printf("%s", r->name);
	if (meaning)
		printf(" (%s)", meaning);
	printf(" was refused %" PRIu64 " time%s, the last time ", fails, fails == 1 ? "" : "s");
	print_ago(r->time_ns);
	what = stopped_by(r, &bound);
	amount(unit, r->held, held);
	amount(unit, bound, bound_text);
	printf(".\n  %s (process %" PRIu32 " of the host) ",
	       *r->comm ? vz_printable(r->comm, comm, sizeof(comm)) : "a task without a name",
	       r->pid);
	print_asked(r, unit, a);
	printf(" while %s %s held; the %s is %s.\n", held,
	       unit == BC_UNIT_ITEMS && r->held != 1 ? "were" : "was", what, bound_text);
	printf("  It was told %s: \"%s\".\n", vz_errno_name(r->error, name, sizeof(name)),
	       strerror(r->error));
	if (row) {
		amount(unit, row->n[VZ_HELD], held);
		amount(unit, row->n[VZ_MAXHELD], most);
		printf("  Held now: %s; the most ever: %s.\n", held, most);
		/* Somebody has raised it since. */
		if (bound_of(row) > bound) {
			amount(unit, bound_of(row), bound_text);
			printf("  The %s has been raised to %s since.\n", what, bound_text);
		}
	}
	if (a) {
		printf("  To see what holds it: ");
		printf("vzctl exec %" PRIu32 " %s", r->ctid, a->find);
		putchar('\n');
	}
	if (!row || bound_of(row) <= bound) {
		printf("  If the container is to have more: ");
		suggest(r, unit);
		putchar('\n');
	}
}

/* Is it the newest of its resource? */
static bool is_last(const struct vz_refusals *list, const struct vz_refusal *r)
{
	return vz_refusals_last(list, r->name) == r;
}

static uint64_t count_of(const struct vz_refusals *list, const char *name)
{
	uint64_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		n += vz_streq(list->list[i].name, name);
	return n;
}

static void print_json(const struct vz_refusals *list, bool *first)
{
	for (size_t i = 0; i < list->count; i++) {
		printf(*first ? "\n  " : ",\n  ");
		json_refusal(&list->list[i]);
		*first = false;
	}
}

/* Newest first: what people are looking for is what has just happened. */
static void print_words(const struct vz_counters *c, const struct vz_refusals *list)
{
	bool any = false;

	printf("Container %" PRIu32 "\n" RULE "\n", c->id);
	for (size_t i = list->count; i; i--) {
		const struct vz_refusal *r = &list->list[i - 1];

		if (!is_last(list, r))
			continue;
		if (any)
			putchar('\n');
		explain(r, vz_counters_row(c, r->name), count_of(list, r->name));
		any = true;
	}
	if (!any)
		printf("Nothing has been refused.\n");
	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *row = &c->rows[i];
		char held[NUMBER_TEXT], bound[NUMBER_TEXT];

		if (vz_refusals_last(list, row->name) || bound_of(row) == BC_UNLIMITED ||
		    row->n[VZ_HELD] < bound_of(row) * 0.8 || !row->n[VZ_HELD])
			continue;
		amount(row->unit, row->n[VZ_HELD], held);
		amount(row->unit, bound_of(row), bound);
		printf("%s is near its limit: %s of %s.\n", row->name, held, bound);
	}
}

static int explain_one(const struct options *o, const struct vz_counters_set *set, uint32_t id,
		       bool *first, struct vz_err *e)
{
	const struct vz_counters *c = vz_counters_find(set, id);
	struct vz_refusals list;

	if (!c)
		return vz_err_set(e, VZ_EXIT_NO_CT_CONFIG,
				  "container %" PRIu32
				  " has no counters: it was not started since the "
				  "module was loaded",
				  id);
	if (vz_refusals_read(id, &list, e) < 0)
		return -1;
	if (o->json) {
		print_json(&list, first);
	} else {
		if (!*first)
			putchar('\n');
		print_words(c, &list);
		*first = false;
	}
	vz_refusals_free(&list);
	return 0;
}

int show_why(const struct options *o, struct vz_err *e)
{
	struct vz_counters_set set;
	bool first = true;
	int rc = 0;

	if (read_counters(o, &set, e) < 0)
		return -1;
	if (o->json)
		putchar('[');
	for (size_t i = 0; rc == 0 && i < o->n_ids; i++)
		rc = explain_one(o, &set, o->ids[i], &first, e);
	if (o->json)
		printf("\n]\n");
	vz_counters_free(&set);
	return rc;
}
