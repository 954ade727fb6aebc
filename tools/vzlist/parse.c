// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <beanpod/beancounter.h>

#include "lib/num.h"
#include "lib/str.h"
#include "vzlist.h"

#define BLANKS	" \t\r"

static bool get_id(const char *word, uint32_t *id)
{
	uint64_t v;

	if (vz_num_u64(word, 1, BC_ID_MAX, &v) < 0)
		return false;
	*id = v;
	return true;
}

/* The kernel lists addresses last one first. */
static void reverse(char **words, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		char *other = words[n - 1 - i];

		words[n - 1 - i] = words[i];
		words[i] = other;
	}
}

int parse_veinfo(const char *text, struct cts *set)
{
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, BLANKS, &n))) {
		struct ct *ct;
		uint64_t v;
		uint32_t id;

		if (n < 3 || !get_id(words[0], &id) ||
		    vz_num_u64(words[1], 0, UINT32_MAX, &v) < 0 ||
		    vz_num_u64(words[2], 0, UINT32_MAX, &v) < 0) {
			free(words);
			continue;
		}
		ct = cts_get(set, id);
		if (!ct) {
			free(words);
			return -1;
		}
		ct->running = true;
		free(ct->ips);
		/* The array is kept; its first three words make room for no more. */
		memmove(words, words + 3, (n - 2) * sizeof(*words));
		ct->ips = words;
		ct->n_ips = n - 3;
		reverse(ct->ips, ct->n_ips);
	}
	return 0;
}

/* "ID:" */
static bool get_row_id(char *word, uint32_t *id)
{
	size_t len = strlen(word);

	if (len < 2 || word[len - 1] != ':')
		return false;
	word[len - 1] = '\0';
	return get_id(word, id);
}

/* Columns: veid id parent weight rate tasks run cpus flags ready ... */
static void take_fairsched(struct cts *set, char **words)
{
	uint64_t zero, weight, rate;
	struct ct *ct;
	uint32_t id;

	if (vz_num_u64(words[0], 0, UINT32_MAX, &zero) < 0 || zero || !get_id(words[1], &id) ||
	    vz_num_u64(words[3], 1, UINT32_MAX, &weight) < 0 ||
	    vz_num_u64(words[4], 0, UINT32_MAX, &rate) < 0)
		return;
	ct = cts_find(set, id);
	if (!ct)
		return;
	ct->has_cpulimit = ct->has_cpuunits = true;
	ct->cpuunits = (500000 + weight / 2) / weight;
	ct->cpulimit = (rate * 100 + 512) / 1024;
}

void parse_fairsched(const char *text, struct cts *set)
{
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, BLANKS, &n))) {
		if (n >= 10)
			take_fairsched(set, words);
		free(words);
	}
}

uint64_t whole_percent(uint64_t hundredths)
{
	return hundredths && hundredths < 100 ? 1 : (hundredths + 50) / 100;
}

void parse_cpu(const char *text, struct ct *ct)
{
	uint64_t value;
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, BLANKS, &n))) {
		if (n != 2) {
			free(words);
			continue;
		}
		if (vz_streq(words[0], "limit") &&
		    vz_num_u64(words[1], 0, BC_CPU_LIMIT_MAX, &value) == 0) {
			ct->has_cpulimit = true;
			ct->cpulimit = whole_percent(value);
		} else if (vz_streq(words[0], "units") &&
			   vz_num_u64(words[1], 1, BC_CPU_UNITS_MAX, &value) == 0) {
			ct->has_cpuunits = true;
			ct->cpuunits = value;
		} else if (vz_streq(words[0], "cpus") &&
			   vz_num_u64(words[1], 0, BC_CPU_CPUS_MAX, &value) == 0) {
			ct->has_cpus = true;
			ct->cpus = value;
		} else if (vz_streq(words[0], "cpuclass") &&
			   vz_num_u64(words[1], 0, BC_CPU_CLASS_MAX, &value) == 0) {
			ct->has_cpuclass = true;
			ct->cpuclass = value;
		}
		free(words);
	}
}

static bool take_disk(char **words, uint64_t out[N_DISK])
{
	uint64_t v[N_DISK];

	for (int i = 0; i < N_DISK; i++)
		if (vz_num_u64(words[1 + i], 0, UINT64_MAX, &v[i]) < 0)
			return false;
	memcpy(out, v, sizeof(v));
	return true;
}

void parse_vzquota(const char *text, struct cts *set)
{
	struct ct *ct = NULL;
	char **words;
	size_t n;

	while ((words = vz_line_words(&text, BLANKS, &n))) {
		uint32_t id;

		if (n >= 1 && words[0][strlen(words[0]) - 1] == ':')
			ct = get_row_id(words[0], &id) ? cts_find(set, id) : NULL;
		else if (n == 6 && ct && vz_streq(words[0], "1k-blocks"))
			ct->has_disk |= take_disk(words, ct->disk[0]);
		else if (n == 6 && ct && vz_streq(words[0], "inodes"))
			ct->has_disk |= take_disk(words, ct->disk[1]);
		free(words);
	}
}
