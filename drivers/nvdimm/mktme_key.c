// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads volume keys from key objects.  Nobody else sees the bytes of a key, but
 * for the instruction that takes them.
 *
 * Nothing here sleeps on a keyring semaphore: payloads are read under RCU, so
 * that a CPU that comes online can have its keys.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/key.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/algapi.h>
#include <keys/encrypted-type.h>
#include <keys/user-type.h>

#include "mktme_priv.h"

static siphash_key_t digest_secret[MKTME_DIGEST_WORDS] __ro_after_init;

/**
 * mktme_key_bytes() - length of a volume key
 * @algorithm: what the key is for
 *
 * Return: bytes of data key and tweak key together
 */
unsigned int mktme_key_bytes(enum mktme_algorithm algorithm)
{
	return algorithm == MKTME_AES_XTS_128 ? DM_MKTME_XTS_128_KEY_BYTES :
						DM_MKTME_XTS_256_KEY_BYTES;
}
EXPORT_SYMBOL_GPL(mktme_key_bytes);

static const struct key_type *find_key_type(const char *name)
{
	if (!strcmp(name, "logon"))
		return &key_type_logon;
	if (!strcmp(name, "user"))
		return &key_type_user;
	if (IS_ENABLED(CONFIG_ENCRYPTED_KEYS) && !strcmp(name, "encrypted"))
		return &key_type_encrypted;
	return NULL;
}

static struct key *request_volume_key(const struct mktme_key_ref *ref,
				      const char **error)
{
	const struct key_type *type = find_key_type(ref->type);
	struct key *key;

	if (!type) {
		*error = "<key>: type must be user, logon or encrypted";
		return ERR_PTR(-EINVAL);
	}
	key = request_key((struct key_type *)type, ref->description, NULL);
	if (IS_ERR(key))
		*error = PTR_ERR(key) == -EKEYREVOKED ||
			 PTR_ERR(key) == -EKEYEXPIRED ?
			 "<key>: the key is revoked or has expired" :
			 "<key>: no such key in the caller's keyrings";
	return key;
}

static const u8 *key_payload_rcu(const struct key *key, unsigned int *bytes)
{
	const struct encrypted_key_payload *ekp;
	const struct user_key_payload *ukp;

	if (IS_ENABLED(CONFIG_ENCRYPTED_KEYS) &&
	    key->type == &key_type_encrypted) {
		ekp = dereference_key_rcu(key);
		*bytes = ekp ? ekp->decrypted_datalen : 0;
		return ekp ? ekp->decrypted_data : NULL;
	}
	ukp = user_key_payload_rcu(key);
	*bytes = ukp ? ukp->datalen : 0;
	return ukp ? ukp->data : NULL;
}

/* Hardware accepts weak keys without a word (SDM, PCONFIG): look ourselves. */
static int check_strength(const u8 *key, unsigned int bytes,
			  const char **error)
{
	unsigned int half = bytes / 2;

	if (!crypto_memneq(key, key + half, half)) {
		*error = "<key>: data key and tweak key are equal";
		return -EINVAL;
	}
	if (!memchr_inv(key, 0, half) || !memchr_inv(key + half, 0, half)) {
		*error = "<key>: half of the key is all zeros";
		return -EINVAL;
	}
	return 0;
}

static void make_digest(const u8 *key, unsigned int bytes, u64 *digest)
{
	int i;

	for (i = 0; i < MKTME_DIGEST_WORDS; i++)
		digest[i] = siphash(key, bytes, &digest_secret[i]);
}

/* Return: what is there until rcu_read_unlock(), or an ERR_PTR() */
static const u8 *volume_key_rcu(const struct key *key, unsigned int bytes,
				bool may_have_expired, const char **error)
{
	int r = key_validate(key);
	unsigned int payload_bytes;
	const u8 *payload;

	if (r == -EKEYEXPIRED && may_have_expired)
		r = 0;
	payload = key_payload_rcu(key, &payload_bytes);
	if (!r && !payload)
		r = -EKEYREVOKED;
	if (r) {
		*error = "<key>: the key is revoked or has expired";
		return ERR_PTR(r);
	}
	if (payload_bytes != bytes) {
		*error = "<key>: the key has another length than the table line says";
		return ERR_PTR(-EINVAL);
	}
	return payload;
}

static int copy_payload(const struct key *key, unsigned int bytes,
			struct mktme_volume_key *vk, bool may_have_expired,
			const char **error)
{
	const u8 *payload;

	rcu_read_lock();
	payload = volume_key_rcu(key, bytes, may_have_expired, error);
	if (!IS_ERR(payload)) {
		memcpy(vk->bytes, payload, bytes);
		make_digest(payload, bytes, vk->digest);
	}
	rcu_read_unlock();
	return PTR_ERR_OR_ZERO(payload);
}

static int read_volume_key(struct mktme_volume_key *vk,
			   const struct mktme_key_ref *ref, const char **error)
{
	int r;

	if (ref->bytes != mktme_key_bytes(ref->algorithm)) {
		*error = "<key>: wrong length for <algorithm>";
		return -EINVAL;
	}
	vk->object = request_volume_key(ref, error);
	if (IS_ERR(vk->object)) {
		r = PTR_ERR(vk->object);
		vk->object = NULL;
		return r;
	}
	r = copy_payload(vk->object, ref->bytes, vk, false, error);
	return r ?: check_strength(vk->bytes, ref->bytes, error);
}

static int check_algorithm(const struct mktme_key_ref *ref, const char **error)
{
	if (ref->kind == MKTME_KEY_PLAINTEXT ||
	    mktme_cap.algs & mktme_pconfig_alg_bit(ref->algorithm))
		return 0;
	*error = "<algorithm>: not activated by the firmware";
	return -ENODEV;
}

static struct mktme_volume_key *volume_key_alloc(enum mktme_key_kind kind,
						 enum mktme_algorithm algorithm)
{
	struct mktme_volume_key *vk = kzalloc(sizeof(*vk), GFP_KERNEL);

	if (!vk)
		return NULL;
	vk->kind = kind;
	vk->algorithm = algorithm;
	return vk;
}

/**
 * mktme_volume_key_get() - read a key, to be programmed or compared
 * @ref: where it is
 * @error: set to the reason on failure
 *
 * Context: Process context of whoever's keyrings hold the key, sleeps.
 * Return: to be wiped by mktme_volume_key_put() soon, or an ERR_PTR(): -EINVAL,
 * -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED, -ENODEV (algorithm not activated),
 * -ENOMEM
 */
struct mktme_volume_key *mktme_volume_key_get(const struct mktme_key_ref *ref,
					      const char **error)
{
	struct mktme_volume_key *vk;
	int r;

	r = check_algorithm(ref, error);
	if (r)
		return ERR_PTR(r);
	vk = volume_key_alloc(ref->kind, ref->algorithm);
	if (!vk) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	vk->discard = ref->discard;
	if (ref->kind != MKTME_KEY_OBJECT)
		return vk;
	r = read_volume_key(vk, ref, error);
	if (r) {
		mktme_volume_key_put(vk);
		return ERR_PTR(r);
	}
	return vk;
}

/**
 * mktme_volume_key_again() - read a key that was programmed before
 * @kind: where it comes from; not MKTME_KEY_RANDOM, which does not come again
 * @algorithm: what it is for
 * @object: the key object, NULL if there is none or it was not kept
 * @may_have_expired: take it even so
 *
 * Context: Process context, may allocate; takes no lock.
 * Return: as mktme_volume_key_get(); whether it is still the same key is for the
 * caller to find out, by the digest
 */
struct mktme_volume_key *mktme_volume_key_again(enum mktme_key_kind kind,
						enum mktme_algorithm algorithm,
						struct key *object,
						bool may_have_expired)
{
	struct mktme_volume_key *vk;
	const char *error;
	int r;

	if (kind == MKTME_KEY_OBJECT && !object)
		return ERR_PTR(-ENOKEY);
	vk = volume_key_alloc(kind, algorithm);
	if (!vk)
		return ERR_PTR(-ENOMEM);
	if (kind != MKTME_KEY_OBJECT)
		return vk;
	vk->object = key_get(object);
	r = copy_payload(object, mktme_key_bytes(algorithm), vk,
			 may_have_expired, &error);
	if (r) {
		mktme_volume_key_put(vk);
		return ERR_PTR(r);
	}
	return vk;
}

/**
 * mktme_volume_key_check() - would a key object give the same key again?
 * @object: the key object
 * @algorithm: what it is for
 * @digest: of the key that it gave before
 *
 * Context: any that may use RCU; needs no memory, so that a want of it is not
 * taken for a want of the key.
 * Return: true if it would
 */
bool mktme_volume_key_check(const struct key *object,
			    enum mktme_algorithm algorithm, const u64 *digest)
{
	unsigned int bytes = mktme_key_bytes(algorithm);
	u64 now[MKTME_DIGEST_WORDS] = { };
	const char *error;
	const u8 *payload;

	rcu_read_lock();
	payload = volume_key_rcu(object, bytes, false, &error);
	if (!IS_ERR(payload))
		make_digest(payload, bytes, now);
	rcu_read_unlock();
	return !IS_ERR(payload) && !memcmp(now, digest, sizeof(now));
}

/**
 * mktme_volume_key_put() - wipe a key
 * @vk: from mktme_volume_key_get()
 */
void mktme_volume_key_put(struct mktme_volume_key *vk)
{
	key_put(vk->object);
	kfree_sensitive(vk);
}

/**
 * mktme_key_init() - choose what this boot recognises keys by
 */
void mktme_key_init(void)
{
	get_random_bytes(digest_secret, sizeof(digest_secret));
}
