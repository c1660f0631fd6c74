// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line, up to where the command would run.  Arguments are lines, the
 * first is the command; any other word stands for what is in front of a command.
 */

#include <getopt.h>

#include "fuzz.h"
#include "util.h"

#define ARGS_MAX 32

/* Cuts the input into arguments, which stay where they are. */
static int split(char *text, size_t size, char **argv)
{
	char *end = text + size;
	int argc = 0;

	while (text < end && argc < ARGS_MAX) {
		argv[argc++] = text;
		text += strcspn(text, "\n");
		*text++ = '\0';
	}
	argv[argc] = NULL;
	return argc;
}

static bool is_given(int id)
{
	return options.given & (1ULL << id);
}

/* Products with these do not wrap around. */
static void check_sizes(void)
{
	expect(options.size <= UINT64_MAX / LIBMKTME_SECTOR_BYTES);
	expect(options.offset <= UINT64_MAX / LIBMKTME_SECTOR_BYTES);
}

static void check_algorithm(void)
{
	const struct libmktme_algorithm *alg =
		parse_cipher(options.cipher, options.key_size);

	expect(!alg || !options.key_size ||
	       alg->key_bytes * 8 == options.key_size);
}

static void check_values(const struct command *command)
{
	const option_set allowed = OPTS_COMMON |
				   (command ? command->options : 0);

	expect(!(options.given & ~allowed));
	expect(!is_given(OPT_SIZE) || !is_given(OPT_DEVICE_SIZE));
	expect(!is_given(OPT_TOKEN_ONLY) || !is_given(OPT_KEY_FILE));
	expect(is_given(OPT_TYPE) == !!options.type);
	expect(is_given(OPT_KEY_FILE) == !!options.key_file);
	expect(is_given(OPT_TRIES) == !!options.tries);
	expect(is_given(OPT_DEVICE_SIZE) == !!options.device_size);
	expect(is_given(OPT_KEY_SLOT) == (options.key_slot >= 0));
	expect(is_given(OPT_TOKEN_ID) == (options.token_id >= 0));
}

static void try_command_line(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	int r;

	options_reset();
	r = options_parse(command, argc, argv);
	expect(r == -1 || r == EXIT_OK || r == EXIT_OTHER);
	if (r != -1)
		return;
	expect(optind >= 1 && optind <= argc);
	check_values(command);
	check_sizes();
	check_algorithm();
}

/* What is taken has one value, however it is spelled. */
static void try_number(const char *text)
{
	uint64_t bytes, again;
	char plain[24];
	uint32_t number;

	if (!parse_uint32(text, &number))
		expect(strspn(text, "0123456789") == strlen(text));
	if (parse_bytes(text, &bytes))
		return;
	snprintf(plain, sizeof(plain), "%llu", (unsigned long long)bytes);
	expect(!parse_bytes(plain, &again) && again == bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_silence();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *args[ARGS_MAX + 1];
	int argc, i;

	argc = split(text, size, args);
	for (i = 0; i < argc; i++)
		try_number(args[i]);
	if (argc)
		try_command_line(argc, args);
	free(text);
	return 0;
}
