// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and status lines of the target, as include/uapi/linux/dm-mktme.h
 * defines them.
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_private.h"

/* The options, and which member of the table says that each is there. */
static const struct {
	const char *word;
	size_t offset;
} option_words[] = {
	{ DM_MKTME_OPT_INIT_VERIFIER,
	  offsetof(struct libmktme_table, has_init_verifier) },
	{ DM_MKTME_OPT_NO_VERIFIER,
	  offsetof(struct libmktme_table, has_no_verifier) },
	{ DM_MKTME_OPT_DISCARD_KEY,
	  offsetof(struct libmktme_table, has_discard_key) },
	{ DM_MKTME_OPT_MEMMAP_DEV,
	  offsetof(struct libmktme_table, has_memmap_dev) },
};

static bool *option_flag(struct libmktme_table *table, size_t i)
{
	return (bool *)((char *)table + option_words[i].offset);
}

static void format_number(const struct libmktme_base *base, char *text,
			  size_t size)
{
	snprintf(text, size, "%u:%u", base->major, base->minor);
}

void libmktme_table_init(struct libmktme_table *table,
			 const struct libmktme_base *base,
			 const struct libmktme_layout *layout,
			 const char *algorithm)
{
	memset(table, 0, sizeof(*table));
	table->sectors = layout->data_bytes / LIBMKTME_SECTOR_BYTES;
	table->offset = layout->data / LIBMKTME_SECTOR_BYTES;
	snprintf(table->algorithm, sizeof(table->algorithm), "%s", algorithm);
	format_number(base, table->device, sizeof(table->device));
}

bool libmktme_table_is_on(const struct libmktme_table *table,
			  const struct libmktme_base *base)
{
	char number[32];

	format_number(base, number, sizeof(number));
	return !strcmp(table->device, number);
}

/* isspace() of the kernel, which has Latin-1: parts of UTF-8 are blanks, too. */
static bool is_blank(unsigned char c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0xa0;
}

/*
 * device-mapper splits arguments at blanks; a backslash takes the meaning off
 * the character behind it.  Return: -ENOSPC if it does not fit
 */
static int escape_word(const char *word, char *text, size_t size)
{
	size_t len = 0;

	for (; *word; word++) {
		if (len + 3 > size)
			return -ENOSPC;
		if (is_blank(*word) || *word == '\\')
			text[len++] = '\\';
		text[len++] = *word;
	}
	text[len] = '\0';
	return 0;
}

/* Cuts the next word off @cursor and undoes escape_word(); NULL at the end. */
static char *next_word(char **cursor)
{
	char *from = *cursor + strspn(*cursor, " ");
	char *word = from, *to = from;

	if (!*from)
		return NULL;
	while (*from && *from != ' ') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*cursor = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* Keys that are no key objects are a word of their own. */
static bool is_keyless(const char *type)
{
	return !strcmp(type, DM_MKTME_KEY_RANDOM) ||
	       !strcmp(type, DM_MKTME_KEY_PLAINTEXT);
}

static void format_key(const struct libmktme_table *table, char *key,
		       size_t size)
{
	if (is_keyless(table->key_type))
		snprintf(key, size, "%s", table->key_type);
	else
		snprintf(key, size, ":%u:%s:%s", table->key_bytes,
			 table->key_type, table->key_description);
}

int libmktme_table_format_key(const struct libmktme_table *table, char *text,
			      size_t size)
{
	char key[LIBMKTME_NAME_BYTES + 32];

	format_key(table, key, sizeof(key));
	return escape_word(key, text, size);
}

static void format_options(const struct libmktme_table *table, char *options,
			   size_t size)
{
	unsigned int count = 0;
	char words[96] = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option_words); i++) {
		if (!*option_flag((struct libmktme_table *)table, i))
			continue;
		count++;
		strcat(strcat(words, " "), option_words[i].word);
	}
	options[0] = '\0';
	if (count)
		snprintf(options, size, " %u%s", count, words);
}

int libmktme_table_format(const struct libmktme_table *table, char *params,
			  size_t size)
{
	char algorithm[2 * sizeof(table->algorithm)];
	char device[2 * sizeof(table->device)];
	char key[2 * (LIBMKTME_NAME_BYTES + 32)];
	char options[128];
	int len;

	if (escape_word(table->algorithm, algorithm, sizeof(algorithm)) ||
	    libmktme_table_format_key(table, key, sizeof(key)) ||
	    escape_word(table->device, device, sizeof(device)))
		return -ENOSPC;
	format_options(table, options, sizeof(options));
	len = snprintf(params, size, "%s %s %s %" PRIu64 "%s", algorithm, key,
		       device, table->offset, options);
	return len < 0 || (size_t)len >= size ? -ENOSPC : 0;
}

/*
 * ":<bytes>:<type>:<description>", where the description may hold more colons,
 * or a key that is no key object.
 */
static int parse_key(char *text, struct libmktme_table *table)
{
	char *type, *description;
	uint64_t bytes;

	if (is_keyless(text)) {
		table->key_bytes = 0;
		table->key_description[0] = '\0';
		strcpy(table->key_type, text);
		return 0;
	}
	if (*text != ':')
		return -EINVAL;
	if (libmktme_parse_number(text + 1, UINT_MAX, &type, &bytes) ||
	    !bytes || *type != ':')
		return -EINVAL;
	table->key_bytes = bytes;
	type++;
	description = strchr(type, ':');
	if (!description || !description[1])
		return -EINVAL;
	*description++ = '\0';
	if (!*type || is_keyless(type) ||
	    strlen(type) >= sizeof(table->key_type) ||
	    strlen(description) >= sizeof(table->key_description))
		return -EINVAL;
	strcpy(table->key_type, type);
	strcpy(table->key_description, description);
	return 0;
}

static int parse_option(const char *word, struct libmktme_table *table)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option_words); i++) {
		if (strcmp(word, option_words[i].word))
			continue;
		*option_flag(table, i) = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_options(char **cursor, struct libmktme_table *table)
{
	char *word = next_word(cursor);
	uint64_t count, i;
	int err;

	if (!word)
		return 0;
	if (libmktme_parse_number(word, UINT64_MAX, NULL, &count))
		return -EINVAL;
	for (i = 0; i < count; i++) {
		word = next_word(cursor);
		if (!word)
			return -EINVAL;
		err = parse_option(word, table);
		if (err)
			return err;
	}
	return next_word(cursor) ? -EINVAL : 0;
}

static int parse_words(char *text, struct libmktme_table *table)
{
	char *algorithm, *key, *device, *offset;
	int err;

	algorithm = next_word(&text);
	key = next_word(&text);
	device = next_word(&text);
	offset = next_word(&text);
	if (!algorithm || !key || !device || !offset ||
	    strlen(algorithm) >= sizeof(table->algorithm) ||
	    strlen(device) >= sizeof(table->device))
		return -EINVAL;
	strcpy(table->algorithm, algorithm);
	strcpy(table->device, device);
	err = parse_key(key, table);
	if (!err)
		err = libmktme_parse_number(offset, UINT64_MAX, NULL,
					    &table->offset);
	if (!err)
		err = parse_options(&text, table);
	return err;
}

int libmktme_table_parse(const char *params, struct libmktme_table *table)
{
	uint64_t sectors = table->sectors;
	char *text = strdup(params);
	int err;

	if (!text)
		return -ENOMEM;
	memset(table, 0, sizeof(*table));
	table->sectors = sectors;
	err = parse_words(text, table);
	free(text);
	return err;
}

int libmktme_status_parse(const char *line, struct libmktme_status *status)
{
	char verifier[16], state[16];

	memset(status, 0, sizeof(*status));
	if (sscanf(line, "%u %u/%u %15s %" SCNu64 " %" SCNu64 " %15s",
		   &status->keyid, &status->programmed, &status->packages,
		   verifier, &status->window_sectors, &status->poison_sectors,
		   state) != 7)
		return -EINVAL;
	status->is_verified = !strcmp(verifier, "verified");
	if (!status->is_verified && strcmp(verifier, "none"))
		return -EINVAL;
	status->is_gone = !strcmp(state, "gone");
	if (!status->is_gone && strcmp(state, "active"))
		return -EINVAL;
	return 0;
}
