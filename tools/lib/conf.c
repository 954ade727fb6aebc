// SPDX-License-Identifier: GPL-2.0
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "str.h"

/*
 * A piece of the file, from a line's start to its end. One without a key is
 * kept as it is. One with a key is written as before, key="value", after: what
 * stands before and after (blanks, export, a comment) survives a change.
 */
struct item {
	char *key;	/* NULL: not a setting */
	char *value;
	char *raw;	/* how the piece is written */
	size_t before;	/* bytes of raw before the key */
	size_t after;	/* where in raw the part behind the value begins */
	size_t len;	/* of raw */
};

struct vz_conf {
	struct item *items;
	size_t count, room;
};

static void item_free(struct item *it)
{
	free(it->key);
	free(it->value);
	free(it->raw);
}

void vz_conf_free(struct vz_conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		item_free(&c->items[i]);
	free(c->items);
	free(c);
}

void vz_conf_freep(struct vz_conf **c)
{
	vz_conf_free(*c);
}

struct vz_conf *vz_conf_new(void)
{
	return calloc(1, sizeof(struct vz_conf));
}

/* Takes over what @it points to, also on failure. */
static int append(struct vz_conf *c, struct item *it)
{
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 32;
		struct item *items = reallocarray(c->items, room, sizeof(*items));

		if (!items) {
			item_free(it);
			errno = ENOMEM;
			return -1;
		}
		c->items = items;
		c->room = room;
	}
	c->items[c->count++] = *it;
	return 0;
}

/* ---- reading ---------------------------------------------------------- */

static bool is_key_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Text between p and end; no NUL ends it. */
struct cursor {
	const char *p, *end;
};

static bool at_end(const struct cursor *t)
{
	return t->p == t->end || *t->p == '\n';
}

static void skip_blanks(struct cursor *t)
{
	while (t->p < t->end && is_blank(*t->p))
		t->p++;
}

/* Behind the newline, or at the end of the text. */
static const char *line_end(const struct cursor *t)
{
	const char *nl = memchr(t->p, '\n', t->end - t->p);

	return nl ? nl + 1 : t->end;
}

/* NAME= at the cursor, which is left behind it. Return: length of NAME, or 0. */
static size_t parse_key(struct cursor *t)
{
	const char *start = t->p;
	size_t len;

	while (t->p < t->end && is_key_char(*t->p, t->p == start))
		t->p++;
	len = t->p - start;
	if (!len || len > VZ_CONF_MAX_KEY || t->p == t->end || *t->p != '=')
		return 0;
	t->p++;
	return len;
}

enum parsed {
	PARSED,
	NOT_A_SETTING,
	NEVER_CLOSED,
};

static enum parsed parse_quoted(struct cursor *t, struct vz_buf *out)
{
	char quote = *t->p++;

	for (; !at_end(t); t->p++) {
		char c = *t->p;

		if (c == quote) {
			t->p++;
			return PARSED;
		}
		if (c == '\\' && quote == '"' && t->p + 1 < t->end && strchr("\"\\$`", t->p[1]))
			c = *++t->p;
		vz_buf_addc(out, c);
	}
	return NEVER_CLOSED;
}

/* A word of the shell: quoted and bare parts side by side, up to a blank. */
static enum parsed parse_value(struct cursor *t, struct vz_buf *out)
{
	while (!at_end(t) && !is_blank(*t->p)) {
		enum parsed rc;
		char c = *t->p;

		if (c == '"' || c == '\'') {
			rc = parse_quoted(t, out);
			if (rc != PARSED)
				return rc;
			continue;
		}
		if (strchr(";&|<>()`", c))
			return NOT_A_SETTING;
		t->p++;
		if (c == '\\') {
			if (at_end(t))
				return NOT_A_SETTING;
			c = *t->p++;
		}
		vz_buf_addc(out, c);
	}
	skip_blanks(t);
	return at_end(t) || *t->p == '#' ? PARSED : NOT_A_SETTING;
}

/* The piece at the cursor, which is left behind it. Return: -1 for no memory. */
static int parse_item(struct cursor *t, struct item *it, enum parsed *parsed)
{
	struct cursor s = *t;
	struct vz_buf value = { 0 };
	const char *key, *after;
	size_t key_len;

	*it = (struct item){ 0 };
	*parsed = NOT_A_SETTING;
	skip_blanks(&s);
	if (s.end - s.p > 7 && memcmp(s.p, "export", 6) == 0 && is_blank(s.p[6])) {
		s.p += 6;
		skip_blanks(&s);
	}
	key = s.p;
	key_len = parse_key(&s);
	if (key_len)
		*parsed = parse_value(&s, &value);
	/* The blank in front of a comment is what makes it one. */
	for (after = s.p; after > key && is_blank(after[-1]);)
		after--;
	if (*parsed != PARSED)
		s = *t;
	s.p = line_end(&s);
	it->len = s.p - t->p;
	it->raw = strndup(t->p, it->len);
	if (*parsed == PARSED) {
		it->before = key - t->p;
		it->after = after - t->p;
		it->key = strndup(key, key_len);
		it->value = vz_buf_steal(&value, NULL);
	}
	vz_buf_free(&value);
	t->p = s.p;
	if (it->raw && (*parsed != PARSED || (it->key && it->value)))
		return 0;
	item_free(it);
	return -1;
}

static int line_of(const char *text, const char *p)
{
	int line = 1;

	for (; text < p; text++)
		line += *text == '\n';
	return line;
}

struct vz_conf *vz_conf_parse(const char *text, size_t len, const char *name, struct vz_err *e)
{
	struct cursor t = { text, text + len };
	struct vz_conf *c;
	struct item it;
	enum parsed parsed;

	if (len > VZ_CONF_MAX_SIZE) {
		vz_err_set(e, VZ_EXIT_INVALID_CONFIG, "%s: larger than %d bytes", name,
			   VZ_CONF_MAX_SIZE);
		return NULL;
	}
	if (len && memchr(text, '\0', len)) {
		vz_err_set(e, VZ_EXIT_INVALID_CONFIG, "%s: holds a NUL byte, this is no text file",
			   name);
		return NULL;
	}
	c = vz_conf_new();
	while (c && t.p < t.end) {
		const char *start = t.p;

		if (parse_item(&t, &it, &parsed) < 0 || append(c, &it) < 0)
			goto no_memory;
		if (parsed == NEVER_CLOSED) {
			vz_err_set(e, VZ_EXIT_INVALID_CONFIG,
				   "%s:%d: the quote that begins here is never closed", name,
				   line_of(text, start));
			vz_conf_free(c);
			return NULL;
		}
	}
	if (c)
		return c;
no_memory:
	vz_conf_free(c);
	vz_err_set(e, VZ_EXIT_SYSTEM, "%s: no memory", name);
	return NULL;
}

/* The whole of a regular file. Return: NULL with errno set. */
static char *slurp(int dirfd, const char *path, size_t *len)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t room;
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0)
		goto err;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		goto err;
	}
	/* One byte more than allowed tells a file that is too large. */
	room = VZ_CONF_MAX_SIZE + 1;
	if (st.st_size < VZ_CONF_MAX_SIZE / 2)
		room = st.st_size + 4096;
	text = malloc(room);
	if (!text)
		goto err;
	for (*len = 0; *len < room; *len += n) {
		n = read(fd, text + *len, room - *len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			goto err;
		else if (n == 0)
			break;
	}
	close(fd);
	return text;
err:
	free(text);
	room = errno;
	close(fd);
	errno = room;
	return NULL;
}

struct vz_conf *vz_conf_loadat(int dirfd, const char *path, struct vz_err *e)
{
	struct vz_conf *c;
	size_t len;
	char *text = slurp(dirfd, path, &len);
	int err = errno;

	if (!text) {
		vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read %s", path);
		errno = err;
		return NULL;
	}
	c = vz_conf_parse(text, len, path, e);
	free(text);
	if (!c)
		errno = EINVAL;
	return c;
}

struct vz_conf *vz_conf_load(const char *path, struct vz_err *e)
{
	return vz_conf_loadat(AT_FDCWD, path, e);
}

/* ---- access ------------------------------------------------------------ */

/* The last one counts. */
static struct item *find(const struct vz_conf *c, const char *key)
{
	for (size_t i = c->count; i-- > 0;)
		if (c->items[i].key && vz_streq(c->items[i].key, key))
			return &c->items[i];
	return NULL;
}

const char *vz_conf_get(const struct vz_conf *c, const char *key)
{
	const struct item *it = c ? find(c, key) : NULL;

	return it ? it->value : NULL;
}

static void remove_key(struct vz_conf *c, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].key && vz_streq(c->items[i].key, key))
			item_free(&c->items[i]);
		else
			c->items[n++] = c->items[i];
	}
	c->count = n;
}

/* A bare $VEID is what the files of containers are made of; it may stay. */
static bool is_veid(const char *s)
{
	return strncmp(s, "$VEID", 5) == 0 && !is_key_char(s[5], false);
}

static void add_quoted(struct vz_buf *b, const char *value)
{
	vz_buf_addc(b, '"');
	for (; *value; value++) {
		if (strchr("\"\\`", *value) || (*value == '$' && !is_veid(value)))
			vz_buf_addc(b, '\\');
		vz_buf_addc(b, *value);
	}
	vz_buf_addc(b, '"');
}

static bool valid_key(const char *key)
{
	size_t len = strlen(key);

	if (!len || len > VZ_CONF_MAX_KEY)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_key_char(key[i], i == 0))
			return false;
	return true;
}

/* A piece like @old (all zeros: a new line) with another value. */
static int make_item(struct item *it, const struct item *old, const char *key, const char *value)
{
	struct vz_buf b = { 0 };

	vz_buf_add(&b, old->raw, old->before);
	it->before = b.len;
	vz_buf_adds(&b, key);
	vz_buf_addc(&b, '=');
	add_quoted(&b, value);
	it->after = b.len;
	if (old->raw)
		vz_buf_add(&b, old->raw + old->after, old->len - old->after);
	else
		vz_buf_addc(&b, '\n');
	it->raw = vz_buf_steal(&b, &it->len);
	it->key = strdup(key);
	it->value = strdup(value);
	if (it->raw && it->key && it->value)
		return 0;
	item_free(it);
	errno = ENOMEM;
	return -1;
}

/* A file may lack the newline of its last line. */
static int end_last_line(struct vz_conf *c)
{
	struct item *last = c->count ? &c->items[c->count - 1] : NULL;
	char *raw;

	if (!last || (last->len && last->raw[last->len - 1] == '\n'))
		return 0;
	raw = realloc(last->raw, last->len + 2);
	if (!raw)
		return -1;
	raw[last->len++] = '\n';
	raw[last->len] = '\0';
	last->raw = raw;
	return 0;
}

int vz_conf_set(struct vz_conf *c, const char *key, const char *value)
{
	static const struct item none;
	struct item *old, it;

	if (!valid_key(key) || (value && strchr(value, '\n'))) {
		errno = EINVAL;
		return -1;
	}
	if (!value) {
		remove_key(c, key);
		return 0;
	}
	old = find(c, key);
	if (old && vz_streq(old->value, value))
		return 0;
	if (make_item(&it, old ? old : &none, key, value) < 0)
		return -1;
	if (old) {
		item_free(old);
		*old = it;
		return 0;
	}
	if (end_last_line(c) < 0) {
		item_free(&it);
		return -1;
	}
	return append(c, &it);
}

int vz_conf_each(const struct vz_conf *c, int (*f)(const char *key, const char *value, void *arg),
		 void *arg)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct item *it = &c->items[i];
		int rc;

		if (!it->key || find(c, it->key) != it)
			continue;
		rc = f(it->key, it->value, arg);
		if (rc)
			return rc;
	}
	return 0;
}

static int merge_one(const char *key, const char *value, void *to)
{
	return vz_conf_set(to, key, value);
}

int vz_conf_merge(struct vz_conf *to, const struct vz_conf *from)
{
	return vz_conf_each(from, merge_one, to);
}

/* ---- writing ------------------------------------------------------------ */

char *vz_conf_text(const struct vz_conf *c, size_t *len)
{
	struct vz_buf b = { 0 };

	for (size_t i = 0; i < c->count; i++)
		vz_buf_add(&b, c->items[i].raw, c->items[i].len);
	return vz_buf_steal(&b, len);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= n;
	}
	return 0;
}

/* A new file beside @name, with the owner and mode of the one it will replace. */
static int open_temp(int dir, const char *name, char *temp, size_t size)
{
	struct stat old;
	uint64_t random;
	bool exists = fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode);
	int fd;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	if (snprintf(temp, size, ".%s.%016llx", name, (unsigned long long)random) >= (int)size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if ((exists && fchown(fd, old.st_uid, old.st_gid) < 0) ||
	    fchmod(fd, exists ? old.st_mode & 0777 : 0644) < 0) {
		int err = errno;

		close(fd);
		unlinkat(dir, temp, 0);
		errno = err;
		return -1;
	}
	return fd;
}

static int replace(int dir, const char *name, const char *text, size_t len)
{
	char temp[NAME_MAX + 1];
	int fd = open_temp(dir, name, temp, sizeof(temp));
	int err;

	if (fd < 0)
		return -1;
	if (write_all(fd, text, len) < 0 || fsync(fd) < 0) {
		err = errno;
		close(fd);
		goto undo;
	}
	if (close(fd) < 0 || renameat(dir, temp, dir, name) < 0) {
		err = errno;
		goto undo;
	}
	return fsync(dir);
undo:
	unlinkat(dir, temp, 0);
	errno = err;
	return -1;
}

int vz_conf_save(const struct vz_conf *c, const char *path, struct vz_err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, slash - path + 1) : strdup(".");
	size_t len;
	char *text = vz_conf_text(c, &len);
	int dir = -1, rc = -1;

	errno = ENOMEM;
	if (folder && text) {
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0)
			rc = replace(dir, name, text, len);
	}
	if (rc < 0)
		vz_err_errno(e, VZ_EXIT_SAVE_CONFIG, "cannot write %s", path);
	if (dir >= 0)
		close(dir);
	free(text);
	free(folder);
	return rc;
}
