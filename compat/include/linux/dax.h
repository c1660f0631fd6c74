/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_DAX_H
#define _COMPAT_LINUX_DAX_H

#include_next <linux/dax.h>
#include <linux/err.h>
#include <linux/pfn.h>

/*
 * What direct_access operations hand out was a pfn_t, with flags, and became a
 * plain page frame number (unsigned long) when pfn_t was removed.
 */
#ifdef HAVE_PFN_T
#include <linux/pfn_t.h>
#define dax_pfn_t		pfn_t
#define phys_to_dax_pfn(phys)	phys_to_pfn_t(phys, PFN_DEV | PFN_MAP)
#define dax_pfn_to_phys(pfn)	pfn_t_to_phys(pfn)
#else
#define dax_pfn_t		unsigned long
#define phys_to_dax_pfn(phys)	PHYS_PFN(phys)
#define dax_pfn_to_phys(pfn)	PFN_PHYS(pfn)
#endif

/*
 * What direct_access returns for bad memory.  When it was EIO, writing did not
 * try to repair it after any other error.
 */
#ifdef HAVE_DAX_MEM2BLK_ERR
#define DAX_EHWPOISON		EHWPOISON
#else
#define DAX_EHWPOISON		EIO
#endif

/* A failure was NULL, or an ERR_PTR(), until it was always an ERR_PTR(). */
static inline struct dax_device *
compat_alloc_dax(void *private, const struct dax_operations *ops)
{
	return alloc_dax(private, ops) ?:
	       ERR_PTR(IS_ENABLED(CONFIG_DAX) ? -ENOMEM : -EOPNOTSUPP);
}

#define alloc_dax compat_alloc_dax

#endif /* _COMPAT_LINUX_DAX_H */
