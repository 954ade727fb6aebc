// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <time.h>

#include "lib/conf.h"
#include "vztmpl.h"

int finish_tree(struct store *s, struct claim *c, struct vz_conf *meta, const struct options *o,
		struct vz_err *e)
{
	unsigned long long kb, files;
	char number[32], date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (tree_strip(c->fd, &kb, &files, e) < 0)
		return vz_err_wrap(e, "cleaning the tree");
	if (tree_identify(c->fd, meta, e) < 0)
		return -1;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	vz_conf_set(meta, "CREATED", date);
	snprintf(number, sizeof(number), "%llu", kb);
	vz_conf_set(meta, "SIZE_KB", number);
	snprintf(number, sizeof(number), "%llu", files);
	vz_conf_set(meta, "FILES", number);
	if (vz_interrupted)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "interrupted, nothing is left behind");
	if (store_publish(s, c, meta, e) < 0)
		return -1;
	if (!o->quiet)
		fprintf(stderr, "Template %s: %llu MB, %llu files, in %s/%s\n", c->name, kb / 1024,
			files, s->path, c->name);
	return 0;
}
