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
static void read_word(const char *dir, const char *window,
		      const char *attribute, char *word, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%.64s/%s", dir, window, attribute);
	if (libmktme_read_line(path, word, size))
		word[0] = '\0';
}

/* A device may have two windows for a while: one is live, the other ends. */
void libmktme_window_read_key(const char *dir, unsigned int minor, char *key,
			      size_t size)
{
	char wanted[16], disk[32], state[16] = "";
	struct dirent *entry;
	DIR *stream;

	key[0] = '\0';
	snprintf(wanted, sizeof(wanted), "dm-%u", minor);
	stream = opendir(dir);
	if (!stream)
		return;
	while (strcmp(state, "live") && (entry = readdir(stream))) {
		if (strncmp(entry->d_name, WINDOW_PREFIX,
			    strlen(WINDOW_PREFIX)))
			continue;
		read_word(dir, entry->d_name, "disk", disk, sizeof(disk));
		if (strcmp(disk, wanted))
			continue;
		read_word(dir, entry->d_name, "key", key, size);
		read_word(dir, entry->d_name, "state", state, sizeof(state));
	}
	closedir(stream);
}
