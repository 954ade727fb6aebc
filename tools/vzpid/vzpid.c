// SPDX-License-Identifier: GPL-2.0
/* vzpid: which container a process belongs to. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/cli.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/num.h"
#include "lib/owner.h"
#include "lib/root.h"
#include "lib/str.h"

#define PID_MAX		(1 << 22)	/* of the kernel, on 64 bits */
#define MAX_STATUS	8192

static int opt_vpid;
static bool opt_json, printed;

static struct poptOption table[] = { { NULL, 'p', POPT_ARG_NONE, &opt_vpid, 0,
				       "show the pid inside the container, too", NULL },
				     POPT_TABLEEND };

struct process {
	uint32_t pid, ctid;
	char name[128];		/* bytes that the tenant chose */
	char vpid[16];		/* "-": the same */
};

/* The value behind "KEY:\t" in the text of /proc/PID/status; false: no such line. */
static bool field(const char *text, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);

	for (const char *p = text; *p; p = strchrnul(p, '\n'), p += *p == '\n') {
		if (strncmp(p, key, len) || p[len] != ':')
			continue;
		p += len + 1;
		p += strspn(p, " \t");
		snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
		return true;
	}
	return false;
}

/* The second of "NSpid: host container nested..." */
static void read_vpid(const char *text, struct process *p)
{
	char value[256];
	char **words;
	size_t n;

	strcpy(p->vpid, "-");
	if (field(text, "VPid", value, sizeof(value)) && strlen(value) < sizeof(p->vpid)) {
		strcpy(p->vpid, value);
		return;
	}
	if (!p->ctid || !field(text, "NSpid", value, sizeof(value)))
		return;
	words = vz_words(value, " \t", &n);
	if (words && n >= 2 && strlen(words[1]) < sizeof(p->vpid))
		strcpy(p->vpid, words[1]);
	free(words);
}

/* 0; -1 with errno. */
static int look(const struct vz_owners *owners, uint32_t pid, struct process *p)
{
	_cleanup_close_ int proc = -1;
	char text[MAX_STATUS], value[128], path[32];
	uint64_t id;

	snprintf(path, sizeof(path), "proc/%" PRIu32, pid);
	proc = openat(vz_root(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || vz_read_text(proc, "status", text, sizeof(text)) < 0)
		return -1;
	*p = (struct process){ .pid = pid };
	/* A kernel that tells knows best. */
	if (field(text, "envID", value, sizeof(value)) &&
	    vz_num_u64(value, 0, UINT32_MAX, &id) == 0)
		p->ctid = id;
	else if (vz_owner_of(owners, proc, &p->ctid) < 0)
		return -1;
	if (!field(text, "Name", p->name, sizeof(p->name)))
		*p->name = '\0';
	read_vpid(text, p);
	return 0;
}

static void print_process(const struct process *p)
{
	char name[256];

	if (opt_json) {
		printf("%s\n  { \"pid\": %" PRIu32 ", \"ctid\": %" PRIu32
		       ", \"vpid\": %s, \"name\": ",
		       printed ? "," : "", p->pid, p->ctid, *p->vpid == '-' ? "null" : p->vpid);
		vz_json_string(stdout, p->name);
		printf(" }");
	} else {
		printf("%" PRIu32 "\t%" PRIu32 "\t%s%s%s\n", p->pid, p->ctid,
		       opt_vpid ? p->vpid : "", opt_vpid ? "\t" : "",
		       vz_printable(p->name, name, sizeof(name)));
	}
	printed = true;
}

/* One that is no process is said, and the others are shown nevertheless. */
static int show(const struct vz_owners *owners, const char *word)
{
	char shown[64];
	struct process p;
	uint64_t pid;

	if (vz_num_u64(word, 1, PID_MAX, &pid) < 0) {
		vz_cli_warn("\"%s\" is no process id", vz_printable(word, shown, sizeof(shown)));
		return -1;
	}
	if (look(owners, pid, &p) < 0) {
		vz_cli_warn("process %s: %s", word, strerror(errno == ENOENT ? ESRCH : errno));
		return -1;
	}
	print_process(&p);
	return 0;
}

static int show_stdin(const struct vz_owners *owners, int *bad, struct vz_err *e)
{
	_cleanup_free_ char *text = vz_root_text("-");
	char **words;
	size_t n;

	if (!text)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read standard input");
	words = vz_words(text, " \t\r\n", &n);
	if (!words)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	for (size_t i = 0; i < n; i++)
		*bad |= show(owners, words[i]) < 0;
	free(words);
	return 0;
}

static int run(const struct vz_cli_args *a, struct vz_err *e)
{
	struct vz_owners owners;
	int bad = 0, rc = 0;

	if (!a->count)
		return vz_err_set(
			e, VZ_EXIT_BAD_OPTION,
			"say which: vzpid PID..., or vzpid - for those on standard input");
	if (vz_owners_read(&owners, e) < 0)
		return -1;
	opt_json = a->json;
	if (opt_json)
		putchar('[');
	else
		printf("Pid\tCTID\t%sName\n", opt_vpid ? "VPid\t" : "");
	for (int i = 0; rc == 0 && i < a->count; i++) {
		if (vz_streq(a->word[i], "-"))
			rc = show_stdin(&owners, &bad, e);
		else
			bad |= show(&owners, a->word[i]) < 0;
	}
	if (opt_json)
		printf("\n]\n");
	vz_owners_free(&owners);
	return rc < 0 ? -1 : bad ? VZ_EXIT_SYSTEM : 0;
}

static const struct vz_cli cli = {
	.name = "vzpid",
	.args = "[-p] PID...|-",
	.options = table,
	.json = "as JSON",
	.root = true,
	.run = run,
};

int main(int argc, char **argv)
{
	return vz_cli_main(&cli, argc, argv);
}
