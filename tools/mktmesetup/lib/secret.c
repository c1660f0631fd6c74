// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for secrets, and key files.
 */

#include <errno.h>
#include <string.h>

#include "container_private.h"

int libmktme_secret_alloc(struct libmktme_secret *secret, size_t bytes)
{
	secret->data = crypt_safe_alloc(bytes + 1);
	secret->bytes = secret->data ? bytes : 0;
	return secret->data ? 0 : -ENOMEM;
}

int libmktme_secret_read(struct libmktme_secret *secret, const char *path,
			 uint64_t offset, size_t bytes)
{
	const char *file = strcmp(path, "-") ? path : NULL;

	secret->data = NULL;
	secret->bytes = 0;
	return crypt_keyfile_device_read(NULL, file, &secret->data,
					 &secret->bytes, offset, bytes, 0);
}

void libmktme_secret_free(struct libmktme_secret *secret)
{
	crypt_safe_free(secret->data);
	secret->data = NULL;
	secret->bytes = 0;
}

void libmktme_credential_free(struct libmktme_credential *credential)
{
	libmktme_secret_free(&credential->secret);
}
