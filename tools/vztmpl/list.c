// SPDX-License-Identifier: GPL-2.0
/* vztmpl list */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/num.h"
#include "lib/str.h"
#include "lib/table.h"
#include "vztmpl.h"

enum { NAME, OS, ORIGIN, CREATED, SIZE, USED, N_COLUMNS };

static const struct vz_column columns[N_COLUMNS] = {
	[NAME] = { "name", "NAME", -20, false, "name, as vzctl create --ostemplate takes it" },
	[OS] = { "os", "OS", -32, false, "what /etc/os-release says" },
	[ORIGIN] = { "origin", "ORIGIN", -10, false, "mmdebstrap or import" },
	[CREATED] = { "created", "CREATED", -20, false, "when, UTC" },
	[SIZE] = { "size_kb", "SIZE_KB", 10, false, "size on disk" },
	[USED] = { "used", "USED", 4, false, "containers made of it" },
};

static bool is_tree(int dir, const char *name)
{
	struct stat st;
	struct vz_err none;

	return store_check_name(name, &none) == 0 &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Names of the trees, sorted; an array to be freed with its members. */
static char **names_of(struct store *s, size_t *count, struct vz_err *e)
{
	struct dirent **entries;
	int n = scandirat(s->dir, ".", &entries, NULL, alphasort);
	char **names;

	*count = 0;
	if (n < 0) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot list %s", s->path);
		return NULL;
	}
	names = calloc(n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		if (names && is_tree(s->dir, entries[i]->d_name)) {
			names[*count] = strdup(entries[i]->d_name);
			*count += names[*count] != NULL;
		}
		free(entries[i]);
	}
	free(entries);
	if (!names)
		vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	return names;
}

static int print_one(struct vz_table *t, struct store *s, const char *name, struct vz_err *e)
{
	_cleanup_(vz_conf_freep) struct vz_conf *meta = NULL;
	struct vz_value cells[N_COLUMNS] = { 0 };
	char file[VZTMPL_NAME_MAX + 8];
	unsigned int first;
	uint64_t kb;
	int users = store_users(name, &first, e);
	const char *size;

	if (users < 0)
		return -1;
	/* A tree without metadata, or with bad ones, is a tree nevertheless. */
	snprintf(file, sizeof(file), "%s.conf", name);
	meta = vz_conf_loadat(s->dir, file, NULL);
	size = vz_conf_get(meta, "SIZE_KB");
	cells[NAME] = (struct vz_value){ .kind = VZ_STR, .str = name };
	cells[OS] = (struct vz_value){ .kind = VZ_STR, .str = vz_conf_get(meta, "OS") };
	cells[ORIGIN] = (struct vz_value){ .kind = VZ_STR, .str = vz_conf_get(meta, "ORIGIN") };
	cells[CREATED] = (struct vz_value){ .kind = VZ_STR, .str = vz_conf_get(meta, "CREATED") };
	if (size && vz_num_u64(size, 0, UINT64_MAX, &kb) == 0)
		cells[SIZE] = (struct vz_value){ .kind = VZ_U64, .u64 = kb };
	cells[USED] = (struct vz_value){ .kind = VZ_U64, .u64 = users };
	vz_table_row(t, cells);
	return 0;
}

int cmd_list(int argc, const char **argv, const struct options *o, struct vz_err *e)
{
	const struct vz_column *all[N_COLUMNS];
	struct vz_table t = { .out = stdout, .columns = all, .count = N_COLUMNS };
	struct store s;
	char **names;
	size_t n;
	int rc = 0;

	(void)argv;
	if (argc)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "usage: vztmpl list [-H] [-j]");
	for (size_t i = 0; i < N_COLUMNS; i++)
		all[i] = &columns[i];
	t.flags = (o->json ? VZ_TABLE_JSON : 0) | (o->no_header ? VZ_TABLE_NO_HEADER : 0);
	if (store_open(&s, e) < 0)
		return -1;
	names = names_of(&s, &n, e);
	if (names) {
		vz_table_begin(&t);
		for (size_t i = 0; i < n; i++) {
			if (rc == 0)
				rc = print_one(&t, &s, names[i], e);
			free(names[i]);
		}
		if (vz_table_end(&t) < 0)
			rc = vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot write the list");
	}
	free(names);
	store_close(&s);
	return names ? rc : -1;
}
