// SPDX-License-Identifier: GPL-2.0-only
/*
 * /etc/mktmetab: which volumes are opened at boot, and when their memory appears.
 *
 * Columns and options are those of crypttab(5).  What is not understood in the
 * options is warned about and left out, as systemd does: a machine shall rather
 * boot.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_private.h"

#define DEFAULT_PATH "/etc/mktmetab"
#define BLANKS " \t"

const char *libmktme_tab_path(void)
{
	return getenv("MKTMETAB") ?: DEFAULT_PATH;
}

/* ---- options ---- */

enum kind {
	KIND_FLAG,
	KIND_YES_OR_NO,
	KIND_TEXT,
	KIND_U32,
	KIND_U64,
	KIND_INDEX,
	KIND_SECONDS,
	KIND_NOTHING,
};

struct option {
	const char *name;
	enum kind kind;
	size_t member;
};

#define MEMBER(name) offsetof(struct libmktme_tab_entry, name)

/* "nothing": what volumes of ours do anyway, or what is for others to read */
static const struct option known_options[] = {
	{ "noauto", KIND_FLAG, MEMBER(is_noauto) },
	{ "nofail", KIND_FLAG, MEMBER(is_nofail) },
	{ "_netdev", KIND_FLAG, MEMBER(is_netdev) },
	{ "read-only", KIND_FLAG, MEMBER(is_readonly) },
	{ "readonly", KIND_FLAG, MEMBER(is_readonly) },
	{ "discard-key", KIND_FLAG, MEMBER(has_discard_key) },
	{ "headless", KIND_YES_OR_NO, MEMBER(is_headless) },
	{ "initramfs", KIND_FLAG, MEMBER(is_in_initramfs) },
	{ "x-initrd.attach", KIND_FLAG, MEMBER(is_in_initramfs) },
	{ "header", KIND_TEXT, MEMBER(header) },
	{ "key-slot", KIND_INDEX, MEMBER(key_slot) },
	{ "keyslot", KIND_INDEX, MEMBER(key_slot) },
	{ "keyfile-size", KIND_U32, MEMBER(keyfile_size) },
	{ "keyfile-offset", KIND_U64, MEMBER(keyfile_offset) },
	{ "tries", KIND_U32, MEMBER(tries) },
	{ "timeout", KIND_SECONDS, MEMBER(timeout) },
	{ "x-systemd.device-timeout", KIND_TEXT, MEMBER(device_timeout) },
	{ "luks", KIND_NOTHING, 0 },
	{ "mktme", KIND_NOTHING, 0 },
};

/* "90", "90s", "2min", "1h": of what systemd understands, what people write */
static int parse_seconds(const char *text, uint32_t *value)
{
	static const struct {
		const char *unit;
		unsigned int seconds;
	} units[] = {
		{ "", 1 },     { "s", 1 },  { "sec", 1 },
		{ "min", 60 }, { "m", 60 }, { "h", 3600 },
	};
	uint64_t number;
	char *unit;
	size_t i;

	if (libmktme_parse_number(text, UINT32_MAX / 3600, &unit, &number))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].unit))
			continue;
		*value = number * units[i].seconds;
		return 0;
	}
	return -EINVAL;
}

static int parse_bool(const char *text, bool *value)
{
	static const char *const words[] = { "no",  "yes", "false", "true",
					     "off", "on",  "0",	    "1" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]))
			continue;
		*value = i % 2;
		return 0;
	}
	return -EINVAL;
}

static int store(const struct option *option, char *text,
		 struct libmktme_tab_entry *entry)
{
	char *member = (char *)entry + option->member;
	uint64_t number = 0;
	int err = 0;

	if (option->kind == KIND_NOTHING)
		return 0;
	if (option->kind == KIND_FLAG ||
	    (option->kind == KIND_YES_OR_NO && !text)) {
		*(bool *)member = true;
		return text ? -EINVAL : 0;
	}
	if (!text || !*text)
		return -EINVAL;
	switch (option->kind) {
	case KIND_YES_OR_NO:
		err = parse_bool(text, (bool *)member);
		break;
	case KIND_TEXT:
		*(const char **)member = text;
		break;
	case KIND_U32:
		err = libmktme_parse_number(text, UINT32_MAX, NULL, &number);
		if (!err)
			*(uint32_t *)member = number;
		break;
	case KIND_U64:
		err = libmktme_parse_number(text, UINT64_MAX, NULL, &number);
		if (!err)
			*(uint64_t *)member = number;
		break;
	case KIND_INDEX:
		err = libmktme_parse_number(text, INT_MAX, NULL, &number);
		if (!err)
			*(int *)member = number;
		break;
	case KIND_SECONDS:
		err = parse_seconds(text, (uint32_t *)member);
		break;
	default:
		break;
	}
	return err;
}

static const struct option *find_option(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_options); i++)
		if (!strcmp(known_options[i].name, name))
			return &known_options[i];
	return NULL;
}

static void parse_options(const char *path, char *text,
			  struct libmktme_tab_entry *entry)
{
	const struct option *option;
	char *word, *value, *saveptr;

	for (word = strtok_r(text, ",", &saveptr); word;
	     word = strtok_r(NULL, ",", &saveptr)) {
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		option = find_option(word);
		if (!option)
			libmktme_warning("%s:%u: unknown option '%s'", path,
					 entry->line, word);
		else if (store(option, value, entry))
			libmktme_warning("%s:%u: '%s' is no value of '%s'",
					 path, entry->line, value ? value : "",
					 word);
	}
}

/* ---- lines ---- */

static bool is_none(const char *text)
{
	return !text || !strcmp(text, "none") || !strcmp(text, "-");
}

static int check_entry(const char *path, const struct libmktme_tab_entry *entry)
{
	if (strlen(entry->name) >= LIBMKTME_NAME_BYTES ||
	    strchr(entry->name, '/') || !strcmp(entry->name, ".") ||
	    !strcmp(entry->name, ".."))
		libmktme_warning("%s:%u: '%s' is not a valid name", path,
				 entry->line, entry->name);
	else if (!entry->device)
		libmktme_warning("%s:%u: no device", path, entry->line);
	else if (entry->key_file && entry->key_file[0] != '/')
		libmktme_warning("%s:%u: '%s' is not the path of a key file",
				 path, entry->line, entry->key_file);
	else
		return 0;
	return -EINVAL;
}

int libmktme_tab_parse(const char *path, unsigned int number, char *line,
		       struct libmktme_tab_entry *entry)
{
	char *key, *options, *saveptr;

	memset(entry, 0, sizeof(*entry));
	entry->line = number;
	entry->key_slot = LIBMKTME_ANY;
	line[strcspn(line, "\n")] = '\0';
	entry->name = strtok_r(line, BLANKS, &saveptr);
	if (!entry->name || *entry->name == '#')
		return 1;
	entry->device = strtok_r(NULL, BLANKS, &saveptr);
	key = strtok_r(NULL, BLANKS, &saveptr);
	options = strtok_r(NULL, BLANKS, &saveptr);
	entry->key_file = is_none(key) ? NULL : key;
	if (options)
		parse_options(path, options, entry);
	if (strtok_r(NULL, BLANKS, &saveptr))
		libmktme_warning("%s:%u: more than four columns", path, number);
	return check_entry(path, entry);
}

/* Before it is cut into pieces, and complained about */
static bool has_name(const char *line, const char *name)
{
	size_t len = strlen(name);

	line += strspn(line, BLANKS);
	return !strncmp(line, name, len) && strchr(BLANKS "\n", line[len]);
}

int libmktme_tab_foreach(const char *path, const char *name,
			 int (*fn)(const struct libmktme_tab_entry *entry,
				   void *arg),
			 void *arg)
{
	struct libmktme_tab_entry entry;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	int r = 0;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!r && getline(&line, &size, file) >= 0) {
		number++;
		if (name && !has_name(line, name))
			continue;
		if (!libmktme_tab_parse(path, number, line, &entry))
			r = fn(&entry, arg);
	}
	if (!r && ferror(file))
		r = -EIO;
	free(line);
	fclose(file);
	return r;
}

/* ---- devices ---- */

/* As udev names its links */
static int encode(const char *directory, const char *value, char *path,
		  size_t size)
{
	static const char plain[] = "#+-.:=@_";
	size_t len;

	len = snprintf(path, size, "/dev/disk/by-%s/", directory);
	if (len >= size)
		return -ENAMETOOLONG;
	for (; *value; value++) {
		unsigned char c = *value;
		bool is_plain = c >= 0x80 || strchr(plain, c) ||
				(c >= '0' && c <= '9') ||
				(c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z');

		if (len + 5 > size)
			return -ENAMETOOLONG;
		len += snprintf(path + len, size - len,
				is_plain ? "%c" : "\\x%02x", c);
	}
	return 0;
}

int libmktme_tab_device(const char *text, char *path, size_t size)
{
	static const struct {
		const char *prefix;
		const char *directory;
	} tags[] = {
		{ "UUID=", "uuid" },
		{ "LABEL=", "label" },
		{ "PARTUUID=", "partuuid" },
		{ "PARTLABEL=", "partlabel" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		size_t len = strlen(tags[i].prefix);

		if (!strncmp(text, tags[i].prefix, len))
			return encode(tags[i].directory, text + len, path,
				      size);
	}
	return snprintf(path, size, "%s", text) < (int)size ? 0 : -ENAMETOOLONG;
}
