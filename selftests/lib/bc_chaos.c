// SPDX-License-Identifier: GPL-2.0
#include "bc_chaos.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_box.h"

#define PAGE	  4096UL
#define MAX_FILES 48
#define MAX_MAPS  24
#define MAX_DEPTH 4

static int files[MAX_FILES], nr_files;
static struct {
	char *at;
	unsigned long pages;
} maps[MAX_MAPS];

uint32_t bc_chaos_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

static void keep(int fd)
{
	if (fd < 0)
		return;
	if (nr_files == MAX_FILES)
		close(fd);
	else
		files[nr_files++] = fd;
}

static void open_one(uint32_t r)
{
	int p[2] = { -1, -1 };

	switch (r % 6) {
	case 0:
		keep(open("/dev/null", O_RDONLY));
		break;
	case 1:
		if (!pipe(p)) {
			keep(p[0]);
			keep(p[1]);
		}
		break;
	case 2:
		keep(socket(r & 64 ? AF_INET : AF_UNIX, r & 128 ? SOCK_STREAM : SOCK_DGRAM, 0));
		break;
	case 3:
		keep(eventfd(0, 0));
		break;
	case 4:
		keep((int)syscall(SYS_memfd_create, "chaos", 0));
		break;
	case 5: /* in flight when both ends go */
		if (!socketpair(AF_UNIX, SOCK_STREAM, 0, p)) {
			int fd = open("/dev/null", O_RDONLY);

			if (fd >= 0)
				bc_send_fd(p[0], fd);
			close(fd);
			keep(p[0]);
			keep(p[1]);
		}
		break;
	}
}

static void close_some(uint32_t r)
{
	int n = (int)(r % (MAX_FILES + 1));

	while (nr_files > n)
		close(files[--nr_files]);
}

static void map_one(uint32_t r)
{
	unsigned int i = r % MAX_MAPS;
	unsigned long pages = 1 + (r >> 8) % 24;
	char *p;

	if (!maps[i].at) {
		p = mmap(NULL, pages * PAGE, r & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return;
		maps[i].at = p;
		maps[i].pages = pages;
		return;
	}
	switch ((r >> 16) % 4) {
	case 0:
		munmap(maps[i].at, maps[i].pages * PAGE);
		maps[i].at = NULL;
		break;
	case 1:
		mprotect(maps[i].at, maps[i].pages * PAGE,
			 r & (1 << 20) ? PROT_READ : PROT_READ | PROT_WRITE);
		break;
	case 2:
		p = mremap(maps[i].at, maps[i].pages * PAGE, pages * PAGE, MREMAP_MAYMOVE);
		if (p != MAP_FAILED) {
			maps[i].at = p;
			maps[i].pages = pages;
		}
		break;
	case 3:
		madvise(maps[i].at, maps[i].pages * PAGE, MADV_DONTNEED);
		break;
	}
}

/* Takes back only what nobody, malloc() above all, has put anything on. */
static void move_brk(long bytes)
{
	static char *top, *bottom;
	char *now = sbrk(0);

	if (now != top)
		top = bottom = now;
	if (bytes < bottom - top)
		return;
	if (sbrk(bytes) != (void *)-1)
		top += bytes;
}

static void child_work(uint64_t *state, int depth)
{
	int n = (int)(bc_chaos_random(state) % 40);

	while (n--)
		bc_chaos(state, depth + 1);
	bc_drop(0);
}

static void fork_one(uint64_t *state, int depth)
{
	uint32_t r = bc_chaos_random(state);
	pid_t pid = fork();

	if (!pid) {
		*state ^= (uint64_t)getpid() << 20;
		child_work(state, depth);
	}
	if (pid > 0 && r % 8 == 0)
		kill(pid, SIGKILL);
	if (pid > 0 && r % 3)
		waitpid(pid, NULL, 0);
}

static void vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		close(2); /* the loader complains when it is refused memory */
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *thread(void *arg)
{
	close(open("/dev/null", O_RDONLY));
	return arg;
}

static void threads(uint32_t r)
{
	pthread_attr_t attr;
	pthread_t t[4];
	unsigned int i, n;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (n = 0; n < 1 + r % 4; n++)
		if (pthread_create(&t[n], &attr, thread, NULL))
			break;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void namespaces(uint64_t *state, int depth)
{
	static const int kinds[] = { CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC,
				     CLONE_NEWUTS };
	uint64_t flags = CLONE_NEWUSER | CLONE_NEWPID;
	uint32_t r = bc_chaos_random(state);
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 5; i++)
		if (r & (1U << i))
			flags |= (uint64_t)kinds[i];
	pid = bc_clone(flags, 0);
	if (!pid) {
		if (r & 64 && !bc_nest(0))
			bc_chaos(state, MAX_DEPTH);
		child_work(state, depth);
	}
	if (pid > 0 && r & 128)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

void bc_chaos(uint64_t *state, int depth)
{
	uint32_t r = bc_chaos_random(state), what = r % 32;

	r = bc_chaos_random(state);
	if (what < 8) {
		open_one(r);
	} else if (what < 10) {
		close_some(r);
	} else if (what < 20) {
		map_one(r);
	} else if (what < 23) {
		move_brk(((long)(r % 9) - 4) * (long)PAGE);
	} else if (depth >= MAX_DEPTH) {
		return;
	} else if (what < 27) {
		fork_one(state, depth);
	} else if (what < 28) {
		vfork_exec();
	} else if (what < 30) {
		threads(r);
	} else if (what < 31) {
		namespaces(state, depth);
	} else if (r % 4 == 0 && depth) {
		setsid();
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

void bc_chaos_run(uint64_t seed, unsigned int seconds)
{
	uint64_t end = bc_now_ms() + seconds * 1000ULL;

	while (!seconds || bc_now_ms() < end)
		bc_chaos(&seed, 0);
}
