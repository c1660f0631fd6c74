// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands, and their help.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static const struct command commands[] = {
	{ "format", "luksFormat", cmd_format,
	  OPT(HEADER) | OPT(CIPHER) | OPT(KEY_SIZE) | OPTS_PASSPHRASE |
		  OPT(VERIFY_PASSPHRASE) | OPT(LABEL) | OPT(UUID) | OPTS_PBKDF,
	  "DEVICE", 1, 1,
	  "Make a volume on the persistent memory DEVICE; what is there is lost." },
	{ "open", "luksOpen", cmd_open,
	  OPT(TYPE) | OPT(HEADER) | OPT(CIPHER) | OPT(KEY_SIZE) |
		  OPTS_PASSPHRASE | OPT(VERIFY_PASSPHRASE) |
		  OPT(VOLUME_KEY_FILE) | OPT(KEY_DESCRIPTION) | OPT(KEY_SLOT) |
		  OPTS_TOKEN | OPT(TEST_PASSPHRASE) | OPT(READONLY) |
		  OPT(OFFSET) | OPT(SIZE) | OPT(DEVICE_SIZE) |
		  OPT(DISCARD_KEY) | OPT(IGNORE_BINDING),
	  "DEVICE [NAME]", 1, 2,
	  "Make the volume on DEVICE available as /dev/mapper/NAME." },
	{ "close", "luksClose", cmd_close, OPT(DEFERRED), "NAME", 1, 1,
	  "Remove /dev/mapper/NAME; its KeyID and key are cleared." },
	{ "attach", NULL, cmd_attach, 0, "NAME", 1, 1,
	  "Open the volume NAME as /etc/mktmetab says." },
	{ "detach", NULL, cmd_detach, 0, "NAME", 1, 1,
	  "Close the volume NAME, when its last user has gone." },
	{ "status", NULL, cmd_status, OPT(JSON), "NAME", 1, 1,
	  "Show the state of the active volume NAME." },
	{ "list", NULL, cmd_list, OPT(JSON), "", 0, 0,
	  "List the active volumes." },
	{ "rebind", NULL, cmd_rebind,
	  OPT(HEADER) | OPTS_PASSPHRASE | OPT(VOLUME_KEY_FILE) |
		  OPT(KEY_DESCRIPTION) | OPT(KEY_SLOT) | OPTS_TOKEN | OPT(ALL),
	  "[NAME]", 0, 1,
	  "Give the kernel the key of the active volume NAME again.\n"
	  "CPU packages that come online later can then be given it, too." },
	{ "monitor", NULL, cmd_monitor, 0, "", 0, 0,
	  "Print what happens to volumes, one line of JSON each." },
	{ "dump", "luksDump", cmd_dump, OPT(HEADER) | OPT(JSON), "DEVICE", 1, 1,
	  "Show the header of the volume on DEVICE (or in a file)." },
	{ "isVolume", NULL, cmd_is_volume, 0, "DEVICE", 1, 1,
	  "Check whether there is the header of a volume on DEVICE.\n"
	  "Exit status 0 if so, 1 if not." },
	{ "probe", NULL, cmd_probe, OPT(SELF_TEST) | OPT(JSON), "[DEVICE]", 0,
	  1,
	  "Check whether this machine, and DEVICE, can be used.\n"
	  "Exit status 0 if so, 4 if not." },
	{ "addKey", "luksAddKey", cmd_add_key,
	  OPT(HEADER) | OPTS_PASSPHRASE | OPTS_NEW_PASSPHRASE |
		  OPT(VOLUME_KEY_FILE) | OPT(KEY_SLOT) | OPT(NEW_KEY_SLOT) |
		  OPTS_TOKEN | OPTS_PBKDF,
	  "DEVICE [NEW-KEY-FILE]", 1, 2,
	  "Add a passphrase.\n"
	  "An existing one, a token or the volume key is needed." },
	{ "changeKey", "luksChangeKey", cmd_change_key,
	  OPT(HEADER) | OPTS_PASSPHRASE | OPTS_NEW_PASSPHRASE | OPT(KEY_SLOT) |
		  OPTS_PBKDF,
	  "DEVICE [NEW-KEY-FILE]", 1, 2,
	  "Replace a passphrase by another one." },
	{ "removeKey", "luksRemoveKey", cmd_remove_key,
	  OPT(HEADER) | OPTS_PASSPHRASE | OPT(KEY_SLOT), "DEVICE [KEY-FILE]", 1,
	  2, "Remove the keyslot of a passphrase." },
	{ "killSlot", "luksKillSlot", cmd_kill_slot,
	  OPT(HEADER) | OPTS_PASSPHRASE, "DEVICE SLOT", 2, 2,
	  "Remove a keyslot by its number.\n"
	  "Any other passphrase is asked for, unless there is --batch-mode." },
	{ "token", NULL, cmd_token,
	  OPT(HEADER) | OPT(TOKEN_ID) | OPT(KEY_SLOT) | OPT(JSON_FILE) |
		  OPT(JSON),
	  "ACTION DEVICE", 2, 2,
	  "Manage tokens. ACTION is list, import, export or remove." },
	{ "headerBackup", "luksHeaderBackup", cmd_header_backup,
	  OPT(HEADER) | OPT(HEADER_BACKUP_FILE), "DEVICE", 1, 1,
	  "Copy the header, with all keyslots, into a file." },
	{ "headerRestore", "luksHeaderRestore", cmd_header_restore,
	  OPT(HEADER) | OPT(HEADER_BACKUP_FILE) | OPT(IGNORE_BINDING), "DEVICE",
	  1, 1, "Write the header back from a file." },
	{ "erase", "luksErase", cmd_erase, OPT(HEADER), "DEVICE", 1, 1,
	  "Remove all keyslots: the data can never be read again.\n"
	  "An active volume is closed first, which clears its key and KeyID." },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What people may look for, and why it cannot be had. */
static const struct {
	const char *name;
	const char *reason;
	const char *hint;
} refused[] = {
	{ "convert", "only a LUKS2 header can hold the binding",
	  "back up the header instead ('mktmesetup headerBackup')" },
	{ "reencrypt",
	  "the memory controller encrypts, and has one key for a volume at a time",
	  "make a new volume elsewhere and copy the files; 'mktmesetup changeKey' changes a passphrase" },
	{ "resize", "the verifier is bound to the length of the volume",
	  "make a new volume and copy the files" },
	{ "luksSuspend", "mapped files would still be accessible",
	  "unmount it and close it ('mktmesetup close')" },
	{ "luksResume", "a volume cannot be suspended", NULL },
	{ "repair", "nothing but the header can be repaired, by cryptsetup",
	  "'cryptsetup repair DEVICE', or 'mktmesetup headerRestore'" },
};

static void print_overview(void)
{
	size_t i;

	printf("Usage: " PROGRAM " [OPTIONS] COMMAND [ARGUMENTS]\n\n"
	       "Manage persistent memory encrypted by the memory controller "
	       "(Intel TME-MK).\n\nCommands:\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-14s %.*s\n", commands[i].name,
		       (int)strcspn(commands[i].summary, "\n"),
		       commands[i].summary);
	printf("\nThe spellings of cryptsetup (luksOpen, luksAddKey ...) work too.\n"
	       "\nOptions:\n");
	options_print(OPTS_COMMON);
}

void print_help(const struct command *command)
{
	if (!command) {
		print_overview();
		return;
	}
	printf("Usage: " PROGRAM " %s [OPTIONS]%s%s\n\n%s\n\n", command->name,
	       *command->arguments ? " " : "", command->arguments,
	       command->summary);
	if (command->alias)
		printf("Also: " PROGRAM " %s\n\n", command->alias);
	printf("Options:\n");
	options_print(command->options | OPTS_COMMON);
	printf("\nExit status: 0 done, 1 wrong parameters or other failure,\n"
	       "2 wrong passphrase or key, 3 out of memory, 4 wrong device,\n"
	       "5 device exists or is busy.\n");
}

const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name) ||
		    (commands[i].alias && !strcmp(commands[i].alias, name)))
			return &commands[i];
	return NULL;
}

static int refuse_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (strcmp(refused[i].name, name))
			continue;
		fprintf(stderr, PROGRAM ": cannot %s: %s\n", name,
			refused[i].reason);
		if (refused[i].hint)
			fprintf(stderr, "hint: %s\n", refused[i].hint);
		return EXIT_OTHER;
	}
	return usage_error(NULL, "unknown command '%s'", name);
}

int run_command(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	char title[32];
	int r;

	if (!command)
		return refuse_command(argv[0]);
	/* getopt_long() puts this in front of its messages. */
	snprintf(title, sizeof(title), PROGRAM " %s", command->name);
	argv[0] = title;
	optind = 0;
	r = options_parse(command, argc, argv);
	if (r >= 0)
		return r;
	argc -= optind;
	argv += optind;
	if (argc < command->min_args || argc > command->max_args)
		return usage_error(command, "wrong number of arguments; %s%s",
				   *command->arguments ? "expected: " :
							 "none is expected",
				   command->arguments);
	return command->run(command, argc, argv);
}
