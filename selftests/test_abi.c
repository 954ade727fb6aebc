// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vzctl: each rule and each errno that the uapi header promises.
 */
#include "lib/bc_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CALL(fd, cmd, arg) (ioctl(fd, cmd, arg) ? -errno : 0)

/* Forever: sizes are part of the command numbers. Structs that have grown since ABI 1 are last. */
_Static_assert(sizeof(struct bc_version) == 48, "bc_version");
_Static_assert(sizeof(struct bc_create) == 16, "bc_create");
_Static_assert(sizeof(struct bc_arm) == 16, "bc_arm");
_Static_assert(sizeof(struct bc_limit) == 24, "bc_limit");
_Static_assert(sizeof(struct bc_set) == 24, "bc_set");
_Static_assert(sizeof(struct bc_row) == 64, "bc_row");
_Static_assert(sizeof(struct bc_query) == 24, "bc_query");
_Static_assert(sizeof(struct bc_entry) == 32, "bc_entry");
_Static_assert(sizeof(struct bc_list) == 24, "bc_list");
_Static_assert(sizeof(struct bc_choose) == 32, "bc_choose");
_Static_assert(sizeof(struct bc_attach) == 16, "bc_attach");
_Static_assert(sizeof(struct bc_cpu) == 28, "bc_cpu");

FIXTURE(abi)
{
	unsigned int id;
	int dev;
};

FIXTURE_SETUP(abi)
{
	self->dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->id = bc_fresh_id();
	ASSERT_EQ(0, bc_make_excl(self->id));
}

FIXTURE_TEARDOWN(abi)
{
	close(self->dev);
	EXPECT_EQ(0, bc_gone(self->id));
}

TEST_F(abi, version)
{
	struct bc_version v = { .size = sizeof(v) };

	memset(v.release, 'x', sizeof(v.release));
	ASSERT_EQ(0, CALL(self->dev, BC_IOC_VERSION, &v));
	EXPECT_EQ(BC_ABI, v.abi);
	EXPECT_EQ(BC_NR_RESOURCES, (int)v.rows);
	EXPECT_LT(0, strnlen(v.release, sizeof(v.release)));
	EXPECT_GT(sizeof(v.release), strnlen(v.release, sizeof(v.release)));
	v.reserved = 1;
	EXPECT_EQ(-EINVAL, CALL(self->dev, BC_IOC_VERSION, &v));
}

/* Every command with its argument, valid but for what a test spoils. */
struct call {
	const char *name;
	unsigned long cmd;
	size_t size;
	size_t flags, reserved; /* where; 0: has none */
	int valid;		/* what the valid call returns */
	unsigned char arg[64];
};

#define NR_CALLS 11

static struct bc_row rows[BC_ROWS];
static struct bc_entry entries[8192];
static struct bc_limit one = { .resource = BC_NUMPROC, .barrier = 7, .limit = 9 };

/* One that may be attached; what is left of it goes with the machine. */
static int some_cgroup(void)
{
	mkdir("/sys/fs/cgroup/bctest-abi", 0755);
	return open("/sys/fs/cgroup/bctest-abi", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void make_calls(struct call *c, unsigned int id)
{
	struct bc_version version = { .size = sizeof(version) };
	struct bc_create create = { .size = sizeof(create), .id = id };
	struct bc_arm arm = { .size = sizeof(arm), .id = id };
	struct bc_set set = { .size = sizeof(set), .id = id, .count = 1, .limits = (uintptr_t)&one };
	struct bc_query query = {
		.size = sizeof(query), .id = id, .count = BC_ROWS, .rows = (uintptr_t)rows
	};
	struct bc_list list = { .size = sizeof(list),
				.count = 8192,
				.entries = (uintptr_t)entries };
	struct bc_clear clear = { .size = sizeof(clear), .id = id };
	struct bc_choose choose = {
		.size = sizeof(choose), .id = id, .resource = BC_NUMFILE, .policy = "observe"
	};
	struct bc_attach attach = { .size = sizeof(attach), .id = id, .cgroup = some_cgroup() };
	struct bc_cpu cpu = { .size = sizeof(cpu), .id = id, .flags = BC_CPU_LIMIT };
	struct bc_destroy destroy = { .size = sizeof(destroy), .id = id };
	unsigned int n = 0;

#define CASE(NAME, v, flags_at, reserved_at)                                          \
	do {                                                                          \
		c[n] = (struct call){                                                 \
			#NAME, BC_IOC_##NAME, sizeof(v), flags_at, reserved_at, 0, {} \
		};                                                                    \
		memcpy(c[n++].arg, &(v), sizeof(v));                                  \
	} while (0)
	CASE(VERSION, version, 0, offsetof(struct bc_version, reserved));
	CASE(CREATE, create, offsetof(struct bc_create, flags),
	     offsetof(struct bc_create, reserved));
	CASE(SET, set, offsetof(struct bc_set, flags), 0);
	CASE(QUERY, query, offsetof(struct bc_query, flags), 0);
	CASE(LIST, list, offsetof(struct bc_list, flags), offsetof(struct bc_list, reserved));
	CASE(CHOOSE, choose, offsetof(struct bc_choose, flags), 0);
	CASE(ATTACH, attach, offsetof(struct bc_attach, flags), 0);
	CASE(CPU, cpu, offsetof(struct bc_cpu, flags), 0);
	CASE(CLEAR, clear, offsetof(struct bc_clear, flags), offsetof(struct bc_clear, reserved));
	CASE(ARM, arm, offsetof(struct bc_arm, flags), offsetof(struct bc_arm, reserved));
	CASE(DESTROY, destroy, offsetof(struct bc_destroy, flags),
	     offsetof(struct bc_destroy, reserved));
#undef CASE
}

static unsigned long with_size(unsigned long cmd, size_t size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

static int call(int dev, const struct call *c, const unsigned char *arg, size_t size)
{
	unsigned char copy[128] = {};

	memcpy(copy, arg, size > sizeof(c->arg) ? sizeof(c->arg) : size);
	memcpy(copy, &(uint32_t){ (uint32_t)size }, sizeof(uint32_t));
	return CALL(dev, with_size(c->cmd, size), copy);
}

TEST_F(abi, sizes)
{
	struct call calls[NR_CALLS];
	unsigned char spoiled[128];
	int i;

	make_calls(calls, self->id);
	for (i = 0; i < NR_CALLS; i++) {
		struct call *c = &calls[i];
		size_t shorter;

		/* the one that has grown */
		size_t least = c->cmd == BC_IOC_CPU ? 16 : c->size;

		for (shorter = 4; shorter < least; shorter += 4) {
			EXPECT_EQ(-EINVAL, call(self->dev, c, c->arg, shorter))
			TH_LOG("%s with %zu bytes", c->name, shorter);
		}
		/* longer: what we do not know must be zero */
		memset(spoiled, 0, sizeof(spoiled));
		memcpy(spoiled, c->arg, c->size);
		*(uint32_t *)spoiled = (uint32_t)c->size + 8;
		spoiled[c->size + 7] = 1;
		EXPECT_EQ(-E2BIG, CALL(self->dev, with_size(c->cmd, c->size + 8), spoiled))
		TH_LOG("%s", c->name);
		/* a size that lies about the command number's */
		memcpy(spoiled, c->arg, c->size);
		*(uint32_t *)spoiled = 0;
		EXPECT_EQ(-EINVAL, CALL(self->dev, c->cmd, spoiled))
		TH_LOG("%s with size 0", c->name);
		EXPECT_EQ(-EFAULT, CALL(self->dev, c->cmd, NULL))
		TH_LOG("%s", c->name);
		EXPECT_EQ(-EFAULT, CALL(self->dev, c->cmd, (void *)-8L))
		TH_LOG("%s", c->name);
	}
	/* Nothing of all that did anything; longer ones that are zero work. */
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
	for (i = 0; i < NR_CALLS; i++) {
		EXPECT_EQ(0, call(self->dev, &calls[i], calls[i].arg, calls[i].size + 16) *
				     (strcmp(calls[i].name, "DESTROY") != 0))
		TH_LOG("%s", calls[i].name);
	}
}

/* What an older ABI did not have stays as it is. */
TEST_F(abi, shorter_ones)
{
	struct bc_cpu cpu = { .id = self->id, .flags = BC_CPU_LIMIT, .limit = 0, .units = 1 };
	size_t size;

	for (size = 16; size < sizeof(cpu); size += 4) {
		cpu.size = size;
		/* units is not in range, but not in the first one either */
		EXPECT_EQ(size == 16 ? 0 : -EINVAL,
			  CALL(self->dev, with_size(BC_IOC_CPU, size), &cpu))
		TH_LOG("%zu bytes", size);
		cpu.units = 0;
		EXPECT_EQ(0, CALL(self->dev, with_size(BC_IOC_CPU, size), &cpu))
		TH_LOG("%zu bytes", size);
		cpu.units = 1;
	}
}

TEST_F(abi, a_page_that_ends_too_early)
{
	struct call calls[NR_CALLS];
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, munmap(two + 4096, 4096));
	make_calls(calls, self->id);
	for (i = 0; i < NR_CALLS; i++) {
		char *at = two + 4096 - calls[i].size;

		memcpy(at + 4, calls[i].arg, calls[i].size - 4);
		*(uint32_t *)(at + 4) = (uint32_t)calls[i].size;
		EXPECT_EQ(-EFAULT, CALL(self->dev, calls[i].cmd, at + 4))
		TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, flags_and_reserved)
{
	struct call calls[NR_CALLS];
	unsigned char spoiled[64];
	int i, bit;

	make_calls(calls, self->id);
	for (i = 0; i < NR_CALLS; i++) {
		struct call *c = &calls[i];

		for (bit = 1; bit < 32; bit++) {
			uint32_t word = 1U << bit;

			/* the one that has more than one */
			if (c->cmd == BC_IOC_CPU && word <= BC_CPU_CLASS)
				continue;
			memcpy(spoiled, c->arg, sizeof(spoiled));
			if (c->flags)
				memcpy(spoiled + c->flags, &word, sizeof(word));
			else
				memcpy(spoiled + c->reserved, &word, sizeof(word));
			EXPECT_EQ(-EINVAL, CALL(self->dev, c->cmd, spoiled))
			TH_LOG("%s flag %d", c->name, bit);
			if (!c->reserved)
				continue;
			memcpy(spoiled, c->arg, sizeof(spoiled));
			memcpy(spoiled + c->reserved, &word, sizeof(word));
			EXPECT_EQ(-EINVAL, CALL(self->dev, c->cmd, spoiled))
			TH_LOG("%s reserved bit %d", c->name, bit);
		}
	}
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
}

TEST_F(abi, unknown_commands)
{
	struct bc_version v = { .size = sizeof(v) };
	unsigned int nr;

	for (nr = 11; nr < 256; nr++) {
		EXPECT_EQ(-ENOTTY, CALL(self->dev, _IOWR(BC_IOC_MAGIC, nr, struct bc_version), &v))
		TH_LOG("number %u", nr);
	}
	EXPECT_EQ(-ENOTTY, CALL(self->dev, _IOWR('V', 0, struct bc_version), &v));
	EXPECT_EQ(-ENOTTY, CALL(self->dev, _IOR(BC_IOC_MAGIC, 0, struct bc_version), &v));
	EXPECT_EQ(-ENOTTY, CALL(self->dev, _IO(BC_IOC_MAGIC, 1), &v));
}

TEST_F(abi, ids)
{
	static const unsigned int bad[] = { 0, BC_ID_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, bc_make(bad[i]))
		TH_LOG("id %u", bad[i]);
		EXPECT_EQ(-EINVAL, bc_arm(bad[i]));
		EXPECT_EQ(-EINVAL, bc_limit(bad[i], BC_NUMPROC, 1, 1));
		EXPECT_EQ(-EINVAL, bc_clear(bad[i]));
		EXPECT_EQ(-EINVAL, bc_destroy(bad[i]));
		if (bad[i]) {
			EXPECT_EQ(-EINVAL, bc_query(bad[i], rows));
		}
	}
	EXPECT_EQ(-ENOENT, bc_arm(BC_ID_MAX));
	EXPECT_EQ(-ENOENT, bc_limit(BC_ID_MAX, BC_NUMPROC, 1, 1));
	EXPECT_EQ(-ENOENT, bc_clear(BC_ID_MAX));
	EXPECT_EQ(-ENOENT, bc_destroy(BC_ID_MAX));
	EXPECT_EQ(-ENOENT, bc_query(BC_ID_MAX, rows));
	EXPECT_EQ(0, bc_make_excl(BC_ID_MAX));
	EXPECT_EQ(0, bc_destroy(BC_ID_MAX));
	EXPECT_EQ(0, bc_make_excl(1));
	EXPECT_EQ(0, bc_destroy(1));
	EXPECT_EQ(-ENOENT, bc_destroy(1));
}

TEST_F(abi, create_again)
{
	EXPECT_EQ(-EEXIST, bc_make_excl(self->id));
	ASSERT_EQ(0, bc_limit(self->id, BC_NUMFILE, 5, 6));
	EXPECT_EQ(0, bc_make(self->id));
	ASSERT_EQ(BC_NR_RESOURCES, bc_query(self->id, rows));
	ASSERT_EQ(0, bc_row(self->id, BC_NUMFILE, rows));
	EXPECT_EQ(5, (long)rows[0].barrier);
	EXPECT_EQ(6, (long)rows[0].limit);
	ASSERT_EQ(0, bc_arm(self->id));
	EXPECT_EQ(-EEXIST, bc_make(self->id));
	ASSERT_EQ(0, bc_arm_off(self->id));
	EXPECT_EQ(0, bc_make(self->id));
}

static int set(int dev, unsigned int id, struct bc_limit *l, uint32_t count)
{
	struct bc_set s = { .size = sizeof(s), .id = id, .count = count, .limits = (uintptr_t)l };

	return CALL(dev, BC_IOC_SET, &s);
}

TEST_F(abi, set_all_or_nothing)
{
	struct bc_limit l[BC_ROWS + 1] = {
		{ .resource = BC_NUMPROC, .barrier = 11, .limit = 12 },
		{ .resource = BC_NUMFILE, .barrier = 13, .limit = 14 },
		{ .resource = BC_PRIVVMPAGES, .barrier = 0, .limit = BC_UNLIMITED },
	};
	struct bc_limit ok[3];
	struct bc_row row;
	unsigned int r;

	memcpy(ok, l, sizeof(ok));
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 0));
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, BC_ROWS + 1));
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, UINT32_MAX));
	EXPECT_EQ(-EFAULT, set(self->dev, self->id, NULL, 3));
	l[2].resource = BC_ROWS;
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3));
	for (r = 4; r < BC_ROWS; r += r == 4 ? 16 : 1) { /* place holders: 4, 20 to 22 */
		if (r > 22)
			break;
		l[2].resource = r;
		EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3))
		TH_LOG("row %u", r);
	}
	l[2].resource = BC_NUMPROC;
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3));
	l[2] = ok[2];
	l[2].limit = BC_UNLIMITED + 1;
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3));
	l[2] = ok[2];
	l[2].barrier = UINT64_MAX;
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3));
	l[2] = ok[2];
	l[2].reserved = 1;
	EXPECT_EQ(-EINVAL, set(self->dev, self->id, l, 3));
	ASSERT_EQ(0, bc_row(self->id, BC_NUMPROC, &row));
	EXPECT_EQ(BC_UNLIMITED, row.barrier);
	EXPECT_EQ(BC_UNLIMITED, row.limit);
	ASSERT_EQ(0, set(self->dev, self->id, ok, 3));
	ASSERT_EQ(0, bc_row(self->id, BC_NUMPROC, &row));
	EXPECT_EQ(11, (long)row.barrier);
	EXPECT_EQ(12, (long)row.limit);
	ASSERT_EQ(0, bc_row(self->id, BC_PRIVVMPAGES, &row));
	EXPECT_EQ(0, (long)row.barrier);
	EXPECT_EQ(BC_UNLIMITED, row.limit);
}

/* What is not enforced says so, and takes no limit. */
TEST_F(abi, not_enforced)
{
	int i, n = bc_query(self->id, rows), counted = 0;
	struct bc_limit l[2] = { { .resource = BC_NUMPROC, .barrier = 3, .limit = 3 } };
	struct bc_row row;

	ASSERT_EQ(BC_NR_RESOURCES, n);
	for (i = 0; i < n; i++) {
		if (rows[i].state != BC_STATE_NOT_ENFORCED) {
			counted++;
			continue;
		}
		EXPECT_EQ(0, (long)(rows[i].held + rows[i].maxheld + rows[i].failcnt));
		EXPECT_EQ(BC_UNLIMITED, rows[i].barrier);
		EXPECT_EQ(BC_UNLIMITED, rows[i].limit);
		l[1] = (struct bc_limit){ .resource = rows[i].resource, .barrier = 1, .limit = 1 };
		EXPECT_EQ(-EOPNOTSUPP, set(self->dev, self->id, l, 2))
		TH_LOG("%s", rows[i].name);
	}
	EXPECT_LE(BC_NR_COUNTED, counted);
	ASSERT_EQ(0, bc_row(self->id, BC_NUMPROC, &row));
	EXPECT_EQ(BC_UNLIMITED, row.limit);
}

TEST_F(abi, query)
{
	static const struct {
		unsigned int id;
		const char *name;
		unsigned int unit;
	} expected[] = {
#define X(id, NAME, name, unit, kind, meaning) { id, #name, BC_UNIT_##unit },
		BC_RESOURCES(X)
#undef X
	};
	struct bc_query q = { .size = sizeof(q), .id = self->id, .rows = (uintptr_t)rows };
	size_t i;

	memset(rows, 0xee, sizeof(rows));
	EXPECT_EQ(-ENOSPC, CALL(self->dev, BC_IOC_QUERY, &q));
	EXPECT_EQ(BC_NR_RESOURCES, (int)q.count);
	q.count = BC_NR_RESOURCES - 1;
	EXPECT_EQ(-ENOSPC, CALL(self->dev, BC_IOC_QUERY, &q));
	EXPECT_EQ(BC_NR_RESOURCES, (int)q.count);
	EXPECT_EQ(0xeeeeeeee, rows[0].resource);
	ASSERT_EQ(0, CALL(self->dev, BC_IOC_QUERY, &q));
	ASSERT_EQ(ARRAY_SIZE(expected), q.count);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		EXPECT_EQ(expected[i].id, rows[i].resource);
		EXPECT_STREQ(expected[i].name, rows[i].name);
		EXPECT_EQ(expected[i].unit, rows[i].unit);
	}
	q.rows = 0;
	EXPECT_EQ(-EFAULT, CALL(self->dev, BC_IOC_QUERY, &q));
	/* the host: same states, nothing charged */
	q.id = 0;
	q.rows = (uintptr_t)rows;
	ASSERT_EQ(0, CALL(self->dev, BC_IOC_QUERY, &q));
	EXPECT_EQ(BC_NR_RESOURCES, (int)q.count);
	for (i = 0; i < q.count; i++) {
		EXPECT_EQ(0, (long)(rows[i].held + rows[i].maxheld + rows[i].failcnt));
		EXPECT_EQ(BC_UNLIMITED, rows[i].limit);
	}
}

TEST_F(abi, list)
{
	struct bc_list l = { .size = sizeof(l), .entries = (uintptr_t)entries };
	unsigned int ids[5], i, found = 0;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		ids[i] = BC_ID_MAX - 100 - bc_fresh_id() % 1000 * 50 - i;
		ASSERT_EQ(0, bc_make_excl(ids[i]));
	}
	EXPECT_EQ(-ENOSPC, CALL(self->dev, BC_IOC_LIST, &l));
	EXPECT_LE(6, l.count);
	l.count--;
	EXPECT_EQ(-ENOSPC, CALL(self->dev, BC_IOC_LIST, &l));
	l.count = 8192;
	l.entries = 0;
	EXPECT_EQ(-EFAULT, CALL(self->dev, BC_IOC_LIST, &l));
	l.count = 8192;
	l.entries = (uintptr_t)entries;
	ASSERT_EQ(0, CALL(self->dev, BC_IOC_LIST, &l));
	for (i = 0; i < l.count; i++) {
		if (i) {
			EXPECT_LT(entries[i - 1].id, entries[i].id);
		}
		if (entries[i].id != self->id && entries[i].id < BC_ID_MAX - 60000)
			continue;
		found++;
		EXPECT_EQ(BC_LIFE_NEW, entries[i].life);
		EXPECT_EQ(0, (int)entries[i].procs);
		EXPECT_EQ(0, (long)entries[i].started_ns);
		EXPECT_NE(0, (long)entries[i].created_ns);
	}
	EXPECT_EQ(6, found);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(0, bc_destroy(ids[i]));
	}
	/* a room of four thousand million entries is not believed */
	l.count = UINT32_MAX;
	EXPECT_EQ(0, CALL(self->dev, BC_IOC_LIST, &l));
}

/* As many as fit, then ENOSPC, and all can be given back. */
TEST_F_TIMEOUT(abi, how_many, 1500)
{
	unsigned int base = 0x40000000, n, i;
	int err = 0;

	for (n = 0; n < 100000; n++) {
		err = bc_make_excl(base + n);
		if (err)
			break;
	}
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_LE(1000, n);
	EXPECT_EQ(0, bc_destroy(base));
	EXPECT_EQ(0, bc_make_excl(base));
	EXPECT_EQ(-ENOSPC, bc_make_excl(base + n));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, bc_destroy(base + i));
	}
	EXPECT_EQ(0, bc_make_excl(base));
	EXPECT_EQ(0, bc_destroy(base));
}

struct destroyers {
	unsigned int id;
	int over;
};

static void *destroy_again(void *arg)
{
	struct destroyers *d = arg;

	while (!__atomic_load_n(&d->over, __ATOMIC_RELAXED))
		bc_destroy(d->id);
	return NULL;
}

/* What one thread makes, others destroy, several at once: the directory goes with it. */
TEST_F(abi, destroyed_by_many)
{
	struct destroyers d = { .id = bc_fresh_id() };
	pthread_t t[3];
	char dir[64];
	int i;

	snprintf(dir, sizeof(dir), "/proc/bc/%u", d.id);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, destroy_again, &d));
	for (i = 0; i < 5000; i++)
		bc_make(d.id);
	__atomic_store_n(&d.over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_join(t[i], NULL));
	bc_destroy(d.id);
	EXPECT_EQ(-1, access(dir, F_OK));
	EXPECT_EQ(0, bc_make_excl(d.id));
	EXPECT_EQ(0, bc_destroy(d.id));
}

TEST_F(abi, no_business_of_users)
{
	struct stat st;
	int status;
	pid_t pid;

	ASSERT_EQ(0, stat(BC_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct call calls[NR_CALLS];
		int i;

		/* even with the descriptor: each command asks again */
		if (setgid(65534) || setuid(65534) || open(BC_DEVICE, O_RDWR) >= 0)
			bc_drop(1);
		make_calls(calls, self->id);
		for (i = 0; i < NR_CALLS; i++)
			if (CALL(self->dev, calls[i].cmd, calls[i].arg) != -EPERM)
				bc_drop(10 + i);
		/* all capabilities, but in a namespace of its own */
		if (unshare(CLONE_NEWUSER))
			bc_drop(2);
		for (i = 0; i < NR_CALLS; i++)
			if (CALL(self->dev, calls[i].cmd, calls[i].arg) != -EPERM)
				bc_drop(20 + i);
		bc_drop(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(BC_LIFE_NEW, bc_life(self->id, NULL));
}

TEST_HARNESS_MAIN
