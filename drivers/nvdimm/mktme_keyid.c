// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owns the KeyIDs of the machine: which key is in which one, who uses it, and
 * when it is programmed and cleared.
 */

/**
 * DOC: KeyIDs
 *
 * A KeyID is a number in the physical address and a scarce resource of the
 * whole machine.  The table here says which KeyIDs are in use and by whom;
 * hardware is reached only through &struct mktme_ll_ops.
 *
 * A KeyID is programmed on every online package or on none.  It is cleared on
 * all of them when its last user goes, and is given out again only if that
 * succeeded everywhere: a KeyID that still holds a key somewhere is lost until
 * the machine restarts, which is better than two keys under one number.
 *
 * Whoever asks for a volume key that is in use already gets the same KeyID.
 * "The same" is decided by a digest of the key, keyed by a secret that is made
 * anew whenever the module is loaded; the key itself is not kept.  What is kept
 * is a reference on the key object, which a package that comes later needs.
 *
 * Lock order: CPU hotplug lock, then keyid_mutex.  Nothing sleeps on a keyring
 * semaphore inside them: payloads are read under RCU.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/key.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <crypto/algapi.h>
#include <keys/encrypted-type.h>
#include <keys/user-type.h>
#include <uapi/linux/dm-mktme.h>

#include "mktme_priv.h"

#define DIGEST_WORDS	2

/**
 * struct mktme_keyid - one entry of the table
 * @number: the KeyID, from 1
 * @algorithm: of the key that it holds
 * @users: windows and targets that use it; 0 if it is free or lost
 * @key: reference on the key object; NULL while it shows the raw media
 * @digest: of the volume key, to recognise it
 * @packages: logical ids of the packages that hold the key
 *
 * All under keyid_mutex, except @number, which never changes.
 */
struct mktme_keyid {
	unsigned int number;
	enum mktme_algorithm algorithm;
	unsigned int users;
	struct key *key;
	u64 digest[DIGEST_WORDS];
	unsigned long *packages;
};

struct volume_key {
	u8 bytes[DM_MKTME_XTS_256_KEY_BYTES];
	u64 digest[DIGEST_WORDS];
};

/* Protects the table and serialises all programming. */
static DEFINE_MUTEX(keyid_mutex);

/* One online CPU of each package; scratch space under keyid_mutex. */
static struct cpumask lead_cpus;

static const struct mktme_ll_ops *ll_ops;
static struct mktme_keyid *keyid_table;
static unsigned int keyid_count;
static siphash_key_t digest_secret[DIGEST_WORDS] __ro_after_init;

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

/*
 * Packages
 */

static bool has_lead_cpu(int package)
{
	int cpu;

	for_each_cpu(cpu, &lead_cpus)
		if (topology_logical_package_id(cpu) == package)
			return true;
	return false;
}

/*
 * PCONFIG acts on the package that it runs on.  The result holds as long as
 * the CPU hotplug lock and keyid_mutex do.
 */
static void find_lead_cpus(void)
{
	int cpu;

	lockdep_assert_held(&keyid_mutex);
	cpumask_clear(&lead_cpus);
	for_each_online_cpu(cpu)
		if (!has_lead_cpu(topology_logical_package_id(cpu)))
			cpumask_set_cpu(cpu, &lead_cpus);
}

static void lock_keyids(void)
{
	cpus_read_lock();
	mutex_lock(&keyid_mutex);
	find_lead_cpus();
}

static void unlock_keyids(void)
{
	mutex_unlock(&keyid_mutex);
	cpus_read_unlock();
}

static void clear_packages(struct mktme_keyid *keyid)
{
	int cpu, package;

	for_each_cpu(cpu, &lead_cpus) {
		package = topology_logical_package_id(cpu);
		if (test_bit(package, keyid->packages) &&
		    !ll_ops->clear(cpu, keyid->number))
			__clear_bit(package, keyid->packages);
	}
	if (!bitmap_empty(keyid->packages, nr_cpu_ids))
		pr_err("KeyID %u could not be cleared on every package and is not used again\n",
		       keyid->number);
}

static int program_packages(struct mktme_keyid *keyid, const u8 *key)
{
	int cpu, r;

	for_each_cpu(cpu, &lead_cpus) {
		r = ll_ops->program(cpu, keyid->number, keyid->algorithm, key);
		if (r)
			goto rollback;
		__set_bit(topology_logical_package_id(cpu), keyid->packages);
	}
	return 0;

rollback:
	clear_packages(keyid);
	return r;
}

/*
 * Key objects
 */

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
		*error = "<key>: no such key in the caller's keyrings";
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

static int copy_payload(const struct key *key, unsigned int bytes,
			struct volume_key *vk, const char **error)
{
	unsigned int payload_bytes;
	const u8 *payload;
	int r;

	rcu_read_lock();
	r = key_validate(key);
	payload = key_payload_rcu(key, &payload_bytes);
	if (!r && !payload)
		r = -EKEYREVOKED;
	if (r) {
		*error = "<key>: the key is revoked or has expired";
	} else if (payload_bytes != bytes) {
		*error = "<key>: the key has another length than the table line says";
		r = -EINVAL;
	} else {
		memcpy(vk->bytes, payload, bytes);
	}
	rcu_read_unlock();
	return r;
}

static int read_volume_key(const struct key *key,
			   const struct mktme_key_ref *ref,
			   struct volume_key *vk, const char **error)
{
	int i, r;

	if (ref->bytes != mktme_key_bytes(ref->algorithm)) {
		*error = "<key>: wrong length for <algorithm>";
		return -EINVAL;
	}
	r = copy_payload(key, ref->bytes, vk, error);
	if (r)
		return r;
	for (i = 0; i < DIGEST_WORDS; i++)
		vk->digest[i] = siphash(vk->bytes, ref->bytes,
					&digest_secret[i]);
	return check_strength(vk->bytes, ref->bytes, error);
}

/*
 * The table
 */

static struct mktme_keyid *find_same_key(enum mktme_algorithm algorithm,
					 const struct volume_key *vk)
{
	struct mktme_keyid *keyid;

	lockdep_assert_held(&keyid_mutex);
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (keyid->users && keyid->key &&
		    keyid->algorithm == algorithm &&
		    !memcmp(keyid->digest, vk->digest, sizeof(vk->digest)))
			return keyid;
	return NULL;
}

static bool is_free(const struct mktme_keyid *keyid)
{
	return !keyid->users && bitmap_empty(keyid->packages, nr_cpu_ids);
}

static struct mktme_keyid *find_free(void)
{
	struct mktme_keyid *keyid;

	lockdep_assert_held(&keyid_mutex);
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (is_free(keyid))
			return keyid;
	return NULL;
}

/* Takes over the reference on @key if it succeeds. @vk is NULL for raw media. */
static struct mktme_keyid *claim(enum mktme_algorithm algorithm,
				 struct key *key, const struct volume_key *vk,
				 const char **error)
{
	struct mktme_keyid *keyid = find_free();
	int r;

	if (!keyid) {
		*error = "<key>: every KeyID is in use";
		return ERR_PTR(-ENOSPC);
	}
	keyid->algorithm = algorithm;
	r = program_packages(keyid, vk ? vk->bytes : NULL);
	if (r) {
		*error = "<key>: a CPU package refused the key";
		return ERR_PTR(r);
	}
	keyid->users = 1;
	keyid->key = key;
	if (vk)
		memcpy(keyid->digest, vk->digest, sizeof(vk->digest));
	return keyid;
}

/* Consumes the reference on @key. */
static struct mktme_keyid *share_or_claim(enum mktme_algorithm algorithm,
					  struct key *key,
					  const struct volume_key *vk,
					  const char **error)
{
	struct mktme_keyid *keyid = NULL;

	lock_keyids();
	if (vk)
		keyid = find_same_key(algorithm, vk);
	if (keyid) {
		keyid->users++;
		key_put(key);
	} else {
		keyid = claim(algorithm, key, vk, error);
		if (IS_ERR(keyid))
			key_put(key);
	}
	unlock_keyids();
	return keyid;
}

/**
 * mktme_keyid_get() - have a KeyID that holds this key on every package
 * @ref: where the key is
 * @error: set to the reason on failure
 *
 * Context: Process context of whoever's keyrings hold the key.  Sleeps, takes
 * the CPU hotplug lock for reading.
 * Return: a KeyID to be given back by mktme_keyid_put(), or an ERR_PTR():
 * -EINVAL, -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED, -ENODEV (algorithm not
 * activated), -ENOSPC (none free), -EAGAIN or -EIO (hardware), -ENOMEM
 */
struct mktme_keyid *mktme_keyid_get(const struct mktme_key_ref *ref,
				    const char **error)
{
	struct mktme_keyid *keyid;
	struct volume_key *vk;
	struct key *key;
	int r;

	if (!(mktme_cap.algs & mktme_pconfig_alg_bit(ref->algorithm))) {
		*error = "<algorithm>: not activated by the firmware";
		return ERR_PTR(-ENODEV);
	}
	vk = kzalloc(sizeof(*vk), GFP_KERNEL);
	if (!vk) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	key = request_volume_key(ref, error);
	if (IS_ERR(key)) {
		keyid = ERR_CAST(key);
		goto out;
	}
	r = read_volume_key(key, ref, vk, error);
	if (r) {
		key_put(key);
		keyid = ERR_PTR(r);
		goto out;
	}
	keyid = share_or_claim(ref->algorithm, key, vk, error);
out:
	kfree_sensitive(vk);
	return keyid;
}
EXPORT_SYMBOL_GPL(mktme_keyid_get);

/**
 * mktme_keyid_get_raw() - have a KeyID through which the raw media is seen
 * @error: set to the reason on failure
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 * Return: as mktme_keyid_get()
 */
struct mktme_keyid *mktme_keyid_get_raw(const char **error)
{
	return share_or_claim(MKTME_AES_XTS_128, NULL, NULL, error);
}

/**
 * mktme_keyid_ref() - have one more user of a KeyID
 * @keyid: one that the caller holds a reference on
 *
 * Return: @keyid
 */
struct mktme_keyid *mktme_keyid_ref(struct mktme_keyid *keyid)
{
	mutex_lock(&keyid_mutex);
	keyid->users++;
	mutex_unlock(&keyid_mutex);
	return keyid;
}

/**
 * mktme_keyid_put() - give a KeyID back
 * @keyid: from mktme_keyid_get()
 *
 * The last user must have flushed every line that it wrote through the KeyID:
 * what is still cached would be encrypted with nothing, or with the next key.
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 */
void mktme_keyid_put(struct mktme_keyid *keyid)
{
	struct key *key = NULL;

	lock_keyids();
	if (!--keyid->users) {
		clear_packages(keyid);
		key = keyid->key;
		keyid->key = NULL;
		memzero_explicit(keyid->digest, sizeof(keyid->digest));
	}
	unlock_keyids();
	key_put(key);
}
EXPORT_SYMBOL_GPL(mktme_keyid_put);

/**
 * mktme_keyid_number() - what goes into the top bits of the address
 * @keyid: from mktme_keyid_get()
 *
 * Return: the KeyID, from 1
 */
unsigned int mktme_keyid_number(const struct mktme_keyid *keyid)
{
	return keyid->number;
}
EXPORT_SYMBOL_GPL(mktme_keyid_number);

/**
 * mktme_keyid_packages() - on how many packages is the key?
 * @keyid: from mktme_keyid_get()
 * @online: set to the number of packages that have a CPU online
 *
 * Return: how many of those hold the key
 */
unsigned int mktme_keyid_packages(struct mktme_keyid *keyid,
				  unsigned int *online)
{
	unsigned int programmed = 0;
	int cpu;

	lock_keyids();
	for_each_cpu(cpu, &lead_cpus)
		if (test_bit(topology_logical_package_id(cpu),
			     keyid->packages))
			programmed++;
	*online = cpumask_weight(&lead_cpus);
	unlock_keyids();
	return programmed;
}
EXPORT_SYMBOL_GPL(mktme_keyid_packages);

/**
 * mktme_online_packages() - packages that have a CPU online
 *
 * Return: how many
 */
unsigned int mktme_online_packages(void)
{
	unsigned int count;

	lock_keyids();
	count = cpumask_weight(&lead_cpus);
	unlock_keyids();
	return count;
}

/**
 * mktme_keyid_used() - KeyIDs that cannot be given out now
 *
 * Return: how many are in use or lost
 */
unsigned int mktme_keyid_used(void)
{
	unsigned int i, used = 0;

	mutex_lock(&keyid_mutex);
	for (i = 0; i < keyid_count; i++)
		if (!is_free(&keyid_table[i]))
			used++;
	mutex_unlock(&keyid_mutex);
	return used;
}

/**
 * mktme_keyid_init() - make an empty table
 * @keyids: number of KeyIDs
 * @ops: how to reach the hardware
 *
 * Return: 0 or -ENOMEM
 */
int mktme_keyid_init(unsigned int keyids, const struct mktme_ll_ops *ops)
{
	unsigned int i;

	keyid_table = kvcalloc(keyids, sizeof(*keyid_table), GFP_KERNEL);
	if (!keyid_table)
		return -ENOMEM;
	keyid_count = keyids;
	for (i = 0; i < keyids; i++) {
		keyid_table[i].number = i + 1;
		keyid_table[i].packages = bitmap_zalloc(nr_cpu_ids, GFP_KERNEL);
		if (!keyid_table[i].packages)
			goto err_exit;
	}
	get_random_bytes(digest_secret, sizeof(digest_secret));
	ll_ops = ops;
	return 0;

err_exit:
	mktme_keyid_exit();
	return -ENOMEM;
}

/**
 * mktme_keyid_exit() - free the table, in which nothing is in use any more
 */
void mktme_keyid_exit(void)
{
	unsigned int i;

	for (i = 0; i < keyid_count; i++) {
		WARN_ON_ONCE(keyid_table[i].users);
		bitmap_free(keyid_table[i].packages);
	}
	kvfree(keyid_table);
	keyid_table = NULL;
	keyid_count = 0;
}
