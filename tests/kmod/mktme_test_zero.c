// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes a page of a block device by the DAX operation for that, which no file
 * system uses for whole pages of its own accord.  The module loads if that
 * worked, and fails with the error otherwise.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *disk;
module_param(disk, charp, 0400);
MODULE_PARM_DESC(disk, "whole disk that offers DAX");

static ulong page;
module_param(page, ulong, 0400);
MODULE_PARM_DESC(page, "number of the page, from 0");

static int zero_page(struct block_device *bdev)
{
	struct dax_device *dax_dev;
	u64 start;
	int id, r;

	dax_dev = fs_dax_get_by_bdev(bdev, &start, NULL, NULL);
	if (!dax_dev)
		return -EOPNOTSUPP;
	id = dax_read_lock();
	r = dax_zero_page_range(dax_dev, page, 1);
	dax_read_unlock(id);
	fs_put_dax(dax_dev, NULL);
	return r;
}

static int __init mktme_test_zero_init(void)
{
	struct file *file;
	int r;

	if (!disk)
		return -EINVAL;
	file = filp_open(disk, O_RDWR | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	r = zero_page(I_BDEV(file->f_mapping->host));
	filp_close(file, NULL);
	return r;
}
module_init(mktme_test_zero_init);

static void __exit mktme_test_zero_exit(void)
{
}
module_exit(mktme_test_zero_exit);

MODULE_DESCRIPTION("DAX zeroing of one page, for tests");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
