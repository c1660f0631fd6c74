// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup status: show one active volume.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "util.h"

static void print_mapping(const struct libmktme_volume *volume)
{
	const struct libmktme_table *table = &volume->table;
	const struct libmktme_status *status = &volume->status;
	char device[LIBMKTME_NAME_BYTES];

	libmktme_base_path(table->device, device, sizeof(device));
	printf("  cipher:       %s\n", table->algorithm);
	printf("  keysize:      %u bits\n", table->key_bytes * 8);
	printf("  key location: keyring (%s key), memory controller\n",
	       table->key_type);
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
	printf("  type:         MKTME\n");
	if (volume->table.sectors)
		print_mapping(volume);
	else
		printf("  mode:         no table is loaded\n");
}

int cmd_status(const struct command *command, int argc, char **argv)
{
	struct libmktme_volume volume;
	bool is_json = false;
	const char *name;
	int r, err;

	r = parse_flag(command, argc, argv, "json", &is_json);
	if (r >= 0)
		return r;
	if (argc - optind != 1)
		return usage_error(command, "one NAME is needed");
	name = argv[optind];
	err = libmktme_volume_get(name, &volume);
	if (err)
		return report_failure("show", name, err);
	if (is_json)
		print_json(volume_to_json(&volume));
	else
		print_volume(&volume);
	return EXIT_OK;
}
