/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_MEMREMAP_H
#define _COMPAT_LINUX_MEMREMAP_H

#include_next <linux/memremap.h>

/* There was a second argument, a pagemap that one already had. */
#ifndef HAVE_GET_DEV_PAGEMAP_PFN
#define get_dev_pagemap(pfn)	get_dev_pagemap(pfn, NULL)
#endif

#endif /* _COMPAT_LINUX_MEMREMAP_H */
