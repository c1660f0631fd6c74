// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the part of an NVDIMM's firmware that QEMU does not have: media
 * errors that can be repaired.  The kernel asks for a repair through the ndctl
 * operation of the NVDIMM bus (ND_CMD_ARS_CAP, ND_CMD_CLEAR_ERROR); QEMU's
 * firmware knows neither, so every repair would fail.
 *
 * What a real DIMM does and this does not: reading a bad line raises no machine
 * check.  The repaired range is overwritten, by KeyID 0, with a pattern that
 * is neither the old content nor zeros: whoever relies on what a repair leaves
 * will be found out.
 *
 * In debugfs, mktme_test_firmware/:
 *   add      "<address> <length>": becomes bad, and the kernel is told
 *   cleared  how many bytes were repaired
 *   refuse   1: repairs fail from now on
 *
 * Loading it is only for machines in which nothing else changes the bus.  The
 * ranges added stay bad when it is unloaded; all else is as before.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/cacheflush.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/libnvdimm.h>
#include <linux/module.h>
#include <linux/nd.h>
#include <linux/ndctl.h>
#include <linux/uaccess.h>

/* As on DIMMs that exist */
#define CLEAR_UNIT	256

#define PATTERN		0x5a

static char *disk = "/dev/pmem0";
module_param(disk, charp, 0400);
MODULE_PARM_DESC(disk, "any disk on the NVDIMM bus that is to be wrapped");

static struct device *region_dev;
static struct nvdimm_bus_descriptor *desc;
static ndctl_fn real_ndctl;
static unsigned long real_cmd_mask;

static u64 cleared_bytes;
static bool refuse;
static struct dentry *dir;

static int clear_error(struct nd_cmd_clear_error *cmd)
{
	void *kaddr;

	if (refuse)
		return -EIO;
	kaddr = memremap(cmd->address, cmd->length, MEMREMAP_WB);
	if (!kaddr)
		return -ENOMEM;
	memset(kaddr, PATTERN, cmd->length);
	clflush_cache_range(kaddr, cmd->length);
	memunmap(kaddr);
	cmd->cleared = cmd->length;
	cleared_bytes += cmd->length;
	return 0;
}

static int ndctl(struct nvdimm_bus_descriptor *nd_desc, struct nvdimm *nvdimm,
		 unsigned int cmd, void *buf, unsigned int buf_len, int *cmd_rc)
{
	struct nd_cmd_ars_cap *cap = buf;

	if (!nvdimm && cmd == ND_CMD_ARS_CAP) {
		cap->clear_err_unit = CLEAR_UNIT;
		*cmd_rc = 0;
		return 0;
	}
	if (!nvdimm && cmd == ND_CMD_CLEAR_ERROR) {
		*cmd_rc = clear_error(buf);
		return 0;
	}
	return real_ndctl(nd_desc, nvdimm, cmd, buf, buf_len, cmd_rc);
}

static int add(u64 address, u64 bytes)
{
	struct nvdimm_bus *bus = to_nvdimm_bus(region_dev->parent);
	int r = nvdimm_bus_add_badrange(bus, address, bytes);

	if (!r)
		nvdimm_region_notify(to_nd_region(region_dev),
				     NVDIMM_REVALIDATE_POISON);
	return r;
}

static ssize_t add_write(struct file *file, const char __user *data,
			 size_t count, loff_t *pos)
{
	u64 address, bytes;
	char text[64] = "";
	int r;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, data, count))
		return -EFAULT;
	if (sscanf(text, "%lli %lli", &address, &bytes) != 2)
		return -EINVAL;
	r = add(address, bytes);
	return r ?: count;
}

static const struct file_operations add_fops = {
	.owner = THIS_MODULE,
	.write = add_write,
};

/* A disk's parent is a namespace or a pfn device, and that one's the region. */
static int find_region(void)
{
	struct file *file = filp_open(disk, O_RDONLY | O_LARGEFILE, 0);
	struct gendisk *gd;

	if (IS_ERR(file))
		return PTR_ERR(file);
	gd = I_BDEV(file->f_mapping->host)->bd_disk;
	region_dev = get_device(disk_to_dev(gd)->parent->parent);
	filp_close(file, NULL);
	return 0;
}

static int __init mktme_test_firmware_init(void)
{
	int r = find_region();

	if (r)
		return r;
	desc = to_nd_desc(to_nvdimm_bus(region_dev->parent));
	real_ndctl = desc->ndctl;
	real_cmd_mask = desc->cmd_mask;
	desc->cmd_mask |= BIT(ND_CMD_ARS_CAP) | BIT(ND_CMD_CLEAR_ERROR);
	desc->ndctl = ndctl;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("add", 0200, dir, NULL, &add_fops);
	debugfs_create_u64("cleared", 0400, dir, &cleared_bytes);
	debugfs_create_bool("refuse", 0600, dir, &refuse);
	return 0;
}
module_init(mktme_test_firmware_init);

static void __exit mktme_test_firmware_exit(void)
{
	debugfs_remove_recursive(dir);
	desc->ndctl = real_ndctl;
	desc->cmd_mask = real_cmd_mask;
	put_device(region_dev);
}
module_exit(mktme_test_firmware_exit);

MODULE_DESCRIPTION("NVDIMM firmware that repairs media errors, for tests");
MODULE_LICENSE("GPL");
