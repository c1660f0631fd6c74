// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup rebind: give the kernel the key of an active volume again.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* What says how to get at the key in a header. */
#define CONTAINER_OPTIONS                                       \
	(OPT(HEADER) | OPTS_PASSPHRASE | OPT(VOLUME_KEY_FILE) | \
	 OPT(KEY_SLOT) | OPTS_TOKEN)
/* What is different for each volume. */
#define SINGLE_OPTIONS                                               \
	(OPT(HEADER) | OPT(VOLUME_KEY_FILE) | OPT(KEY_DESCRIPTION) | \
	 OPT(KEY_SLOT) | OPT(TOKEN_ID))

static bool has_header(const struct libmktme_volume *volume)
{
	return !strcmp(volume->type, "luks2");
}

/* ---- one volume ---- */

/* What libmktme_container_load() would have people do is not for a volume in use. */
static void hint_at_detached_header(void)
{
	set_hint(
		options.header ?
			"the file or device of its header is needed" :
			"if its header is detached, --header says where it is");
}

static int check_header(const struct libmktme_volume *volume,
			const struct libmktme_container *container,
			const char *device)
{
	if (libmktme_volume_has_uuid(volume,
				     libmktme_container_uuid(container)))
		return 0;
	set_reason("the header on '%s' is that of another volume",
		   header_of(device));
	hint_at_detached_header();
	return -ENODEV;
}

static int rebind_container(const struct libmktme_volume *volume)
{
	struct libmktme_table key = volume->table;
	struct libmktme_container *container;
	char device[LIBMKTME_NAME_BYTES];
	int err;

	libmktme_base_path(volume->table.device, device, sizeof(device));
	err = libmktme_container_load(header_of(device), &container);
	if (err == -EINVAL)
		hint_at_detached_header();
	if (err)
		return err;
	err = check_header(volume, container, device);
	if (err)
		goto out;
	strcpy(key.key_type, "logon");
	err = unlock(container, device, true, key.key_description,
		     sizeof(key.key_description), NULL);
	if (err)
		goto out;
	err = libmktme_volume_rebind(volume->name, &key);
	libmktme_key_drop(key.key_description);
out:
	libmktme_container_free(container);
	return err;
}

static int rebind_key_object(const struct libmktme_volume *volume)
{
	struct libmktme_table key = volume->table;
	int err = take_key_description(&key);

	if (err)
		return err;
	err = libmktme_volume_rebind(volume->name, &key);
	if (err == -EINVAL)
		set_hint("the key must have %u bytes; the kernel log says more",
			 key.key_bytes);
	return err;
}

static int rebind_volume(const struct libmktme_volume *volume)
{
	int err = libmktme_volume_require_key(volume);

	if (err)
		return err;
	if (options.key_description)
		return rebind_key_object(volume);
	if (has_header(volume))
		return rebind_container(volume);
	set_reason("it has no header that would hold the key");
	set_hint("name a key of the kernel's: --key-description TYPE:NAME");
	return -EINVAL;
}

/* Return: an exit code */
static int rebind(const struct libmktme_volume *volume)
{
	int err = rebind_volume(volume);

	if (err)
		return report_failure("rebind", volume->name, err);
	progress("%s: the kernel has the key", volume->name);
	return EXIT_OK;
}

static int rebind_name(const char *name)
{
	struct libmktme_volume volume;
	int err = libmktme_volume_get(name, &volume);

	return err ? report_failure("rebind", name, err) : rebind(&volume);
}

/* ---- all that lack their key ---- */

struct lacking {
	struct libmktme_volume *volumes;
	size_t count;
	bool is_short_of_memory;
};

static void add_lacking(const struct libmktme_volume *volume, void *arg)
{
	struct libmktme_volume *volumes;
	struct lacking *lacking = arg;

	if (!libmktme_volume_lacks_key(volume))
		return;
	volumes = reallocarray(lacking->volumes, lacking->count + 1,
			       sizeof(*volumes));
	if (!volumes) {
		lacking->is_short_of_memory = true;
		return;
	}
	volumes[lacking->count++] = *volume;
	lacking->volumes = volumes;
}

/* The list is to be freed, also after a failure. */
static int find_lacking(struct lacking *lacking)
{
	int count = libmktme_volume_foreach(add_lacking, lacking);

	if (count < 0)
		return count;
	return lacking->is_short_of_memory ? -ENOMEM : 0;
}

/* One that fails does not keep the others from it. */
static int rebind_each(const struct lacking *lacking)
{
	int code = EXIT_OK;
	size_t i;

	for (i = 0; i < lacking->count && !was_interrupted(); i++) {
		int r;

		forget_reason();
		if (!has_header(&lacking->volumes[i])) {
			progress(
				"%s: it has no header, so name its key: " PROGRAM
				" rebind %s --key-description TYPE:NAME",
				lacking->volumes[i].name,
				lacking->volumes[i].name);
			continue;
		}
		r = rebind(&lacking->volumes[i]);
		if (code == EXIT_OK)
			code = r;
	}
	return code;
}

static int rebind_all(void)
{
	struct lacking lacking = { 0 };
	int err, code;

	err = find_lacking(&lacking);
	if (err)
		code = report_failure("list", "/dev/mapper", err);
	else
		code = rebind_each(&lacking);
	if (!err && !lacking.count)
		progress("No volume lacks its key.");
	free(lacking.volumes);
	return code;
}

/* ---- what can be done now ---- */

static void say_who_lacks(const char *cpus, const struct lacking *lacking)
{
	size_t i;

	progress(
		"CPUs that were refused still are (%s), until these have their keys, too:",
		cpus);
	for (i = 0; i < lacking->count; i++)
		progress("  " PROGRAM " rebind %s", lacking->volumes[i].name);
}

static void say_how_to_bring_online(const char *cpus)
{
	progress("CPUs that were refused can be brought online now:");
	if (strpbrk(cpus, ",-"))
		progress("  chcpu --enable %s", cpus);
	else
		progress("  echo 1 >/sys/devices/system/cpu/cpu%s/online",
			 cpus);
}

static void say_what_next(void)
{
	struct lacking lacking = { 0 };
	char cpus[1024];

	if (libmktme_cpus_refused(cpus, sizeof(cpus)) || !cpus[0] ||
	    find_lacking(&lacking))
		goto out;
	if (lacking.count)
		say_who_lacks(cpus, &lacking);
	else
		say_how_to_bring_online(cpus);
out:
	free(lacking.volumes);
}

/* ---- the command ---- */

static int check_options(const struct command *command, int argc)
{
	int r = check_key_description(command);

	if (r >= 0)
		return r;
	if (argc + options.all != 1)
		return usage_error(command, "either NAME or --all is needed");
	if (options.all)
		return options_refuse(command, SINGLE_OPTIONS, "--all");
	if (options.key_description)
		return options_refuse(command, CONTAINER_OPTIONS,
				      "a key that has a description");
	return -1;
}

int cmd_rebind(const struct command *command, int argc, char **argv)
{
	int r = check_options(command, argc);

	if (r >= 0)
		return r;
	setup_signals();
	r = options.all ? rebind_all() : rebind_name(argv[0]);
	if (r == EXIT_OK)
		say_what_next();
	return r;
}
