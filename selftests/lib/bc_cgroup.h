/* SPDX-License-Identifier: GPL-2.0 */
/* Memory cgroups for tests: made below the root, attached to a beancounter. */
#ifndef SELFTESTS_LIB_BC_CGROUP_H
#define SELFTESTS_LIB_BC_CGROUP_H

#include "bc_box.h"

#define BC_CGROUP_ROOT "/sys/fs/cgroup"

/* All return 0 or a negative errno. */
int bc_attach(unsigned int id, int fd);
int bc_cgroup_make(struct bc_box *box, const char *dir);
int bc_cgroup_put(const char *dir, const char *name, const char *text);

/* Waits for tasks that were killed, which are there for a moment. */
int bc_cgroup_drop(struct bc_box *box, const char *dir);

/**
 * bc_cgroup_stat() - a line of memory.stat
 *
 * Return: bytes, or -1 if there is no such line.
 */
long bc_cgroup_stat(const char *dir, const char *name);

/* Do all tasks in it stand still? */
bool bc_cgroup_frozen(const char *dir);

#endif
