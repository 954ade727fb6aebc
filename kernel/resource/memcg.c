// SPDX-License-Identifier: GPL-2.0
/*
 * physpages, swappages: memory in RAM and in swap, as the container's memory cgroup
 * counts it: anonymous memory, page cache, shared memory, kernel memory; swap
 * entries.
 *
 * Nothing is charged here and nothing refused. The kernel counts and enforces: at the
 * limit it reclaims, pages go to disk or swap, and where that fails it kills in
 * the container. The barrier means nothing. No errno; no hook.
 *
 * BC_IOC_ATTACH says which cgroup it is. Limits are written to its memory.max and
 * memory.swap.max, those that are set before at the attachment; shown is what the page
 * counter has, whoever wrote it. held is the page counter, which is above what is used by
 * no more than 64 pages a processor (memory.current says the same); maxheld its
 * watermark. failcnt: of physpages how often reclaim failed at this limit, of swappages
 * how many pages could not be swapped because of this one. What a tenant's own
 * limits below refuse does not count.
 *
 * Ends with the cgroup: when that is removed held is 0, and maxheld and failcnt are
 * kept. Cache that outlives it is the parent's.
 *
 * Known gaps: where swap is known to be full the kernel does not even try, and failcnt of
 * swappages stays; two refusals at the same time may count as one. A period that
 * begins (BC_IOC_CLEAR) resets the cgroup's peak as well.
 */
#include <linux/cgroup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/page_counter.h>
#include <linux/slab.h>

#include "resource.h"

/**
 * struct bc_memcg - the memory cgroup of a beancounter
 * @applying: one at a time writes limits; outside of @lock
 * @lock: guards the rest; innermost
 * @dir: its directory, referenced; NULL if none
 * @memcg: referenced; NULL if none
 * @swap: it limits swap
 * @failures: of RAM and of swap when the period began
 * @kills: processes killed for want of memory when the period began
 */
struct bc_memcg {
	struct mutex		applying;
	spinlock_t		lock;
	struct file		*dir;
	struct mem_cgroup	*memcg;
	bool			swap;
	unsigned long		failures[2];
	unsigned long		kills;
};

/* RAM and swap, in the order of bc_memcg.failures. */
static const struct {
	enum bc_resource	row;
	const char		*file;
} bc_sides[] = {
	{ BC_PHYSPAGES, "memory.max" },
	{ BC_SWAPPAGES, "memory.swap.max" },
};

struct bc_family bc_memcg_family;

static struct bc_memcg *bc_memcg_of(const struct bc *bc)
{
	return bc->families[bc_memcg_family.index];
}

static struct page_counter *bc_pages(struct mem_cgroup *memcg, unsigned int side)
{
	return side ? &memcg->swap : &memcg->memory;
}

static unsigned long bc_failures(struct mem_cgroup *memcg, unsigned int side)
{
	return side ? READ_ONCE(memcg->swap.failcnt) :
		      atomic_long_read(&memcg->memory_events_local[MEMCG_OOM]);
}

static unsigned long bc_kills(struct mem_cgroup *memcg)
{
	return atomic_long_read(&memcg->memory_events[MEMCG_OOM_KILL]);
}

static void bc_memcg_new_period(struct bc_memcg *m)
{
	unsigned int i;

	lockdep_assert_held(&m->lock);
	for (i = 0; i < ARRAY_SIZE(bc_sides); i++) {
		page_counter_reset_watermark(bc_pages(m->memcg, i));
		m->failures[i] = bc_failures(m->memcg, i);
	}
	m->kills = bc_kills(m->memcg);
}

/* Last words: what the cgroup has counted is the row's from now on. */
static void bc_memcg_keep(struct bc *bc, struct bc_memcg *m)
{
	unsigned int i;

	lockdep_assert_held(&m->lock);
	for (i = 0; i < ARRAY_SIZE(bc_sides); i++) {
		struct bc_counter *c = &bc->row[bc_sides[i].row];

		bc_counter_raise_max(c, READ_ONCE(bc_pages(m->memcg, i)->watermark));
		atomic_long_add(bc_failures(m->memcg, i) - m->failures[i], &c->failcnt);
	}
	atomic_long_add(bc_kills(m->memcg) - m->kills, &bc->row[BC_OOMGUARPAGES].failcnt);
}

/*
 * Let @dir and @memcg be the cgroup, or NULL none. References are the beancounter's
 * from now on; those of the one before are dropped.
 */
static void bc_memcg_replace(struct bc *bc, struct file *dir, struct mem_cgroup *memcg,
			     bool limits_swap)
{
	struct bc_memcg *m = bc_memcg_of(bc);

	spin_lock(&m->lock);
	if (m->memcg)
		bc_memcg_keep(bc, m);
	swap(m->dir, dir);
	swap(m->memcg, memcg);
	m->swap = limits_swap;
	if (m->memcg) {
		m->failures[0] = 0;
		m->failures[1] = 0;
		bc_memcg_new_period(m);
	}
	spin_unlock(&m->lock);
	if (memcg)
		css_put(&memcg->css);
	if (dir)
		fput(dir);
}

/* A cgroup that was removed counts no more: it is left to the kernel. */
static void bc_memcg_settle(struct bc *bc)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	bool gone;

	spin_lock(&m->lock);
	gone = m->memcg && css_is_dying(&m->memcg->css);
	spin_unlock(&m->lock);
	if (gone)
		bc_memcg_replace(bc, NULL, NULL, false);
}

/**
 * bc_memcg_get() - the container's memory cgroup
 * @bc: referenced, or something charged pins it
 *
 * Context: process.
 * Return: referenced, for css_put(), or NULL if there is none.
 */
struct mem_cgroup *bc_memcg_get(struct bc *bc)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	struct mem_cgroup *memcg;

	bc_memcg_settle(bc);
	spin_lock(&m->lock);
	memcg = m->memcg;
	if (memcg)
		css_get(&memcg->css);
	spin_unlock(&m->lock);
	return memcg;
}

/* void cgroup_rstat_flush(struct cgroup *), unsigned long memcg_page_state(memcg, item) */
static unsigned long bc_flush;
static unsigned long bc_page_state;

/**
 * bc_memcg_flush() - make exact what the kernel counts for the container's cgroup
 * @bc: referenced, or something charged pins it
 *
 * Adds up what waits on the processors, also for the cgroups below. A recount does so
 * once, before the families that read rows with bc_memcg_stat(): they come later.
 *
 * Context: process; may sleep.
 */
void bc_memcg_flush(struct bc *bc)
{
	struct mem_cgroup *memcg = bc_flush ? bc_memcg_get(bc) : NULL;

	if (!memcg)
		return;
	bc_call(bc_flush, (unsigned long)memcg->css.cgroup, 0, 0);
	css_put(&memcg->css);
}

/**
 * bc_memcg_stat() - what the kernel counts for the cgroup and those below
 * @memcg: referenced
 * @item: enum memcg_stat_item or node_stat_item, in its own unit
 *
 * As of the last flush.
 */
unsigned long bc_memcg_stat(struct mem_cgroup *memcg, int item)
{
	return bc_call(bc_page_state, (unsigned long)memcg, item, 0);
}

/**
 * bc_memcg_stat_usable() - does this kernel count its own memory, and can we read it
 *
 * "cgroup.memory=nokmem" on its command line: it does not. Context: load only.
 */
bool bc_memcg_stat_usable(void)
{
	unsigned long disabled = bc_symbol_address("mem_cgroup_kmem_disabled");

	bc_flush = bc_symbol_address("cgroup_rstat_flush");
	bc_page_state = bc_symbol_address("memcg_page_state");
	return !mem_cgroup_disabled() && bc_flush && bc_page_state && disabled &&
	       !(u8)bc_call(disabled, 0, 0, 0);
}

/* The directory, referenced, or NULL. */
static struct file *bc_memcg_dir(struct bc *bc)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	struct file *dir;

	bc_memcg_settle(bc);
	spin_lock(&m->lock);
	dir = m->dir ? get_file(m->dir) : NULL;
	spin_unlock(&m->lock);
	return dir;
}

/* "max" or bytes. A file that is not there is no error: the cgroup goes, or has none. */
static int bc_memcg_write(struct file *dir, const char *name, unsigned long pages)
{
	struct file *file = file_open_root(&dir->f_path, name, O_WRONLY, 0);
	char text[24] = "max";
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOENT || PTR_ERR(file) == -ENODEV ? 0 : PTR_ERR(file);
	if (pages < PAGE_COUNTER_MAX)
		snprintf(text, sizeof(text), "%llu", (u64)pages << PAGE_SHIFT);
	n = kernel_write(file, text, strlen(text), &pos);
	fput(file);
	return n < 0 && n != -ENODEV ? n : 0;
}

static int bc_memcg_apply(struct bc *bc, u64 rows)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	struct file *dir;
	unsigned int i;
	int ret = 0;

	mutex_lock(&m->applying);
	dir = bc_memcg_dir(bc);
	for (i = 0; dir && !ret && i < ARRAY_SIZE(bc_sides); i++)
		if (rows & BIT(bc_sides[i].row))
			ret = bc_memcg_write(dir, bc_sides[i].file,
					     READ_ONCE(bc->row[bc_sides[i].row].limit));
	if (dir)
		fput(dir);
	mutex_unlock(&m->applying);
	return ret;
}

/* Its memory controller, referenced; the cgroup must have one of its own. */
static struct cgroup_subsys_state *bc_memcg_css(const struct file *dir, int fd)
{
	struct cgroup *cgroup = cgroup_get_from_fd(fd);
	struct cgroup_subsys_state *css;

	if (IS_ERR(cgroup)) /* -ENOENT: it was removed */
		return PTR_ERR(cgroup) == -ENOENT ? ERR_PTR(-EOPNOTSUPP) : ERR_CAST(cgroup);
	css = cgroup_get_e_css(cgroup, &memory_cgrp_subsys);
	if (css->cgroup != cgroup || !css->parent || css_is_dying(css) ||
	    file_inode(dir)->i_private != cgroup->kn) {
		css_put(css);
		css = ERR_PTR(-EOPNOTSUPP);
	}
	cgroup_put(cgroup);
	return css;
}

static int bc_memcg_attach(struct bc *bc, int fd)
{
	struct cgroup_subsys_state *css;
	struct file *dir = fget_raw(fd);
	struct file *swap;
	int ret;

	if (!dir)
		return -EBADF;
	css = bc_memcg_css(dir, fd);
	if (IS_ERR(css)) {
		fput(dir);
		return PTR_ERR(css);
	}
	swap = file_open_root(&dir->f_path, bc_sides[1].file, O_RDONLY, 0);
	bc_memcg_replace(bc, dir, mem_cgroup_from_css(css), !IS_ERR(swap));
	if (!IS_ERR(swap))
		fput(swap);
	ret = bc_memcg_apply(bc, bc_memcg_family.rows);
	if (ret)
		bc_memcg_replace(bc, NULL, NULL, false);
	return ret;
}

static void bc_memcg_detach(struct bc *bc)
{
	bc_memcg_replace(bc, NULL, NULL, false);
}

static void bc_memcg_read_pages(struct bc_memcg *m, unsigned int side, struct bc_row *out)
{
	struct page_counter *c = bc_pages(m->memcg, side);
	unsigned long max = READ_ONCE(c->max);

	lockdep_assert_held(&m->lock);
	out->held = page_counter_read(c);
	out->maxheld = max3(out->maxheld, (u64)READ_ONCE(c->watermark), out->held);
	out->limit = max < PAGE_COUNTER_MAX ? max : BC_UNLIMITED;
	out->failcnt += bc_failures(m->memcg, side) - m->failures[side];
}

/* Nobody counts it for a container that runs. */
static void bc_row_is_not_enforced(struct bc_row *out)
{
	out->state = BC_STATE_NOT_ENFORCED;
	out->held = 0;
	out->maxheld = 0;
	out->failcnt = 0;
	out->barrier = BC_UNLIMITED;
	out->limit = BC_UNLIMITED;
}

/* Where no cgroup counts what runs, nothing is enforced, and the row says so. */
static void bc_memcg_read(struct bc *bc, struct bc_row *out)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	unsigned int side = out->resource == BC_SWAPPAGES;
	bool counted;

	bc_memcg_settle(bc); /* the row may have more to say now */
	out->maxheld = max_t(u64, atomic_long_read(&bc->row[out->resource].maxheld), 0);
	out->failcnt = atomic_long_read(&bc->row[out->resource].failcnt);
	spin_lock(&m->lock);
	counted = m->memcg && (!side || m->swap);
	if (counted)
		bc_memcg_read_pages(m, side, out);
	spin_unlock(&m->lock);
	if (!counted && bc_life(bc) == BC_LIFE_RUNNING)
		bc_row_is_not_enforced(out);
}

/**
 * bc_memcg_read_attached() - bc_family.read of rows that need a cgroup and no more
 * @bc: referenced
 * @out: what our own counter says
 */
void bc_memcg_read_attached(struct bc *bc, struct bc_row *out)
{
	struct mem_cgroup *memcg = bc_memcg_get(bc);

	if (memcg)
		css_put(&memcg->css);
	else if (bc_life(bc) == BC_LIFE_RUNNING)
		bc_row_is_not_enforced(out);
}

/* In RAM and in swap. */
static unsigned long bc_memcg_both(struct mem_cgroup *memcg)
{
	return page_counter_read(&memcg->memory) + page_counter_read(&memcg->swap);
}

/**
 * bc_memcg_used() - pages that a container has in RAM and in swap
 * @bc: valid as long as the caller's RCU read section
 *
 * Context: atomic.
 * Return: ULONG_MAX if no cgroup counts them.
 */
unsigned long bc_memcg_used(const struct bc *bc)
{
	struct bc_memcg *m = bc_memcg_of(bc);
	unsigned long pages = ULONG_MAX;

	spin_lock(&m->lock);
	if (m->memcg)
		pages = bc_memcg_both(m->memcg);
	spin_unlock(&m->lock);
	return pages;
}

/**
 * bc_memcg_read_oom() - bc_family.read of oomguarpages
 * @bc: referenced
 * @out: what our own counter says
 */
void bc_memcg_read_oom(struct bc *bc, struct bc_row *out)
{
	struct bc_counter *c = &bc->row[BC_OOMGUARPAGES];
	struct bc_memcg *m = bc_memcg_of(bc);
	bool counted;

	bc_memcg_settle(bc); /* the row may have more to say now */
	out->failcnt = atomic_long_read(&c->failcnt);
	spin_lock(&m->lock);
	counted = m->memcg;
	if (counted) {
		out->held = bc_memcg_both(m->memcg);
		bc_counter_raise_max(c, out->held);
		out->failcnt += bc_kills(m->memcg) - m->kills;
	}
	spin_unlock(&m->lock);
	out->maxheld = max_t(u64, atomic_long_read(&c->maxheld), 0);
	if (!counted && bc_life(bc) == BC_LIFE_RUNNING)
		bc_row_is_not_enforced(out);
}

static void bc_memcg_clear(struct bc *bc)
{
	struct bc_memcg *m = bc_memcg_of(bc);

	spin_lock(&m->lock);
	if (m->memcg)
		bc_memcg_new_period(m);
	spin_unlock(&m->lock);
}

static ssize_t bc_memcg_text(struct bc *bc, const char *name, char *text, size_t size)
{
	struct file *dir = bc_memcg_dir(bc);
	struct file *file;
	ssize_t n = -ENOENT;
	loff_t pos = 0;

	if (!dir)
		return n;
	file = file_open_root(&dir->f_path, name, O_RDONLY, 0);
	fput(dir);
	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_read(file, text, size - 1, &pos);
	fput(file);
	if (n >= 0)
		text[n] = '\0';
	return n;
}

static int bc_memcg_init(struct bc *bc)
{
	struct bc_memcg *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	mutex_init(&m->applying);
	spin_lock_init(&m->lock);
	bc->families[bc_memcg_family.index] = m;
	return 0;
}

static void bc_memcg_exit(struct bc *bc)
{
	bc_memcg_detach(bc);
	kfree(bc_memcg_of(bc));
}

static bool bc_memcg_usable(void)
{
	return !mem_cgroup_disabled();
}

struct bc_family bc_memcg_family = {
	.name = "memory and swap",
	.rows = BIT(BC_PHYSPAGES) | BIT(BC_SWAPPAGES),
	.state = BC_STATE_RECLAIMED,
	.usable = bc_memcg_usable,
	.bc_init = bc_memcg_init,
	.bc_exit = bc_memcg_exit,
	.recount = bc_memcg_flush,
	.read = bc_memcg_read,
	.clear = bc_memcg_clear,
	.apply = bc_memcg_apply,
	.attach = bc_memcg_attach,
	.detach = bc_memcg_detach,
	.text = bc_memcg_text,
};
