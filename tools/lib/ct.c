// SPDX-License-Identifier: GPL-2.0
/* A container's configuration and paths: see ct.h. Run state is in run.c. */
#include "ct.h"

#include <beanpod/beancounter.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "conf.h"
#include "ctid.h"
#include "err.h"
#include "lock.h"
#include "num.h"
#include "param.h"
#include "paths.h"
#include "root.h"
#include "str.h"

int vz_ct_resolve(const char *arg, uint32_t *id, struct vz_err *e)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	if (!vz_ctid_parse(arg, id, e))
		return 0;
	if (!*arg || *arg == '.' || strchr(arg, '/') || strlen(arg) > NAME_MAX)
		return -1;
	snprintf(path, sizeof(path), VZ_NAMES_DIR "/%s", arg);
	n = readlinkat(vz_root(), path + 1, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = 0;
	base = strrchr(target, '/');
	return vz_ctid_from_conf_name(base ? base + 1 : target, id);
}

const char *vz_ct_conf_path(const struct vz_ct *ct)
{
	static char path[64];

	snprintf(path, sizeof(path), VZ_CT_CONF_DIR "/%u.conf", ct->id);
	return path;
}

/* Replaces $VEID and ${VEID}. */
static char *expand(const char *text, uint32_t id)
{
	struct vz_buf b = { 0 };

	while (*text) {
		if (vz_startswith(text, "$VEID")) {
			vz_buf_addf(&b, "%u", id);
			text += strlen("$VEID");
		} else if (vz_startswith(text, "${VEID}")) {
			vz_buf_addf(&b, "%u", id);
			text += strlen("${VEID}");
		} else {
			vz_buf_addc(&b, *text++);
		}
	}
	return vz_buf_steal(&b, NULL);
}

static int set_path(struct vz_ct *ct, char **out, const char *key, const char *def, int code,
		    struct vz_err *e)
{
	const char *text = vz_ct_get(ct, key, def);

	free(*out);
	*out = NULL;
	if (*text != '/')
		return vz_err_set(e, code, "%s is \"%s\": an absolute path is needed", key, text);
	*out = expand(text, ct->id);
	return *out ? 0 : vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
}

static int load_conf(struct vz_ct *ct, struct vz_err *e)
{
	vz_conf_free(vz_steal_ptr(&ct->conf));
	if (stat(vz_ct_conf_path(ct), &ct->seen))
		ct->seen = (struct stat){ 0 };
	ct->conf = vz_conf_load(vz_ct_conf_path(ct), e);
	if (ct->conf || errno == ENOENT)
		return 0;
	return -1;
}

static int merge(struct vz_ct *ct, const struct vz_conf *overlay, struct vz_err *e)
{
	vz_conf_free(ct->merged);
	ct->merged = vz_conf_new();
	if (!ct->merged || vz_conf_merge(ct->merged, ct->global) ||
	    (ct->conf && vz_conf_merge(ct->merged, ct->conf)) ||
	    (overlay && vz_conf_merge(ct->merged, overlay)))
		return vz_err_set(e, VZ_EXIT_SYSTEM, "out of memory");
	if (set_path(ct, &ct->root, "VE_ROOT", VZ_DEFAULT_ROOT, VZ_EXIT_NO_ROOT, e) ||
	    set_path(ct, &ct->private, "VE_PRIVATE", VZ_DEFAULT_PRIVATE, VZ_EXIT_NO_PRIVATE, e) ||
	    set_path(ct, &ct->template, "TEMPLATE", VZ_DEFAULT_TEMPLATE, VZ_EXIT_NO_TEMPLATE, e) ||
	    set_path(ct, &ct->lockdir, "LOCKDIR", VZ_DEFAULT_LOCKDIR, VZ_EXIT_LOCKDIR, e))
		return -1;
	return 0;
}

struct vz_conf *vz_ct_sample(const char *name, int code, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_param_canon(vz_param_by_key("ORIGIN_SAMPLE"), name, e);
	struct vz_conf *c;
	char path[PATH_MAX];

	if (!text)
		return NULL;
	snprintf(path, sizeof(path), VZ_CT_CONF_DIR "/ve-%s.conf-sample", text);
	c = vz_conf_load(path, e);
	if (!c && errno == ENOENT)
		vz_err_set(e, code, "sample configuration %s does not exist (%s)", text, path);
	return c;
}

int vz_ct_open(struct vz_ct *ct, uint32_t id, struct vz_conf *global, const struct vz_conf *overlay,
	       struct vz_err *e)
{
	*ct = (struct vz_ct){ .id = id, .global = global, .lock = -1 };
	return vz_ct_reload(ct, overlay, e);
}

int vz_ct_reload(struct vz_ct *ct, const struct vz_conf *overlay, struct vz_err *e)
{
	return load_conf(ct, e) || merge(ct, overlay, e) ? -1 : 0;
}

/* The file is never written in place: another content is another inode. */
int vz_ct_refresh(struct vz_ct *ct, const struct vz_conf *overlay, struct vz_err *e)
{
	struct stat st;

	if (!stat(vz_ct_conf_path(ct), &st) && st.st_ino == ct->seen.st_ino &&
	    st.st_dev == ct->seen.st_dev && st.st_size == ct->seen.st_size &&
	    st.st_ctim.tv_sec == ct->seen.st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == ct->seen.st_ctim.tv_nsec)
		return 0;
	return vz_ct_reload(ct, overlay, e);
}

void vz_ct_close(struct vz_ct *ct)
{
	vz_ct_unlock(ct);
	vz_conf_free(vz_steal_ptr(&ct->conf));
	vz_conf_free(vz_steal_ptr(&ct->merged));
	free(vz_steal_ptr(&ct->root));
	free(vz_steal_ptr(&ct->private));
	free(vz_steal_ptr(&ct->template));
	free(vz_steal_ptr(&ct->lockdir));
}

int vz_ct_must_exist(const struct vz_ct *ct, struct vz_err *e)
{
	if (ct->conf)
		return 0;
	return vz_err_set(e, VZ_EXIT_NO_CT_CONFIG,
			  "Container %u does not exist (no %s). Make it: vzctl create %u "
			  "--ostemplate NAME",
			  ct->id, vz_ct_conf_path(ct), ct->id);
}

const char *vz_ct_get(const struct vz_ct *ct, const char *key, const char *def)
{
	const char *v = vz_conf_get(ct->merged, key);

	return v && *v ? v : def;
}

uint64_t vz_ct_number(const struct vz_ct *ct, const char *key, uint64_t def)
{
	const char *v = vz_conf_get(ct->merged, key);
	uint64_t n;

	return v && !vz_num_u64(v, 0, INT64_MAX, &n) ? n : def;
}

bool vz_ct_yes(const struct vz_ct *ct, const char *key, bool def)
{
	const char *v = vz_conf_get(ct->merged, key);
	int yes = v ? vz_param_yesno(v) : -1;

	return yes < 0 ? def : yes;
}

int vz_ct_lock(struct vz_ct *ct, const char *status, struct vz_err *e)
{
	if (ct->lock >= 0 || vz_ct_yes(ct, "SKIPLOCK", false))
		return 0;
	ct->lock = vz_lock(ct->lockdir, ct->id, status, e);
	return ct->lock < 0 ? -1 : 0;
}

void vz_ct_unlock(struct vz_ct *ct)
{
	if (ct->lock >= 0)
		vz_unlock(ct->lockdir, ct->id, ct->lock);
	ct->lock = -1;
}

int vz_ct_base(const struct vz_ct *ct, uid_t *base, struct vz_err *e)
{
	const char *uid = vz_conf_get(ct->conf, "LOCAL_UID");
	const char *gid = vz_conf_get(ct->conf, "LOCAL_GID");
	uint64_t n;

	if (!uid || vz_num_u64(uid, VZ_UID_RANGE, INT32_MAX - VZ_UID_RANGE + 1, &n))
		return vz_err_set(e, VZ_EXIT_INVALID_CONFIG,
				  "%s: LOCAL_UID is %s; the first uid of the container's own range "
				  "is needed, %u to %u",
				  vz_ct_conf_path(ct), uid ? uid : "not set", VZ_UID_RANGE,
				  INT32_MAX - VZ_UID_RANGE + 1);
	if (gid && strcmp(uid, gid))
		return vz_err_set(e, VZ_EXIT_INVALID_CONFIG,
				  "%s: LOCAL_GID is %s, LOCAL_UID %s; both must be equal",
				  vz_ct_conf_path(ct), gid, uid);
	*base = n;
	return 0;
}

bool vz_ct_mounted(const struct vz_ct *ct)
{
	struct statx x;

	/* Not by its device: simfs lies on the same one as its mount point. */
	return !statx(AT_FDCWD, ct->root, AT_NO_AUTOMOUNT, 0, &x) &&
	       x.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}
