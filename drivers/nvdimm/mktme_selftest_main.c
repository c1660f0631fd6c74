// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test: asks the hardware what documents leave open, on persistent
 * memory that holds nothing.
 */

/**
 * DOC: Self-test
 *
 * Documents of TME-MK contradict each other, and are silent on persistent
 * memory. "mktmesetup probe --self-test" loads this module, names a namespace
 * that holds nothing, and reads the answers; see
 * Documentation/ABI/testing/sysfs-devices-mktme_selftest.
 *
 * A run writes to 2 MiB of the namespace.  It claims the block device as a file
 * system does, so that nobody else uses the memory, and holds the lock of the
 * device that the memory belongs to, so that it does not go away and come back
 * as something else.  KeyIDs are reserved with the engine, which clears them
 * when they are given back, and at restart.  All keys are made for the run and
 * are wiped.
 *
 * The engine's rule that no two KeyIDs cover one page does not hold for this
 * memory: what happens then is among the questions.
 *
 * Locks: the block device's are taken and released first; then the device lock,
 * then what the engine takes.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/badblocks.h>
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/libnvdimm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nd.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mktme_selftest.h"

static struct selftest *selftest_create(struct selftest_result *result)
{
	struct selftest *st = kvzalloc(sizeof(*st), GFP_KERNEL);

	if (!st)
		return NULL;
	st->result = result;
	/*
	 * kmalloc() aligns powers of two naturally, as the instruction wants
	 * it.
	 */
	st->operand = kzalloc(sizeof(*st->operand), GFP_KERNEL);
	if (st->operand)
		return st;
	kvfree(st);
	return NULL;
}

static void selftest_destroy(struct selftest *st)
{
	kfree_sensitive(st->operand);
	kvfree_sensitive(st, sizeof(*st));
}

/*
 * The memory
 */

static bool is_raw_namespace(const struct device *dev)
{
	return dev->type && (!strcmp(dev->type->name, "nd_namespace_io") ||
			     !strcmp(dev->type->name, "nd_namespace_pmem"));
}

/* What is above the disk may only be asked for while the disk is there. */
static struct device *get_parent(struct gendisk *disk)
{
	struct device *dev = NULL;

	mutex_lock(&disk->open_mutex);
	if (disk_live(disk))
		dev = get_device(disk_to_dev(disk)->parent);
	mutex_unlock(&disk->open_mutex);
	return dev;
}

static int check_device(struct block_device *bdev, const struct device *dev,
			const char **error)
{
	if (!dev || !dev->bus || strcmp(dev->bus->name, "nd") || !dev->parent) {
		*error = "it is not persistent memory";
		return -EOPNOTSUPP;
	}
	if (bdev_is_partition(bdev)) {
		*error = "it is a partition";
		return -EOPNOTSUPP;
	}
	if (!is_nvdimm_sync(to_nd_region(dev->parent))) {
		*error = "its flush is asynchronous (virtio-pmem)";
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Where the memory behind sector 0 is */
static int find_phys(struct block_device *bdev, struct device *dev,
		     phys_addr_t *phys, const char **error)
{
	struct mktme_hub *hub;

	if (!blk_queue_dax(bdev->bd_disk->queue) && is_raw_namespace(dev)) {
		*phys = to_nd_namespace_io(dev)->res.start;
		return 0;
	}
	hub = mktme_hub_get(bdev);
	if (!hub) {
		*error = "it is neither in fsdax nor in raw mode";
		return -EOPNOTSUPP;
	}
	*phys = mktme_hub_phys(hub);
	mktme_hub_put(hub);
	return 0;
}

/* Not what others may have at the very beginning */
static int choose_range(struct mktme_base *base, phys_addr_t phys,
			const char **error)
{
	u64 first = ALIGN(phys + SELFTEST_BYTES, SELFTEST_BYTES) - phys;
	sector_t bad, count;

	if (bdev_nr_bytes(base->bdev) < first + SELFTEST_BYTES) {
		*error = "it is too small";
		return -ENOSPC;
	}
	if (base->bdev->bd_disk->bb &&
	    badblocks_check(base->bdev->bd_disk->bb, first >> SECTOR_SHIFT,
			    SELFTEST_BYTES >> SECTOR_SHIFT, &bad, &count)) {
		*error = "it has bad blocks";
		return -EIO;
	}
	base->phys = phys + first;
	base->bytes = SELFTEST_BYTES;
	return 0;
}

static int find_base(struct block_device *bdev, struct device *dev,
		     struct mktme_base *base, const char **error)
{
	phys_addr_t phys;
	int r;

	r = check_device(bdev, dev, error);
	if (r)
		return r;
	base->bdev = bdev;
	base->dev = dev;
	base->nid = bdev->bd_disk->node_id;
	r = find_phys(bdev, dev, &phys, error);
	return r ?: choose_range(base, phys, error);
}

/*
 * A run
 */

/*
 * Nobody unbinds the namespace meanwhile; it takes a few seconds at most.  It may have
 * been bound again, to other memory, since that was looked at: then this disk is dead.
 */
static int run_on_base(struct selftest *st)
{
	int r;

	device_lock(st->base.dev);
	if (disk_live(st->base.bdev->bd_disk)) {
		r = mktme_selftest_views_create(st);
		if (!r)
			r = mktme_selftest_run_checks(st);
		mktme_selftest_views_destroy(st);
	} else {
		st->result->error = "it is being removed";
		r = -ENODEV;
	}
	device_unlock(st->base.dev);
	return r;
}

static int run_on_bdev(struct selftest *st, struct block_device *bdev)
{
	struct device *dev = get_parent(bdev->bd_disk);
	int r;

	r = find_base(bdev, dev, &st->base, &st->result->error);
	if (!r)
		r = run_on_base(st);
	put_device(dev);
	return r;
}

static int run_on(struct selftest *st, dev_t dev)
{
	struct file *file;
	int r;

	/* Exclusively, as a file system or a mapped device would. */
	file = bdev_file_open_by_dev(dev, BLK_OPEN_READ | BLK_OPEN_WRITE, st,
				     NULL);
	if (IS_ERR(file)) {
		r = PTR_ERR(file);
		st->result->error = r == -EBUSY ? "it is in use" :
						  "it cannot be opened";
		return r;
	}
	r = run_on_bdev(st, file_bdev(file));
	bdev_fput(file);
	return r;
}

static int run(dev_t dev)
{
	struct selftest *st;
	int r;

	memset(&mktme_selftest_result, 0, sizeof(mktme_selftest_result));
	st = selftest_create(&mktme_selftest_result);
	if (!st) {
		mktme_selftest_result.error = "out of memory";
		mktme_selftest_state = STATE_FAILED;
		return -ENOMEM;
	}
	mktme_selftest_state = STATE_RUNNING;
	r = run_on(st, dev);
	selftest_destroy(st);
	mktme_selftest_state = r ? STATE_FAILED : STATE_DONE;
	if (r)
		pr_info("device %u:%u: %s (%d)\n", MAJOR(dev), MINOR(dev),
			mktme_selftest_result.error ?: "failed", r);
	return r;
}

static int __init selftest_init(void)
{
	/* If this is not a module, the engine may have found nothing. */
	if (!mktme_cap.keyids)
		return -ENODEV;
	return mktme_selftest_sysfs_init(run);
}
module_init(selftest_init);

static void __exit selftest_exit(void)
{
	mktme_selftest_sysfs_exit();
}
module_exit(selftest_exit);

MODULE_DESCRIPTION("Self-test of TME-MK on persistent memory");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
