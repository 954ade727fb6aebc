/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A container as the tools know it: id, configuration, paths, lock, run state.
 * Knows the order of nothing; start.h, stop.h and join.h do.
 */
#ifndef VZ_LIB_CT_H
#define VZ_LIB_CT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "rights.h"

struct vz_conf;
struct vz_err;

/* Uids and gids of a container: one range of this size, aligned to it. */
#define VZ_UID_RANGE	65536U

struct vz_ct {
	uint32_t id;
	struct vz_conf *global;	/* vz.conf */
	struct vz_conf *conf;	/* CTID.conf; NULL if there is none */
	struct vz_conf *merged;	/* vz.conf < CTID.conf < command line */
	char *root;		/* VE_ROOT, $VEID replaced */
	char *private;		/* VE_PRIVATE, likewise */
	char *template;		/* TEMPLATE */
	char *lockdir;
	int lock;		/* descriptor, -1: not locked */
	struct stat seen;	/* CTID.conf as it was loaded */
};

/**
 * vz_ct_resolve() - id of a container from what a user typed
 * @arg: an id, or a name (a link in /etc/vz/names)
 *
 * Return: 0; -1 with @e set (VZ_EXIT_BAD_VALUE).
 */
int vz_ct_resolve(const char *arg, uint32_t *id, struct vz_err *e);

/**
 * vz_ct_open() - load the configuration
 * @global:  vz.conf, shared by the caller, not freed by vz_ct_close()
 * @overlay: settings of the command line, or NULL
 *
 * A container without CTID.conf is no error here: conf is NULL then.
 *
 * Return: 0; -1 with @e set.
 */
int vz_ct_open(struct vz_ct *ct, uint32_t id, struct vz_conf *global, const struct vz_conf *overlay,
	       struct vz_err *e);

/**
 * vz_ct_sample() - a sample configuration, /etc/vz/conf/ve-NAME.conf-sample
 * @code: of the error if there is none
 *
 * Return: to be freed; NULL with @e set.
 */
struct vz_conf *vz_ct_sample(const char *name, int code, struct vz_err *e);

/* Loads conf again and merges. */
int vz_ct_reload(struct vz_ct *ct, const struct vz_conf *overlay, struct vz_err *e);

/* The same if the file has changed since: after the lock was taken. */
int vz_ct_refresh(struct vz_ct *ct, const struct vz_conf *overlay, struct vz_err *e);

/* Releases the lock too. */
void vz_ct_close(struct vz_ct *ct);

/* Fails with VZ_EXIT_NO_CT_CONFIG if the container does not exist. */
int vz_ct_must_exist(const struct vz_ct *ct, struct vz_err *e);

/* Text, number or yes/no of the merged configuration; the default if it is absent or odd. */
const char *vz_ct_get(const struct vz_ct *ct, const char *key, const char *def);
uint64_t vz_ct_number(const struct vz_ct *ct, const char *key, uint64_t def);
bool vz_ct_yes(const struct vz_ct *ct, const char *key, bool def);

/* Path of CTID.conf, static buffer. */
const char *vz_ct_conf_path(const struct vz_ct *ct);

/* Takes the lock; does nothing if the merged configuration was told to skip it. */
int vz_ct_lock(struct vz_ct *ct, const char *status, struct vz_err *e);
void vz_ct_unlock(struct vz_ct *ct);

/* First uid of the container's range; -1 with @e set if it has none. */
int vz_ct_base(const struct vz_ct *ct, uid_t *base, struct vz_err *e);

/* ---- run state ---------------------------------------------------------- */

struct vz_run {
	bool running;		/* init lives */
	pid_t init;		/* as the host sees it; 0: not running */
	int pidfd;		/* of init, -1: not running */
	bool keeper;		/* the keeper lives */
	pid_t keeper_pid;	/* valid if keeper */
	int keeper_fd;		/* its pidfd, -1: no keeper */
	bool rebooting;		/* the keeper waits, and will start the container again */
	struct vz_rights rights; /* as it was started with */
};

/**
 * vz_run_get() - is it running, and as what
 *
 * A recorded pid counts only if the process started when the record says, so a
 * reused pid is never taken for the container. Close with vz_run_put().
 */
void vz_run_get(uint32_t id, struct vz_run *run);
void vz_run_put(struct vz_run *run);

/* Directory of the run state, made if need be; -1 with @e set. */
int vz_run_dir(uint32_t id, struct vz_err *e);

/* Records init (0: it is gone, a reboot is due) and keeper. 0, or -1 with errno. */
int vz_run_record(int dirfd, pid_t init, pid_t keeper, const struct vz_rights *rights);

/* Forgets the record, keeps the console log. */
void vz_run_forget(int dirfd);

/* Was it started before, since the host booted? */
bool vz_run_seen(uint32_t id);

/* Removes the whole state directory. */
void vz_run_remove(uint32_t id);

/* Is something mounted on VE_ROOT? */
bool vz_ct_mounted(const struct vz_ct *ct);

#endif
