// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup open: unlock a volume and map it.
 */

#include <errno.h>
#include <string.h>

#include "util.h"

#define CONTAINER_OPTIONS                                         \
	(OPT(HEADER) | OPTS_PASSPHRASE | OPT(VERIFY_PASSPHRASE) | \
	 OPT(VOLUME_KEY_FILE) | OPT(KEY_SLOT) | OPTS_TOKEN |      \
	 OPT(TEST_PASSPHRASE) | OPT(IGNORE_BINDING))
#define PLAIN_OPTIONS                                            \
	(OPT(CIPHER) | OPT(KEY_SIZE) | OPT(OFFSET) | OPT(SIZE) | \
	 OPT(DEVICE_SIZE) | OPT(KEY_DESCRIPTION))

/* ---- with a header ---- */

static int test_passphrase(const char *device)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_load(header_of(device), &container);
	if (err)
		return err;
	err = unlock(container, device, true, NULL, 0, NULL);
	libmktme_container_free(container);
	return err;
}

/* The range that the volume takes, verifier included. */
static int require_unused(const struct libmktme_base *base,
			  const struct libmktme_layout *layout)
{
	return libmktme_base_require_unused(base, layout->verifier,
					    layout->data + layout->data_bytes);
}

/* Everything that can be known to fail before a passphrase is asked for. */
static int check(const char *device, const char *name,
		 struct libmktme_container *container,
		 struct libmktme_base *base, struct libmktme_binding *binding)
{
	const struct libmktme_algorithm *alg;
	struct libmktme_caps caps;
	int err;

	err = libmktme_container_get_binding(container, binding);
	if (err)
		return err;
	err = libmktme_base_find(device, base);
	if (!err && !options.ignore_binding)
		err = libmktme_binding_compare(binding, base);
	if (!err)
		err = libmktme_caps_require(&caps);
	if (!err)
		err = libmktme_volume_check_name(name);
	if (!err)
		err = require_unused(base, &binding->layout);
	if (err)
		return err;
	alg = libmktme_algorithm_by_name(binding->algorithm);
	err = libmktme_caps_require_algorithm(&caps, alg);
	if (err)
		return err;
	if (libmktme_container_key_bytes(container) != alg->key_bytes) {
		set_reason("binding and volume key disagree on the algorithm");
		return -EINVAL;
	}
	return 0;
}

static unsigned int activation_flags(void)
{
	return options.readonly ? LIBMKTME_READONLY : 0;
}

int open_container(const char *device, const char *name)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;
	struct libmktme_table table;
	struct libmktme_base base;
	int err;

	err = libmktme_container_load(header_of(device), &container);
	if (err)
		return err;
	err = check(device, name, container, &base, &binding);
	if (err)
		goto out;
	libmktme_table_init(&table, &base, &binding.layout, binding.algorithm);
	table.has_discard_key = options.discard_key;
	table.key_bytes =
		libmktme_algorithm_by_name(binding.algorithm)->key_bytes;
	strcpy(table.key_type, "logon");
	err = unlock(container, device, true, table.key_description,
		     sizeof(table.key_description), NULL);
	if (err)
		goto out;
	err = activate(name, libmktme_container_uuid(container), base.phys,
		       &table, activation_flags());
	libmktme_key_drop(table.key_description);
out:
	libmktme_container_free(container);
	return err;
}

/* ---- without ---- */

static int open_plain(const char *device, const char *name)
{
	const uint64_t size = options.device_size ?
				      options.device_size :
				      options.size * LIBMKTME_SECTOR_BYTES;
	const struct libmktme_algorithm *alg;
	struct libmktme_layout layout;
	struct libmktme_table table;
	struct libmktme_caps caps;
	struct libmktme_base base;
	int err;

	err = libmktme_base_find(device, &base);
	if (!err)
		err = libmktme_base_require_dax(&base);
	if (!err)
		err = libmktme_caps_require(&caps);
	if (!err)
		err = choose_algorithm(&caps, &alg);
	if (!err)
		err = libmktme_volume_check_name(name);
	if (!err)
		err = libmktme_layout_plain(
			base.phys, base.bytes,
			options.offset * LIBMKTME_SECTOR_BYTES, size, &layout);
	if (!err)
		err = require_unused(&base, &layout);
	if (err)
		return err;
	libmktme_table_init(&table, &base, &layout, alg->name);
	table.has_discard_key = options.discard_key;
	table.has_no_verifier = true;
	if (options.key_description) {
		table.key_bytes = alg->key_bytes;
		err = take_key_description(&table);
	} else {
		strcpy(table.key_type, options.type);
	}
	if (err)
		return err;
	err = activate(name, "PLAIN", base.phys, &table, activation_flags());
	if (err == -EINVAL && table.key_bytes)
		set_hint(
			"the key must have %u bytes ('--key-size'); the kernel log says more",
			table.key_bytes);
	return err;
}

/* ---- the command ---- */

static bool has_type(const char *type)
{
	return options.type && !strcmp(options.type, type);
}

static bool has_container(void)
{
	return !options.type || has_type("luks2") || has_type("luks") ||
	       has_type("mktme");
}

static int check_key_option(const struct command *command)
{
	const char *text = options.key_description;

	if (!has_type("plain")) {
		if (text)
			return usage_error(command,
					   "--type %s has no --key-description",
					   options.type);
		return options_refuse(command, OPT(DISCARD_KEY),
				      "a volume without a key");
	}
	if (!text)
		return usage_error(
			command,
			"--type plain needs a key of the kernel: --key-description TYPE:NAME");
	return check_key_description(command);
}

static int check_options(const struct command *command)
{
	int r = check_cipher(command);

	if (r >= 0)
		return r;
	if (has_container())
		return options_refuse(command, PLAIN_OPTIONS,
				      "a volume with a header");
	if (!has_type("plain") && !has_type("random") && !has_type("plaintext"))
		return usage_error(command, "--type: '%s' is not known",
				   options.type);
	r = options_refuse(command, CONTAINER_OPTIONS,
			   "a volume without a header");
	return r >= 0 ? r : check_key_option(command);
}

int cmd_open(const struct command *command, int argc, char **argv)
{
	const char *device = argv[0];
	int r, err;

	r = check_options(command);
	if (r >= 0)
		return r;
	if (argc != (options.test_passphrase ? 1 : 2))
		return usage_error(command,
				   options.test_passphrase ?
					   "one DEVICE is needed" :
					   "DEVICE and NAME are needed");
	setup_signals();
	if (options.test_passphrase)
		err = test_passphrase(device);
	else if (has_container())
		err = open_container(device, argv[1]);
	else
		err = open_plain(device, argv[1]);
	return err ? report_failure("open", device, err) : EXIT_OK;
}
