// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep, restart and kexec: when all keys may be lost at once, or must not stay.
 */

/**
 * DOC: Sleep and restart
 *
 * In S3 the memory keeps its contents and the CPUs lose theirs; nobody says that
 * the keys of TME-MK come back.  So a volume whose key cannot be programmed again
 * keeps the machine from sleeping, and so does one whose struct pages are under
 * its key.  The others' keys are programmed again before anything is read or
 * written: tasks are frozen, bios of the kernel's own workers wait, and their DAX
 * accesses fail.  Should the hardware refuse, or a package not come back, the volume
 * fails closed, as if its memory had been taken away.  Suspend to idle leaves the
 * CPUs alone.
 *
 * Hibernation would write memory, and key objects with it, to a disk that this
 * driver knows nothing of; it is refused.
 *
 * Neither kexec nor a restart that is not a reset clears the tables, so that is
 * done here.  File systems may still be mounted, and their users at work, if
 * somebody is in a hurry: windows fail first, then caches are written back, and
 * where somebody might still write the key is replaced by one that nobody knows.
 * A kernel that crashes does nothing of this: the keys stay for a crash kernel.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/suspend.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mktme_priv.h"

#define DRAIN_TIMEOUT	(10 * HZ)

/* Users that are asleep. */
static DECLARE_WAIT_QUEUE_HEAD(wake_wait);

/*
 * Whoever copies to or from memory holds dax_read_lock(), and kill_dax() waits for
 * all of them, whatever device they are at.  One may be waiting for a page of its
 * user that never comes, so nobody waits for this without limit.
 */
static DECLARE_COMPLETION(drained);

static void drain_work_fn(struct work_struct *work)
{
	struct dax_device *dax_dev = alloc_dax(NULL, NULL);

	if (IS_ERR(dax_dev))
		return;
	kill_dax(dax_dev);
	put_dax(dax_dev);
	complete_all(&drained);
}

static DECLARE_WORK(drain_work, drain_work_fn);

/* One waits at a time, and nobody as long as there is one who never ends. */
static DEFINE_MUTEX(drain_mutex);

/**
 * mktme_wait_for_accesses() - wait until accesses that have begun have ended
 *
 * Context: Process context, sleeps, for 10 seconds at most, and for others who
 * wait.
 * Return: 0, or -EBUSY if there may still be some
 */
int mktme_wait_for_accesses(void)
{
	int r = -EBUSY;

	mutex_lock(&drain_mutex);
	if (!work_busy(&drain_work) || completion_done(&drained)) {
		/* A round that is over may not have returned from its last line. */
		flush_work(&drain_work);
		reinit_completion(&drained);
		queue_work(system_unbound_wq, &drain_work);
		if (wait_for_completion_timeout(&drained, DRAIN_TIMEOUT))
			r = 0;
	}
	mutex_unlock(&drain_mutex);
	return r;
}

/*
 * Sleep
 */

/* CPUs go offline, and on some machines lose what they have. */
static bool is_deep(void)
{
	return pm_suspend_target_state != PM_SUSPEND_TO_IDLE;
}

static void check_can_wake(struct mktme_window *window, void *arg)
{
	char name[MKTME_NAME_BYTES];
	int *error = arg;

	mktme_window_volume_name(window, name);
	if (window->base.memmap_bytes) {
		/* The kernel looks into struct pages whenever it likes. */
		pr_err("%s: struct pages of volume %s are on the media (memmap=dev): close it before the machine sleeps\n",
		       window->base_name, name);
		*error = -EBUSY;
		return;
	}
	if (mktme_keyid_survives_sleep(window->keyid))
		return;
	pr_err("%s: the key of volume %s would be lost while the machine sleeps: close it, or 'mktmesetup rebind %s' if it has one\n",
	       window->base_name, name, name);
	*error = -EBUSY;
}

static int mktme_suspend(struct device *dev)
{
	int error = 0;

	if (is_deep())
		mktme_registry_for_each(check_can_wake, &error);
	return error;
}

static void change_users(struct mktme_window *window,
			 enum mktme_user_state from, enum mktme_user_state to)
{
	struct mktme_user *user;

	list_for_each_entry(user, &window->users, node)
		cmpxchg(&user->state, from, to);
}

static void let_sleep(struct mktme_window *window, void *arg)
{
	change_users(window, MKTME_USER_NEW, MKTME_USER_ASLEEP);
	change_users(window, MKTME_USER_ACTIVE, MKTME_USER_ASLEEP);
}

static void let_wake(struct mktme_window *window, void *arg)
{
	if (!mktme_keyid_is_lost(window->keyid)) {
		change_users(window, MKTME_USER_ASLEEP, MKTME_USER_ACTIVE);
		return;
	}
	pr_err("%s: the key in KeyID %u was lost while the machine slept; what is on %s fails from now on: close and open it\n",
	       window->base_name, window->keyid_number,
	       window->disk->disk_name);
	mktme_keyid_replace(window->keyid);
	mktme_window_mark_going(window);
	if (window->is_announced)
		mktme_event_change(window, "key-lost");
}

static int mktme_suspend_noirq(struct device *dev)
{
	int r;

	if (!is_deep())
		return 0;
	mktme_registry_for_each(let_sleep, NULL);
	r = mktme_wait_for_accesses();
	if (r) {
		pr_err("the machine cannot sleep while an access to memory does not end\n");
		mktme_registry_for_each(let_wake, NULL);
		wake_up_all(&wake_wait);
		return r;
	}
	mktme_keyid_sleep();
	return 0;
}

/*
 * The other CPUs are online again, and have programmed their packages.  A CPU may
 * have read ahead before that, without a key.
 */
static int mktme_resume_noirq(struct device *dev)
{
	if (!is_deep())
		return 0;
	mktme_keyid_wake();
	mktme_flush_everything();
	mktme_registry_for_each(let_wake, NULL);
	wake_up_all(&wake_wait);
	return 0;
}

static void evict(struct mktme_window *window, void *arg)
{
	mktme_window_evict_users(window, true);
}

static void evict_if_lost(struct mktme_window *window, void *arg)
{
	if (mktme_keyid_is_lost(window->keyid))
		evict(window, arg);
}

/* Tasks are still frozen. */
static int mktme_resume(struct device *dev)
{
	mktme_registry_each_mapped(evict_if_lost, NULL);
	return 0;
}

static void refuse_hibernation(struct mktme_window *window, void *arg)
{
	char name[MKTME_NAME_BYTES];
	int *error = arg;

	mktme_window_volume_name(window, name);
	pr_err("%s: the machine cannot hibernate while volume %s is open: close it\n",
	       window->base_name, name);
	*error = -EBUSY;
}

static int mktme_freeze(struct device *dev)
{
	int error = 0;

	mktme_registry_for_each(refuse_hibernation, &error);
	return error;
}

const struct dev_pm_ops mktme_pm_ops = {
	.suspend = mktme_suspend,
	.suspend_noirq = mktme_suspend_noirq,
	.resume_noirq = mktme_resume_noirq,
	.resume = mktme_resume,
	.freeze = mktme_freeze,
};

/**
 * mktme_user_wait() - until the machine is awake
 * @user: whoever is asleep
 *
 * Context: Process context, sleeps.
 */
void mktme_user_wait(struct mktme_user *user)
{
	wait_event(wake_wait, !mktme_user_is_asleep(user));
}
EXPORT_SYMBOL_GPL(mktme_user_wait);

/*
 * Restart
 */

/* Faults that are under way may still map pages while the disk is open. */
static void find_if_used(struct mktme_window *window, void *arg)
{
	bool is_busy = mktme_window_evict_users(window, true);

	WRITE_ONCE(window->is_used_at_end,
		   is_busy || disk_openers(window->disk));
}

/* One that is being made is used by its constructor. */
static void replace_key_if_used(struct mktme_window *window, void *arg)
{
	if (window->state == MKTME_WINDOW_MAPPING || window->is_used_at_end)
		mktme_keyid_replace(window->keyid);
}

static void suppose_used(struct mktme_window *window, void *arg)
{
	WRITE_ONCE(window->is_used_at_end, true);
}

static DECLARE_COMPLETION(evicted);

static void evict_work_fn(struct work_struct *work)
{
	mktme_registry_each_mapped(evict, NULL);
	/* All are looked at before a key is taken: struct pages may be behind it. */
	mktme_registry_each_mapped(find_if_used, NULL);
	complete(&evicted);
}

static DECLARE_WORK(evict_work, evict_work_fn);

/*
 * Mappings are taken away under locks of file systems, of which another one may be
 * stuck.  That shall not keep the machine from its end.
 */
static int on_reboot(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	mktme_registry_shut_down();
	mktme_wait_for_accesses();
	mktme_registry_for_each(suppose_used, NULL);
	queue_work(system_unbound_wq, &evict_work);
	if (!wait_for_completion_timeout(&evicted, DRAIN_TIMEOUT))
		pr_err("the users of volumes could not be stopped: keys are replaced\n");
	mktme_flush_everything();
	mktme_registry_for_each(replace_key_if_used, NULL);
	mktme_keyid_clear_all();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = on_reboot,
};

/* It holds a device lock that suspending a device takes, with tasks frozen. */
static int on_pm_event(struct notifier_block *nb, unsigned long event,
		       void *data)
{
	if ((event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE) ||
	    !mktme_registry_is_removing())
		return NOTIFY_DONE;
	pr_err("the machine cannot sleep while the removal of memory waits for its users\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block pm_notifier = {
	.notifier_call = on_pm_event,
};

/**
 * mktme_power_init() - be told when the machine sleeps or restarts
 *
 * Return: 0 or -errno
 */
int mktme_power_init(void)
{
	int r = register_pm_notifier(&pm_notifier);

	if (r)
		return r;
	r = register_reboot_notifier(&reboot_notifier);
	if (r)
		unregister_pm_notifier(&pm_notifier);
	return r;
}

/**
 * mktme_power_exit() - undo mktme_power_init()
 */
void mktme_power_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
	unregister_pm_notifier(&pm_notifier);
	cancel_work_sync(&drain_work);
	cancel_work_sync(&evict_work);
}
