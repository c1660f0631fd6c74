// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup addKey, changeKey, removeKey, killSlot: who may unlock a volume.
 */

#include <errno.h>
#include <stdio.h>

#include "util.h"

/* What these commands have in common: a header, and something to do with it. */
static int with_container(const char *verb, const char *device,
			  int (*fn)(struct libmktme_container *container,
				    const char *device, const void *arg),
			  const void *arg)
{
	struct libmktme_container *container;
	int err;

	setup_signals();
	err = libmktme_container_load(header_of(device), &container);
	if (!err) {
		err = fn(container, device, arg);
		libmktme_container_free(container);
	}
	return err ? report_failure(verb, device, err) : EXIT_OK;
}

/* ---- addKey ---- */

struct new_key {
	struct libmktme_pbkdf pbkdf;
	const char *file;
};

/* Both must be freed if it succeeds. */
static int ask_for_both(struct libmktme_container *container,
			const char *device, const struct new_key *key,
			struct libmktme_credential *cred,
			struct libmktme_secret *pass)
{
	struct source source;
	int err;

	err = unlock(container, device, false, NULL, 0, cred);
	if (err)
		return err;
	source_of_new_passphrase(device, key->file, &source);
	err = read_secret(pass, &source);
	if (err)
		libmktme_credential_free(cred);
	return err;
}

static int add_key(struct libmktme_container *container, const char *device,
		   const void *arg)
{
	int slot = options.new_key_slot;
	const struct new_key *key = arg;
	struct libmktme_credential cred;
	struct libmktme_secret pass;
	int r;

	r = libmktme_keyslot_check_free(container, slot);
	if (!r)
		r = ask_for_both(container, device, key, &cred, &pass);
	if (r)
		return r;
	r = libmktme_keyslot_add(container, &cred, &pass, slot, &key->pbkdf);
	libmktme_secret_free(&pass);
	libmktme_credential_free(&cred);
	if (r < 0)
		return r;
	progress("Keyslot %d was added.", r);
	return 0;
}

static int take_new_key(const struct command *command, int argc, char **argv,
			struct new_key *key)
{
	int r = take_pbkdf(command, &key->pbkdf);

	if (r >= 0)
		return r;
	if (argc > 1 && options.new_keyfile)
		return usage_error(
			command,
			"--new-keyfile and NEW-KEY-FILE exclude each other");
	key->file = argc > 1 ? argv[1] : options.new_keyfile;
	return -1;
}

int cmd_add_key(const struct command *command, int argc, char **argv)
{
	struct new_key key = { 0 };
	int r = take_new_key(command, argc, argv, &key);

	return r >= 0 ? r :
			with_container("add a key to", argv[0], add_key, &key);
}

/* ---- changeKey ---- */

static int change_key(struct libmktme_container *container, const char *device,
		      const void *arg)
{
	const struct new_key *key = arg;
	struct libmktme_credential cred;
	struct libmktme_secret pass;
	int r;

	r = ask_for_both(container, device, key, &cred, &pass);
	if (r)
		return r;
	r = libmktme_keyslot_change(container, &cred.secret, &pass,
				    options.key_slot, &key->pbkdf);
	libmktme_secret_free(&pass);
	libmktme_credential_free(&cred);
	if (r < 0)
		return r;
	progress("Keyslot %d was changed.", r);
	return 0;
}

int cmd_change_key(const struct command *command, int argc, char **argv)
{
	struct new_key key = { 0 };
	int r = take_new_key(command, argc, argv, &key);

	return r >= 0 ? r :
			with_container("change a key of", argv[0], change_key,
				       &key);
}

/* ---- removeKey, killSlot ---- */

/* The last one is not like the others. */
static int remove_slot(struct libmktme_container *container, const char *device,
		       int slot)
{
	int err;

	if (libmktme_keyslot_count(container) == 1 &&
	    !confirm("This is the last keyslot. "
		     "Without a backup of the header, the data on %s is lost "
		     "for ever once it is removed.",
		     device))
		return -ECANCELED;
	err = heed_signals();
	if (!err)
		err = libmktme_keyslot_remove(container, slot);
	if (!err)
		progress("Keyslot %d was removed.", slot);
	return err;
}

static int remove_key(struct libmktme_container *container, const char *device,
		      const void *arg)
{
	const char *file = arg;
	struct libmktme_secret pass;
	struct source source;
	int slot;

	source_of_passphrase(device, &source);
	if (file)
		source.file = file;
	if (!file && !options.key_file)
		snprintf(source.question, sizeof(source.question),
			 "Enter the passphrase to be removed from %s", device);
	slot = read_secret(&pass, &source);
	if (slot)
		return slot;
	slot = libmktme_keyslot_find(container, &pass, options.key_slot);
	libmktme_secret_free(&pass);
	return slot < 0 ? slot : remove_slot(container, device, slot);
}

int cmd_remove_key(const struct command *command, int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1] : NULL;

	if (file && options.key_file)
		return usage_error(
			command, "--key-file and KEY-FILE exclude each other");
	return with_container("remove a key from", argv[0], remove_key, file);
}

/* The passphrase of another keyslot proves that not everything will be lost. */
static int prove_other_slot(struct libmktme_container *container,
			    const char *device, int slot)
{
	struct libmktme_secret pass;
	struct source source;
	int found;

	source_of_passphrase(device, &source);
	if (!options.key_file)
		snprintf(source.question, sizeof(source.question),
			 "Enter any remaining passphrase for %s", device);
	found = read_secret(&pass, &source);
	if (found)
		return found;
	found = libmktme_keyslot_find(container, &pass, LIBMKTME_ANY);
	libmktme_secret_free(&pass);
	if (found == slot) {
		set_reason("this passphrase is that of keyslot %d itself",
			   slot);
		return -EPERM;
	}
	return found < 0 ? found : 0;
}

static int kill_slot(struct libmktme_container *container, const char *device,
		     const void *arg)
{
	const uint32_t *slot = arg;
	int err;

	err = libmktme_keyslot_require(container, *slot);
	if (!err && (!options.batch_mode || options.key_file) &&
	    libmktme_keyslot_count(container) > 1)
		err = prove_other_slot(container, device, *slot);
	return err ? err : remove_slot(container, device, *slot);
}

int cmd_kill_slot(const struct command *command, int argc, char **argv)
{
	uint32_t slot;

	(void)argc;
	if (parse_uint32(argv[1], &slot) || slot > INT32_MAX)
		return usage_error(command, "SLOT: '%s' is not a number",
				   argv[1]);
	return with_container("remove a keyslot of", argv[0], kill_slot, &slot);
}
