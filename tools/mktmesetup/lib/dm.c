// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device-mapper devices; the only file that calls libdevmapper.
 */

#include <errno.h>
#include <libdevmapper.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib_private.h"

/* Nothing in udev shall look at a device that goes away at once. */
#define PRIVATE_UDEV_FLAGS                      \
	(DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | \
	 DM_UDEV_DISABLE_DISK_RULES_FLAG | DM_UDEV_DISABLE_OTHER_RULES_FLAG)

__attribute__((format(printf, 5, 6))) static void
forward_message(int level, const char *file, int line, int dm_errno,
		const char *format, ...)
{
	char msg[512];
	va_list args;

	(void)level;
	(void)file;
	(void)line;
	(void)dm_errno;
	va_start(args, format);
	vsnprintf(msg, sizeof(msg), format, args);
	va_end(args);
	libmktme_debug("device-mapper: %s", msg);
}

static bool is_forbidden(void)
{
	char control[PATH_MAX];

	snprintf(control, sizeof(control), "%s/control", dm_dir());
	return access(control, R_OK | W_OK) && errno == EACCES;
}

/* Why there is no task; that there is no memory for one is not worth a word. */
static int no_task(void)
{
	if (is_forbidden()) {
		libmktme_reason("only root may use device-mapper");
		return -EACCES;
	}
	libmktme_reason("device-mapper is not available");
	return -ENODEV;
}

/* Fails without device-mapper in the kernel; callers return no_task(). */
static struct dm_task *new_task(int type, const char *name)
{
	struct dm_task *task;

	dm_log_with_errno_init(forward_message);
	task = dm_task_create(type);
	if (!task)
		return NULL;
	if (name && !dm_task_set_name(task, name)) {
		dm_task_destroy(task);
		return NULL;
	}
	return task;
}

/* Return: 0 or the errno of the ioctl */
static int run_task(struct dm_task *task)
{
	int err;

	if (dm_task_run(task))
		return 0;
	err = dm_task_get_errno(task);
	return err ? -err : -EIO;
}

/*
 * Runs a task that changes device nodes and waits until udev is done.  The
 * wait is needed after a failure as well, it also frees the cookie.  Without
 * one (no semaphore left) only what @goes_on is done: udev is not told the
 * flags, and nobody waits.
 */
static int run_task_with_udev(struct dm_task *task, uint16_t udev_flags,
			      bool goes_on)
{
	uint32_t cookie = 0;
	bool waits = dm_task_set_cookie(task, &cookie, udev_flags);
	int err;

	if (!waits && !goes_on) {
		libmktme_reason("no semaphore is left to wait for udev with");
		return -ENOMEM;
	}
	err = run_task(task);
	if (waits)
		dm_udev_wait(cookie);
	return err;
}

/* ---- targets ---- */

int libmktme_dm_has_target(void)
{
	struct dm_versions *target, *last;
	struct dm_task *task;
	int found = 0;

	task = new_task(DM_DEVICE_LIST_VERSIONS, NULL);
	if (!task)
		return no_task();
	if (run_task(task)) {
		found = -ENODEV;
		goto out;
	}
	target = dm_task_get_versions(task);
	do {
		last = target;
		if (!strcmp(target->name, DM_MKTME_TARGET_NAME))
			found = 1;
		target = (void *)((char *)target + target->next);
	} while (last->next);
out:
	dm_task_destroy(task);
	return found;
}

/* ---- create and remove ---- */

static int create_empty(const char *name, const char *uuid)
{
	struct dm_task *task;
	int err = -EINVAL;

	task = new_task(DM_DEVICE_CREATE, name);
	if (!task)
		return no_task();
	if (dm_task_set_uuid(task, uuid))
		err = run_task(task);
	dm_task_destroy(task);
	return err;
}

static int load_table(const char *name, uint64_t sectors, const char *params,
		      unsigned int flags)
{
	struct dm_task *task;
	int err = -ENOMEM;

	task = new_task(DM_DEVICE_RELOAD, name);
	if (!task)
		return no_task();
	if (!dm_task_secure_data(task) ||
	    ((flags & LIBMKTME_READONLY) && !dm_task_set_ro(task)) ||
	    !dm_task_add_target(task, 0, sectors, DM_MKTME_TARGET_NAME, params))
		goto out;
	err = run_task(task);
out:
	dm_task_destroy(task);
	return err;
}

static int resume(const char *name, unsigned int flags)
{
	uint16_t udev_flags = DM_UDEV_DISABLE_LIBRARY_FALLBACK;
	struct dm_task *task;
	int err;

	if (flags & LIBMKTME_PRIVATE)
		udev_flags |= PRIVATE_UDEV_FLAGS;
	task = new_task(DM_DEVICE_RESUME, name);
	if (!task)
		return no_task();
	err = run_task_with_udev(task, udev_flags, false);
	dm_task_destroy(task);
	return err;
}

/*
 * In three steps, because the single call of libdevmapper forgets the errno of
 * the constructor while it cleans up.
 */
int libmktme_dm_create(const char *name, const char *uuid, uint64_t sectors,
		       const char *params, unsigned int flags)
{
	int err;

	err = create_empty(name, uuid);
	if (err)
		return err == -EBUSY ? -EEXIST : err;
	err = load_table(name, sectors, params, flags);
	if (!err)
		err = resume(name, flags);
	if (err)
		libmktme_dm_remove(name, false);
	dm_task_update_nodes();
	return err;
}

int libmktme_dm_remove(const char *name, bool is_deferred)
{
	struct dm_task *task;
	int err = -ENOMEM;

	task = new_task(DM_DEVICE_REMOVE, name);
	if (!task)
		return no_task();
	/* udev may have it open for a moment. */
	if (!dm_task_retry_remove(task) ||
	    (is_deferred && !dm_task_deferred_remove(task)))
		goto out;
	/* Better without than a device, and its KeyID, that stay. */
	err = run_task_with_udev(task, DM_UDEV_DISABLE_LIBRARY_FALLBACK, true);
	dm_task_update_nodes();
out:
	dm_task_destroy(task);
	return err;
}

/* ---- talk to the target ---- */

int libmktme_dm_message(const char *name, const char *message)
{
	struct dm_task *task;
	int err = -ENOMEM;

	task = new_task(DM_DEVICE_TARGET_MSG, name);
	if (!task)
		return no_task();
	if (dm_task_secure_data(task) && dm_task_set_sector(task, 0) &&
	    dm_task_set_message(task, message))
		err = run_task(task);
	dm_task_destroy(task);
	return err;
}

/* ---- look ---- */

static int query_info(const char *name, struct dm_info *info)
{
	struct dm_task *task;
	int err;

	task = new_task(DM_DEVICE_INFO, name);
	if (!task)
		return no_task();
	err = run_task(task);
	if (!err && (!dm_task_get_info(task, info) || !info->exists))
		err = -ENODEV;
	dm_task_destroy(task);
	return err == -ENXIO ? -ENODEV : err;
}

/*
 * Reads the only target of a device.  Return: 0; -EINVAL if there is another
 * one or none
 */
static int query_target(int type, const char *name, uint64_t *sectors,
			char *params, size_t size)
{
	char *target_type = NULL, *text = NULL;
	struct dm_task *task;
	uint64_t start;
	int err;

	task = new_task(type, name);
	if (!task)
		return no_task();
	dm_task_secure_data(task);
	dm_task_no_flush(task);
	err = run_task(task);
	if (err)
		goto out;
	err = -EINVAL;
	if (dm_get_next_target(task, NULL, &start, sectors, &target_type,
			       &text) ||
	    !target_type || strcmp(target_type, DM_MKTME_TARGET_NAME) || !text)
		goto out;
	snprintf(params, size, "%s", text);
	err = 0;
out:
	dm_task_destroy(task);
	return err;
}

static int query_uuid(const char *name, char *uuid, size_t size)
{
	struct dm_task *task;
	const char *text;
	int err;

	task = new_task(DM_DEVICE_INFO, name);
	if (!task)
		return no_task();
	err = run_task(task);
	text = err ? NULL : dm_task_get_uuid(task);
	snprintf(uuid, size, "%s", text ? text : "");
	dm_task_destroy(task);
	return err;
}

int libmktme_dm_query(const char *name, struct libmktme_volume *volume)
{
	struct dm_info info;
	uint64_t sectors;
	char params[512];
	int err;

	memset(volume, 0, sizeof(*volume));
	err = query_info(name, &info);
	if (err)
		return err;
	snprintf(volume->name, sizeof(volume->name), "%s", name);
	volume->major = info.major;
	volume->minor = info.minor;
	volume->open_count = info.open_count;
	volume->is_readonly = info.read_only;
	volume->is_suspended = info.suspended;
	volume->is_closing = info.deferred_remove;
	err = query_uuid(name, volume->uuid, sizeof(volume->uuid));
	if (!err)
		err = query_target(DM_DEVICE_TABLE, name,
				   &volume->table.sectors, params,
				   sizeof(params));
	if (!err)
		err = libmktme_table_parse(params, &volume->table);
	if (!err)
		err = query_target(DM_DEVICE_STATUS, name, &sectors, params,
				   sizeof(params));
	if (!err)
		err = libmktme_status_parse(params, &volume->status);
	return err;
}

int libmktme_dm_foreach_name(int (*fn)(const char *name, void *arg), void *arg)
{
	struct dm_names *names;
	struct dm_task *task;
	unsigned int next = 0;
	int err;

	task = new_task(DM_DEVICE_LIST, NULL);
	if (!task)
		return no_task();
	err = run_task(task);
	names = err ? NULL : dm_task_get_names(task);
	if (!names || !names->dev)
		goto out;
	do {
		names = (void *)((char *)names + next);
		err = fn(names->name, arg);
		next = names->next;
	} while (!err && next);
out:
	dm_task_destroy(task);
	return err;
}

struct find_minor {
	unsigned int minor;
	char *name;
	size_t size;
};

static int match_minor(const char *name, void *arg)
{
	struct find_minor *find = arg;
	struct dm_info info;

	if (query_info(name, &info) || info.minor != find->minor)
		return 0;
	snprintf(find->name, find->size, "%s", name);
	return 1;
}

int libmktme_dm_name(unsigned int minor, char *name, size_t size)
{
	struct find_minor find = { minor, name, size };
	int r = libmktme_dm_foreach_name(match_minor, &find);

	if (r < 0)
		return r;
	return r ? 0 : -ENODEV;
}
