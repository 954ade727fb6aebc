// SPDX-License-Identifier: GPL-2.0
#include "apply.h"

#include "bc.h"
#include "cleanup.h"
#include "ct.h"
#include "log.h"
#include "memory.h"

int vz_apply_limits(const struct vz_ct *ct, const struct vz_conf *from, struct vz_err *e)
{
	_cleanup_close_ int bc = -1;
	char skipped[512];

	if (vz_memory_apply(ct->id, from, e))
		return -1;
	if (!vz_ct_yes(ct, "BEANCOUNTERS", true)) {
		vz_log(VZ_LOG_WARN, "BEANCOUNTERS=no: limits are not enforced");
		return 0;
	}
	bc = vz_bc_open(e);
	if (bc < 0 || vz_bc_apply(bc, ct->id, from, skipped, sizeof(skipped), e))
		return -1;
	if (*skipped)
		vz_log(VZ_LOG_WARN, "not enforced by the loaded module: %s", skipped);
	return 0;
}
