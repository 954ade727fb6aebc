// SPDX-License-Identifier: GPL-2.0
/* Capabilities and features of a container: see rights.h. */
#include "rights.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "err.h"
#include "str.h"

/* By number; setveid and ve_admin are of OpenVZ's kernel, here nobody needs them. */
static const char *const capabilities[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
	"setveid",
	"ve_admin",
};

static const char *const features[] = {
	"sysfs", "nfs", "nfsd", "sit",	"ipip",	  "ipgre",    "bridge",
	"ppp",	 "tun", "fuse", "keyctl", "io_uring", "userfaultfd", "bpf",
};

#define N_ELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ULL << (n))

_Static_assert(N_ELEM(features) == VZ_FEATURE_BPF + 1, "a name for each feature");

/*
 * Most of these are checked against the initial user namespace anyway. Dropping
 * them keeps tools inside honest about what they can do, and holds when a later
 * kernel relaxes one of the checks.
 */
#define NEVER                                                                                     \
	(BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) | BIT(CAP_SYS_TIME) | BIT(CAP_MAC_ADMIN) |      \
	 BIT(CAP_MAC_OVERRIDE) | BIT(CAP_SYSLOG) | BIT(CAP_WAKE_ALARM) | BIT(CAP_BLOCK_SUSPEND) | \
	 BIT(CAP_PERFMON) | BIT(CAP_BPF) | BIT(CAP_CHECKPOINT_RESTORE))

const struct vz_rights vz_rights_default = {
	.drop = NEVER,
	.features = BIT(VZ_FEATURE_SYSFS),
};

static const struct list {
	const char *key;
	const char *const *names;
	size_t count;
	bool upper;		/* as OpenVZ stores it */
} lists[] = {
	[VZ_CAPABILITIES] = { "CAPABILITY", capabilities, N_ELEM(capabilities), true },
	[VZ_FEATURES] = { "FEATURES", features, N_ELEM(features), false },
};

static int find(const struct list *l, const char *word, size_t len)
{
	for (size_t i = 0; i < l->count; i++)
		if (strlen(l->names[i]) == len && !strncasecmp(l->names[i], word, len))
			return i;
	return -1;
}

static int bad_word(const struct list *l, const char *word, struct vz_err *e)
{
	struct vz_buf b = { 0 };
	char shown[64], *names;

	for (size_t i = 0; i < l->count; i++)
		vz_buf_addf(&b, "%s%s", i ? " " : "", l->names[i]);
	names = vz_buf_steal(&b, NULL);
	vz_err_set(e, VZ_EXIT_BAD_VALUE, "\"%s\" is not allowed: give NAME:on or NAME:off, of: %s",
		   vz_printable(word, shown, sizeof(shown)), names ? names : "");
	free(names);
	return -1;
}

static int parse(const struct list *l, const char *text, uint64_t *on, uint64_t *off,
		 struct vz_err *e)
{
	char **words = vz_words(text, ", \t", NULL);
	int rc = 0, n;

	*on = *off = 0;
	if (!words)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	for (char **w = words; *w && !rc; w++) {
		const char *colon = strchr(*w, ':');

		n = colon ? find(l, *w, colon - *w) : -1;
		if (n >= 0 && !strcasecmp(colon, ":on")) {
			*on |= BIT(n);
			*off &= ~BIT(n);
		} else if (n >= 0 && !strcasecmp(colon, ":off")) {
			*off |= BIT(n);
			*on &= ~BIT(n);
		} else {
			rc = bad_word(l, *w, e);
		}
	}
	free(words);
	return rc;
}

char *vz_switches_canon(enum vz_switches which, const char *text, struct vz_err *e)
{
	const struct list *l = &lists[which];
	struct vz_buf b = { 0 };
	uint64_t on, off;

	if (parse(l, text, &on, &off, e))
		return NULL;
	for (size_t i = 0; i < l->count; i++) {
		if (!((on | off) & BIT(i)))
			continue;
		if (b.len)
			vz_buf_addc(&b, ' ');
		for (const char *p = l->names[i]; *p; p++)
			vz_buf_addc(&b, l->upper && *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
		vz_buf_adds(&b, on & BIT(i) ? ":on" : ":off");
	}
	return vz_buf_steal(&b, NULL);
}

int vz_rights_get(const struct vz_conf *c, struct vz_rights *r, struct vz_err *e)
{
	uint64_t *const value[] = { &r->drop, &r->features };
	uint64_t on, off;

	*r = vz_rights_default;
	for (size_t i = 0; i < N_ELEM(lists); i++) {
		const char *text = vz_conf_get(c, lists[i].key);

		if (text && parse(&lists[i], text, &on, &off, e))
			return vz_err_wrap(e, "%s", lists[i].key);
		if (!text)
			continue;
		if (i == VZ_CAPABILITIES)
			*value[i] = (*value[i] & ~on) | off;
		else
			*value[i] = (*value[i] & ~off) | on;
	}
	r->drop &= BIT(CAP_LAST_CAP + 1) - 1;
	return 0;
}

const char *vz_rights_idle(const struct vz_rights *r, char *buf, size_t size)
{
	const uint64_t idle[] = { NEVER & ~r->drop,
				  r->features & (BIT(VZ_FEATURE_NFS) | BIT(VZ_FEATURE_NFSD)) };
	struct vz_buf b = { 0 };
	char *text;

	for (size_t i = 0; i < N_ELEM(lists); i++)
		for (size_t n = 0; n < lists[i].count; n++)
			if (idle[i] & BIT(n))
				vz_buf_addf(&b, "%s%s", b.len ? " " : "", lists[i].names[n]);
	text = vz_buf_steal(&b, NULL);
	snprintf(buf, size, "%s", text ? text : "");
	free(text);
	return buf;
}
