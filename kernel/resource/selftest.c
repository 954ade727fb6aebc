// SPDX-License-Identifier: GPL-2.0
/*
 * The self test at load: does the kernel really come by where we stand?
 *
 * A function can be traceable and all its calls inlined. So one object of each
 * kind is made below a scratch user namespace and the counters are compared. A
 * resource that fails is not enforced, and the log names it. Tasks cannot be
 * made in a scratch namespace from here: for them a kernel thread is born and
 * reaped and the hooked functions must have been run.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fsnotify_backend.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/key.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmap_lock.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "../compat/bc_filelock.h"
#include "resource.h"
#include "selftest.h"
#include "socket.h"

/* Above BC_ID_MAX: cannot be anybody's. */
#define BC_SCRATCH_ID U32_MAX

static const struct file_operations bc_scratch_fops = {};

struct bc_unmount_work {
	struct work_struct	work;
	struct vfsmount		*mnt;
};

struct bc_fput_work {
	struct work_struct	work;
	struct file		*file;
};

static void bc_fput_fn(struct work_struct *work)
{
	fput(container_of(work, struct bc_fput_work, work)->file);
	flush_delayed_fput();
}

/* A task of user space closes when it returns there; a worker can close now. */
static void bc_close_now(struct file *file)
{
	struct bc_fput_work close = { .file = file };

	INIT_WORK_ONSTACK(&close.work, bc_fput_fn);
	schedule_work(&close.work);
	flush_work(&close.work);
	destroy_work_on_stack(&close.work);
}

/* The same for a descriptor of the loading process. */
static void bc_close_fd_now(int fd)
{
	struct file *file = fget(fd);

	close_fd(fd);
	if (file)
		bc_close_now(file);
}

/* A system call of the loading process; its arguments are in the process' memory. */
static long bc_syscall(const char *name, unsigned long arg0, unsigned long arg1, unsigned long arg2)
{
	struct pt_regs regs = { .di = arg0, .si = arg1, .dx = arg2 };
	unsigned long address = bc_symbol_address(name);

	return address ? bc_call(address, (unsigned long)&regs, 0, 0) : -ENOENT;
}

static bool bc_held_is(const struct bc *bc, enum bc_resource row, unsigned long n)
{
	return atomic_long_read(&bc->row[row].held) == n;
}

/* What the kernel gives back in a worker. */
static bool bc_held_becomes(const struct bc *bc, enum bc_resource row, unsigned long n)
{
	unsigned int polls;

	for (polls = 0; polls < 250 && !bc_held_is(bc, row, n); polls++)
		msleep(20);
	return bc_held_is(bc, row, n);
}

static bool bc_test_file(struct bc *bc)
{
	struct file *file = anon_inode_getfile("[beancounter]", &bc_scratch_fops, NULL, O_RDONLY);
	bool charged;

	if (IS_ERR(file))
		return false;
	charged = bc_held_is(bc, BC_NUMFILE, 1);
	bc_close_now(file);
	return charged && bc_held_is(bc, BC_NUMFILE, 0);
}

static bool bc_lock_file(struct file *file, unsigned int flags, unsigned char type)
{
	struct file_lock *lock = locks_alloc_lock();
	int ret;

	if (!lock)
		return false;
	bc_flc(lock)->flc_file = file;
	bc_flc(lock)->flc_owner = file;
	bc_flc(lock)->flc_flags = flags;
	bc_flc(lock)->flc_type = type;
	lock->fl_end = OFFSET_MAX;
	ret = locks_lock_inode_wait(file_inode(file), lock);
	locks_free_lock(lock);
	return !ret;
}

/* Set and taken away by a call, and set again and left to the close. */
static bool bc_test_flock(struct bc *bc)
{
	struct file *file = anon_inode_getfile("[beancounter]", &bc_scratch_fops, NULL, O_RDWR);
	bool counted;

	if (IS_ERR(file))
		return false;
	counted = bc_lock_file(file, FL_FLOCK, F_WRLCK) && bc_held_is(bc, BC_NUMFLOCK, 1) &&
		  bc_lock_file(file, FL_POSIX, F_WRLCK) && bc_held_is(bc, BC_NUMFLOCK, 2) &&
		  bc_lock_file(file, FL_POSIX, F_UNLCK) && bc_held_is(bc, BC_NUMFLOCK, 1) &&
		  bc_lock_file(file, FL_FLOCK, F_UNLCK) && bc_held_is(bc, BC_NUMFLOCK, 0) &&
		  bc_lock_file(file, FL_FLOCK, F_WRLCK) && bc_held_is(bc, BC_NUMFLOCK, 1);
	bc_close_now(file);
	return counted && bc_held_is(bc, BC_NUMFLOCK, 0);
}

static unsigned long bc_map(unsigned long address, unsigned long len, unsigned long prot,
			    unsigned long flags)
{
	return vm_mmap(NULL, address, len, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags | (address ? MAP_FIXED : 0), 0);
}

/*
 * In the memory of the loading process: charged as a whole, given back at the
 * end. What replaces something that is not private has to be counted too.
 */
static bool bc_test_memory(struct bc *bc)
{
	const unsigned long len = 4 * PAGE_SIZE;
	struct mm_struct *mm = current->mm;
	unsigned long address;
	bool counted;

	if (!mm)
		return false;
	address = bc_map(0, len, PROT_NONE, 0);
	if (IS_ERR_VALUE(address))
		return false;
	counted = bc_map(address, len, PROT_READ | PROT_WRITE, 0) == address &&
		  bc_held_is(bc, BC_PRIVVMPAGES, mm->data_vm + mm->stack_vm);
	vm_munmap(address, len);
	bc_memory_forget(mm);
	return counted && bc_held_is(bc, BC_PRIVVMPAGES, 0);
}

/* A watch on the root directory, whose name is the only thing that has to be in user memory. */
static bool bc_test_inotify(struct bc *bc)
{
	unsigned long path = bc_map(0, PAGE_SIZE, PROT_READ | PROT_WRITE, 0);
	bool counted = false;
	long fd;

	if (IS_ERR_VALUE(path))
		return false;
	fd = bc_syscall("__x64_sys_inotify_init1", O_CLOEXEC, 0, 0);
	if (fd >= 0) {
		counted = !copy_to_user((void __user *)path, "/", 2) &&
			  bc_syscall("__x64_sys_inotify_add_watch", fd, path, FS_CREATE) > 0 &&
			  bc_held_is(bc, BC_NUMINOTIFY, 1) && bc_held_is(bc, BC_NUMWATCH, 1);
		bc_close_fd_now(fd);
	}
	vm_munmap(path, PAGE_SIZE);
	bc_memory_forget(current->mm);
	return counted && bc_held_is(bc, BC_NUMINOTIFY, 0) && bc_held_is(bc, BC_NUMWATCH, 0);
}

static bool bc_test_namespace(struct bc *bc)
{
	unsigned long copy = bc_symbol_address("copy_utsname");
	unsigned long drop = bc_symbol_address("free_uts_ns");
	bool counted;
	long ns;

	if (!copy || !drop)
		return false;
	ns = bc_call(copy, CLONE_NEWUTS, (unsigned long)current_user_ns(),
		     (unsigned long)&init_uts_ns);
	if (IS_ERR_VALUE(ns))
		return false;
	counted = bc_held_is(bc, BC_NUMNS, 1);
	bc_call(drop, ns, 0, 0);
	return counted && bc_held_is(bc, BC_NUMNS, 0);
}

/* In an instance of devpts that belongs to the scratch namespace. */
static bool bc_test_pty(struct bc *bc)
{
	struct file_system_type *type = get_fs_type("devpts");
	struct vfsmount *mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	bool counted = false;

	if (!IS_ERR(mnt)) {
		struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
		struct file *file = file_open_root(&root, "ptmx", O_RDWR | O_NOCTTY, 0);

		if (!IS_ERR(file)) {
			counted = bc_held_is(bc, BC_NUMPTY, 1);
			bc_close_now(file);
		}
		kern_unmount(mnt);
	}
	if (type)
		module_put(type->owner);
	return counted && bc_held_is(bc, BC_NUMPTY, 0);
}

/* A mount that is the task's is dropped when it returns to user space; a worker's is soon. */
static void bc_unmount_fn(struct work_struct *work)
{
	kern_unmount(container_of(work, struct bc_unmount_work, work)->mnt);
}

static bool bc_unmount_now(struct bc *bc, struct vfsmount *mnt, unsigned long left)
{
	struct bc_unmount_work unmount = { .mnt = mnt };

	INIT_WORK_ONSTACK(&unmount.work, bc_unmount_fn);
	schedule_work(&unmount.work);
	flush_work(&unmount.work);
	destroy_work_on_stack(&unmount.work);
	return bc_held_becomes(bc, BC_NUMMOUNT, left);
}

/* One that is made, and a copy of it, as a bind mount and a new namespace make them. */
static bool bc_test_mount(struct bc *bc)
{
	struct file_system_type *type = get_fs_type("ramfs");
	struct vfsmount *mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	unsigned long clone = bc_symbol_address("clone_mnt");
	bool counted = false;
	long copy;

	if (!IS_ERR(mnt)) {
		counted = bc_held_is(bc, BC_NUMMOUNT, 1);
		copy = clone ? bc_call(clone, (unsigned long)mnt - bc_vfsmount_offset,
				       (unsigned long)mnt->mnt_root, 0) :
			       -ENOENT;
		counted = counted && !IS_ERR_VALUE(copy) && bc_held_is(bc, BC_NUMMOUNT, 2);
		if (!IS_ERR_VALUE(copy))
			counted = bc_unmount_now(bc, (void *)copy + bc_vfsmount_offset, 1) &&
				  counted;
		counted = bc_unmount_now(bc, mnt, 0) && counted;
	}
	if (type)
		module_put(type->owner);
	return counted;
}

/* Made, enlarged, and freed. How large a new one is depends on what its user has. */
static bool bc_test_pipe(struct bc *bc)
{
	unsigned long alloc = bc_symbol_address("alloc_pipe_info");
	unsigned long resize = bc_symbol_address("pipe_resize_ring");
	unsigned long drop = bc_symbol_address("free_pipe_info");
	struct pipe_inode_info *pipe;
	unsigned int accounted;
	bool counted;

	if (!alloc || !resize || !drop)
		return false;
	pipe = (struct pipe_inode_info *)bc_call(alloc, 0, 0, 0);
	if (!pipe)
		return false;
	accounted = pipe->nr_accounted;
	counted = accounted && bc_held_is(bc, BC_PIPEPAGES, accounted) &&
		  !(int)bc_call(resize, (unsigned long)pipe, 64, 0) &&
		  bc_held_is(bc, BC_PIPEPAGES, 64);
	pipe->nr_accounted = accounted; /* what its user was charged by the kernel */
	bc_call(drop, (unsigned long)pipe, 0, 0);
	return counted && bc_held_is(bc, BC_PIPEPAGES, 0);
}

/* A key is collected a little later than it is dropped. */
static bool bc_test_key(struct bc *bc)
{
	struct key *key = keyring_alloc(".beancounter", current_uid(), current_gid(),
					current_cred(), KEY_POS_ALL, KEY_ALLOC_NOT_IN_QUOTA, NULL,
					NULL);
	bool counted;

	if (IS_ERR(key))
		return false;
	counted = bc_held_is(bc, BC_NUMKEY, 1);
	key_put(key);
	return bc_held_becomes(bc, BC_NUMKEY, 0) && counted;
}

/* Signals are charged to the real credentials, which nobody else changes. */
static bool bc_test_signal(struct bc *bc)
{
	unsigned long alloc = bc_symbol_address("sigqueue_alloc");
	unsigned long drop = bc_symbol_address("sigqueue_free");
	const struct cred *real;
	bool counted = false;
	long entry;

	if (!alloc || !drop)
		return false;
	real = rcu_replace_pointer(current->real_cred, current_cred(), true);
	entry = bc_call(alloc, 0, 0, 0);
	if (entry) {
		counted = bc_held_is(bc, BC_NUMSIGINFO, 1);
		bc_call(drop, entry, 0, 0);
	}
	rcu_assign_pointer(current->real_cred, real);
	return counted && bc_held_is(bc, BC_NUMSIGINFO, 0);
}

/* One socket of a row comes and goes; one of the kernel's own is not counted. */
static bool bc_test_socket(struct bc *bc, struct net *net, int type, enum bc_resource row)
{
	unsigned long kern = row == BC_NUMTCPSOCK;
	struct socket *sock, *own;
	bool charged;

	if (__sock_create(net, PF_INET, type, 0, &sock, 0))
		return false;
	charged = bc_held_is(bc, row, 1);
	if (__sock_create(net, PF_INET, type, 0, &own, 1)) {
		charged = false;
	} else {
		charged &= bc_held_is(bc, row, 1 + kern);
		sock_release(own);
	}
	charged &= bc_held_is(bc, row, 1);
	sock_release(sock);
	return charged && bc_held_is(bc, row, 0);
}

/* What a listener does when a connection comes in; with UDP, which has least to undo. */
static bool bc_test_clone(struct bc *bc, struct net *net)
{
	struct socket *sock;
	struct sock *clone;
	bool charged = false;

	if (__sock_create(net, PF_INET, SOCK_DGRAM, 0, &sock, 0))
		return false;
	local_bh_disable();
	clone = sk_clone_lock(sock->sk, GFP_ATOMIC);
	if (clone) {
		charged = bc_held_is(bc, BC_NUMOTHERSOCK, 2);
		sk_free_unlock_clone(clone);
	}
	local_bh_enable();
	charged &= bc_held_is(bc, BC_NUMOTHERSOCK, 1);
	sock_release(sock);
	return charged && bc_held_is(bc, BC_NUMOTHERSOCK, 0);
}

/* A network namespace of the scratch namespace, which goes a little later. */
static struct net *bc_scratch_net(void)
{
	unsigned long copy_net_ns = bc_symbol_address("copy_net_ns");

	if (!copy_net_ns)
		return ERR_PTR(-ENOENT);
	return (struct net *)bc_call(copy_net_ns, CLONE_NEWNET, (unsigned long)current_user_ns(),
				     (unsigned long)&init_net);
}

static bool bc_test_sockets(struct bc *bc)
{
	struct net *net = bc_scratch_net();
	bool counted;

	if (IS_ERR(net))
		return false;
	counted = bc_test_socket(bc, net, SOCK_STREAM, BC_NUMTCPSOCK) &&
		  bc_test_socket(bc, net, SOCK_DGRAM, BC_NUMOTHERSOCK) && bc_test_clone(bc, net);
	put_net(net);
	return counted;
}

/* A socket gets a page, gives it back, gets one it did not ask for, and goes with it. */
static bool bc_test_sockbuf(struct bc *bc, struct net *net, int type, int kind,
			    enum bc_resource row)
{
	unsigned long forced = bc_symbol_address("sk_forced_mem_schedule");
	struct socket *sock;
	bool counted;

	if (!forced || __sock_create(net, PF_INET, type, 0, &sock, 0))
		return false;
	lock_sock(sock->sk);
	counted = __sk_mem_schedule(sock->sk, 1, kind) && bc_held_is(bc, row, PAGE_SIZE);
	sk_mem_reclaim(sock->sk);
	counted = counted && bc_held_is(bc, row, 0);
	if (kind == SK_MEM_SEND) {
		bc_call(forced, (unsigned long)sock->sk, 1, 0);
		counted = counted && bc_held_is(bc, row, PAGE_SIZE);
	}
	release_sock(sock->sk);
	sock_release(sock);
	return counted && bc_held_is(bc, row, 0);
}

static bool bc_test_sockbufs(struct bc *bc)
{
	struct net *net = bc_scratch_net();
	bool counted;

	if (IS_ERR(net))
		return false;
	counted = bc_test_sockbuf(bc, net, SOCK_STREAM, SK_MEM_SEND, BC_TCPSNDBUF) &&
		  bc_test_sockbuf(bc, net, SOCK_STREAM, SK_MEM_RECV, BC_TCPRCVBUF) &&
		  bc_test_sockbuf(bc, net, SOCK_DGRAM, SK_MEM_RECV, BC_DGRAMRCVBUF);
	put_net(net);
	return counted;
}

/* A message that nobody reads, and its end. */
static bool bc_test_message(struct bc *bc, struct sock *sk)
{
	struct sk_buff *skb;
	unsigned int size;
	int err;

	skb = sock_alloc_send_skb(sk, 1, 1, &err);
	if (!skb)
		return false;
	size = skb->truesize;
	bc_recount(bc);
	if (!bc_held_is(bc, BC_OTHERSOCKBUF, size))
		size = 0;
	kfree_skb(skb);
	bc_recount(bc);
	return size && bc_held_is(bc, BC_OTHERSOCKBUF, 0);
}

static bool bc_test_othersockbuf(struct bc *bc)
{
	struct net *net = bc_scratch_net();
	struct socket *sock;
	bool counted = false;

	if (IS_ERR(net))
		return false;
	if (!__sock_create(net, PF_UNIX, SOCK_DGRAM, 0, &sock, 0)) {
		counted = bc_test_message(bc, sock->sk);
		sock_release(sock);
	}
	put_net(net);
	return counted;
}

/* mlock(2) from inside of the kernel. mmap_lock as do_mlock() has it. */
static bool bc_lock_pages(unsigned long address, unsigned long len)
{
	unsigned long apply = bc_symbol_address("apply_vma_lock_flags");
	long ret;

	mmap_write_lock(current->mm);
	ret = bc_call(apply, address, len, VM_LOCKED);
	mmap_write_unlock(current->mm);
	return !ret;
}

/* MAP_LOCKED, then mlock(2). What the process had locked before counts with it. */
static bool bc_test_mlock(struct bc *bc)
{
	const unsigned long len = 4 * PAGE_SIZE;
	struct mm_struct *mm = current->mm;
	unsigned long before, locked, plain;
	bool counted;

	if (!mm)
		return false;
	before = mm->locked_vm;
	locked = bc_map(0, len, PROT_READ, MAP_LOCKED);
	if (IS_ERR_VALUE(locked))
		return false;
	counted = bc_held_is(bc, BC_LOCKEDPAGES, before + 4);
	plain = bc_map(0, len, PROT_READ, 0);
	if (!IS_ERR_VALUE(plain)) {
		counted = counted && bc_lock_pages(plain, len) &&
			  bc_held_is(bc, BC_LOCKEDPAGES, before + 8);
		vm_munmap(plain, len);
	}
	vm_munmap(locked, len);
	bc_memory_forget(mm);
	return counted && !IS_ERR_VALUE(plain) && bc_held_is(bc, BC_LOCKEDPAGES, 0);
}

/* One that reserves its page, and one that is filled, emptied and filled again. */
static bool bc_test_shmem(struct bc *bc)
{
	struct file *reserved = shmem_file_setup("beancounter", PAGE_SIZE, 0);
	struct file *filled = shmem_file_setup("beancounter", 2 * PAGE_SIZE, VM_NORESERVE);
	bool counted = false;
	loff_t pos = 0;

	if (!IS_ERR(reserved) && !IS_ERR(filled)) {
		counted = bc_held_is(bc, BC_SHMPAGES, 1) &&
			  kernel_write(filled, "", 1, &pos) == 1 && bc_held_is(bc, BC_SHMPAGES, 2);
		shmem_truncate_range(file_inode(filled), 0, -1);
		counted = counted && bc_held_is(bc, BC_SHMPAGES, 1) &&
			  kernel_write(filled, "", 1, &pos) == 1 && bc_held_is(bc, BC_SHMPAGES, 2);
	}
	if (!IS_ERR(reserved))
		bc_close_now(reserved);
	if (!IS_ERR(filled))
		bc_close_now(filled);
	return counted && bc_held_is(bc, BC_SHMPAGES, 0);
}

static void bc_use_namespaces(struct nsproxy *nsproxy)
{
	task_lock(current);
	current->nsproxy = nsproxy;
	task_unlock(current);
}

/* A queue of each kind comes and goes. */
static bool bc_test_queues(struct bc *bc)
{
	unsigned long name = bc_map(0, PAGE_SIZE, PROT_READ | PROT_WRITE, 0);
	long id = bc_syscall("__x64_sys_msgget", IPC_PRIVATE, 0600, 0);
	bool counted = id >= 0 && bc_held_is(bc, BC_NUMIPC, 1) &&
		       !bc_syscall("__x64_sys_msgctl", id, IPC_RMID, 0) &&
		       bc_held_is(bc, BC_NUMIPC, 0);
	long fd = -EFAULT;

	if (IS_ERR_VALUE(name))
		return false;
	if (!copy_to_user((void __user *)name, "bc", 3))
		fd = bc_syscall("__x64_sys_mq_open", name, O_CREAT | O_RDWR, 0600);
	if (fd >= 0) {
		counted = bc_held_is(bc, BC_NUMIPC, 1) && counted &&
			  !bc_syscall("__x64_sys_mq_unlink", name, 0, 0);
		bc_close_fd_now(fd);
	}
	vm_munmap(name, PAGE_SIZE);
	bc_memory_forget(current->mm);
	/* a kernel may be without POSIX queues */
	return counted && (fd >= 0 || !IS_ENABLED(CONFIG_POSIX_MQUEUE) || fd == -ENOENT) &&
	       bc_held_is(bc, BC_NUMIPC, 0);
}

/* In an IPC namespace of the scratch namespace, which goes a little later. */
static bool bc_test_ipc(struct bc *bc)
{
	unsigned long copy = bc_symbol_address("copy_ipcs");
	unsigned long drop = bc_symbol_address("put_ipc_ns");
	struct nsproxy *own = current->nsproxy;
	struct nsproxy scratch = *own;
	bool counted;
	long ns;

	if (!copy || !drop)
		return false;
	ns = bc_call(copy, CLONE_NEWIPC, (unsigned long)current_user_ns(),
		     (unsigned long)own->ipc_ns);
	if (IS_ERR_VALUE(ns))
		return false;
	scratch.ipc_ns = (struct ipc_namespace *)ns;
	bc_use_namespaces(&scratch);
	counted = bc_test_queues(bc);
	bc_use_namespaces(own);
	bc_call(drop, ns, 0, 0);
	return counted;
}

/*
 * An entry tests the rows of a mask, which a kernel has all or none of. With the
 * credentials of the scratch namespace it makes objects, compares, and leaves
 * nothing behind.
 */
static const struct bc_object_test {
	u64	rows;
	bool	(*run)(struct bc *bc);
} bc_object_tests[] = {
	{ BIT(BC_NUMFILE), bc_test_file },
	{ BIT(BC_NUMFLOCK), bc_test_flock },
	{ BIT(BC_PRIVVMPAGES), bc_test_memory },
	{ BIT(BC_LOCKEDPAGES), bc_test_mlock },
	{ BIT(BC_SHMPAGES), bc_test_shmem },
	{ BIT(BC_NUMINOTIFY) | BIT(BC_NUMWATCH), bc_test_inotify },
	{ BIT(BC_NUMNS), bc_test_namespace },
	{ BIT(BC_NUMMOUNT), bc_test_mount },
	{ BIT(BC_PIPEPAGES), bc_test_pipe },
	{ BIT(BC_NUMKEY), bc_test_key },
	{ BIT(BC_NUMPTY), bc_test_pty },
	{ BIT(BC_NUMSIGINFO), bc_test_signal },
	{ BIT(BC_NUMTCPSOCK) | BIT(BC_NUMOTHERSOCK), bc_test_sockets },
	{ BC_SOCKMEM_ROWS, bc_test_sockbufs },
	{ BIT(BC_OTHERSOCKBUF), bc_test_othersockbuf },
	{ BIT(BC_NUMIPC), bc_test_ipc }, /* last: leaves a namespace and a mount for a moment */
};

/* ---- tasks ---- */

static int bc_thread_fn(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static bool bc_test_tasks(void)
{
	struct task_struct *thread;
	unsigned int polls;

	bc_fork_watch(true);
	thread = kthread_run(bc_thread_fn, NULL, "beancounter");
	if (!IS_ERR(thread))
		kthread_stop(thread);
	/* it is reaped a little later than it has ended */
	for (polls = 0; polls < 250 && !IS_ERR(thread) && !bc_fork_seen(); polls++)
		msleep(20);
	bc_fork_watch(false);
	return bc_fork_seen();
}

/* ---- all of it ---- */

/* Root inside is root. Nobody else knows the namespace. */
static void bc_map_root(struct user_namespace *ns)
{
	ns->uid_map.extent[0] = (struct uid_gid_extent){ .count = 1 };
	ns->gid_map.extent[0] = (struct uid_gid_extent){ .count = 1 };
	smp_store_release(&ns->uid_map.nr_extents, 1); /* as map_write() does it */
	smp_store_release(&ns->gid_map.nr_extents, 1);
}

/* The credentials' own count of what they use: signals are charged by it. */
static int bc_scratch_ucounts(struct cred *cred)
{
	unsigned long set_cred_ucounts = bc_symbol_address("set_cred_ucounts");

	return set_cred_ucounts ? bc_call(set_cred_ucounts, (unsigned long)cred, 0, 0) : 0;
}

/* A namespace below the loading process' own, which belongs to the scratch beancounter. */
static int bc_scratch_cred(struct cred **out)
{
	unsigned long create_user_ns = bc_symbol_address("create_user_ns");
	struct bc_arming *arming = NULL;
	struct cred *cred = prepare_creds();
	int ret;

	if (!cred)
		return -ENOMEM;
	mutex_lock(&bc_mutex);
	ret = bc_arm(&arming, BC_SCRATCH_ID);
	mutex_unlock(&bc_mutex);
	if (!ret) {
		ret = bc_call(create_user_ns, (unsigned long)cred, 0, 0);
		mutex_lock(&bc_mutex);
		bc_disarm(&arming);
		mutex_unlock(&bc_mutex);
	}
	if (!ret)
		ret = bc_scratch_ucounts(cred);
	if (ret) {
		abort_creds(cred);
		return ret;
	}
	bc_map_root(cred->user_ns);
	*out = cred;
	return 0;
}

static u64 bc_test_objects(struct bc *bc, u64 rows)
{
	const struct cred *old;
	struct cred *cred;
	unsigned int i;
	u64 failed = 0;
	int ret = bc_scratch_cred(&cred);

	if (ret) {
		pr_err("self test: no user namespace for it (%d); is user.max_user_namespaces 0?\n",
		       ret);
		return rows;
	}
	if (bc_of_ns(cred->user_ns) != bc) {
		pr_err("self test: create_user_ns() is not seen\n");
		failed = rows;
		goto out;
	}
	old = override_creds(cred);
	for (i = 0; i < ARRAY_SIZE(bc_object_tests); i++) {
		const struct bc_object_test *test = &bc_object_tests[i];

		if ((rows & test->rows) && !test->run(bc))
			failed |= rows & test->rows;
	}
	revert_creds(old);
out:
	put_cred(cred);
	return failed;
}

/**
 * bc_selftest() - make one object of each kind and compare
 * @rows: mask of resources that are hooked
 *
 * Context: load, in the loading process; hooks are live, interfaces are not.
 * Return: mask of resources that do not count as they should; all of @rows if
 * the test itself cannot run.
 */
u64 bc_selftest(u64 rows)
{
	u64 failed = 0;
	struct bc *bc;
	int ret;

	mutex_lock(&bc_mutex);
	ret = bc_create(BC_SCRATCH_ID, true);
	mutex_unlock(&bc_mutex);
	if (ret)
		return rows;
	bc = bc_get(BC_SCRATCH_ID);
	failed = bc_test_objects(bc, rows);
	if (!bc_test_tasks())
		failed |= BIT(BC_NUMPROC);
	bc_put(bc);
	mutex_lock(&bc_mutex);
	bc_destroy(BC_SCRATCH_ID);
	mutex_unlock(&bc_mutex);
	return failed;
}
