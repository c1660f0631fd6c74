// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup list: show all active volumes.
 */

#include <json-c/json.h>
#include <stdio.h>

#include "util.h"

static void add_to_array(const struct libmktme_volume *volume, void *arg)
{
	json_object_array_add(arg, volume_to_json(volume));
}

static void print_row(const struct libmktme_volume *volume, void *arg)
{
	char device[LIBMKTME_NAME_BYTES] = "-", size[16];
	bool *has_header = arg;

	if (!*has_header)
		printf("%-20s %-12s %-12s %12s %6s %-8s %s\n", "NAME", "DEVICE",
		       "CIPHER", "SIZE", "KEYID", "VERIFIER", "KEY");
	*has_header = true;
	if (!volume->table.sectors) {
		printf("%-20s %-12s\n", volume->name, "-");
		return;
	}
	libmktme_base_path(volume->table.device, device, sizeof(device));
	format_bytes(volume->table.sectors * LIBMKTME_SECTOR_BYTES, size,
		     sizeof(size));
	printf("%-20s %-12s %-12s %12s %6u %-8s %s\n", volume->name, device,
	       libmktme_volume_cipher(volume), size, volume->status.keyid,
	       volume->status.is_verified ? "verified" : "none",
	       volume->key[0] ? volume->key : "-");
}

static int list_json(void)
{
	json_object *array = json_object_new_array();
	int count;

	count = libmktme_volume_foreach(add_to_array, array);
	if (count < 0)
		json_object_put(array);
	else
		print_json(array);
	return count;
}

int cmd_list(const struct command *command, int argc, char **argv)
{
	bool has_header = false;
	int count;

	(void)command;
	(void)argc;
	(void)argv;
	if (options.json)
		count = list_json();
	else
		count = libmktme_volume_foreach(print_row, &has_header);
	return count < 0 ? report_failure("list", "/dev/mapper", count) :
			   EXIT_OK;
}
