// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel says about a window, in terms of volumes.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib_private.h"

/* MKTME_EVENT of an action "change"; other actions have none. */
static const struct {
	const char *action;
	const char *word;
	const char *event;
} events[] = {
	{ "add", NULL, "opened" },
	{ "remove", NULL, "closed" },
	{ "change", "going", "going" },
	{ "change", "key-needed", "key-needed" },
	{ "change", "key-bound", "key-bound" },
	{ "change", "key-lost", "key-lost" },
};

static const char *name_event(const struct libmktme_uevent *uevent)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].action, uevent->action))
			continue;
		if (!events[i].word ||
		    (uevent->event && !strcmp(events[i].word, uevent->event)))
			return events[i].event;
	}
	return NULL;
}

static int parse_int(const char *text, unsigned int *value)
{
	uint64_t number;

	if (!text || libmktme_parse_number(text, INT_MAX, NULL, &number))
		return -EINVAL;
	*value = number;
	return 0;
}

static int take_cpu(const struct libmktme_uevent *uevent,
		    struct libmktme_event *event)
{
	unsigned int cpu;

	event->cpu = LIBMKTME_ANY;
	if (!uevent->cpu)
		return 0;
	if (parse_int(uevent->cpu, &cpu))
		return -EINVAL;
	event->cpu = cpu;
	return 0;
}

int libmktme_event_from_uevent(const struct libmktme_uevent *uevent,
			       struct libmktme_event *event)
{
	memset(event, 0, sizeof(*event));
	if (!uevent->action || !uevent->base)
		return -EINVAL;
	event->event = name_event(uevent);
	if (!event->event)
		return -EINVAL;
	snprintf(event->device, sizeof(event->device), "/dev/%s", uevent->base);
	if (parse_int(uevent->keyid, &event->keyid))
		return -EINVAL;
	return take_cpu(uevent, event);
}
