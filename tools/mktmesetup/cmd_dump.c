// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup dump: show what is in the header of a volume.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "util.h"

/* ---- for people ---- */

static void print_header(const char *uuid, const char *label,
			 const char *cipher, unsigned int key_bytes, void *arg)
{
	(void)arg;
	printf("UUID:          \t%s\n", uuid);
	printf("Label:         \t%s\n", *label ? label : "(no label)");
	printf("Volume key:    \t%u bits (%s)\n", key_bytes * 8, cipher);
	printf("\nKeyslots and tokens:\n");
}

static void print_keyslot(const struct libmktme_keyslot *keyslot, void *arg)
{
	(void)arg;
	printf("  keyslot %d: %s, priority %s, %s", keyslot->id,
	       keyslot->cipher, keyslot->priority,
	       keyslot->pbkdf ? keyslot->pbkdf : "no PBKDF");
	printf(", time cost %u", keyslot->iterations);
	if (keyslot->memory_kb)
		printf(", memory %u KiB, threads %u", keyslot->memory_kb,
		       keyslot->threads);
	putchar('\n');
}

static void print_token(int id, const char *type, const char *json, void *arg)
{
	(void)json;
	(void)arg;
	printf("  token %d: %s\n", id, type);
}

static const struct libmktme_container_visitor printer = {
	.header = print_header,
	.keyslot = print_keyslot,
	.token = print_token,
};

static void print_binding(const struct libmktme_binding *binding)
{
	const struct libmktme_layout *layout = &binding->layout;
	char uuid[UUID_STR_LEN], size[16];

	printf("\nBinding (the place where the volume was made):\n");
	printf("  algorithm:       %s\n", binding->algorithm);
	uuid_unparse_lower(binding->namespace_uuid, uuid);
	printf("  namespace UUID:  %s\n", uuid);
	uuid_unparse_lower(binding->label_uuid, uuid);
	printf("  label UUID:      %s\n", uuid);
	printf("  interleave set:  0x%" PRIx64 "\n", binding->interleave_set);
	printf("  physical base:   0x%" PRIx64 "\n", binding->phys);
	printf("  verifier offset: %" PRIu64 " bytes\n", layout->verifier);
	printf("  data offset:     %" PRIu64 " bytes\n", layout->data);
	format_bytes(layout->data_bytes, size, sizeof(size));
	printf("  data size:       %" PRIu64 " bytes (%s)\n",
	       layout->data_bytes, size);
}

static void print_container(struct libmktme_container *container,
			    const struct libmktme_binding *binding)
{
	printf("MKTME volume, %s\n\n", binding ? "complete" : "unfinished");
	libmktme_container_visit(container, &printer, NULL);
	if (binding)
		print_binding(binding);
	else
		printf("\nNo binding: format was interrupted.\n");
}

/* ---- for programs ---- */

struct json_dump {
	json_object *object;
	json_object *keyslots;
	json_object *tokens;
};

static void add_header(const char *uuid, const char *label, const char *cipher,
		       unsigned int key_bytes, void *arg)
{
	struct json_dump *dump = arg;

	json_add_string(dump->object, "uuid", uuid);
	json_add_string(dump->object, "label", label);
	json_add_string(dump->object, "header_cipher", cipher);
	json_add_u64(dump->object, "key_bits", key_bytes * 8);
}

static void add_keyslot(const struct libmktme_keyslot *keyslot, void *arg)
{
	json_object *object = json_object_new_object();
	struct json_dump *dump = arg;

	json_add_u64(object, "id", keyslot->id);
	json_add_string(object, "cipher", keyslot->cipher);
	json_add_string(object, "priority", keyslot->priority);
	if (keyslot->pbkdf)
		json_add_string(object, "pbkdf", keyslot->pbkdf);
	json_add_u64(object, "iterations", keyslot->iterations);
	json_add_u64(object, "memory_kib", keyslot->memory_kb);
	json_add_u64(object, "threads", keyslot->threads);
	json_object_array_add(dump->keyslots, object);
}

static void add_token(int id, const char *type, const char *json, void *arg)
{
	struct json_dump *dump = arg;

	json_object_array_add(dump->tokens, token_to_json(id, type, json));
}

static const struct libmktme_container_visitor collector = {
	.header = add_header,
	.keyslot = add_keyslot,
	.token = add_token,
};

static json_object *binding_to_object(const struct libmktme_binding *binding)
{
	json_object *object = json_object_new_object();
	char uuid[UUID_STR_LEN];

	json_add_string(object, "algorithm", binding->algorithm);
	uuid_unparse_lower(binding->namespace_uuid, uuid);
	json_add_string(object, "namespace_uuid", uuid);
	uuid_unparse_lower(binding->label_uuid, uuid);
	json_add_string(object, "label_uuid", uuid);
	json_add_address(object, "interleave_set", binding->interleave_set);
	json_add_address(object, "physical_base", binding->phys);
	json_add_u64(object, "verifier_offset", binding->layout.verifier);
	json_add_u64(object, "data_offset", binding->layout.data);
	json_add_u64(object, "data_size", binding->layout.data_bytes);
	return object;
}

static void print_container_json(struct libmktme_container *container,
				 const struct libmktme_binding *binding)
{
	struct json_dump dump = {
		.object = json_object_new_object(),
		.keyslots = json_object_new_array(),
		.tokens = json_object_new_array(),
	};

	libmktme_container_visit(container, &collector, &dump);
	json_object_object_add(dump.object, "keyslots", dump.keyslots);
	json_object_object_add(dump.object, "tokens", dump.tokens);
	json_add_bool(dump.object, "complete", binding);
	if (binding)
		json_object_object_add(dump.object, "binding",
				       binding_to_object(binding));
	print_json(dump.object);
}

static int dump(const char *device)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;
	bool is_complete;
	int err;

	err = libmktme_container_load(device, &container);
	if (err)
		return err;
	err = libmktme_container_get_binding(container, &binding);
	is_complete = !err;
	/* An unfinished volume can be shown, a malformed token cannot. */
	if (err && err != -ENOENT)
		goto out;
	err = 0;
	if (options.json)
		print_container_json(container, is_complete ? &binding : NULL);
	else
		print_container(container, is_complete ? &binding : NULL);
out:
	libmktme_container_free(container);
	return err;
}

int cmd_dump(const struct command *command, int argc, char **argv)
{
	const char *device = argv[0];
	int err;

	(void)command;
	(void)argc;
	err = dump(header_of(device));
	return err ? report_failure("dump", device, err) : EXIT_OK;
}
