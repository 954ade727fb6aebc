// SPDX-License-Identifier: GPL-2.0
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/err.h"

static struct vz_err err;

static struct vz_conf *parse(const char *text)
{
	return vz_conf_parse(text, strlen(text), "test.conf", &err);
}

/* The value that the text gives to A, "(none)" if it gives none. */
static const char *value(const char *text)
{
	static char buf[256];
	struct vz_conf *c = parse(text);
	const char *v;

	if (!c)
		return "(error)";
	v = vz_conf_get(c, "A");
	snprintf(buf, sizeof(buf), "%s", v ? v : "(none)");
	vz_conf_free(c);
	return buf;
}

TEST(syntax)
{
	CHECK_STR(value("A=1"), "1");
	CHECK_STR(value("A=\"x y\"\n"), "x y");
	CHECK_STR(value("A='x $y'"), "x $y");
	CHECK_STR(value("A="), "");
	CHECK_STR(value("A=\"\"\n"), "");
	CHECK_STR(value("  export A=1 # why\n"), "1");
	CHECK_STR(value("\tA=a\"b c\"'d'\n"), "ab cd");
	CHECK_STR(value("A=/vz/private/$VEID"), "/vz/private/$VEID");
	CHECK_STR(value("A=\"\\\"\\\\\\$\\`\\n\""), "\"\\$`\\n");
	CHECK_STR(value("A=a\\ b"), "a b");
	CHECK_STR(value("A=\"two\nlines\"\nB=1"), "(error)");
	CHECK_STR(value("A=one\\\nA=line"), "line");
	CHECK_STR(value("A=one\\\nline"), "(none)");
	CHECK_STR(value("A=a#b"), "a#b");
	CHECK_STR(value("A=1\r\n"), "1");
	CHECK_STR(value("A=1\nA=2\n"), "2");
	CHECK_STR(value("#A=1\n"), "(none)");
	CHECK_STR(value("A =1\n"), "(none)");
	CHECK_STR(value("1A=1\nA-B=2"), "(none)");
	CHECK_STR(value(""), "(none)");
}

/* What a shell would run is neither run nor taken for a value. */
TEST(no_commands)
{
	CHECK_STR(value("A=$(touch /x)\n"), "(none)");
	CHECK_STR(value("A=1; rm -rf /\n"), "(none)");
	CHECK_STR(value("A=1 rm\n"), "(none)");
	CHECK_STR(value("A=`id`\n"), "(none)");
	CHECK_STR(value("A=1 & \n"), "(none)");
	CHECK_STR(value("A=\"$(id)\"\n"), "$(id)");
}

TEST(errors)
{
	CHECK_STR(value("B=1\nA=\"x\n"), "(error)");
	CHECK(err.code == VZ_EXIT_INVALID_CONFIG && strstr(err.msg, "test.conf:2:"));
	CHECK_STR(value("A='x"), "(error)");
	CHECK(!vz_conf_parse("A=\0", 3, "t", &err) && strstr(err.msg, "NUL"));
}

static const char *text_of(struct vz_conf *c)
{
	static char *text;

	free(text);
	text = vz_conf_text(c, NULL);
	return text;
}

TEST(keeps_what_it_does_not_know)
{
	struct vz_conf *c = parse("# head\n\nA=1 # one\n  export B='2'\nnonsense here\n"
				  "#UUID: 0a3c\nUNKNOWN=\"x\"");

	CHECK(vz_conf_set(c, "A", "2") == 0);
	CHECK(vz_conf_set(c, "B", "3") == 0);
	CHECK(vz_conf_set(c, "UNKNOWN", "x") == 0);
	CHECK(vz_conf_set(c, "NEW", "n") == 0);
	CHECK_STR(text_of(c), "# head\n\nA=\"2\" # one\n  export B=\"3\"\nnonsense here\n"
			      "#UUID: 0a3c\nUNKNOWN=\"x\"\nNEW=\"n\"\n");
	CHECK(vz_conf_set(c, "B", NULL) == 0);
	CHECK(vz_conf_set(c, "ABSENT", NULL) == 0);
	CHECK_STR(text_of(c), "# head\n\nA=\"2\" # one\nnonsense here\n"
			      "#UUID: 0a3c\nUNKNOWN=\"x\"\nNEW=\"n\"\n");
	vz_conf_free(c);
}

TEST(repeated_key)
{
	struct vz_conf *c = parse("A=1\nA=2\n");

	CHECK(vz_conf_set(c, "A", "3") == 0);
	CHECK_STR(text_of(c), "A=1\nA=\"3\"\n");
	CHECK(vz_conf_set(c, "A", NULL) == 0);
	CHECK_STR(text_of(c), "");
	vz_conf_free(c);
}

TEST(quoting)
{
	static const char *const values[] = {
		"$(reboot)", "`reboot`", "a\"b", "a\\b", "\\\"$`'", "", " ", "\t", "\\",
		"$VEID", "/vz/$VEID/x", "${VEID}", "$VEIDX", "\xff\xfe", "#", "a'b",
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct vz_conf *c = vz_conf_new(), *again;

		CHECK(vz_conf_set(c, "A", values[i]) == 0);
		again = parse(text_of(c));
		CHECK(again != NULL);
		CHECK_STR(vz_conf_get(again, "A"), values[i]);
		vz_conf_free(again);
		vz_conf_free(c);
	}
	CHECK_STR(value("A=\"/vz/private/$VEID\""), "/vz/private/$VEID");
}

/* The written form, read by a real shell, is the value: nothing runs. */
TEST(shell_agrees)
{
	static const char nasty[] =
		"$(touch pwned) `touch pwned` \\ \" ' $HOME ${x} $VEIDS ; & | $VEID";
	static const char want[] = "$(touch pwned) `touch pwned` \\ \" ' $HOME ${x} $VEIDS ; & | 7";
	struct vz_conf *c = vz_conf_new();
	char dir[] = "/tmp/vz-test.XXXXXX", got[256] = "", cmd[512];
	FILE *f;

	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	vz_conf_set(c, "A", nasty);
	CHECK(vz_conf_save(c, "x.conf", &err) == 0);
	snprintf(cmd, sizeof(cmd), "sh -c 'VEID=7; . ./x.conf; printf %%s \"$A\"'");
	f = popen(cmd, "r");
	CHECK(f && fgets(got, sizeof(got), f));
	if (f)
		pclose(f);
	CHECK_STR(got, want);
	CHECK(access("pwned", F_OK) < 0);
	unlink("x.conf");
	CHECK(chdir("/") == 0 && rmdir(dir) == 0);
	vz_conf_free(c);
}

TEST(bad_keys)
{
	struct vz_conf *c = vz_conf_new();
	char key[VZ_CONF_MAX_KEY + 2];

	memset(key, 'A', sizeof(key));
	key[VZ_CONF_MAX_KEY + 1] = '\0';
	CHECK(vz_conf_set(c, key, "x") < 0 && errno == EINVAL);
	CHECK(vz_conf_set(c, "", "x") < 0 && errno == EINVAL);
	CHECK(vz_conf_set(c, "A B", "x") < 0 && errno == EINVAL);
	CHECK(vz_conf_set(c, "A=B\nC", "x") < 0 && errno == EINVAL);
	CHECK(vz_conf_set(c, "A", "x\nB=y") < 0 && errno == EINVAL);
	CHECK_STR(text_of(c), "");
	vz_conf_free(c);
}

static int count_one(const char *key, const char *val, void *arg)
{
	(void)key;
	(void)val;
	return ++*(int *)arg == 3 ? 99 : 0;
}

TEST(each_and_merge)
{
	struct vz_conf *a = parse("A=1\nB=2\nB=3\nC=4\n"), *b = parse("B=x\nD=5\n");
	int n = 0;

	CHECK(vz_conf_each(a, count_one, &n) == 99 && n == 3);
	CHECK(vz_conf_merge(a, b) == 0);
	CHECK_STR(vz_conf_get(a, "B"), "x");
	CHECK_STR(vz_conf_get(a, "D"), "5");
	CHECK(vz_conf_get(NULL, "A") == NULL);
	vz_conf_free(a);
	vz_conf_free(b);
}

TEST(save)
{
	char dir[] = "/tmp/vz-test.XXXXXX";
	struct vz_conf *c = parse("A=1\n"), *again;
	struct stat st;

	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	CHECK(vz_conf_save(c, "1.conf", &err) == 0);
	CHECK(stat("1.conf", &st) == 0 && (st.st_mode & 0777) == 0644);
	CHECK(chmod("1.conf", 0600) == 0 && vz_conf_save(c, "1.conf", &err) == 0);
	CHECK(stat("1.conf", &st) == 0 && (st.st_mode & 0777) == 0600);
	again = vz_conf_load("1.conf", &err);
	CHECK_STR(again ? vz_conf_get(again, "A") : NULL, "1");
	vz_conf_free(again);

	/* A link in its place is replaced; what it points to stays. */
	CHECK(rename("1.conf", "victim") == 0 && symlink("victim", "1.conf") == 0);
	vz_conf_set(c, "A", "2");
	CHECK(vz_conf_save(c, "1.conf", &err) == 0);
	CHECK(lstat("1.conf", &st) == 0 && S_ISREG(st.st_mode));
	again = vz_conf_load("victim", &err);
	CHECK_STR(again ? vz_conf_get(again, "A") : NULL, "1");
	vz_conf_free(again);

	CHECK(vz_conf_save(c, "no/such/dir.conf", &err) < 0 && err.code == VZ_EXIT_SAVE_CONFIG);
	CHECK(mkdir("d", 0755) == 0 && vz_conf_save(c, "d", &err) < 0);
	errno = 0;
	CHECK(!vz_conf_load("absent", &err) && errno == ENOENT);
	CHECK(!vz_conf_load("d", &err) && errno != ENOENT);
	CHECK(mkfifo("fifo", 0600) == 0 && !vz_conf_load("fifo", &err));
	CHECK(unlink("1.conf") == 0 && unlink("victim") == 0 && unlink("fifo") == 0);
	/* Nothing temporary is left, not even after the failures. */
	CHECK(rmdir("d") == 0 && chdir("/") == 0 && rmdir(dir) == 0);
	vz_conf_free(c);
}

TEST(too_large)
{
	char *text = malloc(VZ_CONF_MAX_SIZE + 2);

	memset(text, '\n', VZ_CONF_MAX_SIZE + 1);
	CHECK(!vz_conf_parse(text, VZ_CONF_MAX_SIZE + 1, "t", &err));
	CHECK(err.code == VZ_EXIT_INVALID_CONFIG);
	free(text);
}

TAP_MAIN
