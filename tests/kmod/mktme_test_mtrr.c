// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for firmware whose MTRRs do not know addresses with KeyID bits, and
 * have another default type than write-back: QEMU's firmware always sets
 * write-back.  What the kernel finds out about memory types above "above" is
 * that they are uncached.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <asm/mtrr.h>

static unsigned long above;
module_param(above, ulong, 0400);
MODULE_PARM_DESC(above, "first address for which no MTRR is set");

/* First argument of mtrr_type_lookup(): where the range starts */
static int remember_start(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(unsigned long *)ri->data = regs_get_kernel_argument(regs, 0);
	return 0;
}

static int say_uncached(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (*(unsigned long *)ri->data >= above)
		regs_set_return_value(regs, MTRR_TYPE_UNCACHABLE);
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name	= "mtrr_type_lookup",
	.entry_handler	= remember_start,
	.handler	= say_uncached,
	.data_size	= sizeof(unsigned long),
	.maxactive	= 8,
};

static int __init mktme_test_mtrr_init(void)
{
	return register_kretprobe(&probe);
}
module_init(mktme_test_mtrr_init);

static void __exit mktme_test_mtrr_exit(void)
{
	unregister_kretprobe(&probe);
}
module_exit(mktme_test_mtrr_exit);

MODULE_DESCRIPTION("Memory types as firmware may leave them, for tests");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
