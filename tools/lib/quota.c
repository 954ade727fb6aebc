// SPDX-License-Identifier: GPL-2.0
/* Project quota: see quota.h. */
#include "quota.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "conf.h"
#include "err.h"
#include "limit.h"
#include "param.h"
#include "sys.h"

static int quotactl_prj(int dirfd, unsigned int cmd, uint32_t project, struct if_dqblk *q)
{
	return syscall(SYS_quotactl_fd, dirfd, QCMD(cmd, PRJQUOTA), project, q);
}

int vz_quota_mark(int dirfd, uint32_t project, struct vz_err *e)
{
	struct fsxattr x;

	if (!ioctl(dirfd, FS_IOC_FSGETXATTR, &x)) {
		x.fsx_projid = project;
		x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
		if (!ioctl(dirfd, FS_IOC_FSSETXATTR, &x))
			return 0;
	}
	vz_err_errno(e, VZ_EXIT_QUOTA_ON, "the file system has no projects");
	return vz_err_hint(e, "On ext4: tune2fs -O project,quota DEVICE, mount with prjquota; "
			      "or set DISK_QUOTA=no");
}

int vz_quota_check(int dirfd, uint32_t project, const char *path, struct vz_err *e)
{
	struct fsxattr x;

	if (ioctl(dirfd, FS_IOC_FSGETXATTR, &x))
		return vz_err_errno(e, VZ_EXIT_QUOTA_ON, "project of %s", path);
	if (x.fsx_projid == project && x.fsx_xflags & FS_XFLAG_PROJINHERIT)
		return 0;
	return vz_err_set(e, VZ_EXIT_QUOTA_ON,
			  "DISKSPACE or DISKINODES is set, but %s is not in project %u, as after a "
			  "restore: the limits would have no effect. chattr -R +P -p %u %s; or set "
			  "DISK_QUOTA=no",
			  path, project, project, path);
}

static int no_quota(struct vz_err *e, int code)
{
	vz_err_errno(e, code, "project quota");
	if (errno == ESRCH || errno == ENOTTY || errno == EOPNOTSUPP || errno == ENOSYS ||
	    errno == EINVAL)
		vz_err_hint(e, "DISKSPACE or DISKINODES is set, but the file system of the "
			       "private area is not mounted with prjquota: mount it so, or set "
			       "DISK_QUOTA=no");
	return -1;
}

bool vz_quota_wanted(const struct vz_conf *c)
{
	const char *on = vz_conf_get(c, "DISK_QUOTA");

	return (!on || vz_param_yesno(on)) &&
	       (vz_conf_get(c, "DISKSPACE") || vz_conf_get(c, "DISKINODES"));
}

/* A limit of 0 means "none" to the kernel; one block or inode is as good as no room. */
static uint64_t at_least_one(uint64_t n)
{
	return n ? n : 1;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int vz_quota_set(int dirfd, uint32_t project, const struct vz_conf *c, struct vz_err *e)
{
	struct if_dqblk q = { .dqb_valid = 0 };
	struct vz_limit space, inodes;
	int have_space, have_inodes;

	if (!vz_quota_wanted(c))
		return 0;
	have_space = vz_param_limit(vz_param_by_key("DISKSPACE"), c, &space, e);
	have_inodes = vz_param_limit(vz_param_by_key("DISKINODES"), c, &inodes, e);
	if (have_space < 0 || have_inodes < 0)
		return -1;
	if (have_space && space.limit != BC_UNLIMITED) {
		q.dqb_bhardlimit = at_least_one(space.limit);
		q.dqb_bsoftlimit = lower(at_least_one(space.barrier), q.dqb_bhardlimit);
	}
	if (have_inodes && inodes.limit != BC_UNLIMITED) {
		q.dqb_ihardlimit = at_least_one(inodes.limit);
		q.dqb_isoftlimit = lower(at_least_one(inodes.barrier), q.dqb_ihardlimit);
	}
	if (have_space)
		q.dqb_valid |= QIF_BLIMITS;
	if (have_inodes)
		q.dqb_valid |= QIF_ILIMITS;
	return quotactl_prj(dirfd, Q_SETQUOTA, project, &q) ? no_quota(e, VZ_EXIT_QUOTA_ON) : 0;
}

void vz_quota_drop(int dirfd, uint32_t project)
{
	struct if_dqblk q = { .dqb_valid = QIF_LIMITS };

	quotactl_prj(dirfd, Q_SETQUOTA, project, &q);
}

int vz_quota_get(int dirfd, uint32_t project, struct vz_quota *q, struct vz_err *e)
{
	struct if_dqblk d;

	if (quotactl_prj(dirfd, Q_GETQUOTA, project, &d))
		return no_quota(e, VZ_EXIT_QUOTA_USAGE);
	q->space = (d.dqb_curspace + 1023) / 1024;
	q->space_soft = d.dqb_bsoftlimit;
	q->space_hard = d.dqb_bhardlimit;
	q->inodes = d.dqb_curinodes;
	q->inodes_soft = d.dqb_isoftlimit;
	q->inodes_hard = d.dqb_ihardlimit;
	return 0;
}
