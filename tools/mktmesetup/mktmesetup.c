// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup: manage persistent memory encrypted by TME-MK.
 */

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "util.h"

#define OPTIONS_DEVICE_UNLOCK                                                \
	"  -d, --key-file FILE           read the passphrase from FILE, as " \
	"it is;\n"                                                           \
	"                                '-' is standard input up to its "   \
	"end\n"
#define OPTION_JSON "      --json                    print JSON for programs\n"

static const struct command commands[] = {
	{ "format", cmd_format, "[OPTIONS] DEVICE",
	  "Make a volume on the persistent memory DEVICE; what is there is lost.",
	  OPTIONS_DEVICE_UNLOCK
	  "  -c, --cipher NAME             aes-xts-256 or aes-xts-128; default:\n"
	  "                                the best one that the BIOS activated\n"
	  "  -s, --key-size BITS           with --cipher aes-xts-plain64: 512\n"
	  "                                (aes-xts-256) or 256 (aes-xts-128)\n"
	  "      --label NAME              label of the volume\n"
	  "      --uuid UUID               UUID of the volume; default: random\n"
	  "      --pbkdf TYPE              argon2id, argon2i or pbkdf2\n"
	  "      --pbkdf-memory KIB        memory limit of the PBKDF; default:\n"
	  "                                256 MiB or a quarter of the memory\n"
	  "      --pbkdf-force-iterations N  time cost, without a benchmark\n"
	  "  -i, --iter-time MS            time that an unlock shall take\n" },
	{ "open", cmd_open, "[OPTIONS] DEVICE NAME",
	  "Make the volume on DEVICE available as /dev/mapper/NAME.",
	  OPTIONS_DEVICE_UNLOCK
	  "      --volume-key-file FILE    take the raw volume key from FILE and\n"
	  "                                leave the verdict to the verifier\n"
	  "  -T, --tries N                 how often a passphrase is asked for\n"
	  "  -r, --readonly                do not allow to write\n"
	  "      --test-passphrase         only check the passphrase; no NAME\n"
	  "      --ignore-binding          do not compare DEVICE with the place\n"
	  "                                where the volume was made.  The\n"
	  "                                verifier still decides: contents that\n"
	  "                                really moved are never exposed\n" },
	{ "close", cmd_close, "[OPTIONS] NAME",
	  "Remove /dev/mapper/NAME; its KeyID and key are cleared.",
	  "      --deferred                do it when the last user has gone\n" },
	{ "status", cmd_status, "[OPTIONS] NAME",
	  "Show the state of the active volume NAME.", OPTION_JSON },
	{ "list", cmd_list, "[OPTIONS]", "List the active volumes.",
	  OPTION_JSON },
	{ "dump", cmd_dump, "[OPTIONS] DEVICE",
	  "Show the header of the volume on DEVICE (or in a file).",
	  OPTION_JSON },
	{ "probe", cmd_probe, "[OPTIONS] [DEVICE]",
	  "Check whether this machine, and DEVICE, can be used.\n"
	  "Exit status 0 if so, 4 if not.",
	  OPTION_JSON },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	size_t i;

	printf("Usage: " PROGRAM " [OPTIONS] COMMAND [ARGUMENTS]\n\n"
	       "Manage persistent memory encrypted by the memory controller "
	       "(Intel TME-MK).\n\nCommands:\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-8s %.*s\n", commands[i].name,
		       (int)strcspn(commands[i].summary, "\n"),
		       commands[i].summary);
	printf("\nOptions:\n"
	       "  -q, --batch-mode   ask nothing, print no progress\n"
	       "  -v, --verbose      say more\n"
	       "      --debug        say everything (no secrets)\n"
	       "  -h, --help         this text; after a command: its options\n"
	       "  -V, --version      version of the program\n\n"
	       "Keyslots are managed with cryptsetup, which works on the "
	       "DEVICE.\n");
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Passphrases pass through this process: nothing of it may reach a disk. */
static void forbid_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { COMMON_LONG_OPTIONS };
	const struct command *command;
	char title[32];
	int c, r;

	forbid_dumps();
	setup_messages();
	while ((c = getopt_long(argc, argv, "+" COMMON_SHORT_OPTIONS, options,
				NULL)) != -1) {
		if (c == 'h') {
			print_help();
			return EXIT_OK;
		}
		r = take_common_option(NULL, c);
		if (r >= 0)
			return r;
	}
	if (optind == argc)
		return usage_error(NULL, "no command given");
	command = find_command(argv[optind]);
	if (!command)
		return usage_error(NULL, "unknown command '%s'", argv[optind]);
	argc -= optind;
	argv += optind;
	/* getopt_long() puts this in front of its messages. */
	snprintf(title, sizeof(title), PROGRAM " %s", command->name);
	argv[0] = title;
	optind = 0;
	return command->run(command, argc, argv);
}
