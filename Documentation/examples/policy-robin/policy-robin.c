// SPDX-License-Identifier: GPL-2.0
/*
 * robin: plain round robin. Who competes gets the same, whatever the weights:
 *
 *   # modprobe policy-robin quantum_ms=20
 *   # echo robin >/sys/module/fairsched/parameters/policy
 *
 * A container gets older by the time that it runs, and keeps a processor until it is a
 * quantum ahead of the one that has had least. A long quantum switches less, a short
 * one waits less.
 */
#include <linux/module.h>
#include <linux/time64.h>

#include <beanpod/fairsched.h>

static char *name = "robin";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "what it is chosen by (default robin)");

static unsigned int quantum_ms = 12;
module_param(quantum_ms, uint, 0644);
MODULE_PARM_DESC(quantum_ms, "how far ahead one may be (default 12)");

/* All compete with each other: one queue. */
static unsigned int robin_queue(const struct fsched_party *party)
{
	return 0;
}

/* The weight makes no difference. */
static u64 robin_cost(struct fsched_pool *pool, const struct fsched_party *party, u64 ns)
{
	return ns;
}

static u64 robin_lead(const struct fsched_pool *pool, const struct fsched_queue *queue)
{
	return (u64)READ_ONCE(quantum_ms) * NSEC_PER_MSEC;
}

static struct fsched_policy robin = {
	.queue = robin_queue,
	.cost = robin_cost,
	.lead = robin_lead,
};

static int __init robin_init(void)
{
	robin.name = name;
	return fsched_policy_register(&robin);
}

/* If it was chosen, fair decides, and nobody asks it any more, when this returns. */
static void __exit robin_exit(void)
{
	fsched_policy_unregister(&robin);
}

module_init(robin_init);
module_exit(robin_exit);

FSCHED_POLICY_MODULE();
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Processor policy: round robin");
