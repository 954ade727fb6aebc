// SPDX-License-Identifier: GPL-2.0
#include "limitset.h"

#include <limits.h>

#include "conf.h"
#include "param.h"

uint64_t vz_sat_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) || sum > BC_UNLIMITED ? BC_UNLIMITED : sum;
}

uint64_t vz_sat_mul(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) || product > BC_UNLIMITED ? BC_UNLIMITED :
										  product;
}

const struct vz_param *vz_limitset_param(int row)
{
	switch (row) {
	case VZ_SLOT_AVNUMPROC:
		return vz_param_by_key("AVNUMPROC");
	case VZ_SLOT_DISKSPACE:
		return vz_param_by_key("DISKSPACE");
	case VZ_SLOT_DISKINODES:
		return vz_param_by_key("DISKINODES");
	default:
		return vz_param_by_resource(row);
	}
}

const char *vz_limitset_name(int row)
{
	const struct vz_param *p = vz_limitset_param(row);

	return p ? p->option : "";
}

void vz_limitset_put(struct vz_limitset *s, int row, uint64_t barrier, uint64_t limit)
{
	s->has[row] = true;
	s->v[row] = (struct vz_limit){
		.barrier = barrier < BC_UNLIMITED ? barrier : BC_UNLIMITED,
		.limit = limit < BC_UNLIMITED ? limit : BC_UNLIMITED,
	};
}

int vz_limitset_read(struct vz_limitset *s, const struct vz_conf *c, struct vz_err *e)
{
	*s = (struct vz_limitset){ 0 };
	for (int row = 0; row < VZ_SLOT_END; row++) {
		const struct vz_param *p = vz_limitset_param(row);
		int rc = p ? vz_param_limit(p, c, &s->v[row], e) : 0;

		if (rc < 0)
			return -1;
		s->has[row] = rc > 0;
	}
	return 0;
}

int vz_limitset_write(const struct vz_limitset *s, int row, struct vz_conf *c)
{
	char text[VZ_LIMIT_TEXT];

	vz_limit_format(&s->v[row], text);
	return vz_conf_set(c, vz_limitset_param(row)->key, text);
}

/* Files of 32-bit hosts say INT_MAX for unlimited. */
bool vz_limitset_is_vswap(const struct vz_limitset *s)
{
	uint64_t ram = s->v[VZ_SLOT_PHYSPAGES].limit;

	return s->has[VZ_SLOT_PHYSPAGES] && ram != BC_UNLIMITED && ram != INT_MAX;
}
