// SPDX-License-Identifier: GPL-2.0-only
/*
 * What leads to the volume key, in the order that cryptsetup has: what an option
 * names, tokens, and at last the user.
 */

#include <errno.h>
#include <stdio.h>

#include "util.h"

#define DEFAULT_TRIES 3

/* Of one call of unlock(). */
struct attempt {
	struct libmktme_container *container;
	const char *device;
	char *description;
	size_t size;
	struct libmktme_credential *used;
};

/* Hands @cred on to the caller, or frees it. */
static int try_credential(const struct attempt *attempt,
			  struct libmktme_credential *cred)
{
	int err;

	err = libmktme_container_unlock(attempt->container, cred,
					attempt->description, attempt->size);
	if (heed_signals())
		err = -EINTR;
	if (!err && attempt->used)
		*attempt->used = *cred;
	else
		libmktme_credential_free(cred);
	return err;
}

/* Only one passphrase can come from a file or a pipe. */
static uint32_t allowed_tries(void)
{
	if (options.key_file || !can_ask())
		return 1;
	return options.tries ? options.tries : DEFAULT_TRIES;
}

static int by_passphrase(const struct attempt *attempt)
{
	struct libmktme_credential cred = { .slot = options.key_slot };
	uint32_t tries = allowed_tries();
	struct source source;
	int err;

	source_of_passphrase(attempt->device, &source);
	do {
		err = read_secret(&cred.secret, &source);
		if (err)
			return err;
		err = try_credential(attempt, &cred);
		if (err == -EPERM && (agent_has_answers() || --tries))
			fprintf(stderr,
				"No key available with this passphrase.\n");
		else
			return err;
	} while (1);
}

static int by_volume_key(const struct attempt *attempt)
{
	struct libmktme_credential cred = {
		.kind = LIBMKTME_BY_VOLUME_KEY,
		.slot = LIBMKTME_ANY,
	};
	int err;

	err = libmktme_secret_read(&cred.secret, options.volume_key_file, 0, 0);
	return err ? err : try_credential(attempt, &cred);
}

/* As far as a handler tells it from other failures. */
static bool may_be_wrong_pin(int err)
{
	return err == -ENOANO || err == -EPERM || err == -ENOTRECOVERABLE;
}

/* The first attempt is without a PIN. */
static int by_token(const struct attempt *attempt)
{
	struct libmktme_credential cred = {
		.kind = LIBMKTME_BY_TOKEN,
		.slot = LIBMKTME_ANY,
		.token = options.token_id,
		.token_type = options.token_type,
	};
	uint32_t tries = options.tries ? options.tries : DEFAULT_TRIES;
	struct source source = { .question = "Enter token PIN",
				 .is_pin = true };
	int err;

	err = try_credential(attempt, &cred);
	if (err != -ENOANO || !can_ask())
		return err;
	do {
		err = read_secret(&cred.secret, &source);
		if (err)
			return err;
		err = try_credential(attempt, &cred);
		if (may_be_wrong_pin(err) && --tries)
			fprintf(stderr,
				"No token unlocks a keyslot with this PIN.\n");
		else
			return err;
	} while (1);
}

static bool wants_token(bool tries_tokens)
{
	if (options.key_file)
		return false;
	return tries_tokens || options.token_only || options.token_type ||
	       options.token_id != LIBMKTME_ANY;
}

int unlock(struct libmktme_container *container, const char *device,
	   bool tries_tokens, char *description, size_t size,
	   struct libmktme_credential *used)
{
	const struct attempt attempt = {
		.container = container,
		.device = device,
		.description = description,
		.size = size,
		.used = used,
	};
	int err;

	if (options.volume_key_file)
		return by_volume_key(&attempt);
	if (wants_token(tries_tokens)) {
		err = by_token(&attempt);
		if (!err || err == -EINTR || options.token_only)
			return err;
		forget_reason();
	}
	return by_passphrase(&attempt);
}
