// SPDX-License-Identifier: GPL-2.0
/*
 * One file a container, named by its id: lines "resource failcnt held". Held or
 * failcnt that were not kept are "-".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/fd.h"
#include "lib/num.h"
#include "lib/str.h"
#include "vzubc.h"

#define MAX_FILE	65536
#define NOT_KEPT	UINT64_MAX

static int open_dir(const char *path, bool make, struct vz_err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (make && vz_mkdirs(path, 0700) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && !make)
		return -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot open %s", path);
	/* Files in a directory of somebody else would be his to replace. */
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return vz_err_set(e, VZ_EXIT_PERMISSION,
				  "%s is not a directory that only you can write to", path);
	return vz_steal_fd(&fd);
}

int store_open(struct store *s, const struct options *o, struct vz_err *e)
{
	s->dir = -1;
	if (!o->relative && !o->incremental)
		return 0;
	s->dir = open_dir(o->store, true, e);
	return s->dir < 0 ? -1 : 0;
}

void store_close(struct store *s)
{
	vz_cleanup_close(&s->dir);
}

static uint64_t number(const char *word)
{
	uint64_t v;

	return vz_num_u64(word, 0, UINT64_MAX, &v) < 0 ? NOT_KEPT : v;
}

static struct before *read_file(int dir, const char *name, size_t *count)
{
	_cleanup_free_ char *text = malloc(MAX_FILE);
	struct before *list = NULL;
	const char *p = text;
	size_t n, room = 0;
	char **words;

	*count = 0;
	if (!text || vz_read_text(dir, name, text, MAX_FILE) < 0)
		return NULL;
	while ((words = vz_line_words(&p, " ", &n))) {
		if (*count == room) {
			struct before *more = reallocarray(list, room + 32, sizeof(*list));

			if (!more) {
				free(words);
				break;
			}
			list = more;
			room += 32;
		}
		if (n == 3 && strlen(words[0]) < VZ_ROW_NAME) {
			struct before *b = &list[(*count)++];

			strcpy(b->name, words[0]);
			b->failcnt = number(words[1]);
			b->held = number(words[2]);
		}
		free(words);
	}
	return list;
}

struct before *store_get(const struct store *s, uint32_t id, size_t *count)
{
	char name[16];

	*count = 0;
	snprintf(name, sizeof(name), "%u", id);
	return s->dir < 0 ? NULL : read_file(s->dir, name, count);
}

const struct before *store_find(const struct before *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (vz_streq(list[i].name, name))
			return &list[i];
	return NULL;
}

static void add_number(struct vz_buf *b, uint64_t v, char end)
{
	if (v == NOT_KEPT)
		vz_buf_addf(b, "-%c", end);
	else
		vz_buf_addf(b, "%" PRIu64 "%c", v, end);
}

static int write_file(int dir, const char *name, struct vz_buf *b, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_buf_steal(b, NULL);

	if (!text)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	if (vz_replace_text(dir, name, text, 0600) < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot keep the counters of %s", name);
	return 0;
}

int store_put(const struct store *s, const struct options *o, const struct vz_counters *c,
	      const struct before *old, size_t n_old, struct vz_err *e)
{
	struct vz_buf b = { 0 };
	char name[16];

	if (s->dir < 0)
		return 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct vz_row *row = &c->rows[i];
		const struct before *was = store_find(old, n_old, row->name);

		vz_buf_addf(&b, "%s ", row->name);
		add_number(&b,
			   o->relative ? row->n[VZ_FAILCNT] :
			   was	       ? was->failcnt :
					 NOT_KEPT,
			   ' ');
		add_number(&b, o->incremental ? row->n[VZ_HELD] : was ? was->held : NOT_KEPT, '\n');
	}
	snprintf(name, sizeof(name), "%u", c->id);
	return write_file(s->dir, name, &b, e);
}

static int clear_one(int dir, const char *name, bool failcnt, bool held, struct vz_err *e)
{
	struct vz_buf b = { 0 };
	struct before *list;
	size_t n;

	if (failcnt && held)
		return unlinkat(dir, name, 0) == 0 ?
			       0 :
			       vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot remove %s", name);
	list = read_file(dir, name, &n);
	for (size_t i = 0; i < n; i++) {
		vz_buf_addf(&b, "%s ", list[i].name);
		add_number(&b, failcnt ? NOT_KEPT : list[i].failcnt, ' ');
		add_number(&b, held ? NOT_KEPT : list[i].held, '\n');
	}
	free(list);
	return write_file(dir, name, &b, e);
}

int store_clear(const struct options *o, bool failcnt, bool held, struct vz_err *e)
{
	int fd = open_dir(o->store, false, e);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (!d)
		return -1;
	while ((entry = readdir(d))) {
		uint64_t id;

		if (vz_num_u64(entry->d_name, 0, BC_ID_MAX, &id) == 0 &&
		    clear_one(dirfd(d), entry->d_name, failcnt, held, e) < 0)
			return -1;
	}
	return 0;
}
