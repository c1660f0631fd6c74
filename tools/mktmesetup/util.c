// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, exit codes and options that all commands share.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct common_options common;

/* What was said about the failure under way; printed by report_failure(). */
static char reason[512];
static char hint[512];

/* ---- messages ---- */

static void take_message(enum libmktme_log_level level, const char *msg)
{
	switch (level) {
	case LIBMKTME_LOG_REASON:
		snprintf(reason, sizeof(reason), "%s", msg);
		if (common.is_debug)
			fprintf(stderr, "# %s\n", msg);
		break;
	case LIBMKTME_LOG_HINT:
		snprintf(hint, sizeof(hint), "%s", msg);
		break;
	case LIBMKTME_LOG_VERBOSE:
		if (common.is_verbose)
			fprintf(stderr, "%s\n", msg);
		break;
	case LIBMKTME_LOG_DEBUG:
		fprintf(stderr, "# %s\n", msg);
	}
}

void setup_messages(void)
{
	libmktme_set_log_callback(take_message, common.is_debug);
}

void set_reason(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
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

	if (common.is_batch)
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
		reason[0] ? reason : strerror(-err));
	if (hint[0])
		fprintf(stderr, "hint: %s\n", hint);
	return exit_code(err);
}

/* ---- options ---- */

static void print_help(const struct command *command)
{
	printf("Usage: " PROGRAM " %s %s\n\n%s\n\nOptions:\n%s"
	       "  -q, --batch-mode              ask nothing, print no progress\n"
	       "  -v, --verbose                 say more\n"
	       "      --debug                   say everything (no secrets)\n"
	       "  -h, --help                    this text\n"
	       "  -V, --version                 version of the program\n\n"
	       "Exit status: 0 done, 1 wrong parameters or other failure,\n"
	       "2 wrong passphrase or key, 3 out of memory, 4 wrong device,\n"
	       "5 device exists or is busy.\n",
	       command->name, command->synopsis, command->summary,
	       command->options);
}

int take_common_option(const struct command *command, int c)
{
	switch (c) {
	case 'q':
		common.is_batch = true;
		return -1;
	case 'v':
		common.is_verbose = true;
		return -1;
	case OPT_DEBUG:
		common.is_debug = true;
		common.is_verbose = true;
		setup_messages();
		return -1;
	case 'V':
		printf(PROGRAM " " LIBMKTME_VERSION "\n");
		return EXIT_OK;
	case 'h':
		print_help(command);
		return EXIT_OK;
	default:
		return usage_error(command, NULL);
	}
}

int parse_flag(const struct command *command, int argc, char **argv,
	       const char *name, bool *flag)
{
	const struct option options[] = {
		{ name, no_argument, NULL, OPT_COMMAND },
		COMMON_LONG_OPTIONS,
	};
	int c, r;

	while ((c = getopt_long(argc, argv, COMMON_SHORT_OPTIONS, options,
				NULL)) != -1) {
		if (c == OPT_COMMAND) {
			*flag = true;
			continue;
		}
		r = take_common_option(command, c);
		if (r >= 0)
			return r;
	}
	return -1;
}

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

int parse_uint32(const char *text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || number > UINT32_MAX)
		return -EINVAL;
	*value = number;
	return 0;
}

const struct libmktme_algorithm *parse_cipher(const char *cipher,
					      uint32_t key_bits)
{
	const struct libmktme_algorithm *alg;

	if (!cipher || !strcmp(cipher, "aes-xts-plain64"))
		return libmktme_algorithm_by_key_bytes(key_bits ? key_bits / 8 :
								  64);
	alg = libmktme_algorithm_by_name(cipher);
	if (alg && key_bits && alg->key_bytes * 8 != key_bits)
		return NULL;
	return alg;
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
