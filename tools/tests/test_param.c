// SPDX-License-Identifier: GPL-2.0
#include "tap.h"

#include "bc_resources.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/param.h"
#include "lib/rights.h"
#include "lib/str.h"

static struct vz_err err;

/* The canonical text of an option's value, or the exit code it is refused with. */
static const char *canon(const char *option, const char *value)
{
	static char buf[256];
	const struct vz_param *p = vz_param_by_option(option);
	char *text;

	if (!p)
		return "(no option)";
	memset(&err, 0, sizeof(err));
	text = vz_param_canon(p, value, &err);
	if (text)
		snprintf(buf, sizeof(buf), "%s", text);
	else
		snprintf(buf, sizeof(buf), "exit %d", err.code);
	free(text);
	return buf;
}

TEST(every_resource)
{
	int n = 0;

/* clang-format off */
#define ROW(id, NAME, name_, unit_, kind, meaning)				\
	do {									\
		const struct vz_param *p = vz_param_by_resource(id);		\
		CHECK(p && p == vz_param_by_key(#NAME) && p == vz_param_by_option(#name_)); \
		CHECK(p && p->unit == BC_UNIT_##unit_ && p->flags & VZ_PARAM_LIVE); \
		n++;								\
	} while (0);
	/* clang-format on */
	BC_RESOURCES(ROW)
	CHECK_U64(n, BC_NR_RESOURCES);
	CHECK(!vz_param_by_resource(4) && !vz_param_by_resource(-1) && !vz_param_by_resource(99));
}

TEST(table_is_sound)
{
	size_t n;
	const struct vz_param *p = vz_params(&n);

	for (size_t i = 0; i < n; i++) {
		CHECK(p[i].key && p[i].help && *p[i].help && p[i].arg);
		/* --ram is another way to write PHYSPAGES */
		CHECK((vz_param_by_key(p[i].key) == &p[i]) == (p[i].type != VZ_TYPE_RAM));
		CHECK(!p[i].option || vz_param_by_option(p[i].option) == &p[i]);
		CHECK(p[i].type != VZ_TYPE_NUMBER || p[i].min < p[i].max);
	}
	CHECK(vz_param_by_key("DCACHE") == vz_param_by_key("DCACHESIZE"));
	CHECK(vz_param_by_key("IPTENTRIES") == vz_param_by_option("numiptent"));
	CHECK(!vz_param_by_key("numproc") && !vz_param_by_option("bogus"));
}

TEST(values)
{
	CHECK_STR(canon("numproc", "40"), "40:40");
	CHECK_STR(canon("numproc", "40K"), "exit 21");
	CHECK_STR(canon("privvmpages", "256M:unlimited"), "65536:unlimited");
	CHECK_STR(canon("kmemsize", "-1"), "exit 21");
	CHECK(strstr(err.msg, "--kmemsize") && strstr(err.msg, "\"-1\""));
	CHECK_STR(canon("diskspace", "2G:2.2G"), "2097152:2306867");
	CHECK_STR(canon("diskinodes", "131072:144179"), "131072:144179");
	CHECK_STR(canon("capability", "net_admin:off,sys_time:ON"), "NET_ADMIN:off SYS_TIME:on");
	CHECK_STR(canon("capability", "chown:off CHOWN:on"), "CHOWN:on");
	CHECK_STR(canon("capability", "cap_chown:on"), "exit 21");
	CHECK_STR(canon("capability", "chown"), "exit 21");
	CHECK_STR(canon("features", "tun:on,sysfs:off"), "sysfs:off tun:on");
	CHECK_STR(canon("features", "tun:maybe"), "exit 21");
	CHECK(strstr(err.msg, "io_uring"));
	CHECK_STR(canon("ram", "1G"), "0:262144");
	CHECK_STR(canon("ram", "4097"), "0:2");
	CHECK_STR(canon("swap", "0"), "0:0");
	CHECK_STR(canon("swap", "unlimited"), "0:unlimited");
	CHECK_STR(canon("ram", "1G:2G"), "exit 21");
	CHECK_STR(canon("onboot", "YES"), "yes");
	CHECK_STR(canon("onboot", "maybe"), "exit 21");
	CHECK_STR(canon("bootorder", "10"), "10");
	CHECK_STR(canon("bootorder", "-1"), "exit 21");
	CHECK_STR(canon("stop-timeout", "86401"), "exit 21");
	CHECK(strstr(err.msg, "0 to 86400"));
	CHECK_STR(canon("layout", "overlay"), "overlay");
	CHECK_STR(canon("layout", "overlay|simfs"), "exit 21");
	CHECK_STR(canon("velayout", "simfs"), "simfs");
}

TEST(percents)
{
	CHECK_STR(canon("cpulimit", "0"), "0");
	CHECK_STR(canon("cpulimit", "50%"), "50");
	CHECK_STR(canon("cpulimit", "12.5"), "12.5");
	CHECK_STR(canon("cpulimit", "0.01%"), "0.01");
	CHECK_STR(canon("cpulimit", "150.10"), "150.1");
	CHECK_STR(canon("cpulimit", "7.00"), "7");
	CHECK_STR(canon("cpulimit", "819200"), "819200");
	CHECK_STR(canon("cpulimit", "819200.01"), "exit 21");
	CHECK(strstr(err.msg, "--cpulimit") && strstr(err.msg, "\"819200.01\"") &&
	      strstr(err.msg, "0 to 819200"));
	CHECK_STR(canon("cpulimit", "99999999999999999999.5"), "exit 21");
	CHECK_STR(canon("cpulimit", "184467440737095517"), "exit 21");
	CHECK_STR(canon("cpulimit", "1.234"), "exit 21");
	CHECK_STR(canon("cpulimit", "1."), "exit 21");
	CHECK_STR(canon("cpulimit", ".5"), "exit 21");
	CHECK_STR(canon("cpulimit", "-1"), "exit 21");
	CHECK_STR(canon("cpulimit", ""), "exit 21");
	CHECK_STR(canon("cpulimit", "%"), "exit 21");
	CHECK_STR(canon("cpulimit", "5%%"), "exit 21");
}

TEST(masks)
{
	CHECK_STR(canon("cpumask", "all"), "all");
	CHECK_STR(canon("cpumask", "auto"), "auto");
	CHECK_STR(canon("nodemask", "all"), "all");
	CHECK_STR(canon("nodemask", "auto"), "exit 21");
	CHECK_STR(canon("cpumask", "0"), "0");
	CHECK_STR(canon("cpumask", "7,0-2"), "0-2,7");
	CHECK_STR(canon("cpumask", "2,1,0,3-3,1-2"), "0-3");
	CHECK_STR(canon("cpumask", "007"), "7");
	CHECK_STR(canon("cpumask", "8191"), "8191");
	CHECK_STR(canon("cpumask", "0-8191"), "0-8191");
	CHECK_STR(canon("cpumask", "63,64,127-128"), "63-64,127-128");
	CHECK_STR(canon("cpumask", "8192"), "exit 21");
	CHECK(strstr(err.msg, "--cpumask") && strstr(err.msg, "\"8192\"") &&
	      strstr(err.msg, "0 to 8191") && strstr(err.msg, "all|auto"));
	CHECK_STR(canon("nodemask", "0-1024"), "exit 21");
	CHECK(strstr(err.msg, "0 to 1023"));
	CHECK_STR(canon("cpumask", "4294967296"), "exit 21");
	CHECK_STR(canon("cpumask", "99999999999999999999-99999999999999999999"), "exit 21");
	CHECK_STR(canon("cpumask", ""), "exit 21");
	CHECK_STR(canon("cpumask", "LIST"), "exit 21");
	CHECK_STR(canon("cpumask", "ALL"), "exit 21");
	CHECK_STR(canon("cpumask", "all,0"), "exit 21");
	CHECK_STR(canon("cpumask", "2-1"), "exit 21");
	CHECK_STR(canon("cpumask", "0,"), "exit 21");
	CHECK_STR(canon("cpumask", ",0"), "exit 21");
	CHECK_STR(canon("cpumask", "0-"), "exit 21");
	CHECK_STR(canon("cpumask", "-1"), "exit 21");
	CHECK_STR(canon("cpumask", "0-1-2"), "exit 21");
	CHECK_STR(canon("cpumask", "0 1"), "exit 21");
	CHECK_STR(canon("cpumask", "0x1"), "exit 21");
	CHECK_STR(canon("cpumask", "0-3:2"), "exit 21");
}

TEST(policies)
{
	CHECK_STR(canon("policy", "numproc:observe"), "numproc:observe");
	CHECK_STR(canon("policy", "numfile:burst,numproc:x-1_y"), "numproc:x-1_y,numfile:burst");
	CHECK_STR(canon("policy", ""), "");
	CHECK_STR(canon("policy", ","), "");
	CHECK_STR(canon("policy", "numproc"), "exit 21");
	CHECK(strstr(err.msg, "--policy") && strstr(err.msg, "\"numproc\""));
	CHECK_STR(canon("policy", "numproc:"), "exit 21");
	CHECK_STR(canon("policy", ":observe"), "exit 21");
	CHECK_STR(canon("policy", "numpro:observe"), "exit 21");
	CHECK_STR(canon("policy", "dummy:observe"), "exit 21");
	CHECK_STR(canon("policy", "numproc:Observe"), "exit 21");
	CHECK_STR(canon("policy", "numproc:a:b"), "exit 21");
	CHECK_STR(canon("policy", "numproc: a"), "exit 21");
	CHECK_STR(canon("policy", "numproc:0123456789abcde"), "numproc:0123456789abcde");
	CHECK_STR(canon("policy", "numproc:0123456789abcdef"), "exit 21");
	CHECK_STR(canon("policy", "numproc:observe,numproc:burst"), "exit 21");
	CHECK(strstr(err.msg, "twice"));
}

TEST(names)
{
	CHECK_STR(canon("hostname", "ct101.example.org"), "ct101.example.org");
	CHECK_STR(canon("hostname", ""), "exit 70");
	CHECK_STR(canon("hostname", "-a"), "exit 70");
	CHECK_STR(canon("hostname", "a-"), "exit 70");
	CHECK_STR(canon("hostname", "a..b"), "exit 70");
	CHECK_STR(canon("hostname", "a_b"), "exit 70");
	CHECK_STR(canon("hostname", "a b"), "exit 70");
	CHECK_STR(canon("hostname", "a.-b"), "exit 70");
	CHECK_STR(canon("name", "web 1"), "web 1");
	CHECK_STR(canon("name", ""), "");
	CHECK_STR(canon("name", "101"), "101");
	CHECK_STR(canon("name", "../etc"), "exit 131");
	CHECK_STR(canon("name", "a/b"), "exit 131");
	CHECK_STR(canon("ostemplate", "debian-12-x86_64"), "debian-12-x86_64");
	CHECK_STR(canon("ostemplate", "../x"), "exit 21");
	CHECK_STR(canon("ostemplate", ""), "exit 21");
	CHECK_STR(canon("private", "/vz/private/$VEID"), "/vz/private/$VEID");
	CHECK_STR(canon("private", "vz"), "exit 21");
	CHECK_STR(canon("private", "/vz/../etc"), "exit 21");
	CHECK_STR(canon("private", "/vz/.."), "exit 21");
	CHECK_STR(canon("description", "what; $(x) \"y\""), "what; $(x) \"y\"");
	CHECK_STR(canon("description", "two\nlines"), "exit 21");
}

TEST(lists_add_up)
{
	static const char text[] = "CAPABILITY=\"NET_RAW:off SYS_NICE:off\"\nFEATURES=tun:on\n";
	struct vz_conf *base = vz_conf_parse(text, strlen(text), "t", &err), *c = vz_conf_new();
	struct vz_rights r;

	CHECK(!vz_rights_get(c, &r, &err));
	CHECK(r.drop == vz_rights_default.drop && r.features == vz_rights_default.features);
	vz_conf_set(c, "CAPABILITY", "SYS_NICE:on SYS_TIME:on");
	CHECK(!vz_param_add_up(c, base, &err));
	CHECK_STR(vz_conf_get(c, "CAPABILITY"), "NET_RAW:off SYS_NICE:on SYS_TIME:on");
	CHECK(!vz_conf_get(c, "FEATURES"));
	CHECK(!vz_rights_get(c, &r, &err));
	CHECK(r.drop == ((vz_rights_default.drop & ~(1ULL << 25)) | 1ULL << 13));
	CHECK(!vz_rights_get(base, &r, &err));
	CHECK(VZ_HAS_FEATURE(&r, TUN) && VZ_HAS_FEATURE(&r, SYSFS) && !VZ_HAS_FEATURE(&r, BPF));
	vz_conf_set(c, "CAPABILITY", "NONSENSE:on");
	CHECK(vz_rights_get(c, &r, &err) && strstr(err.msg, "CAPABILITY: \"NONSENSE:on\""));
	vz_conf_free(base);
	vz_conf_free(c);
}

TEST(limit_of_config)
{
	static const char text[] = "NUMPROC=10:20\nDCACHE=5\nNUMFILE=x\nNUMPTY=\n";
	struct vz_conf *c = vz_conf_parse(text, strlen(text), "t", &err);
	struct vz_limit l;

	CHECK(vz_param_limit(vz_param_by_key("NUMPROC"), c, &l, &err) == 1 && l.barrier == 10 &&
	      l.limit == 20);
	CHECK(vz_param_limit(vz_param_by_key("DCACHESIZE"), c, &l, &err) == 1 && l.limit == 5);
	CHECK(vz_param_limit(vz_param_by_key("NUMFLOCK"), c, &l, &err) == 0);
	CHECK(vz_param_limit(vz_param_by_key("NUMPTY"), c, &l, &err) == 0);
	CHECK(vz_param_limit(vz_param_by_key("NUMFILE"), c, &l, &err) == -1);
	CHECK(strstr(err.msg, "NUMFILE") && err.code == VZ_EXIT_BAD_VALUE);
	vz_conf_free(c);
}

TEST(command_line)
{
	const char *argv[] = {
		"vzctl", "--numproc", "40", "--velayout=simfs", "--name", "a/b", NULL
	};
	poptContext pc = poptGetContext("vzctl", 6, argv, vz_param_popt(VZ_PARAM_CREATE), 0);
	struct vz_conf *c = vz_conf_new();
	int rc, bad = 0;

	while ((rc = poptGetNextOpt(pc)) > 0) {
		char *arg = poptGetOptArg(pc);

		CHECK(vz_param_is_popt(rc));
		if (vz_param_take(rc, arg, c, &err) < 0)
			bad++;
		free(arg);
	}
	CHECK(rc == -1);
	CHECK_STR(vz_conf_get(c, "NUMPROC"), "40:40");
	CHECK_STR(vz_conf_get(c, "VE_LAYOUT"), "simfs");
	CHECK(!vz_conf_get(c, "NAME") && bad == 1 && err.code == VZ_EXIT_BAD_NAME);
	vz_conf_free(c);
	poptFreeContext(pc);

	/* --config and --layout make containers, they do not change them. */
	for (struct poptOption *o = vz_param_popt(VZ_PARAM_SET); o->longName; o++)
		CHECK(!vz_streq(o->longName, "config") && !vz_streq(o->longName, "layout"));
	CHECK(vz_param_popt(VZ_PARAM_SET) == vz_param_popt(VZ_PARAM_SET));
}

TAP_MAIN
