// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers in what people and programs write.
 */

#include <errno.h>
#include <stdlib.h>

#include "libmktme.h"

int libmktme_parse_number(const char *text, uint64_t max, char **end,
			  uint64_t *value)
{
	char *rest;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &rest, 10);
	if (errno || *value > max || (!end && *rest))
		return -EINVAL;
	if (end)
		*end = rest;
	return 0;
}
