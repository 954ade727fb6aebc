// SPDX-License-Identifier: GPL-2.0
/*
 * Charging a row of a beancounter: the counter's arithmetic, and what has to be
 * told when it says no.
 */
#include "bc.h"
#include "policy.h"
#include "refusal.h"
#include "trace.h"

/**
 * bc_charge_quietly() - charge @n units if the row's own bound allows
 * @bc: the beancounter
 * @row: what is charged
 * @n: units
 * @severity: which bound applies
 * @held: out, held afterwards, or when it was refused
 *
 * Counts neither maxheld nor a failure, and asks no policy: for rows whose held
 * is an upper bound and has to be recounted before any of that means something.
 * Then bc_charge_finally() follows.
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_charge_quietly(struct bc *bc, enum bc_resource row, unsigned long n,
		       enum bc_severity severity, unsigned long *held)
{
	if (!bc_counter_try_charge(&bc->row[row], n, severity, held))
		return false;
	trace_beancounter_charge(bc->id, row, n, *held);
	return true;
}

/**
 * bc_charge_finally() - charge @n units; where they do not fit the policy decides
 * @bc: the beancounter
 * @row: what is charged
 * @n: units
 * @severity: which bound applies
 * @held: out, held afterwards, or when it was refused
 *
 * As bc_charge_quietly(), but held is exact and what fails here is refused.
 *
 * Context: any.
 * Return: true if charged.
 */
bool bc_charge_finally(struct bc *bc, enum bc_resource row, unsigned long n,
		       enum bc_severity severity, unsigned long *held)
{
	return likely(bc_charge_quietly(bc, row, n, severity, held)) ||
	       bc_policy_charge(bc, row, n, severity, held);
}

/**
 * bc_try_charge() - charge @n units or refuse
 * @bc: the beancounter
 * @row: what is charged
 * @n: units
 * @severity: which bound applies
 * @err: errno that the caller is going to see if it is refused, negative
 *
 * Context: any.
 * Return: true if charged; otherwise the refusal is counted and recorded.
 */
bool bc_try_charge(struct bc *bc, enum bc_resource row, unsigned long n, enum bc_severity severity,
		   int err)
{
	unsigned long held;

	if (unlikely(!bc_charge_finally(bc, row, n, severity, &held))) {
		bc_refuse(bc, row, n, held, err);
		return false;
	}
	bc_counter_raise_max(&bc->row[row], held);
	return true;
}

/**
 * bc_uncharge() - give back @n units charged before
 * @bc: the beancounter
 * @row: what was charged
 * @n: units
 *
 * Context: any. Cannot fail.
 * Return: held afterwards.
 */
unsigned long bc_uncharge(struct bc *bc, enum bc_resource row, unsigned long n)
{
	unsigned long held = bc_counter_uncharge(&bc->row[row], n);

	trace_beancounter_uncharge(bc->id, row, n, held);
	return held;
}

/**
 * bc_refuse() - count and record a refused attempt
 * @bc: the beancounter
 * @row: what was asked for
 * @n: units asked
 * @held: what was held then
 * @err: errno that the caller is going to see, negative; 0 if a policy granted it
 *
 * Context: any.
 */
void bc_refuse(struct bc *bc, enum bc_resource row, unsigned long n, unsigned long held, int err)
{
	bc_counter_refuse(&bc->row[row]);
	bc_refusal_record(bc, row, n, held, err);
}

/**
 * bc_recount() - make every held exact, where it is only an upper bound
 * @bc: referenced
 *
 * Context: process; may sleep. Costs time in proportion to the container's
 * processes: once before reading all rows, not once a row.
 */
void bc_recount(struct bc *bc)
{
	bc_families_recount(bc);
}

/**
 * bc_read_row() - what is shown of a row, everywhere
 * @bc: referenced, or NULL for the host, which is not charged
 * @row: row number of a resource
 * @out: filled in
 */
void bc_read_row(struct bc *bc, enum bc_resource row, struct bc_row *out)
{
	const struct bc_counter *c = bc ? &bc->row[row] : NULL;

	*out = (struct bc_row){
		.resource = row,
		.state = bc_row_states[row],
		.unit = bc_resource[row].unit,
		.barrier = BC_UNLIMITED,
		.limit = BC_UNLIMITED,
	};
	strscpy(out->name, bc_resource[row].name, sizeof(out->name));
	if (!c || out->state == BC_STATE_NOT_ENFORCED)
		return;
	out->held = max(atomic_long_read(&c->held), 0L);
	out->maxheld = max_t(u64, atomic_long_read(&c->maxheld), 0);
	out->barrier = READ_ONCE(c->barrier);
	out->limit = READ_ONCE(c->limit);
	out->failcnt = atomic_long_read(&c->failcnt);
	bc_families_read(bc, out);
}
