// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup monitor: print events of volumes until interrupted.
 */

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* RFC 3339, in UTC */
static void format_now(char *text, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(text, size, "%FT%T", &tm);
	snprintf(text + len, size - len, ".%03ldZ", now.tv_nsec / 1000000);
}

static struct json_object *event_to_json(const struct libmktme_event *event)
{
	struct json_object *object = json_object_new_object();
	char now[64];

	format_now(now, sizeof(now));
	json_add_string(object, "timestamp", now);
	json_add_string(object, "event", event->event);
	json_object_object_add(object, "volume",
			       event->volume[0] ?
				       json_object_new_string(event->volume) :
				       NULL);
	json_add_string(object, "device", event->device);
	json_add_u64(object, "keyid", event->keyid);
	if (event->cpu != LIBMKTME_ANY)
		json_add_u64(object, "cpu", event->cpu);
	return object;
}

/* A program at the other end of a pipe wants each line at once. */
static int print_event(const struct libmktme_event *event)
{
	struct json_object *object = event_to_json(event);

	puts(json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return fflush(stdout) ? -errno : 0;
}

/* All that there are now */
static int print_events(struct libmktme_monitor *monitor)
{
	struct libmktme_event event;
	int err;

	do {
		err = libmktme_monitor_next(monitor, &event);
		if (err == -ENOBUFS) {
			fprintf(stderr,
				PROGRAM ": events were lost; '" PROGRAM
					" list' shows how things are\n");
			err = 0;
			continue;
		}
		if (!err)
			err = print_event(&event);
	} while (!err);
	return err == -EAGAIN ? 0 : err;
}

/*
 * Return: 0 if there may be events; -EINTR after a signal, which only this call
 * lets in; -EPIPE if nobody reads any more
 */
static int wait_for_events(struct libmktme_monitor *monitor,
			   const sigset_t *signals)
{
	struct pollfd fds[] = {
		{ .fd = libmktme_monitor_fd(monitor), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	if (ppoll(fds, 2, NULL, signals) < 0)
		return -errno;
	return fds[1].revents ? -EPIPE : 0;
}

static int run(struct libmktme_monitor *monitor, const sigset_t *signals)
{
	int err = 0;

	while (!err && !was_interrupted()) {
		err = wait_for_events(monitor, signals);
		if (!err)
			err = print_events(monitor);
	}
	return err == -EINTR || err == -EPIPE ? 0 : err;
}

/* Otherwise its number is taken by the next file that is opened. */
static int require_output(void)
{
	return fcntl(STDOUT_FILENO, F_GETFD) < 0 ? -errno : 0;
}

int cmd_monitor(const struct command *command, int argc, char **argv)
{
	struct libmktme_monitor *monitor;
	sigset_t signals;
	int err;

	(void)command;
	(void)argc;
	(void)argv;
	/* Except while it waits: no signal goes unnoticed, no line is cut. */
	block_signals(&signals);
	setup_signals();
	signal(SIGPIPE, SIG_IGN);
	err = require_output();
	if (!err)
		err = libmktme_monitor_create(&monitor);
	if (err)
		goto out;
	err = run(monitor, &signals);
	libmktme_monitor_destroy(monitor);
out:
	return err ? report_failure("monitor", "/sys/devices/mktme", err) :
		     EXIT_OK;
}
