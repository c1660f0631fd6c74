/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mktme

#if !defined(_MKTME_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MKTME_TRACE_H

#include <linux/tracepoint.h>

/* Numbers of enum mktme_key_kind and enum mktme_window_state; never a key. */
#define show_mktme_key_kind(kind)				\
	__print_symbolic(kind,					\
			 { 0, "key" }, { 1, "random" },		\
			 { 2, "plaintext" })
#define show_mktme_window_state(state)				\
	__print_symbolic(state,					\
			 { 0, "mapping" }, { 1, "live" },	\
			 { 2, "zombie" }, { 3, "gone" })

TRACE_EVENT(mktme_program,
	TP_PROTO(unsigned int keyid, int package, int kind, int error),
	TP_ARGS(keyid, package, kind, error),
	TP_STRUCT__entry(
		__field(unsigned int, keyid)
		__field(int, package)
		__field(int, kind)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->keyid = keyid;
		__entry->package = package;
		__entry->kind = kind;
		__entry->error = error;
	),
	TP_printk("keyid=%u package=%d kind=%s error=%d", __entry->keyid,
		  __entry->package, show_mktme_key_kind(__entry->kind),
		  __entry->error)
);

TRACE_EVENT(mktme_clear,
	TP_PROTO(unsigned int keyid, int package, int error),
	TP_ARGS(keyid, package, error),
	TP_STRUCT__entry(
		__field(unsigned int, keyid)
		__field(int, package)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->keyid = keyid;
		__entry->package = package;
		__entry->error = error;
	),
	TP_printk("keyid=%u package=%d error=%d", __entry->keyid,
		  __entry->package, __entry->error)
);

/* The address says through which KeyID lines are written back. */
TRACE_EVENT(mktme_flush,
	TP_PROTO(u64 phys, u64 bytes),
	TP_ARGS(phys, bytes),
	TP_STRUCT__entry(
		__field(u64, phys)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->phys = phys;
		__entry->bytes = bytes;
	),
	TP_printk("phys=%#llx bytes=%#llx", __entry->phys, __entry->bytes)
);

TRACE_EVENT(mktme_wbinvd,
	TP_PROTO(unsigned int cpus, u64 ns),
	TP_ARGS(cpus, ns),
	TP_STRUCT__entry(
		__field(unsigned int, cpus)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->cpus = cpus;
		__entry->ns = ns;
	),
	TP_printk("cpus=%u ns=%llu", __entry->cpus, __entry->ns)
);

TRACE_EVENT(mktme_window,
	TP_PROTO(u64 phys, u64 bytes, unsigned int keyid, int state),
	TP_ARGS(phys, bytes, keyid, state),
	TP_STRUCT__entry(
		__field(u64, phys)
		__field(u64, bytes)
		__field(unsigned int, keyid)
		__field(int, state)
	),
	TP_fast_assign(
		__entry->phys = phys;
		__entry->bytes = bytes;
		__entry->keyid = keyid;
		__entry->state = state;
	),
	TP_printk("phys=%#llx bytes=%#llx keyid=%u state=%s", __entry->phys,
		  __entry->bytes, __entry->keyid,
		  show_mktme_window_state(__entry->state))
);

#endif /* _MKTME_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE mktme_trace
#include <trace/define_trace.h>
