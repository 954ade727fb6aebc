// SPDX-License-Identifier: GPL-2.0
#include "tap.h"

#include <errno.h>
#include <unistd.h>

#include "lib/ctid.h"
#include "lib/err.h"
#include "lib/limit.h"
#include "lib/num.h"

static int u64_errno(const char *s, uint64_t min, uint64_t max)
{
	uint64_t v = 42;

	errno = 0;
	if (vz_num_u64(s, min, max, &v) == 0)
		return 0;
	return v == 42 ? errno : -1;
}

TEST(u64)
{
	uint64_t v;

	CHECK(vz_num_u64("0", 0, 9, &v) == 0 && v == 0);
	CHECK(vz_num_u64("18446744073709551615", 0, UINT64_MAX, &v) == 0 && v == UINT64_MAX);
	CHECK(u64_errno("18446744073709551616", 0, UINT64_MAX) == ERANGE);
	CHECK(u64_errno("99999999999999999999999999", 0, UINT64_MAX) == ERANGE);
	CHECK(u64_errno("10", 0, 9) == ERANGE);
	CHECK(u64_errno("1", 2, 9) == ERANGE);
	CHECK(u64_errno("", 0, 9) == EINVAL);
	CHECK(u64_errno("-1", 0, 9) == EINVAL);
	CHECK(u64_errno("+1", 0, 9) == EINVAL);
	CHECK(u64_errno(" 1", 0, 9) == EINVAL);
	CHECK(u64_errno("1 ", 0, 9) == EINVAL);
	CHECK(u64_errno("0x1", 0, 9) == EINVAL);
	CHECK(u64_errno("1e3", 0, 9) == EINVAL);
}

TEST(i64)
{
	int64_t v = 0;

	CHECK(vz_num_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v) == 0 && v == INT64_MIN);
	CHECK(vz_num_i64("9223372036854775807", INT64_MIN, INT64_MAX, &v) == 0 && v == INT64_MAX);
	CHECK(vz_num_i64("-5", -5, 5, &v) == 0 && v == -5);
	CHECK(vz_num_i64("-6", -5, 5, &v) < 0 && errno == ERANGE);
	CHECK(vz_num_i64("--5", -5, 5, &v) < 0 && errno == EINVAL);
	CHECK(vz_num_i64("-", -5, 5, &v) < 0 && errno == EINVAL);
	CHECK(vz_num_i64("9223372036854775808", INT64_MIN, INT64_MAX, &v) < 0 && errno == ERANGE);
}

static uint64_t size_of(const char *s)
{
	uint64_t v;
	char suffix;

	return vz_num_size(s, 4096, &v, &suffix) < 0 ? UINT64_MAX : v;
}

TEST(size)
{
	CHECK_U64(size_of("0"), 0);
	CHECK_U64(size_of("17"), 17);
	CHECK_U64(size_of("17b"), 17);
	CHECK_U64(size_of("1k"), 1024);
	CHECK_U64(size_of("1.5K"), 1536);
	CHECK_U64(size_of("2p"), 8192);
	CHECK_U64(size_of("0.5P"), 2048);
	CHECK_U64(size_of("256M"), 268435456);
	CHECK_U64(size_of("1.1G"), 1181116006);	/* cut off, not rounded */
	CHECK_U64(size_of("8388607T"), 8388607ULL << 40);
	CHECK_U64(size_of("8388608T"), UINT64_MAX);
	CHECK_U64(size_of("9223372036854775807"), INT64_MAX);
	CHECK_U64(size_of("9223372036854775808"), UINT64_MAX);
	CHECK_U64(size_of("0.999999999999999999B"), 0);
	CHECK_U64(size_of("1.0000000000000000000B"), UINT64_MAX);
	CHECK_U64(size_of("1.5"), UINT64_MAX);
	CHECK_U64(size_of("1."), UINT64_MAX);
	CHECK_U64(size_of("1.K"), UINT64_MAX);
	CHECK_U64(size_of(".5K"), UINT64_MAX);
	CHECK_U64(size_of("K"), UINT64_MAX);
	CHECK_U64(size_of("1KB"), UINT64_MAX);
	CHECK_U64(size_of("1E"), UINT64_MAX);
	CHECK_U64(size_of("1K "), UINT64_MAX);
	CHECK_U64(size_of(""), UINT64_MAX);
}

static struct vz_err err;

static const char *limit(const char *s, enum bc_unit unit)
{
	static char text[VZ_LIMIT_TEXT];
	struct vz_limit l = { 42, 42 };

	memset(&err, 0, sizeof(err));
	if (vz_limit_parse(s, unit, &l, &err) < 0)
		return l.barrier == 42 && l.limit == 42 && err.code == VZ_EXIT_BAD_VALUE ?
			       "bad" :
			       "changed";
	vz_limit_format(&l, text);
	return text;
}

TEST(milli)
{
	static const char *const bad[] = { "", ".", ".5", "1.", "1.2345", "-1", "1,5", "1x", " 1" };
	uint64_t v = 0;

	CHECK(vz_num_milli("0", 5000, &v) == 0 && v == 0);
	CHECK(vz_num_milli("1.5", 5000, &v) == 0 && v == 1500);
	CHECK(vz_num_milli("0.007", 5000, &v) == 0 && v == 7);
	CHECK(vz_num_milli("5", 5000, &v) == 0 && v == 5000);
	CHECK(vz_num_milli("5.001", 5000, &v) < 0 && errno == ERANGE);
	CHECK(vz_num_milli("18446744073709551615", UINT64_MAX, &v) < 0 && errno == ERANGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(vz_num_milli(bad[i], 5000, &v) < 0 && errno == EINVAL);
	CHECK_U64(v, 5000);
}

TEST(limit_units)
{
	CHECK(sysconf(_SC_PAGESIZE) == 4096);
	CHECK_STR(limit("240", BC_UNIT_ITEMS), "240:240");
	CHECK_STR(limit("188:206", BC_UNIT_ITEMS), "188:206");
	CHECK_STR(limit("1k", BC_UNIT_ITEMS), "bad");
	CHECK_STR(limit("1p:2", BC_UNIT_ITEMS), "bad");
	CHECK_STR(limit("2048", BC_UNIT_PAGES), "2048:2048");
	CHECK_STR(limit("256M:272M", BC_UNIT_PAGES), "65536:69632");
	CHECK_STR(limit("4095B:4096b", BC_UNIT_PAGES), "0:1");
	CHECK_STR(limit("10P", BC_UNIT_PAGES), "10:10");
	CHECK_STR(limit("1.5G", BC_UNIT_PAGES), "393216:393216");
	CHECK_STR(limit("14372700:14790164", BC_UNIT_BYTES), "14372700:14790164");
	CHECK_STR(limit("1.5M:2m", BC_UNIT_BYTES), "1572864:2097152");
	CHECK_STR(limit("unlimited", BC_UNIT_BYTES), "unlimited:unlimited");
	CHECK_STR(limit("0:UNLIMITED", BC_UNIT_PAGES), "0:unlimited");
	CHECK_STR(limit("33792:9223372036854775807", BC_UNIT_PAGES), "33792:unlimited");
	CHECK_STR(limit("300:200", BC_UNIT_ITEMS), "300:200");
}

TEST(limit_refusals)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", ":", "1:", ":1", "1:2:3", "-1", "1 :2", " 1", "1\n", "9223372036854775808",
		"unlimitedx", "un", "1,5G", "0x10", "1e9",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111",
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_STR(limit(bad[i], BC_UNIT_BYTES), "bad");
		CHECK(strstr(err.msg, "9223372036854775807") != NULL);
	}
	limit("bogus\033[31m", BC_UNIT_ITEMS);
	CHECK(strstr(err.msg, "bogus\\x1b[31m") != NULL);
}

TEST(disk_units)
{
	struct vz_limit l;

	CHECK(vz_limit_parse_kb("2097152:2306867", &l, &err) == 0 && l.barrier == 2097152 &&
	      l.limit == 2306867);
	CHECK(vz_limit_parse_kb("2G", &l, &err) == 0 && l.barrier == 2097152);
	CHECK(vz_limit_parse_kb("2.2G", &l, &err) == 0 && l.barrier == 2306867);
	CHECK(vz_limit_parse_kb("1023B", &l, &err) == 0 && l.barrier == 0);
}

TEST(ctid)
{
	uint32_t id = 0;

	CHECK(vz_ctid_parse("101", &id, &err) == 0 && id == 101);
	CHECK(vz_ctid_parse("2147483644", &id, &err) == 0 && id == 2147483644U);
	CHECK(vz_ctid_parse("2147483645", &id, &err) < 0 && err.code == VZ_EXIT_BAD_VALUE);
	CHECK(vz_ctid_parse("0", &id, &err) < 0);
	CHECK(vz_ctid_parse("0101", &id, &err) < 0);
	CHECK(vz_ctid_parse("../1", &id, &err) < 0);
	CHECK(vz_ctid_from_conf_name("101.conf", &id) == 0 && id == 101);
	CHECK(vz_ctid_from_conf_name("0.conf", &id) < 0);
	CHECK(vz_ctid_from_conf_name(".conf", &id) < 0);
	CHECK(vz_ctid_from_conf_name("101.conf.destroyed", &id) < 0);
	CHECK(vz_ctid_from_conf_name("ve-basic.conf-sample", &id) < 0);
	CHECK(vz_ctid_from_conf_name("99999999999999999999.conf", &id) < 0);
}

TAP_MAIN
