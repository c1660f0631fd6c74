/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_BLKDEV_H
#define _COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>
#include <linux/file.h>

/* Modes of block devices got names and a type of their own in 6.5. */
#ifndef BLK_OPEN_WRITE
#define BLK_OPEN_READ	FMODE_READ
#define BLK_OPEN_WRITE	FMODE_WRITE
#endif

/* A block device that was opened is a file since 6.9; before it stands for one. */
#ifndef HAVE_BDEV_FILE
static inline struct file *bdev_file_open_by_dev(dev_t dev, fmode_t mode,
						 void *holder, const void *ops)
{
	return (struct file *)blkdev_get_by_dev(dev, mode | FMODE_EXCL, holder);
}

static inline struct block_device *file_bdev(struct file *file)
{
	return (struct block_device *)file;
}

static inline void bdev_fput(struct file *file)
{
	blkdev_put(file_bdev(file), FMODE_READ | FMODE_WRITE | FMODE_EXCL);
}

/* Here all such files are block devices, and it does not wait for others. */
#define __fput_sync bdev_fput
#endif

#endif /* _COMPAT_LINUX_BLKDEV_H */
