// SPDX-License-Identifier: GPL-2.0
/*
 * Random commands for /dev/vzctl: any number, any size, pointers to memory that
 * is there, is not, ends too early or changes meanwhile, from several threads,
 * while containers start and stop. Nothing here may crash the kernel, leave
 * something held, or keep a beancounter from being destroyed.
 *
 * usage: test_fuzz_ioctl [-s SECONDS] [-t THREADS] [-S SEED]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/bc_box.h"
#include "lib/bc_chaos.h"

#define IDS	    12 /* few, so that threads and containers meet */
#define BASE	    0x70000000U
#define PAGE	    4096UL
#define MAX_THREADS 32

static unsigned int seconds = 10, nr_threads = 4;
static uint64_t seed;
static volatile int over;
static char *arena; /* page 0 rw, 1 none, 2 ro, 3 rw, 4 none */
static unsigned long calls[16], good[16];

static unsigned int some_id(uint64_t *s)
{
	switch (bc_chaos_random(s) % 12) {
	case 0:
		return 0;
	case 1:
		return bc_chaos_random(s);
	case 2:
		return BC_ID_MAX + bc_chaos_random(s) % 3;
	default:
		return BASE + bc_chaos_random(s) % IDS;
	}
}

static uint64_t some_value(uint64_t *s)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		7,
		50,
		4096,
		1 << 20,
		BC_UNLIMITED - 1,
		BC_UNLIMITED,
		BC_UNLIMITED + 1,
		UINT64_MAX,
		UINT32_MAX,
		1ULL << 32,
	};

	return values[bc_chaos_random(s) % (sizeof(values) / sizeof(values[0]))];
}

static uint64_t some_pointer(uint64_t *s)
{
	switch (bc_chaos_random(s) % 12) {
	case 0:
		return 0;
	case 1:
		return (uintptr_t)arena + PAGE;
	case 2:
		return (uintptr_t)arena + 2 * PAGE + bc_chaos_random(s) % 100;
	case 3: /* ends too early, misaligned */
		return (uintptr_t)arena + PAGE - bc_chaos_random(s) % 80;
	case 4: /* the kernel's */
		return 0xffff888000000000ULL + bc_chaos_random(s);
	case 5:
		return 0xffffffff81000000ULL;
	case 6:
		return ((uint64_t)bc_chaos_random(s) << 32) | bc_chaos_random(s);
	case 7:
		return UINT64_MAX - bc_chaos_random(s) % 64;
	default: /* room enough, shared with other threads */
		return (uintptr_t)arena + 3 * PAGE + bc_chaos_random(s) % 64 * 8;
	}
}

/* An argument that is right, but for what chance spoils. */
static size_t fill(uint64_t *s, unsigned int nr, void *arg)
{
	static const size_t sizes[] = {
		sizeof(struct bc_version), sizeof(struct bc_create), sizeof(struct bc_arm),
		sizeof(struct bc_set), sizeof(struct bc_query), sizeof(struct bc_list),
		sizeof(struct bc_clear), sizeof(struct bc_destroy), sizeof(struct bc_choose),
	};
	static const char *const policies[] = { "classic", "observe", "burst", "none" };
	size_t size = sizes[nr % 9], i;
	uint32_t *w = arg;
	uint64_t v;

	memset(arg, 0, 256);
	w[1] = some_id(s);
	switch (nr % 9) {
	case 0:
		w[1] = 0;
		break;
	case 3:
	case 4:
		w[3] = bc_chaos_random(s) % 4 ? bc_chaos_random(s) % 28 : bc_chaos_random(s);
		v = some_pointer(s);
		if (nr % 9 == 3 &&
		    bc_chaos_random(s) % 2) { /* else hardly one in a thousand is right */
			w[3] = 1 + bc_chaos_random(s) % 3;
			v = (uintptr_t)arena + 3 * PAGE +
			    bc_chaos_random(s) % 29 * sizeof(struct bc_limit);
		}
		memcpy(w + 4, &v, sizeof(v));
		break;
	case 5:
		w[1] = 0;
		w[2] = bc_chaos_random(s) % 4 ? bc_chaos_random(s) % 100 : bc_chaos_random(s);
		v = some_pointer(s);
		memcpy(w + 4, &v, sizeof(v));
		break;
	case 8:
		w[3] = bc_chaos_random(s) % 4 ? bc_counted[bc_chaos_random(s) % 3] :
						bc_chaos_random(s) % 28;
		strcpy((char *)(w + 4), policies[bc_chaos_random(s) % 4]);
		break;
	default:
		w[2] = bc_chaos_random(s) % 2;
		break;
	}
	if (bc_chaos_random(s) % 8 == 0)
		size = bc_chaos_random(s) % 256;
	if (bc_chaos_random(s) % 8 == 0) {
		for (i = 1; i < 64; i++)
			if (bc_chaos_random(s) % 8 == 0)
				w[i] = bc_chaos_random(s);
	}
	w[0] = bc_chaos_random(s) % 16 ? (uint32_t)size : bc_chaos_random(s);
	return size;
}

/* Limits that other threads may be reading: sometimes right ones. */
static void stir(uint64_t *s)
{
	struct bc_limit *l = (struct bc_limit *)(arena + 3 * PAGE);
	unsigned int i = bc_chaos_random(s) % 32;

	l[i].resource = bc_chaos_random(s) % 4 ? bc_counted[i % 3] : bc_chaos_random(s) % 30;
	l[i].reserved = bc_chaos_random(s) % 8 == 0;
	l[i].barrier = some_value(s);
	l[i].limit = some_value(s);
}

static void one_call(uint64_t *s, int *fds)
{
	unsigned int nr = bc_chaos_random(s) % 10;
	char arg[256] __attribute__((aligned(8)));
	size_t size = fill(s, nr, arg);
	unsigned long cmd;
	void *at = arg;
	int ret;

	cmd = _IOC(nr == 0 || nr == 4 || nr == 5 ? _IOC_READ | _IOC_WRITE : _IOC_WRITE,
		   BC_IOC_MAGIC, nr, size);
	if (bc_chaos_random(s) % 32 == 0)
		cmd ^= 1UL << bc_chaos_random(s) % 32;
	switch (bc_chaos_random(s) % 16) {
	case 0:
		at = (void *)some_pointer(s);
		break;
	case 1: /* in shared memory, changing */
		at = arena + 3 * PAGE + 1024 + bc_chaos_random(s) % 8;
		memcpy(at, arg, sizeof(arg));
		break;
	case 2: /* at the end of a page */
		at = arena + PAGE - size;
		memcpy(at, arg, size);
		break;
	}
	ret = ioctl(fds[bc_chaos_random(s) % 4], cmd, at);
	__atomic_fetch_add(&calls[nr], 1, __ATOMIC_RELAXED);
	if (!ret)
		__atomic_fetch_add(&good[nr], 1, __ATOMIC_RELAXED);
}

/* An armed thread makes a namespace now and then: a container that lives shortly. */
static void namespaces(uint64_t *s)
{
	pid_t pid = bc_clone(CLONE_NEWUSER | (bc_chaos_random(s) % 4 ? CLONE_NEWPID : 0), 0);

	if (!pid) {
		close(open("/dev/null", O_RDONLY));
		if (bc_chaos_random(s) % 2 && !fork())
			bc_drop(0);
		bc_drop(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *fuzz(void *arg)
{
	uint64_t s = seed * 7919 + (uintptr_t)arg;
	int fds[4], i;

	for (i = 0; i < 4; i++)
		fds[i] = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	while (!over) {
		uint32_t r = bc_chaos_random(&s) % 256;

		if (r < 4) {
			i = (int)(r % 4);
			close(fds[i]);
			fds[i] = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
		} else if (r < 6) {
			namespaces(&s);
		} else if (r < 20) {
			stir(&s);
		} else {
			one_call(&s, fds);
		}
	}
	for (i = 0; i < 4; i++)
		close(fds[i]);
	return NULL;
}

static int in_the_box(struct bc_box *box)
{
	bc_chaos_run((uint64_t)box->arg, 1);
	return 0;
}

/* Whether each command has succeeded at least once; on a slow machine that takes time. */
static bool all_good(void)
{
	int i;

	for (i = 0; i < 9; i++)
		if (!__atomic_load_n(&good[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

/* Starts and stops containers with the ids that the threads play with. */
static unsigned long boxes(uint64_t *s)
{
	uint64_t end = bc_now_ms() + seconds * 1000ULL;
	unsigned long started = 0;
	struct bc_box box;

	memset(&box, 0, sizeof(box));
	if (bc_box_make(&box))
		return 0;
	bc_destroy(box.id);
	while (bc_now_ms() < end || (!all_good() && bc_now_ms() < end + seconds * 10000ULL)) {
		box.id = BASE + bc_chaos_random(s) % IDS;
		box.arg = (long)bc_chaos_random(s);
		bc_make(box.id);
		if (!bc_box_start(&box, in_the_box)) {
			started++;
			bc_sleep_ms(bc_chaos_random(s) % 100);
			bc_box_kill(&box);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return started;
}

/* Whatever exists now of our ids must fall to zero and go. */
static int clean_up(void)
{
	static struct bc_entry e[8192];
	struct bc_list l = { .size = sizeof(l), .count = 8192, .entries = (uintptr_t)e };
	int bad = 0;
	uint32_t i;

	if (ioctl(bc_dev(), BC_IOC_LIST, &l)) {
		printf("# list: %s\n", strerror(errno));
		return 1;
	}
	for (i = 0; i < l.count; i++) {
		if (e[i].life == BC_LIFE_RUNNING || e[i].life == BC_LIFE_ARMED) {
			bc_wait_held(e[i].id, BC_NUMPROC, 0);
		}
		if (bc_gone(e[i].id)) {
			printf("# %u does not go: life %d\n", e[i].id, bc_life(e[i].id, NULL));
			bad++;
		}
	}
	return bad;
}

static void make_arena(void)
{
	arena = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || munmap(arena + PAGE, PAGE) || munmap(arena + 4 * PAGE, PAGE) ||
	    mprotect(arena + 2 * PAGE, PAGE, PROT_READ)) {
		perror("# mmap");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long started, ok = 0, all = 0, i;
	pthread_t t[MAX_THREADS];
	uint64_t s;
	int c, bad;

	seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 20);
	while ((c = getopt(argc, argv, "s:t:S:")) != -1) {
		unsigned long v = optarg ? strtoul(optarg, NULL, 0) : 0;

		if (c == 's') {
			seconds = (unsigned int)v;
		} else if (c == 't') {
			nr_threads = v < MAX_THREADS ? (unsigned int)v : MAX_THREADS;
		} else if (c == 'S') {
			seed = v;
		} else {
			fprintf(stderr,
				"usage: test_fuzz_ioctl [-s SECONDS] [-t THREADS] [-S SEED]\n");
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..1\n# seed %llu, %u s, %u threads\n", (unsigned long long)seed,
	       seconds, nr_threads);
	if (bc_dev() < 0) {
		printf("not ok 1 fuzz_ioctl # %s: %s\n", BC_DEVICE, strerror(-bc_dev()));
		return 1;
	}
	make_arena();
	s = seed;
	for (i = 0; i < nr_threads; i++)
		if (pthread_create(&t[i], NULL, fuzz, (void *)(i + 1)))
			return 1;
	started = boxes(&s);
	over = 1;
	while (i--)
		pthread_join(t[i], NULL);
	bad = clean_up();
	for (i = 0; i < 16; i++) {
		all += calls[i];
		ok += good[i];
	}
	printf("# %lu calls, %lu of them good, %lu containers\n", all, ok, started);
	for (i = 0; i < 9; i++) {
		if (!good[i]) {
			printf("# command %lu never succeeded: the fuzzer is blind\n", i);
			bad++;
		}
	}
	printf("%sok 1 fuzz_ioctl\n", bad || !started ? "not " : "");
	return bad || !started;
}
