// SPDX-License-Identifier: GPL-2.0-only
/*
 * What several commands show to programs: an active volume, a token.
 */

#include <json-c/json.h>

#include "util.h"

struct json_object *volume_to_json(const struct libmktme_volume *volume)
{
	const struct libmktme_table *table = &volume->table;
	const struct libmktme_status *status = &volume->status;
	struct json_object *object = json_object_new_object();
	char device[LIBMKTME_NAME_BYTES];

	json_add_string(object, "name", volume->name);
	json_add_string(object, "uuid", volume->uuid);
	json_add_string(object, "type", volume->type);
	json_add_bool(object, "suspended", volume->is_suspended);
	json_add_bool(object, "closing", volume->is_closing);
	json_add_bool(object, "readonly", volume->is_readonly);
	json_add_u64(object, "open_count", volume->open_count);
	if (!table->sectors)
		return object;
	libmktme_base_path(table->device, device, sizeof(device));
	json_add_string(object, "cipher", libmktme_volume_cipher(volume));
	json_add_u64(object, "key_bits", table->key_bytes * 8);
	json_add_string(object, "key_type", table->key_type);
	json_add_bool(object, "key_kept", libmktme_volume_keeps_key(volume));
	if (volume->key[0])
		json_add_string(object, "key", volume->key);
	json_add_string(object, "device", device);
	json_add_u64(object, "offset_sectors", table->offset);
	json_add_u64(object, "size_sectors", table->sectors);
	json_add_u64(object, "keyid", status->keyid);
	json_add_u64(object, "packages_programmed", status->programmed);
	json_add_u64(object, "packages", status->packages);
	json_add_bool(object, "verified", status->is_verified);
	json_add_u64(object, "window_sectors", status->window_sectors);
	json_add_u64(object, "poison_sectors", status->poison_sectors);
	json_add_bool(object, "gone", status->is_gone);
	return object;
}

struct json_object *token_to_json(int id, const char *type, const char *json)
{
	struct json_object *object = json_object_new_object();

	json_add_u64(object, "id", id);
	json_add_string(object, "type", type);
	json_object_object_add(object, "content", json_tokener_parse(json));
	return object;
}
