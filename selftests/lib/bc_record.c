// SPDX-License-Identifier: GPL-2.0
/* What the module tells about refusals: /proc/bc/ID/failures, the tracepoint. */
#include "bc_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"
#define EVENT	"events/beancounter/beancounter_refused/enable"

static char trace_dir[96];

static int parse_failure(const char *line, struct bc_failure *f)
{
	int n = sscanf(line, "%lf %ld %15s %ld %ld %ld %ld %d %d %79[^\n]", &f->time, &f->seq,
		       f->resource, &f->asked, &f->held, &f->barrier, &f->limit, &f->error, &f->pid,
		       f->comm);

	return n == 10 ? 0 : -EBADMSG;
}

int bc_failures(unsigned int id, struct bc_failure *list, int max)
{
	char path[64], *buf, *line, *next;
	int n = 0, lines = 0, err = 0;
	ssize_t len;

	buf = malloc(1 << 20);
	if (!buf)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/bc/%u/failures", id);
	len = bc_slurp(path, buf, 1 << 20);
	if (len < 0) {
		free(buf);
		return (int)len;
	}
	for (line = buf; *line && !err; line = next, lines++) {
		struct bc_failure f;

		next = strchr(line, '\n');
		if (!next) {
			err = -EBADMSG;
			break;
		}
		*next++ = '\0';
		if (lines == 0)
			err = strcmp(line, "Version: 1.0") ? -EBADMSG : 0;
		if (lines < 2)
			continue;
		err = parse_failure(line, &f);
		if (err)
			continue;
		if (n == max) {
			memmove(list, list + 1, sizeof(f) * (size_t)(max - 1));
			n--;
		}
		list[n++] = f;
	}
	if (err)
		fprintf(stderr, "# %s line %d: %s\n", path, lines, line);
	free(buf);
	if (!err && lines < 2)
		err = -EBADMSG;
	return err ? err : n;
}

static int put(const char *dir, const char *file, const char *text)
{
	char path[192];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int bc_trace_begin(void)
{
	int err;

	snprintf(trace_dir, sizeof(trace_dir), TRACING "/instances/bctest-%d", (int)getpid());
	if (mkdir(trace_dir, 0700) && errno != EEXIST)
		return -errno;
	err = put(trace_dir, EVENT, "1");
	if (err)
		rmdir(trace_dir);
	return err;
}

int bc_trace_end(unsigned int id, const char *resource, char last[512])
{
	char path[128], line[512], want_id[32], want_res[48];
	int n = 0;
	FILE *f;

	put(trace_dir, EVENT, "0");
	snprintf(path, sizeof(path), "%s/trace", trace_dir);
	snprintf(want_id, sizeof(want_id), " id=%u ", id);
	snprintf(want_res, sizeof(want_res), " resource=%s ", resource);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "beancounter_refused:") || !strstr(line, want_id) ||
		    !strstr(line, want_res))
			continue;
		n++;
		if (last)
			memcpy(last, line, sizeof(line));
	}
	fclose(f);
	rmdir(trace_dir);
	return n;
}
