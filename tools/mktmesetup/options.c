// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of options, and the parser that follows it.
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define OPTION_TEXT_COLUMN 35
/* getopt's values of options without a letter */
#define FIRST_LONG_VALUE 256

enum kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_U32,
	KIND_U64,
	KIND_SECTORS,
	KIND_BYTES,
	KIND_INDEX,
};

/* Lines of @help that do not fit are broken by "\n". */
struct description {
	const char *name;
	char letter;
	enum kind kind;
	size_t member;
	const char *arg;
	const char *help;
};

#define MEMBER(name) offsetof(struct options, name)

static const struct description descriptions[OPT_COUNT] = {
	[OPT_TYPE] = { "type", 'M', KIND_TEXT, MEMBER(type), "TYPE",
		       "luks2 (the default); without a header:\n"
		       "plain, random or plaintext" },
	[OPT_HEADER] = { "header", 0, KIND_TEXT, MEMBER(header), "FILE",
			 "the header is there, not on DEVICE" },
	[OPT_CIPHER] = { "cipher", 'c', KIND_TEXT, MEMBER(cipher), "NAME",
			 "aes-xts-256 or aes-xts-128; default:\n"
			 "the best one that the BIOS activated" },
	[OPT_KEY_SIZE] = { "key-size", 's', KIND_U32, MEMBER(key_size), "BITS",
			   "512 (aes-xts-256) or 256 (aes-xts-128)" },
	[OPT_KEY_FILE] = { "key-file", 'd', KIND_TEXT, MEMBER(key_file), "FILE",
			   "read the passphrase from FILE, as it is;\n"
			   "'-' is standard input up to its end" },
	[OPT_KEYFILE_SIZE] = { "keyfile-size", 'l', KIND_U32,
			       MEMBER(keyfile_size), "BYTES",
			       "read so much of the key file only" },
	[OPT_KEYFILE_OFFSET] = { "keyfile-offset", 0, KIND_U64,
				 MEMBER(keyfile_offset), "BYTES",
				 "skip so much of the key file" },
	[OPT_NEW_KEYFILE] = { "new-keyfile", 0, KIND_TEXT, MEMBER(new_keyfile),
			      "FILE", "read the new passphrase from FILE" },
	[OPT_NEW_KEYFILE_SIZE] = { "new-keyfile-size", 0, KIND_U32,
				   MEMBER(new_keyfile_size), "BYTES",
				   "read so much of the new key file only" },
	[OPT_NEW_KEYFILE_OFFSET] = { "new-keyfile-offset", 0, KIND_U64,
				     MEMBER(new_keyfile_offset), "BYTES",
				     "skip so much of the new key file" },
	[OPT_VOLUME_KEY_FILE] = { "volume-key-file", 0, KIND_TEXT,
				  MEMBER(volume_key_file), "FILE",
				  "take the raw volume key from FILE instead\n"
				  "of unlocking a keyslot" },
	[OPT_KEY_DESCRIPTION] = { "key-description", 0, KIND_TEXT,
				  MEMBER(key_description), "TYPE:NAME",
				  "the volume key is that key of the kernel's\n"
				  "keyrings; user, logon or encrypted" },
	[OPT_KEY_SLOT] = { "key-slot", 'S', KIND_INDEX, MEMBER(key_slot), "N",
			   "this keyslot only" },
	[OPT_NEW_KEY_SLOT] = { "new-key-slot", 0, KIND_INDEX,
			       MEMBER(new_key_slot), "N",
			       "number of the new keyslot; default: the\n"
			       "first free one" },
	[OPT_TOKEN_ID] = { "token-id", 0, KIND_INDEX, MEMBER(token_id), "N",
			   "this token only" },
	[OPT_TOKEN_TYPE] = { "token-type", 0, KIND_TEXT, MEMBER(token_type),
			     "TYPE", "tokens of this type only" },
	[OPT_TOKEN_ONLY] = { "token-only", 0, KIND_FLAG, MEMBER(token_only),
			     NULL,
			     "do not ask for a passphrase if no token\n"
			     "unlocks a keyslot" },
	[OPT_VERIFY_PASSPHRASE] = { "verify-passphrase", 'y', KIND_FLAG,
				    MEMBER(verify_passphrase), NULL,
				    "ask for the passphrase twice; always done\n"
				    "for a new one" },
	[OPT_TRIES] = { "tries", 'T', KIND_U32, MEMBER(tries), "N",
			"how often a passphrase is asked for;\n"
			"default: 3" },
	[OPT_TIMEOUT] = { "timeout", 't', KIND_U32, MEMBER(timeout), "SECONDS",
			  "give up when no passphrase was given" },
	[OPT_TEST_PASSPHRASE] = { "test-passphrase", 0, KIND_FLAG,
				  MEMBER(test_passphrase), NULL,
				  "only check the passphrase; no NAME" },
	[OPT_READONLY] = { "readonly", 'r', KIND_FLAG, MEMBER(readonly), NULL,
			   "refuse writes" },
	[OPT_OFFSET] = { "offset", 'o', KIND_SECTORS, MEMBER(offset), "SECTORS",
			 "where the data begins, without a header;\n"
			 "default: the first place that is aligned" },
	[OPT_SIZE] = { "size", 'b', KIND_SECTORS, MEMBER(size), "SECTORS",
		       "length, without a header; default: all" },
	[OPT_DEVICE_SIZE] = { "device-size", 0, KIND_BYTES, MEMBER(device_size),
			      "BYTES",
			      "the same in bytes, or with a unit: 4M" },
	[OPT_DISCARD_KEY] = { "discard-key", 0, KIND_FLAG, MEMBER(discard_key),
			      NULL,
			      "the kernel keeps no copy of the key: a CPU\n"
			      "package that appears later cannot get it" },
	[OPT_IGNORE_BINDING] = { "ignore-binding", 0, KIND_FLAG,
				 MEMBER(ignore_binding), NULL,
				 "do not compare DEVICE with the place where\n"
				 "the volume was made.  The verifier still\n"
				 "decides: contents that really moved are\n"
				 "never exposed" },
	[OPT_LABEL] = { "label", 0, KIND_TEXT, MEMBER(label), "NAME",
			"label of the volume" },
	[OPT_UUID] = { "uuid", 0, KIND_TEXT, MEMBER(uuid), "UUID",
		       "UUID of the volume; default: random" },
	[OPT_PBKDF] = { "pbkdf", 0, KIND_TEXT, MEMBER(pbkdf), "TYPE",
			"argon2id, argon2i or pbkdf2" },
	[OPT_PBKDF_MEMORY] = { "pbkdf-memory", 0, KIND_U32,
			       MEMBER(pbkdf_memory), "KIB",
			       "memory limit of the PBKDF; default:\n"
			       "256 MiB or a quarter of the memory" },
	[OPT_PBKDF_PARALLEL] = { "pbkdf-parallel", 0, KIND_U32,
				 MEMBER(pbkdf_parallel), "N",
				 "threads of the PBKDF" },
	[OPT_PBKDF_FORCE_ITERATIONS] = { "pbkdf-force-iterations", 0, KIND_U32,
					 MEMBER(pbkdf_force_iterations), "N",
					 "time cost, without a benchmark" },
	[OPT_ITER_TIME] = { "iter-time", 'i', KIND_U32, MEMBER(iter_time), "MS",
			    "time that an unlock shall take" },
	[OPT_HEADER_BACKUP_FILE] = { "header-backup-file", 0, KIND_TEXT,
				     MEMBER(header_backup_file), "FILE",
				     "the copy of the header" },
	[OPT_JSON_FILE] = { "json-file", 0, KIND_TEXT, MEMBER(json_file),
			    "FILE",
			    "the token; '-' or nothing: standard input\n"
			    "or output" },
	[OPT_DEFERRED] = { "deferred", 0, KIND_FLAG, MEMBER(deferred), NULL,
			   "do it when the last user has gone" },
	[OPT_ALL] = { "all", 0, KIND_FLAG, MEMBER(all), NULL,
		      "every volume whose key the kernel lacks" },
	[OPT_SELF_TEST] = { "self-test", 0, KIND_FLAG, MEMBER(self_test), NULL,
			    "find out what the hardware does, on memory\n"
			    "that holds nothing" },
	[OPT_JSON] = { "json", 0, KIND_FLAG, MEMBER(json), NULL,
		       "print JSON for programs" },
	[OPT_BATCH_MODE] = { "batch-mode", 'q', KIND_FLAG, MEMBER(batch_mode),
			     NULL, "ask nothing, print no progress" },
	[OPT_VERBOSE] = { "verbose", 'v', KIND_FLAG, MEMBER(verbose), NULL,
			  "say more" },
	[OPT_DEBUG] = { "debug", 0, KIND_FLAG, MEMBER(debug), NULL,
			"say everything (no secrets)" },
	[OPT_HELP] = { "help", 'h', KIND_FLAG, 0, NULL, "this text" },
	[OPT_VERSION] = { "version", 'V', KIND_FLAG, 0, NULL,
			  "version of the program" },
};

/* Pairs that contradict each other. */
static const option_set conflicts[] = {
	OPT(KEY_FILE) | OPT(VOLUME_KEY_FILE),
	OPT(KEY_FILE) | OPT(KEY_DESCRIPTION),
	OPT(KEY_FILE) | OPT(TOKEN_ONLY),
	OPT(KEY_FILE) | OPT(TOKEN_ID),
	OPT(KEY_FILE) | OPT(TOKEN_TYPE),
	OPT(VOLUME_KEY_FILE) | OPT(KEY_DESCRIPTION),
	OPT(VOLUME_KEY_FILE) | OPT(TOKEN_ONLY),
	OPT(VOLUME_KEY_FILE) | OPT(TOKEN_ID),
	OPT(VOLUME_KEY_FILE) | OPT(TOKEN_TYPE),
	OPT(TOKEN_ONLY) | OPT(KEY_DESCRIPTION),
	OPT(SIZE) | OPT(DEVICE_SIZE),
	OPT(PBKDF_FORCE_ITERATIONS) | OPT(ITER_TIME),
};

#define OPTIONS_DEFAULT                                                 \
	{                                                               \
		.key_slot = LIBMKTME_ANY, .new_key_slot = LIBMKTME_ANY, \
		.token_id = LIBMKTME_ANY                                \
	}

struct options options = OPTIONS_DEFAULT;

void options_reset(void)
{
	const struct options defaults = OPTIONS_DEFAULT;

	options = defaults;
	optind = 0;
}

/* ---- values ---- */

int parse_uint32(const char *text, uint32_t *value)
{
	uint64_t number;

	if (libmktme_parse_number(text, UINT32_MAX, NULL, &number))
		return -EINVAL;
	*value = number;
	return 0;
}

/* In bytes it must be a number, too. */
static int parse_sectors(const char *text, uint64_t *value)
{
	return libmktme_parse_number(text, UINT64_MAX / LIBMKTME_SECTOR_BYTES,
				     NULL, value);
}

static int parse_index(const char *text, int *value)
{
	uint32_t number;

	if (parse_uint32(text, &number) || number > INT_MAX)
		return -EINVAL;
	*value = number;
	return 0;
}

/* "", "S", "K", "KiB", "KB" and the like: how much it stands for; 0 for none */
static uint64_t unit_bytes(const char *unit)
{
	static const char letters[] = "KMGT";
	uint64_t bytes, base = 1024;
	const char *letter;

	if (!*unit)
		return 1;
	if (!strcmp(unit, "S") || !strcmp(unit, "s"))
		return LIBMKTME_SECTOR_BYTES;
	letter = strchr(letters, *unit >= 'a' ? *unit - 'a' + 'A' : *unit);
	if (!letter || !*letter)
		return 0;
	if (!strcmp(unit + 1, "B"))
		base = 1000;
	else if (unit[1] && strcmp(unit + 1, "iB"))
		return 0;
	for (bytes = base; letter > letters; letter--)
		bytes *= base;
	return bytes;
}

int parse_bytes(const char *text, uint64_t *value)
{
	uint64_t number, unit;
	char *end;

	if (libmktme_parse_number(text, UINT64_MAX, &end, &number))
		return -EINVAL;
	unit = unit_bytes(end);
	if (!unit || number > UINT64_MAX / unit)
		return -EINVAL;
	*value = number * unit;
	return 0;
}

/* What a number must be; 0 stands for "not given", so it cannot be asked for. */
static int store_value(const struct description *d, const char *text)
{
	char *member = (char *)&options + d->member;
	int err = 0;

	switch (d->kind) {
	case KIND_FLAG:
		*(bool *)member = true;
		break;
	case KIND_TEXT:
		*(const char **)member = text;
		break;
	case KIND_U32:
		err = parse_uint32(text, (uint32_t *)member);
		if (!err && !*(uint32_t *)member)
			err = -EINVAL;
		break;
	case KIND_U64:
		err = libmktme_parse_number(text, UINT64_MAX, NULL,
					    (uint64_t *)member);
		break;
	case KIND_SECTORS:
		err = parse_sectors(text, (uint64_t *)member);
		break;
	case KIND_BYTES:
		err = parse_bytes(text, (uint64_t *)member);
		if (!err && !*(uint64_t *)member)
			err = -EINVAL;
		break;
	case KIND_INDEX:
		err = parse_index(text, (int *)member);
	}
	return err;
}

static int refuse_value(const struct command *command,
			const struct description *d, const char *text)
{
	static const char *const wanted[] = {
		[KIND_U32] = "a number above 0",
		[KIND_U64] = "a number",
		[KIND_SECTORS] = "a number of sectors",
		[KIND_BYTES] = "a size above 0, such as 4M",
		[KIND_INDEX] = "a number",
	};

	return usage_error(command, "--%s: '%s' is not %s", d->name, text,
			   wanted[d->kind]);
}

/* ---- getopt ---- */

struct getopt_tables {
	char letters[2 * OPT_COUNT + 2];
	struct option words[OPT_COUNT + 1];
};

static int option_value(int id)
{
	return descriptions[id].letter ? descriptions[id].letter :
					 FIRST_LONG_VALUE + id;
}

static void make_tables(option_set set, bool stops_at_word,
			struct getopt_tables *tables)
{
	struct option *word = tables->words;
	char *letter = tables->letters;
	int id;

	memset(tables, 0, sizeof(*tables));
	if (stops_at_word)
		*letter++ = '+';
	for (id = 0; id < OPT_COUNT; id++) {
		const struct description *d = &descriptions[id];

		if (!(set & (1ULL << id)))
			continue;
		word->name = d->name;
		word->has_arg = d->arg ? required_argument : no_argument;
		word->val = option_value(id);
		word++;
		if (!d->letter)
			continue;
		*letter++ = d->letter;
		if (d->arg)
			*letter++ = ':';
	}
}

static int find_option(option_set set, int value)
{
	int id;

	for (id = 0; id < OPT_COUNT; id++)
		if ((set & (1ULL << id)) && option_value(id) == value)
			return id;
	return -1;
}

static int take_option(const struct command *command, int id)
{
	const struct description *d = &descriptions[id];

	switch (id) {
	case OPT_HELP:
		print_help(command);
		return EXIT_OK;
	case OPT_VERSION:
		printf(PROGRAM " " LIBMKTME_VERSION "\n");
		return EXIT_OK;
	}
	if (store_value(d, optarg))
		return refuse_value(command, d, optarg);
	options.given |= 1ULL << id;
	if (id == OPT_DEBUG)
		setup_messages();
	return -1;
}

static int check_conflicts(const struct command *command)
{
	size_t i;

	for (i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
		option_set both = conflicts[i];
		int first, second;

		if ((options.given & both) != both)
			continue;
		first = __builtin_ctzll(both);
		second = __builtin_ctzll(both & (both - 1));
		return usage_error(command, "--%s and --%s exclude each other",
				   descriptions[first].name,
				   descriptions[second].name);
	}
	return -1;
}

int options_refuse(const struct command *command, option_set set,
		   const char *what)
{
	option_set wrong = options.given & set;

	if (!wrong)
		return -1;
	return usage_error(command, "--%s is not for %s",
			   descriptions[__builtin_ctzll(wrong)].name, what);
}

int options_parse(const struct command *command, int argc, char **argv)
{
	const option_set set = OPTS_COMMON | (command ? command->options : 0);
	struct getopt_tables tables;
	int value, id, r;

	make_tables(set, !command, &tables);
	while ((value = getopt_long(argc, argv, tables.letters, tables.words,
				    NULL)) != -1) {
		id = find_option(set, value);
		if (id < 0)
			return usage_error(command, NULL);
		r = take_option(command, id);
		if (r >= 0)
			return r;
	}
	return check_conflicts(command);
}

/* ---- help ---- */

static void print_text(const char *text)
{
	const char *line = text;

	for (;;) {
		const char *end = strchr(line, '\n');

		if (!end)
			break;
		printf("%.*s\n%*s", (int)(end - line), line,
		       OPTION_TEXT_COLUMN - 1, "");
		line = end + 1;
	}
	printf("%s\n", line);
}

void options_print(option_set set)
{
	char left[OPTION_TEXT_COLUMN];
	int id, len;

	for (id = 0; id < OPT_COUNT; id++) {
		const struct description *d = &descriptions[id];

		if (!(set & (1ULL << id)))
			continue;
		len = d->letter ? snprintf(left, sizeof(left), "  -%c, ",
					   d->letter) :
				  snprintf(left, sizeof(left), "      ");
		snprintf(left + len, sizeof(left) - len, "--%s%s%s", d->name,
			 d->arg ? " " : "", d->arg ? d->arg : "");
		printf("%-*s", OPTION_TEXT_COLUMN - 1, left);
		print_text(d->help);
	}
}
