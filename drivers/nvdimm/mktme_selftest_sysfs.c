// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a self-test is started, and what it found, in
 * /sys/devices/mktme_selftest; described in
 * Documentation/ABI/testing/sysfs-devices-mktme_selftest.
 */

#include <linux/capability.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include "mktme_selftest.h"

struct selftest_result mktme_selftest_result;
enum selftest_state mktme_selftest_state;

static struct device *selftest_dev;
static int (*selftest_run)(dev_t dev);

/* One run at a time; files may be read meanwhile, and show what is there. */
static DEFINE_MUTEX(run_mutex);

static ssize_t run_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	unsigned int major, minor;
	char dummy;
	int r;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (sscanf(buf, "%u:%u%c", &major, &minor, &dummy) < 2 ||
	    MAJOR(MKDEV(major, minor)) != major)
		return -EINVAL;
	r = mutex_lock_interruptible(&run_mutex);
	if (r)
		return r;
	r = selftest_run(MKDEV(major, minor));
	mutex_unlock(&run_mutex);
	return r ?: count;
}
static DEVICE_ATTR_WO(run);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char * const words[] = {
		[STATE_IDLE] = "idle",
		[STATE_RUNNING] = "running",
		[STATE_DONE] = "done",
		[STATE_FAILED] = "failed",
	};

	return sysfs_emit(buf, "%s\n", words[mktme_selftest_state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t error_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", mktme_selftest_result.error ?: "none");
}
static DEVICE_ATTR_RO(error);

static ssize_t algorithm_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	static const char * const words[MKTME_ALGORITHMS] = {
		[MKTME_AES_XTS_128] = "aes-xts-128",
		[MKTME_AES_XTS_256] = "aes-xts-256",
	};

	return sysfs_emit(buf, "%s\n", words[mktme_selftest_result.algorithm]);
}
static DEVICE_ATTR_RO(algorithm);

static ssize_t table_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char * const words[] = {
		[TABLE_UNKNOWN] = "unknown",
		[TABLE_SHARED] = "shared",
		[TABLE_HOME] = "home",
		[TABLE_READER] = "reader",
		[TABLE_INTERLEAVED] = "interleaved",
	};

	return sysfs_emit(buf, "%s\n", words[mktme_selftest_result.table]);
}
static DEVICE_ATTR_RO(table);

static ssize_t home_package_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	if (mktme_selftest_result.table != TABLE_HOME)
		return sysfs_emit(buf, "unknown\n");
	return sysfs_emit(buf, "%d\n", mktme_selftest_result.home);
}
static DEVICE_ATTR_RO(home_package);

static ssize_t keyid0_shows_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	static const char * const words[] = {
		[BASE_UNKNOWN] = "unknown",
		[BASE_PLAINTEXT] = "plaintext",
		[BASE_CIPHERTEXT] = "ciphertext",
		[BASE_OTHER] = "other",
	};

	return sysfs_emit(buf, "%s\n", words[mktme_selftest_result.base_shows]);
}
static DEVICE_ATTR_RO(keyid0_shows);

static void *value_of(struct device_attribute *attr)
{
	return container_of(attr, struct dev_ext_attribute, attr)->var;
}

static ssize_t show_uint(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const unsigned int *value = value_of(attr);

	return sysfs_emit(buf, "%u\n", *value);
}

static ssize_t show_u64(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	const u64 *value = value_of(attr);

	return sysfs_emit(buf, "%llu\n", *value);
}

static ssize_t show_answer(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	static const char * const words[] = {
		[ANSWER_UNKNOWN] = "unknown",
		[ANSWER_NO] = "no",
		[ANSWER_YES] = "yes",
		[ANSWER_PARTLY] = "partly",
	};
	const enum selftest_answer *value = value_of(attr);

	return sysfs_emit(buf, "%s\n", words[*value]);
}

/* Here, and only here, a status of the hardware is shown as it is. */
static ssize_t show_error(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	unsigned long error = (unsigned long)value_of(attr);
	const struct mktme_trial *trial = &mktme_selftest_result.errors[error];

	if (!mktme_selftest_result.was_tried[error])
		return sysfs_emit(buf, "unknown\n");
	if (trial->is_fault)
		return sysfs_emit(buf, "fault\n");
	if (trial->status == MKTME_PROG_SUCCESS)
		return sysfs_emit(buf, "accepted\n");
	return sysfs_emit(buf, "status %lu\n", trial->status);
}

#define RESULT_ATTR(_name, _show, _var)					\
	struct dev_ext_attribute result_attr_##_name = {		\
		__ATTR(_name, 0444, _show, NULL), (void *)(_var)	\
	}

static RESULT_ATTR(keyids, show_uint, &mktme_selftest_result.keyids);
static RESULT_ATTR(packages, show_uint, &mktme_selftest_result.packages);
static RESULT_ATTR(error_command, show_error, ERROR_COMMAND);
static RESULT_ATTR(error_keyid, show_error, ERROR_KEYID);
static RESULT_ATTR(error_algorithm, show_error, ERROR_ALGORITHM);
static RESULT_ATTR(error_control, show_error, ERROR_CONTROL);
static RESULT_ATTR(error_reserved, show_error, ERROR_RESERVED);
static RESULT_ATTR(error_key_tail, show_error, ERROR_KEY_TAIL);
static RESULT_ATTR(pconfig_calls, show_uint, &mktme_selftest_result.calls);
static RESULT_ATTR(pconfig_busy, show_uint, &mktme_selftest_result.busy);
static RESULT_ATTR(pconfig_no_entropy, show_uint,
		   &mktme_selftest_result.no_entropy);
static RESULT_ATTR(direct_ns_min, show_u64, &mktme_selftest_result.direct.min);
static RESULT_ATTR(direct_ns_median, show_u64,
		   &mktme_selftest_result.direct.median);
static RESULT_ATTR(direct_ns_max, show_u64, &mktme_selftest_result.direct.max);
static RESULT_ATTR(random_ns_min, show_u64, &mktme_selftest_result.random.min);
static RESULT_ATTR(random_ns_median, show_u64,
		   &mktme_selftest_result.random.median);
static RESULT_ATTR(random_ns_max, show_u64, &mktme_selftest_result.random.max);
static RESULT_ATTR(encrypts_aes_xts_128, show_answer,
		   &mktme_selftest_result.encrypts[MKTME_AES_XTS_128]);
static RESULT_ATTR(encrypts_aes_xts_256, show_answer,
		   &mktme_selftest_result.encrypts[MKTME_AES_XTS_256]);
static RESULT_ATTR(reads_back, show_answer, &mktme_selftest_result.reads_back);
static RESULT_ATTR(keyid0_encrypts, show_answer,
		   &mktme_selftest_result.base_encrypts);
static RESULT_ATTR(cleared_is_keyid0, show_answer,
		   &mktme_selftest_result.cleared_is_base);
static RESULT_ATTR(other_key_hides, show_answer,
		   &mktme_selftest_result.other_key_hides);
static RESULT_ATTR(data_key_counts, show_answer,
		   &mktme_selftest_result.data_key_counts);
static RESULT_ATTR(tweak_key_counts, show_answer,
		   &mktme_selftest_result.tweak_key_counts);
static RESULT_ATTR(same_key_same_data, show_answer,
		   &mktme_selftest_result.same_key_same_data);
static RESULT_ATTR(same_key_same_ciphertext, show_answer,
		   &mktme_selftest_result.same_key_same_ciphertext);
static RESULT_ATTR(same_key_again, show_answer,
		   &mktme_selftest_result.same_key_again);
static RESULT_ATTR(random_keys_differ, show_answer,
		   &mktme_selftest_result.random_keys_differ);
static RESULT_ATTR(ciphertext_repeats, show_answer,
		   &mktme_selftest_result.ciphertext_repeats);
static RESULT_ATTR(alias_sees_store, show_answer,
		   &mktme_selftest_result.alias_sees_store);
static RESULT_ATTR(alias_keeps_stale, show_answer,
		   &mktme_selftest_result.alias_keeps_stale);
static RESULT_ATTR(alias_after_clwb, show_answer,
		   &mktme_selftest_result.alias_after_clwb);
static RESULT_ATTR(alias_after_flush, show_answer,
		   &mktme_selftest_result.alias_after_flush);
static RESULT_ATTR(dirty_line_new_key, show_answer,
		   &mktme_selftest_result.dirty_line_new_key);
static RESULT_ATTR(cache_survives_key, show_answer,
		   &mktme_selftest_result.cache_survives_key);
static RESULT_ATTR(flush_clean_ns_per_mib, show_u64,
		   &mktme_selftest_result.flush_clean_ns);
static RESULT_ATTR(flush_dirty_ns_per_mib, show_u64,
		   &mktme_selftest_result.flush_dirty_ns);

static struct attribute *selftest_attrs[] = {
	&dev_attr_run.attr,
	&dev_attr_state.attr,
	&dev_attr_error.attr,
	&dev_attr_algorithm.attr,
	&result_attr_keyids.attr.attr,
	&result_attr_packages.attr.attr,
	&result_attr_error_command.attr.attr,
	&result_attr_error_keyid.attr.attr,
	&result_attr_error_algorithm.attr.attr,
	&result_attr_error_control.attr.attr,
	&result_attr_error_reserved.attr.attr,
	&result_attr_error_key_tail.attr.attr,
	&result_attr_pconfig_calls.attr.attr,
	&result_attr_pconfig_busy.attr.attr,
	&result_attr_pconfig_no_entropy.attr.attr,
	&result_attr_direct_ns_min.attr.attr,
	&result_attr_direct_ns_median.attr.attr,
	&result_attr_direct_ns_max.attr.attr,
	&result_attr_random_ns_min.attr.attr,
	&result_attr_random_ns_median.attr.attr,
	&result_attr_random_ns_max.attr.attr,
	&result_attr_encrypts_aes_xts_128.attr.attr,
	&result_attr_encrypts_aes_xts_256.attr.attr,
	&result_attr_reads_back.attr.attr,
	&result_attr_keyid0_encrypts.attr.attr,
	&dev_attr_keyid0_shows.attr,
	&result_attr_cleared_is_keyid0.attr.attr,
	&result_attr_other_key_hides.attr.attr,
	&result_attr_data_key_counts.attr.attr,
	&result_attr_tweak_key_counts.attr.attr,
	&result_attr_same_key_same_data.attr.attr,
	&result_attr_same_key_same_ciphertext.attr.attr,
	&result_attr_same_key_again.attr.attr,
	&result_attr_random_keys_differ.attr.attr,
	&result_attr_ciphertext_repeats.attr.attr,
	&result_attr_alias_sees_store.attr.attr,
	&result_attr_alias_keeps_stale.attr.attr,
	&result_attr_alias_after_clwb.attr.attr,
	&result_attr_alias_after_flush.attr.attr,
	&result_attr_dirty_line_new_key.attr.attr,
	&result_attr_cache_survives_key.attr.attr,
	&dev_attr_table.attr,
	&dev_attr_home_package.attr,
	&result_attr_flush_clean_ns_per_mib.attr.attr,
	&result_attr_flush_dirty_ns_per_mib.attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(selftest);

/**
 * mktme_selftest_sysfs_init() - make the directory
 * @run: what starts a run
 *
 * Return: 0 or -errno
 */
int mktme_selftest_sysfs_init(int (*run)(dev_t dev))
{
	int r;

	selftest_run = run;
	selftest_dev = root_device_register("mktme_selftest");
	if (IS_ERR(selftest_dev))
		return PTR_ERR(selftest_dev);
	r = sysfs_create_groups(&selftest_dev->kobj, selftest_groups);
	if (r)
		root_device_unregister(selftest_dev);
	return r;
}

/**
 * mktme_selftest_sysfs_exit() - remove it, when nobody uses it
 */
void mktme_selftest_sysfs_exit(void)
{
	sysfs_remove_groups(&selftest_dev->kobj, selftest_groups);
	root_device_unregister(selftest_dev);
}
