/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration files: NAME="value" lines in the syntax of the shell, never
 * run by one. Knows no key by name.
 *
 * What the file holds besides settings (comments, blank lines, lines that are
 * not understood, keys nobody knows) is kept, in place, when it is written.
 * A key that is set twice counts as in the shell: the last one wins.
 */
#ifndef VZ_LIB_CONF_H
#define VZ_LIB_CONF_H

#include <stddef.h>

struct vz_conf;
struct vz_err;

/* A larger file is refused; so is one with a NUL byte. */
#define VZ_CONF_MAX_SIZE	(1024 * 1024)
#define VZ_CONF_MAX_KEY		64

/**
 * vz_conf_new() - an empty configuration, to be filled with vz_conf_set()
 *
 * Return: NULL if there is no memory.
 */
struct vz_conf *vz_conf_new(void);

/**
 * vz_conf_parse() - read settings from memory
 * @text: not necessarily NUL-terminated
 * @len:  in bytes, at most VZ_CONF_MAX_SIZE
 * @name: what error messages call the text, a path for instance
 *
 * Values: "double quoted" (\" \\ \$ \` are unescaped), 'single quoted', bare
 * words, and any of these side by side. Nothing is expanded: $VEID stays as it
 * is. A setting is one line. A line that does not fit this is kept and otherwise
 * ignored; only a value whose quote is not closed on its line is an error.
 *
 * Return: NULL on failure, with @e set (VZ_EXIT_INVALID_CONFIG for bad text).
 */
struct vz_conf *vz_conf_parse(const char *text, size_t len, const char *name, struct vz_err *e);

/**
 * vz_conf_load() - read a file
 *
 * A file that does not exist is an error; look at errno == ENOENT to tell it
 * from others. Anything but a regular file is refused.
 */
struct vz_conf *vz_conf_load(const char *path, struct vz_err *e);

/* As vz_conf_load(), the path relative to the directory dirfd. */
struct vz_conf *vz_conf_loadat(int dirfd, const char *path, struct vz_err *e);

/**
 * vz_conf_get() - the value of a key
 *
 * Return: owned by @c and valid until the key is set again; NULL if the key is
 * absent or @c is NULL. A key set to nothing gives "".
 */
const char *vz_conf_get(const struct vz_conf *c, const char *key);

/**
 * vz_conf_set() - add or replace a key
 * @value: NULL removes the key
 *
 * Keys are [A-Za-z_][A-Za-z0-9_]*, at most VZ_CONF_MAX_KEY long. The value is
 * written in double quotes with \ before everything that a shell would act on,
 * but for $VEID: a script that sources the file gets text, never a command.
 *
 * Return: 0; -1 with errno EINVAL (bad key, newline in the value) or ENOMEM.
 */
int vz_conf_set(struct vz_conf *c, const char *key, const char *value);

/* Calls f for each key, in file order, until it returns non-zero; returns that. */
int vz_conf_each(const struct vz_conf *c, int (*f)(const char *key, const char *value, void *arg),
		 void *arg);

/* Sets every key of @from in @to. Return: 0; -1 with errno ENOMEM. */
int vz_conf_merge(struct vz_conf *to, const struct vz_conf *from);

/**
 * vz_conf_text() - what vz_conf_save() would write
 *
 * Return: to be freed; NULL if there is no memory.
 */
char *vz_conf_text(const struct vz_conf *c, size_t *len);

/**
 * vz_conf_save() - write the file so that readers see the old or the new one
 *
 * Writes a temporary file in the same directory, syncs it, renames it over
 * @path and syncs the directory. Mode 0644 for a new file, else the mode and
 * owner of the old one. A symbolic link at @path is replaced, never followed.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_SAVE_CONFIG).
 */
int vz_conf_save(const struct vz_conf *c, const char *path, struct vz_err *e);

void vz_conf_free(struct vz_conf *c);

/* For __attribute__((cleanup)). */
void vz_conf_freep(struct vz_conf **c);

#endif
