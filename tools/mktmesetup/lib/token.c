// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUKS2 tokens: ours, which is the binding, and those of others.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container_private.h"

/* ---- the binding as libcryptsetup sees it ---- */

/* It unlocks nothing, so "unusable for activation" is the answer. */
static int open_binding(struct crypt_device *cd, int token, char **buffer,
			size_t *bytes, void *arg)
{
	(void)cd;
	(void)token;
	(void)buffer;
	(void)bytes;
	(void)arg;
	return -ENOENT;
}

static int validate_binding(struct crypt_device *cd, const char *json)
{
	struct libmktme_binding binding;

	(void)cd;
	return libmktme_binding_from_json(json, &binding);
}

static const crypt_token_handler binding_handler = {
	.name = BINDING_TOKEN_TYPE,
	.open = open_binding,
	.validate = validate_binding,
};

int libmktme_token_setup(void)
{
	int err;

	err = crypt_token_register(&binding_handler);
	return err ? err : crypt_token_register(&libmktme_clevis_handler);
}

/* ---- the binding ---- */

int libmktme_token_find(struct crypt_device *cd, const char *wanted)
{
	const char *type;
	int token;

	for (token = 0; token < crypt_token_max(CRYPT_LUKS2); token++)
		if (crypt_token_status(cd, token, &type) !=
			    CRYPT_TOKEN_INACTIVE &&
		    type && !strcmp(type, wanted))
			return token;
	return -ENOENT;
}

int libmktme_container_set_binding(struct libmktme_container *container,
				   const struct libmktme_binding *binding)
{
	char *json = libmktme_binding_to_json(binding);
	int token;

	if (!json)
		return -ENOMEM;
	token = crypt_token_json_set(container->cd, CRYPT_ANY_TOKEN, json);
	free(json);
	return token < 0 ? token : 0;
}

int libmktme_container_get_binding(const struct libmktme_container *container,
				   struct libmktme_binding *binding)
{
	const char *json;
	int token, err;

	token = libmktme_token_find(container->cd, BINDING_TOKEN_TYPE);
	if (token < 0) {
		libmktme_reason(
			"the binding is missing: format was interrupted, or the token was removed");
		libmktme_hint(
			"'mktmesetup format' again, or 'mktmesetup token import' from a copy");
		return token;
	}
	err = crypt_token_json_get(container->cd, token, &json);
	if (err < 0)
		return err;
	err = libmktme_binding_from_json(json, binding);
	if (err == -EOPNOTSUPP)
		libmktme_reason("made by a newer version of mktmesetup");
	else if (err)
		libmktme_reason("the binding token is malformed");
	return err;
}

/* ---- all tokens ---- */

static int require_token(struct libmktme_container *container, int token,
			 const char **type)
{
	switch (crypt_token_status(container->cd, token, type)) {
	case CRYPT_TOKEN_INVALID:
		libmktme_reason("there is no token %d", token);
		return -EINVAL;
	case CRYPT_TOKEN_INACTIVE:
		libmktme_reason("token %d is not in use", token);
		return -EINVAL;
	default:
		return 0;
	}
}

int libmktme_token_export(struct libmktme_container *container, int token,
			  const char **json)
{
	const char *type;
	int err;

	err = require_token(container, token, &type);
	if (err)
		return err;
	err = crypt_token_json_get(container->cd, token, json);
	return err < 0 ? err : 0;
}

static int require_free_token(struct libmktme_container *container, int token)
{
	const char *type;

	if (token == LIBMKTME_ANY)
		return 0;
	switch (crypt_token_status(container->cd, token, &type)) {
	case CRYPT_TOKEN_INACTIVE:
		return 0;
	case CRYPT_TOKEN_INVALID:
		libmktme_reason("there is no token %d", token);
		return -EINVAL;
	default:
		libmktme_reason("token %d is in use", token);
		return -EINVAL;
	}
}

/* A second binding would leave open which one counts. */
static int refuse_second_binding(struct libmktme_container *container,
				 const char *json)
{
	struct libmktme_binding binding;

	if (libmktme_binding_from_json(json, &binding) ||
	    libmktme_token_find(container->cd, BINDING_TOKEN_TYPE) < 0)
		return 0;
	libmktme_reason("there is a binding token already");
	return -EEXIST;
}

int libmktme_token_import(struct libmktme_container *container, int token,
			  int slot, const char *json)
{
	int err;

	err = require_free_token(container, token);
	if (!err)
		err = refuse_second_binding(container, json);
	if (!err && slot != LIBMKTME_ANY)
		err = libmktme_keyslot_require(container, slot);
	if (err)
		return err;
	token = crypt_token_json_set(container->cd, token, json);
	if (token == -EINVAL)
		libmktme_reason("not a LUKS2 token");
	if (token < 0 || slot == LIBMKTME_ANY)
		return token;
	err = crypt_token_assign_keyslot(container->cd, token, slot);
	if (err >= 0)
		return token;
	crypt_token_json_set(container->cd, token, NULL);
	return err;
}

int libmktme_token_remove(struct libmktme_container *container, int token)
{
	const char *type;
	int err;

	err = require_token(container, token, &type);
	if (err)
		return err;
	if (type && !strcmp(type, BINDING_TOKEN_TYPE)) {
		libmktme_reason(
			"this token is the binding, without which nobody knows where the data is");
		return -EINVAL;
	}
	err = crypt_token_json_set(container->cd, token, NULL);
	return err < 0 ? err : 0;
}
