// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup format: make a volume.
 *
 * The binding token is written last.  A volume without it is one whose making
 * was interrupted, and "open" says so.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

enum {
	OPT_LABEL = OPT_COMMAND,
	OPT_UUID,
	OPT_PBKDF,
	OPT_PBKDF_MEMORY,
	OPT_PBKDF_FORCE_ITERATIONS,
};

static const struct option options[] = {
	{ "key-file", required_argument, NULL, 'd' },
	{ "cipher", required_argument, NULL, 'c' },
	{ "key-size", required_argument, NULL, 's' },
	{ "label", required_argument, NULL, OPT_LABEL },
	{ "uuid", required_argument, NULL, OPT_UUID },
	{ "pbkdf", required_argument, NULL, OPT_PBKDF },
	{ "pbkdf-memory", required_argument, NULL, OPT_PBKDF_MEMORY },
	{ "pbkdf-force-iterations", required_argument, NULL,
	  OPT_PBKDF_FORCE_ITERATIONS },
	{ "iter-time", required_argument, NULL, 'i' },
	COMMON_LONG_OPTIONS,
};

struct format_args {
	const char *device;
	const char *key_file;
	const char *cipher;
	uint32_t key_bits;
	struct libmktme_container_params container;
};

/* What is to be made, once all checks have passed. */
struct plan {
	const struct format_args *args;
	struct libmktme_base base;
	struct libmktme_layout layout;
	const struct libmktme_algorithm *alg;
	bool is_begun;
};

/* ---- options ---- */

static int check_pbkdf(const struct command *command, const char *type)
{
	if (!strcmp(type, "argon2id") || !strcmp(type, "argon2i") ||
	    !strcmp(type, "pbkdf2"))
		return -1;
	return usage_error(command, "--pbkdf: '%s' is not known", type);
}

static int parse_number(const struct command *command, const char *name,
			uint32_t *value)
{
	if (!parse_uint32(optarg, value) && *value)
		return -1;
	return usage_error(command, "--%s: '%s' is not a number above 0", name,
			   optarg);
}

static int parse_option(const struct command *command, int c,
			struct format_args *args)
{
	struct libmktme_pbkdf *pbkdf = &args->container.pbkdf;

	switch (c) {
	case 'd':
		args->key_file = optarg;
		return -1;
	case 'c':
		args->cipher = optarg;
		return -1;
	case 's':
		return parse_number(command, "key-size", &args->key_bits);
	case OPT_LABEL:
		args->container.label = optarg;
		return -1;
	case OPT_UUID:
		args->container.uuid = optarg;
		if (!libmktme_container_check_uuid(optarg))
			return -1;
		return usage_error(command, "--uuid: '%s' is not a UUID",
				   optarg);
	case OPT_PBKDF:
		pbkdf->type = optarg;
		return check_pbkdf(command, optarg);
	case OPT_PBKDF_MEMORY:
		return parse_number(command, "pbkdf-memory", &pbkdf->memory_kb);
	case OPT_PBKDF_FORCE_ITERATIONS:
		return parse_number(command, "pbkdf-force-iterations",
				    &pbkdf->iterations);
	case 'i':
		return parse_number(command, "iter-time", &pbkdf->time_ms);
	default:
		return take_common_option(command, c);
	}
}

static int parse_args(const struct command *command, int argc, char **argv,
		      struct format_args *args)
{
	int c, r;

	while ((c = getopt_long(argc, argv, "d:c:s:i:" COMMON_SHORT_OPTIONS,
				options, NULL)) != -1) {
		r = parse_option(command, c, args);
		if (r >= 0)
			return r;
	}
	if ((args->cipher || args->key_bits) &&
	    !parse_cipher(args->cipher, args->key_bits))
		return usage_error(
			command,
			"--cipher, --key-size: TME-MK has aes-xts-256 and aes-xts-128 only");
	if (argc - optind != 1)
		return usage_error(command, "one DEVICE is needed");
	args->device = argv[optind];
	return -1;
}

/* ---- checks ---- */

static int choose_algorithm(struct plan *plan, const struct libmktme_caps *caps)
{
	const struct format_args *args = plan->args;
	const struct libmktme_algorithm *alg;

	if (args->cipher || args->key_bits) {
		plan->alg = parse_cipher(args->cipher, args->key_bits);
		return libmktme_caps_require_algorithm(caps, plan->alg);
	}
	for (alg = libmktme_algorithms; alg->name; alg++) {
		if (!(caps->algorithms & alg->activate_bit))
			continue;
		plan->alg = alg;
		return 0;
	}
	set_reason("the BIOS activated no algorithm that can be used");
	return -ENODEV;
}

static int check_machine(struct plan *plan)
{
	struct libmktme_caps caps;
	int err;

	err = libmktme_caps_require(&caps);
	if (err)
		return err;
	if (!caps.has_bypass) {
		set_reason(
			"without TME bypass the header would be unreadable after the next boot");
		set_hint("enable 'TME bypass' in the BIOS set-up");
		return -ENODEV;
	}
	if (caps.keyids_used >= caps.keyids_total) {
		set_reason("every KeyID is in use");
		set_hint("close a volume that is not needed");
		return -ENOSPC;
	}
	return choose_algorithm(plan, &caps);
}

static int check(struct plan *plan)
{
	struct libmktme_base *base = &plan->base;
	int err;

	err = libmktme_base_find(plan->args->device, base);
	if (!err)
		err = libmktme_base_require_usable(base);
	if (!err && base->is_readonly)
		err = -EROFS;
	if (!err)
		err = libmktme_layout_compute(base->phys, base->bytes,
					      &plan->layout);
	if (!err)
		err = libmktme_base_require_unused(base);
	if (!err)
		err = check_machine(plan);
	return err;
}

static void warn_of_signature(const char *type, void *arg)
{
	const char *device = arg;

	if (!common.is_batch)
		fprintf(stderr,
			"WARNING: Device %s already contains a '%s' signature.\n",
			device, type);
}

static int ask_user(const struct plan *plan, struct libmktme_secret *pass)
{
	const char *device = plan->args->device;
	char warning[256];
	int err;

	err = libmktme_signatures(device, warn_of_signature, (void *)device);
	if (err < 0)
		return err;
	snprintf(warning, sizeof(warning),
		 "This will overwrite data on %s irrevocably.", device);
	if (!confirm(warning)) {
		set_reason("not confirmed");
		return -ECANCELED;
	}
	return read_passphrase(pass, plan->args->key_file, device, true);
}

/* ---- work ---- */

static int make_container(const struct plan *plan,
			  const struct libmktme_secret *pass,
			  struct libmktme_container **container)
{
	struct libmktme_container_params params = plan->args->container;
	int err;

	err = libmktme_signatures_wipe(plan->args->device);
	if (err)
		return err;
	params.key_bytes = plan->alg->key_bytes;
	progress(
		"Writing the header and deriving a key from the passphrase ...");
	err = libmktme_container_create(plan->args->device, &params, container);
	if (err)
		return err;
	err = libmktme_container_add_passphrase(*container, pass);
	if (err) {
		libmktme_container_free(*container);
		*container = NULL;
	}
	return err;
}

/* The kernel writes it when a device is made with "init_verifier". */
static int write_verifier(const struct plan *plan,
			  struct libmktme_container *container)
{
	const char *uuid = libmktme_container_uuid(container);
	struct libmktme_table table = {
		.sectors = plan->layout.data_bytes / LIBMKTME_SECTOR_BYTES,
		.key_bytes = plan->alg->key_bytes,
		.key_type = "logon",
		.offset = plan->layout.data / LIBMKTME_SECTOR_BYTES,
		.has_init_verifier = true,
	};
	char name[LIBMKTME_NAME_BYTES];
	int err;

	progress("Writing the verifier ...");
	strcpy(table.algorithm, plan->alg->name);
	snprintf(table.device, sizeof(table.device), "%u:%u", plan->base.major,
		 plan->base.minor);
	snprintf(name, sizeof(name), "mktme-format-%s", uuid);
	err = libmktme_container_unlock(container, NULL, table.key_description,
					sizeof(table.key_description));
	if (err)
		return err;
	err = libmktme_volume_activate(name, uuid, plan->base.phys, &table,
				       LIBMKTME_PRIVATE);
	libmktme_key_drop(table.key_description);
	if (err)
		return err;
	return libmktme_volume_deactivate(name, false);
}

static int make_volume(struct plan *plan, const struct libmktme_secret *pass)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;
	int err;

	if (was_interrupted())
		return -EINTR;
	plan->is_begun = true;
	err = make_container(plan, pass, &container);
	if (err)
		return err;
	err = was_interrupted() ? -EINTR : write_verifier(plan, container);
	if (!err && was_interrupted())
		err = -EINTR;
	if (!err) {
		libmktme_binding_init(&binding, &plan->base, &plan->layout,
				      plan->alg->name);
		err = libmktme_container_set_binding(container, &binding);
	}
	libmktme_container_free(container);
	return err;
}

static int format(struct plan *plan)
{
	struct libmktme_secret pass;
	int err;

	err = check(plan);
	if (!err)
		err = ask_user(plan, &pass);
	if (err)
		return err;
	err = make_volume(plan, &pass);
	libmktme_secret_free(&pass);
	return err;
}

static void print_state(const struct plan *plan)
{
	if (plan->is_begun)
		fprintf(stderr,
			"note: '%s' now holds an unfinished volume; its former contents are lost\n",
			plan->args->device);
	else
		fprintf(stderr, "note: nothing was written to '%s'\n",
			plan->args->device);
}

int cmd_format(const struct command *command, int argc, char **argv)
{
	struct format_args args = { 0 };
	struct plan plan = { .args = &args };
	int r, err;

	r = parse_args(command, argc, argv, &args);
	if (r >= 0)
		return r;
	setup_signals();
	err = format(&plan);
	if (!err)
		return EXIT_OK;
	if (err == -EINTR)
		set_reason("interrupted");
	r = report_failure("format", args.device, err);
	print_state(&plan);
	return r;
}
