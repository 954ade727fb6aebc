// SPDX-License-Identifier: GPL-2.0
/* Any sequence of operations, with values near every edge, against exact sums. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include COUNTER_C

long unit_warnings;
void (*unit_other_cpu)(void);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
	__int128 held, max, barrier, limit, fail;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Small numbers, and those next to LONG_MAX and ULONG_MAX. */
static unsigned long number(uint8_t byte)
{
	unsigned long low = byte & 0x1f;

	/* clang-format off */
	switch (byte >> 5) {
	case 0: return LONG_MAX - low;
	case 1: return (unsigned long)LONG_MAX + low;
	case 2: return ULONG_MAX - low;
	default: return byte - 0x60;
	}
	/* clang-format on */
}

static void charge(struct bc_counter *c, struct model *m, unsigned long n,
		   enum bc_severity severity)
{
	__int128 bound = LONG_MAX;
	unsigned long now;
	bool fits;

	if (severity != BC_FORCE)
		bound = m->limit;
	if (severity == BC_HARD && m->barrier < bound)
		bound = m->barrier;
	fits = m->held + n <= bound;
	must(bc_counter_try_charge(c, n, severity, &now) == fits);
	if (fits) {
		m->held += n;
		bc_counter_raise_max(c, now);
		if (m->held > m->max)
			m->max = m->held;
	} else {
		bc_counter_refuse(c);
		m->fail++;
	}
	must(now == (unsigned long)m->held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = { .barrier = LONG_MAX, .limit = LONG_MAX };
	struct bc_counter c;

	bc_counter_init(&c);
	for (; size >= 3; data += 3, size -= 3) {
		unsigned long a = number(data[1]), b = number(data[2]);

		switch (data[0] % 6) {
		case 0:
			if (a > LONG_MAX || b > LONG_MAX)
				break;
			bc_counter_set(&c, a, b);
			m.barrier = a;
			m.limit = b;
			break;
		case 1:
			if ((__int128)a > m.held)
				a = m.held;
			m.held -= a;
			must(bc_counter_uncharge(&c, a) == (unsigned long)m.held);
			break;
		case 2:
			bc_counter_clear(&c);
			m.max = m.held;
			m.fail = 0;
			break;
		default:
			charge(&c, &m, a, data[0] % 3);
		}
		must(atomic_long_read(&c.held) == m.held && atomic_long_read(&c.maxheld) == m.max &&
		     atomic_long_read(&c.failcnt) == m.fail && !unit_warnings);
	}
	return 0;
}
