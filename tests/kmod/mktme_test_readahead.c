// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for a CPU that reads ahead of what its program does, which QEMU's does
 * not: when a function is called, a range of memory is read into the caches, by the
 * addresses at which the kernel has it mapped.
 *
 *   function  its name
 *   phys      physical address of the first byte, with its KeyID
 *   bytes     how many
 *   times     how often that has happened
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function;
module_param(function, charp, 0400);
MODULE_PARM_DESC(function, "at whose call it is read");

static unsigned long phys;
module_param(phys, ulong, 0400);
MODULE_PARM_DESC(phys, "first byte");

static unsigned long bytes;
module_param(bytes, ulong, 0400);
MODULE_PARM_DESC(bytes, "length");

static int times;
module_param(times, int, 0400);
MODULE_PARM_DESC(times, "calls so far");

static int read_ahead(struct kprobe *p, struct pt_regs *regs)
{
	const char *kaddr = phys_to_virt(phys);
	unsigned long offset;

	for (offset = 0; offset < bytes; offset += SMP_CACHE_BYTES)
		READ_ONCE(kaddr[offset]);
	times++;
	return 0;
}

static struct kprobe probe = {
	.pre_handler = read_ahead,
};

static int __init mktme_test_readahead_init(void)
{
	if (!function)
		return -EINVAL;
	probe.symbol_name = function;
	return register_kprobe(&probe);
}
module_init(mktme_test_readahead_init);

static void __exit mktme_test_readahead_exit(void)
{
	unregister_kprobe(&probe);
}
module_exit(mktme_test_readahead_exit);

MODULE_DESCRIPTION("A CPU that reads ahead, for tests");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
