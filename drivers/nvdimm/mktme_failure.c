// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory failures: one cell has two addresses, with the KeyID and without.
 * Built only if the kernel handles memory failures at all.
 */

/**
 * DOC: Which address arrives
 *
 * - With the KeyID, at the window's pagemap: injected there, or a machine check
 *   on a kernel that does not mask the KeyID bits.  The file system on the
 *   window is asked first, as for any pmem.
 * - Without, at the holder of the base: injected there, or a machine check on a
 *   kernel that does mask them.  It is queued as a failure of the window's
 *   page, since whoever has put data there did so through the window.  Queued,
 *   because the mutex of memory_failure() is held.
 *
 * The NVDIMM driver adds machine checks to the list of bad blocks, but does not
 * know addresses with KeyID bits.  A notifier of ours adds those.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/libnvdimm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/nd.h>
#include <linux/notifier.h>
#include <asm/mce.h>

#include "mktme_priv.h"

/**
 * mktme_pgmap_memory_failure() - pages of a window are bad
 * @pgmap: the window's
 * @pfn: first page, with the KeyID
 * @pages: how many
 * @flags: of memory_failure()
 *
 * Return: 0, or -EOPNOTSUPP: the caller then kills whoever has them mapped
 */
int mktme_pgmap_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
			       unsigned long pages, int flags)
{
	struct mktme_window *window = container_of(pgmap, struct mktme_window,
						   mapping.pgmap);
	u64 offset = PFN_PHYS(pfn) - window->mapping.phys;

	pr_warn_ratelimited("%s: memory failure at offset %#llx of the window of KeyID %u\n",
			    window->base_name, offset, window->keyid_number);
	return mktme_window_tell_user(window, offset, (u64)pages << PAGE_SHIFT,
				      flags);
}

/* The registry's mutex is held, which keeps the window. */
static void queue_failure(struct mktme_window *window, phys_addr_t phys,
			  u64 bytes, void *arg)
{
	unsigned long pfn = PHYS_PFN(window->mapping.phys +
				     (phys - window->base.phys));
	unsigned long end = pfn + DIV_ROUND_UP(bytes, PAGE_SIZE);
	const int *flags = arg;

	for (; pfn < end; pfn++)
		memory_failure_queue(pfn, *flags);
}

/**
 * mktme_base_memory_failure() - memory below windows is bad
 * @phys: physical address, without KeyID
 * @bytes: length
 * @flags: of memory_failure()
 *
 * Return: 0
 */
int mktme_base_memory_failure(phys_addr_t phys, u64 bytes, int flags)
{
	pr_warn_ratelimited("memory failure at %pa\n", &phys);
	mktme_registry_for_overlaps(phys, bytes, queue_failure, &flags);
	return 0;
}

/*
 * Machine checks
 */

struct bad_line {
	phys_addr_t phys;
	struct device *dev;
};

/* The device lock comes before the registry's mutex: only find the device. */
static void find_device(struct mktme_window *window, phys_addr_t phys,
			u64 bytes, void *arg)
{
	struct bad_line *bad = arg;

	if (!bad->dev)
		bad->dev = get_device(window->base.dev);
}

static void add_bad_block(const struct bad_line *bad)
{
	struct nd_region *region = to_nd_region(bad->dev->parent);
	struct nvdimm_bus *bus = to_nvdimm_bus(bad->dev->parent->parent);

	if (!nvdimm_bus_add_badrange(bus, ALIGN_DOWN(bad->phys, L1_CACHE_BYTES),
				     L1_CACHE_BYTES))
		nvdimm_region_notify(region, NVDIMM_REVALIDATE_POISON);
}

static int on_machine_check(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	struct mce *mce = data;
	phys_addr_t keyid_bits = ~((1ULL << mktme_cap.keyid_shift) - 1);
	struct bad_line bad = { .phys = mce->addr & ~keyid_bits };

	if (!mce_is_memory_error(mce) || mce_is_correctable(mce) ||
	    !mce_usable_address(mce) || !(mce->addr & keyid_bits))
		return NOTIFY_DONE;
	mktme_registry_for_overlaps(bad.phys, 1, find_device, &bad);
	if (!bad.dev)
		return NOTIFY_DONE;
	pr_warn_ratelimited("machine check at %pa, KeyID removed\n", &bad.phys);
	add_bad_block(&bad);
	put_device(bad.dev);
	return NOTIFY_OK;
}

static struct notifier_block mce_notifier = {
	.notifier_call	= on_machine_check,
	.priority	= MCE_PRIO_NFIT,
};

/**
 * mktme_failure_init() - listen to machine checks
 */
void mktme_failure_init(void)
{
	mce_register_decode_chain(&mce_notifier);
}

/**
 * mktme_failure_exit() - stop listening
 */
void mktme_failure_exit(void)
{
	mce_unregister_decode_chain(&mce_notifier);
}
