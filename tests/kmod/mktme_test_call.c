// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes one call of a function of the kernel: makes it fail, gives it another
 * argument, or holds it up.  The call goes to a function of this module instead,
 * in the context of the caller, by a kprobe at the entry; at most six arguments,
 * all of them in registers.
 *
 *   function  its name
 *   caller    a part of what "%pB" prints for where it is called from, as
 *	       "[dm_mktme]"; other calls are left alone
 *   action    fail:	return "result" at once
 *	       shift:	add "add" to the argument numbered "argument", from 0
 *	       sector:	add "add" to the sector of the bio that the argument is
 *	       hold:	wait until "hold" is 0, and then do what it is for
 *   skip      written: so many calls pass, and the next one is changed, once;
 *	       read: -1 when that has happened
 *   held      how many calls wait just now
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#define ARGUMENTS	6

static char *function;
module_param(function, charp, 0400);
MODULE_PARM_DESC(function, "whose call is changed");

static char *caller = "";
module_param(caller, charp, 0400);
MODULE_PARM_DESC(caller, "part of the name of where it is called from");

static char *action = "fail";
module_param(action, charp, 0400);
MODULE_PARM_DESC(action, "fail, shift, sector or hold");

static long result;
module_param(result, long, 0400);
MODULE_PARM_DESC(result, "what a call that fails returns");

static uint argument;
module_param(argument, uint, 0400);
MODULE_PARM_DESC(argument, "number of the argument that is changed");

static long add;
module_param(add, long, 0600);
MODULE_PARM_DESC(add, "what is added to it");

static int skip = -1;
module_param(skip, int, 0600);
MODULE_PARM_DESC(skip, "calls until the one that is changed; -1 for none");

static bool hold = true;
module_param(hold, bool, 0600);
MODULE_PARM_DESC(hold, "keep the call waiting");

static int held;
module_param(held, int, 0400);
MODULE_PARM_DESC(held, "calls that are waiting");

static struct kprobe probe;

/* Calls that are in here, in which case the module must not go. */
static atomic_t inside = ATOMIC_INIT(0);

typedef unsigned long (*any_function)(unsigned long, unsigned long,
				      unsigned long, unsigned long,
				      unsigned long, unsigned long);

static void wait_until_let_go(void)
{
	WRITE_ONCE(held, held + 1);
	while (READ_ONCE(hold))
		msleep(20);
	WRITE_ONCE(held, held - 1);
}

static void change(unsigned long *args)
{
	struct bio *bio = (struct bio *)args[argument];

	if (!strcmp(action, "hold"))
		wait_until_let_go();
	else if (!strcmp(action, "sector"))
		bio->bi_iter.bi_sector += add;
	else
		args[argument] += add;
}

/* Is called in place of the function.  The probe lets the second call pass. */
static noinline unsigned long instead(unsigned long a, unsigned long b,
				      unsigned long c, unsigned long d,
				      unsigned long e, unsigned long f)
{
	unsigned long args[ARGUMENTS] = { a, b, c, d, e, f };
	unsigned long r = result;

	if (strcmp(action, "fail")) {
		change(args);
		r = ((any_function)probe.addr)(args[0], args[1], args[2],
					       args[3], args[4], args[5]);
	}
	atomic_dec(&inside);
	return r;
}

static bool is_from_caller(const struct pt_regs *regs)
{
	void *from = (void *)*(unsigned long *)regs->sp;
	char name[KSYM_SYMBOL_LEN];

	snprintf(name, sizeof(name), "%pB", from);
	return strstr(name, caller);
}

static int divert(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(skip) < 0 || !is_from_caller(regs))
		return 0;
	WRITE_ONCE(skip, skip - 1);
	if (skip >= 0)
		return 0;
	atomic_inc(&inside);
	instruction_pointer_set(regs, (unsigned long)instead);
	return 1;
}

/* Without it the kernel may make a jump of the probe, which cannot divert. */
static void stay_slow(struct kprobe *p, struct pt_regs *regs,
		      unsigned long flags)
{
}

static struct kprobe probe = {
	.pre_handler	= divert,
	.post_handler	= stay_slow,
};

static int __init mktme_test_call_init(void)
{
	if (!function || argument >= ARGUMENTS)
		return -EINVAL;
	probe.symbol_name = function;
	return register_kprobe(&probe);
}
module_init(mktme_test_call_init);

static void __exit mktme_test_call_exit(void)
{
	unregister_kprobe(&probe);
	while (atomic_read(&inside))
		msleep(20);
}
module_exit(mktme_test_call_exit);

MODULE_DESCRIPTION("A call of the kernel that goes otherwise, for tests");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
