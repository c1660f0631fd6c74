// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup open: unlock a volume and map it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define DEFAULT_TRIES 3

enum {
	OPT_VOLUME_KEY_FILE = OPT_COMMAND,
	OPT_TEST_PASSPHRASE,
	OPT_IGNORE_BINDING,
};

static const struct option options[] = {
	{ "key-file", required_argument, NULL, 'd' },
	{ "volume-key-file", required_argument, NULL, OPT_VOLUME_KEY_FILE },
	{ "tries", required_argument, NULL, 'T' },
	{ "readonly", no_argument, NULL, 'r' },
	{ "test-passphrase", no_argument, NULL, OPT_TEST_PASSPHRASE },
	{ "ignore-binding", no_argument, NULL, OPT_IGNORE_BINDING },
	COMMON_LONG_OPTIONS,
};

struct open_args {
	const char *device;
	const char *name;
	const char *key_file;
	const char *volume_key_file;
	uint32_t tries;
	bool is_readonly;
	bool is_test;
	bool ignores_binding;
};

static int parse_args(const struct command *command, int argc, char **argv,
		      struct open_args *args)
{
	int c, r;

	while ((c = getopt_long(argc, argv, "d:T:r" COMMON_SHORT_OPTIONS,
				options, NULL)) != -1) {
		switch (c) {
		case 'd':
			args->key_file = optarg;
			break;
		case OPT_VOLUME_KEY_FILE:
			args->volume_key_file = optarg;
			break;
		case 'T':
			if (parse_uint32(optarg, &args->tries) || !args->tries)
				return usage_error(command,
						   "--tries: not a number");
			break;
		case 'r':
			args->is_readonly = true;
			break;
		case OPT_TEST_PASSPHRASE:
			args->is_test = true;
			break;
		case OPT_IGNORE_BINDING:
			args->ignores_binding = true;
			break;
		default:
			r = take_common_option(command, c);
			if (r >= 0)
				return r;
		}
	}
	if (args->key_file && args->volume_key_file)
		return usage_error(
			command,
			"--key-file and --volume-key-file exclude each other");
	if (argc - optind != (args->is_test ? 1 : 2))
		return usage_error(
			command, args->is_test ? "one DEVICE is needed" :
						 "DEVICE and NAME are needed");
	args->device = argv[optind];
	args->name = argv[optind + 1];
	return -1;
}

/* Only one passphrase can come from a file or a pipe. */
static uint32_t allowed_tries(const struct open_args *args)
{
	if (args->key_file || !is_interactive())
		return 1;
	return args->tries ? args->tries : DEFAULT_TRIES;
}

static int unlock_by_passphrase(const struct open_args *args,
				struct libmktme_container *container,
				char *description, size_t size)
{
	uint32_t tries = allowed_tries(args);
	struct libmktme_secret pass;
	int err;

	do {
		err = read_passphrase(&pass, args->key_file, args->device,
				      false);
		if (err)
			return err;
		err = libmktme_container_unlock(container, &pass, description,
						size);
		libmktme_secret_free(&pass);
		if (was_interrupted()) {
			set_reason("interrupted");
			return -EINTR;
		}
		if (err == -EPERM && --tries)
			fprintf(stderr,
				"No key available with this passphrase.\n");
		else
			return err;
	} while (1);
}

/*
 * The header's digest is not asked: this is also for a header that is damaged,
 * and the verifier knows better.
 */
static int unlock_by_volume_key(const struct open_args *args,
				struct libmktme_container *container,
				char *description, size_t size)
{
	struct libmktme_secret key;
	int err;

	err = libmktme_secret_read(&key, args->volume_key_file);
	if (err)
		return err;
	if (key.bytes != libmktme_container_key_bytes(container)) {
		set_reason("the volume key has %u bytes, the key file %zu",
			   libmktme_container_key_bytes(container), key.bytes);
		err = -EINVAL;
	} else if (!description) {
		err = libmktme_container_verify_key(container, &key);
	} else {
		snprintf(description, size, "mktme:%s",
			 libmktme_container_uuid(container));
		err = libmktme_key_add(description, &key);
	}
	libmktme_secret_free(&key);
	return err;
}

static int unlock(const struct open_args *args,
		  struct libmktme_container *container, char *description,
		  size_t size)
{
	if (args->volume_key_file)
		return unlock_by_volume_key(args, container, description, size);
	return unlock_by_passphrase(args, container, description, size);
}

static int test_passphrase(const struct open_args *args)
{
	struct libmktme_container *container;
	int err;

	err = libmktme_container_load(args->device, &container);
	if (err)
		return err;
	err = unlock(args, container, NULL, 0);
	libmktme_container_free(container);
	return err;
}

/* Everything that can be known to fail before a passphrase is asked for. */
static int check(const struct open_args *args,
		 struct libmktme_container *container,
		 struct libmktme_base *base, struct libmktme_binding *binding)
{
	const struct libmktme_algorithm *alg;
	struct libmktme_caps caps;
	int err;

	err = libmktme_container_get_binding(container, binding);
	if (err)
		return err;
	err = libmktme_base_find(args->device, base);
	if (!err && !args->ignores_binding)
		err = libmktme_binding_compare(binding, base);
	if (!err)
		err = libmktme_caps_require(&caps);
	if (!err)
		err = libmktme_volume_check_name(args->name);
	if (!err)
		err = libmktme_base_require_unused(base);
	if (err)
		return err;
	alg = libmktme_algorithm_by_name(binding->algorithm);
	err = libmktme_caps_require_algorithm(&caps, alg);
	if (err)
		return err;
	if (alg->key_bytes != libmktme_container_key_bytes(container)) {
		set_reason("binding and volume key disagree on the algorithm");
		return -EINVAL;
	}
	return 0;
}

static int activate(const struct open_args *args,
		    const struct libmktme_container *container,
		    const struct libmktme_base *base,
		    const struct libmktme_binding *binding,
		    const char *description)
{
	struct libmktme_table table = {
		.sectors = binding->layout.data_bytes / LIBMKTME_SECTOR_BYTES,
		.key_bytes = libmktme_container_key_bytes(container),
		.key_type = "logon",
		.offset = binding->layout.data / LIBMKTME_SECTOR_BYTES,
	};

	strcpy(table.algorithm, binding->algorithm);
	snprintf(table.key_description, sizeof(table.key_description), "%s",
		 description);
	snprintf(table.device, sizeof(table.device), "%u:%u", base->major,
		 base->minor);
	return libmktme_volume_activate(
		args->name, libmktme_container_uuid(container), base->phys,
		&table, args->is_readonly ? LIBMKTME_READONLY : 0);
}

static int open_volume(const struct open_args *args)
{
	struct libmktme_container *container;
	char description[LIBMKTME_NAME_BYTES];
	struct libmktme_binding binding;
	struct libmktme_base base;
	int err;

	err = libmktme_container_load(args->device, &container);
	if (err)
		return err;
	err = check(args, container, &base, &binding);
	if (err)
		goto out;
	err = unlock(args, container, description, sizeof(description));
	if (err)
		goto out;
	err = activate(args, container, &base, &binding, description);
	libmktme_key_drop(description);
out:
	libmktme_container_free(container);
	return err;
}

int cmd_open(const struct command *command, int argc, char **argv)
{
	struct open_args args = { 0 };
	int r, err;

	r = parse_args(command, argc, argv, &args);
	if (r >= 0)
		return r;
	setup_signals();
	err = args.is_test ? test_passphrase(&args) : open_volume(&args);
	return err ? report_failure("open", args.device, err) : EXIT_OK;
}
