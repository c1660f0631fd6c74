// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of the header.  Without one, a header that is damaged takes the data
 * with it.
 */

#include "container_private.h"

int libmktme_header_backup(struct libmktme_container *container,
			   const char *file)
{
	return crypt_header_backup(container->cd, CRYPT_LUKS2, file);
}

int libmktme_header_restore(const char *path, const char *file)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_open(path, &container);
	if (err)
		return err;
	err = crypt_header_restore(container->cd, CRYPT_LUKS2, file);
	libmktme_container_free(container);
	return err;
}
