// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup format: make a volume.
 *
 * The binding token is written last.  A volume without it is one whose making
 * was interrupted, and "open" says so.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

/*
 * What is to be made, once all checks have passed.  @is_header_here: in the window
 * of a volume on the same memory, which must not be touched besides.
 */
struct plan {
	const char *device;
	const char *header;
	struct libmktme_container_params params;
	struct libmktme_base base;
	struct libmktme_layout layout;
	const struct libmktme_algorithm *alg;
	bool is_header_new;
	bool is_header_here;
	bool is_begun;
};

/* ---- checks ---- */

static int check_machine(struct plan *plan)
{
	struct libmktme_caps caps;
	int err;

	err = libmktme_caps_require(&caps);
	if (!err && !caps.has_bypass)
		err = libmktme_base_require_persistent(&plan->base,
						       options.header);
	if (err)
		return err;
	if (caps.keyids_used >= caps.keyids_total) {
		set_reason("every KeyID is in use");
		set_hint("close a volume that is not needed");
		return -ENOSPC;
	}
	return choose_algorithm(&caps, &plan->alg);
}

/* What a header takes away from the memory that will hold the data. */
static int find_reserved(struct plan *plan, uint64_t *reserved)
{
	const struct libmktme_base *base = &plan->base;
	struct libmktme_base other;
	int err;

	if (!options.header) {
		*reserved = LIBMKTME_HEADER_BYTES;
		return 0;
	}
	if (!libmktme_base_find(options.header, &other) &&
	    other.phys < base->phys + base->bytes &&
	    base->phys < other.phys + other.bytes) {
		set_reason("'%s' is the same memory", options.header);
		return -EINVAL;
	}
	/* The reason was about a header that is not pmem, as it should be. */
	forget_reason();
	err = libmktme_volume_end_on(options.header, base, reserved);
	plan->is_header_here = !err && *reserved;
	return err;
}

static int check_place(struct plan *plan)
{
	struct libmktme_base *base = &plan->base;
	uint64_t reserved, start;
	int err;

	err = libmktme_base_require_usable(base);
	if (!err && base->is_readonly)
		err = -EROFS;
	if (!err)
		err = find_reserved(plan, &reserved);
	if (!err)
		err = libmktme_layout_compute(base->phys, base->bytes, reserved,
					      &plan->layout);
	if (err)
		return err;
	start = options.header ? plan->layout.verifier : 0;
	return libmktme_base_require_unused(base, start, base->bytes);
}

static int check(struct plan *plan)
{
	int err;

	/* The library would look at it after we have wiped signatures. */
	err = libmktme_pbkdf_check(&plan->params.pbkdf);
	if (!err)
		err = libmktme_base_find(plan->device, &plan->base);
	if (!err)
		err = check_place(plan);
	if (!err && options.header)
		err = require_header_unused();
	if (!err)
		err = check_machine(plan);
	return err;
}

static void warn_of_signature(const char *type, void *arg)
{
	const char *device = arg;

	if (!options.batch_mode)
		fprintf(stderr,
			"WARNING: Device %s already contains a '%s' signature.\n",
			device, type);
}

/* A header may be in a file that does not exist yet. */
static int warn_of_contents(const char *path)
{
	int count;

	count = libmktme_signatures(path, warn_of_signature, (void *)path);
	return count < 0 ? count : 0;
}

static int ask_user(const struct plan *plan, struct libmktme_secret *pass)
{
	const char *device = plan->device;
	struct source source;
	int err;

	err = plan->is_header_here ? 0 : warn_of_contents(device);
	if (!err && options.header && !plan->is_header_new)
		err = warn_of_contents(plan->header);
	if (err)
		return err;
	if (!confirm("This will overwrite data on %s%s%s irrevocably.", device,
		     options.header ? " and " : "",
		     options.header ? options.header : ""))
		return -ECANCELED;
	source_of_passphrase(device, &source);
	source.is_verified = true;
	return read_secret(pass, &source);
}

/* ---- work ---- */

static int make_header_file(const char *path)
{
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, LIBMKTME_HEADER_BYTES)) {
		err = -errno;
		set_reason("cannot make '%s': %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static int make_container(struct plan *plan, const struct libmktme_secret *pass,
			  struct libmktme_container **container)
{
	int err = 0;

	if (!plan->is_header_here)
		err = libmktme_signatures_wipe(plan->device);
	if (!err && options.header)
		err = libmktme_signatures_wipe(plan->header);
	if (err)
		return err;
	plan->params.key_bytes = plan->alg->key_bytes;
	progress(
		"Writing the header and deriving a key from the passphrase ...");
	err = libmktme_container_create(plan->header, &plan->params, container);
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
	struct libmktme_table table;
	char name[LIBMKTME_NAME_BYTES];
	int err;

	progress("Writing the verifier ...");
	libmktme_table_init(&table, &plan->base, &plan->layout,
			    plan->alg->name);
	table.key_bytes = plan->alg->key_bytes;
	strcpy(table.key_type, "logon");
	table.has_init_verifier = true;
	snprintf(name, sizeof(name), "mktme-format-%s", uuid);
	err = libmktme_container_unlock(container, NULL, table.key_description,
					sizeof(table.key_description));
	if (err)
		return err;
	err = activate(name, uuid, plan->base.phys, &table, LIBMKTME_PRIVATE);
	libmktme_key_drop(table.key_description);
	if (err)
		return err;
	return deactivate(name, false);
}

static int make_volume(struct plan *plan, const struct libmktme_secret *pass)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;
	int err;

	if (was_interrupted())
		return -EINTR;
	err = plan->is_header_new ? make_header_file(plan->header) : 0;
	if (err)
		return err;
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
			plan->device);
	else
		fprintf(stderr, "note: nothing was written to '%s'\n",
			plan->device);
}

int cmd_format(const struct command *command, int argc, char **argv)
{
	struct plan plan = {
		.device = argv[0],
		.header = header_of(argv[0]),
		.params = { .label = options.label, .uuid = options.uuid },
	};
	int r, err;

	(void)argc;
	r = check_cipher(command);
	if (r < 0)
		r = take_pbkdf(command, &plan.params.pbkdf);
	if (r >= 0)
		return r;
	if (options.uuid && libmktme_container_check_uuid(options.uuid))
		return usage_error(command, "--uuid: '%s' is not a UUID",
				   options.uuid);
	if (options.label && strlen(options.label) > LIBMKTME_LABEL_MAX)
		return usage_error(command, "--label: more than %d bytes",
				   LIBMKTME_LABEL_MAX);
	plan.is_header_new = options.header && access(options.header, F_OK);
	setup_signals();
	err = format(&plan);
	if (!err)
		return EXIT_OK;
	if (err == -EINTR)
		set_reason("interrupted");
	r = report_failure("format", plan.device, err);
	print_state(&plan);
	return r;
}
