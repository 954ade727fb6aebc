// SPDX-License-Identifier: GPL-2.0
#include "bc_shares.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bc_cpu.h"

#define LOOKS 6

int bc_wait_turns(unsigned int id, long n)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	struct bc_cpu_use use;
	int ret;

	for (;;) {
		ret = bc_cpu_read(id, &use);
		if (ret || use.share_held_now == n)
			return ret;
		if (bc_now_ms() > end) {
			fprintf(stderr, "# %lld tasks of %u wait, not %ld\n", use.share_held_now,
				id, n);
			return -ETIMEDOUT;
		}
		bc_sleep_ms(2);
	}
}

int bc_shares(struct bc_box *box, int n, long long ns, long long *share)
{
	uint64_t end = bc_now_ms() + BC_WAIT_SECONDS * 1000;
	long long first[BC_SHARES_MAX], sum;
	struct bc_cpu_use use;
	int i;

	for (i = 0; i < n; i++) {
		if (bc_cpu_read(box[i].id, &use))
			return -EIO;
		first[i] = use.used;
	}
	do {
		bc_sleep_ms(50);
		for (i = 0, sum = 0; i < n; i++) {
			if (bc_cpu_read(box[i].id, &use))
				return -EIO;
			share[i] = use.used - first[i];
			sum += share[i];
		}
		if (bc_now_ms() > end)
			return -ETIMEDOUT;
	} while (sum < ns);
	return 0;
}

long bc_part(const long long *share, int n, int i)
{
	long long sum = 0;
	int j;

	for (j = 0; j < n; j++)
		sum += share[j];
	return (share[i] * 100 + sum / 2) / sum;
}

bool bc_gets(struct bc_box *box, int n, int i, long want)
{
	long long share[BC_SHARES_MAX];
	long got;
	int look;

	for (look = 0; look < LOOKS; look++) {
		if (bc_shares(box, n, 3000 * BC_MS, share))
			return false;
		got = bc_part(share, n, i);
		if (labs(got - want) <= 10)
			return true;
		fprintf(stderr, "# box %d of %d got %ld %%, not %ld\n", i, n, got, want);
	}
	return false;
}
