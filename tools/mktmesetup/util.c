// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, exit codes and options that all commands share.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* What was said about the failure under way; printed by report_failure(). */
static char reason[512];
static char hint[512];

/* ---- messages ---- */

static void take_message(enum libmktme_log_level level, const char *msg)
{
	switch (level) {
	case LIBMKTME_LOG_REASON:
		snprintf(reason, sizeof(reason), "%s", msg);
		if (options.debug)
			fprintf(stderr, "# %s\n", msg);
		break;
	case LIBMKTME_LOG_HINT:
		snprintf(hint, sizeof(hint), "%s", msg);
		break;
	case LIBMKTME_LOG_WARNING:
		fprintf(stderr, "%s\n", msg);
		break;
	case LIBMKTME_LOG_VERBOSE:
		if ((options.verbose || options.debug))
			fprintf(stderr, "%s\n", msg);
		break;
	case LIBMKTME_LOG_DEBUG:
		fprintf(stderr, "# %s\n", msg);
	}
}

void setup_messages(void)
{
	libmktme_set_log_callback(take_message, options.debug);
}

void set_reason(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
}

const char *what_failed(int err)
{
	return reason[0] ? reason : strerror(-err);
}

void forget_reason(void)
{
	reason[0] = '\0';
	hint[0] = '\0';
}

void blame(const char *object, int err)
{
	char text[sizeof(reason)];

	snprintf(text, sizeof(text), "%s", what_failed(err));
	set_reason("'%s': %s", object, text);
	hint[0] = '\0';
}

void set_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(hint, sizeof(hint), format, args);
	va_end(args);
}

void progress(const char *format, ...)
{
	va_list args;

	if (options.batch_mode)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

int exit_code(int err)
{
	switch (-err) {
	case 0:
		return EXIT_OK;
	case EPERM:
	case EKEYREJECTED:
		return EXIT_PERMISSION;
	case ENOMEM:
		return EXIT_MEMORY;
	case ENODEV:
	case ENOTBLK:
	case ENXIO:
	case EOPNOTSUPP:
	case EPROTO:
	case ERANGE:
	case ESTALE:
		return EXIT_WRONG_DEVICE;
	case EBUSY:
	case EEXIST:
		return EXIT_BUSY;
	default:
		return EXIT_OTHER;
	}
}

int report_failure(const char *verb, const char *object, int err)
{
	fprintf(stderr, PROGRAM ": cannot %s '%s': %s\n", verb, object,
		what_failed(err));
	if (hint[0])
		fprintf(stderr, "hint: %s\n", hint);
	return exit_code(err);
}

/* ---- what options mean ---- */

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	if (format) {
		fputs(PROGRAM ": ", stderr);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	fprintf(stderr, "hint: try '" PROGRAM "%s%s --help'\n",
		command ? " " : "", command ? command->name : "");
	return EXIT_OTHER;
}

const struct libmktme_algorithm *parse_cipher(const char *cipher,
					      uint32_t key_bits)
{
	const struct libmktme_algorithm *alg;

	if (!cipher || !strcmp(cipher, "aes-xts-plain64"))
		alg = libmktme_algorithm_by_key_bytes(key_bits ? key_bits / 8 :
								 64);
	else
		alg = libmktme_algorithm_by_name(cipher);
	if (alg && key_bits && alg->key_bytes * 8 != key_bits)
		return NULL;
	return alg;
}

int check_cipher(const struct command *command)
{
	if ((!options.cipher && !options.key_size) ||
	    parse_cipher(options.cipher, options.key_size))
		return -1;
	return usage_error(
		command,
		"--cipher, --key-size: TME-MK has aes-xts-256 and aes-xts-128 only");
}

int choose_algorithm(const struct libmktme_caps *caps,
		     const struct libmktme_algorithm **alg)
{
	const struct libmktme_algorithm *best;

	if (options.cipher || options.key_size) {
		*alg = parse_cipher(options.cipher, options.key_size);
		return libmktme_caps_require_algorithm(caps, *alg);
	}
	for (best = libmktme_algorithms; best->name; best++) {
		if (!(caps->algorithms & best->activate_bit))
			continue;
		*alg = best;
		return 0;
	}
	set_reason("the BIOS activated no algorithm that can be used");
	return -ENODEV;
}

static bool is_key_description(const char *text)
{
	static const char *const types[] = { "user:", "logon:", "encrypted:" };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncmp(text, types[i], strlen(types[i])))
			return text[strlen(types[i])];
	return false;
}

int check_key_description(const struct command *command)
{
	const char *text = options.key_description;

	if (!text || is_key_description(text))
		return -1;
	return usage_error(
		command,
		"--key-description: '%s' is not user:NAME, logon:NAME or encrypted:NAME",
		text);
}

int take_key_description(struct libmktme_table *table)
{
	const char *text = options.key_description;
	const char *colon = strchr(text, ':');

	snprintf(table->key_type, sizeof(table->key_type), "%.*s",
		 (int)(colon - text), text);
	if (snprintf(table->key_description, sizeof(table->key_description),
		     "%s", colon + 1) >= (int)sizeof(table->key_description)) {
		set_reason("the description of the key is too long");
		return -EINVAL;
	}
	return 0;
}

int take_pbkdf(const struct command *command, struct libmktme_pbkdf *pbkdf)
{
	const char *type = options.pbkdf;

	if (type && strcmp(type, "argon2id") && strcmp(type, "argon2i") &&
	    strcmp(type, "pbkdf2"))
		return usage_error(command, "--pbkdf: '%s' is not known", type);
	pbkdf->type = type;
	pbkdf->time_ms = options.iter_time;
	pbkdf->iterations = options.pbkdf_force_iterations;
	pbkdf->memory_kb = options.pbkdf_memory;
	pbkdf->threads = options.pbkdf_parallel;
	return -1;
}

const char *header_of(const char *device)
{
	return options.header ? options.header : device;
}

int require_header_unused(void)
{
	int err = libmktme_header_require_unused(options.header);

	if (err)
		blame(options.header, err);
	return err;
}

/* ---- output ---- */

void format_bytes(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "KMGTPE";
	double value = bytes / 1024.0;
	size_t i = 0;

	while (value >= 1024 && units[i + 1]) {
		value /= 1024;
		i++;
	}
	snprintf(text, size, "%.2f %ciB", value, units[i]);
}

void print_json(struct json_object *object)
{
	const char *text;

	text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE);
	puts(text);
	json_object_put(object);
}

void json_add_string(struct json_object *object, const char *name,
		     const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

void json_add_u64(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

void json_add_bool(struct json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

void json_add_address(struct json_object *object, const char *name,
		      uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_add_string(object, name, text);
}
