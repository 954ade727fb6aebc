// SPDX-License-Identifier: GPL-2.0
/* vztmpl: reading apt's sources and mmdebstrap's output, and work inside hostile trees. */
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "vztmpl/vztmpl.h"

static struct vz_err err;

/* The lines for a suite, joined by newlines. */
static const char *sources(const char *text, const char *suite)
{
	static char out[1024];
	char *copy = strdup(text), **lines = sources_parse(copy, suite);

	out[0] = '\0';
	for (size_t i = 0; lines && lines[i]; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s\n", lines[i]);
	if (!lines)
		strcpy(out, "(none)");
	sources_free(lines);
	free(copy);
	return out;
}

#define DEB "http://a.example/debian/|"
#define SEC "http://a.example/debian-security/|"

TEST(sources_of_a_suite)
{
	/* clang-format off */
	static const char text[] = DEB "bookworm-backports|main|deb\n" DEB "bookworm|main|deb\n"
				   DEB "bookworm|contrib|deb\n" DEB "bookworm|main|deb\n"
				   DEB "bookworm-updates|main|deb\n" SEC "bookworm-security|main|deb\n"
				   "http://b.example/node/|nodistro|main|deb\n"
				   DEB "bookworm|main|deb-src\n";
	/* clang-format on */

	CHECK_STR(sources(text, "bookworm"),
		  "deb http://a.example/debian/ bookworm main contrib\n"
		  "deb http://a.example/debian/ bookworm-updates main\n"
		  "deb http://a.example/debian-security/ bookworm-security main\n");
	/* A suite that the machine does not have: its archive alone. */
	CHECK_STR(sources(text, "trixie"), "http://a.example/debian/\n");
	CHECK_STR(sources("http://b.example/ubuntu/|noble|main|deb\n", "bookworm"), "(none)");
	CHECK_STR(sources("", "bookworm"), "(none)");
	CHECK_STR(sources(SEC "bookworm-security|main|deb\n", "bookworm"), "(none)");
}

/* Nothing that apt would read as an option of a source may come in. */
TEST(sources_are_plain)
{
	CHECK_STR(sources("[trusted=yes] http://a/debian|bookworm|main|deb\n", "bookworm"),
		  "(none)");
	CHECK_STR(sources("http://a/debian|bookworm|main [x]|deb\n", "bookworm"),
		  "deb http://a/debian bookworm main\n");
	CHECK_STR(sources("|bookworm|main|deb\n|||\n||||||\nx\n", "bookworm"), "(none)");
}

TEST(progress)
{
	static const struct {
		const char *line;
		unsigned int percent;
	} steps[] = {
		{ "I: automatically chosen mode: root", 0 },
		{ "I: running apt-get update...", 1 },
		{ "Get:1 http://a bookworm InRelease [1 kB]", 1 },
		{ "I: downloading packages with apt...", 5 },
		{ "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.", 5 },
		{ "Get:1 http://a x", 15 },
		{ "Get:2 http://a y", 25 },
		{ "Get:3 http://a z", 25 },
		{ "I: installing essential packages...", 30 },
		{ "Unpacking x (1) ...", 36 },
		{ "Setting up x (1) ...", 42 },
		{ "Setting down x", 42 },
		{ "I: installing remaining packages inside the chroot...", 55 },
		{ "0 upgraded, 99999999999999999999 newly installed, 0 to remove", 55 },
		{ "0 upgraded, 1 newly installed, 0 to remove", 55 },
		{ "Get:1 x", 69 },
		{ "I: running apt-get update...", 69 },
		{ "I: success in 20 seconds", 100 },
		{ "Unpacking x", 100 },
	};
	struct progress p;

	progress_init(&p);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		progress_line(&p, steps[i].line);
		if (p.percent != steps[i].percent)
			FAIL("after \"%s\": %u%%, not %u%%", steps[i].line, p.percent,
			     steps[i].percent);
	}
	CHECK_STR(p.stage, "complete");
}

TEST(names)
{
	static const char *const good[] = { "debian-12", "a", "Debian_12.5+x", "0" };
	static const char *const bad[] = {
		"", ".", "..", "a/b", ".x", "-x", "x.tmp", "x.conf", "x y", "x\n", "\xc3\xa9",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(store_check_name(good[i], &err) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(store_check_name(bad[i], &err) < 0 && err.code == VZ_EXIT_BAD_VALUE);
}

/* ---- trees ------------------------------------------------------------------- */

static char top[64];

static int make_top(void)
{
	strcpy(top, "/tmp/vz-test.XXXXXX");
	CHECK(mkdtemp(top) != NULL && chdir(top) == 0);
	CHECK(mkdir("tree", 0755) == 0);
	return open("tree", O_RDONLY | O_DIRECTORY);
}

static void remove_top(int dir)
{
	CHECK(tree_empty(dir, &err) == 0);
	close(dir);
	CHECK(rmdir("tree") == 0);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

TEST(strip)
{
	unsigned long long kb, files;
	int dir = make_top();
	struct stat st;

	CHECK(mkdir("tree/etc", 0755) == 0 && mkdir("tree/etc/ssh", 0755) == 0);
	CHECK(mkdir("tree/dev", 0755) == 0 && mkdir("tree/run", 0755) == 0);
	put("tree/etc/ssh/ssh_host_rsa_key", "secret");
	put("tree/etc/ssh/ssh_host_rsa_key.pub", "key");
	put("tree/etc/ssh/sshd_config", "x");
	put("tree/etc/hostname", "build");
	put("tree/etc/machine-id", "0123");
	put("tree/run/pid", "1");
	CHECK(symlink("/etc/passwd", "tree/etc/resolv.conf") == 0);
	CHECK(mkfifo("tree/dev/initctl", 0600) == 0);
	CHECK(tree_strip(dir, &kb, &files, &err) == 0);
	CHECK(!there("tree/etc/ssh/ssh_host_rsa_key") &&
	      !there("tree/etc/ssh/ssh_host_rsa_key.pub"));
	CHECK(there("tree/etc/ssh/sshd_config"));
	CHECK(!there("tree/etc/hostname") && !there("tree/etc/resolv.conf"));
	CHECK(stat("tree/etc/machine-id", &st) == 0 && st.st_size == 0);
	CHECK(!there("tree/dev/initctl") && !there("tree/run/pid"));
	CHECK(there("tree/proc") && there("tree/sys") && access("/etc/passwd", F_OK) == 0);
	CHECK_U64(files, 9);
	remove_top(dir);
	CHECK(chdir("/") == 0 && rmdir(top) == 0);
}

/* Links that lead out of the tree: what they point to is not touched. */
TEST(strip_hostile_links)
{
	unsigned long long kb, files;
	int dir = make_top();

	CHECK(mkdir("victim", 0755) == 0);
	put("victim/hostname", "mine");
	put("victim/machine-id", "mine");
	CHECK(symlink("../victim", "tree/etc") == 0);
	CHECK(tree_strip(dir, &kb, &files, &err) == 0);
	CHECK(there("victim/hostname"));
	CHECK(unlink("tree/etc") == 0 && mkdir("tree/etc", 0755) == 0);
	CHECK(symlink("../../victim/machine-id", "tree/etc/machine-id") == 0);
	CHECK(tree_strip(dir, &kb, &files, &err) == 0);
	CHECK(rmdir("tree/dev") == 0 && symlink("../victim", "tree/dev") == 0);
	CHECK(tree_strip(dir, &kb, &files, &err) < 0 && err.code == VZ_EXIT_BAD_TEMPLATE);
	remove_top(dir);
	CHECK(there("victim/hostname") && access("victim/machine-id", F_OK) == 0);
	CHECK(unlink("victim/hostname") == 0 && unlink("victim/machine-id") == 0);
	CHECK(rmdir("victim") == 0 && chdir("/") == 0 && rmdir(top) == 0);
}

/* Deeper than any path may be, and deeper than descriptors last. */
TEST(remove_deep_tree)
{
	unsigned long long kb, files;
	int dir = make_top(), at = dup(dir);

	for (int i = 0; i < 3000; i++) {
		int next;

		CHECK(mkdirat(at, "d", 0755) == 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	CHECK(tree_strip(dir, &kb, &files, &err) < 0 && err.code == VZ_EXIT_BAD_TEMPLATE);
	remove_top(dir);
	CHECK(chdir("/") == 0 && rmdir(top) == 0);
}

TEST(identify)
{
	struct vz_conf *meta = vz_conf_new();
	int dir = make_top();

	CHECK(tree_identify(dir, meta, &err) == 0 && !vz_conf_get(meta, "OS"));
	CHECK(mkdir("tree/etc", 0755) == 0 && mkdir("tree/usr", 0755) == 0);
	put("tree/usr/os-release", "PRETTY_NAME=\"Debian 12\"\nID=debian\nVERSION_ID=\"12\"\n");
	CHECK(symlink("/usr/os-release", "tree/etc/os-release") == 0);
	CHECK(tree_identify(dir, meta, &err) == 0);
	CHECK_STR(vz_conf_get(meta, "OS"), "Debian 12");
	CHECK_STR(vz_conf_get(meta, "DIST"), "debian");
	/* The host's own, reached by a link out of the tree, is not it. */
	put("os-release", "PRETTY_NAME=host\n");
	CHECK(unlink("tree/etc/os-release") == 0);
	CHECK(symlink("../../os-release", "tree/etc/os-release") == 0);
	vz_conf_set(meta, "OS", "before");
	tree_identify(dir, meta, &err);
	CHECK_STR(vz_conf_get(meta, "OS"), "before");
	vz_conf_free(meta);
	remove_top(dir);
	CHECK(unlink("os-release") == 0 && chdir("/") == 0 && rmdir(top) == 0);
}

TEST(programs)
{
	static const char *const echo[] = { "printf", "%s|", "a b", "$(id)", NULL };
	static const char *const absent[] = { "no-such-program", NULL };
	static const char *const fails[] = { "false", NULL };
	char *out = vz_child_output(echo, &err);

	CHECK_STR(out, "a b|$(id)|");
	free(out);
	CHECK(!vz_child_output(absent, &err) && strstr(err.msg, "not installed"));
	CHECK(!vz_child_output(fails, &err) && strstr(err.msg, "status 1"));
}

TAP_MAIN
