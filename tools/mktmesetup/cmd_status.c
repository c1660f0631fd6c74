// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup status: show one active volume.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static void print_key_location(const struct libmktme_volume *volume)
{
	const struct libmktme_table *table = &volume->table;

	if (!table->key_bytes) {
		printf("  key location: %s\n",
		       strcmp(table->key_type, "random") ?
			       "none" :
			       "memory controller only");
		return;
	}
	printf("  keysize:      %u bits\n", table->key_bytes * 8);
	printf("  key location: %smemory controller\n",
	       libmktme_volume_keeps_key(volume) ? "keyring, " : "");
}

static void print_key(const struct libmktme_volume *volume)
{
	print_key_location(volume);
	if (volume->key[0])
		printf("  key:          %s\n", volume->key);
}

static void print_mapping(const struct libmktme_volume *volume)
{
	const struct libmktme_table *table = &volume->table;
	const struct libmktme_status *status = &volume->status;
	char device[LIBMKTME_NAME_BYTES];

	libmktme_base_path(table->device, device, sizeof(device));
	printf("  cipher:       %s\n", libmktme_volume_cipher(volume));
	print_key(volume);
	printf("  device:       %s\n", device);
	printf("  sector size:  %d\n", LIBMKTME_SECTOR_BYTES);
	printf("  offset:       %" PRIu64 " sectors\n", table->offset);
	printf("  size:         %" PRIu64 " sectors\n", table->sectors);
	printf("  mode:         %s%s%s\n",
	       volume->is_readonly ? "readonly" : "read/write",
	       volume->is_suspended ? ", suspended" : "",
	       status->is_gone ? ", device gone" : "");
	printf("  KeyID:        %u\n", status->keyid);
	printf("  packages:     %u of %u programmed\n", status->programmed,
	       status->packages);
	printf("  verifier:     %s\n",
	       status->is_verified ? "verified" : "none");
	printf("  window:       %" PRIu64 " sectors\n", status->window_sectors);
	printf("  poison:       %" PRIu64 " sectors\n", status->poison_sectors);
}

static void print_volume(const struct libmktme_volume *volume)
{
	printf("/dev/mapper/%s is active%s%s.\n", volume->name,
	       volume->open_count > 0 ? " and is in use" : "",
	       volume->is_closing ? ", to be closed when it is not" : "");
	printf("  type:         %s\n", volume->type);
	if (volume->table.sectors)
		print_mapping(volume);
	else
		printf("  mode:         no table is loaded\n");
}

int cmd_status(const struct command *command, int argc, char **argv)
{
	struct libmktme_volume volume;
	int err;

	(void)command;
	(void)argc;
	err = libmktme_volume_get(argv[0], &volume);
	if (err)
		return report_failure("show", argv[0], err);
	if (options.json)
		print_json(volume_to_json(&volume));
	else
		print_volume(&volume);
	return EXIT_OK;
}
