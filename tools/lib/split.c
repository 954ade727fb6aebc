// SPDX-License-Identifier: GPL-2.0
#include "split.h"

#include <inttypes.h>
#include <stdbool.h>

#include "err.h"
#include "limitset.h"

/* What the host keeps, and what the smallest container needs. */
#define HOST_MEM	52428800
#define CT_MEM		5542912
#define CT_LOW		1348608
#define LOW_SHARE	0.4
#define CT_PROCS	30
#define CT_GUARPAGES	1024
#define CT_TCPBUF	65536
#define CT_DGRAMBUF	32768
#define CT_SOCKBUF	2560

/* Threads that are divided, whatever the kernel allows. */
#define THREADS_SMALL	8000
#define THREADS_LARGE	16000

#define LEVELS		3	/* VZ_SPLIT_FULL has none of its own */

static const struct level {
	double kmem, nproc, avnproc, dcache, privvm;
	int64_t kmem_per_proc, sock_base, sock_per_proc, siginfo, locked, low_min;
} levels[LEVELS] = {
	[VZ_SPLIT_FREE] = { 1, 1, 8, 1.5, 6, 81920, 262144, 4096, 1024, 10, 10485760 },
	[VZ_SPLIT_NORMAL] = { 1.2, 1.5, 5, 1.2, 3, 65536, 131072, 3036, 512, 3, 2097152 },
	[VZ_SPLIT_SHORT] = { 1.8, 2, 3, 1, 1.5, 53248, 65536, 2560, 256, 1, 0 },
};

/* The share of low memory at VZ_SPLIT_FULL, as kmem above. */
#define KMEM_FULL	2.0

/* One container's share while it is being worked out; bytes unless said. */
struct share {
	int64_t total, low, kmem, tcpbuf;
	int64_t guarpages;	/* pages */
	int64_t procs, avprocs;
};

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t clamp64(int64_t v, int64_t low, int64_t high)
{
	return min64(max64(v, low), high);
}

const char *vz_split_level_text(enum vz_split_level level)
{
	static const char *const texts[] = {
		[VZ_SPLIT_FREE] = "Free resource distribution. Any parameters may be increased",
		[VZ_SPLIT_NORMAL] =
			"Normal resource distribution. Secondary parameters may be increased",
		[VZ_SPLIT_SHORT] =
			"Partial resource shortage. Auxiliary parameters may be increased",
		[VZ_SPLIT_FULL] =
			"Overall resource shortage. Please, do not change any parameters!",
	};

	return texts[level];
}

static void divide_memory(const struct vz_split_host *host, uint64_t n, double kmem,
			  struct share *sh)
{
	int64_t page = host->page;

	sh->total = (host->ram + host->swap - HOST_MEM) / n;
	sh->low = (double)host->low * LOW_SHARE * kmem / (double)n;
	sh->guarpages = (sh->total - sh->low) / page;
	if (sh->guarpages < CT_GUARPAGES) {
		sh->guarpages = CT_GUARPAGES;
		sh->low = sh->total - CT_GUARPAGES * page;
	}
}

static int64_t threads_of(const struct vz_split_host *host)
{
	return min64(host->threads, host->low > 2ULL << 30 ? THREADS_LARGE : THREADS_SMALL);
}

static bool try_level(const struct vz_split_host *host, uint64_t n, const struct level *l,
		      struct share *sh)
{
	divide_memory(host, n, l->kmem, sh);
	sh->kmem = sh->low / 2;
	sh->tcpbuf = (sh->low - sh->kmem) / 3;
	sh->avprocs = sh->kmem / l->kmem_per_proc;
	if (sh->low < l->low_min || sh->avprocs < CT_PROCS / 2)
		return false;
	sh->procs = l->nproc * (double)threads_of(host) / (double)n;
	sh->procs = clamp64(max64(sh->procs, CT_PROCS), 2 * sh->avprocs,
			    l->avnproc * (double)sh->avprocs);
	return sh->tcpbuf >= l->sock_base + l->sock_per_proc * sh->procs;
}

static void put(struct vz_limitset *out, int row, int64_t barrier, int64_t limit)
{
	vz_limitset_put(out, row, barrier, limit);
}

static void put_both(struct vz_limitset *out, int row, int64_t value)
{
	vz_limitset_put(out, row, value, value);
}

static void put_buffers(struct vz_limitset *out, const struct level *l, const struct share *sh)
{
	int64_t gap = l->sock_per_proc * sh->procs, rest = sh->tcpbuf - gap;

	put(out, VZ_SLOT_TCPSNDBUF, rest, sh->tcpbuf);
	put(out, VZ_SLOT_TCPRCVBUF, rest, sh->tcpbuf);
	put(out, VZ_SLOT_OTHERSOCKBUF, rest / 2, rest / 2 + gap);
	put_both(out, VZ_SLOT_DGRAMRCVBUF, rest / 2);
}

/* As few processes and as small buffers as it takes. */
static bool try_full(const struct vz_split_host *host, uint64_t n, struct share *sh,
		     struct vz_limitset *out)
{
	const struct level *l = &levels[VZ_SPLIT_SHORT];
	int64_t gap, rest;

	divide_memory(host, n, KMEM_FULL, sh);
	sh->procs = l->nproc * (double)threads_of(host) / (double)n;
	do {
		sh->procs = max64(sh->procs / 2, CT_PROCS);
		sh->avprocs = sh->procs / 2;
		gap = CT_SOCKBUF * sh->procs;
		sh->kmem = sh->low - 2 * (CT_DGRAMBUF + CT_TCPBUF + gap);
		rest = sh->kmem - sh->avprocs * l->kmem_per_proc;
	} while (rest < 0 && sh->procs > CT_PROCS);
	if (rest < 0)
		return false;
	put_both(out, VZ_SLOT_DGRAMRCVBUF, CT_DGRAMBUF);
	put(out, VZ_SLOT_OTHERSOCKBUF, CT_DGRAMBUF, CT_DGRAMBUF + gap);
	put(out, VZ_SLOT_TCPSNDBUF, CT_TCPBUF, CT_TCPBUF + gap);
	put(out, VZ_SLOT_TCPRCVBUF, CT_TCPBUF, CT_TCPBUF + min64(rest, gap));
	return true;
}

/* Address space; no more of it is guaranteed than can be had. */
static int64_t put_pages(const struct vz_split_host *host, uint64_t n, struct vz_limitset *out,
			 const struct level *l, const struct share *sh)
{
	int64_t guar = sh->guarpages, privvm = l->privvm * (double)guar;

	if (privvm > sh->total / (int64_t)host->page)
		privvm = guar;
	if (n > 1)
		privvm = min64(privvm, 0.6 * (double)host->ram / (double)host->page);
	guar = min64(guar, privvm);
	put(out, VZ_SLOT_PRIVVMPAGES, privvm, (double)privvm * 1.1);
	put(out, VZ_SLOT_VMGUARPAGES, guar, BC_UNLIMITED);
	put(out, VZ_SLOT_OOMGUARPAGES, guar, BC_UNLIMITED);
	put(out, VZ_SLOT_PHYSPAGES, 0, BC_UNLIMITED);
	put_both(out, VZ_SLOT_SHMPAGES, (double)privvm * 0.1);
	return privvm;
}

static void put_items(uint64_t n, struct vz_limitset *out, const struct level *l,
		      const struct share *sh)
{
	int64_t numfile = 32 * sh->avprocs, flocks = min64((double)numfile * 0.1, 1000);
	int64_t dcache = (double)numfile * l->dcache * 384;

	put_both(out, VZ_SLOT_NUMPROC, sh->procs);
	put_both(out, VZ_SLOT_AVNUMPROC, sh->avprocs);
	put_both(out, VZ_SLOT_NUMTCPSOCK, sh->procs);
	put_both(out, VZ_SLOT_NUMOTHERSOCK, sh->procs);
	put(out, VZ_SLOT_KMEMSIZE, sh->kmem, (double)sh->kmem * 1.1);
	put_both(out, VZ_SLOT_LOCKEDPAGES, max64(sh->kmem * l->locked / 204800, 4));
	put_both(out, VZ_SLOT_NUMFILE, numfile);
	put(out, VZ_SLOT_NUMFLOCK, flocks, (double)flocks * 1.1);
	put_both(out, VZ_SLOT_NUMPTY, clamp64((double)sh->procs * 0.1, 4, 512));
	put_both(out, VZ_SLOT_NUMSIGINFO, l->siginfo);
	put(out, VZ_SLOT_DCACHESIZE, (double)dcache / 1.03, dcache);
	put_both(out, VZ_SLOT_NUMIPTENT, clamp64(2000 / n, 4, 200));
}

uint64_t vz_split_share(uint64_t total, uint64_t keep, uint64_t least, uint64_t n)
{
	total = total / 2 < keep ? total / 2 : total - keep;
	return total / least < n ? 0 : total / (2 * n);
}

/* What is taken if the disk is not known or cannot be divided. */
#define DISK_KB		225280
#define DISK_INODES	88000
#define HOST_DISK_KB	10485760
#define HOST_INODES	100000

static void put_disk(const struct vz_split_host *host, uint64_t n, struct vz_limitset *out)
{
	uint64_t kb = vz_split_share(host->disk_kb, HOST_DISK_KB, DISK_KB, n);
	uint64_t inodes = vz_split_share(host->inodes, HOST_INODES, DISK_INODES, n);

	if (!kb || !inodes) {
		kb = DISK_KB;
		inodes = DISK_INODES;
	}
	put(out, VZ_SLOT_DISKSPACE, (double)kb / 1.1, kb);
	put(out, VZ_SLOT_DISKINODES, (double)inodes / 1.1, inodes);
}

static int check_size(const struct vz_split_host *host, uint64_t n, struct vz_err *e)
{
	uint64_t all = host->ram + host->swap, most, most_low;

	if (host->ram < HOST_MEM || host->low < HOST_MEM || !n)
		return vz_err_set(e, VZ_EXIT_NO_RESOURCES,
				  "a host with %" PRIu64 " MB of memory cannot be divided",
				  host->ram >> 20);
	most = (all - HOST_MEM) / CT_MEM;
	most_low = (host->low - HOST_MEM) / CT_LOW;
	if (most_low < most)
		most = most_low;
	if (n > most)
		return vz_err_set(e, VZ_EXIT_NO_RESOURCES,
				  "%" PRIu64
				  " MB of memory (RAM + swap) are not enough for %" PRIu64
				  " containers; the maximum is %" PRIu64,
				  all >> 20, n, most);
	return 0;
}

int vz_split(const struct vz_split_host *host, uint64_t n, struct vz_limitset *out, uint64_t *ram,
	     struct vz_err *e)
{
	const struct level *l = &levels[VZ_SPLIT_SHORT];
	struct share sh = { 0 };
	int level;

	*out = (struct vz_limitset){ 0 };
	if (check_size(host, n, e))
		return -1;
	for (level = 0; level < LEVELS; level++)
		if (try_level(host, n, &levels[level], &sh))
			break;
	if (level < LEVELS) {
		l = &levels[level];
		put_buffers(out, l, &sh);
	} else if (!try_full(host, n, &sh, out)) {
		return vz_err_set(e, VZ_EXIT_NO_RESOURCES,
				  "Fatal resource shortage, try to decrease the number of "
				  "containers");
	}
	put_items(n, out, l, &sh);
	*ram = put_pages(host, n, out, l, &sh);
	put_disk(host, n, out);
	return level;
}
