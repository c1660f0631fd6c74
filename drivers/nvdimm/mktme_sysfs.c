// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine can do and what is in use, in /sys/devices/mktme; described
 * in Documentation/ABI/testing/sysfs-devices-mktme.
 */

#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "mktme_hw.h"
#include "mktme_priv.h"

/* Parent of the windows. */
struct device *mktme_dev;

static ssize_t keyids_total_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_cap.keyids);
}
static DEVICE_ATTR_RO(keyids_total);

static ssize_t keyids_used_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	unsigned int used, lost;

	mktme_keyid_count(&used, &lost);
	return sysfs_emit(buf, "%u\n", used);
}
static DEVICE_ATTR_RO(keyids_used);

static ssize_t keyids_lost_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	unsigned int used, lost;

	mktme_keyid_count(&used, &lost);
	return sysfs_emit(buf, "%u\n", lost);
}
static DEVICE_ATTR_RO(keyids_lost);

static ssize_t keyid_bits_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_cap.keyid_bits);
}
static DEVICE_ATTR_RO(keyid_bits);

static ssize_t keyid_shift_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_cap.keyid_shift);
}
static DEVICE_ATTR_RO(keyid_shift);

static ssize_t algorithms_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	bool xts_128 = mktme_cap.algs & TME_ALG_AES_XTS_128;
	bool xts_256 = mktme_cap.algs & TME_ALG_AES_XTS_256;

	return sysfs_emit(buf, "%s%s%s\n", xts_128 ? "aes-xts-128" : "",
			  xts_128 && xts_256 ? " " : "",
			  xts_256 ? "aes-xts-256" : "");
}
static DEVICE_ATTR_RO(algorithms);

static ssize_t packages_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_online_packages());
}
static DEVICE_ATTR_RO(packages);

static ssize_t bypass_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", mktme_cap.bypass);
}
static DEVICE_ATTR_RO(bypass);

static ssize_t cpus_refused_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	cpumask_var_t cpus;
	ssize_t n;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	mktme_package_refused_cpus(cpus);
	n = sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(cpus));
	free_cpumask_var(cpus);
	return n;
}
static DEVICE_ATTR_RO(cpus_refused);

static struct attribute *mktme_attrs[] = {
	&dev_attr_keyids_total.attr,
	&dev_attr_keyids_used.attr,
	&dev_attr_keyids_lost.attr,
	&dev_attr_keyid_bits.attr,
	&dev_attr_keyid_shift.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_packages.attr,
	&dev_attr_bypass.attr,
	&dev_attr_cpus_refused.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mktme);

/*
 * One window
 */

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct mktme_window *window = mktme_dev_to_window(dev);

	return sysfs_emit(buf, "%s\n", mktme_window_state_name(window));
}
static DEVICE_ATTR_RO(state);

static ssize_t keyid_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_dev_to_window(dev)->keyid_number);
}
static DEVICE_ATTR_RO(keyid);

static ssize_t key_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct mktme_keyid *keyid = READ_ONCE(mktme_dev_to_window(dev)->keyid);

	/* Entries of the table of KeyIDs live as long as the module. */
	return sysfs_emit(buf, "%s\n",
			  keyid ? mktme_keyid_key_word(keyid) : "none");
}
static DEVICE_ATTR_RO(key);

/* Where things are in memory is not for everyone, as in libnvdimm. */
static ssize_t physical_base_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	phys_addr_t phys = mktme_dev_to_window(dev)->base.phys;

	return sysfs_emit(buf, "%pa\n", &phys);
}
static DEVICE_ATTR_ADMIN_RO(physical_base);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%zu\n", mktme_dev_to_window(dev)->base.bytes);
}
static DEVICE_ATTR_RO(size);

static ssize_t memmap_size_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n",
			  mktme_dev_to_window(dev)->base.memmap_bytes);
}
static DEVICE_ATTR_RO(memmap_size);

static ssize_t base_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", mktme_dev_to_window(dev)->base_name);
}
static DEVICE_ATTR_RO(base);

static ssize_t disk_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  mktme_dev_to_window(dev)->disk->disk_name);
}
static DEVICE_ATTR_RO(disk);

static struct attribute *mktme_window_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_keyid.attr,
	&dev_attr_key.attr,
	&dev_attr_physical_base.attr,
	&dev_attr_size.attr,
	&dev_attr_memmap_size.attr,
	&dev_attr_base.attr,
	&dev_attr_disk.attr,
	NULL,
};

static const struct attribute_group mktme_window_group = {
	.attrs = mktme_window_attrs,
};

const struct attribute_group *mktme_window_groups[] = {
	&mktme_window_group,
	NULL,
};

static void mktme_release(struct device *dev)
{
	kfree(dev);
}

static const struct device_type mktme_type = {
	.name = "mktme",
	.groups = mktme_groups,
	.release = mktme_release,
	.pm = &mktme_pm_ops,
};

static int add_parent(void)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int r;

	if (!dev)
		return -ENOMEM;
	dev->type = &mktme_type;
	device_initialize(dev);
	r = dev_set_name(dev, "mktme") ?: device_add(dev);
	if (r)
		put_device(dev);
	else
		mktme_dev = dev;
	return r;
}

/**
 * mktme_sysfs_init() - make the directory
 *
 * Return: 0 or -errno
 */
int mktme_sysfs_init(void)
{
	int r;

	r = bus_register(&mktme_bus);
	if (r)
		return r;
	r = add_parent();
	if (r)
		bus_unregister(&mktme_bus);
	return r;
}

/**
 * mktme_sysfs_exit() - remove it
 */
void mktme_sysfs_exit(void)
{
	device_unregister(mktme_dev);
	bus_unregister(&mktme_bus);
}
