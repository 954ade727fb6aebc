// SPDX-License-Identifier: GPL-2.0
/* The formulas of vzcfgvalidate, vzmemcheck, vzcalc and vzsplit. */
#include "tap.h"

#include <math.h>

#include "lib/advise.h"
#include "lib/conf.h"
#include "lib/counters.h"
#include "lib/err.h"
#include "lib/implied.h"
#include "lib/limitset.h"
#include "lib/memuse.h"
#include "lib/refusal.h"
#include "lib/rules.h"
#include "lib/split.h"
#include "lib/str.h"

#define PAGE	4096

/* ---- rules --------------------------------------------------------------------- */

static struct vz_buf said;
static bool repair;

static bool found(const struct vz_finding *f, void *arg)
{
	(void)arg;
	vz_buf_addf(&said, "%s\n", f->text);
	return repair && f->has_fix;
}

/* What was said since the last time. */
static char *text_said(void)
{
	static char *text;

	free(text);
	text = vz_buf_steal(&said, NULL);
	return text;
}

static char *classic(struct vz_limitset *s, int *open)
{
	vz_buf_addc(&said, '>');
	*open = vz_rules_classic(s, true, found, NULL);
	return text_said();
}

static struct vz_limitset sample(const char *path)
{
	struct vz_err e = { 0 };
	struct vz_conf *c = vz_conf_load(path, &e);
	struct vz_limitset s = { 0 };

	if (!c || vz_limitset_read(&s, c, &e))
		FAIL("%s", e.msg);
	vz_conf_free(c);
	return s;
}

/* What the classic tools shipped. */
static struct vz_limitset basic(void)
{
	return sample("data/ve-classic.conf");
}

TEST(samples_are_consistent)
{
	struct vz_limitset s = sample("../conf/ve-basic.conf-sample");
	int open;

	CHECK_STR(classic(&s, &open), ">");
	CHECK(open == 0);
	s = sample("../conf/ve-light.conf-sample");
	CHECK_STR(classic(&s, &open), ">");
	CHECK(open == 0);
	CHECK(!vz_limitset_is_vswap(&s));
}

/* One broken limit: what is said, and what repairs it. */
static void expect(int row, uint64_t barrier, uint64_t limit, const char *text, uint64_t fixed,
		   uint64_t fixed_limit)
{
	struct vz_limitset s = basic();
	char want[256];
	int open;

	snprintf(want, sizeof(want), ">%s\n", text);
	vz_limitset_put(&s, row, barrier, limit);
	repair = false;
	CHECK_STR(classic(&s, &open), want);
	CHECK_U64(open, strncmp(text, "Recommendation", 14) != 0);
	CHECK_U64(s.v[row].barrier, barrier);
	repair = true;
	CHECK_STR(classic(&s, &open), want);
	CHECK_U64(open, 0);
	CHECK_U64(s.v[row].barrier, fixed);
	CHECK_U64(s.v[row].limit, fixed_limit);
	repair = false;
	classic(&s, &open);
	CHECK_U64(open, 0);
}

TEST(equal)
{
	expect(VZ_SLOT_NUMPROC, 240, 250,
	       "Error: barrier should be equal to limit for numproc (currently, 240:250)", 250,
	       250);
	expect(VZ_SLOT_NUMIPTENT, 9, 8,
	       "Error: barrier should be equal to limit for numiptent (currently, 9:8)", 9, 9);
}

TEST(ordered)
{
	expect(VZ_SLOT_LOCKEDPAGES, 5, 4,
	       "Error: barrier should be <= limit for lockedpages (currently, 5:4)", 5, 5);
	expect(VZ_SLOT_DISKSPACE, 2, 1,
	       "Error: barrier should be <= limit for diskspace (currently, 2:1)", 2, 2);
}

TEST(guarantees)
{
	expect(VZ_SLOT_VMGUARPAGES, 7, 7,
	       "Error: limit should be unlimited for vmguarpages (currently, 7:7)", 7,
	       BC_UNLIMITED);
	expect(VZ_SLOT_PHYSPAGES, 7, BC_UNLIMITED,
	       "Error: barrier should be 0 for physpages (currently, 7:unlimited)", 0,
	       BC_UNLIMITED);
	expect(VZ_SLOT_PHYSPAGES, 0, 65536,
	       "Error: limit should be unlimited for physpages (currently, 0:65536)", 0,
	       BC_UNLIMITED);
}

TEST(formulas)
{
	/* numfile 9312 * 384; one below it */
	expect(VZ_SLOT_DCACHESIZE, 3409920, 3575807,
	       "Warning: dcachesize.lim should be at least 3575808 (currently, 3575807)", 3409920,
	       3575808);
	/* 40 KB * 180 + dcachesize.limit 3624960 */
	expect(VZ_SLOT_KMEMSIZE, 10997759, 12000000,
	       "Error: kmemsize.bar should be at least 10997760 (currently, 10997759)", 10997760,
	       12000001);
	expect(VZ_SLOT_PRIVVMPAGES, 33791, 33791,
	       "Warning: privvmpages.bar should be at least 33792 (currently, 33791)", 33792,
	       33792);
	/* 2.5 KB * 360 */
	expect(VZ_SLOT_TCPSNDBUF, 100000, 1021599,
	       "Error: tcpsndbuf.lim-tcpsndbuf.bar should be at least 921600 "
	       "(currently, 1021599-100000=921599)",
	       100000, 1021600);
	expect(VZ_SLOT_OTHERSOCKBUF, 200000, 1121599,
	       "Error: othersockbuf.lim-othersockbuf.bar should be at least 921600 "
	       "(currently, 1121599-200000=921599)",
	       200000, 1121600);
	expect(VZ_SLOT_TCPRCVBUF, 65536, 65536,
	       "Warning: tcprcvbuf.lim-tcprcvbuf.bar should be at least 921600 "
	       "(currently, 65536-65536=0)",
	       65536, 987136);
	expect(VZ_SLOT_TCPSNDBUF, 65535, 1000000,
	       "Warning: tcpsndbuf.bar should be at least 65536 (currently, 65535)", 65536,
	       1000001);
	expect(VZ_SLOT_DGRAMRCVBUF, 32767, 40000,
	       "Warning: dgramrcvbuf.bar should be at least 32768 (currently, 32767)", 32768,
	       40001);
	expect(VZ_SLOT_NUMFILE, 5759, 5759,
	       "Warning: numfile.bar should be at least 5760 (currently, 5759)", 5760, 5760);
}

TEST(a_recommendation_is_no_failure)
{
	expect(VZ_SLOT_DGRAMRCVBUF, 32768, 32768,
	       "Recommendation: dgramrcvbuf.bar should be at least 132096 (currently, 32768)",
	       132096, 132096);
}

TEST(sockets_need_files)
{
	struct vz_limitset s = basic();
	int open;

	vz_limitset_put(&s, VZ_SLOT_AVNUMPROC, 1, 1);
	vz_limitset_put(&s, VZ_SLOT_NUMFILE, 735, 735);
	CHECK_STR(classic(&s, &open),
		  ">Warning: numfile.bar should be at least 736 (currently, 735)\n");
	/* Without the hint: half of numproc. */
	s.has[VZ_SLOT_AVNUMPROC] = false;
	CHECK_STR(classic(&s, &open),
		  ">Warning: numfile.bar should be at least 3840 (currently, 735)\n");
}

TEST(missing)
{
	struct vz_limitset s = basic();
	int open;

	/* Of those that nothing is compared with, only themselves. */
	s.has[VZ_SLOT_NUMIPTENT] = false;
	CHECK_STR(classic(&s, &open), ">Error: parameter numiptent not found\n");
	CHECK_U64(open, 1);
	s.has[VZ_SLOT_NUMPROC] = s.has[VZ_SLOT_KMEMSIZE] = false;
	repair = true;
	CHECK_STR(classic(&s, &open), ">Error: parameter numproc not found\n"
				      "Error: parameter kmemsize not found\n");
	CHECK_U64(open, 2);
	repair = false;
}

TEST(unlimited_is_consistent)
{
	struct vz_limitset s = { 0 };
	int open;

	for (int row = 0; row < VZ_SLOT_END; row++)
		if (vz_limitset_param(row))
			vz_limitset_put(&s, row, BC_UNLIMITED, BC_UNLIMITED);
	vz_limitset_put(&s, VZ_SLOT_PHYSPAGES, 0, BC_UNLIMITED);
	CHECK_STR(classic(&s, &open), ">");
}

TEST(vswap_rules)
{
	struct vz_limitset s = { 0 };

	vz_limitset_put(&s, VZ_SLOT_PHYSPAGES, 1, 65536);
	CHECK(vz_limitset_is_vswap(&s));
	vz_buf_addc(&said, '>');
	CHECK_U64(vz_rules_vswap(&s, 65535, 0, found, NULL), 3);
	CHECK_STR(text_said(), ">Error: physpages.bar should be 0 (currently, 1)\n"
			       "Warning: physpages.lim should be <= 65535 (currently, 65536)\n"
			       "Error: parameter swappages not found\n");
	vz_limitset_put(&s, VZ_SLOT_SWAPPAGES, 0, 9);
	repair = true;
	CHECK_U64(vz_rules_vswap(&s, 65535, 8, found, NULL), 0);
	repair = false;
	vz_buf_free(&said);
	CHECK_U64(s.v[VZ_SLOT_PHYSPAGES].barrier, 0);
	CHECK_U64(s.v[VZ_SLOT_PHYSPAGES].limit, 65535);
	CHECK_U64(s.v[VZ_SLOT_SWAPPAGES].limit, 8);
	/* INT_MAX is how 32-bit hosts wrote unlimited. */
	vz_limitset_put(&s, VZ_SLOT_PHYSPAGES, 0, INT32_MAX);
	CHECK(!vz_limitset_is_vswap(&s));
}

/* What a configuration implies, in one line: locked vmguar oomguar privvm. */
static char *implied(const char *text)
{
	static const char *const keys[] = { "LOCKEDPAGES", "VMGUARPAGES", "OOMGUARPAGES",
					    "PRIVVMPAGES" };
	struct vz_err e = { 0 };
	struct vz_conf *c = vz_conf_parse(text, strlen(text), "test", &e);
	struct vz_conf *to = vz_conf_new();

	if (!c || vz_implied(to, c, &e))
		vz_buf_addf(&said, "exit %d", e.code);
	else
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			vz_buf_addf(&said, "%s ", vz_conf_get(to, keys[i]) ?: "-");
	vz_conf_free(c);
	vz_conf_free(to);
	return text_said();
}

TEST(implied_by_ram_and_swap)
{
	CHECK_STR(implied("PHYSPAGES=0:1000\nSWAPPAGES=0:500\n"),
		  "1000:1000 1500:unlimited 1000:unlimited unlimited:unlimited ");
	CHECK_STR(implied("PHYSPAGES=0:1000\nSWAPPAGES=0:500\nVM_OVERCOMMIT=1.5\n"),
		  "1000:1000 1500:unlimited 1000:unlimited 2250:2250 ");
	CHECK_STR(implied("PHYSPAGES=0:1000\nVM_OVERCOMMIT=0.333\nVMGUARPAGES=7\n"),
		  "1000:1000 - 1000:unlimited 333:333 ");
	CHECK_STR(implied("PHYSPAGES=0:1000\nSWAPPAGES=0:unlimited\nVM_OVERCOMMIT=2\n"),
		  "1000:1000 unlimited:unlimited 1000:unlimited unlimited:unlimited ");
	CHECK_STR(implied("PHYSPAGES=0:1000\nVM_OVERCOMMIT=0\nPRIVVMPAGES=5\n"),
		  "1000:1000 1000:unlimited 1000:unlimited - ");
	CHECK_STR(implied("PHYSPAGES=0:unlimited\nVM_OVERCOMMIT=2\n"), "- - - - ");
	CHECK_STR(implied("NUMPROC=5\n"), "- - - - ");
	CHECK_STR(implied("PHYSPAGES=0:9\nVM_OVERCOMMIT=-1\n"), "exit 21");
	CHECK_STR(implied("PHYSPAGES=0:x\n"), "exit 21");
}

/* One shape: the larger ones are multiples of the smallest. */
TEST(vswap_samples)
{
	static const char *const names[] = { "256m", "512m", "1024m", "2g", "4g" };
	struct vz_limitset first = sample("../conf/ve-vswap-256m.conf-sample");

	for (unsigned int i = 0; i < 5; i++) {
		char path[64];
		struct vz_limitset s;

		snprintf(path, sizeof(path), "../conf/ve-vswap-%s.conf-sample", names[i]);
		s = sample(path);
		CHECK(vz_limitset_is_vswap(&s));
		CHECK_U64(s.v[VZ_SLOT_PHYSPAGES].limit, 65536ULL << i);
		for (int row = 0; row < BC_ROWS; row++) {
			CHECK(s.has[row] == first.has[row]);
			if (row != VZ_SLOT_NUMPTY)
				CHECK_U64(s.v[row].limit, first.v[row].limit << i);
		}
	}
}

TEST(saturation)
{
	CHECK_U64(vz_sat_add(1, 2), 3);
	CHECK_U64(vz_sat_add(BC_UNLIMITED, 1), BC_UNLIMITED);
	CHECK_U64(vz_sat_mul(BC_UNLIMITED / 2, 3), BC_UNLIMITED);
	CHECK_U64(vz_sat_mul(UINT64_MAX, UINT64_MAX), BC_UNLIMITED);
}

/* ---- memory use ------------------------------------------------------------------ */

static const char meminfo[] = "MemTotal:       24620000 kB\n"
			      "MemFree:         1000000 kB\n"
			      "SwapCached:            7 kB\n"
			      "SwapTotal:             0 kB\n";

static void check_percent(const struct vz_mem *mem, const double *use, int which, const char *want)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", use[which] / vz_memuse_base(mem, which) * 100);
	CHECK_STR(text, want);
}

/* The numbers of the classic tools for ve-basic on this host. */
TEST(memory_use)
{
	uint64_t held[BC_ROWS] = { 0 };
	struct vz_limitset s = basic();
	double use[VZ_MEMUSE_N];
	struct vz_mem mem;

	held[VZ_SLOT_KMEMSIZE] = 1500000;
	held[VZ_SLOT_PRIVVMPAGES] = 5000;
	held[VZ_SLOT_PHYSPAGES] = held[VZ_SLOT_OOMGUARPAGES] = 3000;
	CHECK(vz_mem_parse(meminfo, &mem));
	CHECK_U64(mem.ram, 24620000ULL << 10);
	CHECK_U64(mem.low, mem.ram);
	CHECK_U64(mem.swap, 0);
	vz_memuse_held(held, PAGE, use);
	vz_memuse_limits(&s, PAGE, use);
	CHECK(use[VZ_LOW_COMMIT] == 14790164 + 2.0 * 2703360 + 262144 + 2097152);
	check_percent(&mem, use, VZ_LOW_UTIL, "0.01");
	check_percent(&mem, use, VZ_LOW_COMMIT, "0.22");
	check_percent(&mem, use, VZ_RAM_UTIL, "0.05");
	check_percent(&mem, use, VZ_MEMSWAP_UTIL, "0.05");
	check_percent(&mem, use, VZ_MEMSWAP_COMMIT, "0.51");
	check_percent(&mem, use, VZ_ALLOC_UTIL, "0.09");
	check_percent(&mem, use, VZ_ALLOC_COMMIT, "0.64");
	check_percent(&mem, use, VZ_ALLOC_LIMIT, "1.22");
	vz_limitset_put(&s, VZ_SLOT_TCPSNDBUF, 1, BC_UNLIMITED);
	vz_memuse_limits(&s, PAGE, use);
	CHECK(isinf(use[VZ_LOW_COMMIT]) && isinf(use[VZ_ALLOC_LIMIT]));
}

TEST(meminfo_forms)
{
	struct vz_mem mem;

	CHECK(!vz_mem_parse("", &mem));
	CHECK(!vz_mem_parse("NoMemTotal: 5 kB\n", &mem));
	CHECK(!vz_mem_parse("MemTotal: 0 kB\n", &mem));
	/* No swap at all counts as one byte; low memory where there is such a thing. */
	CHECK(vz_mem_parse("X: 1\nMemTotal: 100 kB\nLowTotal: 50 kB", &mem));
	CHECK_U64(mem.swap, 1);
	CHECK(!mem.has_swap);
	CHECK_U64(mem.low, 51200);
	CHECK(vz_memuse_base(&mem, VZ_LOW_COMMIT) == 0.4 * 51200);
	CHECK(vz_memuse_base(&mem, VZ_RAM_UTIL) == 102400);
	CHECK(vz_memuse_base(&mem, VZ_ALLOC_LIMIT) == 102401);
}

/* ---- division --------------------------------------------------------------------- */

static struct vz_split_host host_of(uint64_t mb)
{
	return (struct vz_split_host){
		.ram = mb << 20,
		.low = mb << 20,
		.swap = mb << 20,
		.threads = 30000,
		.page = PAGE,
		.disk_kb = 100 << 20,
		.inodes = 6000000,
	};
}

TEST(split_numbers)
{
	struct vz_split_host h = host_of(4096);
	struct vz_err e = { 0 };
	struct vz_limitset s;
	uint64_t ram;

	CHECK(vz_split(&h, 10, &s, &ram, &e) == VZ_SPLIT_FREE);
	/* low 171798691, kmem half of it, 1048 processes of 80 KB; 16000 threads / 10 = 1600 */
	CHECK_U64(s.v[VZ_SLOT_KMEMSIZE].barrier, 85899345);
	CHECK_U64(s.v[VZ_SLOT_KMEMSIZE].limit, 94489279);
	CHECK_U64(s.v[VZ_SLOT_AVNUMPROC].barrier, 1048);
	CHECK_U64(s.v[VZ_SLOT_NUMPROC].limit, 2096);	/* twice the average */
	CHECK_U64(s.v[VZ_SLOT_NUMFILE].limit, 33536);
	CHECK_U64(s.v[VZ_SLOT_DCACHESIZE].limit, 19316736);
	CHECK_U64(s.v[VZ_SLOT_DCACHESIZE].barrier, 18754112);
	CHECK_U64(s.v[VZ_SLOT_TCPSNDBUF].limit, 28633115);
	CHECK_U64(s.v[VZ_SLOT_TCPSNDBUF].barrier, 28633115 - 4096 * 2096);
	CHECK_U64(s.v[VZ_SLOT_DGRAMRCVBUF].limit, (28633115 - 4096 * 2096) / 2);
	CHECK_U64(s.v[VZ_SLOT_NUMFLOCK].barrier, 1000);
	CHECK_U64(s.v[VZ_SLOT_NUMFLOCK].limit, 1100);
	CHECK_U64(s.v[VZ_SLOT_NUMPTY].limit, 209);
	CHECK_U64(s.v[VZ_SLOT_NUMSIGINFO].limit, 1024);
	CHECK_U64(s.v[VZ_SLOT_NUMIPTENT].limit, 200);
	CHECK_U64(s.v[VZ_SLOT_LOCKEDPAGES].limit, 4194);
	/* (8192 MB - 50 MB) / 10 less kernel memory */
	CHECK_U64(s.v[VZ_SLOT_VMGUARPAGES].barrier, 166492);
	CHECK_U64(ram, s.v[VZ_SLOT_PRIVVMPAGES].barrier);
	CHECK_U64(s.v[VZ_SLOT_DISKSPACE].limit, ((100 << 20) - 10485760) / 20);
	CHECK_U64(s.v[VZ_SLOT_DISKINODES].limit, 5900000 / 20);
}

TEST(split_has_an_end)
{
	struct vz_split_host h = host_of(256);
	struct vz_err e = { 0 };
	struct vz_limitset s;
	uint64_t ram;

	CHECK(vz_split(&h, 1000, &s, &ram, &e) == -1);
	CHECK_U64(e.code, VZ_EXIT_NO_RESOURCES);
	CHECK_STR(e.msg, "512 MB of memory (RAM + swap) are not enough for 1000 containers; "
			 "the maximum is 87");
	h = host_of(10);
	CHECK(vz_split(&h, 1, &s, &ram, &e) == -1);
	/* A disk that cannot be divided: the defaults. */
	h = host_of(1024);
	h.disk_kb = 1 << 20;
	CHECK(vz_split(&h, 5, &s, &ram, &e) >= 0);
	CHECK_U64(s.v[VZ_SLOT_DISKSPACE].limit, 225280);
	CHECK_U64(s.v[VZ_SLOT_DISKINODES].limit, 88000);
}

/* Whatever the host: the parts are consistent, and do not promise more than there is. */
TEST(split_is_consistent)
{
	int levels = 0;

	for (uint64_t mb = 64; mb <= 1 << 20; mb = mb * 5 / 4) {
		struct vz_split_host h = host_of(mb);

		for (uint64_t n = 1; n < 5000; n = n * 3 / 2 + 1) {
			struct vz_limitset s;
			uint64_t ram;
			int level = vz_split(&h, n, &s, &ram, NULL), open;
			const char *text;

			if (level < 0)
				continue;
			levels |= 1 << level;
			text = classic(&s, &open);
			/* The tightest level saves on receive buffers. */
			if (open && !(level == VZ_SPLIT_FULL && open == 1 &&
				      strstr(text, "tcprcvbuf.lim-tcprcvbuf.bar")))
				FAIL("%" PRIu64 " MB, %" PRIu64 " containers, level %d: %s", mb, n,
				     level, text);
			if (s.v[VZ_SLOT_VMGUARPAGES].barrier * n * PAGE > h.ram + h.swap)
				FAIL("%" PRIu64 " MB, %" PRIu64 " containers: too much is promised",
				     mb, n);
		}
	}
	CHECK_U64(levels, 15);
}

/* ---- advice ------------------------------------------------------------------------ */

static struct vz_row row_of(int resource, uint64_t maxheld, uint64_t barrier, uint64_t limit,
			    uint64_t failcnt)
{
	return (struct vz_row){
		.resource = resource,
		.state = BC_STATE_ENFORCED,
		.n = { [VZ_MAXHELD] = maxheld,
		       [VZ_BARRIER] = barrier,
		       [VZ_LIMIT] = limit,
		       [VZ_FAILCNT] = failcnt },
	};
}

static void advised(const struct vz_row *row, const struct vz_refusal *last, bool lower,
		    uint64_t barrier, uint64_t limit, const char *reason)
{
	struct vz_advice a;

	if (!vz_advise(row, last, lower, &a)) {
		FAIL("no advice, not %s", reason);
		return;
	}
	CHECK_U64(a.want.barrier, barrier);
	CHECK_U64(a.want.limit, limit);
	CHECK_STR(a.reason, reason);
}

TEST(advice)
{
	struct vz_row r = row_of(VZ_SLOT_NUMPROC, 100, 240, 240, 0);
	struct vz_advice a;

	CHECK(!vz_advise(&r, NULL, true, &a));
	/* near */
	r = row_of(VZ_SLOT_NUMPROC, 192, 240, 240, 0);
	advised(&r, NULL, false, 290, 290, "192 of 240 were held");
	/* nothing bounds it; a tenth between barrier and limit, and never less than "light" */
	r = row_of(VZ_SLOT_PRIVVMPAGES, 10000, BC_UNLIMITED, BC_UNLIMITED, 0);
	advised(&r, NULL, false, 15000, 16500, "nothing bounds it; at most 10000 were held");
	r = row_of(VZ_SLOT_NUMFILE, 3, BC_UNLIMITED, BC_UNLIMITED, 0);
	advised(&r, NULL, false, 512, 512, "nothing bounds it; at most 3 were held");
	/* the distance stays */
	r = row_of(VZ_SLOT_TCPSNDBUF, 1720320, 1720320, 2703360, 0);
	advised(&r, NULL, false, 2600000, 2600000 + 983040, "1720320 of 1720320 were held");
	/* far: only if asked */
	r = row_of(VZ_SLOT_NUMPROC, 50, 240, 240, 0);
	CHECK(!vz_advise(&r, NULL, false, &a));
	advised(&r, NULL, true, 75, 75, "never more than 50 of 240 were held");
	r = row_of(VZ_SLOT_NUMPROC, 1, 40, 40, 0);
	CHECK(!vz_advise(&r, NULL, true, &a));
	/* not counted, or nothing to be refused: nothing can be said */
	r = row_of(VZ_SLOT_NUMPROC, 240, 240, 240, 9);
	r.state = BC_STATE_NOT_ENFORCED;
	CHECK(!vz_advise(&r, NULL, true, &a));
	r = row_of(VZ_SLOT_PHYSPAGES, 240, 0, 240, 9);
	CHECK(!vz_advise(&r, NULL, true, &a));
	r = row_of(VZ_SLOT_VMGUARPAGES, 0, 0, BC_UNLIMITED, 0);
	CHECK(!vz_advise(&r, NULL, true, &a));
	r = row_of(VZ_NO_RESOURCE, 240, 240, 240, 9);
	CHECK(!vz_advise(&r, NULL, true, &a));
	/* no number is too large */
	r = row_of(VZ_SLOT_KMEMSIZE, BC_UNLIMITED - 1, BC_UNLIMITED - 1, BC_UNLIMITED - 1, 1);
	CHECK(vz_advise(&r, NULL, true, &a));
	CHECK_U64(a.want.barrier, BC_UNLIMITED);
	CHECK_U64(a.want.limit, BC_UNLIMITED);
}

TEST(advice_after_refusals)
{
	struct vz_refusal last = { .asked = 1, .held = 240, .barrier = 240, .limit = 240 };
	struct vz_row r = row_of(VZ_SLOT_NUMPROC, 240, 240, 240, 7);
	struct vz_advice a;

	advised(&r, NULL, false, 360, 360, "7 refused at 240");
	advised(&r, &last, false, 370, 370, "7 refused at 240"); /* 241 and half of it */
	/* Once followed, the same count says nothing, on record or not. */
	r = row_of(VZ_SLOT_NUMPROC, 240, 360, 360, 7);
	CHECK(!vz_advise(&r, &last, false, &a));
	CHECK(!vz_advise(&r, NULL, false, &a));
	/* One large request, far below the limit. */
	last = (struct vz_refusal){ .asked = 80000, .held = 5000, .barrier = 65536, .limit = 69632 };
	r = row_of(VZ_SLOT_PRIVVMPAGES, 6000, 65536, 69632, 2);
	advised(&r, &last, false, 130000, 143000, "2 refused at 65536, the last asked for 80000");
	/* One that is out of all proportion. */
	last.asked = 1ULL << 40;
	advised(&r, &last, false, 99000, 108900,
		"2 refused at 65536, the last asked for 1099511627776");
}

TAP_MAIN
