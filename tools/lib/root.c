// SPDX-License-Identifier: GPL-2.0
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "str.h"

/* 1,000 containers make 2.5 MB; a text beyond this is no answer of ours. */
#define MAX_TEXT	(64 << 20)

bool vz_root_moved(void)
{
#ifdef VZ_TESTING
	return getenv("VZ_TEST_ROOT") != NULL;
#else
	return false;
#endif
}

int vz_root(void)
{
	static int root = -1;
	const char *path = "/";

#ifdef VZ_TESTING
	if (vz_root_moved())
		path = getenv("VZ_TEST_ROOT");
#endif
	if (root < 0)
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root;
}

char *vz_root_text(const char *path)
{
	bool is_stdin = vz_streq(path, "-");
	_cleanup_close_ int fd = is_stdin ? -1 : openat(vz_root(), path + 1, O_RDONLY | O_CLOEXEC);
	struct vz_buf b = { 0 };
	char block[16384];
	ssize_t n;

	if (fd < 0 && !is_stdin)
		return NULL;
	while ((n = read(is_stdin ? STDIN_FILENO : fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && b.len < MAX_TEXT) {
			vz_buf_add(&b, block, n);
			continue;
		}
		if (n > 0)
			errno = EFBIG;
		vz_buf_free(&b);
		return NULL;
	}
	return vz_buf_steal(&b, NULL);
}
