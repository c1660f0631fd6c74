// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup headerBackup, headerRestore, erase: the header as a whole.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static int require_backup_file(const struct command *command)
{
	if (options.header_backup_file)
		return -1;
	return usage_error(command, "--header-backup-file is needed");
}

/* ---- headerBackup ---- */

static int backup(const char *device)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_load(header_of(device), &container);
	if (err)
		return err;
	err = libmktme_header_backup(container, options.header_backup_file);
	libmktme_container_free(container);
	return err;
}

int cmd_header_backup(const struct command *command, int argc, char **argv)
{
	int r = require_backup_file(command), err;

	(void)argc;
	if (r >= 0)
		return r;
	err = backup(argv[0]);
	if (err)
		return report_failure("back up the header of", argv[0], err);
	progress(
		"Who has '%s' and a passphrase of today can open the volume, even if it is removed later.",
		options.header_backup_file);
	return EXIT_OK;
}

/* ---- headerRestore ---- */

/* Of whom the copy is */
static int read_backup(struct libmktme_binding *binding, char *uuid,
		       size_t bytes)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_load(options.header_backup_file, &container);
	if (!err) {
		err = libmktme_container_get_binding(container, binding);
		snprintf(uuid, bytes, "%s", libmktme_container_uuid(container));
		libmktme_container_free(container);
	}
	if (err)
		blame(options.header_backup_file, err);
	return err;
}

/* It would be gone, and its data with it. */
static int check_replaced(const char *header, const char *uuid)
{
	struct libmktme_container *container;
	int err = 0;

	if (libmktme_container_load(header, &container)) {
		forget_reason();
		return 0;
	}
	if (strcmp(libmktme_container_uuid(container), uuid)) {
		set_reason("'%s' has the header of another volume, with UUID %s",
			   header, libmktme_container_uuid(container));
		set_hint("if nobody needs its data: --ignore-binding");
		err = -EEXIST;
	}
	libmktme_container_free(container);
	return err;
}

/* Whoever uses the place of a header may not know that it is one. */
static int require_unused(const struct libmktme_base *base)
{
	return options.header ?
		       require_header_unused() :
		       libmktme_base_require_unused(base, 0,
						    LIBMKTME_HEADER_BYTES);
}

/* A header that does not belong there would only replace one that does. */
static int check_backup(const char *device)
{
	char uuid[LIBMKTME_UUID_BYTES];
	struct libmktme_binding binding;
	struct libmktme_base base;
	int err;

	err = read_backup(&binding, uuid, sizeof(uuid));
	if (!err)
		err = libmktme_base_find(device, &base);
	if (!err && !options.ignore_binding)
		err = libmktme_binding_compare(&binding, &base);
	if (!err && !options.ignore_binding)
		err = check_replaced(header_of(device), uuid);
	return err ? err : require_unused(&base);
}

static int restore(const char *device)
{
	int err;

	err = check_backup(device);
	if (err)
		return err;
	if (!confirm("This will replace the header on %s, with all keyslots, "
		     "by that in '%s'.",
		     header_of(device), options.header_backup_file))
		return -ECANCELED;
	err = heed_signals();
	if (err)
		return err;
	return libmktme_header_restore(header_of(device),
				       options.header_backup_file);
}

int cmd_header_restore(const struct command *command, int argc, char **argv)
{
	int r = require_backup_file(command), err;

	(void)argc;
	if (r >= 0)
		return r;
	setup_signals();
	err = restore(argv[0]);
	return err ? report_failure("restore the header of", argv[0], err) :
		     EXIT_OK;
}

/* ---- erase ---- */

/* While it is active its key is in the memory controller. */
static int close_active(const char *uuid)
{
	struct libmktme_volume volume;
	int err;

	err = libmktme_volume_find(uuid, &volume);
	if (err)
		return err == -ENODEV ? 0 : err;
	progress("Closing '%s' ...", volume.name);
	err = deactivate(volume.name, false);
	if (err == -EBUSY)
		set_hint("unmount '%s' first", volume.name);
	return err;
}

/* Somebody may have made a device from its table line, which does not tell whose it is. */
static int require_closed(struct libmktme_container *container,
			  const char *device)
{
	const struct libmktme_layout *layout;
	struct libmktme_binding binding;
	struct libmktme_base base;

	if (libmktme_container_get_binding(container, &binding) ||
	    libmktme_base_find(device, &base) ||
	    libmktme_binding_compare(&binding, &base)) {
		forget_reason();
		return 0;
	}
	layout = &binding.layout;
	return libmktme_base_require_unused(&base, layout->verifier,
					    layout->data + layout->data_bytes);
}

static int erase(const char *device)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_load(header_of(device), &container);
	if (err)
		return err;
	if (confirm("This will erase all keyslots of %s. Without a backup of "
		    "the header, the data on it is lost for ever.",
		    device))
		err = close_active(libmktme_container_uuid(container));
	else
		err = -ECANCELED;
	if (!err)
		err = require_closed(container, device);
	if (!err)
		err = heed_signals();
	if (!err)
		err = libmktme_keyslot_remove_all(container);
	libmktme_container_free(container);
	return err;
}

int cmd_erase(const struct command *command, int argc, char **argv)
{
	int err;

	(void)command;
	(void)argc;
	setup_signals();
	err = erase(argv[0]);
	if (err)
		return report_failure("erase", argv[0], err);
	progress(
		"All keyslots of '%s' are gone, and its KeyID is cleared.\n"
		"What this does not do: destroy backups of the header, overwrite the data\n"
		"(which is left as ciphertext), or wear levelling's old copies of keyslots.",
		argv[0]);
	return EXIT_OK;
}
