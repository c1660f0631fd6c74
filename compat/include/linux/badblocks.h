/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_LINUX_BADBLOCKS_H
#define _COMPAT_LINUX_BADBLOCKS_H

#include_next <linux/badblocks.h>
#include <linux/limits.h>
#include <linux/minmax.h>

/*
 * Counts were int; clearing returned 0 or an error, and now returns whether it
 * worked.  A range that is too long for an int is done in parts.
 */
#ifndef HAVE_BADBLOCKS_SECTOR_T

#define COMPAT_BADBLOCKS_STEP	((sector_t)INT_MAX)

static inline int compat_badblocks_check(struct badblocks *bb, sector_t s,
					 sector_t sectors, sector_t *first_bad,
					 sector_t *bad_sectors)
{
	int step, count, r = 0;

	for (; !r && sectors; s += step, sectors -= step) {
		step = min(sectors, COMPAT_BADBLOCKS_STEP);
		r = badblocks_check(bb, s, step, first_bad, &count);
		if (r)
			*bad_sectors = count;
	}
	return r;
}

static inline bool compat_badblocks_clear(struct badblocks *bb, sector_t s,
					  sector_t sectors)
{
	int step, r = 0;

	for (; !r && sectors; s += step, sectors -= step) {
		step = min(sectors, COMPAT_BADBLOCKS_STEP);
		r = badblocks_clear(bb, s, step);
	}
	return !r;
}

#define badblocks_check compat_badblocks_check
#define badblocks_clear compat_badblocks_clear

#endif /* HAVE_BADBLOCKS_SECTOR_T */

#endif /* _COMPAT_LINUX_BADBLOCKS_H */
