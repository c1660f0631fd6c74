// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binding token: build it, parse it, compare it with the memory found.
 *
 * The token is not authenticated.  It spares people a long search when a
 * namespace has moved; it is the verifier that decides.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "lib_private.h"

#define BINDING_TYPE "mktme"
#define BINDING_VERSION 1

void libmktme_binding_init(struct libmktme_binding *binding,
			   const struct libmktme_base *base,
			   const struct libmktme_layout *layout,
			   const char *algorithm)
{
	memset(binding, 0, sizeof(*binding));
	snprintf(binding->algorithm, sizeof(binding->algorithm), "%s",
		 algorithm);
	uuid_copy(binding->namespace_uuid, base->namespace_uuid);
	uuid_copy(binding->label_uuid, base->label_uuid);
	binding->interleave_set = base->interleave_set;
	binding->phys = base->phys;
	binding->layout = *layout;
}

/* LUKS2 writes 64-bit numbers as strings: JSON readers may use doubles. */
static void add_u64(json_object *token, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_object_object_add(token, name, json_object_new_string(text));
}

static void add_uuid(json_object *token, const char *name, const uuid_t uuid)
{
	char text[UUID_STR_LEN];

	uuid_unparse_lower(uuid, text);
	json_object_object_add(token, name, json_object_new_string(text));
}

char *libmktme_binding_to_json(const struct libmktme_binding *binding)
{
	json_object *token = json_object_new_object();
	char *text;

	if (!token)
		return NULL;
	json_object_object_add(token, "type",
			       json_object_new_string(BINDING_TYPE));
	json_object_object_add(token, "keyslots", json_object_new_array());
	json_object_object_add(token, "version",
			       json_object_new_int(BINDING_VERSION));
	json_object_object_add(token, "algorithm",
			       json_object_new_string(binding->algorithm));
	add_uuid(token, "namespace_uuid", binding->namespace_uuid);
	add_uuid(token, "label_uuid", binding->label_uuid);
	add_u64(token, "interleave_set", binding->interleave_set);
	add_u64(token, "physical_base", binding->phys);
	add_u64(token, "verifier_offset", binding->layout.verifier);
	add_u64(token, "data_offset", binding->layout.data);
	add_u64(token, "data_size", binding->layout.data_bytes);
	text = strdup(
		json_object_to_json_string_ext(token, JSON_C_TO_STRING_PLAIN));
	json_object_put(token);
	return text;
}

static const char *get_string(json_object *token, const char *name)
{
	json_object *value;
	const char *text;

	if (!json_object_object_get_ex(token, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	/* JSON has zeros within texts, behind which anything could hide. */
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return NULL;
	return text;
}

static int get_u64(json_object *token, const char *name, uint64_t *value)
{
	const char *text = get_string(token, name);

	return text ? libmktme_parse_number(text, UINT64_MAX, NULL, value) :
		      -EINVAL;
}

static int get_uuid(json_object *token, const char *name, uuid_t uuid)
{
	const char *text = get_string(token, name);

	return text && !uuid_parse(text, uuid) ? 0 : -EINVAL;
}

static int get_algorithm(json_object *token, struct libmktme_binding *binding)
{
	const char *name = get_string(token, "algorithm");

	if (!name || !libmktme_algorithm_by_name(name))
		return -EINVAL;
	snprintf(binding->algorithm, sizeof(binding->algorithm), "%s", name);
	return 0;
}

static int check_type(json_object *token)
{
	const char *type = get_string(token, "type");
	json_object *version;

	if (!type || strcmp(type, BINDING_TYPE))
		return -EINVAL;
	if (!json_object_object_get_ex(token, "version", &version) ||
	    !json_object_is_type(version, json_type_int))
		return -EINVAL;
	if (json_object_get_int(version) != BINDING_VERSION)
		return -EOPNOTSUPP;
	return 0;
}

/* A layout from the media may not make later arithmetic overflow. */
static int check_layout(const struct libmktme_binding *binding)
{
	const struct libmktme_layout *layout = &binding->layout;
	const uint64_t limit = 1ULL << 52;

	if (binding->phys >= limit || layout->data >= limit ||
	    layout->data_bytes >= limit || !layout->data_bytes)
		return -EINVAL;
	if (layout->data < DM_MKTME_VERIFIER_BYTES ||
	    layout->verifier != layout->data - DM_MKTME_VERIFIER_BYTES)
		return -EINVAL;
	if ((binding->phys + layout->data) % DM_MKTME_ALIGN_BYTES ||
	    layout->data_bytes % DM_MKTME_ALIGN_BYTES ||
	    layout->data % LIBMKTME_SECTOR_BYTES)
		return -EINVAL;
	return 0;
}

int libmktme_binding_from_json(const char *json,
			       struct libmktme_binding *binding)
{
	struct libmktme_layout *layout = &binding->layout;
	json_object *token = json_tokener_parse(json);
	int err = -EINVAL;

	memset(binding, 0, sizeof(*binding));
	if (!json_object_is_type(token, json_type_object))
		goto out;
	err = check_type(token);
	if (err)
		goto out;
	err = -EINVAL;
	if (get_algorithm(token, binding) ||
	    get_uuid(token, "namespace_uuid", binding->namespace_uuid) ||
	    get_uuid(token, "label_uuid", binding->label_uuid) ||
	    get_u64(token, "interleave_set", &binding->interleave_set) ||
	    get_u64(token, "physical_base", &binding->phys) ||
	    get_u64(token, "verifier_offset", &layout->verifier) ||
	    get_u64(token, "data_offset", &layout->data) ||
	    get_u64(token, "data_size", &layout->data_bytes))
		goto out;
	err = check_layout(binding);
out:
	json_object_put(token);
	return err;
}

static int compare_uuid(const char *what, const uuid_t then, const uuid_t now)
{
	char then_text[UUID_STR_LEN], now_text[UUID_STR_LEN];

	if (!uuid_compare(then, now))
		return 0;
	uuid_unparse_lower(then, then_text);
	uuid_unparse_lower(now, now_text);
	libmktme_reason("made on the namespace with %s %s, but this one has %s",
			what, then_text, now_text);
	return -ESTALE;
}

static int compare_place(const struct libmktme_binding *binding,
			 const struct libmktme_base *base)
{
	uint64_t end = binding->layout.data + binding->layout.data_bytes;
	int err;

	/* First, because the addresses say most about what happened. */
	if (binding->phys != base->phys) {
		libmktme_reason("moved: made at physical address 0x%" PRIx64
				", but now at 0x%" PRIx64,
				binding->phys, base->phys);
		return -ESTALE;
	}
	err = compare_uuid("UUID", binding->namespace_uuid,
			   base->namespace_uuid);
	if (!err)
		err = compare_uuid("label UUID", binding->label_uuid,
				   base->label_uuid);
	if (err)
		return err;
	if (binding->interleave_set != base->interleave_set) {
		libmktme_reason("made on interleave set 0x%" PRIx64
				", but this one is 0x%" PRIx64,
				binding->interleave_set, base->interleave_set);
		return -ESTALE;
	}
	if (end > base->bytes) {
		libmktme_reason("truncated: %" PRIu64 " bytes were used"
				", but only %" PRIu64 " are left",
				end, base->bytes);
		return -ESTALE;
	}
	return 0;
}

int libmktme_binding_compare(const struct libmktme_binding *binding,
			     const struct libmktme_base *base)
{
	int err = compare_place(binding, base);

	if (err)
		libmktme_hint(
			"what TME-MK encrypts can be read only where it was written: restore the former configuration of DIMMs, regions and namespaces, or try --ignore-binding");
	return err;
}
