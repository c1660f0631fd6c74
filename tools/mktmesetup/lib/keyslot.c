// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keyslots: unlock the volume key with what the user has, and say who else can.
 * All of it is libcryptsetup's; cryptsetup works on the same header.
 */

#include <errno.h>
#include <stdio.h>

#include "container_private.h"

/* ---- unlock ---- */

static const char *secret_or_null(const struct libmktme_secret *secret)
{
	return secret->bytes ? secret->data : NULL;
}

/*
 * Handlers answer what they like: that of systemd for a TPM2 says ENOTRECOVERABLE
 * for a wrong PIN as well as for another TPM.
 */
static void explain_token(int err, bool has_pin)
{
	switch (err) {
	case -ENOENT:
		libmktme_reason("No usable token is available.");
		break;
	case -ENOANO:
	case -EPERM:
	case -EAGAIN:
	case -ENOTRECOVERABLE:
		if (has_pin)
			libmktme_reason(
				"No token unlocks a keyslot with this PIN.");
		else if (err == -ENOANO)
			libmktme_reason("The token wants a PIN.");
		else
			libmktme_reason("No token unlocks a keyslot.");
	}
}

static void explain_unlock(int err, const struct libmktme_credential *cred)
{
	if (cred && cred->kind == LIBMKTME_BY_TOKEN)
		explain_token(err, cred->secret.bytes);
	else if (err == -EPERM)
		libmktme_reason("No key available with this passphrase.");
	else if (err == -ENOENT)
		libmktme_reason("No usable keyslot is available.");
	libmktme_key_explain(err);
}

/* The highest one of the keyslots that a token opens; to be ignored if there is none. */
static crypt_keyslot_priority priority_of(struct crypt_device *cd, int token)
{
	crypt_keyslot_priority priority, highest = CRYPT_SLOT_PRIORITY_IGNORE;
	int slot;

	for (slot = 0; slot < crypt_keyslot_max(CRYPT_LUKS2); slot++) {
		if (crypt_token_is_assigned(cd, token, slot))
			continue;
		priority = crypt_keyslot_get_priority(cd, slot);
		if (priority > highest)
			highest = priority;
	}
	return highest;
}

/* What is worth more to be told: a token that only lacks its PIN comes first. */
static int rank_of(int err)
{
	switch (err) {
	case -ENOENT:
		return 0;
	case -EPERM:
		return 1;
	case -EAGAIN:
		return 2;
	case -ENOANO:
		return 4;
	default:
		return 3;
	}
}

static int load_key_by_token(struct crypt_device *cd,
			     const struct libmktme_credential *cred, int token,
			     uint32_t flags)
{
	return crypt_activate_by_token_pin(cd, NULL, cred->token_type, token,
					   secret_or_null(&cred->secret),
					   cred->secret.bytes, NULL, flags);
}

/*
 * Asked for any token, libcryptsetup gives up at the first one whose handler has an
 * error of its own, as that of systemd has for a TPM2 that was replaced.  The order
 * is the same.
 */
static int load_key_by_any_token(struct crypt_device *cd,
				 struct libmktme_credential *cred,
				 uint32_t flags)
{
	int priority, token, r, best = -ENOENT;

	for (priority = CRYPT_SLOT_PRIORITY_PREFER;
	     priority >= CRYPT_SLOT_PRIORITY_NORMAL; priority--) {
		for (token = 0; token < crypt_token_max(CRYPT_LUKS2); token++) {
			if (crypt_token_status(cd, token, NULL) <=
				    CRYPT_TOKEN_INACTIVE ||
			    (int)priority_of(cd, token) != priority)
				continue;
			r = load_key_by_token(cd, cred, token, flags);
			if (r >= 0)
				cred->token = token;
			if (r >= 0 || r == -EINTR || r == -ENOMEM)
				return r;
			if (rank_of(r) > rank_of(best))
				best = r;
		}
	}
	return best;
}

/* Without a name nothing is activated, the key is only loaded. */
static int load_key(struct crypt_device *cd, struct libmktme_credential *cred,
		    uint32_t flags)
{
	if (!cred)
		return crypt_activate_by_volume_key(cd, NULL, NULL, 0, flags);
	if (cred->kind != LIBMKTME_BY_TOKEN)
		return crypt_activate_by_passphrase(cd, NULL, cred->slot,
						    cred->secret.data,
						    cred->secret.bytes, flags);
	return cred->token == LIBMKTME_ANY ?
		       load_key_by_any_token(cd, cred, flags) :
		       load_key_by_token(cd, cred, cred->token, flags);
}

/*
 * The header's digest is not asked: this is also for a header that is damaged,
 * and the verifier knows better.
 */
static int take_volume_key(struct libmktme_container *container,
			   const struct libmktme_secret *key, char *description,
			   size_t size)
{
	unsigned int wanted = libmktme_container_key_bytes(container);
	int err;

	/* Neither keyslot nor binding may be left to tell. */
	if (wanted && key->bytes != wanted) {
		libmktme_reason("the volume key has %u bytes, the key file %zu",
				wanted, key->bytes);
		return -EINVAL;
	}
	if (!description) {
		err = crypt_volume_key_verify(container->cd, key->data,
					      key->bytes);
		if (err == -EPERM)
			libmktme_reason(
				"the volume key does not belong to this header");
		return err;
	}
	snprintf(description, size, "mktme:%s",
		 libmktme_container_uuid(container));
	return libmktme_key_add(description, key);
}

int libmktme_container_unlock(struct libmktme_container *container,
			      struct libmktme_credential *cred,
			      char *description, size_t size)
{
	const uint32_t flags = description ? CRYPT_ACTIVATE_KEYRING_KEY : 0;
	int slot;

	if (cred && cred->kind == LIBMKTME_BY_VOLUME_KEY)
		return take_volume_key(container, &cred->secret, description,
				       size);
	slot = load_key(container->cd, cred, flags);
	if (slot < 0) {
		explain_unlock(slot, cred);
		return slot;
	}
	/* The name that libcryptsetup gives to the key of the first digest. */
	if (description)
		snprintf(description, size, "cryptsetup:%s-d0",
			 libmktme_container_uuid(container));
	return 0;
}

/* ---- add and change ---- */

static int make_context(struct crypt_device *cd,
			const struct libmktme_credential *cred,
			struct crypt_keyslot_context **context)
{
	const struct libmktme_secret *secret = &cred->secret;

	switch (cred->kind) {
	case LIBMKTME_BY_TOKEN:
		return crypt_keyslot_context_init_by_token(
			cd, cred->token, cred->token_type,
			secret_or_null(secret), secret->bytes, NULL, context);
	case LIBMKTME_BY_VOLUME_KEY:
		return crypt_keyslot_context_init_by_volume_key(
			cd, secret->data, secret->bytes, context);
	default:
		return crypt_keyslot_context_init_by_passphrase(
			cd, secret->data, secret->bytes, context);
	}
}

int libmktme_keyslot_check_free(struct libmktme_container *container, int slot)
{
	if (slot == LIBMKTME_ANY)
		return 0;
	switch (crypt_keyslot_status(container->cd, slot)) {
	case CRYPT_SLOT_INACTIVE:
		return 0;
	case CRYPT_SLOT_INVALID:
		libmktme_reason("there is no keyslot %d", slot);
		return -EINVAL;
	default:
		libmktme_reason("keyslot %d is full", slot);
		libmktme_hint("choose another one, or remove it first");
		return -EINVAL;
	}
}

int libmktme_container_add_passphrase(struct libmktme_container *container,
				      const struct libmktme_secret *pass)
{
	int slot;

	slot = crypt_keyslot_add_by_volume_key(
		container->cd, LIBMKTME_ANY, NULL, 0, pass->data, pass->bytes);
	return slot < 0 ? slot : 0;
}

int libmktme_keyslot_add(struct libmktme_container *container,
			 const struct libmktme_credential *cred,
			 const struct libmktme_secret *pass, int slot,
			 const struct libmktme_pbkdf *pbkdf)
{
	struct crypt_keyslot_context *old = NULL, *new = NULL;
	struct crypt_device *cd = container->cd;
	int r;

	r = libmktme_keyslot_check_free(container, slot);
	if (!r)
		r = libmktme_set_pbkdf(cd, pbkdf);
	if (!r)
		r = make_context(cd, cred, &old);
	if (!r)
		r = crypt_keyslot_context_init_by_passphrase(cd, pass->data,
							     pass->bytes, &new);
	if (!r)
		r = crypt_keyslot_add_by_keyslot_context(cd, cred->slot, old,
							 slot, new, 0);
	crypt_keyslot_context_free(old);
	crypt_keyslot_context_free(new);
	return r;
}

int libmktme_keyslot_change(struct libmktme_container *container,
			    const struct libmktme_secret *old,
			    const struct libmktme_secret *new, int slot,
			    const struct libmktme_pbkdf *pbkdf)
{
	int r;

	r = libmktme_set_pbkdf(container->cd, pbkdf);
	if (r)
		return r;
	/*
	 * To a keyslot that is free, which then takes the number of the old one.
	 * Asked for the same one, libcryptsetup before 2.7 would wipe it first.
	 */
	return crypt_keyslot_change_by_passphrase(container->cd, slot,
						  LIBMKTME_ANY, old->data,
						  old->bytes, new->data,
						  new->bytes);
}

/* ---- look and remove ---- */

int libmktme_keyslot_find(struct libmktme_container *container,
			  const struct libmktme_secret *pass, int slot)
{
	struct libmktme_credential cred = {
		.kind = LIBMKTME_BY_PASSPHRASE,
		.secret = *pass,
		.slot = slot,
	};
	int found;

	found = load_key(container->cd, &cred, 0);
	if (found < 0)
		explain_unlock(found, &cred);
	return found;
}

unsigned int libmktme_keyslot_count(struct libmktme_container *container)
{
	unsigned int count = 0;
	int slot;

	for (slot = 0; slot < crypt_keyslot_max(CRYPT_LUKS2); slot++) {
		switch (crypt_keyslot_status(container->cd, slot)) {
		case CRYPT_SLOT_ACTIVE:
		case CRYPT_SLOT_ACTIVE_LAST:
			count++;
			break;
		default:
			break;
		}
	}
	return count;
}

int libmktme_keyslot_require(struct libmktme_container *container, int slot)
{
	switch (crypt_keyslot_status(container->cd, slot)) {
	case CRYPT_SLOT_ACTIVE:
	case CRYPT_SLOT_ACTIVE_LAST:
	case CRYPT_SLOT_UNBOUND:
		return 0;
	case CRYPT_SLOT_INVALID:
		libmktme_reason("there is no keyslot %d", slot);
		return -EINVAL;
	default:
		libmktme_reason("keyslot %d is not in use", slot);
		return -EINVAL;
	}
}

int libmktme_keyslot_remove(struct libmktme_container *container, int slot)
{
	int err;

	err = libmktme_keyslot_require(container, slot);
	return err ? err : crypt_keyslot_destroy(container->cd, slot);
}

/* One that cannot be removed does not keep the others. */
int libmktme_keyslot_remove_all(struct libmktme_container *container)
{
	int slot, r, err = 0;

	for (slot = 0; slot < crypt_keyslot_max(CRYPT_LUKS2); slot++) {
		if (crypt_keyslot_status(container->cd, slot) ==
		    CRYPT_SLOT_INACTIVE)
			continue;
		r = crypt_keyslot_destroy(container->cd, slot);
		if (r && !err) {
			libmktme_reason("keyslot %d cannot be removed", slot);
			err = r;
		}
	}
	return err;
}
