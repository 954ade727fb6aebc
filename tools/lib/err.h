/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One error object: the exit code and a message, set once near the cause and
 * given context on the way up. The library never prints and never exits.
 *
 * A function that can fail takes a struct vz_err * last (NULL: the caller does
 * not care), returns 0 or -1, or a file descriptor or -1, and leaves errno as the
 * failed call left it. Messages name what failed, the value, and the remedy.
 */
#ifndef VZ_LIB_ERR_H
#define VZ_LIB_ERR_H

/* Exit codes of vzctl: part of the interface, never renumbered. */
enum vz_exit {
	VZ_EXIT_OK		= 0,
	VZ_EXIT_SET_UBC		= 1,	/* limits could not be set */
	VZ_EXIT_FAIRSCHED	= 2,	/* CPU scheduler */
	VZ_EXIT_SYSTEM		= 3,	/* a system call failed */
	VZ_EXIT_NO_MODULE	= 5,	/* the kernel module is not loaded */
	VZ_EXIT_NO_RESOURCES	= 6,	/* not enough of something */
	VZ_EXIT_ENV_CREATE	= 7,	/* the container could not be made */
	VZ_EXIT_COMMAND		= 8,	/* the command in the container failed */
	VZ_EXIT_LOCKED		= 9,	/* another vzctl works on the container */
	VZ_EXIT_NO_CONFIG	= 10,	/* no vz.conf */
	VZ_EXIT_NO_SCRIPT	= 11,
	VZ_EXIT_PERMISSION	= 12,	/* not root */
	VZ_EXIT_CAPABILITY	= 13,
	VZ_EXIT_NO_CT_CONFIG	= 14,	/* no such container */
	VZ_EXIT_TIMEOUT		= 15,
	VZ_EXIT_BAD_OPTION	= 20,	/* unknown or misplaced option or argument */
	VZ_EXIT_BAD_VALUE	= 21,	/* value out of range */
	VZ_EXIT_NO_ROOT		= 22,	/* VE_ROOT is not set */
	VZ_EXIT_NO_PRIVATE	= 23,	/* VE_PRIVATE is not set */
	VZ_EXIT_NO_TEMPLATE	= 24,	/* TEMPLATE is not set */
	VZ_EXIT_MISSING_PARAM	= 27,
	VZ_EXIT_MISSING_UBC	= 28,
	VZ_EXIT_NO_OSTEMPLATE	= 29,	/* OSTEMPLATE is not set */
	VZ_EXIT_NOT_RUNNING	= 31,
	VZ_EXIT_RUNNING		= 32,
	VZ_EXIT_STOP		= 33,	/* could not be stopped */
	VZ_EXIT_NOT_MOUNTED	= 40,
	VZ_EXIT_MOUNTED		= 41,
	VZ_EXIT_PRIVATE_MISSING	= 43,	/* the private area does not exist */
	VZ_EXIT_PRIVATE_EXISTS	= 44,	/* it exists already */
	VZ_EXIT_NO_SPACE	= 46,
	VZ_EXIT_BAD_TEMPLATE	= 47,
	VZ_EXIT_CREATE_PRIVATE	= 48,	/* the private area could not be made */
	VZ_EXIT_MOUNT_POINT	= 49,	/* no mount point, or a bad one */
	VZ_EXIT_MOUNT		= 50,
	VZ_EXIT_UMOUNT		= 51,
	VZ_EXIT_DELETE		= 52,	/* the private area could not be deleted */
	VZ_EXIT_UNKNOWN_LAYOUT	= 53,
	VZ_EXIT_MKDIR		= 54,
	VZ_EXIT_QUOTA_ON	= 60,	/* the file system has no project quota */
	VZ_EXIT_QUOTA_INIT	= 61,
	VZ_EXIT_QUOTA_SET	= 62,
	VZ_EXIT_QUOTA_USAGE	= 68,
	VZ_EXIT_BAD_HOSTNAME	= 70,
	VZ_EXIT_LOCKDIR		= 77,
	VZ_EXIT_COPY_CONFIG	= 82,	/* no such sample configuration */
	VZ_EXIT_INVALID_CONFIG	= 85,
	VZ_EXIT_NO_TEMPLATE_TREE = 91,	/* the OS template does not exist */
	VZ_EXIT_DISABLED	= 105,	/* DISABLED=yes */
	VZ_EXIT_APPLYCONFIG	= 109,	/* no such sample for --applyconfig */
	VZ_EXIT_BAD_NAME	= 131,
	VZ_EXIT_WAIT		= 133,
	VZ_EXIT_SAVE_CONFIG	= 139,
};

#define VZ_ERR_MSG	1024

struct vz_err {
	int code;		/* enum vz_exit, 0: no error */
	char msg[VZ_ERR_MSG];	/* one or more sentences, no newline at the end */
};

/**
 * vz_err_set() - record a failure
 * @e:    may be NULL
 * @code: enum vz_exit
 *
 * errno is kept. Return: -1, always, to be returned in turn.
 */
int vz_err_set(struct vz_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As vz_err_set(), with ": " and the text of errno behind the message. */
int vz_err_errno(struct vz_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of what is recorded. Return: -1. */
int vz_err_wrap(struct vz_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds a sentence, the remedy for instance. Return: -1. */
int vz_err_hint(struct vz_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
