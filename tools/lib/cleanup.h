/* SPDX-License-Identifier: GPL-2.0 */
/* Variables that clean up after themselves, and how to hand them on. */
#ifndef VZ_LIB_CLEANUP_H
#define VZ_LIB_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void vz_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void vz_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void vz_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void vz_cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_(f)		__attribute__((cleanup(f)))
#define _cleanup_free_		_cleanup_(vz_cleanup_free)
#define _cleanup_close_		_cleanup_(vz_cleanup_close)
#define _cleanup_fclose_	_cleanup_(vz_cleanup_fclose)
#define _cleanup_closedir_	_cleanup_(vz_cleanup_closedir)

/* The value, now the caller's; the variable no longer cleans it up. */
static inline int vz_steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

static inline void *vz_steal_ptr_(void *p)
{
	void *r = *(void **)p;

	*(void **)p = NULL;
	return r;
}
#define vz_steal_ptr(p)		((__typeof__(*(p)))vz_steal_ptr_(p))

#endif
