/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Removing and copying directory trees that strangers have filled: no link is
 * followed, no other mount entered, and depth costs neither stack nor descriptors.
 */
#ifndef VZ_LIB_TREE_H
#define VZ_LIB_TREE_H

struct vz_err;

/**
 * vz_tree_remove() - remove a directory and everything below it
 * @dirfd: its parent
 *
 * Return: 0, also if it does not exist; -1 with @e set (VZ_EXIT_DELETE).
 */
int vz_tree_remove(int dirfd, const char *name, struct vz_err *e);

/**
 * vz_tree_copy() - copy the contents of a directory into another, empty one
 *
 * Owners, modes, times, extended attributes (file capabilities too) and links;
 * of hard links within the tree each becomes a file. Device nodes are left out: a
 * container has those of its /dev.
 *
 * Return: 0; -1 with @e set (VZ_EXIT_CREATE_PRIVATE).
 */
int vz_tree_copy(int from, int to, struct vz_err *e);

#endif
