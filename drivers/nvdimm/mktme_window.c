// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file that puts a KeyID into a physical address, maps the result and
 * flushes caches for it.
 */

/**
 * DOC: Windows
 *
 * A window is a range of persistent memory mapped a second time, at
 * KeyID << shift | base, by memremap_pages().  Page frame, struct page and
 * kernel address all carry the KeyID, so that file systems, GUP and DMA reach
 * the media through it without knowing.
 *
 * Caches hold plaintext and are tagged by the address with the KeyID; nothing
 * keeps two KeyIDs of one address coherent (TME spec ch. 7).  Hence:
 *
 * 1. Before the first access through a window the base lines are written back
 *    and invalidated.  A dirty one, evicted later, would overwrite ciphertext.
 * 2. After mapping the window its own lines are invalidated: clean ones of an
 *    earlier life of the KeyID, decrypted with another key, may linger.
 * 3. Before the KeyID is given back the window's lines are written back and
 *    invalidated, through the window.  A dirty one, evicted later, would be
 *    encrypted with the next key.
 *
 * The registry keeps two KeyIDs from ever covering one page.  The single
 * exception is a raw view, which is only read, and only while the constructor
 * of a target runs, and is invalidated around each use.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/cacheflush.h>

#include "mktme_priv.h"

/* Lines are flushed in steps of this size, so that others get the CPU. */
#define FLUSH_STEP_BYTES	SZ_16M

/**
 * struct mktme_window - one mapping
 * @node: in the registry
 * @users: targets that share it; under registry_mutex
 * @is_mapped: false while it is being mapped or unmapped, when it only keeps
 *	others off the range; under registry_mutex
 * @base: what it maps
 * @keyid: reference on the KeyID, or NULL for a raw view through KeyID 0
 * @kaddr: kernel address through the KeyID
 * @pgmap: the struct pages
 */
struct mktme_window {
	struct list_head node;
	unsigned int users;
	bool is_mapped;
	struct mktme_base base;
	struct mktme_keyid *keyid;
	void *kaddr;
	struct dev_pagemap pgmap;
};

/*
 * Protects the list of windows.  Never held while mapping, unmapping or
 * flushing, which take long and take the CPU hotplug lock.
 */
static DEFINE_MUTEX(registry_mutex);
static LIST_HEAD(registry);

/*
 * CLFLUSHOPT works on addresses with their KeyID, so @kaddr decides which view
 * is flushed.  Writes back and invalidates; ends with a fence.
 */
static void flush_lines(void *kaddr, size_t bytes)
{
	while (bytes) {
		size_t step = min_t(size_t, bytes, FLUSH_STEP_BYTES);

		clflush_cache_range(kaddr, step);
		kaddr += step;
		bytes -= step;
		cond_resched();
	}
}

static phys_addr_t tagged_phys(const struct mktme_base *base,
			       const struct mktme_keyid *keyid)
{
	return (phys_addr_t)mktme_keyid_number(keyid) <<
	       mktme_cap.keyid_shift | base->phys;
}

static bool is_write_back(void *kaddr)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)kaddr, &level);
	unsigned long pat = level == PG_LEVEL_4K ? _PAGE_PAT : _PAGE_PAT_LARGE;

	return pte && !(pte_val(*pte) & (_PAGE_PCD | _PAGE_PWT | pat));
}

/*
 * The MTRRs may not know addresses with KeyID bits: then the default type
 * applies, without a word, to kernel and user mappings alike.
 */
static int check_memory_type(const struct mktme_window *window,
			     const char **error)
{
	if (is_write_back(window->kaddr) &&
	    is_write_back(window->kaddr + window->base.bytes - PAGE_SIZE))
		return 0;
	*error = "<device>: not cached write-back through the KeyID; see the MTRR default type";
	return -EOPNOTSUPP;
}

static void unmap_pages(struct mktme_window *window)
{
	flush_lines(window->kaddr, window->base.bytes);
	memunmap_pages(&window->pgmap);
}

static int map_pages(struct mktme_window *window, const char **error)
{
	struct dev_pagemap *pgmap = &window->pgmap;
	phys_addr_t phys = tagged_phys(&window->base, window->keyid);
	int r;

	pgmap->type = MEMORY_DEVICE_FS_DAX;
	pgmap->owner = window;
	pgmap->nr_range = 1;
	pgmap->range.start = phys;
	pgmap->range.end = phys + window->base.bytes - 1;
	window->kaddr = memremap_pages(pgmap, window->base.nid);
	if (IS_ERR(window->kaddr)) {
		*error = "<device>: cannot map it through the KeyID";
		return PTR_ERR(window->kaddr);
	}
	r = check_memory_type(window, error);
	if (r) {
		unmap_pages(window);
		return r;
	}
	flush_lines(window->kaddr, window->base.bytes);
	return 0;
}

static struct mktme_window *window_alloc(const struct mktme_base *base,
					 const char **error)
{
	struct mktme_window *window = kzalloc(sizeof(*window), GFP_KERNEL);

	if (!window) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&window->node);
	window->users = 1;
	window->base = *base;
	return window;
}

/*
 * Registry
 */

static bool overlaps(const struct mktme_window *window,
		     const struct mktme_base *base)
{
	return base->phys < window->base.phys + window->base.bytes &&
	       window->base.phys < base->phys + base->bytes;
}

static bool is_same(const struct mktme_window *window,
		    const struct mktme_window *other)
{
	return window->is_mapped && window->keyid == other->keyid &&
	       window->base.phys == other->base.phys &&
	       window->base.bytes == other->base.bytes;
}

/*
 * device-mapper makes a new table before it lets go of the old one, so the same
 * range with the same key is shared.
 *
 * Return: @new if it was registered, a window to share, or -EBUSY
 */
static struct mktme_window *share_or_register(struct mktme_window *new,
					      const char **error)
{
	struct mktme_window *window;

	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node) {
		if (!overlaps(window, &new->base))
			continue;
		if (is_same(window, new)) {
			window->users++;
		} else {
			*error = "<device>: another window covers part of the range";
			window = ERR_PTR(-EBUSY);
		}
		goto out;
	}
	list_add(&new->node, &registry);
	window = new;
out:
	mutex_unlock(&registry_mutex);
	return window;
}

static void set_mapped(struct mktme_window *window)
{
	mutex_lock(&registry_mutex);
	window->is_mapped = true;
	mutex_unlock(&registry_mutex);
}

/* The range stays taken until unregister(): its lines are still being flushed. */
static bool drop_user(struct mktme_window *window)
{
	bool is_last;

	mutex_lock(&registry_mutex);
	is_last = !--window->users;
	if (is_last)
		window->is_mapped = false;
	mutex_unlock(&registry_mutex);
	return is_last;
}

static void unregister(struct mktme_window *window)
{
	mutex_lock(&registry_mutex);
	list_del(&window->node);
	mutex_unlock(&registry_mutex);
}

static void window_free(struct mktme_window *window)
{
	mktme_keyid_put(window->keyid);
	kfree(window);
}

/**
 * mktme_window_map() - map persistent memory through a KeyID
 * @base: the memory
 * @keyid: the KeyID; the window takes a reference of its own
 * @error: set to the reason on failure
 *
 * The caller keeps everyone else from writing to @base through KeyID 0 for as
 * long as the window exists.
 *
 * Context: Process context, sleeps.  Takes time in proportion to the length.
 * Return: a window to be given back by mktme_window_unmap(), or an ERR_PTR():
 * -EINVAL, -ERANGE, -EBUSY (overlap), -EOPNOTSUPP (memory type), -ENOMEM
 */
struct mktme_window *mktme_window_map(const struct mktme_base *base,
				      struct mktme_keyid *keyid,
				      const char **error)
{
	struct mktme_window *window, *shared;
	int r;

	r = mktme_cap_check_range(base->phys, base->bytes,
				  mktme_keyid_number(keyid), error);
	if (r)
		return ERR_PTR(r);
	window = window_alloc(base, error);
	if (IS_ERR(window))
		return window;
	window->keyid = mktme_keyid_ref(keyid);

	shared = share_or_register(window, error);
	if (shared != window) {
		window_free(window);
		return shared;
	}
	flush_lines(base->kaddr, base->bytes);
	r = map_pages(window, error);
	if (r) {
		unregister(window);
		window_free(window);
		return ERR_PTR(r);
	}
	set_mapped(window);
	return window;
}
EXPORT_SYMBOL_GPL(mktme_window_map);

/**
 * mktme_window_unmap() - give a window back
 * @window: from mktme_window_map(), which nobody has mapped or pinned any more
 *
 * Context: Process context, sleeps.  Takes time in proportion to the length.
 */
void mktme_window_unmap(struct mktme_window *window)
{
	if (!drop_user(window))
		return;
	unmap_pages(window);
	unregister(window);
	window_free(window);
}
EXPORT_SYMBOL_GPL(mktme_window_unmap);

/**
 * mktme_window_kaddr() - kernel address of a window
 * @window: from mktme_window_map() or mktme_raw_map()
 *
 * Return: the address of its first byte
 */
void *mktme_window_kaddr(const struct mktme_window *window)
{
	return window->kaddr;
}
EXPORT_SYMBOL_GPL(mktme_window_kaddr);

/**
 * mktme_window_phys() - physical address of a window, KeyID included
 * @window: from mktme_window_map()
 *
 * Return: the address of its first byte
 */
phys_addr_t mktme_window_phys(const struct mktme_window *window)
{
	return tagged_phys(&window->base, window->keyid);
}
EXPORT_SYMBOL_GPL(mktme_window_phys);

/**
 * mktme_window_flush() - write back and invalidate lines of a view
 * @window: from mktme_window_map() or mktme_raw_map()
 * @offset: first byte
 * @bytes: how many
 *
 * What is read through @window afterwards comes from the media.
 */
void mktme_window_flush(struct mktme_window *window, size_t offset,
			size_t bytes)
{
	flush_lines(window->kaddr + offset, bytes);
}
EXPORT_SYMBOL_GPL(mktme_window_flush);

/**
 * mktme_raw_map() - a view of what the media really holds
 * @base: the memory; may be part of a window
 * @error: set to the reason on failure
 *
 * KeyID 0 shows the media if the firmware set TME to bypass.  If not, KeyID 0
 * has a key of its own and a spare KeyID set to NO_ENCRYPT is needed.
 *
 * The view may only be read.  The caller flushes it, by mktme_window_flush(),
 * before it reads, and gives it back before it returns to user space.
 *
 * Context: Process context, sleeps.
 * Return: a view to be given back by mktme_raw_unmap(), or an ERR_PTR() as
 * mktme_keyid_get() and mktme_window_map()
 */
struct mktme_window *mktme_raw_map(const struct mktme_base *base,
				   const char **error)
{
	struct mktme_window *raw = window_alloc(base, error);
	int r;

	if (IS_ERR(raw))
		return raw;
	if (mktme_cap.bypass) {
		raw->kaddr = base->kaddr;
		return raw;
	}
	raw->keyid = mktme_keyid_get_raw(error);
	if (IS_ERR(raw->keyid)) {
		r = PTR_ERR(raw->keyid);
		goto err_free;
	}
	r = mktme_cap_check_range(base->phys, base->bytes,
				  mktme_keyid_number(raw->keyid), error);
	if (r)
		goto err_put_keyid;
	r = map_pages(raw, error);
	if (r)
		goto err_put_keyid;
	return raw;

err_put_keyid:
	mktme_keyid_put(raw->keyid);
err_free:
	kfree(raw);
	return ERR_PTR(r);
}
EXPORT_SYMBOL_GPL(mktme_raw_map);

/**
 * mktme_raw_unmap() - give a raw view back
 * @raw: from mktme_raw_map()
 */
void mktme_raw_unmap(struct mktme_window *raw)
{
	if (raw->keyid) {
		unmap_pages(raw);
		mktme_keyid_put(raw->keyid);
	}
	kfree(raw);
}
EXPORT_SYMBOL_GPL(mktme_raw_unmap);
