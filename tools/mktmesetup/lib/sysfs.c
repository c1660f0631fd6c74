// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading attributes of sysfs.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_private.h"

int libmktme_read_line(const char *path, char *line, size_t size)
{
	int err = 0;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(line, size, file))
		err = ferror(file) ? -EIO : -ENODATA;
	else
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return err;
}

int libmktme_read_u64(const char *path, uint64_t *value)
{
	char line[32], *end;
	int err;

	err = libmktme_read_line(path, line, sizeof(line));
	if (err)
		return err;
	errno = 0;
	*value = strtoull(line, &end, 0);
	if (errno || end == line || *end)
		return -EINVAL;
	return 0;
}
