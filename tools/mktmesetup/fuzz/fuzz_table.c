// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and status lines: ours as the kernel reads them, the kernel's as we do.
 */

#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "lib/lib_private.h"

/* <algorithm> <key> <device> <offset> <#options>, and all options */
#define WORDS_MAX 9
#define LINE_BYTES 1024

/* isspace() of the kernel's lib/ctype.c, which knows Latin-1 */
static bool is_space(unsigned char c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0xa0;
}

/* dm_split_args() of the kernel's drivers/md/dm-table.c */
static int split_line(char *line, char **words)
{
	char *from = line, *to;
	int count = 0;

	for (;;) {
		while (is_space(*from))
			from++;
		if (!*from)
			return count;
		expect(count < WORDS_MAX);
		words[count++] = to = from;
		while (*from && !is_space(*from)) {
			if (*from == '\\' && from[1])
				from++;
			*to++ = *from++;
		}
		if (*from)
			from++;
		*to = '\0';
	}
}

/* The kernel finds the words that were meant. */
static void check_words(const struct libmktme_table *table, char *line)
{
	int options = table->has_init_verifier + table->has_no_verifier +
		      table->has_discard_key + table->has_memmap_dev;
	char key[LINE_BYTES], *words[WORDS_MAX];

	if (table->key_bytes)
		snprintf(key, sizeof(key), ":%u:%s:%s", table->key_bytes,
			 table->key_type, table->key_description);
	else
		strcpy(key, table->key_type);
	expect(split_line(line, words) == 4 + options + !!options);
	expect(!strcmp(words[0], table->algorithm));
	expect(!strcmp(words[1], key));
	expect(!strcmp(words[2], table->device));
	expect(strtoull(words[3], NULL, 10) == table->offset);
}

static void check_small_buffer(const struct libmktme_table *table,
			       const char *line, size_t size)
{
	char *small = malloc(size);
	int err;

	err = libmktme_table_format(table, small, size);
	expect(err == (strlen(line) < size ? 0 : -ENOSPC));
	expect(err || !strcmp(small, line));
	free(small);
}

static void check_round_trip(const struct libmktme_table *table, size_t size)
{
	struct libmktme_table again = { .sectors = table->sectors };
	char line[LINE_BYTES];

	expect(!libmktme_table_format(table, line, sizeof(line)));
	expect(!libmktme_table_parse(line, &again));
	expect(!memcmp(table, &again, sizeof(again)));
	check_small_buffer(table, line, size % sizeof(line));
	check_words(table, line);
}

static void try_table(const char *text, size_t size)
{
	struct libmktme_table table;
	int err;

	memset(&table, 0, sizeof(table));
	table.sectors = size;
	err = libmktme_table_parse(text, &table);
	expect(table.sectors == size);
	expect(!err || err == -EINVAL);
	if (!err)
		check_round_trip(&table, size);
}

/* Descriptions of keys are what people choose. */
static void try_description(const char *text)
{
	struct libmktme_table table;

	memset(&table, 0, sizeof(table));
	if (!*text || strlen(text) >= sizeof(table.key_description))
		return;
	table.key_bytes = 64;
	strcpy(table.algorithm, DM_MKTME_ALG_XTS_256);
	strcpy(table.key_type, "logon");
	strcpy(table.key_description, text);
	strcpy(table.device, "259:1");
	check_round_trip(&table, 64);
}

static void try_status(const char *text)
{
	struct libmktme_status status;
	int err = libmktme_status_parse(text, &status);

	expect(!err || err == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	try_table(text, size);
	try_description(text);
	try_status(text);
	free(text);
	return 0;
}
