// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file that puts a KeyID into a physical address and maps the result.
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
 *    earlier life of the KeyID, decrypted with another key, may linger.  That is
 *    done already if 1 took all caches, with the key programmed.
 * 3. Before the KeyID is given back the window's lines are written back and
 *    invalidated, through the window.  A dirty one, evicted later, would be
 *    encrypted with the next key.  One that nobody could write to has none.
 *
 * The registry keeps two KeyIDs from ever covering one page.  The exceptions
 * are a raw view, which is only read, and only while the constructor of a
 * target runs, and is invalidated around each use; and what the self-test has
 * to itself, see there.
 *
 * Struct pages take 64 bytes for each page.  They can be kept in the window
 * itself, at its beginning: then they are encrypted like all of it, and a
 * window must not be mapped so before it is known to be the right one.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/io.h>
#include <linux/math.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "mktme_priv.h"

/**
 * struct mktme_raw - a view of what the media holds
 * @base: what is seen
 * @keyid: reference on a NO_ENCRYPT KeyID; NULL for a view through KeyID 0
 * @mapping: addresses through @keyid
 * @remapped: kernel address through KeyID 0, made for this view
 */
struct mktme_raw {
	struct mktme_base base;
	struct mktme_keyid *keyid;
	struct mktme_mapping mapping;
	void *remapped;
};

/**
 * mktme_memmap_bytes() - what struct pages in the window itself take
 * @bytes: length of the rest of the window
 *
 * Return: length of what is to be set aside before the rest, a multiple of
 * 2 MiB; it has struct pages too
 */
size_t mktme_memmap_bytes(size_t bytes)
{
	const size_t per_page = PAGE_SIZE / sizeof(struct page);

	return ALIGN(DIV_ROUND_UP(bytes, per_page - 1), SZ_2M);
}
EXPORT_SYMBOL_GPL(mktme_memmap_bytes);

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
static int check_memory_type(const struct mktme_mapping *mapping,
			     const char **error)
{
	if (is_write_back(mapping->kaddr) &&
	    is_write_back(mapping->kaddr + mapping->bytes - PAGE_SIZE))
		return 0;
	*error = "<device>: not cached write-back through the KeyID; see the MTRR default type";
	return -EOPNOTSUPP;
}

/* The fields of an altmap are constants: it is made elsewhere and copied. */
static void set_altmap(struct dev_pagemap *pgmap, size_t memmap_bytes)
{
	struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(pgmap->range.start),
		.end_pfn = PHYS_PFN(pgmap->range.end),
		.free = PHYS_PFN(memmap_bytes),
	};

	if (!memmap_bytes)
		return;
	memcpy(&pgmap->altmap, &altmap, sizeof(altmap));
	pgmap->flags |= PGMAP_ALTMAP_VALID;
}

/**
 * mktme_mapping_map() - map memory through a KeyID
 * @mapping: zeroed, but for the operations of its pagemap
 * @base: the memory, whose lines have been flushed
 * @keyid: number of the KeyID
 * @is_clean: no cache can hold lines of it, of whatever key
 * @error: set to the reason on failure
 *
 * Context: Process context, sleeps.  Takes the CPU hotplug lock.
 * Return: 0, -EINVAL, -ERANGE, -EOPNOTSUPP (memory type), -ENOMEM
 */
int mktme_mapping_map(struct mktme_mapping *mapping,
		      const struct mktme_base *base, unsigned int keyid,
		      bool is_clean, const char **error)
{
	struct dev_pagemap *pgmap = &mapping->pgmap;
	int r;

	r = mktme_cap_check_range(base->phys, base->bytes, keyid, error);
	if (r)
		return r;
	mapping->phys = (phys_addr_t)keyid << mktme_cap.keyid_shift |
			base->phys;
	mapping->bytes = base->bytes;
	pgmap->type = MEMORY_DEVICE_FS_DAX;
	pgmap->owner = mapping;
	pgmap->nr_range = 1;
	pgmap->range.start = mapping->phys;
	pgmap->range.end = mapping->phys + mapping->bytes - 1;
	set_altmap(pgmap, base->memmap_bytes);
	mapping->kaddr = memremap_pages(pgmap, base->nid);
	if (IS_ERR(mapping->kaddr)) {
		*error = "<device>: cannot map it through the KeyID";
		return PTR_ERR(mapping->kaddr);
	}
	r = check_memory_type(mapping, error);
	if (r) {
		mktme_mapping_unmap(mapping, false);
		return r;
	}
	if (!is_clean)
		mktme_flush_mapping(mapping);
	return 0;
}
EXPORT_SYMBOL_GPL(mktme_mapping_map);

/**
 * mktme_mapping_unmap() - undo mktme_mapping_map()
 * @mapping: one whose pages nobody uses
 * @may_be_dirty: caches may hold lines that were written
 *
 * Struct pages in the window itself are written once more while they are
 * given up, behind the last flush that is possible through the window.
 *
 * Context: Process context, sleeps.  Takes the CPU hotplug lock.
 */
void mktme_mapping_unmap(struct mktme_mapping *mapping, bool may_be_dirty)
{
	bool is_memmap_inside = mapping->pgmap.flags & PGMAP_ALTMAP_VALID;

	if (may_be_dirty || is_memmap_inside)
		mktme_flush_mapping(mapping);
	memunmap_pages(&mapping->pgmap);
	if (is_memmap_inside)
		mktme_flush_everything();
	mapping->kaddr = NULL;
}
EXPORT_SYMBOL_GPL(mktme_mapping_unmap);

/*
 * Raw views
 */

static int map_raw_as_is(struct mktme_raw *raw, const char **error)
{
	if (raw->base.kaddr)
		return 0;
	raw->remapped = memremap(raw->base.phys, raw->base.bytes, MEMREMAP_WB);
	if (raw->remapped)
		return 0;
	*error = "<device>: cannot map it through KeyID 0";
	return -ENOMEM;
}

static int map_raw_unencrypted(struct mktme_raw *raw, const char **error)
{
	const struct mktme_key_ref ref = { .kind = MKTME_KEY_PLAINTEXT };
	struct mktme_volume_key *vk = mktme_volume_key_get(&ref, error);
	int r;

	if (IS_ERR(vk))
		return PTR_ERR(vk);
	raw->keyid = mktme_keyid_get(vk, raw->base.nid, error);
	mktme_volume_key_put(vk);
	if (IS_ERR(raw->keyid))
		return PTR_ERR(raw->keyid);
	r = mktme_mapping_map(&raw->mapping, &raw->base,
			      mktme_keyid_number(raw->keyid), false, error);
	if (r)
		mktme_keyid_put(raw->keyid);
	return r;
}

/**
 * mktme_raw_map() - a view of what the media really holds
 * @base: the memory; may be part of a window
 * @error: set to the reason on failure
 *
 * KeyID 0 shows the media if the firmware set TME to bypass.  If not, KeyID 0
 * has a key of its own and a spare KeyID set to NO_ENCRYPT is needed.
 *
 * The view may only be read.  The caller flushes it, by mktme_raw_flush(),
 * before it reads, and gives it back before it returns to user space.
 *
 * Context: Process context, sleeps.
 * Return: a view to be given back by mktme_raw_unmap(), or an ERR_PTR() as
 * mktme_window_map()
 */
struct mktme_raw *mktme_raw_map(const struct mktme_base *base,
				const char **error)
{
	struct mktme_raw *raw = kzalloc(sizeof(*raw), GFP_KERNEL);
	int r;

	if (!raw) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	raw->base = *base;
	raw->base.memmap_bytes = 0;
	r = mktme_cap.bypass ? map_raw_as_is(raw, error) :
			       map_raw_unencrypted(raw, error);
	if (r) {
		kfree(raw);
		return ERR_PTR(r);
	}
	return raw;
}
EXPORT_SYMBOL_GPL(mktme_raw_map);

/**
 * mktme_raw_unmap() - give a raw view back
 * @raw: from mktme_raw_map()
 *
 * Context: Process context, sleeps.
 */
void mktme_raw_unmap(struct mktme_raw *raw)
{
	if (raw->keyid) {
		mktme_mapping_unmap(&raw->mapping, false);
		mktme_keyid_put(raw->keyid);
	}
	if (raw->remapped)
		memunmap(raw->remapped);
	kfree(raw);
}
EXPORT_SYMBOL_GPL(mktme_raw_unmap);

/**
 * mktme_raw_kaddr() - kernel address of a raw view
 * @raw: from mktme_raw_map()
 *
 * Return: the address of its first byte
 */
void *mktme_raw_kaddr(const struct mktme_raw *raw)
{
	if (raw->keyid)
		return raw->mapping.kaddr;
	return raw->remapped ?: raw->base.kaddr;
}
EXPORT_SYMBOL_GPL(mktme_raw_kaddr);

/**
 * mktme_raw_flush() - write back and invalidate lines of a raw view
 * @raw: from mktme_raw_map()
 * @bytes: how many, from the first
 *
 * What is read through @raw afterwards comes from the media.
 */
void mktme_raw_flush(struct mktme_raw *raw, size_t bytes)
{
	mktme_flush_lines(mktme_raw_kaddr(raw), bytes);
}
EXPORT_SYMBOL_GPL(mktme_raw_flush);
