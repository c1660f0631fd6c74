// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup attach and detach: what units do with a line of /etc/mktmetab.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define POLL_SECONDS 1

/* ---- the mapped device that may be there already ---- */

/*
 * Its memory was taken away, or it shall be closed, but somebody still uses it.
 * Nobody may get other memory under the same name.
 */
static bool is_leaving(const struct libmktme_volume *volume)
{
	return volume->status.is_gone || volume->is_closing;
}

static void tell_waiting(const struct libmktme_volume *volume)
{
	char text[300];

	libmktme_volume_explain_use(volume);
	snprintf(text, sizeof(text), "waiting until the old '%s' has gone: %s",
		 volume->name, what_failed(-EBUSY));
	forget_reason();
	fprintf(stderr,
		PROGRAM
		": %s\n"
		"hint: unmount it, or end the programs that 'fuser -vm /dev/mapper/%s' shows\n",
		text, volume->name);
	notify_status(text);
}

/* Return: 0 if there is none any more; 1 if there is one that stays */
static int wait_until_gone(const char *name, struct libmktme_volume *volume)
{
	bool is_told = false;
	int err;

	while (!libmktme_volume_get(name, volume)) {
		if (!is_leaving(volume))
			return 1;
		if (!volume->is_closing && !deactivate(name, true))
			continue;
		if (!is_told)
			tell_waiting(volume);
		is_told = true;
		sleep(POLL_SECONDS);
		err = heed_signals();
		if (err)
			return err;
	}
	forget_reason();
	if (is_told)
		notify_status("opening");
	return 0;
}

/* Is the active volume of that name the one that is on @device? */
static int check_same(const char *device, const struct libmktme_volume *volume)
{
	struct libmktme_container *container;
	bool is_same;
	int err;

	err = libmktme_container_load(header_of(device), &container);
	if (err)
		return err;
	is_same = libmktme_volume_has_uuid(volume,
					   libmktme_container_uuid(container));
	libmktme_container_free(container);
	if (is_same && volume->table.sectors)
		return 0;
	set_reason("'%s' is the name of another volume", volume->name);
	if (is_same)
		libmktme_volume_explain_half_open(volume);
	return -EEXIST;
}

/* ---- attach ---- */

static void use_line(const struct libmktme_tab_entry *entry)
{
	options.key_file = entry->key_file;
	options.keyfile_size = entry->keyfile_size;
	options.keyfile_offset = entry->keyfile_offset;
	options.key_slot = entry->key_slot;
	options.header = entry->header;
	options.readonly = entry->is_readonly;
	options.discard_key = entry->has_discard_key;
	options.tries = entry->tries;
	options.timeout = entry->timeout;
	options.token_only = entry->is_headless && !entry->key_file;
}

/* A key file that cannot be read, or is not the right one, need not be the end. */
static int open_by_key_file(const struct libmktme_tab_entry *entry,
			    const char *device)
{
	int err;

	err = open_container(device, entry->name);
	if (entry->is_headless || (err != -EPERM && err != -ENODATA))
		return err;
	fprintf(stderr, PROGRAM ": cannot use the key file '%s': %s\n",
		entry->key_file, what_failed(err));
	forget_reason();
	options.key_file = NULL;
	return open_container(device, entry->name);
}

static int attach(const struct libmktme_tab_entry *entry)
{
	struct libmktme_volume volume;
	char device[PATH_MAX];
	int err;

	err = libmktme_tab_device(entry->device, device, sizeof(device));
	if (err)
		return err;
	if (entry->header && access(entry->header, F_OK)) {
		set_reason("there is no header '%s'", entry->header);
		return -ENODEV;
	}
	use_line(entry);
	err = wait_until_gone(entry->name, &volume);
	if (err < 0)
		return err;
	if (err > 0)
		return check_same(device, &volume);
	if (!entry->is_headless)
		agent_setup(entry->name, device);
	return entry->key_file ? open_by_key_file(entry, device) :
				 open_container(device, entry->name);
}

struct request {
	const char *name;
	const char *path;
	int status;
};

static int take_line(const struct libmktme_tab_entry *entry, void *arg)
{
	struct request *request = arg;
	char reason[400];
	int err;

	err = attach(entry);
	agent_forget();
	if (err) {
		snprintf(reason, sizeof(reason), "%s", what_failed(err));
		set_reason("%s:%u: %s", request->path, entry->line, reason);
		request->status = report_failure("attach", entry->name, err);
	}
	return 1;
}

int cmd_attach(const struct command *command, int argc, char **argv)
{
	struct request request = {
		.name = argv[0],
		.path = libmktme_tab_path(),
	};
	int r;

	(void)command;
	(void)argc;
	setup_signals();
	r = libmktme_tab_foreach(request.path, request.name, take_line,
				 &request);
	if (r == 1)
		return request.status;
	if (r < 0)
		set_reason("cannot read '%s': %s", request.path, strerror(-r));
	else
		set_reason("%s has no line for it that can be used",
			   request.path);
	return report_failure("attach", request.name, r ? r : -ENOENT);
}

/* ---- detach ---- */

/* It is fine if it is not there: units are stopped when the device has gone. */
int cmd_detach(const struct command *command, int argc, char **argv)
{
	struct libmktme_volume volume;
	int err;

	(void)command;
	(void)argc;
	setup_signals();
	err = libmktme_volume_get(argv[0], &volume);
	if (err == -ENODEV)
		return EXIT_OK;
	if (!err)
		err = deactivate(argv[0], true);
	if (err)
		return report_failure("detach", argv[0], err);
	if (!libmktme_volume_get(argv[0], &volume) && volume.open_count > 0) {
		libmktme_volume_explain_use(&volume);
		fprintf(stderr,
			PROGRAM
			": '%s' will be closed when its last user has gone: %s\n",
			argv[0], what_failed(-EBUSY));
	}
	return EXIT_OK;
}
