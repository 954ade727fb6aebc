// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a container: see inside.h.
 *
 * The tree was filled by a tenant, so its names are hostile although nothing runs
 * in it yet: what is mounted over must be a real directory, never a link.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "priv.h"
#include "pty.h"
#include "rights.h"
#include "rootfs.h"
#include "sys.h"

#define NOEXEC	(MS_NOSUID | MS_NODEV | MS_NOEXEC)

/*
 * "container" tells init and its services that they are in one; systemd logs to the
 * console then. Which kind it is they find by /proc/vz, if the module is loaded.
 */
char *const vz_inside_env[] = {
	(char *)"container=openvz",
	(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	(char *)"TERM=linux",
	(char *)"HOME=/root",
	(char *)"USER=root",
	(char *)"LOGNAME=root",
	NULL
};

/* Those of a feature only with it. */
static const struct {
	const char *name;
	int feature;		/* enum vz_feature, -1: always */
} nodes[] = {
	{ "null", -1 },
	{ "zero", -1 },
	{ "full", -1 },
	{ "random", -1 },
	{ "urandom", -1 },
	{ "tty", -1 },
	{ "fuse", VZ_FEATURE_FUSE },
	{ "net/tun", VZ_FEATURE_TUN },
	{ "ppp", VZ_FEATURE_PPP },
};

#define NODES	(sizeof(nodes) / sizeof(*nodes))

struct state {
	const struct vz_inside *in;
	struct vz_err *e;
	int node[NODES];	/* mounts of the host's device nodes */
	int root, dev;
};

/* Opens a directory of the tree, made if it is missing; 0 and cwd there, or -1. */
static int enter_dir(struct state *s, const char *name)
{
	_cleanup_close_ int fd = vz_open_below(s->root, name, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 && errno == ENOENT && !mkdirat(s->root, name, 0755))
		fd = vz_open_below(s->root, name, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 || fchdir(fd)) {
		vz_err_errno(s->e, VZ_EXIT_MOUNT, "/%s of the container", name);
		if (errno == ELOOP || errno == ENOTDIR)
			vz_err_hint(s->e, "It must be a directory, not a link: repair it after "
					  "vzctl mount");
		return -1;
	}
	return 0;
}

static int mount_here(struct state *s, const char *type, const char *at, unsigned long flags,
		      const char *data)
{
	if (mount(type, ".", type, flags, data))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "mount %s on %s of the container", type,
				    at);
	return 0;
}

static int mount_dir(struct state *s, const char *type, const char *name, unsigned long flags,
		     const char *data)
{
	return enter_dir(s, name) || mount_here(s, type, name, flags, data) ? -1 : 0;
}

static bool has_node(const struct state *s, size_t i)
{
	return nodes[i].feature < 0 || s->in->rights->features >> nodes[i].feature & 1;
}

/* Takes from the host's tree what will be needed when it is out of sight. */
static int collect(struct state *s)
{
	char path[32];

	for (size_t i = 0; i < NODES; i++) {
		if (!has_node(s, i))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", nodes[i].name);
		s->node[i] = vz_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (s->node[i] < 0)
			return vz_err_errno(s->e, VZ_EXIT_MOUNT, "%s of the host", path);
	}
	return 0;
}

/*
 * The old root stays stacked on the new one: proc and sysfs may be mounted only
 * where one is already visible. No path is looked up from "/" meanwhile.
 */
static int change_root(struct state *s)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "make mounts private");
	s->root = open(VZ_SCRATCH_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0 || fchdir(s->root) || vz_pivot_root(".", "."))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "change the root directory");
	return 0;
}

static int leave_old_root(struct state *s)
{
	if (fchdir(s->root) || umount2(".", MNT_DETACH) || chdir("/"))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "leave the host's root directory");
	return 0;
}

static int make_node(struct state *s, const char *name, int tree)
{
	_cleanup_close_ int fd =
		openat(s->dev, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);

	if (fd < 0 ||
	    vz_move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "/dev/%s of the container", name);
	return 0;
}

static int mount_in_dev(struct state *s, const char *type, const char *name, mode_t mode,
			unsigned long flags, const char *data)
{
	_cleanup_close_ int fd = -1;

	if (!mkdirat(s->dev, name, mode))
		fd = openat(s->dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchdir(fd))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "/dev/%s of the container", name);
	return mount_here(s, type, name, flags, data);
}

static int make_dev(struct state *s)
{
	static const char *const links[][2] = {
		{ "pts/ptmx", "ptmx" }, { "/proc/self/fd", "fd" },
		{ "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" },
	};

	if (mount_dir(s, "tmpfs", "dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=1k"))
		return -1;
	s->dev = openat(s->root, "dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dev < 0)
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "/dev of the container");
	if (VZ_HAS_FEATURE(s->in->rights, TUN) && mkdirat(s->dev, "net", 0755))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "/dev/net of the container");
	for (size_t i = 0; i < NODES; i++)
		if (has_node(s, i) && make_node(s, nodes[i].name, s->node[i]))
			return -1;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlinkat(links[i][0], s->dev, links[i][1]))
			return vz_err_errno(s->e, VZ_EXIT_MOUNT, "/dev/%s of the container",
					    links[i][1]);
	if (mount_in_dev(s, "devpts", "pts", 0755, MS_NOSUID | MS_NOEXEC,
			 "newinstance,ptmxmode=0666,mode=0620,gid=5,max=1024") ||
	    mount_in_dev(s, "tmpfs", "shm", 01777, MS_NOSUID | MS_NODEV, "mode=1777"))
		return -1;
	/* A kernel without POSIX message queues is fine. */
	if (mount_in_dev(s, "mqueue", "mqueue", 0755, NOEXEC, NULL) && errno != ENODEV)
		return -1;
	return 0;
}

/*
 * Information about the host's hardware: covered, as far as the kernel shows it at all, by
 * a directory of the same file system that is empty for ever.
 */
static int cover(struct state *s, const char *path, int empty)
{
	_cleanup_close_ int fd =
		openat(s->root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int tree = -1;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0)
		tree = vz_open_tree(empty, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 ||
	    vz_move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "cover /%s", path);
	return 0;
}

static int mount_all(struct state *s)
{
	if (make_dev(s) || mount_dir(s, "proc", "proc", NOEXEC, NULL) ||
	    mount_dir(s, "tmpfs", "run", MS_NOSUID | MS_NODEV, "mode=755"))
		return -1;
	if (!VZ_HAS_FEATURE(s->in->rights, SYSFS))
		return 0;
	if (mount_dir(s, "sysfs", "sys", NOEXEC | MS_RDONLY, NULL))
		return -1;
	/* In sysfs itself nothing but a mount point. */
	_cleanup_close_ int cg = openat(s->root, "sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cg < 0 || fchdir(cg) || mount("cgroup2", ".", "cgroup2", NOEXEC, NULL))
		return vz_err_errno(s->e, VZ_EXIT_MOUNT, "mount cgroup2 in the container");
	return cover(s, "sys/firmware", cg);
}

static int loopback_up(struct state *s)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "bring up the loopback interface");
	return 0;
}

static int make_console(struct state *s, int *slave)
{
	_cleanup_close_ int pts = openat(s->dev, "pts", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int master = -1, tree = -1;
	char name[16];

	master = pts < 0 ? -1 : vz_pty_open(pts, slave);
	if (master < 0)
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "open the console");
	snprintf(name, sizeof(name), "%d", vz_pty_number(master));
	tree = vz_open_tree(pts, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "bind the console");
	if (make_node(s, "console", tree))
		return -1;
	if (fchown(*slave, 0, 5) || fchmod(*slave, 0600) ||
	    vz_msg_send(s->in->sock, VZ_MSG_FD, master, NULL))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "hand out the console");
	return 0;
}

static int set_stdio(struct state *s, int console)
{
	int fd = console >= 0 ? console : openat(s->dev, "null", O_RDWR | O_CLOEXEC);

	setsid();
	if (fd < 0 || (console >= 0 && ioctl(fd, TIOCSCTTY, 0)))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "standard input of init");
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "standard input of init");
	return 0;
}

static int prepare(struct state *s)
{
	const struct vz_inside *in = s->in;
	int console = -1;

	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, 0, 0, 0) ||
	    syscall(SYS_setresuid, 0, 0, 0))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "become root of the container");
	umask(0);
	if (collect(s) || change_root(s) || mount_all(s))
		return -1;
	if (in->console && make_console(s, &console))
		return -1;
	if (leave_old_root(s) || loopback_up(s) || set_stdio(s, console))
		return -1;
	if (in->hostname && sethostname(in->hostname, strlen(in->hostname)))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "set the host name");
	vz_priv_fresh();
	if (vz_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "close_range");
	return vz_seccomp_load(in->rights->features, s->e) || vz_caps_drop(in->rights->drop, s->e) ?
		       -1 :
		       0;
}

static int exec_init(struct state *s)
{
	static const char *const inits[] = { "/sbin/init", "/etc/init", "/bin/init" };
	const char *init = s->in->init;
	char *argv[] = { (char *)(init ? init : "init"), NULL };

	if (init) {
		execve(init, argv, vz_inside_env);
		return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "execute %s in the container", init);
	}
	for (size_t i = 0; i < sizeof(inits) / sizeof(*inits); i++) {
		execve(inits[i], argv, vz_inside_env);
		if (errno != ENOENT)
			return vz_err_errno(s->e, VZ_EXIT_ENV_CREATE, "execute %s in the container",
					    inits[i]);
	}
	return vz_err_set(s->e, VZ_EXIT_BAD_TEMPLATE,
			  "the container has no init: none of /sbin/init, /etc/init, /bin/init "
			  "exists. The template may lack systemd-sysv");
}

void vz_inside_run(const struct vz_inside *in)
{
	struct vz_err e = { 0 };
	struct state s = { .in = in, .e = &e, .root = -1, .dev = -1 };

	/* The starter gave up, or died: nothing to tell to anybody. */
	if (vz_msg_recv(in->sock, NULL, NULL) != VZ_MSG_GO)
		_exit(1);
	if (!prepare(&s))
		exec_init(&s);
	vz_msg_send(in->sock, VZ_MSG_ERROR, -1, &e);
	_exit(1);
}
