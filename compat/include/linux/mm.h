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

#endif /* _COMPAT_LINUX_MM_H */
