// SPDX-License-Identifier: GPL-2.0
/* vztmpl create: a Debian tree by mmdebstrap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/str.h"
#include "vztmpl.h"

/* What a system container needs to boot and to be looked at. */
#define DEFAULT_PACKAGES "systemd-sysv,dbus,iproute2,procps,netbase"

#define KEEP_LINES	15

/* The last lines of a program's output, shown if it fails. */
struct tail {
	char *lines[KEEP_LINES];
	unsigned int next;
};

static void tail_add(struct tail *t, const char *line)
{
	free(t->lines[t->next % KEEP_LINES]);
	t->lines[t->next++ % KEEP_LINES] = strdup(line);
}

static void tail_end(struct tail *t, bool print)
{
	for (unsigned int i = 0; i < KEEP_LINES; i++) {
		char *line = t->lines[(t->next + i) % KEEP_LINES], shown[400];

		if (line && print)
			fprintf(stderr, "  %s\n", vz_printable(line, shown, sizeof(shown)));
		free(line);
	}
}

/* A value that becomes one argument of mmdebstrap must not look like two, or an option. */
static int check_word(const char *option, const char *value, const char *more, struct vz_err *e)
{
	char shown[128];
	const char *p;

	for (p = value; *p; p++) {
		bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9');

		if (!alnum && (p == value || !strchr(more, *p)))
			break;
	}
	if (*value && !*p)
		return 0;
	return vz_err_set(e, VZ_EXIT_BAD_VALUE,
			  "--%s: \"%s\" is not allowed: letters, digits and %s only", option,
			  vz_printable(value, shown, sizeof(shown)), more);
}

static int check_options(const struct options *o, struct vz_err *e)
{
	/* clang-format off */
	static const char *const variants[] = {
		"extract", "custom", "essential", "apt", "required", "minbase", "buildd",
		"important", "debootstrap", "standard", "-",
	};
	/* clang-format on */
	size_t i, n = sizeof(variants) / sizeof(variants[0]);

	if (check_word("suite", o->suite, "._-", e) < 0)
		return -1;
	if (o->include && check_word("include", o->include, ",.+:_-", e) < 0)
		return -1;
	if (o->mirror && check_word("mirror", o->mirror, ":/._~%+@-", e) < 0)
		return -1;
	for (i = 0; i < n && !vz_streq(variants[i], o->variant); i++)
		;
	if (i == n)
		return vz_err_set(
			e, VZ_EXIT_BAD_VALUE,
			"--variant: \"%s\" is unknown: essential, apt, required, minbase, buildd, important or standard",
			o->variant);
	return 0;
}

/* Reads lines until the program closes its output. */
static void follow(struct vz_child *c, struct tail *tail, struct meter *meter)
{
	FILE *f = fdopen(dup(c->out), "r");
	struct progress p;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	progress_init(&p);
	while (f && (len = getline(&line, &room, f)) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		tail_add(tail, line);
		if (progress_line(&p, line))
			meter_show(meter, p.percent, p.stage);
	}
	free(line);
	if (f)
		fclose(f);
}

static int run_mmdebstrap(const struct options *o, const char *target, char **sources,
			  struct vz_err *e)
{
	const char *argv[96] = { "mmdebstrap", "--verbose", "--mode=root" };
	char variant[64], include[4096];
	struct tail tail = { 0 };
	struct meter meter;
	struct vz_child c;
	size_t n = 3;
	int status;

	snprintf(variant, sizeof(variant), "--variant=%s", o->variant);
	argv[n++] = variant;
	if (snprintf(include, sizeof(include), "--include=%s%s%s", o->bare ? "" : DEFAULT_PACKAGES,
		     o->include && !o->bare ? "," : "",
		     o->include ? o->include : "") >= (int)sizeof(include))
		return vz_err_set(e, VZ_EXIT_BAD_VALUE, "--include: longer than 4000 bytes");
	if (!o->bare || o->include)
		argv[n++] = include;
	argv[n++] = o->suite;
	argv[n++] = target;
	for (size_t i = 0; sources[i] && n < 95; i++)
		argv[n++] = sources[i];

	meter_init(&meter, o->quiet);
	meter_show(&meter, 0, "starting");
	if (vz_child_start(&c, argv, VZ_CHILD_OUT | VZ_CHILD_MOUNTS, e) < 0)
		return -1;
	follow(&c, &tail, &meter);
	status = vz_child_wait(&c);
	meter_end(&meter);
	tail_end(&tail, status != 0 && !vz_interrupted);
	if (vz_interrupted)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "interrupted, nothing is left behind");
	if (status)
		return vz_err_set(e, VZ_EXIT_SYSTEM,
				  "mmdebstrap failed with status %d, its last lines are above",
				  status);
	return 0;
}

static int describe(struct vz_conf *meta, const struct options *o, char **sources, struct vz_err *e)
{
	struct vz_buf b = { 0 };
	char *text;
	int rc = -1;

	for (size_t i = 0; sources[i]; i++)
		vz_buf_addf(&b, "%s%s", i ? "; " : "", sources[i]);
	text = vz_buf_steal(&b, NULL);
	if (text && vz_conf_set(meta, "SOURCES", text) == 0 &&
	    vz_conf_set(meta, "ORIGIN", "mmdebstrap") == 0 &&
	    vz_conf_set(meta, "SUITE", o->suite) == 0 &&
	    vz_conf_set(meta, "VARIANT", o->variant) == 0 &&
	    vz_conf_set(meta, "INCLUDE", o->include ? o->include : "") == 0 &&
	    vz_conf_set(meta, "BARE", o->bare ? "yes" : "no") == 0)
		rc = 0;
	free(text);
	return rc < 0 ? vz_err_errno(e, VZ_EXIT_SYSTEM, "metadata") : 0;
}

static int make_tree(const char *name, const struct options *o, char **sources, struct vz_err *e)
{
	struct vz_conf *meta = vz_conf_new();
	char target[4096 + VZTMPL_NAME_MAX + 16];
	struct store s;
	struct claim c;
	int rc = -1;

	if (!meta)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	if (store_open(&s, e) < 0)
		goto free_meta;
	if (tree_check_idmap(s.dir, s.path, e) < 0 || store_claim(&s, name, &c, e) < 0)
		goto close_store;
	snprintf(target, sizeof(target), "%s/%s", s.path, c.temp);
	if (run_mmdebstrap(o, target, sources, e) < 0 || describe(meta, o, sources, e) < 0 ||
	    finish_tree(&s, &c, meta, o, e) < 0)
		store_drop(&s, &c);
	else
		rc = 0;
close_store:
	store_close(&s);
free_meta:
	vz_conf_free(meta);
	return rc;
}

int cmd_create(int argc, const char **argv, const struct options *o, struct vz_err *e)
{
	char **sources, *one[2] = { (char *)o->mirror, NULL };
	int rc;

	if (argc != (o->tarball ? 0 : 1))
		return vz_err_set(
			e, VZ_EXIT_BAD_OPTION,
			"usage: vztmpl create [options] NAME, or --tarball FILE instead of NAME");
	if ((!o->tarball && store_check_name(argv[0], e) < 0) || check_options(o, e) < 0)
		return -1;
	sources = o->mirror ? one : sources_of(o->suite, e);
	if (!sources)
		return -1;
	rc = o->tarball ? run_mmdebstrap(o, o->tarball, sources, e) :
			  make_tree(argv[0], o, sources, e);
	if (sources != one)
		sources_free(sources);
	return rc;
}
