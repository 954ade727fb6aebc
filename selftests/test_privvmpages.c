// SPDX-License-Identifier: GPL-2.0
/*
 * privvmpages: private writable address space and stacks, in pages. Equal to
 * the kernel's own VmData + VmStk of the container's processes. mmap, brk,
 * mremap and fork's copy stop at the barrier (ENOMEM); mprotect and stacks at
 * the limit.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096UL

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

FIXTURE(privvm)
{
	struct bc_box box;
};

FIXTURE_SETUP(privvm)
{
	ASSERT_LE(0, bc_dev());
	ASSERT_TRUE(bc_enforced(BC_PRIVVMPAGES));
	ASSERT_EQ(0, bc_box_make(&self->box));
}

FIXTURE_TEARDOWN(privvm)
{
	EXPECT_EQ(0, bc_box_end(&self->box));
}

static char *map_pages(unsigned long n, int prot, int flags)
{
	void *p = mmap(NULL, n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- counted: after each step the kernel's own number is compared ---- */

#define RW (PROT_READ | PROT_WRITE)

static char *area, *read_only, *file_map;
static int step_fd;

static int child_stays(void *unused)
{
	(void)unused;
	bc_box_stay();
	return 0;
}

static void fork_one(void)
{
	if (!fork())
		bc_box_stay();
}

/* Below what the function itself has there. */
static void grow_stack(unsigned long pages)
{
	volatile char *sp = __builtin_frame_address(0);
	unsigned long i;

	for (i = 1; i <= pages; i++)
		sp[-(long)(i * PAGE)] = 1;
}

static char other_stack[16384] __attribute__((aligned(16)));

/* What to do before the host looks; the comment says what is expected to count. */
static int do_step(int step)
{
	switch (step) {
	case 0: /* all */
		return (area = map_pages(100, RW, 0)) ? 0 : -1;
	case 1: /* all, although the kernel reserves nothing */
		return map_pages(200, RW, MAP_NORESERVE) ? 0 : -1;
	case 2: /* none */
		return map_pages(50, PROT_NONE, 0) ? 0 : -1;
	case 3: /* none */
		return (read_only = map_pages(60, PROT_READ, 0)) ? 0 : -1;
	case 4: /* 20 of them from now on */
		return mprotect(read_only + 10 * PAGE, 20 * PAGE, RW);
	case 5: /* 5 less */
		return mprotect(read_only + 10 * PAGE, 5 * PAGE, PROT_READ);
	case 6: /* none: still writable, private */
		return mprotect(area, 100 * PAGE, RW | PROT_EXEC);
	case 7: /* none: shared */
		return mmap(NULL, 30 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
	case 8: /* 40: private and writable, whatever is behind it */
		file_map = mmap(NULL, 40 * PAGE, RW, MAP_PRIVATE, step_fd, 0);
		return file_map == MAP_FAILED;
	case 9: /* none: read only */
		return mmap(NULL, 40 * PAGE, PROT_READ, MAP_PRIVATE, step_fd, 0) == MAP_FAILED;
	case 10: /* 30 more */
		area = mremap(area, 100 * PAGE, 130 * PAGE, MREMAP_MAYMOVE);
		return area == MAP_FAILED;
	case 11: /* 50 less */
		return mremap(area, 130 * PAGE, 80 * PAGE, 0) == MAP_FAILED;
	case 12: /* 10 less: a hole */
		return munmap(area + 20 * PAGE, 10 * PAGE);
	case 13: /* 10 replaced by 10 */
		return mmap(area + 40 * PAGE, 10 * PAGE, RW,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
	case 14: /* 10 replaced by none */
		return mmap(area + 40 * PAGE, 10 * PAGE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
	case 15: /* 77 */
		return sbrk(77 * (long)PAGE) == (void *)-1;
	case 16: /* 33 less */
		return sbrk(-33 * (long)PAGE) == (void *)-1;
	case 17: /* a copy of all */
		fork_one();
		return 0;
	case 18: /* the same memory: none */
		return clone(child_stays, other_stack + sizeof(other_stack), CLONE_VM | SIGCHLD,
			     NULL) < 0;
	case 19: /* what it says, and no more than the kernel says */
		grow_stack(64);
		return 0;
	case 20: /* a copy without the part that is not copied */
		if (madvise(file_map, 40 * PAGE, MADV_DONTFORK))
			return -1;
		fork_one();
		return 0;
	case 21: /* none */
		return madvise(area, 10 * PAGE, MADV_DONTNEED);
	case 22: /* a stack that grows by itself */
		return map_pages(16, RW, MAP_GROWSDOWN) ? 0 : -1;
	case 23: /* all away that is left of it */
		return munmap(area, 80 * PAGE);
	}
	return 1000;
}

#define STEPS 24

static int steps(struct bc_box *box)
{
	int step;

	step_fd = (int)syscall(SYS_memfd_create, "bc", 0);
	BOX_CHECK(step_fd >= 0 && !ftruncate(step_fd, 40 * PAGE));
	for (step = 0; step < STEPS; step++) {
		BOX_CHECK(!do_step(step));
		BOX_CHECK(!bc_box_ready(box));
	}
	return 0;
}

TEST_F(privvm, equals_what_the_kernel_says)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int step;

	ASSERT_EQ(0, bc_box_start(box, steps));
	for (step = 0; step < STEPS; step++) {
		ASSERT_EQ(0, bc_box_await(box))
		TH_LOG("step %d", step);
		ASSERT_EQ(0, bc_box_truth(box, &truth));
		EXPECT_EQ(truth.pages, bc_held(box->id, BC_PRIVVMPAGES))
		TH_LOG("step %d", step);
		ASSERT_EQ(0, bc_box_go(box));
	}
	EXPECT_EQ(0, bc_box_wait(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PRIVVMPAGES, 0));
}

/* ---- refused: one page at a time, each way ---- */

enum way { MMAP, NORESERVE, BRK, MREMAP, MPROTECT, FILE_MAP, FIXED, DONTUNMAP, DEV_ZERO, WAYS };

static unsigned long way_pages;

static void prepare(enum way way)
{
	way_pages = 0;
	if (way == MREMAP || way == DONTUNMAP)
		area = map_pages(1, RW, 0);
	if (way == MPROTECT)
		area = map_pages(200, PROT_READ, 0);
	if (way == FIXED)
		area = map_pages(200, PROT_NONE, 0);
	if (way == FILE_MAP) {
		step_fd = (int)syscall(SYS_memfd_create, "bc", 0);
		if (ftruncate(step_fd, 400 * PAGE))
			bc_drop(1);
	}
	if (way == DEV_ZERO)
		step_fd = open("/dev/zero", O_RDWR);
	if (way == BRK)
		sbrk(0);
}

static int take_page(enum way way)
{
	unsigned long n = way_pages++;
	void *p = NULL;

	errno = 0;
	switch (way) {
	case MMAP:
		p = map_pages(1, RW, 0);
		break;
	case NORESERVE:
		p = map_pages(1, RW, MAP_NORESERVE);
		break;
	case BRK:
		p = sbrk(PAGE) == (void *)-1 ? NULL : &area;
		break;
	case MREMAP:
		p = mremap(area, (n + 1) * PAGE, (n + 2) * PAGE, MREMAP_MAYMOVE);
		area = p == MAP_FAILED ? area : p;
		break;
	case MPROTECT:
		p = mprotect(area + n * PAGE, PAGE, RW) ? NULL : area;
		break;
	case FILE_MAP:
		p = mmap(NULL, PAGE, RW, MAP_PRIVATE, step_fd, (long)((n * 2) * PAGE));
		break;
	case FIXED:
		p = mmap(area + n * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case DONTUNMAP:
		p = mremap(area, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
		break;
	case DEV_ZERO:
		p = mmap(NULL, PAGE, RW, MAP_PRIVATE, step_fd, (long)(n * 2 * PAGE));
		break;
	case WAYS:
		break;
	}
	return p && p != MAP_FAILED ? 0 : -errno;
}

/* arg: which way. shm[0] pages got, shm[1] errno; then once more. */
static int take(struct bc_box *box)
{
	int err;

	prepare((enum way)box->arg);
	BOX_CHECK(!bc_box_ready(box));
	while (!(err = take_page((enum way)box->arg)))
		box->shm[0]++;
	box->shm[1] = -err;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

static void stops_after(struct __test_metadata *_metadata, struct bc_box *box, enum way way,
			long barrier, long limit, long expected)
{
	int64_t held;

	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, BC_UNLIMITED, BC_UNLIMITED));
	box->arg = way;
	box->shm[0] = 0;
	ASSERT_EQ(0, bc_box_start(box, take));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)(held + barrier),
			      (uint64_t)(held + limit)));
	ASSERT_EQ(0, bc_clear(box->id));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(expected, box->shm[0])
	TH_LOG("way %d", way);
	EXPECT_EQ(ENOMEM, box->shm[1])
	TH_LOG("way %d", way);
	EXPECT_ROW(box->id, BC_PRIVVMPAGES, held + expected, held + expected, 1);
	EXPECT_RECORDED(box->id, BC_PRIVVMPAGES, ENOMEM);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
	EXPECT_EQ(0, bc_wait_held(box->id, BC_PRIVVMPAGES, 0));
}

TEST_F(privvm, stops_exactly_at_the_limit)
{
	int way;

	for (way = 0; way < WAYS; way++)
		stops_after(_metadata, &self->box, way, 32, 32, 32);
}

TEST_F(privvm, stops_at_the_barrier_where_it_may)
{
	int way;

	for (way = 0; way < WAYS; way++)
		stops_after(_metadata, &self->box, way, 8, 24, way == MPROTECT ? 24 : 8);
}

TEST_F(privvm, stops_at_a_limit_below_the_barrier)
{
	stops_after(_metadata, &self->box, MMAP, 24, 8, 8);
	stops_after(_metadata, &self->box, MREMAP, 24, 0, 0);
}

/* A wish that is too big is refused as a whole, a smaller one granted. */
static int big_and_small(struct bc_box *box)
{
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] = !map_pages(11, RW, 0);
	box->shm[1] = !!map_pages(10, RW, 0);
	box->shm[2] = !map_pages(1UL << 30, RW, MAP_NORESERVE);
	box->shm[3] = errno;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(privvm, nothing_in_part)
{
	struct bc_box *box = &self->box;
	struct bc_failure list[8];
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, big_and_small));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held + 10, (uint64_t)held + 10));
	ASSERT_EQ(0, bc_trace_begin());
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(2, bc_trace_end(box->id, "privvmpages", NULL));
	EXPECT_EQ(1, box->shm[0]);
	EXPECT_EQ(1, box->shm[1]);
	EXPECT_EQ(1, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	EXPECT_EQ(held + 10, bc_held(box->id, BC_PRIVVMPAGES));
	ASSERT_EQ(2, bc_failures(box->id, list, 8));
	EXPECT_EQ(11, list[0].asked);
	EXPECT_EQ(held, list[0].held);
	EXPECT_EQ(1L << 30, list[1].asked);
	EXPECT_EQ(held + 10, list[1].held);
	EXPECT_EQ(box->pid, list[1].pid);
}

/* What is replaced makes room only if it was charged. */
static int replaces(struct bc_box *box)
{
	char *none = map_pages(1000, PROT_NONE, 0), *rw = map_pages(50, RW, 0);

	BOX_CHECK(none && rw);
	BOX_CHECK(!bc_box_ready(box));
	box->shm[0] = mmap(none, 1000 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
				      MAP_FAILED ?
			      errno :
			      0;
	box->shm[1] = mmap(rw, 50 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
				      MAP_FAILED ?
			      errno :
			      0;
	box->shm[2] = mmap(none, 11 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
				      MAP_FAILED ?
			      errno :
			      0;
	box->shm[3] = mremap(rw, 10 * PAGE, 21 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, none) ==
				      MAP_FAILED ?
			      errno :
			      0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(privvm, nothing_by_replacing)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, replaces));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held + 10, (uint64_t)held + 10));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_EQ(0, box->shm[1]);
	EXPECT_EQ(ENOMEM, box->shm[2]);
	EXPECT_EQ(ENOMEM, box->shm[3]);
	EXPECT_EQ(held, bc_held(box->id, BC_PRIVVMPAGES));
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(held, truth.pages);
}

/* The kernel's own limit of address space in the way of the question: still no. */
static int mprotect_with_rlimit(struct bc_box *box)
{
	struct rlimit as = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY };
	char *none = map_pages(1000, PROT_NONE, 0), *ro = map_pages(500, PROT_READ, 0);

	BOX_CHECK(none && ro);
	BOX_CHECK(!bc_box_ready(box));
	BOX_CHECK(!setrlimit(RLIMIT_AS, &as));
	box->shm[0] = mprotect(none, 1000 * PAGE, RW) ? errno : 0;
	box->shm[1] = mprotect(ro, 500 * PAGE, RW) ? errno : 0;
	box->shm[2] = mprotect(ro, 10 * PAGE, RW) ? errno : 0;
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(privvm, mprotect_with_no_address_space_left)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, mprotect_with_rlimit));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held + 10, (uint64_t)held + 10));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(ENOMEM, box->shm[0]);
	EXPECT_EQ(ENOMEM, box->shm[1]);
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_GE(held + 10, truth.pages);
	EXPECT_EQ(truth.pages, bc_held(box->id, BC_PRIVVMPAGES));
}

/* ---- stacks grow to the limit, then SIGSEGV ---- */

static struct bc_box *segv_box;

static void on_segv(int sig)
{
	(void)sig;
	segv_box->shm[1]++;
	bc_box_ready(segv_box);
	bc_drop(42);
}

static int stack_grows(struct bc_box *box)
{
	stack_t alt = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
	struct sigaction sa = { .sa_handler = on_segv, .sa_flags = SA_ONSTACK };

	segv_box = box;
	BOX_CHECK(!sigaltstack(&alt, NULL) && !sigaction(SIGSEGV, &sa, NULL));
	BOX_CHECK(!bc_box_ready(box));
	grow_stack(1500);
	return 0;
}

TEST_F(privvm, stack_stops_at_the_limit)
{
	struct bc_box *box = &self->box;
	struct bc_truth truth;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, stack_grows));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held, (uint64_t)held + 40));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(1, box->shm[1]);
	EXPECT_EQ(held + 40, bc_held(box->id, BC_PRIVVMPAGES));
	ASSERT_EQ(0, bc_box_truth(box, &truth));
	EXPECT_EQ(held + 40, truth.pages);
	ASSERT_EQ(0, bc_box_go(box));
	EXPECT_EQ(42, bc_box_wait(box));
}

/* ---- races ---- */

#define RACERS 6

/* Each in a process of its own; shm[0] pages, shm[1] refused, shm[2] odd errno */
static int racers(struct bc_box *box)
{
	long *shm = (long *)box->shm;
	int i, err;

	for (i = 0; i < RACERS; i++) {
		if (fork())
			continue;
		__atomic_fetch_add(&shm[4], 1, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(&shm[5], __ATOMIC_SEQ_CST))
			sched_yield();
		while (!(err = take_page(MMAP)))
			__atomic_fetch_add(&shm[0], 1, __ATOMIC_SEQ_CST);
		if (err != -ENOMEM)
			__atomic_fetch_add(&shm[2], 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&shm[1], 1, __ATOMIC_SEQ_CST);
		bc_box_stay();
	}
	while (shm[4] < RACERS)
		bc_sleep_ms(5);
	BOX_CHECK(!bc_box_ready(box));
	shm[5] = 1;
	while (__atomic_load_n(&shm[1], __ATOMIC_SEQ_CST) < RACERS)
		bc_sleep_ms(5);
	BOX_CHECK(!bc_box_ready(box));
	return 0;
}

TEST_F(privvm, processes_race_to_the_limit)
{
	struct bc_box *box = &self->box;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, racers));
	ASSERT_EQ(0, bc_box_await(box));
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held + 500, (uint64_t)held + 500));
	ASSERT_EQ(0, bc_clear(box->id));
	ASSERT_EQ(0, bc_box_go(box));
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(500, box->shm[0]);
	EXPECT_EQ(RACERS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_PRIVVMPAGES, held + 500, held + 500, RACERS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

static struct bc_box *race_box;

/* Waits at first until the host has set the limit: making threads takes memory. */
static int try_mmap(void)
{
	static __thread int begun;

	if (!begun) {
		begun = 1;
		__atomic_fetch_add((long *)&race_box->shm[4], 1, __ATOMIC_SEQ_CST);
		while (!race_box->shm[5])
			sched_yield();
	}
	return take_page(MMAP);
}

static int race(struct bc_box *box)
{
	race_box = box;
	box->shm[3] = ENOMEM;
	return bc_race(box, RACERS, try_mmap) ? 1 : 0;
}

TEST_F(privvm, threads_race_to_the_limit)
{
	struct bc_box *box = &self->box;
	int64_t held;

	ASSERT_EQ(0, bc_box_start(box, race));
	while (box->shm[4] < RACERS)
		bc_sleep_ms(10);
	held = bc_held(box->id, BC_PRIVVMPAGES);
	ASSERT_EQ(0, bc_limit(box->id, BC_PRIVVMPAGES, (uint64_t)held + 500, (uint64_t)held + 500));
	ASSERT_EQ(0, bc_clear(box->id));
	box->shm[5] = 1;
	ASSERT_EQ(0, bc_box_await(box));
	EXPECT_EQ(500, box->shm[0]);
	EXPECT_EQ(RACERS, box->shm[1]);
	EXPECT_EQ(0, box->shm[2]);
	EXPECT_ROW(box->id, BC_PRIVVMPAGES, held + 500, held + 500, RACERS);
	EXPECT_EQ(128 + SIGKILL, bc_box_kill(box));
}

TEST_HARNESS_MAIN
