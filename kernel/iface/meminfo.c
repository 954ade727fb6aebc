// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/bc/ID/meminfo and nodeinfo: the layout is OpenVZ's, the numbers are those of
 * the container's memory cgroup. Without one there is nothing to show: empty files.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "iface.h"

/* A line is below 32 bytes but for numa_stat, which has 20 for each node. */
#define BC_TEXT_SIZE SZ_64K

/* A file of the cgroup, to be freed with kvfree(), or NULL. */
static char *bc_cgroup_text(struct bc *bc, const char *name)
{
	char *text = kvmalloc(BC_TEXT_SIZE, GFP_KERNEL);

	if (text && bc_families_text(bc, name, text, BC_TEXT_SIZE) >= 0)
		return text;
	kvfree(text);
	return NULL;
}

/* Behind "name " at the beginning of a line, or NULL. */
static const char *bc_find_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, len) && text[len] == ' ')
			return text + len + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

/* The number of a line, in kB. */
static u64 bc_stat(const char *text, const char *name)
{
	const char *line = bc_find_line(text, name);

	return line ? memparse(line, NULL) >> 10 : 0;
}

/* The number behind "Nnode=" in a line, in kB. */
static u64 bc_node_stat(const char *text, const char *name, int node)
{
	const char *line = bc_find_line(text, name);
	char key[16];
	int len = snprintf(key, sizeof(key), "N%d=", node);

	while (line && *line && *line != '\n') {
		if (!strncmp(line, key, len))
			return memparse(line + len, NULL) >> 10;
		line += strcspn(line, "\n ");
		line += *line == ' ';
	}
	return 0;
}

static void bc_show_kb(struct seq_file *m, const char *label, u64 kb)
{
	seq_printf(m, "%-15s %8llu kB\n", label, kb);
}

static u64 bc_kb(u64 pages)
{
	return pages << (PAGE_SHIFT - 10);
}

/* A line: the sum of what the cgroup says; no word: we do not know, 0. */
struct bc_usage {
	const char *label, *stat[2];
};

/* In front of swap. */
static const struct bc_usage bc_lists[] = {
	{ "Cached:", { "file" } },
	{ "Buffers:", {} },
	{ "Active:", { "active_anon", "active_file" } },
	{ "Inactive:", { "inactive_anon", "inactive_file" } },
	{ "Active(anon):", { "active_anon" } },
	{ "Inactive(anon):", { "inactive_anon" } },
	{ "Active(file):", { "active_file" } },
	{ "Inactive(file):", { "inactive_file" } },
	{ "Unevictable:", { "unevictable" } },
	{ "Mlocked:", {} },
};

/* Behind it. */
static const struct bc_usage bc_kinds[] = {
	{ "Dirty:", { "file_dirty" } },
	{ "Writeback:", { "file_writeback" } },
	{ "AnonPages:", { "anon" } },
	{ "Shmem:", { "shmem" } },
	{ "Slab:", { "slab" } },
	{ "SReclaimable:", { "slab_reclaimable" } },
	{ "SUnreclaim:", { "slab_unreclaimable" } },
};

/* Both lines of swap: without a limit it is what the host has left. */
static void bc_show_swap(struct seq_file *m, struct bc *bc)
{
	struct bc_row row;
	u64 total;

	bc_read_row(bc, BC_SWAPPAGES, &row);
	total = min_t(u64, row.limit, row.held + max(get_nr_swap_pages(), 0L));
	bc_show_kb(m, "SwapTotal:", bc_kb(total));
	bc_show_kb(m, "SwapFree:", bc_kb(total > row.held ? total - row.held : 0));
}

static void bc_show_usage(struct seq_file *m, const char *text, const struct bc_usage *usage,
			  unsigned int count)
{
	unsigned int i, j;

	for (i = 0; i < count; i++) {
		u64 kb = 0;

		for (j = 0; j < ARRAY_SIZE(usage[i].stat) && usage[i].stat[j]; j++)
			kb += bc_stat(text, usage[i].stat[j]);
		bc_show_kb(m, usage[i].label, kb);
	}
}

/**
 * bc_meminfo_show() - /proc/bc/ID/meminfo
 * @m: private is the beancounter
 * @v: unused
 */
int bc_meminfo_show(struct seq_file *m, void *v)
{
	struct bc *bc = m->private;
	char *text = bc_cgroup_text(bc, "memory.stat");
	u64 total, unused;
	struct bc_row row;

	if (!text)
		return 0;
	bc_read_row(bc, BC_PHYSPAGES, &row);
	total = min_t(u64, row.limit, totalram_pages());
	unused = total > row.held ? total - row.held : 0;
	bc_show_kb(m, "MemTotal:", bc_kb(total));
	bc_show_kb(m, "MemFree:", bc_kb(unused));
	bc_show_usage(m, text, bc_lists, ARRAY_SIZE(bc_lists));
	bc_show_swap(m, bc);
	bc_show_usage(m, text, bc_kinds, ARRAY_SIZE(bc_kinds));
	bc_recount(bc);
	bc_read_row(bc, BC_PRIVVMPAGES, &row);
	bc_show_kb(m, "MemCommitted:", bc_kb(row.held));
	bc_show_kb(m, "MemAvailable:",
		   bc_kb(unused) + bc_stat(text, "active_file") + bc_stat(text, "inactive_file") +
			   bc_stat(text, "slab_reclaimable"));
	bc_show_kb(m, "MemPortion:", bc_kb(total));
	bc_show_kb(m, "Shadow:", 0);
	bc_show_kb(m, "Shadow(anon):", 0);
	bc_show_kb(m, "Shadow(file):", 0);
	kvfree(text);
	return 0;
}

static void bc_show_node(struct seq_file *m, const char *text, int node)
{
	u64 active[2] = { bc_node_stat(text, "active_anon", node),
			  bc_node_stat(text, "active_file", node) };
	u64 inactive[2] = { bc_node_stat(text, "inactive_anon", node),
			    bc_node_stat(text, "inactive_file", node) };
	const struct {
		const char *label;
		u64 kb;
	} lines[] = {
		{ "Active:", active[0] + active[1] },
		{ "Inactive:", inactive[0] + inactive[1] },
		{ "Shadow:", 0 },
		{ "Active(anon):", active[0] },
		{ "Inactive(anon):", inactive[0] },
		{ "Shadow(anon):", 0 },
		{ "Active(file):", active[1] },
		{ "Inactive(file):", inactive[1] },
		{ "Shadow(file):", 0 },
		{ "Unevictable:", bc_node_stat(text, "unevictable", node) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "Node %d %-15s %8llu kB\n", node, lines[i].label, lines[i].kb);
}

/**
 * bc_nodeinfo_show() - /proc/bc/ID/nodeinfo
 * @m: private is the beancounter
 * @v: unused
 */
int bc_nodeinfo_show(struct seq_file *m, void *v)
{
	char *text = bc_cgroup_text(m->private, "memory.numa_stat");
	int node;

	if (!text)
		return 0;
	for_each_node_state(node, N_MEMORY)
		bc_show_node(m, text, node);
	kvfree(text);
	return 0;
}
