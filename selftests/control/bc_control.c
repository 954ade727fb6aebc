// SPDX-License-Identifier: GPL-2.0
/*
 * Positive control of the test bench: each value of what= breaks one rule on
 * purpose, and a bench that stays green is blind to that rule. Never install it.
 *
 *   uaf    writes to memory that was freed            KASAN
 *   abba   takes two locks in both orders             lockdep
 *   sleep  takes a mutex under a spinlock             atomic sleep
 *   rcu    reads an RCU pointer without protection    PROVE_RCU
 *   leak   forgets an allocation                      kmemleak
 *   warn   WARN_ON()                                  any kernel
 *
 * Loading fails with EAGAIN after the fault, so that it can be loaded again.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "the fault: uaf, abba, sleep, rcu, leak or warn");

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);
static DEFINE_SPINLOCK(spin);
static int __rcu *published;
static void *forgotten;

static void fault_uaf(void)
{
	int *p = kmalloc(sizeof(*p), GFP_KERNEL);

	kfree(p);
	if (p)
		WRITE_ONCE(*p, 1);
}

static void fault_abba(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

static void fault_sleep(void)
{
	spin_lock(&spin);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	spin_unlock(&spin);
}

static void fault_rcu(void)
{
	if (rcu_dereference(published))
		pr_info("bc_control: nothing was ever published\n");
}

static void fault_leak(void)
{
	WRITE_ONCE(forgotten, kmalloc(777, GFP_KERNEL));
	WRITE_ONCE(forgotten, NULL);
}

static void fault_warn(void)
{
	WARN_ON(1);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "uaf", fault_uaf }, { "abba", fault_abba }, { "sleep", fault_sleep },
	{ "rcu", fault_rcu }, { "leak", fault_leak }, { "warn", fault_warn },
};

static int __init control_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(what, faults[i].name))
			continue;
		faults[i].commit();
		return -EAGAIN;
	}
	pr_err("bc_control: what=\"%s\" is not one of uaf, abba, sleep, rcu, leak, warn\n", what);
	return -EINVAL;
}
module_init(control_init);

MODULE_DESCRIPTION("deliberate faults to test the test bench with");
MODULE_LICENSE("GPL");
