// SPDX-License-Identifier: GPL-2.0
#include "param.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bc_resources.h"

#include "conf.h"
#include "err.h"
#include "ids.h"
#include "num.h"
#include "policy.h"
#include "rights.h"
#include "str.h"

/* ---- the table ----------------------------------------------------------- */

/* clang-format off */
#define CREATE		VZ_PARAM_CREATE
#define SET		VZ_PARAM_SET
#define LIVE		VZ_PARAM_LIVE
#define NOSAVE		VZ_PARAM_NOSAVE
#define NEEDSAVE	VZ_PARAM_NEEDSAVE
#define HOST		VZ_PARAM_HOST

#define UBC(id_, NAME_, name_, unit_, kind_, meaning_)					\
	{										\
		.key = #NAME_, .option = #name_, .type = VZ_TYPE_UBC,			\
		.flags = CREATE | SET | LIVE, .resource = id_,				\
		.unit = BC_UNIT_##unit_, .arg = "BARRIER[:LIMIT]", .help = meaning_,	\
	},

#define PARAM(KEY_, option_, type_, flags_, min_, max_, arg_, help_)			\
	{										\
		.key = #KEY_, .option = option_, .type = VZ_TYPE_##type_,		\
		.flags = flags_, .resource = -1, .min = min_, .max = max_,		\
		.arg = arg_, .help = help_,						\
	},

static const struct vz_param params[] = {
	BC_RESOURCES(UBC)
#include "params.def"
};
/* clang-format on */

#define N_PARAMS	(sizeof(params) / sizeof(params[0]))

/* Other spellings, kept for old files and scripts. */
static const struct {
	const char *alias, *name;
} key_aliases[] = {
	{ "DCACHE", "DCACHESIZE" },
	{ "IPTENTRIES", "NUMIPTENT" },
}, option_aliases[] = {
	{ "ve_layout", "layout" },
	{ "velayout", "layout" },
	{ "iptentries", "numiptent" },
};

#define N_ELEM(a)	(sizeof(a) / sizeof((a)[0]))

const struct vz_param *vz_params(size_t *n)
{
	if (n)
		*n = N_PARAMS;
	return params;
}

static const char *key_alias(const struct vz_param *p)
{
	for (size_t i = 0; i < N_ELEM(key_aliases); i++)
		if (vz_streq(key_aliases[i].name, p->key))
			return key_aliases[i].alias;
	return NULL;
}

const struct vz_param *vz_param_by_key(const char *key)
{
	for (size_t i = 0; i < N_ELEM(key_aliases); i++)
		if (vz_streq(key_aliases[i].alias, key))
			key = key_aliases[i].name;
	for (size_t i = 0; i < N_PARAMS; i++)
		if (vz_streq(params[i].key, key))
			return &params[i];
	return NULL;
}

const struct vz_param *vz_param_by_option(const char *option)
{
	for (size_t i = 0; i < N_ELEM(option_aliases); i++)
		if (vz_streq(option_aliases[i].alias, option))
			option = option_aliases[i].name;
	for (size_t i = 0; i < N_PARAMS; i++)
		if (params[i].option && vz_streq(params[i].option, option))
			return &params[i];
	return NULL;
}

const struct vz_param *vz_param_by_resource(int resource)
{
	for (size_t i = 0; i < N_PARAMS; i++)
		if (resource >= 0 && params[i].resource == resource)
			return &params[i];
	return NULL;
}

/* ---- values --------------------------------------------------------------- */

int vz_param_yesno(const char *value)
{
	static const char *const words[][4] = {
		{ "no", "off", "false", "0" },
		{ "yes", "on", "true", "1" },
	};

	for (int yes = 0; yes < 2; yes++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(value, words[yes][i]) == 0)
				return yes;
	return -1;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Begins with a letter or digit; goes on with those and with what @more holds. */
static bool is_name(const char *s, const char *more, size_t max)
{
	size_t len = strlen(s);

	if (!is_alnum(*s) || len > max)
		return false;
	for (; *s; s++)
		if (!is_alnum(*s) && !strchr(more, *s))
			return false;
	return true;
}

static bool has_control(const char *s)
{
	for (size_t len; *s; s += len) {
		len = vz_harmless(s);
		if (!len)
			return true;
	}
	return false;
}

/* Labels of letters, digits and inner hyphens, as a name server takes them. */
static bool is_hostname(const char *s)
{
	if (!is_name(s, "-.", HOST_NAME_MAX))
		return false;
	for (; *s; s++) {
		bool edge = !s[1] || s[1] == '.';

		if (*s == '.' && (s[1] == '.' || s[1] == '-' || !s[1]))
			return false;
		if (*s == '-' && edge)
			return false;
	}
	return true;
}

static bool is_path(const char *s)
{
	size_t len = strlen(s);

	if (*s != '/' || len >= PATH_MAX || has_control(s))
		return false;
	return !strstr(s, "/../") && !(len >= 3 && vz_streq(s + len - 3, "/.."));
}

static bool is_one_of(const char *value, const char *words)
{
	size_t n;
	char **list = vz_words(words, "|", &n);
	bool found = false;

	for (size_t i = 0; list && i < n; i++)
		found |= vz_streq(list[i], value);
	free(list);
	return found;
}

static int parse_limit(const struct vz_param *p, const char *value, struct vz_limit *out,
		       struct vz_err *e)
{
	switch (p->type) {
	case VZ_TYPE_UBC:
		return vz_limit_parse(value, p->unit, out, e);
	case VZ_TYPE_DISKSPACE:
		return vz_limit_parse_kb(value, out, e);
	default:
		return vz_limit_parse(value, BC_UNIT_ITEMS, out, e);
	}
}

static char *canon_limit(const struct vz_param *p, const char *value, struct vz_err *e)
{
	char text[VZ_LIMIT_TEXT];
	struct vz_limit l;

	if (parse_limit(p, value, &l, e) < 0)
		return NULL;
	vz_limit_format(&l, text);
	return strdup(text);
}

static char *bad(const char *value, int code, struct vz_err *e, const char *want)
{
	char shown[128];

	vz_err_set(e, code, "\"%s\" is not allowed: give %s",
		   vz_printable(value, shown, sizeof(shown)), want);
	return NULL;
}

static char *canon_number(const struct vz_param *p, const char *value, struct vz_err *e)
{
	char want[80], *text = NULL;
	uint64_t v;

	if (vz_num_u64(value, p->min, p->max, &v) < 0) {
		snprintf(want, sizeof(want), "a number from %" PRIu64 " to %" PRIu64, p->min,
			 p->max);
		return bad(value, VZ_EXIT_BAD_VALUE, e, want);
	}
	return asprintf(&text, "%" PRIu64, v) < 0 ? NULL : text;
}

static char *canon_percent(const struct vz_param *p, const char *value, struct vz_err *e)
{
	char want[80], *text = NULL;
	uint64_t v;

	if (vz_num_percent(value, p->max, &v)) {
		snprintf(want, sizeof(want),
			 "a percentage from 0 to %" PRIu64 ", with two decimals at most",
			 p->max / 100);
		return bad(value, VZ_EXIT_BAD_VALUE, e, want);
	}
	if (v % 10)
		return asprintf(&text, "%" PRIu64 ".%02" PRIu64, v / 100, v % 100) < 0 ? NULL :
											 text;
	if (v % 100)
		return asprintf(&text, "%" PRIu64 ".%" PRIu64, v / 100, v % 100 / 10) < 0 ? NULL :
											    text;
	return asprintf(&text, "%" PRIu64, v / 100) < 0 ? NULL : text;
}

/* Words are in lower case; what is not stands for the list. */
static char *canon_ids(const struct vz_param *p, const char *value, struct vz_err *e)
{
	const char *words = strchr(p->arg, '|') + 1;
	struct vz_ids ids;
	char want[96];

	if (is_one_of(value, words))
		return strdup(value);
	if (!vz_ids_parse(value, p->max, &ids))
		return vz_ids_format(&ids);
	snprintf(want, sizeof(want), "numbers from 0 to %" PRIu64 " and ranges, as 0-2,7, or %s",
		 p->max, words);
	return bad(value, VZ_EXIT_BAD_VALUE, e, want);
}

static char *canon_factor(const char *value, struct vz_err *e)
{
	uint64_t milli;

	if (vz_num_milli(value, VZ_FACTOR_MAX * 1000, &milli) < 0)
		return bad(value, VZ_EXIT_BAD_VALUE, e,
			   "a number from 0 to 1000, with at most three digits behind the point");
	return strdup(value);
}

static char *canon_policy(const char *value, struct vz_err *e)
{
	struct vz_policies policies;

	return vz_policies_parse(value, &policies, e) < 0 ? NULL : vz_policies_format(&policies);
}

/* Only the limit counts; rounded up to pages. */
static char *canon_ram(const char *value, struct vz_err *e)
{
	struct vz_limit l = { .limit = BC_UNLIMITED };
	const uint64_t page = sysconf(_SC_PAGESIZE);
	char text[VZ_LIMIT_TEXT], suffix;

	if (strcasecmp(value, "unlimited")) {
		if (vz_num_size(value, page, &l.limit, &suffix))
			return bad(value, VZ_EXIT_BAD_VALUE, e,
				   "bytes, or a number with suffix T, G, M, K, P or B");
		l.limit = l.limit / page + !!(l.limit % page);
	}
	vz_limit_format(&l, text);
	return strdup(text);
}

static char *canon(const struct vz_param *p, const char *value, struct vz_err *e)
{
	int yes;

	switch (p->type) {
	case VZ_TYPE_UBC:
	case VZ_TYPE_DISKSPACE:
	case VZ_TYPE_DISKINODES:
	case VZ_TYPE_ITEMS:
		return canon_limit(p, value, e);
	case VZ_TYPE_CAPS:
		return vz_switches_canon(VZ_CAPABILITIES, value, e);
	case VZ_TYPE_FEATURES:
		return vz_switches_canon(VZ_FEATURES, value, e);
	case VZ_TYPE_RAM:
		return canon_ram(value, e);
	case VZ_TYPE_NUMBER:
		return canon_number(p, value, e);
	case VZ_TYPE_FACTOR:
		return canon_factor(value, e);
	case VZ_TYPE_POLICY:
		return canon_policy(value, e);
	case VZ_TYPE_PERCENT:
		return canon_percent(p, value, e);
	case VZ_TYPE_IDS:
		return canon_ids(p, value, e);
	case VZ_TYPE_YESNO:
		yes = vz_param_yesno(value);
		if (yes < 0)
			return bad(value, VZ_EXIT_BAD_VALUE, e, "yes or no");
		return strdup(yes ? "yes" : "no");
	case VZ_TYPE_WORD:
		if (!is_one_of(value, p->arg))
			return bad(value, VZ_EXIT_BAD_VALUE, e, p->arg);
		break;
	case VZ_TYPE_HOSTNAME:
		if (!is_hostname(value))
			return bad(value, VZ_EXIT_BAD_HOSTNAME, e,
				   "1 to 64 letters, digits, inner hyphens and dots");
		break;
	case VZ_TYPE_CTNAME:
		if (*value && !is_name(value, " _.-", 64))
			return bad(
				value, VZ_EXIT_BAD_NAME, e,
				"at most 64 letters, digits, blanks and _ . -, a letter or digit first");
		break;
	case VZ_TYPE_NAME:
		if (!is_name(value, "_.+-", 128))
			return bad(value, VZ_EXIT_BAD_VALUE, e,
				   "1 to 128 letters, digits and _ . + -, a letter or digit first");
		break;
	case VZ_TYPE_PATH:
		if (!is_path(value))
			return bad(value, VZ_EXIT_BAD_VALUE, e, "an absolute path without ..");
		break;
	case VZ_TYPE_STRING:
		if (has_control(value) || strlen(value) > 4096)
			return bad(value, VZ_EXIT_BAD_VALUE, e,
				   "one line of at most 4096 bytes without control characters");
		break;
	}
	return strdup(value);
}

char *vz_param_canon(const struct vz_param *p, const char *value, struct vz_err *e)
{
	struct vz_err inner = { 0 };
	char *text = canon(p, value, &inner);

	if (text)
		return text;
	if (!inner.code)
		vz_err_set(&inner, VZ_EXIT_SYSTEM, "no memory");
	vz_err_set(e, inner.code, "%s%s: %s", p->option ? "--" : "", p->option ? p->option : p->key,
		   inner.msg);
	return NULL;
}

int vz_param_limit(const struct vz_param *p, const struct vz_conf *c, struct vz_limit *out,
		   struct vz_err *e)
{
	const char *key = p->key, *value = vz_conf_get(c, key);
	struct vz_err inner = { 0 };

	if (!value && key_alias(p)) {
		key = key_alias(p);
		value = vz_conf_get(c, key);
	}
	if (!value || !*value)
		return 0;
	if (parse_limit(p, value, out, &inner) < 0)
		return vz_err_set(e, inner.code, "%s: %s", key, inner.msg);
	return 1;
}

/* ---- command line --------------------------------------------------------- */

static void add_option(struct poptOption *o, const char *name, const struct vz_param *p)
{
	*o = (struct poptOption){
		.longName = name,
		.argInfo = POPT_ARG_STRING,
		.val = VZ_PARAM_POPT + (int)(p - params),
		.descrip = p->help,
		.argDescrip = p->arg,
	};
}

static void fill_popt(struct poptOption *table, unsigned int flags)
{
	size_t n = 0;

	for (size_t i = 0; i < N_PARAMS; i++)
		if (params[i].option && params[i].flags & flags)
			add_option(&table[n++], params[i].option, &params[i]);
	for (size_t i = 0; i < N_ELEM(option_aliases); i++) {
		const struct vz_param *p = vz_param_by_option(option_aliases[i].alias);

		if (!(p->flags & flags))
			continue;
		add_option(&table[n], option_aliases[i].alias, p);
		table[n++].argInfo |= POPT_ARGFLAG_DOC_HIDDEN;
	}
	table[n] = (struct poptOption)POPT_TABLEEND;
}

struct poptOption *vz_param_popt(unsigned int flags)
{
	/* One for create, one for set, one for both. */
	static struct poptOption tables[4][N_PARAMS + N_ELEM(option_aliases) + 1];
	struct poptOption *table = tables[flags & (CREATE | SET)];

	if (!table->longName)
		fill_popt(table, flags & (CREATE | SET));
	return table;
}

bool vz_param_is_popt(int rc)
{
	return rc >= VZ_PARAM_POPT && rc < VZ_PARAM_POPT + (int)N_PARAMS;
}

static bool adds_up(const struct vz_param *p)
{
	return p->type == VZ_TYPE_CAPS || p->type == VZ_TYPE_FEATURES;
}

static int set_both(const struct vz_param *p, struct vz_conf *c, const char *first,
		    const char *then, struct vz_err *e)
{
	char *both = NULL, *text = NULL;
	int ret = -1;

	if (asprintf(&both, "%s %s", first, then) >= 0)
		text = vz_param_canon(p, both, e);
	if (text)
		ret = vz_conf_set(c, p->key, text);
	free(both);
	free(text);
	return ret;
}

int vz_param_take(int rc, const char *arg, struct vz_conf *overlay, struct vz_err *e)
{
	const struct vz_param *p = &params[rc - VZ_PARAM_POPT];
	char *text = vz_param_canon(p, arg, e);
	int ret;

	if (!text)
		return -1;
	if (adds_up(p) && vz_conf_get(overlay, p->key))
		ret = set_both(p, overlay, vz_conf_get(overlay, p->key), text, e);
	else
		ret = vz_conf_set(overlay, p->key, text);
	free(text);
	return ret < 0 ? vz_err_set(e, VZ_EXIT_SYSTEM, "no memory") : 0;
}

int vz_param_add_up(struct vz_conf *overlay, const struct vz_conf *base, struct vz_err *e)
{
	const char *old, *now;

	for (size_t i = 0; i < N_PARAMS; i++) {
		if (!adds_up(&params[i]))
			continue;
		old = vz_conf_get(base, params[i].key);
		now = vz_conf_get(overlay, params[i].key);
		if (old && now && set_both(&params[i], overlay, old, now, e))
			return vz_err_wrap(e, "%s", params[i].key);
	}
	return 0;
}

static const char *when_applied(const struct vz_param *p)
{
	if (p->flags & LIVE)
		return "live";
	return p->flags & NEEDSAVE ? "file" : "-";
}

void vz_param_dump(FILE *f)
{
	static const char *const units[] = { "items", "pages", "bytes" };

	for (size_t i = 0; i < N_PARAMS; i++) {
		const struct vz_param *p = &params[i];

		fprintf(f, "%s\t%s\t%s\t%s\t%s%s\t%s\t%s\n", p->option ? p->option : "-", p->key,
			p->arg, p->type == VZ_TYPE_UBC ? units[p->unit] : "-",
			p->flags & CREATE ? "create" : "",
			p->flags & SET ? p->flags & CREATE ? ",set" : "set" : "", when_applied(p),
			p->help);
	}
}
