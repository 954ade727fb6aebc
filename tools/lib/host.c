// SPDX-License-Identifier: GPL-2.0
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "counters.h"
#include "err.h"
#include "memuse.h"
#include "num.h"
#include "root.h"
#include "str.h"

int vz_host_memory(struct vz_mem *mem, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_root_text("/proc/meminfo");

	if (!text)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read /proc/meminfo");
	if (!vz_mem_parse(text, mem))
		return vz_err_set(e, VZ_EXIT_SYSTEM,
				  "/proc/meminfo does not tell the size of memory");
	return 0;
}

int vz_host_threads(uint64_t *threads, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_root_text("/proc/sys/kernel/threads-max");

	if (text) {
		text[strcspn(text, "\n")] = '\0';
		if (vz_num_u64(text, 1, UINT32_MAX, threads) == 0)
			return 0;
	}
	return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read /proc/sys/kernel/threads-max");
}

static bool in_veinfo(uint32_t id)
{
	_cleanup_free_ char *text = vz_root_text("/proc/vz/veinfo");
	const char *p = text;
	bool found = false;
	char **words;
	uint64_t v;
	size_t n;

	while (p && !found && (words = vz_line_words(&p, " \t", &n))) {
		found = n && vz_num_u64(words[0], 0, BC_ID_MAX, &v) == 0 && v == id;
		free(words);
	}
	return found;
}

bool vz_host_runs(const struct vz_counters *c)
{
	return c->life == VZ_UNKNOWN ? in_veinfo(c->id) : c->life == BC_LIFE_RUNNING;
}
