/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the admin grants a container, or takes from it: CAPABILITY and FEATURES, lists
 * of NAME:on and NAME:off. Pure.
 */
#ifndef VZ_LIB_RIGHTS_H
#define VZ_LIB_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vz_conf;
struct vz_err;

/* Bits of vz_rights::features, in the order of their names. */
enum vz_feature {
	VZ_FEATURE_SYSFS,	/* /sys; on unless told otherwise */
	VZ_FEATURE_NFS,
	VZ_FEATURE_NFSD,
	VZ_FEATURE_SIT,
	VZ_FEATURE_IPIP,
	VZ_FEATURE_IPGRE,
	VZ_FEATURE_BRIDGE,
	VZ_FEATURE_PPP,
	VZ_FEATURE_TUN,
	VZ_FEATURE_FUSE,
	VZ_FEATURE_KEYCTL,
	VZ_FEATURE_IO_URING,
	VZ_FEATURE_USERFAULTFD,
	VZ_FEATURE_BPF,
};

struct vz_rights {
	uint64_t drop;		/* capabilities that nobody inside has: bit = number */
	uint64_t features;	/* bits of enum vz_feature */
};

#define VZ_HAS_FEATURE(r, name)	(!!((r)->features & 1ULL << VZ_FEATURE_##name))

/* Without CAPABILITY and FEATURES. */
extern const struct vz_rights vz_rights_default;

/* Which list: words are separated by commas or blanks, in any case. */
enum vz_switches {
	VZ_CAPABILITIES,	/* net_admin:on,sys_nice:off; without cap_ */
	VZ_FEATURES,
};

/**
 * vz_switches_canon() - check a list and write it as it is stored
 *
 * What is said last about a name counts.
 *
 * Return: text to be freed; NULL with @e set (VZ_EXIT_BAD_VALUE: names the word).
 */
char *vz_switches_canon(enum vz_switches which, const char *text, struct vz_err *e);

/**
 * vz_rights_get() - of a configuration
 *
 * Return: 0; -1 with @e set.
 */
int vz_rights_get(const struct vz_conf *c, struct vz_rights *r, struct vz_err *e);

/* Names of granted capabilities and features that have no effect in a container, or "". */
const char *vz_rights_idle(const struct vz_rights *r, char *buf, size_t size);

#endif
