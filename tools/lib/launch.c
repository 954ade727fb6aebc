// SPDX-License-Identifier: GPL-2.0
/* Start of a container: see launch.h. */
#include "launch.h"

#include <bc_resources.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "bc.h"
#include "cgroup.h"
#include "child.h"
#include "cleanup.h"
#include "cpuset.h"
#include "ct.h"
#include "err.h"
#include "fd.h"
#include "implied.h"
#include "inside.h"
#include "log.h"
#include "memory.h"
#include "ns.h"
#include "priv.h"
#include "rootfs.h"
#include "sys.h"

#define DIE_MS	10000	/* how long a failed start waits for its own child to die */

struct launch {
	const struct vz_ct *ct;
	const struct vz_start_opts *o;
	struct vz_launched *l;
	struct vz_err *e;
	uid_t base;
	int bc;			/* -1: without beancounters */
	bool bc_fresh;		/* made by this start */
	int cgroup, sock, userns;
	bool cgroup_made, become;
};

/* A policy whose module is not loaded is no reason not to start: classic is stricter. */
static int make_policies(struct launch *s)
{
	char missing[512], skipped[512];

	if (vz_bc_choose(s->bc, s->ct->id, s->ct->merged, missing, skipped, sizeof(skipped), s->e))
		return -1;
	if (*missing)
		vz_log(VZ_LOG_WARN, "no such policy, classic instead: %s", missing);
	if (*skipped)
		vz_log(VZ_LOG_WARN, "not enforced by the loaded module: %s", skipped);
	return 0;
}

/* Neither are bounds of processor time that nobody enforces. */
static int bound_cpu(struct launch *s)
{
	int rc = vz_bc_cpu(s->bc, s->ct->id, s->ct->merged, true, s->e);

	if (rc > 0)
		vz_log(VZ_LOG_WARN, "%s", s->e->msg);
	return rc < 0 ? -1 : 0;
}

static int make_beancounter(struct launch *s)
{
	struct bc_row rows[BC_ROWS];
	char skipped[512];

	if (!vz_ct_yes(s->ct, "BEANCOUNTERS", true)) {
		vz_log(VZ_LOG_WARN, "BEANCOUNTERS=no: this container runs WITHOUT ANY LIMIT of "
				    "processes, files and address space");
		return 0;
	}
	s->bc = vz_bc_open(s->e);
	if (s->bc < 0)
		return -1;
	s->bc_fresh = vz_bc_query(s->bc, s->ct->id, rows, NULL) < 0 && errno == ENOENT;
	if (vz_bc_create(s->bc, s->ct->id, s->e)) {
		s->bc_fresh = false;
		return -1;
	}
	if (vz_implied(s->ct->merged, s->ct->merged, s->e) ||
	    vz_bc_apply(s->bc, s->ct->id, s->ct->merged, skipped, sizeof(skipped), s->e))
		return -1;
	if (make_policies(s) || bound_cpu(s))
		return -1;
	if (*skipped)
		vz_log(vz_run_seen(s->ct->id) ? VZ_LOG_DEBUG : VZ_LOG_WARN,
		       "configured, but not enforced by the loaded module: %s", skipped);
	return 0;
}

/* From now on the rows of memory and swap show what the cgroup counts. */
static int attach_cgroup(struct launch *s)
{
	_cleanup_close_ int dir = vz_cgroup_dir(s->ct->id);

	if (s->bc < 0 || (dir >= 0 && !vz_bc_attach(s->bc, s->ct->id, dir)))
		return 0;
	if (errno == EOPNOTSUPP)
		return 0;	/* vz_memory_apply() says which limits have no effect */
	return vz_err_errno(s->e, VZ_EXIT_SET_UBC, "count the memory of container %u by its cgroup",
			    s->ct->id);
}

/* Nor is a host that cannot bind containers to processors. */
static int bind_cpus(struct launch *s)
{
	int rc = vz_cpuset_apply(s->ct->id, s->ct->merged, NULL, s->e);

	if (rc > 0)
		vz_log(VZ_LOG_WARN, "%s", s->e->msg);
	return rc < 0 ? -1 : 0;
}

static int make_limits(struct launch *s)
{
	if (make_beancounter(s))
		return -1;
	s->cgroup = vz_cgroup_make(s->ct->id, s->base, s->e);
	if (s->cgroup < 0)
		return -1;
	s->cgroup_made = true;
	if (attach_cgroup(s) || bind_cpus(s))
		return -1;
	return vz_memory_apply(s->ct->id, s->ct->merged, s->e) || vz_rootfs_quota(s->ct, s->e) ?
		       -1 :
		       0;
}

/* Modules that the container's own root could not load. */
static void load_modules(const struct vz_rights *r)
{
	static const struct {
		enum vz_feature feature;
		const char *module;
	} modules[] = {
		{ VZ_FEATURE_SIT, "sit" }, { VZ_FEATURE_IPIP, "ipip" },
		{ VZ_FEATURE_IPGRE, "ip_gre" }, { VZ_FEATURE_BRIDGE, "bridge" },
		{ VZ_FEATURE_PPP, "ppp_generic" }, { VZ_FEATURE_TUN, "tun" },
		{ VZ_FEATURE_FUSE, "fuse" },
	};
	struct vz_child c;

	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
		const char *argv[] = { "modprobe", "-q", modules[i].module, NULL };

		if (!(r->features >> modules[i].feature & 1))
			continue;
		/* It may be built in: what is missing is named when it is needed. */
		if (!vz_child_start(&c, argv, 0, NULL))
			vz_child_wait(&c);
	}
}

static int get_rights(struct launch *s)
{
	char idle[256];

	if (vz_rights_get(s->ct->merged, &s->l->rights, s->e))
		return -1;
	if (*vz_rights_idle(&s->l->rights, idle, sizeof(idle)))
		vz_log(vz_run_seen(s->ct->id) ? VZ_LOG_DEBUG : VZ_LOG_WARN,
		       "granted, but the kernel asks for it outside of containers: %s", idle);
	load_modules(&s->l->rights);
	return 0;
}

static int clone_init(struct launch *s)
{
	struct clone_args a = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uintptr_t)&s->l->pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = s->cgroup,
	};
	struct vz_inside in = {
		.hostname = vz_ct_get(s->ct, "HOSTNAME", NULL),
		.init = s->o->init,
		.console = true,
		.rights = &s->l->rights,
	};
	int sock[2];
	pid_t pid;

	if (vz_msg_pair(sock))
		return vz_err_errno(s->e, VZ_EXIT_SYSTEM, "socketpair");
	if (s->bc >= 0 && vz_bc_arm(s->bc, s->ct->id, s->e)) {
		close(sock[0]);
		close(sock[1]);
		return -1;
	}
	pid = vz_clone3(&a);
	if (!pid) {
		close(sock[0]);
		in.sock = sock[1];
		vz_inside_run(&in);
	}
	close(sock[1]);
	s->sock = sock[0];
	if (pid < 0) {
		s->l->pidfd = -1;
		vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "make the namespaces");
		if (errno == EAGAIN)
			vz_err_hint(s->e,
				    "numproc of container %u is too low for a first "
				    "process: vzctl set %u --numproc N --save",
				    s->ct->id, s->ct->id);
		if (errno == ENOSPC || errno == EUSERS)
			vz_err_hint(s->e, "See /proc/sys/user/max_*_namespaces");
		return -1;
	}
	s->l->pid = pid;
	return 0;
}

static int make_root(struct launch *s)
{
	_cleanup_close_ int mount = -1;

	mount = vz_rootfs_make(s->ct, s->userns, s->e);
	if (mount < 0)
		return -1;
	return vz_rootfs_attach(mount, s->e);
}

/* In a mount namespace of its own; the caller comes back from there. */
static int build(struct launch *s)
{
	int time_ns, rc;

	if (vz_rootfs_scratch(s->e))
		return -1;
	time_ns = vz_ns_time_begin(s->e);
	if (time_ns == -1)
		return -1;
	if (vz_priv_become(s->base, s->e)) {
		vz_ns_time_end(time_ns, NULL);
		return -1;
	}
	s->become = true;
	rc = clone_init(s);
	if (vz_ns_time_end(time_ns, rc ? NULL : s->e) || rc)
		return -1;
	s->userns = vz_ns_map(s->l->pid, s->base, s->e);
	if (s->userns < 0)
		return -1;
	return make_root(s);
}

/* Lets the child go on, and follows it until it has become init. */
static int release(struct launch *s)
{
	int type, fd;

	if (vz_msg_send(s->sock, VZ_MSG_GO, -1, NULL))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "release the first process");
	while ((type = vz_msg_recv(s->sock, &fd, s->e)) == VZ_MSG_FD) {
		if (s->l->console >= 0)
			close(s->l->console);
		s->l->console = fd;
	}
	if (type == VZ_MSG_ERROR)
		return -1;
	if (type != VZ_MSG_EOF)
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "talk to the first process");
	return 0;
}

static void undo(struct launch *s)
{
	siginfo_t si;

	if (s->l->pidfd >= 0) {
		vz_pidfd_signal(s->l->pidfd, SIGKILL);
		waitid(P_PIDFD, s->l->pidfd, &si, WEXITED);
		close(vz_steal_fd(&s->l->pidfd));
	}
	if (s->l->console >= 0)
		close(vz_steal_fd(&s->l->console));
	if (s->cgroup_made)
		vz_cgroup_remove(s->ct->id, DIE_MS, NULL);
	if (s->bc >= 0 && s->bc_fresh)
		vz_bc_destroy(s->bc, s->ct->id, DIE_MS, NULL);
}

static void close_all(struct launch *s)
{
	const int fds[] = { s->bc, s->cgroup, s->sock, s->userns };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int vz_launch(const struct vz_ct *ct, const struct vz_start_opts *o, struct vz_launched *l,
	      struct vz_err *e)
{
	struct launch s = {
		.ct = ct, .o = o, .l = l, .e = e, .bc = -1, .cgroup = -1, .sock = -1, .userns = -1
	};
	_cleanup_close_ int mnt_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int rc;

	*l = (struct vz_launched){ .pidfd = -1, .console = -1 };
	if (mnt_ns < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "/proc/self/ns/mnt");
	vz_rlimits_default();
	rc = vz_ct_base(ct, &s.base, e) || get_rights(&s) || make_limits(&s) || build(&s);
	if (s.become && vz_priv_restore(rc ? NULL : e))
		rc = -1;
	/* The layers live on as the overlay's own; nothing else is needed from there. */
	if (setns(mnt_ns, CLONE_NEWNS))
		rc = rc ? rc : vz_err_errno(e, VZ_EXIT_SYSTEM, "return to the host's mounts");
	if (!rc)
		rc = release(&s);
	if (rc)
		undo(&s);
	close_all(&s);
	return rc ? -1 : 0;
}
