/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_BLKDEV_H
#define _COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>

/* Modes of block devices got names and a type of their own in 6.5. */
#ifndef BLK_OPEN_WRITE
#define BLK_OPEN_WRITE	FMODE_WRITE
#endif

#endif /* _COMPAT_LINUX_BLKDEV_H */
