// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file that flushes caches, for windows and for what is below them.
 */

/**
 * DOC: Flushing
 *
 * A range is written back and invalidated line by line, or with everything else
 * that is in any cache (WBINVD on all CPUs).  The first costs in proportion to
 * the length.  The second costs what the caches hold, whatever the length, and
 * every CPU stands still meanwhile, so its cost is that of all of them.  What
 * costs less CPU time altogether is taken, judged by the cheapest that each has
 * been so far; what else ran meanwhile shall not count.
 *
 * A hypervisor may ignore WBINVD, so there lines are flushed, if they can be.
 */

#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <asm/cacheflush.h>
#include <asm/cpufeature.h>
#include <asm/smp.h>

#include "mktme_priv.h"
#include "mktme_trace.h"

/* After as many bytes it is decided again how to go on. */
#define STEP_BYTES	SZ_16M

/* A base without a kernel address is mapped piece by piece. */
#define REMAP_BYTES	((size_t)SZ_1G)

/*
 * The cheapest so far, in ns: a step line by line, and a WBINVD, for which this
 * is a guess until there was one.  Two that measure at a time may each lose
 * what the other has found, which does no harm.
 */
static u64 step_ns;
static u64 wbinvd_ns;

#define WBINVD_GUESS_NS	(10 * NSEC_PER_MSEC)

static void note_cost(u64 *cheapest, u64 ns)
{
	u64 old = READ_ONCE(*cheapest);

	if (!old || ns < old)
		WRITE_ONCE(*cheapest, ns);
}

static bool is_everything_cheaper(size_t bytes)
{
	u64 lines = bytes / STEP_BYTES * READ_ONCE(step_ns);
	u64 everything = READ_ONCE(wbinvd_ns) ?: WBINVD_GUESS_NS;

	return lines > everything * num_online_cpus() &&
	       !boot_cpu_has(X86_FEATURE_HYPERVISOR);
}

/**
 * mktme_flush_everything() - write back and invalidate all caches
 *
 * Context: Process context, interrupts on.
 */
void mktme_flush_everything(void)
{
	u64 start = ktime_get_ns(), ns;

	wbinvd_on_all_cpus();
	ns = ktime_get_ns() - start;
	note_cost(&wbinvd_ns, ns);
	trace_mktme_wbinvd(num_online_cpus(), ns);
}

/*
 * Return: how many bytes from @kaddr on are mapped alike; *@is_present says
 * whether they are at all
 */
static size_t mapped_alike(void *kaddr, bool *is_present)
{
	unsigned long addr = (unsigned long)kaddr;
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);
	unsigned long size = page_level_size(level);

	/* Not pte_present(): that takes the global bit for another one. */
	*is_present = pte && (pte_flags(*pte) & _PAGE_PRESENT);
	return size - (addr & (size - 1));
}

/**
 * mktme_flush_lines() - write back and invalidate
 * @kaddr: address of the first byte; its KeyID decides which view is flushed
 * @bytes: how many
 *
 * After a machine check the kernel takes the page out of its own mapping, where
 * touching it, by CLFLUSH too, is a fault.  Such pages are left out: their
 * content is lost, and a repair maps them again before it flushes them.
 *
 * Context: Process context, sleeps.  Ends with a fence.
 */
void mktme_flush_lines(void *kaddr, size_t bytes)
{
	while (bytes) {
		bool is_present;
		size_t step = min3(mapped_alike(kaddr, &is_present), bytes,
				   (size_t)STEP_BYTES);

		if (is_present)
			clflush_cache_range(kaddr, step);
		kaddr += step;
		bytes -= step;
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(mktme_flush_lines);

/* Return: true if that took everything that is in any cache */
static bool flush_range(void *kaddr, size_t bytes)
{
	size_t step;
	u64 start;

	for (; bytes; kaddr += step, bytes -= step) {
		if (is_everything_cheaper(bytes)) {
			mktme_flush_everything();
			return true;
		}
		step = min_t(size_t, bytes, STEP_BYTES);
		start = ktime_get_ns();
		mktme_flush_lines(kaddr, step);
		if (step == STEP_BYTES)
			note_cost(&step_ns, ktime_get_ns() - start);
	}
	return false;
}

/**
 * mktme_flush_mapping() - write back and invalidate all lines of a mapping
 * @mapping: see there
 *
 * Context: Process context, sleeps.
 */
void mktme_flush_mapping(const struct mktme_mapping *mapping)
{
	trace_mktme_flush(mapping->phys, mapping->bytes);
	flush_range(mapping->kaddr, mapping->bytes);
}

static bool flush_remapped(phys_addr_t phys, size_t bytes)
{
	void *kaddr = memremap(phys, bytes, MEMREMAP_WB);
	bool is_everything;

	if (!kaddr) {
		mktme_flush_everything();
		return true;
	}
	is_everything = flush_range(kaddr, bytes);
	memunmap(kaddr);
	return is_everything;
}

/**
 * mktme_flush_base() - write back and invalidate what KeyID 0 has in caches
 * @base: the memory
 *
 * Context: Process context, sleeps.
 * Return: true if that took everything that is in any cache, of whatever KeyID
 */
bool mktme_flush_base(const struct mktme_base *base)
{
	size_t done, step;

	trace_mktme_flush(base->phys, base->bytes);
	if (base->kaddr)
		return flush_range(base->kaddr, base->bytes);
	for (done = 0; done < base->bytes; done += step) {
		if (is_everything_cheaper(base->bytes - done)) {
			mktme_flush_everything();
			return true;
		}
		step = min_t(size_t, base->bytes - done, REMAP_BYTES);
		if (flush_remapped(base->phys + done, step))
			return true;
	}
	return false;
}
