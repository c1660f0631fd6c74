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
 * that can be mended, which is better than two keys under one number.
 *
 * Packages come and go (see mktme_package.c).  One that comes is given every key
 * in use, whether or not it still has it, and is cleared of what is not in use.
 * One that goes keeps what it has: documents do not agree on whether each package
 * has a table of its own, and if there is but one, clearing it there would take
 * the key from volumes in use.  For the same reason a random key, which nobody
 * could give again, is not replaced by another one.
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
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "mktme_hw.h"
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
 * @packages: logical ids of the packages that hold the key, or may do
 * @lacks_key: a package was refused because the key could not be had
 * @is_lost: a package lost the key while the machine slept
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
	bool lacks_key;
	bool is_lost;
};

#define PACKAGES_MIN	256U

/* Protects the table and serialises all programming. */
static DEFINE_MUTEX(keyid_mutex);

/* One online CPU of each package; scratch space under keyid_mutex. */
static struct cpumask lead_cpus;

/* One CPU of each package that was online when the machine went to sleep. */
static struct cpumask sleep_cpus;

/* The machine ends, no key is programmed any more; under keyid_mutex. */
static bool is_over;

/* How many packages the table knows of: logical ids need not be dense. */
static unsigned int package_bits;

static const struct mktme_ll_ops *ll_ops;
static struct mktme_keyid *keyid_table;
static unsigned int keyid_count;

/*
 * Packages
 */

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
		if (!mktme_package_has_cpu(topology_logical_package_id(cpu),
					   &lead_cpus))
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

static void clear_on(struct mktme_keyid *keyid, int cpu)
{
	int package = topology_logical_package_id(cpu);
	int r;

	if (!test_bit(package, keyid->packages))
		return;
	r = ll_ops->clear(cpu, keyid->number);
	trace_mktme_clear(keyid->number, package, r);
	if (!r)
		__clear_bit(package, keyid->packages);
}

/* One that was unplugged took its table along. */
static void forget_unplugged(struct mktme_keyid *keyid)
{
	int package;

	for_each_set_bit(package, keyid->packages, package_bits)
		if (!mktme_package_has_cpu(package, cpu_present_mask))
			__clear_bit(package, keyid->packages);
}

static void try_to_clear(struct mktme_keyid *keyid)
{
	int cpu;

	for_each_cpu(cpu, &lead_cpus)
		clear_on(keyid, cpu);
	forget_unplugged(keyid);
}

static void clear_packages(struct mktme_keyid *keyid)
{
	try_to_clear(keyid);
	if (!bitmap_empty(keyid->packages, package_bits))
		pr_err("KeyID %u could not be cleared on every package and is not used until it can\n",
		       keyid->number);
}

static int program_on(struct mktme_keyid *keyid, int cpu, const u8 *key)
{
	int package = topology_logical_package_id(cpu);
	int r;

	r = ll_ops->program(cpu, keyid->number, keyid->kind, keyid->algorithm,
			    key);
	trace_mktme_program(keyid->number, package, keyid->kind, r);
	if (!r)
		__set_bit(package, keyid->packages);
	return r;
}

static int program_packages(struct mktme_keyid *keyid, const u8 *key)
{
	int cpu, r;

	for_each_cpu(cpu, &lead_cpus) {
		r = program_on(keyid, cpu, key);
		if (r)
			goto rollback;
	}
	return 0;

rollback:
	clear_packages(keyid);
	return r;
}

/*
 * The table
 */

static bool has_digest_of(const struct mktme_keyid *keyid,
			  const struct mktme_volume_key *vk)
{
	return keyid->algorithm == vk->algorithm &&
	       !memcmp(keyid->digest, vk->digest, sizeof(vk->digest));
}

static bool is_same_key(const struct mktme_keyid *keyid,
			const struct mktme_volume_key *vk)
{
	lockdep_assert_held(&keyid_mutex);
	if (!keyid->users || keyid->is_lost || keyid->kind != vk->kind)
		return false;
	return vk->kind == MKTME_KEY_PLAINTEXT || has_digest_of(keyid, vk);
}

static struct mktme_volume_key *read_again(const struct mktme_keyid *keyid,
					   bool may_have_expired)
{
	struct mktme_volume_key *vk;

	vk = mktme_volume_key_again(keyid->kind, keyid->algorithm,
				    keyid->object, may_have_expired);
	if (IS_ERR(vk) || !vk->object || has_digest_of(keyid, vk))
		return vk;
	mktme_volume_key_put(vk);
	return ERR_PTR(-EKEYREJECTED);
}

/* A key object can be revoked, expire, or be given another payload. */
static bool has_valid_object(const struct mktme_keyid *keyid)
{
	lockdep_assert_held(&keyid_mutex);
	return keyid->kind == MKTME_KEY_OBJECT && keyid->object &&
	       mktme_volume_key_check(keyid->object, keyid->algorithm,
				      keyid->digest);
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
	return !keyid->users && bitmap_empty(keyid->packages, package_bits);
}

/*
 * What could not be cleared, since somebody else had the tables or the hardware
 * failed, is tried again whenever a KeyID is wanted.
 */
static void clear_lost(void)
{
	struct mktme_keyid *keyid;

	lockdep_assert_held(&keyid_mutex);
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (!keyid->users && !is_free(keyid))
			try_to_clear(keyid);
}

static struct mktme_keyid *find_free(void)
{
	struct mktme_keyid *keyid;

	clear_lost();
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (is_free(keyid))
			return keyid;
	return NULL;
}

/* Return: what is to be put, without the mutex, instead of what is kept now */
static struct key *keep_object(struct mktme_keyid *keyid,
			       const struct mktme_volume_key *vk)
{
	struct key *old = keyid->object;

	if (!vk->object || vk->discard || has_valid_object(keyid))
		return NULL;
	keyid->object = key_get(vk->object);
	keyid->lacks_key = false;
	return old;
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
	if (!vk->discard)
		keyid->object = key_get(vk->object);
	return keyid;
}

/**
 * mktme_keyid_get() - have a KeyID that holds this key on every package
 * @vk: the key
 * @nid: NUMA node of the memory it is for
 * @error: set to the reason on failure
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 * Return: a KeyID to be given back by mktme_keyid_put(), or an ERR_PTR():
 * -ENOSPC (none free), -ENODEV (there is a package that owns the memory, and it
 * is offline, or the machine is shutting down), -EAGAIN or -EIO (hardware),
 * -ENOMEM
 */
struct mktme_keyid *mktme_keyid_get(const struct mktme_volume_key *vk, int nid,
				    const char **error)
{
	struct mktme_keyid *keyid;
	struct key *old = NULL;

	lock_keyids();
	if (is_over) {
		*error = "<device>: the machine is shutting down";
		keyid = ERR_PTR(-ENODEV);
		goto out;
	}
	if (mktme_package_is_away(nid)) {
		*error = "<device>: the CPU package of its memory is offline";
		keyid = ERR_PTR(-ENODEV);
		goto out;
	}
	keyid = find_same_key(vk);
	if (keyid) {
		keyid->users++;
		old = keep_object(keyid, vk);
	} else {
		keyid = claim(vk, error);
	}
out:
	unlock_keyids();
	key_put(old);
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
 * mktme_keyid_supply() - keep a key object where there is none that is valid
 * @keyid: from mktme_keyid_get()
 * @vk: the key that it holds
 *
 * Context: Process context, sleeps.
 */
void mktme_keyid_supply(struct mktme_keyid *keyid,
			const struct mktme_volume_key *vk)
{
	struct key *old;

	mutex_lock(&keyid_mutex);
	old = keep_object(keyid, vk);
	mutex_unlock(&keyid_mutex);
	key_put(old);
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
		keyid->lacks_key = false;
		keyid->is_lost = false;
		memzero_explicit(keyid->digest, sizeof(keyid->digest));
	}
	unlock_keyids();
	key_put(object);
}
EXPORT_SYMBOL_GPL(mktme_keyid_put);

/*
 * Trials, of the self-test alone
 */

/**
 * mktme_keyid_reserve() - have a KeyID without a key
 * @error: set to the reason on failure
 *
 * It is never shared, and a package that comes online gets no key for it.
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 * Return: a KeyID to be given back by mktme_keyid_put(), which clears it; or
 * ERR_PTR(-ENOSPC)
 */
struct mktme_keyid *mktme_keyid_reserve(const char **error)
{
	struct mktme_keyid *keyid;

	lock_keyids();
	keyid = is_over ? NULL : find_free();
	if (keyid) {
		keyid->kind = MKTME_KEY_RANDOM;
		keyid->users = 1;
	} else {
		*error = "<key>: every KeyID is in use";
		keyid = ERR_PTR(-ENOSPC);
	}
	unlock_keyids();
	return keyid;
}
EXPORT_SYMBOL_GPL(mktme_keyid_reserve);

/**
 * mktme_keyid_try() - execute PCONFIG once for a KeyID that is reserved
 * @keyid: from mktme_keyid_reserve()
 * @cpu: on the package of which
 * @operand: names @keyid, or a KeyID that is in no address: nobody else's
 * @trial: filled in
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 * Return: 0 if it was executed, -EINVAL (@operand), -ENODEV (the machine ends),
 * -ENXIO (@cpu is offline)
 */
int mktme_keyid_try(struct mktme_keyid *keyid, int cpu,
		    struct mktme_key_program *operand,
		    struct mktme_trial *trial)
{
	int r;

	if (operand->keyid != keyid->number &&
	    !(operand->keyid >> mktme_cap.keyid_bits))
		return -EINVAL;
	lock_keyids();
	if (is_over) {
		r = -ENODEV;
	} else if (!cpu_online(cpu)) {
		r = -ENXIO;
	} else {
		__set_bit(topology_logical_package_id(cpu), keyid->packages);
		r = mktme_pconfig_try(cpu, operand, trial);
	}
	unlock_keyids();
	return r;
}
EXPORT_SYMBOL_GPL(mktme_keyid_try);

/*
 * Keys that are needed again
 */

static const char *key_word(const struct mktme_keyid *keyid)
{
	if (keyid->kind != MKTME_KEY_OBJECT)
		return "none";
	if (!keyid->object)
		return "discarded";
	return has_valid_object(keyid) ? "held" : "unavailable";
}

/**
 * mktme_keyid_key_word() - could the key be programmed again?
 * @keyid: from mktme_keyid_get()
 *
 * Return: "held" if it could, "unavailable" if the key object is revoked, has
 * expired or has another payload by now, "discarded" if no reference was kept,
 * "none" if there is no key object
 */
const char *mktme_keyid_key_word(struct mktme_keyid *keyid)
{
	const char *word;

	mutex_lock(&keyid_mutex);
	word = key_word(keyid);
	mutex_unlock(&keyid_mutex);
	return word;
}

/**
 * mktme_keyid_lacks_key() - was a package refused for want of this key?
 * @keyid: from mktme_keyid_get()
 *
 * Return: true until the key is supplied again
 */
bool mktme_keyid_lacks_key(struct mktme_keyid *keyid)
{
	return READ_ONCE(keyid->lacks_key);
}

/**
 * mktme_keyid_rebind() - keep this key object from now on
 * @keyid: from mktme_keyid_get()
 * @vk: the key, which must be the one that @keyid holds
 *
 * Context: Process context, sleeps.
 * Return: 0, -EOPNOTSUPP (@keyid does not need a key object) or -EKEYREJECTED
 */
int mktme_keyid_rebind(struct mktme_keyid *keyid,
		       const struct mktme_volume_key *vk)
{
	struct key *old = NULL;
	int r = 0;

	mutex_lock(&keyid_mutex);
	if (keyid->kind != MKTME_KEY_OBJECT) {
		r = -EOPNOTSUPP;
	} else if (!is_same_key(keyid, vk)) {
		r = -EKEYREJECTED;
	} else {
		old = keyid->object;
		keyid->object = key_get(vk->object);
		keyid->lacks_key = false;
	}
	mutex_unlock(&keyid_mutex);
	key_put(old);
	return r;
}

/* All that are missing are to be named, and not only the first of them. */
static int find_missing_keys(void)
{
	struct mktme_keyid *keyid;
	int r = 0;

	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++) {
		if (!keyid->users || keyid->kind != MKTME_KEY_OBJECT ||
		    has_valid_object(keyid))
			continue;
		WRITE_ONCE(keyid->lacks_key, true);
		r = -ENOKEY;
	}
	return r;
}

/* A key that expired while the machine slept was valid when that was allowed. */
static int program_again(struct mktme_keyid *keyid, int cpu, bool wakes)
{
	struct mktme_volume_key *vk;
	int r;

	if (keyid->kind == MKTME_KEY_RANDOM)
		return 0;
	vk = read_again(keyid, wakes);
	if (IS_ERR(vk))
		return PTR_ERR(vk);
	r = program_on(keyid, cpu, vk->object ? vk->bytes : NULL);
	mktme_volume_key_put(vk);
	return r;
}

/* What it was given before a failure stays, see above. */
static int bring_up(int cpu, bool wakes)
{
	struct mktme_keyid *keyid;
	int r;

	lockdep_assert_held(&keyid_mutex);
	if (is_over)
		return 0;
	r = wakes ? 0 : find_missing_keys();
	for (keyid = keyid_table; !r && keyid < keyid_table + keyid_count;
	     keyid++) {
		if (keyid->users)
			r = program_again(keyid, cpu, wakes);
		else
			clear_on(keyid, cpu);
	}
	return r;
}

/**
 * mktme_keyid_bring_up() - give a package every key
 * @cpu: its first one, on which this runs before user code does
 * @wakes: the machine does, tasks are frozen
 *
 * Context: CPU hotplug callback.
 * Return: 0 or -errno
 */
int mktme_keyid_bring_up(int cpu, bool wakes)
{
	int r;

	mutex_lock(&keyid_mutex);
	r = bring_up(cpu, wakes);
	mutex_unlock(&keyid_mutex);
	return r;
}

/**
 * mktme_keyid_sleep() - remember which packages are to come back
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 */
void mktme_keyid_sleep(void)
{
	lock_keyids();
	cpumask_copy(&sleep_cpus, &lead_cpus);
	unlock_keyids();
}

/* Whyever one did not, memory behind it has no key. */
static bool has_lost_package(void)
{
	int cpu;

	for_each_cpu(cpu, &sleep_cpus)
		if (!mktme_package_has_cpu(topology_logical_package_id(cpu),
					   &lead_cpus))
			return true;
	return false;
}

static int program_everywhere_again(struct mktme_keyid *keyid)
{
	int cpu, r = 0;

	for_each_cpu(cpu, &lead_cpus)
		r = r ?: program_again(keyid, cpu, true);
	return r;
}

/**
 * mktme_keyid_wake() - give every package every key: all may have been lost
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 */
void mktme_keyid_wake(void)
{
	struct mktme_keyid *keyid;
	bool lost_package;

	lock_keyids();
	lost_package = has_lost_package();
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (keyid->users)
			keyid->is_lost |= lost_package ||
					  program_everywhere_again(keyid);
	unlock_keyids();
}

/**
 * mktme_keyid_is_lost() - did the key not survive the machine's sleep?
 * @keyid: from mktme_keyid_get()
 *
 * Return: true if not
 */
bool mktme_keyid_is_lost(struct mktme_keyid *keyid)
{
	return READ_ONCE(keyid->is_lost);
}

/**
 * mktme_keyid_survives_sleep() - can it be as it was after its key was lost?
 * @keyid: from mktme_keyid_get()
 *
 * Return: false if nobody has the key any more
 */
bool mktme_keyid_survives_sleep(struct mktme_keyid *keyid)
{
	bool survives;

	mutex_lock(&keyid_mutex);
	survives = keyid->kind == MKTME_KEY_PLAINTEXT ||
		   has_valid_object(keyid);
	mutex_unlock(&keyid_mutex);
	return survives;
}

/**
 * mktme_keyid_replace() - take the key away while somebody may write
 * @keyid: in use
 *
 * What is still written through it shall not reach the media as clear text, so it
 * gets a key that nobody knows.
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 */
void mktme_keyid_replace(struct mktme_keyid *keyid)
{
	int cpu;

	lock_keyids();
	keyid->is_lost = true;
	if (keyid->kind != MKTME_KEY_PLAINTEXT) {
		keyid->kind = MKTME_KEY_RANDOM;
		for_each_cpu(cpu, &lead_cpus)
			if (program_on(keyid, cpu, NULL))
				clear_on(keyid, cpu);
	}
	unlock_keyids();
}

/**
 * mktme_keyid_clear_all() - take away every key that was not replaced, for ever
 *
 * Context: Process context, sleeps, takes the CPU hotplug lock for reading.
 */
void mktme_keyid_clear_all(void)
{
	struct mktme_keyid *keyid;

	lock_keyids();
	is_over = true;
	for (keyid = keyid_table; keyid < keyid_table + keyid_count; keyid++)
		if (!keyid->is_lost)
			clear_packages(keyid);
	unlock_keyids();
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
	package_bits = max(nr_cpu_ids, PACKAGES_MIN);
	for (i = 0; i < keyids; i++) {
		keyid_table[i].number = i + 1;
		keyid_table[i].packages = bitmap_zalloc(package_bits,
							GFP_KERNEL);
		if (!keyid_table[i].packages)
			goto err_exit;
	}
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

	lock_keyids();
	if (ll_ops)
		clear_lost();
	unlock_keyids();
	for (i = 0; i < keyid_count; i++) {
		WARN_ON_ONCE(keyid_table[i].users);
		bitmap_free(keyid_table[i].packages);
	}
	kvfree(keyid_table);
	keyid_table = NULL;
	keyid_count = 0;
}
