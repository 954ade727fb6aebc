// SPDX-License-Identifier: GPL-2.0
/* The system call filter, made at build time by gen/seccomp.c: see priv.h. */
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "err.h"
#include "priv.h"
#include "sys.h"

static const struct sock_filter filter[] = {
#include "seccomp_filter.h"
};

int vz_seccomp_load(struct vz_err *e)
{
	struct sock_fprog prog = { .len = sizeof(filter) / sizeof(*filter),
				   .filter = (struct sock_filter *)filter };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		return vz_err_errno(e, VZ_EXIT_ENV_CREATE, "load the system call filter");
	return 0;
}
