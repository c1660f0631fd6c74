// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and status lines of the target, as include/uapi/linux/dm-mktme.h
 * defines them.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_private.h"

int libmktme_table_format(const struct libmktme_table *table, char *params,
			  size_t size)
{
	unsigned int options =
		table->has_init_verifier + table->has_no_verifier;
	char tail[64] = "";
	int len;

	if (options)
		snprintf(tail, sizeof(tail), " %u%s%s", options,
			 table->has_init_verifier ?
				 " " DM_MKTME_OPT_INIT_VERIFIER :
				 "",
			 table->has_no_verifier ? " " DM_MKTME_OPT_NO_VERIFIER :
						  "");
	len = snprintf(params, size, "%s :%u:%s:%s %s %" PRIu64 "%s",
		       table->algorithm, table->key_bytes, table->key_type,
		       table->key_description, table->device, table->offset,
		       tail);
	return len < 0 || (size_t)len >= size ? -ENOSPC : 0;
}

/* ":<bytes>:<type>:<description>"; the description may hold more colons. */
static int parse_key(char *text, struct libmktme_table *table)
{
	char *type, *description;

	if (*text != ':')
		return -EINVAL;
	table->key_bytes = strtoul(text + 1, &type, 10);
	if (!table->key_bytes || *type != ':')
		return -EINVAL;
	type++;
	description = strchr(type, ':');
	if (!description || !description[1])
		return -EINVAL;
	*description++ = '\0';
	if (!*type || strlen(type) >= sizeof(table->key_type) ||
	    strlen(description) >= sizeof(table->key_description))
		return -EINVAL;
	strcpy(table->key_type, type);
	strcpy(table->key_description, description);
	return 0;
}

static int parse_offset(const char *text, struct libmktme_table *table)
{
	char *end;

	errno = 0;
	table->offset = strtoull(text, &end, 10);
	return errno || end == text || *end ? -EINVAL : 0;
}

static int parse_options(char **saveptr, struct libmktme_table *table)
{
	char *word = strtok_r(NULL, " ", saveptr);
	unsigned long count, i;
	char *end;

	if (!word)
		return 0;
	count = strtoul(word, &end, 10);
	if (*end)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		word = strtok_r(NULL, " ", saveptr);
		if (!word)
			return -EINVAL;
		if (!strcmp(word, DM_MKTME_OPT_INIT_VERIFIER))
			table->has_init_verifier = true;
		else if (!strcmp(word, DM_MKTME_OPT_NO_VERIFIER))
			table->has_no_verifier = true;
		else
			return -EINVAL;
	}
	return strtok_r(NULL, " ", saveptr) ? -EINVAL : 0;
}

static int parse_words(char *text, struct libmktme_table *table)
{
	char *saveptr, *algorithm, *key, *device, *offset;
	int err;

	algorithm = strtok_r(text, " ", &saveptr);
	key = strtok_r(NULL, " ", &saveptr);
	device = strtok_r(NULL, " ", &saveptr);
	offset = strtok_r(NULL, " ", &saveptr);
	if (!algorithm || !key || !device || !offset ||
	    strlen(algorithm) >= sizeof(table->algorithm) ||
	    strlen(device) >= sizeof(table->device))
		return -EINVAL;
	strcpy(table->algorithm, algorithm);
	strcpy(table->device, device);
	err = parse_key(key, table);
	if (!err)
		err = parse_offset(offset, table);
	if (!err)
		err = parse_options(&saveptr, table);
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
	char verifier[16];

	memset(status, 0, sizeof(*status));
	if (sscanf(line, "%u %u/%u %15s %" SCNu64 " %" SCNu64, &status->keyid,
		   &status->programmed, &status->packages, verifier,
		   &status->window_sectors, &status->poison_sectors) != 6)
		return -EINVAL;
	status->is_verified = !strcmp(verifier, "verified");
	if (!status->is_verified && strcmp(verifier, "none"))
		return -EINVAL;
	return 0;
}
