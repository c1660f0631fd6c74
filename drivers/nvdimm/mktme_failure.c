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
 *   because the mutex of memory_failure() is held.  The base's page is marked,
 *   because after a machine check the kernel takes that one out of its mapping;
 *   the mark tells whoever repairs it, us or the pmem driver.
 *
 * A notifier for machine checks does what is left: the NVDIMM driver adds them
 * to the list of bad blocks, but does not know addresses with KeyID bits; and a
 * raw namespace has no struct pages without KeyID, so nothing arrives there.
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
 * Return: 0, or -EOPNOTSUPP: the caller then kills whoever has them mapped, or
 * -EBUSY if it would follow a mapping that is none: only a file system can find
 * those who share a page
 */
int mktme_pgmap_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
			       unsigned long pages, int flags)
{
	struct mktme_window *window = container_of(pgmap, struct mktme_window,
						   mapping.pgmap);
	u64 offset = PFN_PHYS(pfn) - window->mapping.phys;
	int r;

	pr_warn_ratelimited("%s: memory failure at offset %#llx of the window of KeyID %u\n",
			    window->base_name, offset, window->keyid_number);
	r = mktme_window_tell_user(window, offset, (u64)pages << PAGE_SHIFT,
				   flags);
	return r == -EOPNOTSUPP && mktme_page_is_shared(pfn) ? -EBUSY : r;
}

/**
 * struct failure - what has failed
 * @flags: of memory_failure()
 * @dev: device below the windows found, with a reference, or NULL
 */
struct failure {
	int flags;
	struct device *dev;
};

/* The registry's mutex is held, which keeps the window. */
static void queue_failure(struct mktme_window *window, phys_addr_t phys,
			  u64 bytes, int flags)
{
	unsigned long pfn = PHYS_PFN(window->mapping.phys +
				     (phys - window->base.phys));
	unsigned long end = pfn + DIV_ROUND_UP(bytes, PAGE_SIZE);

	for (; pfn < end; pfn++)
		memory_failure_queue(pfn, flags);
}

static void mark_base(phys_addr_t phys, u64 bytes)
{
	unsigned long pfn = PHYS_PFN(phys);
	unsigned long end = pfn + DIV_ROUND_UP(bytes, PAGE_SIZE);

	for (; pfn < end; pfn++)
		SetPageHWPoison(pfn_to_page(pfn));
}

/* The device lock comes before the registry's mutex: only find the device. */
static void note_device(struct failure *failure, struct mktme_window *window)
{
	if (!failure->dev)
		failure->dev = get_device(window->base.dev);
}

static void on_base_failure(struct mktme_window *window, phys_addr_t phys,
			    u64 bytes, void *arg)
{
	struct failure *failure = arg;

	note_device(failure, window);
	mark_base(phys, bytes);
	queue_failure(window, phys, bytes, failure->flags);
}

/**
 * mktme_base_memory_failure() - memory of a base that has struct pages is bad
 * @phys: physical address, without KeyID
 * @bytes: length
 * @flags: of memory_failure()
 *
 * Return: 0, or -EOPNOTSUPP if there is no window over it
 */
int mktme_base_memory_failure(phys_addr_t phys, u64 bytes, int flags)
{
	struct failure failure = { .flags = flags };

	mktme_registry_for_overlaps(phys, bytes, on_base_failure, &failure);
	if (!failure.dev)
		return -EOPNOTSUPP;
	pr_warn_ratelimited("memory failure at %pa\n", &phys);
	put_device(failure.dev);
	return 0;
}

/*
 * Machine checks
 */

static void add_bad_range(struct device *dev, phys_addr_t phys, u64 bytes)
{
	struct nd_region *region = to_nd_region(dev->parent);
	struct nvdimm_bus *bus = to_nvdimm_bus(dev->parent->parent);

	if (!nvdimm_bus_add_badrange(bus, phys, bytes))
		nvdimm_region_notify(region, NVDIMM_REVALIDATE_POISON);
}

static void on_bad_line(struct mktme_window *window, phys_addr_t phys,
			u64 bytes, void *arg)
{
	struct failure *failure = arg;

	note_device(failure, window);
	if (!window->base.kaddr)
		queue_failure(window, phys, bytes, failure->flags);
}

static int on_machine_check(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	struct mce *mce = data;
	u64 keyid_bits = ~((1ULL << mktme_cap.keyid_shift) - 1);
	struct failure failure = { 0 };
	phys_addr_t phys;
	u64 bytes;

	if (!mce_is_memory_error(mce) || mce_is_correctable(mce) ||
	    !mce_usable_address(mce))
		return NOTIFY_DONE;
	bytes = 1ULL << MCI_MISC_ADDR_LSB(mce->misc);
	phys = ALIGN_DOWN(mce->addr & ~keyid_bits, bytes);
	mktme_registry_for_overlaps(phys, bytes, on_bad_line, &failure);
	if (!failure.dev)
		return NOTIFY_DONE;
	if (mce->addr & keyid_bits) {
		pr_warn_ratelimited("machine check at %pa, KeyID removed\n",
				    &phys);
		add_bad_range(failure.dev, phys, bytes);
	}
	put_device(failure.dev);
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
