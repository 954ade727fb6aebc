/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vztmpl: templates, the read-only trees that containers share.
 *
 * TEMPLATE/tree/NAME is a tree, TEMPLATE/tree/NAME.conf says where it is from.
 * A tree is filled as NAME.tmp and renamed when it is complete, so NAME is
 * always whole. Who fills or deletes a tree holds an exclusive flock(2) on its
 * directory; who puts it to use may hold a shared one.
 */
#ifndef VZTMPL_VZTMPL_H
#define VZTMPL_VZTMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "lib/child.h"
#include "lib/err.h"

struct vz_conf;

struct options {
	const char *suite;	/* create */
	const char *variant;
	const char *include;
	const char *mirror;
	const char *tarball;	/* create: write this file, make no tree */
	bool bare;		/* create: only what the variant needs */
	bool no_header;		/* list */
	bool json;
	bool quiet;
};

/* One command, entered with the arguments behind its name. */
int cmd_create(int argc, const char **argv, const struct options *o, struct vz_err *e);
int cmd_import(int argc, const char **argv, const struct options *o, struct vz_err *e);
int cmd_list(int argc, const char **argv, const struct options *o, struct vz_err *e);
int cmd_delete(int argc, const char **argv, const struct options *o, struct vz_err *e);

/* ---- store.c: where the trees are ---------------------------------------- */

#define VZTMPL_NAME_MAX	128

struct store {
	int dir;		/* TEMPLATE/tree */
	char path[4096];	/* its name */
};

/* Opens TEMPLATE/tree, makes it if need be. */
int store_open(struct store *s, struct vz_err *e);
void store_close(struct store *s);

/* A name that people may give: letters, digits, _ . + -, not ending .tmp or .conf. */
int store_check_name(const char *name, struct vz_err *e);

/* A tree in the making. */
struct claim {
	int fd;			/* NAME.tmp, locked */
	char name[VZTMPL_NAME_MAX + 8];
	char temp[VZTMPL_NAME_MAX + 8];
};

/**
 * store_claim() - an empty, locked NAME.tmp
 *
 * What an earlier, interrupted run left there is removed. Fails if NAME exists
 * (VZ_EXIT_BAD_VALUE) or another process is making it (VZ_EXIT_LOCKED).
 */
int store_claim(struct store *s, const char *name, struct claim *c, struct vz_err *e);

/* Gives the tree its name and writes the metadata beside it. */
int store_publish(struct store *s, struct claim *c, const struct vz_conf *meta, struct vz_err *e);

/* Removes what was made so far. */
void store_drop(struct store *s, struct claim *c);

/**
 * store_users() - containers whose configuration names the template
 * @first: receives the lowest id, if there is one
 *
 * Return: their number, -1 with @e set.
 */
int store_users(const char *name, unsigned int *first, struct vz_err *e);

/* ---- tree.c: work inside a tree that is not trusted ------------------------ */

/* Removes all below the open directory; never leaves it, never follows a link. */
int tree_empty(int dir, struct vz_err *e);

/**
 * tree_strip() - remove what must not be shared between containers
 *
 * SSH host keys, host name, resolv.conf, machine id, random seed, what is in
 * /dev, and every device node elsewhere.
 *
 * @kb and @files receive the size of what is left.
 */
int tree_strip(int dir, unsigned long long *kb, unsigned long long *files, struct vz_err *e);

/* PRETTY_NAME and ID of /etc/os-release, into @meta. No such file: nothing. */
int tree_identify(int dir, struct vz_conf *meta, struct vz_err *e);

/**
 * tree_check_idmap() - can this directory be mounted id-mapped?
 *
 * Return: 0 if it can; -1 with @e set and errno EOPNOTSUPP if its file system
 * or the kernel cannot.
 */
int tree_check_idmap(int dir, const char *path, struct vz_err *e);

/* ---- finish.c ----------------------------------------------------------------- */

/* Strips, identifies, measures and publishes a filled tree. */
int finish_tree(struct store *s, struct claim *c, struct vz_conf *meta, const struct options *o,
		struct vz_err *e);

/* ---- progress.c: how far mmdebstrap is -------------------------------------- */

struct progress {
	unsigned int percent;	/* never falls */
	const char *stage;
	unsigned int packages;	/* of this round */
	unsigned int done;	/* lines of this round that count */
	unsigned int from, to;	/* share of this round */
	unsigned int each;	/* counted lines for each package */
};

void progress_init(struct progress *p);

/* One line of mmdebstrap's output. Return: true if there is news to show. */
bool progress_line(struct progress *p, const char *line);

/* Shows progress on stderr: one line redrawn on a terminal, else a few lines. */
struct meter {
	bool tty, quiet;
	unsigned int last;
	const char *stage;
};

void meter_init(struct meter *m, bool quiet);
void meter_show(struct meter *m, unsigned int percent, const char *stage);
void meter_end(struct meter *m);

/* ---- sources.c --------------------------------------------------------------- */

/**
 * sources_of() - apt source lines of a suite, from this machine's configuration
 *
 * Lines for the suite itself, its updates and its security suite, if the machine
 * has them. If it has none of them, the address of its Debian archive alone.
 *
 * Return: NULL-terminated, one allocation for each line; NULL with @e set.
 */
char **sources_of(const char *suite, struct vz_err *e);

/* The same from the output of `apt-get indextargets` with the fields below. */
#define SOURCES_FORMAT	"$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(TARGET_OF)"
char **sources_parse(char *text, const char *suite);
void sources_free(char **lines);

#endif
