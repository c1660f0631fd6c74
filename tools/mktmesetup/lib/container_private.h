/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that call libcryptsetup share.
 */

#ifndef CONTAINER_PRIVATE_H
#define CONTAINER_PRIVATE_H

#include <libcryptsetup.h>

#include "lib_private.h"

#define BINDING_TOKEN_TYPE "mktme"

struct libmktme_container {
	struct crypt_device *cd;
};

/* token.c */
int libmktme_token_setup(void);
int libmktme_token_find(struct crypt_device *cd, const char *type);

/* clevis.c */
extern const crypt_token_handler libmktme_clevis_handler;

/* container.c */
/* What is there is not looked at. */
int libmktme_container_open(const char *path,
			    struct libmktme_container **container);
/* For keyslots to come. */
int libmktme_set_pbkdf(struct crypt_device *cd,
		       const struct libmktme_pbkdf *ours);

#endif /* CONTAINER_PRIVATE_H */
