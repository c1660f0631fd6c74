/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_MM_H
#define _COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

/*
 * The flag with which a dax holder is told that the device goes away.  Before
 * there was one, it was told of a failure of everything: no flag, offset 0,
 * length U64_MAX.  So look for that, too.
 */
#ifndef HAVE_MF_MEM_PRE_REMOVE
#define MF_MEM_PRE_REMOVE	0
#endif

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
