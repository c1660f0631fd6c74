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
 * is a reference on the key object, which a package that comes later needs,
 * unless nobody who uses the KeyID wants that.  All who want no encryption share
 * one KeyID; a random key is never shared.
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

#include "mktme_priv.h"
#include "mktme_trace.h"

/**
 * struct mktme_keyid - one entry of the table
 * @number: the KeyID, from 1
 * @kind: of the key that it holds
 * @algorithm: of the key that it holds
 * @users: windows and raw views that use it; 0 if it is free or lost
 * @object: reference on the key object, if there is one and somebody wants it
 * @digest: of the volume key, to recognise it
 * @packages: logical ids of the packages that hold the key
 *
 * All under keyid_mutex, except @number, which never changes.
 */
struct mktme_keyid {
	unsigned int number;
	enum mktme_key_kind kind;
	enum mktme_algorithm algorithm;
	unsigned int users;
	struct key *object;
	u64 digest[MKTME_DIGEST_WORDS];
	unsigned long *packages;
};

/* Protects the table and serialises all programming. */
static DEFINE_MUTEX(keyid_mutex);

/* One online CPU of each package; scratch space under keyid_mutex. */
static struct cpumask lead_cpus;

static const struct mktme_ll_ops *ll_ops;
static struct mktme_keyid *keyid_table;
static unsigned int keyid_count;
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
	int cpu, package, r;

	for_each_cpu(cpu, &lead_cpus) {
		package = topology_logical_package_id(cpu);
		if (!test_bit(package, keyid->packages))
			continue;
		r = ll_ops->clear(cpu, keyid->number);
		trace_mktme_clear(keyid->number, package, r);
		if (!r)
			__clear_bit(package, keyid->packages);
	}
	if (!bitmap_empty(keyid->packages, nr_cpu_ids))
		pr_err("KeyID %u could not be cleared on every package and is not used again\n",
		       keyid->number);
}

static int program_packages(struct mktme_keyid *keyid, const u8 *key)
{
	int cpu, package, r;

	for_each_cpu(cpu, &lead_cpus) {
		package = topology_logical_package_id(cpu);
		r = ll_ops->program(cpu, keyid->number, keyid->kind,
				    keyid->algorithm, key);
		trace_mktme_program(keyid->number, package, keyid->kind, r);
		if (r)
			goto rollback;
		__set_bit(package, keyid->packages);
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

static int copy_payload(const struct key *key, unsigned int bytes,
			struct mktme_volume_key *vk, const char **error)
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

static int read_volume_key(struct mktme_volume_key *vk,
			   const struct mktme_key_ref *ref, const char **error)
{
	int i, r;

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
	r = copy_payload(vk->object, ref->bytes, vk, error);
	if (r)
		return r;
	for (i = 0; i < MKTME_DIGEST_WORDS; i++)
		vk->digest[i] = siphash(vk->bytes, ref->bytes,
					&digest_secret[i]);
	return check_strength(vk->bytes, ref->bytes, error);
}

static int check_algorithm(const struct mktme_key_ref *ref, const char **error)
{
	if (ref->kind == MKTME_KEY_PLAINTEXT ||
	    mktme_cap.algs & mktme_pconfig_alg_bit(ref->algorithm))
		return 0;
	*error = "<algorithm>: not activated by the firmware";
	return -ENODEV;
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
	vk = kzalloc(sizeof(*vk), GFP_KERNEL);
	if (!vk) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	vk->kind = ref->kind;
	vk->algorithm = ref->algorithm;
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
 * mktme_volume_key_put() - wipe a key
 * @vk: from mktme_volume_key_get()
 */
void mktme_volume_key_put(struct mktme_volume_key *vk)
{
	key_put(vk->object);
	kfree_sensitive(vk);
}

/*
 * The table
 */

static bool is_same_key(const struct mktme_keyid *keyid,
			const struct mktme_volume_key *vk)
{
	lockdep_assert_held(&keyid_mutex);
	if (!keyid->users || keyid->kind != vk->kind)
		return false;
	if (vk->kind == MKTME_KEY_PLAINTEXT)
		return true;
	return keyid->algorithm == vk->algorithm &&
	       !memcmp(keyid->digest, vk->digest, sizeof(vk->digest));
}

static struct mktme_keyid *find_same_key(const struct mktme_volume_key *vk)
{
	struct mktme_keyid *keyid;

	if (vk->kind == MKTME_KEY_RANDOM)
		return NULL;
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (is_same_key(keyid, vk))
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

static void keep_object(struct mktme_keyid *keyid,
			const struct mktme_volume_key *vk)
{
	if (vk->object && !vk->discard && !keyid->object)
		keyid->object = key_get(vk->object);
}

static struct mktme_keyid *claim(const struct mktme_volume_key *vk,
				 const char **error)
{
	struct mktme_keyid *keyid = find_free();
	int r;

	if (!keyid) {
		*error = "<key>: every KeyID is in use";
		return ERR_PTR(-ENOSPC);
	}
	keyid->kind = vk->kind;
	keyid->algorithm = vk->algorithm;
	r = program_packages(keyid, vk->object ? vk->bytes : NULL);
	if (r) {
		*error = "<key>: a CPU package refused the key";
		return ERR_PTR(r);
	}
	keyid->users = 1;
	memcpy(keyid->digest, vk->digest, sizeof(vk->digest));
	keep_object(keyid, vk);
	return keyid;
}

/**
 * mktme_keyid_get() - have a KeyID that holds this key on every package
 * @vk: the key
 * @error: set to the reason on failure
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 * Return: a KeyID to be given back by mktme_keyid_put(), or an ERR_PTR():
 * -ENOSPC (none free), -EAGAIN or -EIO (hardware), -ENOMEM
 */
struct mktme_keyid *mktme_keyid_get(const struct mktme_volume_key *vk,
				    const char **error)
{
	struct mktme_keyid *keyid;

	lock_keyids();
	keyid = find_same_key(vk);
	if (keyid) {
		keyid->users++;
		keep_object(keyid, vk);
	} else {
		keyid = claim(vk, error);
	}
	unlock_keyids();
	return keyid;
}

/**
 * mktme_keyid_holds() - is it this key that the KeyID has?
 * @keyid: in use
 * @vk: the key; a random one is the one that is there
 *
 * Return: true if it is
 */
bool mktme_keyid_holds(struct mktme_keyid *keyid,
		       const struct mktme_volume_key *vk)
{
	bool is_same;

	mutex_lock(&keyid_mutex);
	is_same = is_same_key(keyid, vk);
	mutex_unlock(&keyid_mutex);
	return is_same;
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
	struct key *object = NULL;

	lock_keyids();
	if (!--keyid->users) {
		clear_packages(keyid);
		object = keyid->object;
		keyid->object = NULL;
		memzero_explicit(keyid->digest, sizeof(keyid->digest));
	}
	unlock_keyids();
	key_put(object);
}

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
 * mktme_keyid_count() - KeyIDs that cannot be given out now
 * @used: set to how many those are
 * @lost: set to how many of them could not be cleared and have no user
 */
void mktme_keyid_count(unsigned int *used, unsigned int *lost)
{
	unsigned int i;

	*used = 0;
	*lost = 0;
	mutex_lock(&keyid_mutex);
	for (i = 0; i < keyid_count; i++) {
		if (is_free(&keyid_table[i]))
			continue;
		(*used)++;
		if (!keyid_table[i].users)
			(*lost)++;
	}
	mutex_unlock(&keyid_mutex);
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
