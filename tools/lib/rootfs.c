// SPDX-License-Identifier: GPL-2.0
/* Root file systems on the host's side: see rootfs.h. */
#include "rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cleanup.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "paths.h"
#include "quota.h"
#include "sys.h"
#include "tree.h"

#define SCRATCH_LOWER	VZ_RUN_DIR "/template"
#define SCRATCH_UPPER	VZ_RUN_DIR "/private"

static bool is_simfs(const struct vz_ct *ct)
{
	return !strcmp(vz_ct_get(ct, "VE_LAYOUT", "overlay"), "simfs");
}

static int open_template(const struct vz_ct *ct, struct vz_err *e)
{
	const char *name = vz_ct_get(ct, "OSTEMPLATE", NULL);
	_cleanup_close_ int trees = -1;
	char path[PATH_MAX];
	int fd;

	if (!name)
		return vz_err_set(e, VZ_EXIT_NO_OSTEMPLATE,
				  "OSTEMPLATE is not set. vztmpl list shows the templates");
	snprintf(path, sizeof(path), "%s/tree", ct->template);
	trees = vz_open_host(path, O_PATH | O_DIRECTORY);
	fd = trees < 0 ? -1 : vz_open_below(trees, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		vz_err_errno(e, VZ_EXIT_NO_TEMPLATE_TREE, "OS template %s (%s/%s)", name, path,
			     name);
		return vz_err_hint(e,
				   "vztmpl list shows those that exist, vztmpl create %s "
				   "makes one",
				   name);
	}
	return fd;
}

static int open_private(const struct vz_ct *ct, struct vz_err *e)
{
	_cleanup_close_ int fd = vz_open_host(ct->private, O_RDONLY | O_DIRECTORY);
	struct stat st;

	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_PRIVATE_MISSING,
				    "private area %s of container %u (VE_PRIVATE)", ct->private,
				    ct->id);
	if (fstat(fd, &st) || st.st_uid || st.st_mode & 077)
		return vz_err_set(e, VZ_EXIT_PRIVATE_MISSING,
				  "%s is open to others than root: users of the host could run "
				  "the tenant's setuid programs. chown root: %s; chmod 700 %s",
				  ct->private, ct->private, ct->private);
	return vz_steal_fd(&fd);
}

static int check_layout(const struct vz_ct *ct, struct vz_err *e)
{
	const char *layout = vz_ct_get(ct, "VE_LAYOUT", "overlay");

	if (!strcmp(layout, "overlay") || !strcmp(layout, "simfs"))
		return 0;
	return vz_err_set(e, VZ_EXIT_UNKNOWN_LAYOUT,
			  "VE_LAYOUT is %s; overlay and simfs are possible", layout);
}

int vz_rootfs_check(const struct vz_ct *ct, struct vz_err *e)
{
	_cleanup_close_ int tmpl = -1, area = -1, fs = -1;

	if (check_layout(ct, e))
		return -1;
	if (!is_simfs(ct)) {
		tmpl = open_template(ct, e);
		if (tmpl < 0)
			return -1;
	}
	area = open_private(ct, e);
	if (area < 0)
		return -1;
	fs = vz_open_below(area, VZ_PRIVATE_FS, O_PATH | O_DIRECTORY, 0);
	if (fs < 0)
		return vz_err_errno(e, VZ_EXIT_PRIVATE_MISSING, "%s/%s", ct->private,
				    VZ_PRIVATE_FS);
	return 0;
}

int vz_rootfs_quota(const struct vz_ct *ct, struct vz_err *e)
{
	static const char *const names[] = { ".", VZ_PRIVATE_FS, VZ_PRIVATE_WORK };
	_cleanup_close_ int area = -1;
	char path[PATH_MAX + 8];

	if (!vz_quota_wanted(ct->merged))
		return 0;
	area = open_private(ct, e);
	if (area < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_close_ int fd = vz_open_below(area, names[i], O_RDONLY | O_DIRECTORY, 0);

		snprintf(path, sizeof(path), "%s/%s", ct->private, i ? names[i] : "");
		if (fd < 0)
			return vz_err_errno(e, VZ_EXIT_PRIVATE_MISSING, "%s", path);
		if (vz_quota_check(fd, ct->id, path, e))
			return -1;
	}
	return vz_quota_set(area, ct->id, ct->merged, e);
}

static int set_flags(int tree, uint64_t set, int userns)
{
	struct mount_attr attr = { .attr_set = set, .userns_fd = userns };

	return vz_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
}

static int bind_scratch(void)
{
	return mount(VZ_SCRATCH_ROOT, VZ_SCRATCH_ROOT, NULL, MS_BIND, NULL);
}

/* The one that is looked for comes last. */
static int make_scratch(void)
{
	return vz_mkdirs(SCRATCH_LOWER, 0700) || vz_mkdirs(SCRATCH_UPPER, 0700) ||
			       vz_mkdirs(VZ_SCRATCH_ROOT, 0700) ?
		       -1 :
		       0;
}

int vz_rootfs_scratch(struct vz_err *e)
{
	if (unshare(CLONE_NEWNS))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    (bind_scratch() && (errno != ENOENT || make_scratch() || bind_scratch())) ||
	    mount(NULL, VZ_SCRATCH_ROOT, NULL, MS_SHARED, NULL))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "mount points in %s", VZ_RUN_DIR);
	return 0;
}

/* A private copy of the mount at dirfd, id-mapped unless userns is -1. */
static int clone_mapped(int dirfd, const char *what, uint64_t flags, int userns, struct vz_err *e)
{
	_cleanup_close_ int tree =
		vz_open_tree(dirfd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0)
		return vz_err_errno(e, VZ_EXIT_MOUNT, "clone the mount of %s", what);
	if (userns < 0) {
		if (flags && set_flags(tree, flags, 0))
			return vz_err_errno(e, VZ_EXIT_MOUNT, "set flags of %s", what);
	} else if (set_flags(tree, flags | MOUNT_ATTR_IDMAP, userns)) {
		vz_err_errno(e, VZ_EXIT_MOUNT, "id-map %s", what);
		if (errno == EINVAL)
			vz_err_hint(e, "Its file system cannot be id-mapped; ext4, xfs and btrfs "
				       "can, tmpfs since Linux 6.3, network file systems cannot");
		return -1;
	}
	return vz_steal_fd(&tree);
}

/* What the kernel says about a mount that failed. */
static int overlay_error(int ctx, struct vz_err *e)
{
	int saved = errno;
	char text[256];
	ssize_t n;

	vz_err_errno(e, VZ_EXIT_MOUNT, "mount the overlay");
	while ((n = read(ctx, text, sizeof(text) - 1)) > 0) {
		text[n] = 0;
		text[strcspn(text, "\n")] = 0;
		vz_err_hint(e, "%s", text);
	}
	if (saved == ENODEV)
		vz_err_hint(e, "modprobe overlay");
	errno = saved;
	return -1;
}

static int attach_layer(int dirfd, const char *at, const char *what, uint64_t flags, int userns,
			struct vz_err *e)
{
	_cleanup_close_ int tree = clone_mapped(dirfd, what, flags, userns, e);

	if (tree < 0)
		return -1;
	/* Overlay takes only layers that are attached in the mounter's own namespace. */
	if (vz_move_mount(tree, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "attach %s", what);
	return 0;
}

static int make_overlay(const struct vz_ct *ct, int area, int userns, struct vz_err *e)
{
	_cleanup_close_ int tmpl = open_template(ct, e);
	_cleanup_close_ int ctx = -1, fs = -1;
	char source[16];
	int fd;

	if (tmpl < 0 ||
	    attach_layer(tmpl, SCRATCH_LOWER, "the template", MOUNT_ATTR_RDONLY, userns, e) ||
	    attach_layer(area, SCRATCH_UPPER, ct->private, 0, userns, e))
		return -1;
	fs = vz_open_below(area, VZ_PRIVATE_FS, O_PATH | O_DIRECTORY, 0);
	if (fs < 0)
		return vz_err_errno(e, VZ_EXIT_PRIVATE_MISSING, "%s/%s", ct->private,
				    VZ_PRIVATE_FS);
	ctx = vz_fsopen("overlay", FSOPEN_CLOEXEC);
	if (ctx < 0) {
		vz_err_errno(e, VZ_EXIT_MOUNT, "overlay");
		return vz_err_hint(e, "modprobe overlay");
	}
	snprintf(source, sizeof(source), "%u", ct->id);
	if (vz_fsconfig(ctx, FSCONFIG_SET_STRING, "source", source, 0) ||
	    vz_fsconfig(ctx, FSCONFIG_SET_STRING, "lowerdir", SCRATCH_LOWER, 0) ||
	    vz_fsconfig(ctx, FSCONFIG_SET_STRING, "upperdir", SCRATCH_UPPER "/" VZ_PRIVATE_FS, 0) ||
	    vz_fsconfig(ctx, FSCONFIG_SET_STRING, "workdir", SCRATCH_UPPER "/" VZ_PRIVATE_WORK,
			0) ||
	    vz_fsconfig(ctx, FSCONFIG_SET_STRING, "redirect_dir", "on", 0) ||
	    vz_fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return overlay_error(ctx, e);
	fd = vz_fsmount(ctx, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	return fd >= 0 ? fd : overlay_error(ctx, e);
}

static int make_simfs(const struct vz_ct *ct, int area, int userns, struct vz_err *e)
{
	_cleanup_close_ int fs = vz_open_below(area, VZ_PRIVATE_FS, O_RDONLY | O_DIRECTORY, 0);

	if (fs < 0)
		return vz_err_errno(e, VZ_EXIT_PRIVATE_MISSING, "%s/%s", ct->private,
				    VZ_PRIVATE_FS);
	return clone_mapped(fs, ct->private, MOUNT_ATTR_NODEV, userns, e);
}

int vz_rootfs_make(const struct vz_ct *ct, int userns, struct vz_err *e)
{
	_cleanup_close_ int area = open_private(ct, e);
	_cleanup_close_ int fd = -1;
	struct statvfs st;

	if (area < 0 || check_layout(ct, e))
		return -1;
	fd = is_simfs(ct) ? make_simfs(ct, area, userns, e) : make_overlay(ct, area, userns, e);
	if (fd < 0)
		return -1;
	/* Overlay falls back to read-only without an error. */
	if (fstatvfs(fd, &st))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "check the root file system");
	if (st.f_flag & ST_RDONLY)
		return vz_err_set(e, VZ_EXIT_MOUNT,
				  "the root file system came up read-only; the kernel log has the "
				  "reason. Is %s writable and not full?",
				  ct->private);
	return vz_steal_fd(&fd);
}

int vz_rootfs_attach(int mount_fd, struct vz_err *e)
{
	/*
	 * Propagates to the namespace of the child, whose flags are locked by that:
	 * container root cannot make devices of the template work by a remount.
	 */
	if (vz_move_mount(mount_fd, "", AT_FDCWD, VZ_SCRATCH_ROOT, MOVE_MOUNT_F_EMPTY_PATH))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "attach the root file system");
	return 0;
}

int vz_rootfs_mount_point(const struct vz_ct *ct)
{
	char parent[PATH_MAX], *slash;

	if (snprintf(parent, sizeof(parent), "%s", ct->root) >= (int)sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	slash = strrchr(parent, '/');
	if (slash > parent) {
		*slash = 0;
		if (vz_mkdirs(parent, 0700))
			return -1;
	}
	return vz_mkdirs(ct->root, 0755);
}

int vz_rootfs_mount(const struct vz_ct *ct, struct vz_err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID };
	_cleanup_close_ int mnt_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int run = vz_run_dir(ct->id, e);
	_cleanup_close_ int fd = -1, at = -1;

	if (mnt_ns < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "/proc/self/ns/mnt");
	if (run < 0)
		return -1;
	if (!vz_rootfs_scratch(e))
		fd = vz_rootfs_make(ct, -1, e);
	if (setns(mnt_ns, CLONE_NEWNS))
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "return to the host's mounts");
	if (fd < 0)
		return -1;
	if (vz_rootfs_mount_point(ct))
		return vz_err_errno(e, VZ_EXIT_MOUNT_POINT, "make mount point %s (VE_ROOT)",
				    ct->root);
	at = vz_open_host(ct->root, O_PATH | O_DIRECTORY);
	if (at < 0)
		return vz_err_errno(e, VZ_EXIT_MOUNT_POINT, "mount point %s (VE_ROOT)", ct->root);
	if (vz_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) ||
	    vz_move_mount(fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return vz_err_errno(e, VZ_EXIT_MOUNT, "mount on %s", ct->root);
	return 0;
}

int vz_rootfs_umount(const struct vz_ct *ct, struct vz_err *e)
{
	if (!umount2(ct->root, UMOUNT_NOFOLLOW))
		return 0;
	vz_err_errno(e, VZ_EXIT_UMOUNT, "unmount %s", ct->root);
	if (errno == EBUSY)
		vz_err_hint(e, "Programs of the host use it: fuser -vm %s", ct->root);
	return -1;
}

static int fill_private(const struct vz_ct *ct, int dir, unsigned int project, struct vz_err *e)
{
	_cleanup_close_ int tmpl = open_template(ct, e);
	_cleanup_close_ int fs = -1;
	struct stat st;

	if (tmpl < 0 || check_layout(ct, e))
		return -1;
	/* Before anything is in it: what exists already would stay outside the project. */
	if (vz_quota_mark(dir, project, e) && vz_quota_wanted(ct->merged))
		return -1;
	if (fstat(tmpl, &st) || mkdirat(dir, VZ_PRIVATE_FS, 0700) ||
	    mkdirat(dir, VZ_PRIVATE_WORK, 0700))
		return vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "make directories in %s",
				    ct->private);
	fs = vz_open_below(dir, VZ_PRIVATE_FS, O_RDONLY | O_DIRECTORY, 0);
	if (fs < 0 || fchown(fs, st.st_uid, st.st_gid) || fchmod(fs, st.st_mode & 07777))
		return vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "%s/%s", ct->private, VZ_PRIVATE_FS);
	if (vz_quota_set(dir, project, ct->merged, e))
		return -1;
	return is_simfs(ct) ? vz_tree_copy(tmpl, fs, e) : 0;
}

#define NO_PARENT (-2)

/*
 * Split VE_PRIVATE into its directory, opened, and its @name. -1 with @e set; NO_PARENT if it
 * does not exist and is not to be made.
 */
static int open_parent(const struct vz_ct *ct, char name[NAME_MAX], bool make, struct vz_err *e)
{
	char path[PATH_MAX], *last;
	size_t len = snprintf(path, sizeof(path), "%s", ct->private);
	int fd;

	while (len < sizeof(path) && len > 1 && path[len - 1] == '/')
		path[--len] = 0;
	last = len < sizeof(path) ? strrchr(path, '/') : NULL;
	if (!last || !last[1] || !strcmp(last, "/.") || !strcmp(last, "/..") ||
	    strlen(last) > NAME_MAX - 8)
		return vz_err_set(e, VZ_EXIT_NO_PRIVATE, "VE_PRIVATE %s is no usable path",
				  ct->private);
	*last++ = 0;
	snprintf(name, NAME_MAX, "%s", last);
	if (make && vz_mkdirs(*path ? path : "/", 0711))
		return vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "make %s", path);
	fd = vz_open_host(*path ? path : "/", O_RDONLY | O_DIRECTORY);
	if (fd < 0 && !make && errno == ENOENT)
		return NO_PARENT;
	if (fd < 0)
		return vz_err_errno(e, make ? VZ_EXIT_CREATE_PRIVATE : VZ_EXIT_DELETE, "%s",
				    *path ? path : "/");
	return fd;
}

/*
 * Is @name what vz_rootfs_create() makes: root's alone, with nothing in it but its two
 * directories? VE_PRIVATE may have been written by hand.
 */
static int check_private(const struct vz_ct *ct, int parent, const char *name, struct vz_err *e)
{
	int fd = vz_open_below(parent, name, O_RDONLY | O_DIRECTORY, 0);
	const struct dirent *d;
	struct stat st;
	DIR *dir;
	int rc = 0;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir || fstat(fd, &st)) {
		rc = vz_err_errno(e, VZ_EXIT_DELETE, "private area %s", ct->private);
		if (!dir && fd >= 0)
			close(fd);
	} else if (st.st_uid || (st.st_mode & 077)) {
		rc = vz_err_set(e, VZ_EXIT_DELETE,
				"%s is no private area of a container: root's with mode 0700 is "
				"expected. Nothing was deleted; look at VE_PRIVATE",
				ct->private);
	}
	while (!rc && dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
		    strcmp(d->d_name, VZ_PRIVATE_FS) && strcmp(d->d_name, VZ_PRIVATE_WORK))
			rc = vz_err_set(e, VZ_EXIT_DELETE,
					"%s is no private area of a container: it holds '%s'. "
					"Nothing was deleted; look at VE_PRIVATE",
					ct->private, d->d_name);
	if (dir)
		closedir(dir);
	return rc;
}

/* Renamed first: what is half removed is never taken for a container. */
int vz_rootfs_remove(const struct vz_ct *ct, struct vz_err *e)
{
	char name[NAME_MAX], gone[NAME_MAX + 8];
	_cleanup_close_ int parent = -1;
	struct stat st;

	parent = open_parent(ct, name, false, e);
	if (parent < 0)
		return parent == NO_PARENT ? 0 : -1;
	snprintf(gone, sizeof(gone), "%s.tmp", name);
	if (vz_tree_remove(parent, gone, e))
		return vz_err_wrap(e, "remains of an interrupted create, %s.tmp", ct->private);
	snprintf(gone, sizeof(gone), ".vzctl-rm-me.%u", ct->id);
	if (vz_tree_remove(parent, gone, e))
		return -1;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return 0;
	if (check_private(ct, parent, name, e))
		return -1;
	if (renameat(parent, name, parent, gone))
		return vz_err_errno(e, VZ_EXIT_DELETE, "rename %s", ct->private);
	if (vz_tree_remove(parent, gone, e))
		return vz_err_wrap(e, "%s, renamed to %s", ct->private, gone);
	vz_quota_drop(parent, ct->id);
	return 0;
}

int vz_rootfs_create(const struct vz_ct *ct, unsigned int project, struct vz_err *e)
{
	_cleanup_close_ int parent = -1, dir = -1;
	char name[NAME_MAX], tmp[NAME_MAX + 8];
	int rc;

	parent = open_parent(ct, name, true, e);
	if (parent < 0)
		return -1;
	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	if (vz_tree_remove(parent, tmp, e))
		return vz_err_wrap(e, "remains of an interrupted create, %s.tmp", ct->private);
	if (mkdirat(parent, tmp, 0700))
		return vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "make %s.tmp", ct->private);
	dir = vz_open_below(parent, tmp, O_RDONLY | O_DIRECTORY, 0);
	rc = dir < 0 ? vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "%s.tmp", ct->private) :
		       fill_private(ct, dir, project, e);
	if (rc)
		vz_tree_remove(parent, tmp, NULL);
	return rc;
}

int vz_rootfs_commit(const struct vz_ct *ct, struct vz_err *e)
{
	char name[NAME_MAX], tmp[NAME_MAX + 8];
	_cleanup_close_ int parent = open_parent(ct, name, true, e);

	if (parent < 0)
		return -1;
	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	if (renameat(parent, tmp, parent, name))
		return vz_err_errno(e, VZ_EXIT_CREATE_PRIVATE, "rename %s.tmp to %s", ct->private,
				    ct->private);
	return 0;
}

void vz_rootfs_abandon(const struct vz_ct *ct)
{
	char name[NAME_MAX], tmp[NAME_MAX + 8];
	_cleanup_close_ int parent = open_parent(ct, name, true, NULL);

	if (parent < 0)
		return;
	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	vz_tree_remove(parent, tmp, NULL);
	vz_quota_drop(parent, ct->id);
}
