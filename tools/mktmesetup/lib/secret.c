// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for secrets, and key files.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container_private.h"

int libmktme_secret_alloc(struct libmktme_secret *secret, size_t bytes)
{
	secret->data = crypt_safe_alloc(bytes + 1);
	secret->bytes = secret->data ? bytes : 0;
	return secret->data ? 0 : -ENOMEM;
}

/* What libcryptsetup reads at most if it is told no size */
#define KEY_FILE_MAX	(8ULL << 20)

/*
 * A block device has no size that stat() shows, so libcryptsetup reads it piece
 * by piece and copies all it has each time: seconds, or minutes on a slow
 * machine, to say then that it is too much.
 */
static bool is_large_device(const char *path, uint64_t offset)
{
	struct stat st;
	off_t end;
	int fd;

	if (!path || stat(path, &st) || !S_ISBLK(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	end = lseek(fd, 0, SEEK_END);
	close(fd);
	return end > 0 && (uint64_t)end > offset &&
	       (uint64_t)end - offset > KEY_FILE_MAX;
}

int libmktme_secret_read(struct libmktme_secret *secret, const char *path,
			 uint64_t offset, size_t bytes)
{
	const char *file = strcmp(path, "-") ? path : NULL;

	secret->data = NULL;
	secret->bytes = 0;
	if (!bytes && is_large_device(file, offset))
		return -EFBIG;
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
