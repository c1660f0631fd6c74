// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repairs bad blocks below a window, so that they can be written again.
 */

#include <linux/libnvdimm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/set_memory.h>

#include "mktme_priv.h"

/*
 * Exported by libnvdimm for drivers beside it, and declared in drivers/nvdimm/nd.h,
 * which is not among the headers that modules are built with.
 */
long nvdimm_clear_poison(struct device *dev, phys_addr_t phys, unsigned int len);

static void forget_poison(unsigned long pfn)
{
	struct page *page;

	if (!pfn_valid(pfn))
		return;
	page = pfn_to_page(pfn);
	if (PageHWPoison(page)) {
		ClearPageHWPoison(page);
		clear_mce_nospec(pfn);
	}
}

/*
 * The mark says that the kernel may have taken the page out of its mapping, and
 * what has been repaired is going to be written.  If the rest of the page is
 * still bad, the list of bad blocks keeps it from being read.
 */
static void forget_pages(phys_addr_t phys, size_t bytes)
{
	unsigned long pfn = PFN_DOWN(phys), end = PFN_UP(phys + bytes);

	for (; pfn < end; pfn++)
		forget_poison(pfn);
}

/**
 * mktme_window_clear_poison() - make the media below usable again
 * @window: from mktme_window_map()
 * @offset: first byte, a multiple of 512
 * @bytes: how many, a multiple of 512
 *
 * The platform's firmware does it, by the address without KeyID; what it
 * leaves there is noise through the window, until the caller has written
 * through it.  Cached lines of both views are dropped: one that was read
 * before the repair would hide it.  The caller takes the blocks off the disk's
 * list.
 *
 * Context: Process context, sleeps.
 * Return: 0, or -EIO if not all of it was repaired
 */
int mktme_window_clear_poison(struct mktme_window *window, size_t offset,
			      size_t bytes)
{
	phys_addr_t phys = window->base.phys + offset;
	long cleared;

	cleared = nvdimm_clear_poison(window->base.dev, phys, bytes);
	if (cleared < 0 || cleared < bytes)
		return -EIO;
	forget_pages(phys, bytes);
	forget_pages(window->mapping.phys + offset, bytes);
	if (window->base.kaddr)
		mktme_flush_lines(window->base.kaddr + offset, bytes);
	mktme_flush_lines(window->mapping.kaddr + offset, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(mktme_window_clear_poison);
