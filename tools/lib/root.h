/* SPDX-License-Identifier: GPL-2.0 */
/* Files of the host that are only read: by path, or as one text. */
#ifndef VZ_LIB_ROOT_H
#define VZ_LIB_ROOT_H

#include <stdbool.h>

/* The directory that paths are relative to: "/"; VZ_TEST_ROOT in a build for tests. */
int vz_root(void);

/* Is it another one, so that the kernel of this machine must not be asked? */
bool vz_root_moved(void);

/**
 * vz_root_text() - read a whole file
 * @path: with its leading slash; "-" is stdin
 *
 * Return: text, to be freed; NULL with errno if it cannot be read, or is larger
 * than any file that the tools read (EFBIG).
 */
char *vz_root_text(const char *path);

#endif
