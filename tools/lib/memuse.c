// SPDX-License-Identifier: GPL-2.0
#include "memuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "limitset.h"

/* Part of low memory that containers may have: the rest is the kernel's own. */
#define LOW_SHARE	0.4

static const int kmem_net[] = {
	VZ_SLOT_KMEMSIZE,    VZ_SLOT_TCPRCVBUF,	   VZ_SLOT_TCPSNDBUF,
	VZ_SLOT_DGRAMRCVBUF, VZ_SLOT_OTHERSOCKBUF,
};

#define N_KMEM_NET	(sizeof(kmem_net) / sizeof(kmem_net[0]))

/* "Name:   123 kB" at the start of a line. */
static bool find_kb(const char *text, const char *name, uint64_t *bytes)
{
	size_t len = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, len) && text[len] == ':') {
			unsigned long long kb = strtoull(text + len + 1, NULL, 10);

			*bytes = vz_sat_mul(kb, 1024);
			return true;
		}
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return false;
}

bool vz_mem_parse(const char *meminfo, struct vz_mem *out)
{
	*out = (struct vz_mem){ .swap = 1 };
	if (!find_kb(meminfo, "MemTotal", &out->ram) || !out->ram)
		return false;
	if (!find_kb(meminfo, "LowTotal", &out->low))
		out->low = out->ram;
	out->has_swap = find_kb(meminfo, "SwapTotal", &out->swap);
	return true;
}

static double amount(uint64_t value, uint64_t unit)
{
	return value == BC_UNLIMITED ? INFINITY : (double)value * (double)unit;
}

void vz_memuse_held(const uint64_t *held, uint64_t page, double use[VZ_MEMUSE_N])
{
	double kernel = 0;

	for (size_t i = 0; i < N_KMEM_NET; i++)
		kernel += (double)held[kmem_net[i]];
	use[VZ_LOW_UTIL] = kernel;
	use[VZ_RAM_UTIL] = amount(held[VZ_SLOT_PHYSPAGES], page) + kernel;
	use[VZ_MEMSWAP_UTIL] = amount(held[VZ_SLOT_OOMGUARPAGES], page) + kernel;
	use[VZ_ALLOC_UTIL] = amount(held[VZ_SLOT_PRIVVMPAGES], page) + kernel;
}

void vz_memuse_limits(const struct vz_limitset *limits, uint64_t page, double use[VZ_MEMUSE_N])
{
	const struct vz_limit *v = limits->v;
	double kernel = 0;

	for (size_t i = 0; i < N_KMEM_NET; i++)
		kernel += amount(v[kmem_net[i]].limit, 1);
	use[VZ_LOW_COMMIT] = kernel;
	use[VZ_MEMSWAP_COMMIT] = amount(v[VZ_SLOT_OOMGUARPAGES].barrier, page) + kernel;
	use[VZ_ALLOC_COMMIT] = amount(v[VZ_SLOT_VMGUARPAGES].barrier, page) + kernel;
	use[VZ_ALLOC_LIMIT] = amount(v[VZ_SLOT_PRIVVMPAGES].limit, page) + kernel;
}

double vz_memuse_base(const struct vz_mem *mem, enum vz_memuse which)
{
	switch (which) {
	case VZ_LOW_UTIL:
	case VZ_LOW_COMMIT:
		return (double)mem->low * LOW_SHARE;
	case VZ_RAM_UTIL:
		return (double)mem->ram;
	default:
		return (double)mem->ram + (double)mem->swap;
	}
}
