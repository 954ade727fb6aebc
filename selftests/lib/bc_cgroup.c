// SPDX-License-Identifier: GPL-2.0
#include "bc_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int bc_attach(unsigned int id, int fd)
{
	struct bc_attach a = { .size = sizeof(a), .id = id, .cgroup = fd };

	return ioctl(bc_dev(), BC_IOC_ATTACH, &a) ? -errno : 0;
}

int bc_cgroup_put(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int bc_cgroup_make(struct bc_box *box, const char *dir)
{
	if (mkdir(dir, 0755))
		return -errno;
	box->cgroup = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return box->cgroup < 0 ? -errno : 0;
}

int bc_cgroup_drop(struct bc_box *box, const char *dir)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;

	close(box->cgroup);
	box->cgroup = 0;
	while (rmdir(dir)) {
		if (errno != EBUSY || bc_now_ms() > end)
			return -errno;
		bc_sleep_ms(20);
	}
	return 0;
}

long bc_cgroup_stat(const char *dir, const char *name)
{
	char path[128], text[8192], *line, *next;
	size_t len = strlen(name);

	snprintf(path, sizeof(path), "%s/memory.stat", dir);
	if (bc_slurp(path, text, sizeof(text)) < 0)
		return -1;
	for (line = text; line; line = next ? next + 1 : NULL) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return atol(line + len);
		next = strchr(line, '\n');
	}
	return -1;
}

bool bc_cgroup_frozen(const char *dir)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), "%s/cgroup.events", dir);
	return bc_slurp(path, text, sizeof(text)) > 0 && strstr(text, "frozen 1");
}
