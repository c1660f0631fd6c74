// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole LUKS2 header, with checksums that are right: its JSON area is the
 * input, or that of a good header of which the input replaces one part.
 *
 * The first letter of the input says which part: "b" the binding, "t" another
 * token, "k" the keyslot, "s" the segment, "d" the digest, "c" the
 * configuration.  Without one of them the input is all of the JSON area.  With
 * "i" the rest is a token that is imported into a good header.
 */

#include <json-c/json.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "util.h"

/* As libmktme_container_create() makes it; see LUKS2's description. */
#define COPY_BYTES 16384
#define JSON_OFFSET 4096
#define JSON_BYTES (COPY_BYTES - JSON_OFFSET)
#define CHECKSUM_OFFSET 448
#define CHECKSUM_BYTES 64

static int fd;
static char path[32];
static uint8_t copies[2][COPY_BYTES];
static char good_json[JSON_BYTES];

static const struct {
	char letter;
	const char *section;
	const char *name;
} parts[] = {
	{ 'b', "tokens", "0" },	  { 't', "tokens", "1" },
	{ 'k', "keyslots", "0" }, { 's', "segments", "0" },
	{ 'd', "digests", "0" },  { 'c', "config", NULL },
};

/* ---- a good header ---- */

static void add_binding(struct libmktme_container *container)
{
	struct libmktme_base base = { .phys = 1ULL << 32, .bytes = 64 << 20 };
	struct libmktme_binding binding;
	struct libmktme_layout layout;

	expect(!libmktme_layout_compute(base.phys, base.bytes,
					LIBMKTME_HEADER_BYTES, &layout));
	libmktme_binding_init(&binding, &base, &layout, "aes-xts-256");
	expect(!libmktme_container_set_binding(container, &binding));
}

static void make_header(void)
{
	const struct libmktme_container_params params = {
		.label = "fuzz",
		.key_bytes = 64,
		.pbkdf = { .type = "pbkdf2", .iterations = 1000 },
	};
	struct libmktme_container *container;
	struct libmktme_secret pass;

	fd = memfd_create("header", MFD_CLOEXEC);
	expect(fd >= 0 && !ftruncate(fd, LIBMKTME_HEADER_BYTES));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect(!libmktme_container_create(path, &params, &container));
	expect(!libmktme_secret_alloc(&pass, 1));
	pass.data[0] = 'x';
	expect(!libmktme_container_add_passphrase(container, &pass));
	libmktme_secret_free(&pass);
	add_binding(container);
	libmktme_container_free(container);
}

static void remember_header(void)
{
	expect(pread(fd, copies, sizeof(copies), 0) == sizeof(copies));
	memcpy(good_json, copies[0] + JSON_OFFSET, JSON_BYTES);
	expect(memchr(good_json, '\0', JSON_BYTES));
}

/* ---- a bad one ---- */

static void put_json(const char *json, size_t bytes)
{
	size_t i;

	if (bytes > JSON_BYTES)
		bytes = JSON_BYTES;
	for (i = 0; i < 2; i++) {
		uint8_t *copy = copies[i], *checksum = copy + CHECKSUM_OFFSET;

		memset(copy + JSON_OFFSET, 0, JSON_BYTES);
		memcpy(copy + JSON_OFFSET, json, bytes);
		memset(checksum, 0, CHECKSUM_BYTES);
		SHA256(copy, COPY_BYTES, checksum);
	}
	expect(pwrite(fd, copies, sizeof(copies), 0) == sizeof(copies));
}

static void replace_part(size_t part, const char *text)
{
	json_object *header = json_tokener_parse(good_json);
	json_object *value = json_tokener_parse(text), *section;
	const char *json;

	if (parts[part].name)
		expect(json_object_object_get_ex(header, parts[part].section,
						 &section));
	json_object_object_add(parts[part].name ? section : header,
			       parts[part].name ?: parts[part].section, value);
	json = json_object_to_json_string_ext(header, JSON_C_TO_STRING_PLAIN);
	put_json(json, strlen(json));
	json_object_put(header);
}

static void put_input(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (*text == parts[i].letter)
			break;
	if (i < sizeof(parts) / sizeof(parts[0]))
		replace_part(i, text + 1);
	else
		put_json(text, size);
}

/* ---- what is done with it ---- */

static void use_keyslot(const struct libmktme_keyslot *keyslot, void *arg)
{
	(void)arg;
	expect(keyslot->cipher && keyslot->priority);
}

static void use_token(int id, const char *type, const char *json, void *arg)
{
	const char *exported;

	expect(type && json);
	expect(!libmktme_token_export(arg, id, &exported));
	expect(!strcmp(exported, json));
}

static void use_header(const char *uuid, const char *label, const char *cipher,
		       unsigned int key_bytes, void *arg)
{
	(void)key_bytes;
	(void)arg;
	expect(uuid && label && cipher);
}

static const struct libmktme_container_visitor visitor = {
	.header = use_header,
	.keyslot = use_keyslot,
	.token = use_token,
};

static bool use_library(void)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;

	if (libmktme_container_load(path, &container))
		return false;
	libmktme_container_get_binding(container, &binding);
	libmktme_container_visit(container, &visitor, container);
	libmktme_container_free(container);
	return true;
}

static void import(const char *json)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;
	const char *exported;
	int token;

	put_json(good_json, strlen(good_json));
	expect(!libmktme_container_load(path, &container));
	token = libmktme_token_import(container, LIBMKTME_ANY, LIBMKTME_ANY,
				      json);
	expect(token < 0 ||
	       !libmktme_token_export(container, token, &exported));
	expect(!libmktme_container_get_binding(container, &binding));
	libmktme_container_free(container);
}

static void use_program(const char *first, const char *second)
{
	char *argv[] = { (char *)first, (char *)second, path, NULL };

	options_reset();
	run_command(3, argv);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_header();
	remember_header();
	put_json(good_json, strlen(good_json));
	expect(use_library());
	fuzz_silence();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	if (*text == 'i')
		import(text + 1);
	else
		put_input(text, size);
	free(text);
	if (use_library()) {
		use_program("dump", "--batch-mode");
		use_program("dump", "--json");
		use_program("token", "list");
	}
	return 0;
}
