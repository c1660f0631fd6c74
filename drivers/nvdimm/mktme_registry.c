// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which windows there are, who uses them, and when they end.
 */

/**
 * DOC: Lifetime of a window
 *
 *	MAPPING -> LIVE -> ZOMBIE -> GONE
 *
 * A range is registered before it is mapped, so that no other window can be
 * made over it, and until it is unmapped and its KeyID given back.
 *
 * A window is shared only by tables of one mapped device, with the same key:
 * device-mapper makes a new table before it lets go of the old one.
 *
 * It becomes a zombie when its last user goes, or when the memory below is
 * about to go.  From then on device-mapper maps nothing through it any more;
 * what was mapped before is removed (see mktme_idle.c), and a work item looks
 * again until
 *
 * - no user is at work on it by itself, as a constructor is,
 * - its disk is not open: file systems keep pointers to struct pages as long
 *   as they are mounted, and a page fault that was under way may still come,
 * - none of its pages is mapped or pinned,
 * - accesses of a table that is still there have ended.
 *
 * Then it is flushed and unmapped, and its KeyID cleared.  The range stays
 * taken until then: a new window under another key would make two KeyIDs over
 * one page.
 *
 * The memory cannot go earlier.  Whoever unbinds the namespace waits for it.
 * Nor can anybody but device-mapper claim the block device, to write to it through
 * KeyID 0: the table's claim goes with the table, so the window has one too.
 *
 * Locks: device lock of the base, then reap_sem, then registry_mutex, then the
 * CPU hotplug lock and the mutex of the KeyIDs.  The registry's mutex is not held
 * while mapping, unmapping, flushing or taking mappings away.  With the CPU
 * hotplug lock held the list is read under RCU.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/rwsem.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include "mktme_priv.h"
#include "mktme_trace.h"

/* How often a zombie is looked at, and its owner reminded. */
#define REAP_INTERVAL		(HZ / 2)
#define REMIND_INTERVAL		(60 * HZ)

static DEFINE_MUTEX(registry_mutex);
static LIST_HEAD(registry);

/* Keeps a user while it is told of a memory failure. */
DEFINE_STATIC_SRCU(user_srcu);

/* Held for writing by whoever wants no window to be unmapped just now. */
static DECLARE_RWSEM(reap_sem);

/* The machine ends: no window is made or unmapped any more. */
static bool is_shut_down;

static struct workqueue_struct *reaper_wq;

/* How many windows have ended; whoever waits for one sleeps on it. */
static atomic_t gone_count = ATOMIC_INIT(0);

/* How many wait so. */
static atomic_t removals = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(gone_wait);

static void reap_work(struct work_struct *work);

static const struct dev_pagemap_ops pgmap_ops = {
	.memory_failure = mktme_pgmap_memory_failure,
};

static const char * const state_names[] = {
	[MKTME_WINDOW_MAPPING] = "mapping",
	[MKTME_WINDOW_LIVE] = "live",
	[MKTME_WINDOW_ZOMBIE] = "zombie",
	[MKTME_WINDOW_GONE] = "gone",
};

/**
 * mktme_window_state_name() - what a window is doing, for people
 * @window: any
 *
 * Return: a word
 */
const char *mktme_window_state_name(struct mktme_window *window)
{
	return state_names[READ_ONCE(window->state)];
}

static void set_state(struct mktme_window *window,
		      enum mktme_window_state state)
{
	lockdep_assert_held(&registry_mutex);
	WRITE_ONCE(window->state, state);
	trace_mktme_window(window->base.phys, window->base.bytes,
			   window->keyid_number, state);
}

/*
 * Making one
 */

/* The device has no driver whose module could go: this one frees it. */
static void window_release(struct device *dev)
{
	struct mktme_window *window = mktme_dev_to_window(dev);
	struct module *owner = window->disk->fops->owner;

	put_device(disk_to_dev(window->disk));
	module_put(owner);
	put_device(window->base.dev);
	kfree_rcu(window, rcu);
}

static struct mktme_window *window_alloc(const struct mktme_base *base,
					 struct mktme_user *user,
					 const char **error)
{
	struct mktme_window *window;
	int r;

	window = kzalloc(sizeof(*window), GFP_KERNEL);
	if (!window) {
		*error = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	INIT_LIST_HEAD(&window->node);
	INIT_LIST_HEAD(&window->users);
	INIT_DELAYED_WORK(&window->reaper, reap_work);
	window->base = *base;
	get_device(base->dev);
	snprintf(window->base_name, sizeof(window->base_name), "%pg",
		 base->bdev);
	window->disk = user->disk;
	get_device(disk_to_dev(user->disk));
	/* A disk that is freed looks into the operations of its module. */
	__module_get(user->disk->fops->owner);
	window->mapping.pgmap.ops = &pgmap_ops;

	device_initialize(&window->dev);
	window->dev.parent = mktme_dev;
	window->dev.bus = &mktme_bus;
	window->dev.groups = mktme_window_groups;
	window->dev.release = window_release;
	r = dev_set_name(&window->dev, "window-%llx", (u64)base->phys);
	if (r) {
		*error = "out of memory";
		put_device(&window->dev);
		return ERR_PTR(r);
	}
	return window;
}

static bool overlaps(const struct mktme_window *window, phys_addr_t phys,
		     u64 bytes)
{
	return phys < window->base.phys + window->base.bytes &&
	       window->base.phys < phys + bytes;
}

static struct mktme_window *find_overlap(const struct mktme_base *base)
{
	struct mktme_window *window;

	lockdep_assert_held(&registry_mutex);
	list_for_each_entry(window, &registry, node)
		if (overlaps(window, base->phys, base->bytes))
			return window;
	return NULL;
}

static void add_user(struct mktme_window *window, struct mktme_user *user)
{
	lockdep_assert_held(&registry_mutex);
	user->pins = 1;
	user->state = MKTME_USER_NEW;
	list_add_tail_rcu(&user->node, &window->users);
	get_device(&window->dev);
}

/* Return: 0 if @user may share @window, else why not */
static int check_share(struct mktme_window *window,
		       const struct mktme_base *base,
		       const struct mktme_volume_key *vk,
		       const struct mktme_user *user, const char **error)
{
	if (window->state == MKTME_WINDOW_ZOMBIE) {
		pr_err("%s: %pa is still in use through KeyID %u by what was on %s\n",
		       window->base_name, &window->base.phys,
		       window->keyid_number, window->disk->disk_name);
		*error = "<device>: still in use by an earlier volume; unmount or stop its users";
	} else if (window->state != MKTME_WINDOW_LIVE ||
		   window->base.phys != base->phys ||
		   window->base.bytes != base->bytes ||
		   window->base.memmap_bytes != base->memmap_bytes ||
		   window->disk != user->disk) {
		*error = "<device>: another window covers part of the range";
	} else if (!mktme_keyid_holds(window->keyid, vk)) {
		*error = "<key>: not the key of the table that is to be replaced";
	} else {
		return 0;
	}
	return -EBUSY;
}

/* Return: a window to share, NULL if the range is free, or an ERR_PTR() */
static struct mktme_window *share(const struct mktme_base *base,
				  const struct mktme_volume_key *vk,
				  struct mktme_user *user, const char **error)
{
	struct mktme_window *window = find_overlap(base);
	int r;

	if (!window)
		return NULL;
	r = check_share(window, base, vk, user, error);
	if (r)
		return ERR_PTR(r);
	mktme_keyid_supply(window->keyid, vk);
	add_user(window, user);
	return window;
}

static struct mktme_window *share_or_register(struct mktme_window *new,
					      const struct mktme_volume_key *vk,
					      struct mktme_user *user,
					      const char **error)
{
	struct mktme_window *window;

	mutex_lock(&registry_mutex);
	window = share(&new->base, vk, user, error);
	if (!window && is_shut_down) {
		*error = "<device>: the machine is shutting down";
		window = ERR_PTR(-ENODEV);
	} else if (!window) {
		window = new;
		set_state(window, MKTME_WINDOW_MAPPING);
		list_add_rcu(&window->node, &registry);
		add_user(window, user);
		__module_get(THIS_MODULE);
	}
	mutex_unlock(&registry_mutex);
	return window;
}

/*
 * Unbinding holds the device lock from before it tells us until disk and memory
 * are gone: while there is the disk and the lock is held, it will tell us of
 * this window.
 */
static struct mktme_window *register_over_base(struct mktme_window *new,
					       const struct mktme_volume_key *vk,
					       struct mktme_user *user,
					       const char **error)
{
	struct device *dev = new->base.dev;
	struct mktme_window *window;
	int r;

	r = mktme_holder_watch(dev);
	if (r) {
		*error = "<device>: cannot be watched";
		return ERR_PTR(r);
	}
	r = device_lock_interruptible(dev);
	if (r) {
		*error = "<device>: interrupted while waiting for it";
		return ERR_PTR(r);
	}
	if (disk_live(new->base.bdev->bd_disk)) {
		window = share_or_register(new, vk, user, error);
	} else {
		*error = "<device>: is being removed";
		window = ERR_PTR(-ENODEV);
	}
	device_unlock(dev);
	return window;
}

static void unregister(struct mktme_window *window)
{
	mutex_lock(&registry_mutex);
	list_del_rcu(&window->node);
	set_state(window, MKTME_WINDOW_GONE);
	mutex_unlock(&registry_mutex);
	atomic_inc(&gone_count);
	wake_up_all(&gone_wait);
	module_put(THIS_MODULE);
	put_device(&window->dev);
}

/* There may be more holders than a limit for messages lets pass: it is for lists. */
static void list_holders(void)
{
	static DEFINE_RATELIMIT_STATE(lists, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	struct mktme_window *window;

	if (!__ratelimit(&lists))
		return;

	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node)
		if (READ_ONCE(window->keyid))
			pr_err("KeyID %u is held by %s on %s at %pa (%s)\n",
			       window->keyid_number, window->disk->disk_name,
			       window->base_name, &window->base.phys,
			       mktme_window_state_name(window));
	mutex_unlock(&registry_mutex);
}

static void say_who_holds_keyids(void)
{
	unsigned int used, lost;

	list_holders();
	mktme_keyid_count(&used, &lost);
	pr_err("%u of %u KeyIDs in use, %u of them lost: close a volume, or give TME-MK more KeyIDs in the firmware set-up\n",
	       used, mktme_cap.keyids, lost);
}

static int take_keyid(struct mktme_window *window,
		      const struct mktme_volume_key *vk, const char **error)
{
	struct mktme_keyid *keyid = mktme_keyid_get(vk, window->base.nid,
						    error);

	if (IS_ERR(keyid)) {
		if (PTR_ERR(keyid) == -ENOSPC)
			say_who_holds_keyids();
		return PTR_ERR(keyid);
	}
	window->keyid_number = mktme_keyid_number(keyid);
	WRITE_ONCE(window->keyid, keyid);
	return 0;
}

static void give_keyid_back(struct mktme_window *window)
{
	struct mktme_keyid *keyid = window->keyid;

	/* For mktme_registry_for_each(), whose functions use it. */
	mutex_lock(&registry_mutex);
	WRITE_ONCE(window->keyid, NULL);
	mutex_unlock(&registry_mutex);
	mktme_keyid_put(keyid);
}

/*
 * A claim is shared by whoever names the same holder, as the caller's does.  The
 * file is opened as the kernel: it would keep the caller's credentials, and with
 * them keyrings, which are to go when the caller does.
 */
static int claim_base(struct mktme_window *window, const char **error)
{
	struct block_device *bdev = window->base.bdev;
	struct cred *kernel = prepare_kernel_cred(&init_task);
	const struct cred *caller;

	if (!kernel) {
		*error = "out of memory";
		return -ENOMEM;
	}
	caller = override_creds(kernel);
	window->claim = bdev_file_open_by_dev(bdev->bd_dev, BLK_OPEN_READ,
					      bdev->bd_holder, NULL);
	revert_creds(caller);
	put_cred(kernel);
	if (!IS_ERR(window->claim))
		return 0;
	*error = "<device>: cannot be claimed";
	return PTR_ERR(window->claim);
}

/*
 * What somebody wrote and closed may still be in the page cache: the last one to close
 * writes it back, and there may have been others.
 */
static int write_back_base(const struct mktme_base *base, const char **error)
{
	int r = sync_blockdev(bdev_whole(base->bdev));

	if (!r && bdev_is_partition(base->bdev))
		r = sync_blockdev(base->bdev);
	if (r)
		*error = "<device>: what was written to it cannot be written back";
	return r;
}

static int build(struct mktme_window *window,
		 const struct mktme_volume_key *vk, const char **error)
{
	bool is_clean;
	int r;

	r = claim_base(window, error);
	if (r)
		return r;
	r = write_back_base(&window->base, error);
	if (r)
		goto err_claim;
	r = take_keyid(window, vk, error);
	if (r)
		goto err_claim;
	is_clean = mktme_flush_base(&window->base);
	r = mktme_mapping_map(&window->mapping, &window->base,
			      window->keyid_number, is_clean, error);
	if (r)
		goto err_keyid;
	window->idle_refs = mktme_mapping_idle_refs(&window->mapping,
						    window->base.memmap_bytes);
	dev_set_uevent_suppress(&window->dev, true);
	r = device_add(&window->dev);
	if (r) {
		*error = "out of memory";
		goto err_unmap;
	}
	window->hub = mktme_hub_get(window->base.bdev);
	return 0;

err_unmap:
	mktme_mapping_unmap(&window->mapping, false);
err_keyid:
	give_keyid_back(window);
err_claim:
	__fput_sync(window->claim);
	return r;
}

/*
 * The base may have begun to go while the window was made.
 */
static void set_live(struct mktme_window *window)
{
	struct mktme_user *user;
	bool is_going = false;

	mutex_lock(&registry_mutex);
	list_for_each_entry(user, &window->users, node)
		is_going |= mktme_user_is_gone(user);
	set_state(window, is_going ? MKTME_WINDOW_ZOMBIE : MKTME_WINDOW_LIVE);
	if (is_going)
		queue_delayed_work(reaper_wq, &window->reaper, REAP_INTERVAL);
	mutex_unlock(&registry_mutex);
}

/* What a user did that is not to be asked any more */
static void note_use(struct mktme_window *window, const struct mktme_user *user)
{
	window->was_used = true;
	window->was_written |= user->may_write;
}

static void remove_user(struct mktme_window *window, struct mktme_user *user)
{
	lockdep_assert_held(&registry_mutex);
	if (user->state == MKTME_USER_ACTIVE ||
	    user->state == MKTME_USER_ASLEEP)
		note_use(window, user);
	list_del_rcu(&user->node);
}

static void abort_mapping(struct mktme_window *window, struct mktme_user *user)
{
	mutex_lock(&registry_mutex);
	remove_user(window, user);
	mutex_unlock(&registry_mutex);
	synchronize_srcu(&user_srcu);
	put_device(&window->dev);
	unregister(window);
}

/**
 * mktme_window_share() - have the window that a table to be replaced has
 * @base: the memory
 * @ref: where the key is
 * @user: see there; pinned on success
 * @error: set to the reason on failure
 *
 * Context: Process context, sleeps.
 * Return: as mktme_window_map(), or NULL if there is none
 */
struct mktme_window *mktme_window_share(const struct mktme_base *base,
					const struct mktme_key_ref *ref,
					struct mktme_user *user,
					const char **error)
{
	struct mktme_volume_key *vk = mktme_volume_key_get(ref, error);
	struct mktme_window *window;

	if (IS_ERR(vk))
		return ERR_CAST(vk);
	mutex_lock(&registry_mutex);
	window = share(base, vk, user, error);
	mutex_unlock(&registry_mutex);
	mktme_volume_key_put(vk);
	return window;
}
EXPORT_SYMBOL_GPL(mktme_window_share);

/**
 * mktme_window_map() - map persistent memory through a KeyID
 * @base: the memory
 * @ref: where the key is
 * @user: see there; pinned on success, until mktme_window_unpin()
 * @error: set to the reason on failure
 *
 * The caller has @base claimed meanwhile; the window claims it, too.  Nobody
 * who respects that writes to @base through KeyID 0 until it is unmapped.
 *
 * Context: Process context of whoever's keyrings hold the key, sleeps.  Takes
 * time in proportion to the length.
 * Return: a window to be given back by mktme_window_unmap(), or an ERR_PTR():
 * -EINVAL, -ERANGE, -EBUSY (overlap, claimed by others), -EOPNOTSUPP (memory
 * type), -ENOMEM, -ENODEV (the base is going, or the algorithm is not
 * activated), -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED, -ENOSPC (no KeyID free),
 * -EAGAIN or -EIO (hardware), -EINTR
 */
struct mktme_window *mktme_window_map(const struct mktme_base *base,
				      const struct mktme_key_ref *ref,
				      struct mktme_user *user,
				      const char **error)
{
	struct mktme_window *window, *registered;
	struct mktme_volume_key *vk;
	int r;

	/* Every KeyID that can be had is mappable, so the first one will do. */
	r = mktme_cap_check_range(base->phys, base->bytes, 1, error);
	if (r)
		return ERR_PTR(r);
	vk = mktme_volume_key_get(ref, error);
	if (IS_ERR(vk))
		return ERR_CAST(vk);
	window = window_alloc(base, user, error);
	if (IS_ERR(window))
		goto out;
	registered = register_over_base(window, vk, user, error);
	if (registered != window) {
		put_device(&window->dev);
		window = registered;
		goto out;
	}
	r = build(window, vk, error);
	if (r) {
		abort_mapping(window, user);
		window = ERR_PTR(r);
	} else {
		set_live(window);
	}
out:
	mktme_volume_key_put(vk);
	return window;
}
EXPORT_SYMBOL_GPL(mktme_window_map);

/*
 * Ending one
 */

static void set_zombie(struct mktme_window *window)
{
	set_state(window, MKTME_WINDOW_ZOMBIE);
	if (window->is_announced)
		mktme_event_change(window, "going");
}

static bool is_pinned(struct mktme_window *window)
{
	struct mktme_user *user;
	bool is_pinned = false;

	mutex_lock(&registry_mutex);
	list_for_each_entry(user, &window->users, node)
		is_pinned |= user->pins;
	mutex_unlock(&registry_mutex);
	return is_pinned;
}

static bool has_users(struct mktme_window *window)
{
	bool has_users;

	mutex_lock(&registry_mutex);
	has_users = !list_empty(&window->users);
	mutex_unlock(&registry_mutex);
	return has_users;
}

static void tear_down(struct mktme_window *window)
{
	mktme_hub_put(window->hub);
	mktme_mapping_unmap(&window->mapping, window->was_written);
	/* Not later: nobody who waits for the end shall find it open. */
	__fput_sync(window->claim);
	give_keyid_back(window);
	if (window->is_announced)
		mktme_event_remove(window);
	device_del(&window->dev);
	unregister(window);
}

/*
 * Whoever made it a zombie calls this, and then the work item.  A disk that is
 * closed when it is looked at stays harmless: who opens it later finds another
 * table, or a user that knows that the memory has gone.  If no access was ever
 * made, as by a constructor that refused the key, the disk does not matter.
 * Whoever closes a disk writes back what is in its page cache after that: if the
 * memory was taken from under a table, such accesses may still be under way.
 *
 * Scanning takes time in proportion to the length.  While the disk is open it
 * is done at growing intervals, against faults that are still under way.
 */
static bool try_reap_locked(struct mktme_window *window)
{
	bool has_openers = window->was_used && disk_openers(window->disk);
	bool is_busy = has_openers;

	if (READ_ONCE(is_shut_down) || is_pinned(window))
		return false;
	window->passes++;
	if (!has_openers || is_power_of_2(window->passes))
		is_busy |= mktme_window_evict_users(window, has_openers);
	if (is_busy || (has_users(window) && mktme_wait_for_accesses()))
		return false;
	tear_down(window);
	return true;
}

static bool try_reap(struct mktme_window *window)
{
	bool is_gone;

	down_read(&reap_sem);
	is_gone = try_reap_locked(window);
	up_read(&reap_sem);
	return is_gone;
}

static void reap_work(struct work_struct *work)
{
	struct mktme_window *window = container_of(to_delayed_work(work),
						   struct mktme_window, reaper);

	if (!try_reap(window))
		queue_delayed_work(reaper_wq, &window->reaper, REAP_INTERVAL);
}

/**
 * mktme_user_activate() - first access of a user
 * @user: of a window
 *
 * Return: false if the memory has gone, or as long as the machine is asleep
 */
bool mktme_user_activate(struct mktme_user *user)
{
	enum mktme_user_state old;

	old = cmpxchg(&user->state, MKTME_USER_NEW, MKTME_USER_ACTIVE);
	return old == MKTME_USER_NEW || old == MKTME_USER_ACTIVE;
}
EXPORT_SYMBOL_GPL(mktme_user_activate);

/**
 * mktme_window_pin() - a user wants to look at window or base by itself
 * @window: from mktme_window_map()
 * @user: its user, whose disk need not be open
 *
 * Return: false if the memory has gone; else both stay until
 * mktme_window_unpin()
 */
bool mktme_window_pin(struct mktme_window *window, struct mktme_user *user)
{
	bool is_pinned = false;

	mutex_lock(&registry_mutex);
	if (!mktme_user_is_gone(user)) {
		user->pins++;
		is_pinned = true;
	}
	mutex_unlock(&registry_mutex);
	return is_pinned;
}
EXPORT_SYMBOL_GPL(mktme_window_pin);

/**
 * mktme_window_unpin() - undo mktme_window_pin(), or the pin of a new window
 * @window: from mktme_window_map()
 * @user: its user; without a pin it uses the window only while its disk is open
 */
void mktme_window_unpin(struct mktme_window *window, struct mktme_user *user)
{
	mutex_lock(&registry_mutex);
	user->pins--;
	mutex_unlock(&registry_mutex);
}
EXPORT_SYMBOL_GPL(mktme_window_unpin);

/**
 * mktme_window_publish() - a new user is ready, user space may know
 * @window: from mktme_window_map() or mktme_window_share()
 * @user: its user, which is not pinned any more
 */
void mktme_window_publish(struct mktme_window *window, struct mktme_user *user)
{
	mutex_lock(&registry_mutex);
	user->pins--;
	if (!window->is_announced)
		mktme_event_add(window);
	window->is_announced = true;
	mutex_unlock(&registry_mutex);
}
EXPORT_SYMBOL_GPL(mktme_window_publish);

/**
 * mktme_window_unmap() - give a window back
 * @window: from mktme_window_map()
 * @user: its user, which does not use it any more and makes no new mappings
 *
 * If pages of the window are still in use, it ends when they are not, without
 * the caller.
 *
 * Context: Process context, sleeps.  Takes time in proportion to the length.
 */
void mktme_window_unmap(struct mktme_window *window, struct mktme_user *user)
{
	bool is_last;

	mutex_lock(&registry_mutex);
	remove_user(window, user);
	is_last = list_empty(&window->users) &&
		  window->state == MKTME_WINDOW_LIVE;
	if (is_last)
		set_zombie(window);
	mutex_unlock(&registry_mutex);
	synchronize_srcu(&user_srcu);

	if (is_last && !try_reap(window)) {
		pr_info("%s: KeyID %u stays until nobody uses what was on %s\n",
			window->base_name, window->keyid_number,
			window->disk->disk_name);
		queue_delayed_work(reaper_wq, &window->reaper, REAP_INTERVAL);
	}
	put_device(&window->dev);
}
EXPORT_SYMBOL_GPL(mktme_window_unmap);

/*
 * The memory goes
 */

/**
 * mktme_window_mark_going() - let nobody use a window any more
 * @window: any
 *
 * Context: from mktme_registry_for_each().
 */
void mktme_window_mark_going(struct mktme_window *window)
{
	enum mktme_user_state old;
	struct mktme_user *user;

	lockdep_assert_held(&registry_mutex);
	list_for_each_entry(user, &window->users, node) {
		old = xchg(&user->state, MKTME_USER_GONE);
		if (old == MKTME_USER_ACTIVE || old == MKTME_USER_ASLEEP)
			note_use(window, user);
	}
	if (window->state == MKTME_WINDOW_LIVE) {
		set_zombie(window);
		queue_delayed_work(reaper_wq, &window->reaper, 0);
	}
}

/**
 * mktme_registry_shut_down() - let nobody use any window any more, for ever
 *
 * Context: Process context, sleeps.
 */
void mktme_registry_shut_down(void)
{
	struct mktme_window *window;

	mutex_lock(&registry_mutex);
	WRITE_ONCE(is_shut_down, true);
	list_for_each_entry(window, &registry, node)
		mktme_window_mark_going(window);
	mutex_unlock(&registry_mutex);
	atomic_inc(&gone_count);
	wake_up_all(&gone_wait);
}

/**
 * mktme_registry_is_removing() - does somebody wait until memory may go?
 *
 * Return: true if so; that one holds the lock of a device
 */
bool mktme_registry_is_removing(void)
{
	return atomic_read(&removals);
}

/* Once the machine ends no window does: whoever waits shall not hold that up. */
static bool is_base_free(struct device *dev, bool remind)
{
	struct mktme_window *window;
	bool is_free = true;

	if (READ_ONCE(is_shut_down))
		return true;

	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node) {
		if (window->base.dev != dev)
			continue;
		is_free = false;
		if (remind)
			pr_warn("%s: removal waits until nobody uses %s: unmount it, stop its users\n",
				window->base_name, window->disk->disk_name);
	}
	mutex_unlock(&registry_mutex);
	return is_free;
}

/**
 * mktme_registry_remove_base() - have no window over memory that is to go
 * @dev: what the memory belongs to; no window over it can be registered now
 *
 * I/O to the volumes fails from now on and mappings of their files are removed
 * (SIGBUS).  Waits, for ever if need be, until all windows are unmapped:
 * the memory may belong to somebody else afterwards.
 *
 * Context: Process context, sleeps; the caller holds the device lock.
 */
void mktme_registry_remove_base(struct device *dev)
{
	unsigned long timeout = 2 * REAP_INTERVAL;
	struct mktme_window *window;
	int seen;

	atomic_inc(&removals);
	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node)
		if (window->base.dev == dev)
			mktme_window_mark_going(window);
	mutex_unlock(&registry_mutex);

	do {
		seen = atomic_read(&gone_count);
		if (is_base_free(dev, timeout == REMIND_INTERVAL))
			break;
		if (!wait_event_idle_timeout(gone_wait,
					     atomic_read(&gone_count) != seen,
					     timeout))
			timeout = REMIND_INTERVAL;
	} while (true);
	atomic_dec(&removals);
}

/*
 * Keys
 */

/**
 * mktme_window_rebind() - supply the key of a window again
 * @window: from mktme_window_map()
 * @user: its user
 * @ref: where the key is
 * @error: set to the reason on failure
 *
 * The key object is kept from now on, so that a CPU package that comes online
 * can be given the key.
 *
 * Context: Process context of whoever's keyrings hold the key, sleeps.
 * Return: 0, -ENODEV (the memory has gone, or the key), -EOPNOTSUPP (the window
 * has no key object), -EKEYREJECTED (another key), or as mktme_window_map()
 */
int mktme_window_rebind(struct mktme_window *window, struct mktme_user *user,
			const struct mktme_key_ref *ref, const char **error)
{
	struct mktme_volume_key *vk;
	int r;

	vk = mktme_volume_key_get(ref, error);
	if (IS_ERR(vk))
		return PTR_ERR(vk);
	if (!mktme_window_pin(window, user)) {
		*error = "<device>: was taken away";
		r = -ENODEV;
		goto out;
	}
	r = mktme_keyid_rebind(window->keyid, vk);
	if (!r)
		mktme_event_change(window, "key-bound");
	else
		*error = r == -EKEYREJECTED ?
			 "<key>: not the key of the volume" :
			 "<key>: the volume does not need one";
	mktme_window_unpin(window, user);
out:
	mktme_volume_key_put(vk);
	return r;
}
EXPORT_SYMBOL_GPL(mktme_window_rebind);

/*
 * What others want to know
 */

/**
 * mktme_window_volume_name() - what people call the volume of a window
 * @window: any
 * @name: filled in; MKTME_NAME_BYTES.  The name of the disk will do if nobody is
 *	left to say more.
 *
 * Context: from mktme_registry_for_each().
 */
void mktme_window_volume_name(struct mktme_window *window, char *name)
{
	struct mktme_user *user;

	lockdep_assert_held(&registry_mutex);
	strscpy(name, window->disk->disk_name, MKTME_NAME_BYTES);
	user = list_first_entry_or_null(&window->users, struct mktme_user,
					node);
	if (user && user->ops)
		user->ops->name(user, name);
}

/**
 * mktme_registry_for_each() - call a function for each window that has a KeyID
 * @fn: the function
 * @arg: for @fn
 *
 * Context: Process context, sleeps; @fn is called with the registry's mutex
 * held.
 */
void mktme_registry_for_each(void (*fn)(struct mktme_window *window, void *arg),
			     void *arg)
{
	struct mktme_window *window;

	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node)
		if (window->keyid)
			fn(window, arg);
	mutex_unlock(&registry_mutex);
}

/**
 * mktme_registry_each_mapped() - call a function for each that is mapped
 * @fn: the function; the window stays mapped meanwhile
 * @arg: for @fn
 *
 * Context: Process context, sleeps.
 */
void mktme_registry_each_mapped(void (*fn)(struct mktme_window *window,
					   void *arg), void *arg)
{
	static unsigned int round;	/* under the mutex */
	struct mktme_window *window;

	down_write(&reap_sem);
	mutex_lock(&registry_mutex);
	round++;
again:
	list_for_each_entry(window, &registry, node) {
		if (window->round == round || !window->keyid ||
		    window->state == MKTME_WINDOW_MAPPING)
			continue;
		window->round = round;
		mutex_unlock(&registry_mutex);
		fn(window, arg);
		mutex_lock(&registry_mutex);
		goto again;
	}
	mutex_unlock(&registry_mutex);
	up_write(&reap_sem);
}

/**
 * mktme_registry_needs_package() - is a window over memory behind a package?
 * @package: logical id
 *
 * Context: CPU hotplug callback.
 * Return: true if one may be, after saying which
 */
bool mktme_registry_needs_package(int package)
{
	struct mktme_window *window;
	bool needs = false;

	rcu_read_lock();
	list_for_each_entry_rcu(window, &registry, node) {
		if (!mktme_package_may_serve(package, &window->base))
			continue;
		needs = true;
		pr_warn("%s: in use through KeyID %u, and package %d may serve its memory: close the volume first\n",
			window->base_name, window->keyid_number, package);
	}
	rcu_read_unlock();
	return needs;
}

/**
 * mktme_registry_for_overlaps() - call a function for each window over a range
 * @phys: physical address without KeyID
 * @bytes: length
 * @fn: gets window, start and length of what is both in range and window
 * @arg: for @fn
 *
 * Context: Process context, sleeps; @fn is called with the registry's mutex
 * held.
 */
void mktme_registry_for_overlaps(phys_addr_t phys, u64 bytes,
				 void (*fn)(struct mktme_window *window,
					    phys_addr_t phys, u64 bytes,
					    void *arg), void *arg)
{
	struct mktme_window *window;
	u64 start, end;

	mutex_lock(&registry_mutex);
	list_for_each_entry(window, &registry, node) {
		if (window->state == MKTME_WINDOW_MAPPING ||
		    !overlaps(window, phys, bytes))
			continue;
		start = max_t(u64, phys, window->base.phys);
		end = min_t(u64, phys + bytes,
			    window->base.phys + window->base.bytes);
		fn(window, start, end - start, arg);
	}
	mutex_unlock(&registry_mutex);
}

/**
 * mktme_window_tell_user() - tell whoever uses a window that memory is bad
 * @window: which may be a zombie
 * @offset: into the window
 * @bytes: length
 * @flags: of memory_failure()
 *
 * Context: Process context, sleeps.
 * Return: what the user answers, -EOPNOTSUPP if there is none
 */
int mktme_window_tell_user(struct mktme_window *window, u64 offset, u64 bytes,
			   int flags)
{
	struct mktme_user *user;
	int r = -EOPNOTSUPP;
	int id;

	id = srcu_read_lock(&user_srcu);
	/* All of them belong to one disk. */
	user = list_first_or_null_rcu(&window->users, struct mktme_user, node);
	if (user && user->ops)
		r = user->ops->memory_failure(user, offset, bytes, flags);
	srcu_read_unlock(&user_srcu, id);
	return r;
}

/**
 * mktme_window_kaddr() - kernel address of a window
 * @window: from mktme_window_map()
 *
 * Return: the address of its first byte
 */
void *mktme_window_kaddr(const struct mktme_window *window)
{
	return window->mapping.kaddr;
}
EXPORT_SYMBOL_GPL(mktme_window_kaddr);

/**
 * mktme_window_phys() - physical address of a window, KeyID included
 * @window: from mktme_window_map()
 *
 * Return: the address of its first byte
 */
phys_addr_t mktme_window_phys(const struct mktme_window *window)
{
	return window->mapping.phys;
}
EXPORT_SYMBOL_GPL(mktme_window_phys);

/**
 * mktme_window_flush() - write back and invalidate lines of a window
 * @window: from mktme_window_map()
 * @offset: first byte
 * @bytes: how many
 *
 * What is read through @window afterwards comes from the media.
 */
void mktme_window_flush(struct mktme_window *window, size_t offset,
			size_t bytes)
{
	mktme_flush_lines(window->mapping.kaddr + offset, bytes);
}
EXPORT_SYMBOL_GPL(mktme_window_flush);

/**
 * mktme_window_keyid() - what is in the top bits of a window's addresses
 * @window: from mktme_window_map()
 *
 * Return: the KeyID, from 1; 0 once it has been given back
 */
unsigned int mktme_window_keyid(const struct mktme_window *window)
{
	return READ_ONCE(window->keyid) ? window->keyid_number : 0;
}
EXPORT_SYMBOL_GPL(mktme_window_keyid);

/**
 * mktme_window_packages() - on how many packages is the key?
 * @window: from mktme_window_map()
 * @online: set to the number of packages that have a CPU online
 *
 * Return: how many of those hold the key; 0 once the window is gone
 */
unsigned int mktme_window_packages(struct mktme_window *window,
				   unsigned int *online)
{
	struct mktme_keyid *keyid = READ_ONCE(window->keyid);

	/* Entries of the table of KeyIDs live as long as the module. */
	if (keyid)
		return mktme_keyid_packages(keyid, online);
	*online = mktme_online_packages();
	return 0;
}
EXPORT_SYMBOL_GPL(mktme_window_packages);

/**
 * mktme_registry_init() - make what zombies need
 *
 * Return: 0 or -ENOMEM
 */
int mktme_registry_init(void)
{
	reaper_wq = alloc_workqueue("mktme", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return reaper_wq ? 0 : -ENOMEM;
}

/**
 * mktme_registry_exit() - undo mktme_registry_init()
 *
 * Every window holds the module until its last line of work; this waits for
 * the rest of it.
 */
void mktme_registry_exit(void)
{
	WARN_ON_ONCE(!list_empty(&registry));
	destroy_workqueue(reaper_wq);
}
