/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of nd_mktme share with each other, and with the self-test.
 */

#ifndef _MKTME_PRIV_H
#define _MKTME_PRIV_H

#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/memremap.h>
#include <linux/mktme.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/dm-mktme.h>

#define MKTME_DIGEST_WORDS	2

struct cpumask;
struct dax_device;
struct key;
struct mktme_hub;
struct mktme_key_program;
struct mktme_keyid;

/**
 * struct mktme_cap - what this machine can do; constant after module init
 * @maxphyaddr: physical address bits, those of the KeyID included
 * @keyid_bits: bits of the KeyID, at the top of the physical address
 * @keyid_shift: lowest bit of the KeyID
 * @keyids: KeyIDs 1..@keyids may be programmed and can be mapped
 * @algs: activated algorithms, TME_ALG_*
 * @bypass: KeyID 0 is not encrypted, so it shows what the media holds
 */
struct mktme_cap {
	unsigned int maxphyaddr;
	unsigned int keyid_bits;
	unsigned int keyid_shift;
	unsigned int keyids;
	u32 algs;
	bool bypass;
};

/**
 * struct mktme_ll_ops - the two things that hardware does for the engine
 * @program: on the package of @cpu, give @keyid a key of this kind; @key is
 *	the volume key if that comes from a key object, else NULL
 * @clear: on the package of @cpu, wipe the key of @keyid
 *
 * Context: both sleep; the caller holds the CPU hotplug lock, and lets no two of
 * them run at once.
 * Return: 0, -EAGAIN if the hardware stayed busy, -EIO for all else; @program also
 * -ENOMEM
 */
struct mktme_ll_ops {
	int (*program)(int cpu, unsigned int keyid, enum mktme_key_kind kind,
		       enum mktme_algorithm algorithm, const u8 *key);
	int (*clear)(int cpu, unsigned int keyid);
};

/**
 * struct mktme_trial - what one execution of PCONFIG ended with
 * @is_fault: it raised an exception
 * @status: RAX if ZF was set, MKTME_PROG_SUCCESS if not
 * @ns: how long it took
 */
struct mktme_trial {
	bool is_fault;
	unsigned long status;
	u64 ns;
};

/**
 * struct mktme_volume_key - a key on its way into the hardware
 * @kind: where it comes from
 * @algorithm: what it is for
 * @discard: do not keep @object
 * @object: reference on the key object, or NULL
 * @digest: recognises the key
 * @bytes: the key itself, or zeros
 */
struct mktme_volume_key {
	enum mktme_key_kind kind;
	enum mktme_algorithm algorithm;
	bool discard;
	struct key *object;
	u64 digest[MKTME_DIGEST_WORDS];
	u8 bytes[DM_MKTME_XTS_256_KEY_BYTES];
};

/**
 * struct mktme_mapping - memory mapped through a KeyID
 * @phys: physical address, with the KeyID
 * @kaddr: kernel address
 * @bytes: length
 * @pgmap: the struct pages
 */
struct mktme_mapping {
	phys_addr_t phys;
	void *kaddr;
	size_t bytes;
	struct dev_pagemap pgmap;
};

/**
 * enum mktme_window_state - what a registered window is doing
 * @MKTME_WINDOW_MAPPING: it keeps others off the range while it is made
 * @MKTME_WINDOW_LIVE: there are users
 * @MKTME_WINDOW_ZOMBIE: no users, or the memory is going, but pages may still
 *	be mapped or pinned; nothing new is mapped
 * @MKTME_WINDOW_GONE: unmapped and no longer registered
 */
enum mktme_window_state {
	MKTME_WINDOW_MAPPING,
	MKTME_WINDOW_LIVE,
	MKTME_WINDOW_ZOMBIE,
	MKTME_WINDOW_GONE,
};

/**
 * struct mktme_window - one range of memory seen through one KeyID
 * @dev: in sysfs; its reference count is the window's: one for the registry,
 *	one for each user
 * @node: in the registry
 * @users: struct mktme_user; read under user_srcu too
 * @state: see there
 * @base: what it maps; @base.bdev is only valid while the window is made
 * @claim: @base.bdev, opened so that nobody else can claim it
 * @base_name: of @base.bdev
 * @disk: reference on the disk through which it is used
 * @keyid: reference on the KeyID, until the window is gone
 * @keyid_number: number of @keyid
 * @hub: reference on what listens to the base, or NULL
 * @mapping: addresses
 * @idle_refs: reference count of a page that nobody uses
 * @busy_pfn: a page that was in use when that was last looked at, or 0
 * @was_used: a user that has gone, or will, has accessed it
 * @was_written: that one may have written to it, through caches
 * @is_announced: user space knows of it by an event
 * @is_used_at_end: somebody may write to it when the machine ends
 * @round: last walk over all windows that has seen it
 * @rcu: to free it
 * @reaper: unmaps a zombie as soon as it is idle
 * @passes: how often that was tried
 *
 * @node, @users, @state, @was_used, @was_written, @is_announced and @round are
 * under the registry's mutex.
 */
struct mktme_window {
	struct device dev;
	struct list_head node;
	struct list_head users;
	enum mktme_window_state state;
	struct mktme_base base;
	struct file *claim;
	char base_name[DISK_NAME_LEN + 8];
	struct gendisk *disk;
	struct mktme_keyid *keyid;
	unsigned int keyid_number;
	struct mktme_hub *hub;
	struct mktme_mapping mapping;
	int idle_refs;
	unsigned long busy_pfn;
	bool was_used;
	bool was_written;
	bool is_announced;
	bool is_used_at_end;
	unsigned int round;
	struct rcu_head rcu;
	struct delayed_work reaper;
	unsigned int passes;
};

static inline struct mktme_window *mktme_dev_to_window(struct device *dev)
{
	return container_of(dev, struct mktme_window, dev);
}

/* mktme_core.c */
extern struct mktme_cap mktme_cap;
int mktme_cap_check_range(phys_addr_t phys, size_t bytes, unsigned int keyid,
			  const char **error);

/* mktme_sysfs.c */
extern struct device *mktme_dev;
extern const struct attribute_group *mktme_window_groups[];
int mktme_sysfs_init(void);
void mktme_sysfs_exit(void);

/* mktme_pconfig.c */
extern const struct mktme_ll_ops mktme_pconfig_ops;
int mktme_pconfig_detect(struct mktme_cap *cap);
u32 mktme_pconfig_alg_bit(enum mktme_algorithm algorithm);
int mktme_pconfig_try(int cpu, struct mktme_key_program *operand,
		      struct mktme_trial *trial);

/* mktme_key.c */
void mktme_key_init(void);
struct mktme_volume_key *mktme_volume_key_get(const struct mktme_key_ref *ref,
					      const char **error);
struct mktme_volume_key *mktme_volume_key_again(enum mktme_key_kind kind,
						enum mktme_algorithm algorithm,
						struct key *object,
						bool may_have_expired);
bool mktme_volume_key_check(const struct key *object,
			    enum mktme_algorithm algorithm, const u64 *digest);
void mktme_volume_key_put(struct mktme_volume_key *vk);

/* mktme_package.c */
int mktme_package_init(void);
void mktme_package_exit(void);
bool mktme_package_may_serve(int package, const struct mktme_base *base);
bool mktme_package_is_away(int nid);
void mktme_package_refused_cpus(struct cpumask *cpus);
bool mktme_package_has_cpu(int package, const struct cpumask *cpus);

/* mktme_power.c */
extern const struct dev_pm_ops mktme_pm_ops;
int mktme_wait_for_accesses(void);
int mktme_power_init(void);
void mktme_power_exit(void);

/* mktme_event.c */
extern struct bus_type mktme_bus;
void mktme_event_add(struct mktme_window *window);
void mktme_event_remove(struct mktme_window *window);
void mktme_event_change(struct mktme_window *window, const char *event);
void mktme_event_key_needed(struct mktme_window *window, unsigned int cpu);

/* mktme_keyid.c */
int mktme_keyid_init(unsigned int keyids, const struct mktme_ll_ops *ops);
void mktme_keyid_exit(void);
struct mktme_keyid *mktme_keyid_get(const struct mktme_volume_key *vk, int nid,
				    const char **error);
void mktme_keyid_supply(struct mktme_keyid *keyid,
			const struct mktme_volume_key *vk);
void mktme_keyid_put(struct mktme_keyid *keyid);
bool mktme_keyid_holds(struct mktme_keyid *keyid,
		       const struct mktme_volume_key *vk);
unsigned int mktme_keyid_number(const struct mktme_keyid *keyid);
unsigned int mktme_keyid_packages(struct mktme_keyid *keyid,
				  unsigned int *online);
void mktme_keyid_count(unsigned int *used, unsigned int *lost);
const char *mktme_keyid_key_word(struct mktme_keyid *keyid);
bool mktme_keyid_lacks_key(struct mktme_keyid *keyid);
int mktme_keyid_rebind(struct mktme_keyid *keyid,
		       const struct mktme_volume_key *vk);
int mktme_keyid_bring_up(int cpu, bool wakes);
bool mktme_keyid_survives_sleep(struct mktme_keyid *keyid);
void mktme_keyid_sleep(void);
void mktme_keyid_wake(void);
bool mktme_keyid_is_lost(struct mktme_keyid *keyid);
void mktme_keyid_replace(struct mktme_keyid *keyid);
void mktme_keyid_clear_all(void);
unsigned int mktme_online_packages(void);
struct mktme_keyid *mktme_keyid_reserve(const char **error);
int mktme_keyid_try(struct mktme_keyid *keyid, int cpu,
		    struct mktme_key_program *operand,
		    struct mktme_trial *trial);

/* mktme_flush.c */
void mktme_flush_lines(void *kaddr, size_t bytes);
void mktme_flush_everything(void);
void mktme_flush_mapping(const struct mktme_mapping *mapping);
bool mktme_flush_base(const struct mktme_base *base);

/* mktme_window.c */
int mktme_mapping_map(struct mktme_mapping *mapping,
		      const struct mktme_base *base, unsigned int keyid,
		      bool is_clean, const char **error);
void mktme_mapping_unmap(struct mktme_mapping *mapping, bool may_be_dirty);

/* mktme_registry.c */
int mktme_registry_init(void);
void mktme_registry_exit(void);
const char *mktme_window_state_name(struct mktme_window *window);
void mktme_registry_remove_base(struct device *dev);
void mktme_registry_shut_down(void);
bool mktme_registry_needs_package(int package);
bool mktme_registry_is_removing(void);
void mktme_registry_for_each(void (*fn)(struct mktme_window *window, void *arg),
			     void *arg);
void mktme_registry_each_mapped(void (*fn)(struct mktme_window *window,
					   void *arg), void *arg);
void mktme_window_mark_going(struct mktme_window *window);
void mktme_window_volume_name(struct mktme_window *window, char *name);
void mktme_registry_for_overlaps(phys_addr_t phys, u64 bytes,
				 void (*fn)(struct mktme_window *window,
					    phys_addr_t phys, u64 bytes,
					    void *arg), void *arg);
int mktme_window_tell_user(struct mktme_window *window, u64 offset, u64 bytes,
			   int flags);

/* mktme_idle.c */
int mktme_mapping_idle_refs(const struct mktme_mapping *mapping, size_t offset);
bool mktme_page_is_shared(unsigned long pfn);
bool mktme_window_evict_users(struct mktme_window *window, bool has_openers);

/* mktme_holder.c */
struct mktme_hub *mktme_hub_get(struct block_device *bdev);
void mktme_hub_put(struct mktme_hub *hub);
phys_addr_t mktme_hub_phys(const struct mktme_hub *hub);
int mktme_holder_watch(struct device *dev);
void mktme_holder_exit(void);

/* mktme_failure.c; without it the kernel does not handle memory failures */
#ifdef CONFIG_MEMORY_FAILURE
int mktme_pgmap_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
			       unsigned long pages, int flags);
int mktme_base_memory_failure(phys_addr_t phys, u64 bytes, int flags);
void mktme_failure_init(void);
void mktme_failure_exit(void);
#else
#define mktme_pgmap_memory_failure NULL
static inline int mktme_base_memory_failure(phys_addr_t phys, u64 bytes,
					    int flags)
{
	return -EOPNOTSUPP;
}

static inline void mktme_failure_init(void)
{
}

static inline void mktme_failure_exit(void)
{
}
#endif

#endif /* _MKTME_PRIV_H */
