// SPDX-License-Identifier: GPL-2.0
/*
 * The counter engine in user space: its arithmetic against plain sums, and its
 * promises while threads race. COUNTER_C names the file under test; the mutants
 * are tested by the same program and have to fail.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include COUNTER_C

long unit_warnings;
void (*unit_other_cpu)(void);

static bool failed;

/* Says the first thing that is wrong in a test; the rest follows from it. */
#define CHECK(cond)								\
	do {									\
		if (!(cond) && !__atomic_exchange_n(&failed, true, __ATOMIC_RELAXED))	\
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #cond);	\
	} while (0)

static struct bc_counter c;

static long held(void)
{
	return atomic_long_read(&c.held);
}

static long maxheld(void)
{
	return atomic_long_read(&c.maxheld);
}

static long failcnt(void)
{
	return atomic_long_read(&c.failcnt);
}

/* What the kernel does around a charge: maximum, or one more failure. */
static bool charge(unsigned long n, enum bc_severity severity)
{
	unsigned long now;

	if (!bc_counter_try_charge(&c, n, severity, &now)) {
		bc_counter_refuse(&c);
		return false;
	}
	bc_counter_raise_max(&c, now);
	return true;
}

static void start(unsigned long barrier, unsigned long limit)
{
	bc_counter_init(&c);
	bc_counter_set(&c, barrier, limit);
}

static void test_new_is_unlimited(void)
{
	memset(&c, 0xff, sizeof(c));
	bc_counter_init(&c);
	CHECK(c.barrier == LONG_MAX && c.limit == LONG_MAX);
	CHECK(held() == 0 && maxheld() == 0 && failcnt() == 0);
	CHECK(charge(LONG_MAX, BC_HARD) && held() == LONG_MAX);
	CHECK(!charge(1, BC_HARD) && !charge(1, BC_SOFT) && held() == LONG_MAX);
	CHECK(bc_counter_uncharge(&c, LONG_MAX) == 0);
}

static void test_barrier_and_limit(void)
{
	start(10, 12);
	CHECK(charge(10, BC_HARD) && held() == 10);
	CHECK(!charge(1, BC_HARD) && held() == 10);
	CHECK(charge(2, BC_SOFT) && held() == 12);
	CHECK(!charge(1, BC_SOFT) && held() == 12);
	CHECK(charge(1, BC_FORCE) && held() == 13);
	CHECK(!charge(1, BC_HARD) && !charge(1, BC_SOFT));
	CHECK(maxheld() == 13 && failcnt() == 4);
	CHECK(bc_counter_uncharge(&c, 4) == 9);
	CHECK(charge(1, BC_HARD) && !charge(1, BC_HARD));
	CHECK(maxheld() == 13 && failcnt() == 5);
}

static void test_limit_below_barrier(void)
{
	start(20, 5);
	CHECK(!charge(6, BC_HARD) && !charge(6, BC_SOFT) && charge(6, BC_FORCE));
	CHECK(bc_counter_uncharge(&c, 6) == 0 && charge(5, BC_HARD));
}

static void test_zero(void)
{
	start(0, 0);
	CHECK(charge(0, BC_HARD) && !charge(1, BC_HARD) && !charge(1, BC_SOFT));
	CHECK(charge(3, BC_FORCE) && !charge(0, BC_HARD) && held() == 3);
	CHECK(bc_counter_uncharge(&c, 0) == 3);
}

static void test_huge_requests(void)
{
	start(100, 100);
	CHECK(charge(100, BC_HARD));
	CHECK(!charge(LONG_MAX, BC_HARD) && !charge(LONG_MAX, BC_SOFT));
	CHECK(!charge(ULONG_MAX, BC_HARD) && !charge((unsigned long)LONG_MAX + 1, BC_SOFT));
	CHECK(held() == 100 && maxheld() == 100);
}

static void test_refusal_tells_held(void)
{
	unsigned long now = 0;

	start(10, 10);
	CHECK(charge(7, BC_HARD));
	CHECK(!bc_counter_try_charge(&c, 4, BC_HARD, &now) && now == 7);
	CHECK(bc_counter_try_charge(&c, 3, BC_HARD, &now) && now == 10);
	/* A quiet charge counts nothing. */
	CHECK(maxheld() == 7 && failcnt() == 0);
}

static void test_lowered_limit(void)
{
	start(100, 100);
	CHECK(charge(80, BC_HARD));
	bc_counter_set(&c, 50, 60);
	CHECK(held() == 80 && !charge(1, BC_HARD) && !charge(1, BC_SOFT));
	CHECK(bc_counter_uncharge(&c, 31) == 49 && charge(1, BC_HARD) && !charge(1, BC_HARD));
}

/* No charge but a forced one; what a policy answers is the bound instead. */
static void test_ask_always(void)
{
	unsigned long now;

	start(10, 12);
	CHECK(charge(3, BC_HARD));
	bc_counter_ask_always(&c, true);
	CHECK(!bc_counter_try_charge(&c, 1, BC_HARD, &now) && now == 3);
	CHECK(!bc_counter_try_charge(&c, 1, BC_SOFT, &now) && now == 3);
	CHECK(bc_counter_try_charge(&c, 1, BC_FORCE, &now) && now == 4);
	bc_counter_set(&c, 5, 6);
	CHECK(!bc_counter_try_charge(&c, 1, BC_HARD, &now) && now == 4);
	CHECK(bc_counter_charge_below(&c, 16, 20, &now) && now == 20);
	CHECK(!bc_counter_charge_below(&c, 1, 20, &now) && now == 20);
	CHECK(!bc_counter_charge_below(&c, 1, 0, &now) && now == 20);
	CHECK(bc_counter_charge_below(&c, LONG_MAX - 20, LONG_MAX, &now) && now == LONG_MAX);
	CHECK(!bc_counter_charge_below(&c, 1, LONG_MAX, &now) && now == LONG_MAX);
	CHECK(bc_counter_uncharge(&c, LONG_MAX - 4) == 4);
	bc_counter_ask_always(&c, false);
	CHECK(charge(1, BC_HARD) && !charge(1, BC_HARD) && charge(1, BC_SOFT));
	CHECK(!charge(1, BC_SOFT) && held() == 6);
	bc_counter_ask_always(&c, true);
	bc_counter_init(&c);
	CHECK(charge(1, BC_HARD));
}

static void test_classic_bound(void)
{
	CHECK(bc_classic_bound(BC_HARD, 5, 7) == 5 && bc_classic_bound(BC_HARD, 7, 5) == 5);
	CHECK(bc_classic_bound(BC_SOFT, 5, 7) == 7 && bc_classic_bound(BC_SOFT, 7, 5) == 5);
	CHECK(bc_classic_bound(BC_FORCE, 5, 7) == LONG_MAX);
}

static void test_clear(void)
{
	start(10, 10);
	CHECK(charge(9, BC_HARD) && !charge(9, BC_HARD));
	bc_counter_uncharge(&c, 5);
	bc_counter_clear(&c);
	CHECK(held() == 4 && maxheld() == 4 && failcnt() == 0);
	CHECK(c.barrier == 10 && c.limit == 10);
}

static void test_underflow_is_a_warning(void)
{
	long before = unit_warnings;

	start(10, 10);
	CHECK(charge(2, BC_HARD));
	CHECK(bc_counter_uncharge(&c, 3) == 0);
	CHECK(unit_warnings == before + 1 && held() == 0);
	CHECK(charge(10, BC_HARD) && held() == 10);
	unit_warnings = before;
}

static void test_layout(void)
{
	/* A charge writes one line, and not that of the bounds. */
	CHECK(offsetof(struct bc_counter, held) / 64 != offsetof(struct bc_counter, limit) / 64);
	CHECK(offsetof(struct bc_counter, held) / 64 == offsetof(struct bc_counter, failcnt) / 64);
}

static unsigned int rnd(unsigned int *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static __int128 model_bound(enum bc_severity severity, __int128 barrier, __int128 limit)
{
	if (severity == BC_FORCE)
		return LONG_MAX;
	if (severity == BC_SOFT)
		return limit;
	return barrier < limit ? barrier : limit;
}

/* A million random operations against sums that cannot overflow. */
static void test_against_a_model(void)
{
	unsigned int seed = 12345;
	__int128 m_held = 0, m_max = 0, barrier = 50, limit = 70;
	long m_fail = 0;

	start(50, 70);
	for (int i = 0; i < 1000000; i++) {
		unsigned long n = rnd(&seed) % 20;
		enum bc_severity severity = rnd(&seed) % 8 ? rnd(&seed) % 2 : BC_FORCE;
		__int128 bound = model_bound(severity, barrier, limit);
		bool fits = m_held + n <= bound;

		switch (rnd(&seed) % 16) {
		case 0:
			barrier = rnd(&seed) % 100;
			limit = rnd(&seed) % 100;
			bc_counter_set(&c, barrier, limit);
			break;
		case 1 ... 7:
			if (n > m_held)
				n = m_held;
			m_held -= n;
			CHECK(bc_counter_uncharge(&c, n) == (unsigned long)m_held);
			break;
		default:
			CHECK(charge(n, severity) == fits);
			if (fits)
				m_held += n;
			else
				m_fail++;
			if (m_held > m_max)
				m_max = m_held;
		}
		CHECK(held() == m_held && maxheld() == m_max && failcnt() == m_fail);
		if (failed)
			return;
	}
}

/* ---- two CPUs, step by step ------------------------------------------------------ */

static bool other_charged;

static void other_charges_one(void)
{
	other_charged = charge(1, BC_HARD);
}

static void other_uncharges_one(void)
{
	bc_counter_uncharge(&c, 1);
}

static void other_raises(void)
{
	bc_counter_raise_max(&c, 9);
}

static void test_meanwhile_another_charges(void)
{
	start(10, 10);
	CHECK(charge(8, BC_HARD));
	unit_other_cpu = other_charges_one;
	CHECK(!charge(2, BC_HARD) && other_charged && held() == 9);
	CHECK(bc_counter_uncharge(&c, 9) == 0);
	unit_other_cpu = other_charges_one;
	CHECK(charge(9, BC_HARD) && other_charged && held() == 10);
}

static void test_meanwhile_another_uncharges(void)
{
	start(10, 10);
	CHECK(charge(5, BC_HARD));
	unit_other_cpu = other_uncharges_one;
	CHECK(charge(5, BC_HARD) && held() == 9);
}

/* Giving back is one step: what another gives back meanwhile is not lost. */
static void test_meanwhile_another_uncharges_too(void)
{
	start(10, 10);
	CHECK(charge(8, BC_HARD));
	unit_other_cpu = other_uncharges_one;
	bc_counter_uncharge(&c, 3);
	held(); /* the moment after at the latest */
	CHECK(held() == 4);
}

/* What does not fit must not be in the way of what does, not for a moment. */
static void test_meanwhile_another_fits(void)
{
	start(100, 100);
	CHECK(charge(1, BC_HARD));
	unit_other_cpu = other_charges_one;
	CHECK(!charge(100, BC_HARD) && other_charged && held() == 2);
}

static void test_meanwhile_another_raises(void)
{
	start(10, 10);
	unit_other_cpu = other_raises;
	bc_counter_raise_max(&c, 5);
	CHECK(maxheld() == 9);
}

/* ---- threads -------------------------------------------------------------------- */

#define THREADS	8
#define ROUNDS	60000

static pthread_barrier_t go;
static long refused[THREADS];
static bool stop;

struct worker {
	int id;
	void (*run)(int id);
};

static void *worker(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(&go);
	w->run(w->id);
	return NULL;
}

static void race(void (*run)(int id))
{
	struct worker w[THREADS];
	pthread_t t[THREADS];

	memset(refused, 0, sizeof(refused));
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	pthread_barrier_init(&go, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ i, run };
		if (pthread_create(&t[i], NULL, worker, &w[i]))
			abort();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&go);
}

static long all_refused(void)
{
	long sum = 0;

	for (int i = 0; i < THREADS; i++)
		sum += refused[i];
	return sum;
}

/* Thread 0 looks on and must never see held outside of 0 to the limit. */
static void crowd(int id)
{
	unsigned int seed = id + 1;

	if (id == 0) {
		while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
			CHECK(held() >= 0 && held() <= 100 && maxheld() <= 100);
		return;
	}
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long n = rnd(&seed) % 60 + 1;

		if (charge(n, BC_HARD)) {
			CHECK(held() <= 100);
			bc_counter_uncharge(&c, n);
		} else {
			refused[id]++;
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}

static void test_race_never_above_the_limit(void)
{
	/* Some requests never fit, so that there are refusals on one CPU, too. */
	start(100, 100);
	CHECK(charge(45, BC_HARD));
	race(crowd);
	CHECK(held() == 45);
	CHECK(failcnt() == all_refused() && failcnt() > 0);
	CHECK(maxheld() > 45 && maxheld() <= 100);
}

/* Half of the threads ask for what never fits, half for what always does. */
static void giants_and_dwarfs(int id)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (id % 2) {
			CHECK(!charge(100, BC_HARD));
			refused[id]++;
		} else {
			CHECK(charge(1, BC_HARD));
			bc_counter_uncharge(&c, 1);
		}
		if (__atomic_load_n(&failed, __ATOMIC_RELAXED))
			return;
	}
}

static void test_race_no_spurious_refusal(void)
{
	start(100, 100);
	CHECK(charge(1, BC_HARD));
	race(giants_and_dwarfs);
	CHECK(held() == 1 && maxheld() <= 1 + THREADS / 2);
	CHECK(failcnt() == all_refused());
}

/* Together they ask for exactly the limit, then for one more each. */
static void fill(int id)
{
	for (int i = 0; i < ROUNDS; i++)
		CHECK(charge(1, BC_HARD));
	pthread_barrier_wait(&go);
	refused[id] = !charge(1, BC_HARD);
}

static void test_race_fills_to_the_last_unit(void)
{
	start((long)THREADS * ROUNDS, LONG_MAX);
	race(fill);
	CHECK(held() == (long)THREADS * ROUNDS);
	CHECK(maxheld() == (long)THREADS * ROUNDS);
	CHECK(failcnt() == THREADS && all_refused() == THREADS);
}

/* The highest held that any thread saw is maxheld, exactly. */
static unsigned long highest[THREADS];

static void climb(int id)
{
	unsigned int seed = id + 77;

	highest[id] = 0;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long n = rnd(&seed) % 1000, now;

		if (!bc_counter_try_charge(&c, n, BC_SOFT, &now)) {
			bc_counter_refuse(&c);
			refused[id]++;
			continue;
		}
		bc_counter_raise_max(&c, now);
		if (now > highest[id])
			highest[id] = now;
		bc_counter_uncharge(&c, n);
	}
}

static void test_race_maxheld_is_exact(void)
{
	unsigned long top = 0;

	start(LONG_MAX, 3000);
	race(climb);
	for (int i = 0; i < THREADS; i++)
		top = highest[i] > top ? highest[i] : top;
	CHECK(maxheld() == (long)top && held() == 0);
	CHECK(failcnt() == all_refused());
}

/* The bounds move all the time; what is counted stays right. */
static long kept[THREADS];

static void moving(int id)
{
	unsigned int seed = id + 5;
	unsigned long n;

	for (int i = 0; i < ROUNDS; i++) {
		if (id == 0) {
			bc_counter_set(&c, rnd(&seed) % 100, rnd(&seed) % 100);
			continue;
		}
		n = rnd(&seed) % 3;
		if (charge(n, rnd(&seed) % 3))
			kept[id] += n;
		else
			refused[id]++;
		if (kept[id] > 5) {
			bc_counter_uncharge(&c, kept[id] - 1);
			kept[id] = 1;
		}
	}
}

static void test_race_with_moving_limits(void)
{
	long sum = 0;

	memset(kept, 0, sizeof(kept));
	start(50, 60);
	race(moving);
	for (int i = 0; i < THREADS; i++)
		sum += kept[i];
	CHECK(held() == sum && maxheld() >= sum);
	CHECK(failcnt() == all_refused());
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "new_is_unlimited", test_new_is_unlimited },
	{ "barrier_and_limit", test_barrier_and_limit },
	{ "limit_below_barrier", test_limit_below_barrier },
	{ "zero", test_zero },
	{ "huge_requests", test_huge_requests },
	{ "refusal_tells_held", test_refusal_tells_held },
	{ "lowered_limit", test_lowered_limit },
	{ "ask_always", test_ask_always },
	{ "classic_bound", test_classic_bound },
	{ "clear", test_clear },
	{ "underflow_is_a_warning", test_underflow_is_a_warning },
	{ "layout", test_layout },
	{ "against_a_model", test_against_a_model },
	{ "meanwhile_another_charges", test_meanwhile_another_charges },
	{ "meanwhile_another_uncharges", test_meanwhile_another_uncharges },
	{ "meanwhile_another_uncharges_too", test_meanwhile_another_uncharges_too },
	{ "meanwhile_another_fits", test_meanwhile_another_fits },
	{ "meanwhile_another_raises", test_meanwhile_another_raises },
	{ "race_never_above_the_limit", test_race_never_above_the_limit },
	{ "race_no_spurious_refusal", test_race_no_spurious_refusal },
	{ "race_fills_to_the_last_unit", test_race_fills_to_the_last_unit },
	{ "race_maxheld_is_exact", test_race_maxheld_is_exact },
	{ "race_with_moving_limits", test_race_with_moving_limits },
};

#define N_TESTS	((int)(sizeof(tests) / sizeof(tests[0])))

int main(void)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%d\n", N_TESTS);
	for (int i = 0; i < N_TESTS; i++) {
		failed = false;
		tests[i].run();
		CHECK(unit_warnings == 0);
		unit_warnings = 0;
		bad += failed;
		printf("%s %d %s\n", failed ? "not ok" : "ok", i + 1, tests[i].name);
	}
	return bad ? 1 : 0;
}
