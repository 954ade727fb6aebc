// SPDX-License-Identifier: GPL-2.0
/* Capabilities, resource limits and inherited state of a process: see priv.h. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"
#include "fd.h"
#include "sys.h"

static void cap_freep(cap_t *c)
{
	if (*c)
		cap_free(*c);
}

int vz_caps_drop(uint64_t drop, struct vz_err *e)
{
	_cleanup_(cap_freep) cap_t set = cap_get_proc();
	cap_value_t cap;
	int rc = !set || cap_clear_flag(set, CAP_INHERITABLE);

	for (cap = 0; cap < 64 && !rc; cap++) {
		if (!(drop >> cap & 1))
			continue;
		if (cap_drop_bound(cap) && errno != EINVAL) /* EINVAL: unknown here */
			return vz_err_errno(e, VZ_EXIT_CAPABILITY, "drop capability %d", cap);
		rc = cap_set_flag(set, CAP_EFFECTIVE, 1, &cap, CAP_CLEAR) ||
		     cap_set_flag(set, CAP_PERMITTED, 1, &cap, CAP_CLEAR);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (rc || cap_set_proc(set))
		return vz_err_errno(e, VZ_EXIT_CAPABILITY, "set capabilities");
	return 0;
}

void vz_rlimits_default(void)
{
	static const struct {
		int what;
		struct rlimit limit;
	} table[] = {
		{ RLIMIT_NOFILE, { 1024, 524288 } },	/* as systemd hands it to services */
		{ RLIMIT_NPROC, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_CORE, { 0, RLIM_INFINITY } },
		{ RLIMIT_STACK, { 8 << 20, RLIM_INFINITY } },
		{ RLIMIT_MEMLOCK, { 8 << 20, 8 << 20 } },
		{ RLIMIT_MSGQUEUE, { 819200, 819200 } },
		{ RLIMIT_NICE, { 0, 0 } },
		{ RLIMIT_RTPRIO, { 0, 0 } },
		{ RLIMIT_AS, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_DATA, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_CPU, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_FSIZE, { RLIM_INFINITY, RLIM_INFINITY } },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		setrlimit(table[i].what, &table[i].limit);
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	setpriority(PRIO_PROCESS, 0, 0);
	vz_write_text(AT_FDCWD, "/proc/self/oom_score_adj", "0");
}

void vz_priv_fresh(void)
{
	/* What shells, nohup(1) and language run times ignore; handlers end with execve(2). */
	static const int ignored[] = {
		SIGHUP,	 SIGINT,  SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1,
		SIGUSR2, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ,
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	personality(PER_LINUX);
	prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
	/* Else the first program would possess the keys of the admin's session. */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
}

static int all_capabilities(void)
{
	_cleanup_(cap_freep) cap_t set = cap_get_proc();
	cap_flag_value_t on;

	if (!set)
		return -1;
	for (cap_value_t c = 0; !cap_get_flag(set, c, CAP_PERMITTED, &on); c++)
		if (on == CAP_SET && cap_set_flag(set, CAP_EFFECTIVE, 1, &c, CAP_SET))
			return -1;
	return cap_set_proc(set);
}

/* The raw calls: those of the C library would first collect its threads. */
int vz_priv_become(uid_t base, struct vz_err *e)
{
	if (syscall(SYS_setresgid, -1, base, -1) || syscall(SYS_setresuid, -1, base, -1) ||
	    all_capabilities())
		return vz_err_errno(e, VZ_EXIT_CAPABILITY, "become uid %u", base);
	return 0;
}

int vz_priv_restore(struct vz_err *e)
{
	if (syscall(SYS_setresuid, -1, 0, -1) || syscall(SYS_setresgid, -1, 0, -1))
		return vz_err_errno(e, VZ_EXIT_CAPABILITY, "become root again");
	return 0;
}
