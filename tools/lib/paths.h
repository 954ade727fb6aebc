/* SPDX-License-Identifier: GPL-2.0 */
/* Where things are. vz.conf may move those that are read from it. */
#ifndef VZ_LIB_PATHS_H
#define VZ_LIB_PATHS_H

#define VZ_CONF_DIR		"/etc/vz"
#define VZ_GLOBAL_CONF		VZ_CONF_DIR "/vz.conf"
#define VZ_CT_CONF_DIR		VZ_CONF_DIR "/conf"	/* CTID.conf, ve-NAME.conf-sample */
#define VZ_NAMES_DIR		VZ_CONF_DIR "/names"	/* NAME -> ../conf/CTID.conf */
#define VZ_DISTS_DIR		VZ_CONF_DIR "/dists"

/* Defaults of vz.conf; $VEID stands for the container's id. */
#define VZ_DEFAULT_TEMPLATE	"/vz/template"		/* trees in tree/NAME */
#define VZ_DEFAULT_PRIVATE	"/vz/private/$VEID"
#define VZ_DEFAULT_ROOT		"/vz/root/$VEID"
#define VZ_DEFAULT_LOCKDIR	"/vz/lock"
#define VZ_DEFAULT_LOGFILE	"/var/log/vzctl.log"

/* In the private area: what differs from the template, and overlay's scratch. */
#define VZ_PRIVATE_FS		"fs"
#define VZ_PRIVATE_WORK		"w"

/* Run-time state, gone at boot: CTID/{state,keeper,console.log} */
#define VZ_RUN_DIR		"/run/beanpod"

#define VZ_CGROUP_ROOT		"/sys/fs/cgroup"

#endif
