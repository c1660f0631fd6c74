/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_MM_H
#define _COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

/*
 * A DAX folio that files share names none of them.  The kernel's own test for
 * that is private to fs/dax.c.  First the mapping had a mark instead, then the
 * folio got a count.
 */
static inline bool dax_folio_is_shared(const struct folio *folio)
{
#ifdef HAVE_FOLIO_SHARE
	return !READ_ONCE(folio->mapping) && READ_ONCE(folio->share);
#else
	return (unsigned long)READ_ONCE(folio->mapping) == 1;
#endif
}

#endif /* _COMPAT_LINUX_MM_H */
