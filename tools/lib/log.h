/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages for people, to stderr (stdout for those below VZ_LOG_WARN that belong
 * to the command's normal course) and to the log file. Only programs set it up;
 * library functions may log progress and warnings, never errors: those travel in
 * struct vz_err.
 */
#ifndef VZ_LIB_LOG_H
#define VZ_LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum vz_log_level {
	VZ_LOG_ERR,
	VZ_LOG_WARN,
	VZ_LOG_INFO,
	VZ_LOG_DEBUG,
};

/**
 * vz_log_init() - name the program and say how much is shown
 * @level: highest level shown; -1 shows nothing
 */
void vz_log_init(const char *program, int level);

int vz_log_level(void);

/* Also append to a file; NULL: none. A file that cannot be opened is ignored. */
void vz_log_file(const char *path);

struct vz_conf;

/* As vz.conf says (LOGGING, LOGFILE). */
void vz_log_as_configured(const struct vz_conf *global);

/* Container that the following messages are about; 0: none. */
void vz_log_ctid(uint32_t ctid);

/* Stops writing to stdout and stderr, for a process that outlives its caller. */
void vz_log_detach(void);

void vz_log(enum vz_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
