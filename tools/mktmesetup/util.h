/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of mktmesetup share: messages, prompts, output.
 */

#ifndef UTIL_H
#define UTIL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/libmktme.h"
#include "options.h"

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
 * @alias: cryptsetup's spelling, or NULL
 * @run: does it, with its arguments alone; returns an exit code
 * @options: which it takes, besides those that all take
 * @arguments: names of its arguments, "DEVICE [FILE]"
 * @min_args: how many it needs
 * @max_args: how many it takes
 * @summary: one line, and maybe more
 */
struct command {
	const char *name;
	const char *alias;
	int (*run)(const struct command *command, int argc, char **argv);
	option_set options;
	const char *arguments;
	int min_args;
	int max_args;
	const char *summary;
};

/* commands.c */

/* Run the command whose name is @argv[0]; returns an exit code. */
int run_command(int argc, char **argv);

/* By its name or its other spelling; NULL if there is none. */
const struct command *find_command(const char *name);

/* Print the help of a command, or of the program. */
void print_help(const struct command *command);

/* util.c */

/* Route messages of the library; again after --debug. */
void setup_messages(void);

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
/* It is about another object than that of the command; no hint for that. */
void blame(const char *object, int err);
/* What was said about a failure, or what @err means. */
const char *what_failed(int err);
/* Forget what was said about a failure that did not end the command. */
void forget_reason(void);

/* Tell people what goes on, unless they want silence. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * parse_cipher() - find the algorithm meant by --cipher and --key-size
 * @cipher: our spelling or cryptsetup's, or NULL
 * @key_bits: 0 if not given
 *
 * Return: the algorithm, or NULL if there is none such
 */
const struct libmktme_algorithm *parse_cipher(const char *cipher,
					      uint32_t key_bits);

/* Is what --cipher and --key-size say possible?  Exit code, or -1 if so. */
int check_cipher(const struct command *command);

/**
 * choose_algorithm() - the algorithm of a volume to come
 * @caps: what the machine can do
 * @alg: filled in with what --cipher and --key-size say, or the best there is
 *
 * Return: 0; -EOPNOTSUPP or -ENODEV if the machine cannot do it
 */
int choose_algorithm(const struct libmktme_caps *caps,
		     const struct libmktme_algorithm **alg);

/**
 * take_pbkdf() - what --pbkdf* and --iter-time say
 * @command: for messages
 * @pbkdf: filled in
 *
 * Return: an exit code if it is nonsense, else -1
 */
int take_pbkdf(const struct command *command, struct libmktme_pbkdf *pbkdf);

/* Is what --key-description says possible?  Exit code, or -1 if so. */
int check_key_description(const struct command *command);

/**
 * take_key_description() - put what it says into a table line
 * @table: type and description of the key are filled in
 *
 * The kernel says whether there is such a key.
 *
 * Return: 0, or -EINVAL if it is too long
 */
int take_key_description(struct libmktme_table *table);

/* Path of the header: --header, or @device itself. */
const char *header_of(const char *device);
/* Nobody may use a detached header that is to be written over. */
int require_header_unused(void);

/* "1.50 GiB" */
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

/* patience.c */

/* As libmktme_volume_activate() and _deactivate(); if it takes long they say so. */
int activate(const char *name, const char *uuid, uint64_t phys,
	     const struct libmktme_table *table, unsigned int flags);
int deactivate(const char *name, bool is_deferred);

/* prompt.c */

void setup_signals(void);
/* Those of setup_signals(), until sigprocmask() sets what was @before. */
void block_signals(sigset_t *before);
bool was_interrupted(void);
/* -EINTR, and that as the reason, if somebody wants it to end; for what comes next. */
int heed_signals(void);
/*
 * Until something can be read; 0 seconds: without limit.  -EINTR as above, even if the
 * signal came before; -ETIMEDOUT
 */
int wait_for_input(int fd, unsigned int seconds);

/* Ask before something is destroyed, as cryptsetup does. */
bool confirm(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * struct source - where a passphrase comes from
 * @file: a file, "-", or NULL to ask
 * @offset: bytes of @file to skip
 * @bytes: how many of @file to read, 0 for all
 * @question: what to ask for, "Enter passphrase for /dev/pmem0"
 * @is_verified: ask twice
 * @is_pin: it is the PIN of a token
 */
struct source {
	const char *file;
	uint64_t offset;
	uint32_t bytes;
	char question[256];
	bool is_verified;
	bool is_pin;
};

/* What --key-file and the like say about the passphrase in use. */
void source_of_passphrase(const char *device, struct source *source);
/* What --new-keyfile, or an argument of that name, says about a new one. */
void source_of_new_passphrase(const char *device, const char *file,
			      struct source *source);

/**
 * read_secret() - read a passphrase
 * @secret: filled in
 * @source: from there; without a terminal from an agent, or a line of standard
 *	input
 *
 * Return: 0; -EPERM if the two are not equal; -ETIMEDOUT, -EINTR, or another
 * negative errno
 */
int read_secret(struct libmktme_secret *secret, const struct source *source);
bool is_interactive(void);
/* Is there anybody to ask, on a terminal or through an agent? */
bool can_ask(void);

/* agent.c */

/**
 * agent_setup() - without a terminal ask through systemd, if that runs
 * @name: of the volume, for the question
 * @device: where it is, for agents that know the passphrase
 */
void agent_setup(const char *name, const char *device);
bool has_agent(void);

/* As read_secret(); -EIO if nobody answered in time. */
int agent_ask(struct libmktme_secret *secret, const struct source *source);
/* Did it answer more than was taken so far? */
bool agent_has_answers(void);
/* Wipe what it answered. */
void agent_forget(void);

/* Tell whoever looks at our unit what we are waiting for. */
void notify_status(const char *text);

/* cmd_open.c */

/* Open the volume on @device as the options say. */
int open_container(const char *device, const char *name);

/* unlock.c */

/**
 * unlock() - get at the volume key with what the options and the user give
 * @container: the container
 * @device: named in the questions
 * @tries_tokens: try tokens even if no option asks for it
 * @description: as for libmktme_container_unlock()
 * @size: of @description
 * @used: filled in with what led to it, or NULL
 *
 * Return: 0 or a negative errno
 */
int unlock(struct libmktme_container *container, const char *device,
	   bool tries_tokens, char *description, size_t size,
	   struct libmktme_credential *used);

/* cmd_probe.c: print a requirement, or add it to the array @arg */
void probe_print_item(const struct libmktme_probe_item *item, void *arg);
void probe_add_item(const struct libmktme_probe_item *item, void *arg);
/* All of it but its name, into @object */
void probe_item_to_json(const struct libmktme_probe_item *item,
			struct json_object *object);

/* self_test.c: "probe --self-test", on @device or on free capacity (NULL) */
int self_test(const struct command *command, const char *device);

/* show.c: what several commands show as JSON */
struct json_object *volume_to_json(const struct libmktme_volume *volume);
struct json_object *token_to_json(int id, const char *type, const char *json);

/* cmd_<name>.c */
#define DECLARE_COMMAND(name) \
	int cmd_##name(const struct command *command, int argc, char **argv)

DECLARE_COMMAND(add_key);
DECLARE_COMMAND(attach);
DECLARE_COMMAND(change_key);
DECLARE_COMMAND(close);
DECLARE_COMMAND(detach);
DECLARE_COMMAND(dump);
DECLARE_COMMAND(erase);
DECLARE_COMMAND(format);
DECLARE_COMMAND(header_backup);
DECLARE_COMMAND(header_restore);
DECLARE_COMMAND(is_volume);
DECLARE_COMMAND(kill_slot);
DECLARE_COMMAND(list);
DECLARE_COMMAND(monitor);
DECLARE_COMMAND(open);
DECLARE_COMMAND(probe);
DECLARE_COMMAND(rebind);
DECLARE_COMMAND(remove_key);
DECLARE_COMMAND(status);
DECLARE_COMMAND(token);

#endif /* UTIL_H */
