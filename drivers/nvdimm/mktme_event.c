// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells user space what happens to windows; the events are described in
 * Documentation/ABI/testing/sysfs-devices-mktme.
 */

#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/kobject.h>

#include "mktme_priv.h"

#define VAR_BYTES	64

/*
 * Only what is on a bus has events; nothing binds to these devices.  Not const:
 * before 6.4 bus_register() wrote into it.
 */
struct bus_type mktme_bus = {
	.name = "mktme",
};

static void send(struct mktme_window *window, enum kobject_action action,
		 const char *event, const char *cpu)
{
	char disk[VAR_BYTES], base[VAR_BYTES], state[VAR_BYTES];
	char keyid[VAR_BYTES], what[VAR_BYTES];
	char *envp[7] = { disk, base, state, keyid };
	unsigned int n = 4;

	snprintf(disk, sizeof(disk), "MKTME_DISK=%s", window->disk->disk_name);
	snprintf(base, sizeof(base), "MKTME_BASE=%s", window->base_name);
	snprintf(state, sizeof(state), "MKTME_STATE=%s",
		 mktme_window_state_name(window));
	snprintf(keyid, sizeof(keyid), "MKTME_KEYID=%u", window->keyid_number);
	if (event) {
		snprintf(what, sizeof(what), "MKTME_EVENT=%s", event);
		envp[n++] = what;
	}
	if (cpu)
		envp[n++] = (char *)cpu;
	kobject_uevent_env(&window->dev.kobj, action, envp);
}

/**
 * mktme_event_add() - a window is in use from now on
 * @window: added to sysfs without an event
 */
void mktme_event_add(struct mktme_window *window)
{
	dev_set_uevent_suppress(&window->dev, false);
	send(window, KOBJ_ADD, NULL, NULL);
}

/**
 * mktme_event_remove() - a window has gone
 * @window: still in sysfs, to be removed from there without an event
 */
void mktme_event_remove(struct mktme_window *window)
{
	send(window, KOBJ_REMOVE, NULL, NULL);
	dev_set_uevent_suppress(&window->dev, true);
}

/**
 * mktme_event_change() - something has happened to a window
 * @window: any
 * @event: a word
 */
void mktme_event_change(struct mktme_window *window, const char *event)
{
	send(window, KOBJ_CHANGE, event, NULL);
}

/**
 * mktme_event_key_needed() - a CPU was refused for want of a window's key
 * @window: any
 * @cpu: number of the CPU
 */
void mktme_event_key_needed(struct mktme_window *window, unsigned int cpu)
{
	char var[VAR_BYTES];

	snprintf(var, sizeof(var), "MKTME_CPU=%u", cpu);
	send(window, KOBJ_CHANGE, "key-needed", var);
}
