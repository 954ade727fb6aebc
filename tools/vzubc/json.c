// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "lib/json.h"
#include "vzubc.h"

static const char *const units[] = {
	[BC_UNIT_ITEMS] = "items",
	[BC_UNIT_PAGES] = "pages",
	[BC_UNIT_BYTES] = "bytes",
};

static const char *const lives[] = {
	[BC_LIFE_NEW] = "new",
	[BC_LIFE_ARMED] = "armed",
	[BC_LIFE_RUNNING] = "running",
	[BC_LIFE_STOPPED] = "stopped",
};

static void row_object(const struct vz_row *row)
{
	printf("      ");
	vz_json_string(stdout, row->name);
	printf(": { \"unit\": \"%s\", \"state\": \"%s\"",
	       row->unit >= 0 && row->unit <= BC_UNIT_BYTES ? units[row->unit] : "unknown",
	       vz_state_word(row->state));
	for (int k = 0; k < VZ_NUMBERS; k++)
		printf(", \"%s\": %" PRIu64, vz_number_names[k], row->n[k]);
	printf(" }");
}

int show_json(const struct options *o, struct vz_err *e)
{
	struct vz_counters_set set;

	if (read_counters(o, &set, e) < 0)
		return -1;
	putchar('[');
	for (size_t i = 0; i < set.count; i++) {
		const struct vz_counters *c = &set.list[i];
		bool known = c->life >= 0 && c->life <= BC_LIFE_STOPPED;
		const char *quote = known ? "\"" : "";

		printf("%s\n  {\n    \"ctid\": %" PRIu32 ",\n    \"life\": %s%s%s,\n"
		       "    \"resources\": {",
		       i ? "," : "", c->id, quote, known ? lives[c->life] : "null", quote);
		for (size_t k = 0; k < c->count; k++) {
			printf(k ? ",\n" : "\n");
			row_object(&c->rows[k]);
		}
		printf("\n    }\n  }");
	}
	printf("\n]\n");
	vz_counters_free(&set);
	return 0;
}

void json_refusal(const struct vz_refusal *r)
{
	char buf[32];

	printf("{ \"ctid\": %" PRIu32 ", ", r->ctid);
	if (r->seq)
		printf("\"seq\": %" PRIu64 ", ", r->seq);
	printf("\"time\": %" PRIu64 ".%06u, \"resource\": ", r->time_ns / 1000000000,
	       (unsigned int)(r->time_ns / 1000 % 1000000));
	vz_json_string(stdout, r->name);
	printf(", \"asked\": %" PRIu64 ", \"held\": %" PRIu64 ", \"barrier\": %" PRIu64
	       ", \"limit\": %" PRIu64 ", \"errno\": \"%s\", \"pid\": %" PRIu32 ", \"comm\": ",
	       r->asked, r->held, r->barrier, r->limit, vz_errno_name(r->error, buf, sizeof(buf)),
	       r->pid);
	vz_json_string(stdout, r->comm);
	printf(" }");
}
