/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints beancounter:*: charges, releases and refusals as they happen. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM beancounter

#if !defined(BC_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define BC_CORE_TRACE_H

#include <linux/tracepoint.h>

#include "refusal.h"

#define BC_TRACE_NAME_LEN 16

/* clang-format off */
DECLARE_EVENT_CLASS(beancounter_amount,
	TP_PROTO(u32 id, enum bc_resource row, unsigned long amount, unsigned long held),
	TP_ARGS(id, row, amount, held),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, row)
		__field(unsigned long, amount)
		__field(unsigned long, held)
		__array(char, resource, BC_TRACE_NAME_LEN)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->row = row;
		__entry->amount = amount;
		__entry->held = held;
		strscpy(__entry->resource, bc_resource[row].name, BC_TRACE_NAME_LEN);
	),
	TP_printk("id=%u resource=%s amount=%lu held=%lu",
		  __entry->id, __entry->resource, __entry->amount, __entry->held)
);

DEFINE_EVENT(beancounter_amount, beancounter_charge,
	TP_PROTO(u32 id, enum bc_resource row, unsigned long amount, unsigned long held),
	TP_ARGS(id, row, amount, held));

DEFINE_EVENT(beancounter_amount, beancounter_uncharge,
	TP_PROTO(u32 id, enum bc_resource row, unsigned long amount, unsigned long held),
	TP_ARGS(id, row, amount, held));

TRACE_EVENT(beancounter_refused,
	TP_PROTO(u32 id, const struct bc_refusal *r),
	TP_ARGS(id, r),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, row)
		__field(u64, asked)
		__field(u64, held)
		__field(u64, barrier)
		__field(u64, limit)
		__field(int, err)
		__field(pid_t, pid)
		__array(char, comm, TASK_COMM_LEN)
		__array(char, resource, BC_TRACE_NAME_LEN)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->row = r->row;
		__entry->asked = r->asked;
		__entry->held = r->held;
		__entry->barrier = r->barrier;
		__entry->limit = r->limit;
		__entry->err = r->err;
		__entry->pid = r->pid;
		memcpy(__entry->comm, r->comm, TASK_COMM_LEN);
		strscpy(__entry->resource, bc_resource[r->row].name, BC_TRACE_NAME_LEN);
	),
	TP_printk("id=%u resource=%s asked=%llu held=%llu barrier=%llu limit=%llu errno=%d pid=%d comm=%s",
		  __entry->id, __entry->resource, __entry->asked, __entry->held,
		  __entry->barrier, __entry->limit, __entry->err, __entry->pid, __entry->comm)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
