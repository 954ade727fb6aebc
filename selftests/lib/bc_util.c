// SPDX-License-Identifier: GPL-2.0
#include "bc_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const enum bc_resource bc_counted[BC_NR_COUNTED] = { BC_NUMPROC, BC_NUMFILE, BC_PRIVVMPAGES };

static int dev = -1;

int bc_dev(void)
{
	if (dev < 0)
		dev = open(BC_DEVICE, O_RDWR | O_CLOEXEC);
	return dev < 0 ? -errno : dev;
}

void bc_dev_close(void)
{
	if (dev >= 0)
		close(dev);
	dev = -1;
}

unsigned int bc_fresh_id(void)
{
	static unsigned int n;

	return (unsigned int)getpid() * 16 + n++ % 16 + 1000;
}

static int command(unsigned long cmd, void *arg)
{
	int fd = bc_dev();

	if (fd < 0)
		return fd;
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static int make(unsigned int id, unsigned int flags)
{
	struct bc_create c = { .size = sizeof(c), .id = id, .flags = flags };

	return command(BC_IOC_CREATE, &c);
}

int bc_make(unsigned int id)
{
	return make(id, 0);
}

int bc_make_excl(unsigned int id)
{
	return make(id, BC_CREATE_EXCL);
}

int bc_arm(unsigned int id)
{
	struct bc_arm a = { .size = sizeof(a), .id = id };

	return command(BC_IOC_ARM, &a);
}

int bc_arm_off(unsigned int id)
{
	struct bc_arm a = { .size = sizeof(a), .id = id, .flags = BC_ARM_OFF };

	return command(BC_IOC_ARM, &a);
}

int bc_limit(unsigned int id, enum bc_resource r, uint64_t barrier, uint64_t limit)
{
	struct bc_limit l = { .resource = r, .barrier = barrier, .limit = limit };
	struct bc_set s = { .size = sizeof(s), .id = id, .count = 1, .limits = (uintptr_t)&l };

	return command(BC_IOC_SET, &s);
}

int bc_clear(unsigned int id)
{
	struct bc_clear c = { .size = sizeof(c), .id = id };

	return command(BC_IOC_CLEAR, &c);
}

int bc_choose(unsigned int id, enum bc_resource r, const char *policy)
{
	struct bc_choose c = { .size = sizeof(c), .id = id, .resource = r };

	memcpy(c.policy, policy, strnlen(policy, sizeof(c.policy)));
	return command(BC_IOC_CHOOSE, &c);
}

int bc_destroy(unsigned int id)
{
	struct bc_destroy d = { .size = sizeof(d), .id = id };

	return command(BC_IOC_DESTROY, &d);
}

int bc_query(unsigned int id, struct bc_row *rows)
{
	struct bc_query q = {
		.size = sizeof(q), .id = id, .count = BC_ROWS, .rows = (uintptr_t)rows
	};
	int err = command(BC_IOC_QUERY, &q);

	return err ? err : (int)q.count;
}

int bc_row(unsigned int id, enum bc_resource r, struct bc_row *row)
{
	struct bc_row rows[BC_ROWS];
	int n = bc_query(id, rows), i;

	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		if (rows[i].resource == r) {
			*row = rows[i];
			return 0;
		}
	}
	return -ENOENT;
}

struct bc_row bc_row_of(unsigned int id, enum bc_resource r)
{
	struct bc_row row = { .state = 99 };

	bc_row(id, r, &row);
	return row;
}

int64_t bc_held(unsigned int id, enum bc_resource r)
{
	struct bc_row row;
	int err = bc_row(id, r, &row);

	return err ? err : (int64_t)row.held;
}

int bc_life(unsigned int id, unsigned int *procs)
{
	struct bc_list l = { .size = sizeof(l) };
	struct bc_entry *e = NULL;
	int err, life = -ENOENT;
	uint32_t i;

	do {
		void *more;

		l.count += 16;
		more = realloc(e, l.count * sizeof(*e));
		if (!more) {
			free(e);
			return -ENOMEM;
		}
		e = more;
		l.entries = (uintptr_t)e;
		err = command(BC_IOC_LIST, &l);
	} while (err == -ENOSPC);
	for (i = 0; !err && i < l.count; i++) {
		if (e[i].id != id)
			continue;
		life = (int)e[i].life;
		if (procs)
			*procs = e[i].procs;
	}
	free(e);
	return err ? err : life;
}

int bc_wait_held(unsigned int id, enum bc_resource r, int64_t want)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	int64_t held;

	for (;;) {
		held = bc_held(id, r);
		if (held == want)
			return 0;
		if (bc_now_ms() > end)
			break;
		bc_sleep_ms(10);
	}
	fprintf(stderr, "# %u: %s stays at %lld, expected %lld\n", id, bc_name(r), (long long)held,
		(long long)want);
	return -ETIMEDOUT;
}

int bc_wait_counted(unsigned int id)
{
	int i, err, ret = 0;

	for (i = 0; i < BC_NR_COUNTED; i++) {
		err = bc_wait_held(id, bc_counted[i], 0);
		if (err)
			ret = err;
	}
	return ret;
}

int bc_wait_zero(unsigned int id)
{
	int ret = bc_wait_counted(id), err = bc_wait_held(id, BC_NUMNS, 0);

	return err ? err : ret;
}

int bc_gone(unsigned int id)
{
	int err = bc_wait_zero(id);
	int gone = bc_destroy(id);

	if (gone)
		fprintf(stderr, "# %u: destroy: %s\n", id, strerror(-gone));
	return err ? err : gone;
}

bool bc_enforced(enum bc_resource r)
{
	struct bc_row row;

	return !bc_row(0, r, &row) && row.state == BC_STATE_ENFORCED;
}

ssize_t bc_slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (done < size - 1) {
		n = read(fd, buf + done, size - 1 - done);
		if (n < 0) {
			err = errno;
			close(fd);
			return -err;
		}
		if (!n)
			break;
		done += (size_t)n;
	}
	close(fd);
	buf[done] = '\0';
	return (ssize_t)done;
}

int bc_command(const char *line)
{
	int ret = system(line);

	return ret == -1 ? -errno : WEXITSTATUS(ret);
}

const char *bc_name(enum bc_resource r)
{
	switch (r) {
#define X(id, NAME, name, unit, kind, meaning) \
	case BC_##NAME:                        \
		return #name;
		BC_RESOURCES(X)
#undef X
	}
	return "?";
}

void bc_sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

uint64_t bc_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
