/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of mktmesetup share: messages, options, prompts.
 */

#ifndef UTIL_H
#define UTIL_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/libmktme.h"

#define PROGRAM "mktmesetup"

/* Exit codes are those of cryptsetup. */
enum {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_PERMISSION = 2,
	EXIT_MEMORY = 3,
	EXIT_WRONG_DEVICE = 4,
	EXIT_BUSY = 5,
};

/**
 * struct command - one subcommand
 * @name: as typed
 * @run: does it; argv[0] is "mktmesetup <name>"; returns an exit code
 * @synopsis: what follows the name
 * @summary: one line
 * @options: the text of --help below @summary
 */
struct command {
	const char *name;
	int (*run)(const struct command *command, int argc, char **argv);
	const char *synopsis;
	const char *summary;
	const char *options;
};

/* Options that every command takes, in front of its name or behind it. */
struct common_options {
	bool is_batch;
	bool is_verbose;
	bool is_debug;
};

extern struct common_options common;

/* Values of long options without a letter; 256 up belong to the commands. */
enum {
	OPT_DEBUG = 128,
	OPT_VERSION,
	OPT_COMMAND = 256,
};

#define COMMON_SHORT_OPTIONS "hqvV"
#define COMMON_LONG_OPTIONS                                \
	{ "help", no_argument, NULL, 'h' },                \
		{ "batch-mode", no_argument, NULL, 'q' },  \
		{ "verbose", no_argument, NULL, 'v' },     \
		{ "debug", no_argument, NULL, OPT_DEBUG }, \
		{ "version", no_argument, NULL, 'V' },     \
	{                                                  \
		NULL, 0, NULL, 0                           \
	}

/* util.c */

/* Route messages of the library; again after the common options changed. */
void setup_messages(void);

/**
 * take_common_option() - handle what getopt_long() returned
 * @command: for its help; NULL in front of a command
 * @c: the option
 *
 * Return: an exit code if the program is to end now, else -1
 */
int take_common_option(const struct command *command, int c);

/**
 * parse_flag() - parse the options of a command that has only one of its own
 * @command: the command
 * @argc: its arguments
 * @argv: its arguments
 * @name: the long option, which takes no argument
 * @flag: set if the option was given
 *
 * Return: an exit code if the program is to end now, else -1
 */
int parse_flag(const struct command *command, int argc, char **argv,
	       const char *name, bool *flag);

/* Say how it is used; returns the exit code for wrong usage. */
int usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int exit_code(int err);

/**
 * report_failure() - print why a command failed
 * @verb: what it could not do
 * @object: to what
 * @err: negative errno; what the library said replaces its text
 *
 * Return: the exit code for @err
 */
int report_failure(const char *verb, const char *object, int err);

/* Give the reason for an error of our own, as the library does. */
void set_reason(const char *format, ...) __attribute__((format(printf, 1, 2)));
void set_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tell people what goes on, unless they want silence. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

int parse_uint32(const char *text, uint32_t *value);

/**
 * parse_cipher() - find the algorithm meant by --cipher and --key-size
 * @cipher: our spelling or cryptsetup's, or NULL
 * @key_bits: 0 if not given
 *
 * Return: the algorithm, or NULL if there is none such
 */
const struct libmktme_algorithm *parse_cipher(const char *cipher,
					      uint32_t key_bits);

/* "1.5 GiB" */
void format_bytes(uint64_t bytes, char *text, size_t size);

struct json_object;

/* Print and free. */
void print_json(struct json_object *object);
void json_add_string(struct json_object *object, const char *name,
		     const char *value);
void json_add_u64(struct json_object *object, const char *name, uint64_t value);
void json_add_bool(struct json_object *object, const char *name, bool value);
/* As text, since readers of JSON are not bound to keep 64 bits. */
void json_add_address(struct json_object *object, const char *name,
		      uint64_t value);

/* prompt.c */

void setup_signals(void);
bool was_interrupted(void);

/* Ask before something is destroyed, as cryptsetup does. */
bool confirm(const char *warning);

/**
 * read_passphrase() - from a key file, the terminal, or standard input
 * @secret: filled in
 * @key_file: a file, "-", or NULL to ask
 * @device: named in the question
 * @is_new: ask twice
 *
 * Return: 0 or a negative errno
 */
int read_passphrase(struct libmktme_secret *secret, const char *key_file,
		    const char *device, bool is_new);
bool is_interactive(void);

/* show.c: a volume as JSON, shared by status and list */
struct json_object *volume_to_json(const struct libmktme_volume *volume);

/* cmd_<name>.c */
int cmd_close(const struct command *command, int argc, char **argv);
int cmd_dump(const struct command *command, int argc, char **argv);
int cmd_format(const struct command *command, int argc, char **argv);
int cmd_list(const struct command *command, int argc, char **argv);
int cmd_open(const struct command *command, int argc, char **argv);
int cmd_probe(const struct command *command, int argc, char **argv);
int cmd_status(const struct command *command, int argc, char **argv);

#endif /* UTIL_H */
