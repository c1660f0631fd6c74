/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of all commands, in one table: what is parsed, what --help says,
 * and what the manual page, the completion and the tests are compared with.
 */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum option_id - all options; the order is that of --help
 */
enum option_id {
	OPT_TYPE,
	OPT_HEADER,
	OPT_CIPHER,
	OPT_KEY_SIZE,
	OPT_KEY_FILE,
	OPT_KEYFILE_SIZE,
	OPT_KEYFILE_OFFSET,
	OPT_NEW_KEYFILE,
	OPT_NEW_KEYFILE_SIZE,
	OPT_NEW_KEYFILE_OFFSET,
	OPT_VOLUME_KEY_FILE,
	OPT_KEY_DESCRIPTION,
	OPT_KEY_SLOT,
	OPT_NEW_KEY_SLOT,
	OPT_TOKEN_ID,
	OPT_TOKEN_TYPE,
	OPT_TOKEN_ONLY,
	OPT_VERIFY_PASSPHRASE,
	OPT_TRIES,
	OPT_TIMEOUT,
	OPT_TEST_PASSPHRASE,
	OPT_READONLY,
	OPT_OFFSET,
	OPT_SIZE,
	OPT_DEVICE_SIZE,
	OPT_DISCARD_KEY,
	OPT_IGNORE_BINDING,
	OPT_LABEL,
	OPT_UUID,
	OPT_PBKDF,
	OPT_PBKDF_MEMORY,
	OPT_PBKDF_PARALLEL,
	OPT_PBKDF_FORCE_ITERATIONS,
	OPT_ITER_TIME,
	OPT_HEADER_BACKUP_FILE,
	OPT_JSON_FILE,
	OPT_DEFERRED,
	OPT_ALL,
	OPT_SELF_TEST,
	OPT_JSON,
	OPT_BATCH_MODE,
	OPT_VERBOSE,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
	OPT_COUNT,
};

/* A set of options, for one command. */
typedef uint64_t option_set;

#define OPT(name) (1ULL << OPT_##name)

#define OPTS_COMMON \
	(OPT(BATCH_MODE) | OPT(VERBOSE) | OPT(DEBUG) | OPT(HELP) | OPT(VERSION))
/* Where the existing passphrase comes from. */
#define OPTS_PASSPHRASE                                            \
	(OPT(KEY_FILE) | OPT(KEYFILE_SIZE) | OPT(KEYFILE_OFFSET) | \
	 OPT(TIMEOUT) | OPT(TRIES))
#define OPTS_NEW_PASSPHRASE                                                   \
	(OPT(NEW_KEYFILE) | OPT(NEW_KEYFILE_SIZE) | OPT(NEW_KEYFILE_OFFSET) | \
	 OPT(VERIFY_PASSPHRASE))
#define OPTS_TOKEN (OPT(TOKEN_ID) | OPT(TOKEN_TYPE) | OPT(TOKEN_ONLY))
#define OPTS_PBKDF                                              \
	(OPT(PBKDF) | OPT(PBKDF_MEMORY) | OPT(PBKDF_PARALLEL) | \
	 OPT(PBKDF_FORCE_ITERATIONS) | OPT(ITER_TIME))

/**
 * struct options - values of all options
 * @given: which were given
 *
 * The others are named like their options. Numbers are 0, and texts NULL, if not
 * given, but for @key_slot, @new_key_slot and @token_id (%LIBMKTME_ANY).
 */
struct options {
	option_set given;
	const char *type;
	const char *header;
	const char *cipher;
	uint32_t key_size;
	const char *key_file;
	uint32_t keyfile_size;
	uint64_t keyfile_offset;
	const char *new_keyfile;
	uint32_t new_keyfile_size;
	uint64_t new_keyfile_offset;
	const char *volume_key_file;
	const char *key_description;
	int key_slot;
	int new_key_slot;
	int token_id;
	const char *token_type;
	bool token_only;
	bool verify_passphrase;
	uint32_t tries;
	uint32_t timeout;
	bool test_passphrase;
	bool readonly;
	uint64_t offset;
	uint64_t size;
	uint64_t device_size;
	bool discard_key;
	bool ignore_binding;
	const char *label;
	const char *uuid;
	const char *pbkdf;
	uint32_t pbkdf_memory;
	uint32_t pbkdf_parallel;
	uint32_t pbkdf_force_iterations;
	uint32_t iter_time;
	const char *header_backup_file;
	const char *json_file;
	bool deferred;
	bool all;
	bool self_test;
	bool json;
	bool batch_mode;
	bool verbose;
	bool debug;
};

extern struct options options;

struct command;

/**
 * options_parse() - parse the options of a command, or those in front of it
 * @command: the command, for its options and its help; NULL in front of one
 * @argc: its arguments; @argv[0] is for messages
 * @argv: its arguments
 *
 * Values go to &options, on top of what is there.  Afterwards optind is the first
 * argument that is no option.
 *
 * Return: an exit code if the program is to end now, else -1
 */
int options_parse(const struct command *command, int argc, char **argv);

/**
 * options_refuse() - refuse options that make no sense together with a value
 * @command: for messages
 * @set: those options
 * @what: of what they are not
 *
 * Return: an exit code if one was given, else -1
 */
int options_refuse(const struct command *command, option_set set,
		   const char *what);

/* Forget what was parsed; for tests. */
void options_reset(void);

/* Print the lines of --help for these options. */
void options_print(option_set set);

/**
 * parse_uint32() - parse a decimal number
 * @text: digits only
 * @value: filled in
 *
 * Return: 0 or -EINVAL
 */
int parse_uint32(const char *text, uint32_t *value);

/**
 * parse_bytes() - parse a size
 * @text: digits, with a suffix of cryptsetup's: "512", "4M", "1GiB", "2S" (sectors)
 * @value: filled in, bytes
 *
 * Return: 0 or -EINVAL
 */
int parse_bytes(const char *text, uint64_t *value);

#endif /* OPTIONS_H */
