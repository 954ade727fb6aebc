// SPDX-License-Identifier: GPL-2.0
#include "implied.h"

#include "conf.h"
#include "err.h"
#include "limitset.h"
#include "num.h"
#include "param.h"

static int overcommitted(const struct vz_conf *all, uint64_t pages, uint64_t *out, struct vz_err *e)
{
	const char *factor = vz_conf_get(all, "VM_OVERCOMMIT");
	unsigned __int128 product;
	uint64_t milli = 0;

	if (factor && *factor && vz_num_milli(factor, VZ_FACTOR_MAX * 1000, &milli))
		return vz_err_set(e, VZ_EXIT_BAD_VALUE,
				  "VM_OVERCOMMIT=\"%s\": a number from 0 to %d is needed", factor,
				  VZ_FACTOR_MAX);
	product = (unsigned __int128)pages * milli / 1000;
	*out = milli && product < BC_UNLIMITED ? (uint64_t)product : BC_UNLIMITED;
	return 0;
}

int vz_implied(struct vz_conf *to, const struct vz_conf *all, struct vz_err *e)
{
	struct vz_limitset named, s;
	uint64_t ram, both, most = BC_UNLIMITED;

	if (vz_limitset_read(&named, all, e))
		return -1;
	if (!vz_limitset_is_vswap(&named))
		return 0;
	ram = named.v[VZ_SLOT_PHYSPAGES].limit;
	both = ram;
	if (named.has[VZ_SLOT_SWAPPAGES])
		both = vz_sat_add(ram, named.v[VZ_SLOT_SWAPPAGES].limit);
	if (overcommitted(all, both, &most, e))
		return -1;
	s = named;
	vz_limitset_put(&s, VZ_SLOT_LOCKEDPAGES, ram, ram);
	vz_limitset_put(&s, VZ_SLOT_VMGUARPAGES, both, BC_UNLIMITED);
	vz_limitset_put(&s, VZ_SLOT_OOMGUARPAGES, ram, BC_UNLIMITED);
	vz_limitset_put(&s, VZ_SLOT_PRIVVMPAGES, most, most);
	for (int row = 0; row < VZ_SLOT_END; row++)
		if (s.has[row] && !named.has[row] && vz_limitset_write(&s, row, to))
			return vz_err_errno(e, VZ_EXIT_SYSTEM, "%s", vz_limitset_name(row));
	return 0;
}
