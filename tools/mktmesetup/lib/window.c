// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel module shows of its windows.
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lib_private.h"

#define WINDOW_PREFIX "window-"

void libmktme_window_word(const char *dir, const char *window,
			  const char *attribute, char *word, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%.64s/%s", dir, window, attribute);
	if (libmktme_read_line(path, word, size))
		word[0] = '\0';
}

uint64_t libmktme_window_number(const char *dir, const char *window,
				const char *attribute)
{
	uint64_t number;
	char path[512];

	snprintf(path, sizeof(path), "%s/%.64s/%s", dir, window, attribute);
	return libmktme_read_u64(path, &number) ? 0 : number;
}

void libmktme_window_foreach(const char *dir,
			     void (*fn)(const char *dir, const char *window,
					void *arg),
			     void *arg)
{
	struct dirent *entry;
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (!strncmp(entry->d_name, WINDOW_PREFIX,
			     strlen(WINDOW_PREFIX)))
			fn(dir, entry->d_name, arg);
	closedir(stream);
}

struct key_search {
	char disk[LIBMKTME_WORD_BYTES];
	char state[LIBMKTME_WORD_BYTES];
	char *key;
	size_t size;
};

/* A device may have two windows for a while: one is live, the other ends. */
static void look_for_key(const char *dir, const char *window, void *arg)
{
	struct key_search *search = arg;
	char disk[LIBMKTME_WORD_BYTES];

	if (!strcmp(search->state, "live"))
		return;
	libmktme_window_word(dir, window, "disk", disk, sizeof(disk));
	if (strcmp(disk, search->disk))
		return;
	libmktme_window_word(dir, window, "key", search->key, search->size);
	libmktme_window_word(dir, window, "state", search->state,
			     sizeof(search->state));
}

void libmktme_window_read_key(const char *dir, unsigned int minor, char *key,
			      size_t size)
{
	struct key_search search = { .key = key, .size = size };

	key[0] = '\0';
	snprintf(search.disk, sizeof(search.disk), "dm-%u", minor);
	libmktme_window_foreach(dir, look_for_key, &search);
}
