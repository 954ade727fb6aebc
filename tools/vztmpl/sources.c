// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"
#include "vztmpl.h"

/* One archive, suite and its components: a line of sources.list. */
struct source {
	const char *uri, *suite;
	struct vz_buf components;
};

struct sources {
	struct source list[64];
	size_t count;
};

static struct source *find_or_add(struct sources *s, const char *uri, const char *suite)
{
	for (size_t i = 0; i < s->count; i++)
		if (vz_streq(s->list[i].uri, uri) && vz_streq(s->list[i].suite, suite))
			return &s->list[i];
	if (s->count == sizeof(s->list) / sizeof(s->list[0]))
		return NULL;
	s->list[s->count] = (struct source){ uri, suite, { 0 } };
	return &s->list[s->count++];
}

static bool has_word(const struct vz_buf *b, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = b->data; p && (p = strstr(p, word)); p += len)
		if (p > b->data && p[-1] == ' ' && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

/* Cuts a field off at the next |, or at the end of the line. */
static char *field(char **line)
{
	return strsep(line, "|");
}

/* SUITE, SUITE-updates, SUITE-security and the old SUITE/updates, nothing else. */
static bool belongs(const char *release, const char *suite)
{
	size_t len = strlen(suite);
	const char *rest = release + len;

	if (!vz_startswith(release, suite))
		return false;
	return !*rest || vz_streq(rest, "-updates") || vz_streq(rest, "-security") ||
	       vz_streq(rest, "/updates");
}

/* Letters, digits and what else an address holds: nothing that apt could take for more. */
static bool plain(const char *s)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._~%+@=,-";

	return *s && *s != '-' && !s[strspn(s, allowed)];
}

static bool is_debian(const char *uri)
{
	size_t len = strlen(uri);

	while (len && uri[len - 1] == '/')
		len--;
	return len > 7 && strncmp(uri + len - 7, "/debian", 7) == 0;
}

static char **to_lines(struct sources *s, const char *archive)
{
	char **lines = calloc(s->count + 2, sizeof(*lines));
	size_t n = 0;

	for (size_t i = 0; lines && i < s->count; i++) {
		struct vz_buf b = { 0 };

		vz_buf_addf(&b, "deb %s %s%s", s->list[i].uri, s->list[i].suite,
			    s->list[i].components.data ? s->list[i].components.data : " main");
		lines[n] = vz_buf_steal(&b, NULL);
		if (!lines[n++])
			break;
	}
	if (lines && !n && archive)
		lines[n++] = strdup(archive);
	for (size_t i = 0; i < s->count; i++)
		vz_buf_free(&s->list[i].components);
	if (!lines || !n || !lines[n - 1]) {
		sources_free(lines);
		return NULL;
	}
	return lines;
}

char **sources_parse(char *text, const char *suite)
{
	struct sources found = { .count = 0 };
	const char *archive = NULL;
	bool has_suite = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *uri = field(&line), *release = field(&line);
		const char *component = field(&line), *target = field(&line);
		struct source *s;

		if (!target || !vz_streq(target, "deb") || !plain(uri) || !strstr(uri, ":/"))
			continue;
		if (!archive && is_debian(uri))
			archive = uri;
		if (!belongs(release, suite))
			continue;
		has_suite |= vz_streq(release, suite);
		s = find_or_add(&found, uri, release);
		if (s && plain(component) && !has_word(&s->components, component))
			vz_buf_addf(&s->components, " %s", component);
	}
	if (!has_suite) {
		/* Updates of a suite that is not there itself are of no use. */
		for (size_t i = 0; i < found.count; i++)
			vz_buf_free(&found.list[i].components);
		found.count = 0;
	}
	return to_lines(&found, archive);
}

void sources_free(char **lines)
{
	for (size_t i = 0; lines && lines[i]; i++)
		free(lines[i]);
	free(lines);
}

char **sources_of(const char *suite, struct vz_err *e)
{
	static const char *const argv[] = {
		"apt-get", "indextargets", "--format", SOURCES_FORMAT, "Created-By: Packages", NULL,
	};
	char *text = vz_child_output(argv, e);
	char **lines;

	if (!text)
		return NULL;
	lines = sources_parse(text, suite);
	free(text);
	if (!lines)
		vz_err_set(
			e, VZ_EXIT_SYSTEM,
			"the apt sources of this machine name no Debian archive: give --mirror URL");
	return lines;
}
