// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signatures that file systems and others left on a block device; the only
 * file that calls libblkid.
 */

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib_private.h"

static blkid_probe open_probe(const char *path, int flags, int *fd)
{
	blkid_probe probe;

	*fd = open(path, flags | O_CLOEXEC);
	if (*fd < 0)
		return NULL;
	probe = blkid_new_probe();
	if (!probe || blkid_probe_set_device(probe, *fd, 0, 0)) {
		blkid_free_probe(probe);
		close(*fd);
		errno = ENOMEM;
		return NULL;
	}
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE |
							 BLKID_SUBLKS_MAGIC |
							 BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC |
							BLKID_PARTS_FORCE_GPT);
	return probe;
}

static const char *signature_type(blkid_probe probe)
{
	const char *type;

	if (!blkid_probe_lookup_value(probe, "TYPE", &type, NULL) ||
	    !blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL))
		return type;
	return "unknown";
}

int libmktme_signatures(const char *path,
			void (*fn)(const char *type, void *arg), void *arg)
{
	blkid_probe probe;
	int fd, r, count = 0;

	probe = open_probe(path, O_RDONLY, &fd);
	if (!probe)
		return -errno;
	while ((r = blkid_do_probe(probe)) == 0) {
		fn(signature_type(probe), arg);
		count++;
	}
	blkid_free_probe(probe);
	close(fd);
	return r < 0 ? -EIO : count;
}

int libmktme_signatures_wipe(const char *path)
{
	blkid_probe probe;
	int fd, r;

	/* Of a block device nobody else's; it means nothing for a file. */
	probe = open_probe(path, O_RDWR | O_EXCL, &fd);
	if (!probe)
		return -errno;
	while ((r = blkid_do_probe(probe)) == 0) {
		r = blkid_do_wipe(probe, 0);
		if (r)
			break;
	}
	if (r >= 0 && fsync(fd))
		r = -1;
	blkid_free_probe(probe);
	close(fd);
	return r < 0 ? -EIO : 0;
}
