// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of volumes, as they happen; the only file that calls libudev.
 *
 * The kernel tells of windows, and which mapped device each belongs to.  Its name
 * is read while it is there and remembered: when the window goes, it may have
 * gone, and its number may be that of another one.
 */

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_private.h"

#define SUBSYSTEM "mktme"
/* The events of all subsystems come by, sometimes many at a time. */
#define RECEIVE_BUFFER_BYTES (16 << 20)

struct window {
	struct window *next;
	char name[64];
	char volume[LIBMKTME_NAME_BYTES];
};

struct libmktme_monitor {
	struct udev *udev;
	struct udev_monitor *socket;
	struct window *windows;
};

/* ---- names ---- */

static struct window **find_window(struct libmktme_monitor *monitor,
				   const char *name)
{
	struct window **link = &monitor->windows;

	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	return link;
}

static void forget_window(struct window **link)
{
	struct window *window = *link;

	*link = window->next;
	free(window);
}

/* In events; one that was there before has the attribute only. */
static const char *disk_of(struct udev_device *device)
{
	const char *disk = udev_device_get_property_value(device, "MKTME_DISK");

	return disk ? disk : udev_device_get_sysattr_value(device, "disk");
}

/*
 * Everybody may read it, but it is not there before the first table is.  Then
 * device-mapper knows it, and tells root.
 */
static int read_name(const char *disk, char *name, size_t size)
{
	unsigned int minor;
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s/dm/name", disk);
	if (!libmktme_read_line(path, name, size))
		return 0;
	if (sscanf(disk, "dm-%u", &minor) != 1)
		return -EINVAL;
	return libmktme_dm_name(minor, name, size);
}

/* Without memory for it, the name is not known later. */
static void learn_window(struct libmktme_monitor *monitor,
			 struct udev_device *device)
{
	const char *name = udev_device_get_sysname(device);
	const char *disk = disk_of(device);
	struct window **link = find_window(monitor, name);
	char volume[LIBMKTME_NAME_BYTES];

	if (!disk || read_name(disk, volume, sizeof(volume)))
		return;
	if (!*link)
		*link = calloc(1, sizeof(**link));
	if (!*link)
		return;
	snprintf((*link)->name, sizeof((*link)->name), "%s", name);
	snprintf((*link)->volume, sizeof((*link)->volume), "%s", volume);
}

/* It may have been renamed, as long as it is not about to go. */
static void name_volume(struct libmktme_monitor *monitor,
			struct udev_device *device,
			struct libmktme_event *event)
{
	bool is_closed = !strcmp(event->event, "closed");
	struct window **link;

	if (!is_closed && strcmp(event->event, "going"))
		learn_window(monitor, device);
	link = find_window(monitor, udev_device_get_sysname(device));
	if (!*link)
		return;
	snprintf(event->volume, sizeof(event->volume), "%s", (*link)->volume);
	if (is_closed)
		forget_window(link);
}

/* ---- begin and end ---- */

/* Those that were there before. */
static int learn_all(struct libmktme_monitor *monitor)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(monitor->udev);
	struct udev_list_entry *entry;
	struct udev_device *device;

	if (!enumerate)
		return -ENOMEM;
	udev_enumerate_add_match_subsystem(enumerate, SUBSYSTEM);
	udev_enumerate_scan_devices(enumerate);
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
	{
		device = udev_device_new_from_syspath(
			monitor->udev, udev_list_entry_get_name(entry));
		if (!device)
			continue;
		learn_window(monitor, device);
		udev_device_unref(device);
	}
	udev_enumerate_unref(enumerate);
	return 0;
}

/* Listens before it looks, so that nothing is missed in between. */
static int start(struct libmktme_monitor *monitor)
{
	int err;

	monitor->udev = udev_new();
	if (!monitor->udev)
		return -ENOMEM;
	/* From the kernel: no rule is waited for, and no daemon is needed. */
	monitor->socket =
		udev_monitor_new_from_netlink(monitor->udev, "kernel");
	if (!monitor->socket)
		return -errno;
	/* Refused to those who may not; the default does, too. */
	udev_monitor_set_receive_buffer_size(monitor->socket,
					     RECEIVE_BUFFER_BYTES);
	err = udev_monitor_filter_add_match_subsystem_devtype(monitor->socket,
							      SUBSYSTEM, NULL);
	if (err >= 0)
		err = udev_monitor_enable_receiving(monitor->socket);
	return err < 0 ? err : learn_all(monitor);
}

int libmktme_monitor_create(struct libmktme_monitor **monitor)
{
	int err;

	*monitor = calloc(1, sizeof(**monitor));
	if (!*monitor)
		return -ENOMEM;
	err = start(*monitor);
	if (err) {
		libmktme_monitor_destroy(*monitor);
		*monitor = NULL;
	}
	return err;
}

void libmktme_monitor_destroy(struct libmktme_monitor *monitor)
{
	while (monitor->windows)
		forget_window(&monitor->windows);
	udev_monitor_unref(monitor->socket);
	udev_unref(monitor->udev);
	free(monitor);
}

/* ---- events ---- */

int libmktme_monitor_fd(const struct libmktme_monitor *monitor)
{
	return udev_monitor_get_fd(monitor->socket);
}

static int read_event(struct libmktme_monitor *monitor,
		      struct udev_device *device, struct libmktme_event *event)
{
	const struct libmktme_uevent uevent = {
		.action = udev_device_get_action(device),
		.event = udev_device_get_property_value(device, "MKTME_EVENT"),
		.base = udev_device_get_property_value(device, "MKTME_BASE"),
		.keyid = udev_device_get_property_value(device, "MKTME_KEYID"),
		.cpu = udev_device_get_property_value(device, "MKTME_CPU"),
	};
	int err;

	err = libmktme_event_from_uevent(&uevent, event);
	if (!err)
		name_volume(monitor, device, event);
	return err;
}

int libmktme_monitor_next(struct libmktme_monitor *monitor,
			  struct libmktme_event *event)
{
	struct udev_device *device;
	int err;

	do {
		errno = 0;
		device = udev_monitor_receive_device(monitor->socket);
		if (!device)
			return errno ? -errno : -EAGAIN;
		err = read_event(monitor, device, event);
		udev_device_unref(device);
	} while (err);
	return 0;
}
