// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers are those that OpenVZ documents: 384 bytes of dcache a file,
 * 40 KB of kernel memory a process, 2.5 KB of buffer a socket, 32 files a process.
 */
#include "rules.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "limitset.h"

#define DCACHE_PER_FILE		384
#define KMEM_PER_PROC		(40 * 1024)
#define BUFFER_PER_SOCKET	2560
#define FILES_PER_PROC		32
#define TCP_BARRIER_MIN		(64 * 1024)
#define SOCKET_BARRIER_MIN	(32 * 1024)
#define SOCKET_BARRIER_GOOD	(129 * 1024)

struct run {
	struct vz_limitset *s;
	vz_found_fn *found;
	void *arg;
	int open;		/* errors and warnings that were not fixed */
};

const char *vz_severity_name(enum vz_severity severity)
{
	static const char *const names[] = {
		[VZ_RULE_ERROR] = "Error",
		[VZ_RULE_WARNING] = "Warning",
		[VZ_RULE_ADVICE] = "Recommendation",
	};

	return names[severity];
}

__attribute__((format(printf, 5, 6))) static void report(struct run *r, enum vz_severity severity,
							 int row, const struct vz_limit *fix,
							 const char *fmt, ...)
{
	struct vz_finding f = { .severity = severity, .row = row, .has_fix = fix != NULL };
	va_list ap;
	int n;

	n = snprintf(f.text, sizeof(f.text), "%s: ", vz_severity_name(severity));
	va_start(ap, fmt);
	vsnprintf(f.text + n, sizeof(f.text) - n, fmt, ap);
	va_end(ap);
	if (fix)
		f.fix = *fix;
	if (r->found(&f, r->arg) && fix)
		vz_limitset_put(r->s, row, fix->barrier, fix->limit);
	else if (severity != VZ_RULE_ADVICE)
		r->open++;
}

static bool present(struct run *r, int row)
{
	if (!r->s->has[row])
		report(r, VZ_RULE_ERROR, row, NULL, "parameter %s not found",
		       vz_limitset_name(row));
	return r->s->has[row];
}

/* ---- one setting by itself ------------------------------------------------------ */

enum shape { EQUAL, ORDERED, GUARANTEE, NO_LIMIT };

static void check_shape(struct run *r, int row, enum shape shape)
{
	const char *name = vz_limitset_name(row);
	struct vz_limit v, fix;
	char now[VZ_LIMIT_TEXT];

	if (!present(r, row))
		return;
	v = fix = r->s->v[row];
	vz_limit_format(&v, now);
	switch (shape) {
	case EQUAL:
		fix.barrier = fix.limit = v.barrier > v.limit ? v.barrier : v.limit;
		if (v.barrier != v.limit)
			report(r, VZ_RULE_ERROR, row, &fix,
			       "barrier should be equal to limit for %s (currently, %s)", name,
			       now);
		break;
	case ORDERED:
		fix.limit = v.barrier;
		if (v.barrier > v.limit)
			report(r, VZ_RULE_ERROR, row, &fix,
			       "barrier should be <= limit for %s (currently, %s)", name, now);
		break;
	case NO_LIMIT:
		if (v.barrier) {
			fix.barrier = 0;
			report(r, VZ_RULE_ERROR, row, &fix,
			       "barrier should be 0 for %s (currently, %s)", name, now);
			v = fix = r->s->v[row];
		}
		/* fall through */
	case GUARANTEE:
		fix.limit = BC_UNLIMITED;
		if (v.limit != BC_UNLIMITED)
			report(r, VZ_RULE_ERROR, row, &fix,
			       "limit should be unlimited for %s (currently, %s)", name, now);
		break;
	}
}

static void check_shapes(struct run *r, bool disk_quota)
{
	static const struct {
		int row;
		enum shape shape;
	} rows[] = {
		{ VZ_SLOT_NUMPROC, EQUAL },	 { VZ_SLOT_NUMTCPSOCK, EQUAL },
		{ VZ_SLOT_NUMOTHERSOCK, EQUAL },	 { VZ_SLOT_VMGUARPAGES, GUARANTEE },
		{ VZ_SLOT_KMEMSIZE, ORDERED },	 { VZ_SLOT_TCPSNDBUF, ORDERED },
		{ VZ_SLOT_TCPRCVBUF, ORDERED },	 { VZ_SLOT_OTHERSOCKBUF, ORDERED },
		{ VZ_SLOT_DGRAMRCVBUF, ORDERED }, { VZ_SLOT_OOMGUARPAGES, GUARANTEE },
		{ VZ_SLOT_PRIVVMPAGES, ORDERED }, { VZ_SLOT_LOCKEDPAGES, ORDERED },
		{ VZ_SLOT_SHMPAGES, EQUAL },	 { VZ_SLOT_PHYSPAGES, NO_LIMIT },
		{ VZ_SLOT_NUMFILE, EQUAL },	 { VZ_SLOT_NUMFLOCK, ORDERED },
		{ VZ_SLOT_NUMPTY, EQUAL },	 { VZ_SLOT_NUMSIGINFO, EQUAL },
		{ VZ_SLOT_DCACHESIZE, ORDERED },	 { VZ_SLOT_NUMIPTENT, EQUAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_shape(r, rows[i].row, rows[i].shape);
	if (disk_quota) {
		check_shape(r, VZ_SLOT_DISKSPACE, ORDERED);
		check_shape(r, VZ_SLOT_DISKINODES, ORDERED);
	}
}

/* ---- one setting against others ---------------------------------------------------- */

/* A barrier of at least @want; the limit keeps its distance. */
static void check_barrier(struct run *r, enum vz_severity severity, int row, uint64_t want)
{
	struct vz_limit v = r->s->v[row], fix = v;

	if (v.barrier >= want)
		return;
	fix.barrier = want;
	fix.limit = v.limit == BC_UNLIMITED ? v.limit : vz_sat_add(v.limit, want - v.barrier);
	report(r, severity, row, &fix,
	       "%s.bar should be at least %" PRIu64 " (currently, %" PRIu64 ")",
	       vz_limitset_name(row), want, v.barrier);
}

/* Above the barrier each socket must find room for one more segment. */
static void check_gap(struct run *r, enum vz_severity severity, int row, int sockets)
{
	uint64_t want = vz_sat_mul(BUFFER_PER_SOCKET, r->s->v[sockets].barrier);
	struct vz_limit v = r->s->v[row], fix = v;
	uint64_t gap = v.limit > v.barrier ? v.limit - v.barrier : 0;

	if (v.limit == BC_UNLIMITED || gap >= want)
		return;
	fix.limit = vz_sat_add(v.barrier, want);
	report(r, severity, row, &fix,
	       "%s.lim-%s.bar should be at least %" PRIu64 " (currently, %" PRIu64 "-%" PRIu64
	       "=%" PRId64 ")",
	       vz_limitset_name(row), vz_limitset_name(row), want, v.limit, v.barrier,
	       (int64_t)(v.limit - v.barrier));
}

static void check_dcache(struct run *r)
{
	uint64_t want = vz_sat_mul(r->s->v[VZ_SLOT_NUMFILE].barrier, DCACHE_PER_FILE);
	struct vz_limit v = r->s->v[VZ_SLOT_DCACHESIZE], fix = v;

	if (v.limit >= want)
		return;
	fix.limit = want;
	report(r, VZ_RULE_WARNING, VZ_SLOT_DCACHESIZE, &fix,
	       "dcachesize.lim should be at least %" PRIu64 " (currently, %" PRIu64 ")", want,
	       v.limit);
}

static void check_privvm(struct run *r)
{
	uint64_t want = r->s->v[VZ_SLOT_VMGUARPAGES].barrier;
	struct vz_limit v = r->s->v[VZ_SLOT_PRIVVMPAGES], fix = v;

	if (v.barrier >= want)
		return;
	fix.barrier = want;
	fix.limit = v.limit < want ? want : v.limit;
	report(r, VZ_RULE_WARNING, VZ_SLOT_PRIVVMPAGES, &fix,
	       "privvmpages.bar should be at least %" PRIu64 " (currently, %" PRIu64 ")", want,
	       v.barrier);
}

static void check_datagrams(struct run *r, int row)
{
	if (r->s->v[row].barrier < SOCKET_BARRIER_MIN)
		check_barrier(r, VZ_RULE_WARNING, row, SOCKET_BARRIER_MIN);
	else
		check_barrier(r, VZ_RULE_ADVICE, row, SOCKET_BARRIER_GOOD);
}

static void check_numfile(struct run *r, uint64_t avnumproc)
{
	const struct vz_limit *v = r->s->v;
	uint64_t want = vz_sat_mul(FILES_PER_PROC, avnumproc);
	uint64_t sockets =
		vz_sat_add(v[VZ_SLOT_NUMTCPSOCK].barrier, v[VZ_SLOT_NUMOTHERSOCK].barrier);

	sockets = vz_sat_add(sockets, v[VZ_SLOT_NUMPTY].barrier);
	check_barrier(r, VZ_RULE_WARNING, VZ_SLOT_NUMFILE, want > sockets ? want : sockets);
}

/* Without these nothing can be said about the others. */
static bool check_needed(struct run *r)
{
	static const int needed[] = {
		VZ_SLOT_NUMPROC,      VZ_SLOT_NUMTCPSOCK,  VZ_SLOT_NUMOTHERSOCK,
		VZ_SLOT_OOMGUARPAGES, VZ_SLOT_VMGUARPAGES, VZ_SLOT_KMEMSIZE,
		VZ_SLOT_TCPSNDBUF,    VZ_SLOT_TCPRCVBUF,   VZ_SLOT_OTHERSOCKBUF,
		VZ_SLOT_DGRAMRCVBUF,  VZ_SLOT_PRIVVMPAGES, VZ_SLOT_NUMFILE,
		VZ_SLOT_DCACHESIZE,   VZ_SLOT_PHYSPAGES,   VZ_SLOT_NUMPTY,
	};
	bool all = true;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		all &= present(r, needed[i]);
	return all;
}

int vz_rules_classic(struct vz_limitset *s, bool disk_quota, vz_found_fn *found, void *arg)
{
	struct run r = { .s = s, .found = found, .arg = arg };
	uint64_t avnumproc, kmem;

	if (!check_needed(&r))
		return r.open;
	check_shapes(&r, disk_quota);
	avnumproc = s->has[VZ_SLOT_AVNUMPROC] ? s->v[VZ_SLOT_AVNUMPROC].barrier :
						s->v[VZ_SLOT_NUMPROC].barrier / 2;
	check_dcache(&r);
	kmem = vz_sat_add(vz_sat_mul(KMEM_PER_PROC, avnumproc), s->v[VZ_SLOT_DCACHESIZE].limit);
	check_barrier(&r, VZ_RULE_ERROR, VZ_SLOT_KMEMSIZE, kmem);
	check_privvm(&r);
	check_gap(&r, VZ_RULE_ERROR, VZ_SLOT_TCPSNDBUF, VZ_SLOT_NUMTCPSOCK);
	check_gap(&r, VZ_RULE_ERROR, VZ_SLOT_OTHERSOCKBUF, VZ_SLOT_NUMOTHERSOCK);
	check_gap(&r, VZ_RULE_WARNING, VZ_SLOT_TCPRCVBUF, VZ_SLOT_NUMTCPSOCK);
	check_barrier(&r, VZ_RULE_WARNING, VZ_SLOT_TCPRCVBUF, TCP_BARRIER_MIN);
	check_barrier(&r, VZ_RULE_WARNING, VZ_SLOT_TCPSNDBUF, TCP_BARRIER_MIN);
	check_datagrams(&r, VZ_SLOT_DGRAMRCVBUF);
	check_datagrams(&r, VZ_SLOT_OTHERSOCKBUF);
	check_numfile(&r, avnumproc);
	return r.open;
}

static void check_vswap(struct run *r, int row, uint64_t most)
{
	struct vz_limit fix;

	if (!present(r, row))
		return;
	fix = r->s->v[row];
	if (fix.barrier) {
		fix.barrier = 0;
		report(r, VZ_RULE_ERROR, row, &fix, "%s.bar should be 0 (currently, %" PRIu64 ")",
		       vz_limitset_name(row), r->s->v[row].barrier);
	}
	fix = r->s->v[row];
	if (fix.limit > most) {
		fix.limit = most;
		report(r, VZ_RULE_WARNING, row, &fix,
		       "%s.lim should be <= %" PRIu64 " (currently, %" PRIu64 ")",
		       vz_limitset_name(row), most, r->s->v[row].limit);
	}
}

int vz_rules_vswap(struct vz_limitset *s, uint64_t ram, uint64_t swap, vz_found_fn *found,
		   void *arg)
{
	struct run r = { .s = s, .found = found, .arg = arg };

	check_vswap(&r, VZ_SLOT_PHYSPAGES, ram);
	check_vswap(&r, VZ_SLOT_SWAPPAGES, swap);
	return r.open;
}
