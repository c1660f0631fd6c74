// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decides whether this machine and this range of memory can be used, and shows
 * the answer in sysfs.  Knows nothing of keys.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <asm/processor.h>

#include "mktme_hw.h"
#include "mktme_priv.h"

struct mktme_cap mktme_cap __ro_after_init;

static struct device *mktme_dev;

/*
 * The last physical address that can have struct pages and a place in the
 * direct map.  A kernel whose KASLR does not leave the whole direct map to
 * ZONE_DEVICE may have put the vmalloc area where a window would go.
 */
static u64 last_mappable(void)
{
	u64 direct_map_bytes = VMALLOC_START - PAGE_OFFSET;

	return min_t(u64, mhp_get_pluggable_range(true).end,
		     direct_map_bytes - 1);
}

static u64 keyid_first(const struct mktme_cap *cap, unsigned int keyid)
{
	return (u64)keyid << cap->keyid_shift;
}

static unsigned int mappable_keyids(const struct mktme_cap *cap)
{
	return min_t(u64, cap->keyids, last_mappable() >> cap->keyid_shift);
}

/**
 * mktme_cap_check_range() - can this memory be mapped through this KeyID?
 * @phys: where it starts, without KeyID
 * @bytes: length
 * @keyid: number of the KeyID
 * @error: set to the reason on failure
 *
 * Return: 0, -EINVAL for a range that no KeyID can be added to, or -ERANGE for
 * one that ends above what this kernel can map
 */
int mktme_cap_check_range(phys_addr_t phys, size_t bytes, unsigned int keyid,
			  const char **error)
{
	u64 limit = keyid_first(&mktme_cap, 1);

	if (!bytes || !IS_ALIGNED(phys, SZ_2M) || !IS_ALIGNED(bytes, SZ_2M)) {
		*error = "<device>: physical address and length must be multiples of 2 MiB";
		return -EINVAL;
	}
	if (phys >= limit || bytes > limit - phys) {
		*error = "<device>: physical address reaches into the KeyID bits";
		return -EINVAL;
	}
	if (keyid_first(&mktme_cap, keyid) + phys + bytes - 1 >
	    last_mappable()) {
		*error = "<device>: KeyID address too high; 5-level paging (LA57) is needed";
		return -ERANGE;
	}
	return 0;
}

static ssize_t keyids_total_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_cap.keyids);
}
static DEVICE_ATTR_RO(keyids_total);

static ssize_t keyids_used_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_keyid_used());
}
static DEVICE_ATTR_RO(keyids_used);

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

static struct attribute *mktme_attrs[] = {
	&dev_attr_keyids_total.attr,
	&dev_attr_keyids_used.attr,
	&dev_attr_keyid_bits.attr,
	&dev_attr_keyid_shift.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_packages.attr,
	&dev_attr_bypass.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mktme);

/*
 * Linux takes the KeyID bits off x86_phys_bits when TME-MK is active.  If it
 * did not, it does not know of the KeyID and may use such addresses otherwise.
 */
static int check_kernel_agrees(const struct mktme_cap *cap)
{
	if (boot_cpu_data.x86_phys_bits == cap->keyid_shift)
		return 0;
	pr_err("the kernel uses %u physical address bits, but KeyIDs start at bit %u\n",
	       boot_cpu_data.x86_phys_bits, cap->keyid_shift);
	return -ENODEV;
}

static int limit_to_mappable(struct mktme_cap *cap)
{
	unsigned int mappable = mappable_keyids(cap);

	if (!mappable) {
		pr_err("KeyID addresses start at bit %u, above what the kernel can map: 5-level paging (LA57) is needed, or limit physical addresses to 46 bits in the firmware set-up\n",
		       cap->keyid_shift);
		return -ENODEV;
	}
	if (mappable < cap->keyids)
		pr_info("%u of %u KeyIDs can be mapped; more need 5-level paging (LA57)\n",
			mappable, cap->keyids);
	cap->keyids = mappable;
	return 0;
}

static int __init mktme_init(void)
{
	struct mktme_cap *cap = &mktme_cap;
	int r;

	r = mktme_pconfig_detect(cap);
	if (r)
		return r;
	r = check_kernel_agrees(cap);
	if (r)
		return r;
	r = limit_to_mappable(cap);
	if (r)
		return r;
	r = mktme_keyid_init(cap->keyids, &mktme_pconfig_ops);
	if (r)
		return r;

	mktme_dev = root_device_register("mktme");
	if (IS_ERR(mktme_dev)) {
		r = PTR_ERR(mktme_dev);
		goto err_keyid_exit;
	}
	r = device_add_groups(mktme_dev, mktme_groups);
	if (r)
		goto err_unregister;

	pr_info("%u KeyIDs, address bits %u to %u, KeyID 0 %s\n", cap->keyids,
		cap->keyid_shift, cap->maxphyaddr - 1,
		cap->bypass ? "not encrypted" : "encrypted with a key per boot");
	return 0;

err_unregister:
	root_device_unregister(mktme_dev);
err_keyid_exit:
	mktme_keyid_exit();
	return r;
}
module_init(mktme_init);

static void __exit mktme_exit(void)
{
	device_remove_groups(mktme_dev, mktme_groups);
	root_device_unregister(mktme_dev);
	mktme_keyid_exit();
}
module_exit(mktme_exit);

MODULE_DESCRIPTION("Memory encryption keys (TME-MK) for persistent memory");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
