/* SPDX-License-Identifier: GPL-2.0 */
/* The windows: text in /proc, commands on /dev/vzctl, messages over netlink. */
#ifndef BC_IFACE_IFACE_H
#define BC_IFACE_IFACE_H

#include "../core/bc.h"

struct bc_hook_group;
struct inode;

/**
 * enum bc_viewer - who is looking into /proc
 * @BC_VIEW_HOST: a task of the host, through the host's /proc
 * @BC_VIEW_CONTAINER: a task of a container of ours, or through its /proc
 * @BC_VIEW_FOREIGN: anything else: containers that others made
 */
enum bc_viewer {
	BC_VIEW_HOST,
	BC_VIEW_CONTAINER,
	BC_VIEW_FOREIGN,
};

enum bc_viewer bc_view(const struct inode *inode, struct bc **bc);
extern const struct bc_hook_group bc_view_hooks;
extern const struct bc_hook_group bc_cpus_hooks;

int bc_proc_init(void);
void bc_proc_exit(void);
int bc_proc_add(struct bc *bc);
void bc_proc_remove(struct bc *bc);
int bc_proc_add_extension(enum bc_extension_slot slot);
void bc_proc_remove_extension(enum bc_extension_slot slot);

int bc_meminfo_show(struct seq_file *m, void *v);
int bc_nodeinfo_show(struct seq_file *m, void *v);

int bc_ioctl_init(void);
void bc_ioctl_exit(void);

int bc_netlink_init(void);
void bc_netlink_exit(void);

#endif
