// SPDX-License-Identifier: GPL-2.0
/* The system call filter, made at build time by gen/seccomp.c: see priv.h. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "priv.h"
#include "rights.h"
#include "sys.h"

static const struct sock_filter filter[] = {
#include "seccomp_filter.h"
};

#define LEN	(sizeof(filter) / sizeof(*filter))

/* What features allow, before the filter looks at it. */
static const struct {
	enum vz_feature feature;
	unsigned int call;
} allowed[] = {
	{ VZ_FEATURE_KEYCTL, SYS_add_key },	     { VZ_FEATURE_KEYCTL, SYS_request_key },
	{ VZ_FEATURE_KEYCTL, SYS_keyctl },	     { VZ_FEATURE_IO_URING, SYS_io_uring_setup },
	{ VZ_FEATURE_USERFAULTFD, SYS_userfaultfd }, { VZ_FEATURE_BPF, SYS_bpf },
};

#define CALLS	(sizeof(allowed) / sizeof(*allowed))

/* Return: number of instructions put in front of the filter. */
static size_t make_prefix(struct sock_filter *f, uint64_t features)
{
	unsigned int calls[CALLS];
	size_t n = 0, len = 0;

	for (size_t i = 0; i < CALLS; i++)
		if (features >> allowed[i].feature & 1)
			calls[n++] = allowed[i].call;
	if (!n)
		return 0;
	f[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, arch));
	/* Numbers mean other calls elsewhere: the filter refuses those ABIs. */
	f[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0,
						n + 2);
	f[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++)
		f[len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], n - i, 0);
	f[len++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1);
	f[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return len;
}

int vz_seccomp_load(uint64_t features, struct vz_err *e)
{
	struct sock_filter whole[LEN + CALLS + 5];
	struct sock_fprog prog = { .filter = whole };

	prog.len = make_prefix(whole, features);
	memcpy(whole + prog.len, filter, sizeof(filter));
	prog.len += LEN;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "load the system call filter");
	return 0;
}
