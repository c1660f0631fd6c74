// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listens to the memory below the windows: is it going, is it bad?
 */

/**
 * DOC: What comes from below
 *
 * The driver of a namespace can be unbound at any time, whoever has the block
 * device open.  The notifier of the NVDIMM bus is called first, with the
 * device lock held, and may sleep: it does not return before no window is left.
 *
 * Media errors of the base arrive at whoever holds its dax device.  There is
 * one holder for each dax device, but there may be many windows (partitions),
 * so a hub for each dax device is what gets registered.  The dax device of a
 * raw namespace is not offered to holders, and nothing arrives there.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "mktme_priv.h"

/**
 * struct mktme_hub - what holds one dax device
 * @node: in the list of hubs
 * @dax_dev: held
 * @phys: physical address of its first byte
 * @windows: how many need it
 */
struct mktme_hub {
	struct list_head node;
	struct dax_device *dax_dev;
	phys_addr_t phys;
	unsigned int windows;
};

/* Protects the list of hubs and which bus is watched. */
static DEFINE_MUTEX(hub_mutex);
static LIST_HEAD(hubs);

static struct mktme_hub *hub_of(const struct dax_device *dax_dev)
{
	struct mktme_hub *hub;

	lockdep_assert_held(&hub_mutex);
	list_for_each_entry(hub, &hubs, node)
		if (hub->dax_dev == dax_dev)
			return hub;
	return NULL;
}

/* Nobody waits for callbacks when a holder goes, so its data may have gone, too. */
static bool find_phys(struct dax_device *dax_dev, phys_addr_t *phys)
{
	struct mktme_hub *hub;

	mutex_lock(&hub_mutex);
	hub = hub_of(dax_dev);
	if (hub)
		*phys = hub->phys;
	mutex_unlock(&hub_mutex);
	return hub;
}

/*
 * The holder's callback.  That the base goes is known already when this is told
 * (all pages, and on some kernels a flag): no window is left then.
 */
static int hub_notify_failure(struct dax_device *dax_dev, u64 offset, u64 len,
			      int flags)
{
	phys_addr_t phys;

	if (len == U64_MAX || !find_phys(dax_dev, &phys))
		return -EOPNOTSUPP;
	return mktme_base_memory_failure(phys + offset, len, flags);
}

static const struct dax_holder_operations hub_ops = {
	.notify_failure = hub_notify_failure,
};

static int hub_find_phys(struct mktme_hub *hub)
{
	void *kaddr;
	dax_pfn_t pfn;
	long r;
	int id;

	id = dax_read_lock();
	r = dax_direct_access(hub->dax_dev, 0, 1, DAX_RECOVERY_WRITE, &kaddr,
			      &pfn);
	dax_read_unlock(id);
	if (r != 1)
		return -EIO;
	hub->phys = dax_pfn_to_phys(pfn);
	return 0;
}

static struct mktme_hub *hub_create(struct block_device *bdev)
{
	struct mktme_hub *hub = kzalloc(sizeof(*hub), GFP_KERNEL);
	u64 start;

	if (!hub)
		return NULL;
	hub->windows = 1;
	hub->dax_dev = fs_dax_get_by_bdev(bdev, &start, hub, &hub_ops);
	if (!hub->dax_dev)
		goto err_free;
	if (hub_find_phys(hub))
		goto err_put;
	list_add(&hub->node, &hubs);
	return hub;

err_put:
	fs_put_dax(hub->dax_dev, hub);
err_free:
	kfree(hub);
	return NULL;
}

static struct mktme_hub *hub_find(struct block_device *bdev)
{
	struct dax_device *dax_dev;
	u64 start;

	dax_dev = fs_dax_get_by_bdev(bdev, &start, NULL, NULL);
	if (!dax_dev)
		return NULL;
	/* Another hub of ours keeps the dax device, if there is one. */
	fs_put_dax(dax_dev, NULL);
	return hub_of(dax_dev);
}

/**
 * mktme_hub_get() - be told of media errors of a block device
 * @bdev: the device
 *
 * Return: to be given back by mktme_hub_put(); NULL if nothing will be told
 */
struct mktme_hub *mktme_hub_get(struct block_device *bdev)
{
	struct mktme_hub *hub;

	mutex_lock(&hub_mutex);
	hub = hub_find(bdev);
	if (hub)
		hub->windows++;
	else
		hub = hub_create(bdev);
	mutex_unlock(&hub_mutex);
	return hub;
}
EXPORT_SYMBOL_GPL(mktme_hub_get);

/**
 * mktme_hub_put() - undo mktme_hub_get()
 * @hub: from there, or NULL
 */
void mktme_hub_put(struct mktme_hub *hub)
{
	if (!hub)
		return;
	mutex_lock(&hub_mutex);
	if (!--hub->windows) {
		list_del(&hub->node);
		fs_put_dax(hub->dax_dev, hub);
		kfree(hub);
	}
	mutex_unlock(&hub_mutex);
}
EXPORT_SYMBOL_GPL(mktme_hub_put);

/**
 * mktme_hub_phys() - where the memory of a hub is
 * @hub: from mktme_hub_get()
 *
 * Return: the physical address of the first byte of its dax device
 */
phys_addr_t mktme_hub_phys(const struct mktme_hub *hub)
{
	return hub->phys;
}
EXPORT_SYMBOL_GPL(mktme_hub_phys);

static int on_bus_event(struct notifier_block *nb, unsigned long action,
			void *data)
{
	if (action == BUS_NOTIFY_UNBIND_DRIVER)
		mktme_registry_remove_base(data);
	return NOTIFY_DONE;
}

static struct notifier_block bus_notifier = {
	.notifier_call = on_bus_event,
};

/* The NVDIMM bus is not exported; the first device on it shows it. */
static typeof_member(struct device, bus) watched;

/**
 * mktme_holder_watch() - be told before a device loses its driver
 * @dev: one on the NVDIMM bus
 *
 * Context: Process context, sleeps; without the device lock.
 * Return: 0 or what bus_register_notifier() says
 */
int mktme_holder_watch(struct device *dev)
{
	int r = 0;

	mutex_lock(&hub_mutex);
	if (!watched) {
		r = bus_register_notifier(dev->bus, &bus_notifier);
		if (!r)
			watched = dev->bus;
	}
	mutex_unlock(&hub_mutex);
	return r;
}

/**
 * mktme_holder_exit() - stop watching; there are no windows any more
 */
void mktme_holder_exit(void)
{
	if (!watched)
		return;
	bus_unregister_notifier(watched, &bus_notifier);
	watched = NULL;
}
