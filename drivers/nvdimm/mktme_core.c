// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decides whether this machine and this range of memory can be used.  Knows
 * nothing of keys.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <asm/processor.h>

#include "mktme_hw.h"
#include "mktme_priv.h"

#define CREATE_TRACE_POINTS
#include "mktme_trace.h"

struct mktme_cap mktme_cap __ro_after_init;
EXPORT_SYMBOL_GPL(mktme_cap);

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
		*error = "<device>: KeyID address too high; 5-level paging or 'nokaslr' is needed";
		return -ERANGE;
	}
	return 0;
}

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
		pr_err("KeyID addresses start at bit %u, above what the kernel can map: 5-level paging (LA57) is needed, or 'nokaslr'\n",
		       cap->keyid_shift);
		return -ENODEV;
	}
	if (mappable < cap->keyids)
		pr_info("%u of %u KeyIDs can be mapped; more need 5-level paging (LA57), or 'nokaslr'\n",
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
	mktme_key_init();
	r = mktme_keyid_init(cap->keyids, &mktme_pconfig_ops);
	if (r)
		return r;

	r = mktme_registry_init();
	if (r)
		goto err_keyid_exit;
	r = mktme_package_init();
	if (r)
		goto err_registry_exit;
	r = mktme_sysfs_init();
	if (r)
		goto err_package_exit;
	r = mktme_power_init();
	if (r)
		goto err_sysfs_exit;
	mktme_failure_init();

	pr_info("%u KeyIDs, address bits %u to %u, KeyID 0 %s\n", cap->keyids,
		cap->keyid_shift, cap->maxphyaddr - 1,
		cap->bypass ? "not encrypted" : "encrypted with a key per boot");
	return 0;

err_sysfs_exit:
	mktme_sysfs_exit();
err_package_exit:
	mktme_package_exit();
err_registry_exit:
	mktme_registry_exit();
err_keyid_exit:
	mktme_keyid_exit();
	return r;
}
module_init(mktme_init);

static void __exit mktme_exit(void)
{
	mktme_failure_exit();
	mktme_power_exit();
	mktme_holder_exit();
	mktme_package_exit();
	mktme_registry_exit();
	mktme_sysfs_exit();
	mktme_keyid_exit();
}
module_exit(mktme_exit);

MODULE_DESCRIPTION("Memory encryption keys (TME-MK) for persistent memory");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
