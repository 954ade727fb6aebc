// SPDX-License-Identifier: GPL-2.0
/* Messages: see log.h. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "param.h"
#include "paths.h"
#include "str.h"

static struct {
	const char *program;
	int level;
	uint32_t ctid;
	int fd;
	bool detached;
} logger = { .program = "vzctl", .level = VZ_LOG_INFO, .fd = -1 };

void vz_log_init(const char *program, int level)
{
	logger.program = program;
	logger.level = level;
	logger.detached = false;
}

int vz_log_level(void)
{
	return logger.level;
}

void vz_log_file(const char *path)
{
	if (logger.fd >= 0)
		close(logger.fd);
	logger.fd = -1;
	if (path && *path)
		logger.fd =
			open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

void vz_log_as_configured(const struct vz_conf *global)
{
	if (vz_param_yesno(vz_conf_get(global, "LOGGING") ?: "yes") != 0)
		vz_log_file(vz_conf_get(global, "LOGFILE") ?: VZ_DEFAULT_LOGFILE);
}

void vz_log_ctid(uint32_t ctid)
{
	logger.ctid = ctid;
}

void vz_log_detach(void)
{
	logger.detached = true;
}

static void write_file(const char *msg)
{
	char line[1280], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (logger.ctid)
		len = snprintf(line, sizeof(line), "%s %s : CT %u : %s\n", when, logger.program,
			       logger.ctid, msg);
	else
		len = snprintf(line, sizeof(line), "%s %s : %s\n", when, logger.program, msg);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (write(logger.fd, line, len) != len)
		return;		/* a full disk must not stop anything */
}

void vz_log(enum vz_log_level level, const char *fmt, ...)
{
	char msg[1152];
	int saved = errno;
	va_list ap;

	if ((int)level > logger.level && level > VZ_LOG_INFO)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	vz_blank_controls(msg);		/* it may hold what a tenant chose */
	if (logger.fd >= 0)
		write_file(msg);
	if (!logger.detached && (int)level <= logger.level) {
		if (level <= VZ_LOG_WARN)
			fprintf(stderr, "%s: %s%s\n", logger.program,
				level == VZ_LOG_WARN ? "WARNING: " : "", msg);
		else
			printf("%s\n", msg);
		fflush(stdout);
	}
	errno = saved;
}
