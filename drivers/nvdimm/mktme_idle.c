// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who still uses the pages of a window: takes user mappings away, and tells
 * whether pages are mapped or pinned.
 */

/**
 * DOC: Pages in use
 *
 * memunmap_pages() waits for references on the pagemap, of which mappings of
 * DAX files hold none: unmapping a window under a live mapping would leave
 * page tables, and the file system's own records, pointing to struct pages
 * that are gone.  So the pages themselves are looked at.
 *
 * A page is idle if no file system has it in a file's page cache (its mapping)
 * and nobody holds a reference.  What an idle page's reference count is differs
 * between kernels (1 before 6.15, then 0), so it is read from a page of the
 * window right after mapping.  The scan goes by folio: with 2 MiB mappings
 * newer kernels make folios of many pages, whose tail pages have no mapping of
 * their own.
 *
 * User mappings are found through the file that the page belongs to.  Pages
 * shared by several files (reflinks) do not name one; then all DAX files of
 * the file system are unmapped.  Only xfs shares DAX pages.  What is unmapped
 * in vain is mapped again at the next touch, unless it is the window's, which
 * has gone from device-mapper's table and gives SIGBUS.  Private copies, which
 * are in DRAM, stay.
 */

#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "mktme_priv.h"

/* A struct page is looked at this often before others get the CPU. */
#define PAGES_PER_STEP		4096

/* Low bits of a mapping say that it is something else. */
#define MAPPING_FLAGS		3UL

/*
 * Shared pages
 */

struct shared_search {
	struct gendisk *disk;
	bool is_found;
};

static void unmap_dax_file(struct inode *inode)
{
	unmap_mapping_range(inode->i_mapping, 0, 0, 0);
}

/*
 * The last reference on a file that was removed is not given up while its file system
 * is frozen: that would wait until it is not, and thawing waits for s_umount, which is
 * held for reading.
 */
static bool is_frozen(const struct super_block *sb)
{
	return sb->s_writers.frozen != SB_UNFROZEN;
}

/* The superblock's inodes stay on its list while one of them is held. */
static void unmap_dax_files(struct super_block *sb)
{
	struct inode *inode, *previous = NULL;

	if (is_frozen(sb))
		return;
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		if (!IS_DAX(inode) || !mapping_mapped(inode->i_mapping) ||
		    !igrab(inode))
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		unmap_dax_file(inode);
		iput(previous);
		previous = inode;
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(previous);
}

static void unmap_if_on_disk(struct super_block *sb, void *arg)
{
	struct shared_search *search = arg;

	if (sb->s_bdev && sb->s_bdev->bd_disk == search->disk) {
		search->is_found = true;
		unmap_dax_files(sb);
	}
}

static void unmap_if_any(struct super_block *sb, void *arg)
{
	unmap_dax_files(sb);
}

/* A file system that is not on the disk itself is on something stacked on it. */
static void unmap_shared_pages(struct gendisk *disk)
{
	struct shared_search search = { .disk = disk };
	struct file_system_type *type = get_fs_type("xfs");

	if (!type)
		return;
	iterate_supers_type(type, unmap_if_on_disk, &search);
	if (!search.is_found)
		iterate_supers_type(type, unmap_if_any, NULL);
	module_put(type->owner);
}

/*
 * Pages
 */

/**
 * struct scan - what one pass over a window has found
 * @idle_refs: reference count of a page that nobody uses
 * @busy_pfn: a page that is in use, 0 if there is none
 * @is_shared: one that is in use does not name the file that it belongs to
 * @mapping: last one that was unmapped; may have gone, and is only compared
 */
struct scan {
	int idle_refs;
	unsigned long busy_pfn;
	bool is_shared;
	const struct address_space *mapping;
};

/*
 * A file system that is being unmounted must find that nobody holds its inodes, so
 * they are held under s_umount only.  Whoever has it for writing, unmounting or
 * freezing, is left to the next pass.
 */
static struct inode *hold_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	if (!down_read_trylock(&sb->s_umount))
		return NULL;
	if (sb->s_root && (sb->s_flags & SB_BORN) && !is_frozen(sb) &&
	    igrab(inode))
		return inode;
	up_read(&sb->s_umount);
	return NULL;
}

/* The superblock is freed after a grace period, and may be as soon as it is let go. */
static void release_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	iput(inode);
	rcu_read_lock();
	up_read(&sb->s_umount);
	rcu_read_unlock();
}

/*
 * Inodes are freed after a grace period of RCU, so the pointer may be followed
 * even if the page leaves the file just now.  Should the folio have become
 * part of a larger one, what was read is no mapping.
 */
static struct inode *get_inode(struct page *page, struct folio *folio,
			       const struct address_space *mapping)
{
	struct inode *inode = NULL;

	rcu_read_lock();
	if (READ_ONCE(folio->mapping) == mapping &&
	    page_folio(page) == folio && mapping->host)
		inode = hold_inode(mapping->host);
	rcu_read_unlock();
	return inode;
}

static bool is_busy(const struct folio *folio, int idle_refs)
{
	return READ_ONCE(folio->mapping) ||
	       folio_ref_count(folio) > idle_refs;
}

static void scan_folio(struct scan *scan, struct page *page,
		       struct folio *folio)
{
	const struct address_space *mapping;
	struct inode *inode;

	if (!is_busy(folio, scan->idle_refs))
		return;
	scan->busy_pfn = page_to_pfn(page);
	if (dax_folio_is_shared(folio)) {
		scan->is_shared = true;
		return;
	}
	mapping = READ_ONCE(folio->mapping);
	if (!mapping || ((unsigned long)mapping & MAPPING_FLAGS) ||
	    mapping == scan->mapping)
		return;
	inode = get_inode(page, folio, mapping);
	if (!inode)
		return;
	unmap_dax_file(inode);
	release_inode(inode);
	scan->mapping = mapping;
}

static unsigned long pages_to_step(unsigned long pfn, struct folio *folio)
{
	unsigned long end = folio_pfn(folio) + folio_nr_pages(folio);

	return end > pfn ? end - pfn : 1;
}

static void scan_pages(struct scan *scan, unsigned long pfn, unsigned long end)
{
	unsigned long steps = 0;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);
		struct folio *folio = page_folio(page);

		scan_folio(scan, page, folio);
		pfn += pages_to_step(pfn, folio);
		if (!(++steps % PAGES_PER_STEP))
			cond_resched();
	}
}

/**
 * mktme_mapping_idle_refs() - reference count of a page that nobody uses
 * @mapping: just made
 * @offset: of one of its pages
 *
 * Return: the count
 */
int mktme_mapping_idle_refs(const struct mktme_mapping *mapping, size_t offset)
{
	return page_ref_count(pfn_to_page(PHYS_PFN(mapping->phys + offset)));
}

/**
 * mktme_page_is_shared() - does a page belong to several files?
 * @pfn: of a window
 *
 * Return: true if it says so, which it does not on kernels whose own code does
 * not stumble over it
 */
bool mktme_page_is_shared(unsigned long pfn)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));

	return (unsigned long)READ_ONCE(folio->mapping) & MAPPING_FLAGS;
}

/**
 * mktme_window_evict_users() - remove user mappings of a window
 * @window: one through which nothing new can be mapped but by faults that have
 *	begun already, so call it again while its disk is open
 * @has_openers: the disk is open
 *
 * Pages that hold the window's own struct pages are nobody else's.  With the disk
 * closed somebody may still hold a page, for as long as he likes: then that one
 * is looked at, and not all of them again.
 *
 * Context: Process context, sleeps.  No lock may be held that a page fault,
 * the file system or memory hotplug takes.
 * Return: true if a page is in use
 */
bool mktme_window_evict_users(struct mktme_window *window, bool has_openers)
{
	phys_addr_t phys = window->mapping.phys;
	struct scan scan = { .idle_refs = window->idle_refs };

	if (!has_openers && window->busy_pfn)
		scan_pages(&scan, window->busy_pfn, window->busy_pfn + 1);
	if (!scan.busy_pfn)
		scan_pages(&scan, PHYS_PFN(phys + window->base.memmap_bytes),
			   PHYS_PFN(phys + window->mapping.bytes));
	window->busy_pfn = scan.busy_pfn;
	if (scan.is_shared && has_openers)
		unmap_shared_pages(window->disk);
	return scan.busy_pfn;
}
