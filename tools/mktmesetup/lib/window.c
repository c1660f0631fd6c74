// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel module shows of its windows.
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lib_private.h"

#define WINDOW_PREFIX "window-"

/* An empty word if it cannot be read. */
static void read_word(const char *dir, const char *name, const char *attribute,
		      char *word, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%.64s/%s", dir, name, attribute);
	if (libmktme_read_line(path, word, size))
		word[0] = '\0';
}

static uint64_t read_number(const char *dir, const char *name,
			    const char *attribute)
{
	uint64_t number;
	char path[512];

	snprintf(path, sizeof(path), "%s/%.64s/%s", dir, name, attribute);
	return libmktme_read_u64(path, &number) ? 0 : number;
}

static void read_window(const char *dir, const char *name,
			struct libmktme_window *window)
{
	read_word(dir, name, "base", window->base, sizeof(window->base));
	read_word(dir, name, "disk", window->disk, sizeof(window->disk));
	read_word(dir, name, "state", window->state, sizeof(window->state));
	read_word(dir, name, "key", window->key, sizeof(window->key));
	window->phys = read_number(dir, name, "physical_base");
	window->bytes = read_number(dir, name, "size");
}

void libmktme_window_foreach(const char *dir,
			     void (*fn)(const struct libmktme_window *window,
					void *arg),
			     void *arg)
{
	struct libmktme_window window;
	struct dirent *entry;
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (strncmp(entry->d_name, WINDOW_PREFIX,
			    strlen(WINDOW_PREFIX)))
			continue;
		read_window(dir, entry->d_name, &window);
		fn(&window, arg);
	}
	closedir(stream);
}

struct key_search {
	char disk[LIBMKTME_WORD_BYTES];
	char *key;
	size_t size;
	bool is_live;
};

/* A device may have two windows for a while: one is live, the other ends. */
static void look_for_key(const struct libmktme_window *window, void *arg)
{
	struct key_search *search = arg;

	if (search->is_live || strcmp(window->disk, search->disk))
		return;
	snprintf(search->key, search->size, "%s", window->key);
	search->is_live = !strcmp(window->state, "live");
}

void libmktme_window_read_key(const char *dir, unsigned int minor, char *key,
			      size_t size)
{
	struct key_search search = { .key = key, .size = size };

	key[0] = '\0';
	snprintf(search.disk, sizeof(search.disk), "dm-%u", minor);
	libmktme_window_foreach(dir, look_for_key, &search);
}
