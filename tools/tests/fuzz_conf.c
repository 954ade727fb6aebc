// SPDX-License-Identifier: GPL-2.0
/* Whatever a file holds: it is written back as it was, and a value set is the value read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"

static void must(int ok)
{
	if (!ok)
		abort();
}

static int get_again(const char *key, const char *value, void *arg)
{
	must(strcmp(vz_conf_get(arg, key), value) == 0);
	return 0;
}

static int get_both(const char *key, const char *value, void *arg)
{
	(void)value;
	must(vz_conf_get(arg, key) != NULL);
	must(strcmp(vz_conf_get(arg, key), "x y") == 0);
	return 0;
}

struct change {
	struct vz_conf *c;
	const char *value;
};

/* A changed line is still one line with that key. */
static int change_one(const char *key, const char *value, void *arg)
{
	struct change *change = arg;

	(void)value;
	must(vz_conf_set(change->c, key, change->value) == 0);
	return 0;
}

static int is_changed(const char *key, const char *value, void *arg)
{
	must(strcmp(value, arg) == 0);
	(void)key;
	return 0;
}

static void change_all(const struct vz_conf *c, const char *data, size_t size)
{
	struct change change = { vz_conf_parse(data, size, "change", NULL), "x y" };
	struct vz_conf *again;
	char *text;
	size_t len;

	vz_conf_each(c, change_one, &change);
	text = vz_conf_text(change.c, &len);
	again = vz_conf_parse(text, len, "changed", NULL);
	must(again != NULL);
	vz_conf_each(c, get_both, again);
	vz_conf_each(change.c, is_changed, (void *)change.value);
	vz_conf_free(again);
	vz_conf_free(change.c);
	free(text);
}

/* The text up to the first NUL, as the value of a key. */
static void round_trip(struct vz_conf *c, const char *data, size_t size)
{
	char *value = strndup(data, size), *text;
	struct vz_conf *again;
	size_t len;

	if (vz_conf_set(c, "FUZZ_KEY", value) < 0) {
		must(strchr(value, '\n') != NULL);
		free(value);
		return;
	}
	text = vz_conf_text(c, &len);
	if (len <= VZ_CONF_MAX_SIZE) {
		again = vz_conf_parse(text, len, "again", NULL);
		must(again != NULL);
		must(strcmp(vz_conf_get(again, "FUZZ_KEY"), value) == 0);
		vz_conf_each(c, get_again, again);
		vz_conf_free(again);
	}
	free(text);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vz_conf *c = vz_conf_parse((const char *)data, size, "fuzz", NULL);
	size_t len;
	char *text;

	if (!c)
		return 0;
	text = vz_conf_text(c, &len);
	must(len == size && memcmp(text, data, size) == 0);
	free(text);
	vz_conf_each(c, get_again, c);
	change_all(c, (const char *)data, size);
	round_trip(c, (const char *)data, size);
	vz_conf_free(c);
	return 0;
}
